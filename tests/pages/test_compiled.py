"""Templates are compiled once for all processes and starts, and anew when anything that they are made of changes."""

import shutil
from pathlib import Path

import jinja2
import pytest

from forum.views import Views, pages
from forum.views.assets import Assets
from forum.views.environment import TEMPLATES_FOLDER, Environment
from forum.views.pages import STATIC_FOLDER
from tests.pages.rows import LONDON


@pytest.fixture(autouse=True)
def _as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read templates and files once (tests/conftest.py): these do as the site does."""
    monkeypatch.setattr(Environment, "compile", jinja2.Environment.compile)
    monkeypatch.setattr(pages, "Assets", Assets)


def _views(compiled: Path, static: Path = STATIC_FOLDER, templates: Path = TEMPLATES_FOLDER) -> Views:
    return Views(site_name="Site", zone=LONDON, static=static, templates=templates, compiled=compiled)


def _guest(views: Views) -> str:
    return views.page("guest.html", networks=[])


def test_what_was_compiled_serves_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _views(tmp_path / "kept")
    first.prepare()
    said = _guest(first)

    def compiled_again(*_: object) -> None:
        raise AssertionError("a template was compiled again")

    second = _views(tmp_path / "kept")
    monkeypatch.setattr(Environment, "compile", compiled_again)
    second.prepare()
    assert _guest(second) == said


def test_a_changed_file_has_its_new_address(tmp_path: Path) -> None:
    static = tmp_path / "static"
    shutil.copytree(STATIC_FOLDER, static)
    before = _views(tmp_path / "kept", static)
    old = before.assets.address("css/forum.css")
    assert old in _guest(before)
    (static / "css" / "util.css").write_text("p { color: red }")
    after = _views(tmp_path / "kept", static)
    assert old not in _guest(after)
    assert after.assets.address("css/forum.css") in _guest(after)


def test_a_changed_icon_is_drawn(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES_FOLDER, templates)
    icons = templates / "icons.html"
    before = _guest(_views(tmp_path / "kept", templates=templates))
    icons.write_text(icons.read_text().replace("<svg", '<svg data-new=""'))
    after = _guest(_views(tmp_path / "kept", templates=templates))
    assert 'data-new=""' in after
    assert after.replace(' data-new=""', "") == before


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    assert _guest(_views(Path("/proc/nowhere/kept"))) == _guest(_views(tmp_path))
