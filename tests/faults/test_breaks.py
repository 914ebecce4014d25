"""The checker notices when the mechanism is broken on purpose."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.faults import writer
from tests.faults.breaks import (
    ACCESS_ON_FOLLOW_ONLY,
    CURSOR_AFTER_CONTENT,
    NO_LOOK,
    NO_TOKEN,
    Change,
    broken_tree,
    slow_locks,
)
from tests.faults.run import Run, Size
from tests.faults.shut_out import shut_out
from tests.faults.stage import Site, Stage

pytestmark = pytest.mark.faults
SEED = 20261124
REFUSED = "refused while nothing was wrong"
RESTLESS_S, CALM_S = (0.05, 0.8), (5.0, 10.0)
RUNS = 5
"""A break shows when two things meet that seldom do; each run of a seed of its own gives them another chance."""
SMALL = Size(writes=160, followers=30, per_s=50.0)


async def _no_bell(run: Run) -> None:
    run.stage.bell.stop()


@pytest.mark.parametrize(
    ("change", "fault", "stay_s", "noticed"),
    [
        (NO_LOOK, _no_bell, CALM_S, "never caught up|delivery took"),
        (NO_TOKEN, None, RESTLESS_S, "is not what came|out of order"),
        (CURSOR_AFTER_CONTENT, None, RESTLESS_S, "does not show post"),
        (ACCESS_ON_FOLLOW_ONLY, shut_out, CALM_S, "ends (thread|network|room):"),
    ],
    ids=[
        "no look at the heads",
        "no token in the join",
        "cursor read after the content",
        "access checked on follow only",
    ],
)
async def test_the_checker_notices(
    change: Change,
    fault: Callable[[Run], Awaitable[None]] | None,
    stay_s: tuple[float, float],
    noticed: str,
    stage: Stage,
) -> None:
    size = replace(SMALL, stay_s=stay_s)
    with broken_tree(change) as tree:
        async with stage.site(tree) as site:
            wrong = [await _wrong(Run(stage, site, SEED, size), fault)]
            while not re.search(noticed, wrong[-1]) and len(wrong) < RUNS:
                wrong.append(await _wrong(Run(stage, site, SEED + len(wrong), size), fault))
    assert re.search(noticed, wrong[-1]), wrong


async def _wrong(run: Run, fault: Callable[[Run], Awaitable[None]] | None) -> str:
    """What the checker says of a run; "" where it finds nothing."""
    try:
        await run.go(fault)
        run.require_nothing_wrong()
    except AssertionError as error:
        return str(error)
    finally:
        if run.stage.bell.process is None:
            await run.stage.bell.start()
    return ""


async def test_the_checker_notices_unsorted_channels(stage: Stage, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ADDRESSED", 1.0)
    crowd = replace(SMALL, writes=32, per_s=1_000.0, patience=4.0)
    async with slow_locks(stage, "w"):
        run = Run(stage, site, SEED, crowd)
        await run.go()
    run.require_nothing_wrong()
    async with slow_locks(stage, "random()"):
        wrong = [await _wrong(Run(stage, site, SEED, crowd), None)]
        while REFUSED not in wrong[-1] and len(wrong) < RUNS:
            wrong.append(await _wrong(Run(stage, site, SEED + len(wrong), crowd), None))
    assert REFUSED in wrong[-1], wrong
