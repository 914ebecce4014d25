"""Faults of Postgres: it restarts, cuts connections, has none to spare, has no room, loses the answer to a commit.

Writes are answered 503 with `Retry-After`, never a false 2xx, and five seconds after the fault they succeed again.
"""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.proxy import Faithful, LosesCommits
from tests.faults.run import Run
from tests.faults.stage import comes_true
from tests.faults.wire import Answer

RECOVERY_S = 5.0
UNAVAILABLE = 503
LOOKS_AT_THE_DISK_EVERY_S = 5.0
MANY = 60
"""Requests, more than all pools have connections."""
FILLED_WITHIN_S = 60.0
"""Tables and indexes have room for some rows yet in the pages that they have."""
SMALL_BYTES = 500 * 1024 * 1024


async def _recovers(run: Run) -> None:
    """A write that is begun now succeeds within five seconds."""
    began, answered = time.monotonic(), run.ledger.answered
    within_s = run.allows(RECOVERY_S)
    recovered = await comes_true(lambda: run.ledger.answered > answered, within_s)
    run.figures["recovered_s"] = round(time.monotonic() - began, 2)
    run.expect(recovered, f"writes succeed again within {within_s:g} s")


async def database_restarted(run: Run) -> None:
    """Postgres is told to end at once, and is started again by its supervisor."""
    before, refused = await run.metric("source_errors_total"), await run.metric("writes_refused_total")
    with run.lasting():
        postmaster = run.stage.postmaster()
        os.kill(postmaster, signal.SIGQUIT)
        await comes_true(lambda: not Path(f"/proc/{postmaster}").exists(), 10)
        await run.until_ready()
    await _recovers(run)
    run.figures["source_errors"] = errors = await run.metric("source_errors_total") - before
    run.expect(errors > 0, "metrics tell of questions to the database that failed")
    told = await run.metric("writes_refused_total") - refused
    run.expect(told >= len(run.ledger.refused) > 0, f"metrics tell of {len(run.ledger.refused)} refusals, not {told}")


async def connections_cut(run: Run) -> None:
    """All connections of the site are cut, three times."""
    with run.lasting():
        for _ in range(3):
            await run.stage.db.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.2)
    await _recovers(run)


async def pool_exhausted(run: Run) -> None:
    """A lock holds up everything that touches a channel, and requests wait until no connection of the pools is left."""
    async with run.stage.owner() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE channels IN ACCESS EXCLUSIVE MODE")
        with run.lasting():
            begun = time.monotonic()
            asking = [asyncio.create_task(_ask_in_vain(run)) for _ in range(MANY)]
            await comes_true(lambda: any(task.done() for task in asking), run.allows(10))
            await asyncio.sleep(1.0)
            run.held_up_s = time.monotonic() - begun
            run.figures["held_s"] = round(run.held_up_s, 2)
            await transaction.rollback()
            answers = await asyncio.gather(*asking)
    run.figures["turned_away"] = sum(answer.status == UNAVAILABLE for answer in answers)
    run.expect({answer.status for answer in answers} == {200, UNAVAILABLE}, "some requests are turned away with 503")
    told = all("retry-after" in answer.headers for answer in answers if answer.status == UNAVAILABLE)
    run.expect(told, "who is turned away is told when to come back")
    await _recovers(run)


async def _ask_in_vain(run: Run) -> Answer:
    async with run.client(run.world.idlers[0]) as client:
        return await client.get(f"/api/v1/networks/{run.world.places[0].slug}/messages")


async def commits_lost(run: Run) -> None:
    """Of the commits a third succeeds, and the connection breaks before the site learns of it."""
    loses = LosesCommits(random.Random(run.seed), 1 / 3)
    with run.lasting():
        run.stage.database.answers = lambda: loses
        run.stage.database.cut()
        try:
            await run.wrote(0.75)
        finally:
            run.stage.database.answers = Faithful
            loses.end()
    run.figures["commits_lost"] = loses.lost
    run.expect(loses.lost > 0, "answers to commits were lost")
    await _recovers(run)


async def disk_full(run: Run) -> None:
    """The disk under the data folder is nearly full: writes and /readyz say so, reading and delivery go on."""
    late_s = LOOKS_AT_THE_DISK_EVERY_S + run.allows(2)
    refused = len(run.ledger.refused)
    with run.lasting(), _small_disk(run.site.data):
        full = await comes_true(lambda: len(run.ledger.refused) > refused, late_s)
        run.expect(full, f"writes are refused within {late_s:g} s")
        async with run.site.client() as client:
            answer = await client.get("/readyz")
            run.expect(answer.status == UNAVAILABLE, f"/readyz says 503, not {answer.status}")
            page = await client.get("/api/v1/me", authorization=run.world.readers[0].bearer)
            run.expect(page.status == 200, f"reading goes on, not {page.status}")
        run.expect(await run.metric("writes_refused_total") > 0, "metrics tell of writes that were refused")
    answered = run.ledger.answered
    run.expect(await comes_true(lambda: run.ledger.answered > answered, late_s), f"writes go on within {late_s:g} s")
    run.faulty.append((time.monotonic() - late_s, time.monotonic()))


async def disk_without_a_byte(run: Run) -> None:
    """Postgres finds no room on its disk: it refuses writes, and takes them again when there is, without a restart."""
    if not run.stage.can_be_filled:
        run.figures["skipped"] = "no file system may be mounted here; disk_full tests the guard before it"
        return
    refused, processes = len(run.ledger.refused), run.site.pids()
    with run.lasting():
        with run.stage.full_disk():
            full = await comes_true(lambda: len(run.ledger.refused) > refused, FILLED_WITHIN_S)
            run.expect(full, "Postgres refuses writes for want of room")
            await asyncio.sleep(1.0)
    await _recovers(run)
    run.expect(run.site.pids() == processes, "no web process was restarted")


@contextmanager
def _small_disk(data: Path) -> Iterator[None]:
    """Let the data folder, a link, lead to a file system that has less room than Postgres should be left with."""
    kept = data.readlink()
    with _small_folder() as folder:
        (folder / "postgres-18").mkdir()
        _lead(data, folder)
        try:
            yield
        finally:
            _lead(data, kept)


@contextmanager
def _small_folder() -> Iterator[Path]:
    """A folder on a small file system: mounted for the purpose, or, where we may not, the shared memory's."""
    folder = Path(tempfile.mkdtemp(prefix="forum-small-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="forum-small-", dir="/dev/shm"))
    folder.chmod(0o755)
    try:
        assert shutil.disk_usage(folder).free < SMALL_BYTES, (
            "expected to mount a small file system, or a small /dev/shm"
        )
        yield folder
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(folder)


def _lead(link: Path, target: Path) -> None:
    draft = link.with_name(f"{link.name}.new")
    draft.symlink_to(target, target_is_directory=True)
    draft.replace(link)
