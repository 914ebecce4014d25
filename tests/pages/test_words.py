"""Initials, times and counts in words."""

from datetime import UTC, datetime, timedelta

import pytest

from forum.views import words
from forum.views.marking import mark, mark_whole
from tests.pages.rows import LONDON, NOON


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ruth Castellane", "RC"),
        ("Ana María de la Cruz", "AC"),
        ("Cher", "C"),
        ("李 小龍", "李小"),
        ("éloise o'brien", "ÉO"),
        ("(Dr) Who", "DW"),
        ("123", "1"),
        ("e\u0301", "E"),
        ("", "–"),
        (None, "–"),
    ],
)
def test_initials_are_of_the_first_and_the_last_word(name: str | None, letters: str) -> None:
    assert words.initials(name) == letters


@pytest.mark.parametrize(
    ("ago", "said", "listed"),
    [
        (timedelta(hours=3), "09:00", "09:00"),
        (timedelta(hours=13), "Sun 23:00", "Sun"),
        (timedelta(days=6), "Tue 12:00", "Tue"),
        (timedelta(days=7), "16 Nov", "16 Nov"),
        (timedelta(days=400), "19 Oct 2025", "19 Oct 2025"),
        (-timedelta(days=1), "24 Nov", "24 Nov"),
    ],
)
def test_a_time_is_worded_by_its_age(ago: timedelta, said: str, listed: str) -> None:
    assert words.when(NOON - ago, NOON, LONDON) == said
    assert words.listed(NOON - ago, NOON, LONDON) == listed


def test_times_stand_in_the_zone_of_the_site_summer_included() -> None:
    summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert words.dated(summer, NOON, LONDON) == "Thu 2 Jul, 00:30"
    assert words.in_full(summer, LONDON) == "Thursday 2 July 2026, 00:30"
    assert words.machine_time(summer.astimezone(LONDON)) == "2026-07-01T23:30:00Z"


def test_what_happens_within_a_second_sorts_as_it_happened() -> None:
    began = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    moments = [words.moment(began + timedelta(microseconds=step)) for step in (0, 90, 100_000, 999_999, 1_000_000)]
    assert moments == sorted(moments)
    assert len({len(moment) for moment in moments}) == 1


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), "this morning"),
        (datetime(2026, 11, 23, 2, tzinfo=UTC), "last night"),
        (datetime(2026, 11, 22, 19, tzinfo=UTC), "yesterday evening"),
        (datetime(2026, 11, 20, 18, tzinfo=UTC), "Friday evening"),
        (datetime(2026, 11, 12, 18, tzinfo=UTC), "12 November"),
    ],
)
def test_the_last_visit_is_said_as_people_say_it(at: datetime, said: str) -> None:
    assert words.since(at, NOON, LONDON) == said


def test_a_deadline_names_the_day_within_a_week_and_the_date_after() -> None:
    assert words.deadline(datetime(2026, 11, 26, 9, tzinfo=UTC), NOON, LONDON) == "Thursday at 09:00"
    assert words.deadline(datetime(2026, 12, 3, 9, tzinfo=UTC), NOON, LONDON) == "3 December at 09:00"


def test_a_summary_leaves_out_what_there_is_not() -> None:
    counts = [(4, "thing", None), (0, "room", None), (1, "reply", "replies")]
    assert words.summed_up(counts) == "4 things, 1 reply."


def test_a_badge_ends_at_99() -> None:
    assert [words.badge(number) for number in (1, 99, 100)] == ["1", "99", "99+"]


def test_hits_are_marked_and_the_rest_is_escaped() -> None:
    assert mark("<b>Checks</b> of identity", "check") == "&lt;b&gt;<mark>Checks</mark>&lt;/b&gt; of identity"


def test_the_part_around_the_first_hit_is_shown() -> None:
    said = mark("so " * 100 + "needle " + "on " * 200, "needle")
    assert said.startswith("…")
    assert "<mark>needle</mark>" in said
    assert len(said) < 300


def test_a_title_is_marked_whole() -> None:
    title = "so " * 60 + "<needle>"
    assert mark_whole(title, "needle") == "so " * 60 + "&lt;<mark>needle</mark>&gt;"
    assert mark_whole(title, "") == mark_whole(title, "hay")


@pytest.mark.parametrize("query", ["", "*", "((", "\\", "a|b|", "-"])
def test_any_query_can_be_marked(query: str) -> None:
    assert mark("Some words", query)
