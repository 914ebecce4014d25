"""Whether a word may stand where it was found: what the registry of surfaces allows, in answers and in the database."""

from collections.abc import Collection, Mapping

import redis.asyncio as redis

from forum.db import Database
from forum.surfaces import KEPT_APART, READERS, Surface
from tests.trust.visit import WORD, Sighting

DECIDES = {"removed": "moderator", "held": "moderator", "withdrawn": "author"}
"""By how a word went: who may read it where its line says `sealed`."""


def reader(who: str) -> str:
    """As what the registry knows a role. An administrator runs these networks, and decides where nobody nearer may."""
    return "moderator" if who in {"judge", "admin"} else who


def may_be_seen(sighting: Sighting, known: Mapping[str, Surface]) -> bool:
    """Whether the registry says so of a word that has been cleared, or that never goes."""
    word, who = sighting.word, reader(sighting.who)
    if word.goes == "stays":
        return who in READERS[word.kind]
    sealed: Collection[str] = known[sighting.surface].sealed if sighting.surface in known else ()
    return DECIDES.get(word.goes) == who and who in sealed


def words_in(text: str) -> set[str]:
    """Everything in a text that looks like one of our words."""
    return set(WORD.findall(text))


async def in_the_database(db: Database, words: Collection[str]) -> list[str]:
    """Columns in which one of the words stands, and which; but for the tables that the registry lets keep them."""
    columns = await db.pool.fetch(
        "SELECT table_name, column_name, data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    found = []
    for table, column, kind in columns:
        if table in KEPT_APART:
            continue
        text = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        rows = await db.pool.fetch(f"SELECT {text} FROM {table} WHERE {text} ~ '{WORD.pattern}'")
        said = {word for row in rows for word in words_in(row[0])}
        found += [f"{table}.{column}: {word}" for word in sorted(said & set(words))]
    return found


async def in_redis(url: str, words: Collection[str]) -> list[bytes]:
    """Keys that hold one of the words, in their name or value."""
    found = []
    async with redis.Redis.from_url(url) as client:
        async for key in client.scan_iter():
            value = await client.dump(key) or b""
            if any(word.encode() in key + value for word in words):
                found.append(key)
    return found
