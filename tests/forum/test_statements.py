"""Each named statement is prepared against the schema, as the application's role."""

import pytest

from forum.db import SQL_FOLDER, Database, statements
from tests.people import World

NOUNS = sorted(path.stem for path in SQL_FOLDER.glob("*.sql") if path.stem != "grants")


@pytest.mark.parametrize("noun", NOUNS)
async def test_statements_are_valid(db: Database, noun: str) -> None:
    queries = statements(noun)
    names = [name for name in queries.available_queries if not name.endswith("_cursor")]  # type: ignore[attr-defined]
    assert names
    async with db.connection() as connection:
        for name in names:
            await connection.prepare(getattr(queries, name).sql)


async def test_the_log_of_moderation_only_grows(db: Database) -> None:
    for statement in (
        "UPDATE moderation_log SET act = 'x'",
        "DELETE FROM moderation_log",
        "TRUNCATE moderation_log",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await db.pool.execute(statement)


async def test_the_application_cannot_change_the_schema(db: Database) -> None:
    with pytest.raises(Exception, match="permission denied"):
        await db.pool.execute("CREATE TABLE mine (id int)")


async def test_a_gap_has_no_words_by_constraint(world: World) -> None:
    thread = await world.thread()
    for change in ("state = 'removed'", "state = 'held', body = NULL", "state = 'withdrawn', html = NULL"):
        with pytest.raises(Exception, match="check constraint"):
            await world.db.pool.execute(f"UPDATE posts SET {change} WHERE thread_id = $1", thread)
