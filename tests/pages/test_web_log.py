"""A network's log: found by person, reason and day, taken away as a file, and summed up for those who only read."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from forum import conversations, decisions, members, posts, removal, reports, rooms
from forum.web.log import csv_of
from tests.pages.conftest import Visit
from tests.people import World


async def busy(world: World) -> None:
    """Two removals, by two people, for two reasons."""
    thread = await world.thread()
    post = await posts.reply(world.db, world.ana, thread, "A reply")
    message = await rooms.say(world.db, world.ben, world.network, "A message")
    await removal.remove_post(world.db, world.mod, post["id"], "Advertising", "=1+1 in a note")
    await removal.remove_message(world.db, world.lead, message["id"], "Unkind or insulting")


async def test_the_log_is_found_by_person_reason_and_day(world: World, visit: Visit) -> None:
    await busy(world)
    mod, log = await visit(world.mod), f"/networks/{world.network}/log"
    everything = (await mod.get(log)).text
    assert everything.count("<td>Removed ") == 2
    by_lead = (await mod.get(f"{log}?actor={world.lead.member}")).text
    assert "Unkind or insulting</td>" in by_lead
    assert "Advertising</td>" not in by_lead
    for_reason = (await mod.get(f"{log}?reason=Advertising")).text
    assert for_reason.count("<td>Removed ") == 1
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    assert "Nothing like this stands in the log." in (await mod.get(f"{log}?since={tomorrow:%Y-%m-%d}")).text
    assert (await mod.get(f"{log}?since=yesterday")).status_code == 422


async def test_the_file_has_every_line_and_no_formula(world: World, visit: Visit) -> None:
    await busy(world)
    answer = await (await visit(world.mod)).get(f"/networks/{world.network}/log.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="log-{world.network}-')
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    removed = [(line["act"], line["what"], line["reason"], line["note"]) for line in lines if line["act"] == "remove"]
    assert removed == [
        ("remove", "message", "Unkind or insulting", ""),
        ("remove", "post", "Advertising", "'=1+1 in a note"),
    ]
    assert (await (await visit(world.ana)).get(f"/networks/{world.network}/log.csv")).status_code == 403


async def test_what_went_in_one_act_comes_back_from_the_log(world: World, visit: Visit) -> None:
    said = [(await rooms.say(world.db, world.ben, world.network, f"Buy now {n}"))["id"] for n in range(3)]
    mod, at = await visit(world.mod), f"/networks/{world.network}"
    page = await mod.post(f"{at}/people/{world.ben.member}/removals", {"hours": "1", "reason": "Advertising"})
    assert "3 messages removed." in page.text
    log = (await mod.get(f"{at}/log")).text
    assert log.count("Bring all 3 back") == 1
    batch = re.search(r'action="(/removals/\d+/restore)"', log)
    assert batch is not None
    back = await mod.post(batch[1], {"network": world.network})
    assert back.headers["location"] == f"{at}/log"
    assert "Bring all" not in (await mod.get(f"{at}/log")).text
    assert {(await rooms.one(world.db, each))["state"] for each in said} == {"shown"}


async def test_what_was_done_in_no_network_is_for_administrators(world: World, visit: Visit) -> None:
    await members.suspend(world.db, world.admin, world.eve.member, reason="Advertising everywhere")
    room = (await conversations.open(world.db, world.ana, world.ben.member)).room_id
    message = (await conversations.say(world.db, world.ana, room, "Words between two"))["id"]
    case = (await reports.report_message(world.db, world.ben, message, "Unkind or insulting"))["case_id"]
    await decisions.decide(world.db, world.admin, case, "remove", reason="Unkind or insulting")
    admin = await visit(world.admin)
    log = (await admin.get(f"/log?actor={world.admin.member}")).text
    assert "Advertising everywhere" in log
    assert "Removed message" in log
    assert f"/messages/{message}" not in log, "a way to where administrators may not go"
    lines = list(csv.DictReader(io.StringIO((await admin.get(f"/log.csv?actor={world.admin.member}")).text)))
    assert [line["act"] for line in lines] == ["remove", "suspend"]
    for nobody in (world.lead, world.mod):
        assert (await (await visit(nobody)).get("/log")).status_code == 403


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_cell_never_begins_like_a_formula(cell: str) -> None:
    assert next(csv.reader(io.StringIO(csv_of([[cell]]), newline=""))) == [f"'{cell}"]


async def test_the_summary_has_numbers_and_nobody(world: World, visit: Visit) -> None:
    await busy(world)
    page = (await (await visit(world.obs)).get(f"/networks/{world.network}/summary")).text
    assert "2 removals." in page
    assert "<td>Advertising</td><td>1</td>" in page
    assert f"Mod {world.tag}" not in page
    assert "in a note" not in page
