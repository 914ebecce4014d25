"""Nothing is lost, whatever dies in between: a short run for each fault."""

import pytest

from tests.faults.faults import FAULTS
from tests.faults.run import SHORT, Run
from tests.faults.stage import Site, Stage

pytestmark = pytest.mark.faults
SEED = 20261123


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_lost(name: str, stage: Stage, site: Site) -> None:
    """A short run on a machine that does other work too: what goes wrong once is told, and may not go wrong again."""
    for seed in (SEED, SEED + 1):
        run = Run(stage, site, seed, SHORT)
        await run.go(FAULTS[name])
        print(f"{name}, seed {seed}: {run.figures}")
        if not run.problems:
            return
        print(*run.problems, sep="\n")
    run.require_nothing_wrong()
