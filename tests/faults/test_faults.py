"""Nothing is lost, whatever dies in between: a short run for each fault."""

import pytest

from tests.faults.faults import FAULTS
from tests.faults.run import SHORT, Run
from tests.faults.stage import Site, Stage

pytestmark = pytest.mark.faults
SEED = 20261123


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_lost(name: str, stage: Stage, site: Site) -> None:
    run = Run(stage, site, SEED, SHORT)
    await run.go(FAULTS[name])
    print(f"{name}, seed {SEED}: {run.figures}")
    run.require_nothing_wrong()
