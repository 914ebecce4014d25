"""The registry of surfaces is whole: every route, every kind of update and every table is in it, and nothing else."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import pytest

from forum import surfaces
from forum.api import json_frames
from forum.app import create_app
from forum.db import Database
from forum.live import RENDERERS
from forum.settings import Settings
from tests.trust.visit import surfaces_of

FORUM = Path(surfaces.__file__).parent
RECORDED = re.compile(r'\b(?:record|reset)\(\s*f"([a-z]+):[^"]*",\s*"([a-z]+)\.')
"""How acts tell of what they changed: the nouns of the channel and of the kind."""
HOW = "The head of forum/surfaces.py says how to add them."


def _recorded() -> Iterator[str]:
    for path in sorted(FORUM.rglob("*.py")):
        for channel, kind in RECORDED.findall(path.read_text()):
            yield f"{channel} {kind}"


def _listed(names: Sequence[str], what: str) -> str:
    return "\n  ".join((what, *names))


def test_every_route_is_in_the_registry(settings: Settings) -> None:
    there, known = surfaces_of(create_app(settings).routes), surfaces.routes()
    new, old = sorted(there - known), sorted(known - there)
    assert not new, _listed(new, f"forum/surfaces.py lacks these routes. {HOW}")
    assert not old, _listed(old, "forum/surfaces.py names routes that are no more: take them out there")


def test_no_route_stands_twice() -> None:
    names = [each.name for each in (*surfaces.PAGES, *surfaces.ANSWERS)] + list(surfaces.acts())
    assert sorted(names) == sorted(set(names))
    assert not {name for name in surfaces.acts() if name.startswith(("GET", " "))}


def test_every_kind_of_update_is_in_the_registry() -> None:
    drawn = {" ".join(kind) for kind in (*RENDERERS, *json_frames.SHOWN)}
    known = {each.name for each in surfaces.UPDATES}
    wordless = {f"{channel} {kind}" for channel, kinds in surfaces.WORDLESS.items() for kind in kinds.split()}
    recorded = set(_recorded())
    assert len(recorded) > 10, "acts record otherwise than RECORDED looks for"
    new = sorted(drawn - known)
    assert not new, _listed(new, f"forum/surfaces.py: UPDATES lacks these kinds, which are drawn. {HOW}")
    new = sorted(recorded - known - wordless)
    assert not new, _listed(new, f"forum/surfaces.py: UPDATES or WORDLESS lacks these kinds. {HOW}")
    old = sorted(known - drawn) + sorted(wordless - recorded)
    assert not old, _listed(
        old, "forum/surfaces.py: UPDATES or WORDLESS names kinds that nothing draws, or records, any more"
    )
    wrong = sorted(wordless & drawn)
    assert not wrong, _listed(wrong, "forum/surfaces.py: WORDLESS names kinds that are drawn: they belong into UPDATES")


async def test_the_tables_that_keep_words_exist(db: Database) -> None:
    tables = {row[0] for row in await db.pool.fetch("SELECT table_name FROM information_schema.tables")}
    assert not surfaces.KEPT_APART.keys() - tables


@pytest.mark.parametrize("surface", surfaces.readable().values(), ids=lambda surface: surface.name)
def test_a_line_is_well_said(surface: surfaces.Surface) -> None:
    assert surface.shows <= set(get_args(surfaces.Text))
    assert surface.cleared_by <= set(get_args(surfaces.Noun))
    assert surface.sealed <= set(get_args(surfaces.Reader))
    assert bool(surface.shows) <= bool(surface.cleared_by or surface.why), "what clears it, or why need nothing?"
