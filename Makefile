# One word each; `make help` lists them. A fresh machine needs python3 (3.11 or newer) with venv, make and gcc.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

# Dozens of processes start in the tests: what was compiled serves the next one, here at least.
test quick: export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test quick check bench clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/run.stamp ## the site, with servers of its own where none are named, on http://127.0.0.1:$$PORT (8000)
	@exec $(BIN)/python -m forum run

test: $(VENV)/dev.stamp browser ## every test, browser and faults included; PYTEST_ARGS='-m "not browser"' leaves some out
	@.ci/tests $(BIN)/python $(PYTEST_ARGS)

quick: $(VENV)/dev.stamp ## the tests of a minute: no browser, nothing killed, nothing that goes through everything
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0 \
		-m "not (browser or faults or long)" -p no:schemathesis --ignore tests/api/test_generated.py $(PYTEST_ARGS)

check: $(VENV)/dev.stamp ## lint, form, types, who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp ## ratios against references in the same run; writes bench.json
	$(BIN)/python -m bench

clean: ## removes what was made here, but never data/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find forum realtime tests bench -name __pycache__ -prune -exec rm -rf {} +

.PHONY: browser
browser:
	@.ci/browser

# pip itself checks each hash; a stamp is newer than its lock file when the environment is what the file says.
$(VENV)/run.stamp: requirements.txt
	@.ci/venv $(VENV) $(PYTHON) requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt
	@.ci/venv $(VENV) $(PYTHON) requirements-dev.txt
	@touch $@ $(VENV)/run.stamp
