import re

import pytest

from forum import memberships, posts, removal, reports, rooms, text, threads
from forum.web.forms import FRAGMENT
from tests.pages.conftest import Visit
from tests.people import World


async def test_a_thread_is_read_by_its_members_and_is_nothing_to_others(world: World, visit: Visit) -> None:
    thread = await world.thread(title="Discharge summaries", body="Who has them?")
    for who in (world.ana, world.ben, world.obs, world.mod, world.lead):
        page = await (await visit(who)).get(f"/threads/{thread}")
        assert page.status_code == 200
        assert "Discharge summaries" in page.text
    for stranger in (world.max, world.eve, world.admin, None):
        visitor = await visit(stranger)
        unseen, never = await visitor.get(f"/threads/{thread}"), await visitor.get("/threads/999999999")
        nowhere = await visitor.get("/no/such/path")
        assert unseen.status_code == 404
        assert unseen.content == never.content == nowhere.content


async def test_it_opens_at_the_first_unread_post(world: World, visit: Visit) -> None:
    thread = await world.thread()
    first = await posts.reply(world.db, world.ana, thread, "one")
    second = await posts.reply(world.db, world.ana, thread, "two")
    ben = await visit(world.ben)
    assert (await ben.get(f"/threads/{thread}")).status_code == 200  # the opening post is new as well
    answer = await ben.post(f"/threads/{thread}/read", {"numbers": "1,2"})
    assert answer.status_code == 204
    opened = await ben.get(f"/threads/{thread}")
    assert opened.status_code == 303
    assert opened.headers["location"] == f"/threads/{thread}?at=3#post-{second['id']}"
    page = await ben.get(opened.headers["location"])
    assert re.search(rf'<li class="post unread" id="post-{second["id"]}"', page.text)
    assert f'<li class="post" id="post-{first["id"]}"' in page.text
    assert "1 unread</div>" in page.text
    assert "new since" not in page.text  # it stood there already when ben read the first
    await ben.post(f"/threads/{thread}/read", {"numbers": "3"})
    third = await posts.reply(world.db, world.ana, thread, "three")
    page = await ben.get(f"/threads/{thread}?at=4")
    assert f'<li class="post unread" id="post-{third["id"]}"' in page.text
    assert re.search(r"1 new since \d\d:\d\d</div>", page.text)
    assert re.search(r"<h2>New since \d\d:\d\d</h2>", page.text)


async def test_a_long_thread_is_shown_in_stretches(world: World, visit: Visit) -> None:
    thread = await world.thread()
    async with world.db.transaction() as tx:
        await tx.connection.execute(
            """INSERT INTO posts
                   (thread_id, network_id, author_id, parent_id, number, depth, path, body, html, renderer)
               SELECT o.thread_id, o.network_id, o.author_id, o.id, n, 1, o.path || int4send(n), 'p', '<p>p</p>', 1
               FROM posts o, generate_series(2, 501) n WHERE o.thread_id = $1 AND o.number = 1""",
            thread,
        )
        await tx.connection.execute("UPDATE threads SET last_number = 501, shown = 501 WHERE id = $1", thread)
    ben = await visit(world.ben)
    for order in ("tree", "time"):
        seen: list[int] = []
        path = f"/threads/{thread}?order={order}"
        while path:
            page = await ben.get(path)
            assert page.status_code == 200
            seen += [int(number) for number in re.findall(r'<li class="post[^>]*data-number="(\d+)"', page.text)]
            later = re.search(r'data-later><a class="btn soft" href="([^"]+)"', page.text)
            path = later[1].replace("&amp;", "&") if later else ""
        assert seen == list(range(2, 502))
    middle = await ben.get(f"/threads/{thread}?at=300")
    assert 'data-number="300"' in middle.text
    assert 'data-number="190"' not in middle.text
    earlier = re.search(r'data-earlier><a class="btn soft" href="([^"]+)"', middle.text)
    assert earlier is not None
    assert 'data-number="199"' in (await ben.get(earlier[1].replace("&amp;", "&"))).text


@pytest.mark.parametrize("query", ["after=zz", "before=ff", "at=-1", f"at={10**20}", "order=sideways", "after=00"])
async def test_a_made_up_place_is_a_clear_answer(world: World, visit: Visit, query: str) -> None:
    thread = await world.thread()
    answer = await (await visit(world.ben)).get(f"/threads/{thread}?{query}")
    assert answer.status_code == 422


async def test_a_plain_form_replies_and_goes_to_its_post(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    page = await ben.get(f"/threads/{thread}?order=tree")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    fields = {"body": "Here is how", "parent": "", "key": key[1]}
    answer = await ben.post(f"/threads/{thread}/posts", fields)
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert "Here is how" in (await ben.get(place)).text
    again = await ben.post(f"/threads/{thread}/posts", fields)
    assert again.headers["location"] == place
    other = await ben.post(f"/threads/{thread}/posts", {**fields, "body": "Something else"})
    assert other.status_code == 422
    assert "Something else" in other.text


async def test_our_script_gets_the_bytes_of_the_live_frame(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    answer = await ben.script(f"/threads/{thread}/posts", {"body": "Quick"}, idempotency_key="k1")
    assert answer.status_code == 201
    post = int(answer.headers["forum-id"])
    assert answer.headers["forum-version"] == "1"
    assert answer.headers["forum-channel"] == f"thread:{thread}"
    assert answer.text.startswith(f'<li class="post" id="post-{post}"')
    assert answer.headers["content-type"].startswith(FRAGMENT)
    again = await ben.script(f"/threads/{thread}/posts", {"body": "Quick"}, idempotency_key="k1")
    assert (again.headers["forum-id"], again.content) == (str(post), answer.content)


async def test_a_refused_reply_keeps_the_text(world: World, visit: Visit) -> None:
    thread = await world.thread()
    await threads.lock(world.db, world.mod, thread, locked=True)
    ben = await visit(world.ben)
    answer = await ben.post(f"/threads/{thread}/posts", {"body": "Half a page <b> of thoughts"})
    assert answer.status_code == 409
    assert "Half a page &lt;b&gt; of thoughts" in answer.text
    problem = await ben.script(f"/threads/{thread}/posts", {"body": "x"})
    assert problem.status_code == 409
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["detail"].startswith("Locked by a moderator")


async def test_a_reply_to_what_is_not_there_keeps_the_text_and_can_be_sent(world: World, visit: Visit) -> None:
    here, beside, hidden = [
        await threads.start(world.db, world.ana, slug, "A thread", "The opening post")
        for slug in (world.network, world.network, world.other)
    ]
    ben, thread = await visit(world.ben), here.thread["id"]
    for parent in (999_999_999, beside.post_id, hidden.post_id):
        refused = await ben.post(f"/threads/{thread}/posts", {"body": "My words", "parent": parent, "key": "k1"})
        assert refused.status_code == 422
        assert "The post that this answers is not in this thread." in refused.text
        assert "My words</textarea>" in refused.text
        assert f'name="parent" value="{here.post_id}"' in refused.text
    sent = await ben.post(f"/threads/{thread}/posts", {"body": "My words", "parent": "", "key": "k1"})
    assert sent.status_code == 303


async def test_an_empty_reply_is_asked_for_words(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    answer = await ben.post(f"/threads/{thread}/posts", {"body": "  \n"})
    assert answer.status_code == 422
    assert "Please write something first." in answer.text
    problem = (await ben.script(f"/threads/{thread}/posts", {"body": ""})).json()
    assert problem["errors"] == {"body": "Please write something first."}


async def test_the_acts_on_a_post_are_mine(world: World, visit: Visit) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "by ben"))["id"]
    acts = {
        who: set(
            re.findall(
                rf"/posts/{post}/(\w+)", (await (await visit(caller)).get(f"/posts/{post}", accept=FRAGMENT)).text
            )
        )
        for who, caller in {"ben": world.ben, "ana": world.ana, "mod": world.mod, "obs": world.obs}.items()
    }
    assert acts == {"ben": {"edit", "withdraw"}, "ana": {"report"}, "mod": {"remove", "report"}, "obs": {"report"}}
    page = await (await visit(world.ben)).get(f"/posts/{post}/acts")
    assert page.status_code == 200
    assert f"/posts/{post}/edit" in page.text
    assert (await (await visit(world.eve)).get(f"/posts/{post}")).status_code == 404


async def test_what_was_withdrawn_is_nowhere_said_to_have_been_removed(world: World, visit: Visit) -> None:
    ana, mod, thread = await visit(world.ana), await visit(world.mod), await world.thread()
    source = (await posts.reply(world.db, world.ben, thread, "Words to quote"))["id"]
    answer = (await posts.reply(world.db, world.ana, thread, f"> [#{source}]\n\nIndeed", parent=source))["id"]
    await posts.reply(world.db, world.ben, thread, "I see", parent=answer)
    begun = (await rooms.say(world.db, world.ben, world.network, "Words to begin from"))["id"]
    case = (await reports.report_post(world.db, world.ben, answer, "Advertising"))["case_id"]
    await reports.report_post(world.db, world.ana, source, "Advertising")
    queue = f"/networks/{world.network}/reports"
    pages = {
        f"/threads/{thread}?order=time": (ana, "The quoted post has been withdrawn."),
        "/notifications": (ana, "The post has been withdrawn."),
        f"/networks/{world.network}/threads/new?message={begun}": (ana, "The message has been withdrawn."),
        f"{queue}/{case}": (mod, "The post has been withdrawn."),
        f"{queue}?state=decided": (mod, "The post has been withdrawn."),
    }
    await rooms.withdraw(world.db, world.ben, begun)
    await posts.withdraw(world.db, world.ben, source)
    for address, (who, sentence) in pages.items():
        shown = (await who.get(address)).text
        assert sentence in shown, address
        assert "has been removed" not in shown, address
    preview = (await ana.script("/preview", {"body": f"> [#{source}]"})).text
    assert "The quoted post has been withdrawn." in preview
    await posts.undo(world.db, world.ben, source)
    await removal.remove_post(world.db, world.mod, source, "Private information")
    assert "The quoted post has been removed." in (await ana.get(f"/threads/{thread}?order=time")).text


async def test_edit_history_withdraw_undo(world: World, visit: Visit) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, f"first words @Ana {world.tag}"))["id"]
    ben, ana = await visit(world.ben), await visit(world.ana)
    page = await ben.get(f"/posts/{post}/edit")
    assert f"first words @Ana {world.tag}" in page.text
    assert (await ana.get(f"/posts/{post}/edit")).status_code == 403
    answer = await ben.post(f"/posts/{post}/edit", {"body": "second words", "version": "1", "key": "e1"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/posts/{post}")
    stale = await ben.post(f"/posts/{post}/edit", {"body": "third words", "version": "1", "key": "e2"})
    assert stale.status_code == 409
    assert "third words" in stale.text
    history = (await ana.get(f"/posts/{post}/history")).text
    assert history.index("second words") < history.index("first words")
    assert (await ben.get(f"/posts/{post}/withdraw")).status_code == 200
    assert (await ana.post(f"/posts/{post}/withdraw")).status_code == 403
    gone = await ben.script(f"/posts/{post}/withdraw")
    assert "Withdrawn by its author." in gone.text
    assert (await ana.get(f"/posts/{post}/history")).status_code == 404
    assert "second words" in (await ben.get(f"/posts/{post}/history")).text
    assert "second words" in (await ben.script(f"/posts/{post}/undo")).text


async def test_a_removal_by_form(world: World, visit: Visit) -> None:
    thread = await world.thread()
    post = (await posts.reply(world.db, world.ben, thread, "secret words"))["id"]
    mod, ben = await visit(world.mod), await visit(world.ben)
    assert (await ben.get(f"/posts/{post}/remove")).status_code == 403
    assert (await ben.post(f"/posts/{post}/remove", {"reason": "x"})).status_code == 403
    page = await mod.get(f"/posts/{post}/remove")
    assert removal.REASONS[0] in page.text
    assert (await mod.post(f"/posts/{post}/remove", {"reason": ""})).status_code == 422
    answer = await mod.script(f"/posts/{post}/remove", {"reason": removal.REASONS[0]})
    assert answer.status_code == 200
    assert "secret words" not in answer.text
    assert "secret words" not in (await ben.get(f"/threads/{thread}?order=tree")).text
    assert "secret words" in (await mod.get(f"/posts/{post}/history")).text
    assert (await ben.get(f"/posts/{post}/history")).status_code == 404
    assert "secret words" in (await mod.script(f"/posts/{post}/restore")).text


async def test_the_other_side_may_hold_and_the_own_side_releases(world: World, visit: Visit) -> None:
    thread = await world.thread(jointly=True)
    post = (await posts.reply(world.db, world.ana, thread, "joint words", through=world.network))["id"]
    max_, mod = await visit(world.max), await visit(world.mod)
    page = await max_.get(f"/posts/{post}/remove")
    assert f'action="/posts/{post}/hold"' in page.text
    held = await max_.script(f"/posts/{post}/hold", {"reason": "Off the subject"})
    assert "joint words" not in held.text
    assert "Held until" in held.text
    assert "joint words" in (await mod.script(f"/posts/{post}/release")).text


async def test_start_a_thread_jointly(world: World, visit: Visit) -> None:
    ana = await visit(world.ana)
    page = await ana.get(f"/networks/{world.network}/threads/new")
    assert page.status_code == 200
    assert f'value="{world.other}"' in page.text
    fields = {"title": "A joint question", "body": "Who has solved it?", "with": world.other, "key": "t1"}
    answer = await ana.post(f"/networks/{world.network}/threads", fields)
    assert answer.status_code == 303
    assert "A joint question" in (await (await visit(world.max)).get(answer.headers["location"])).text
    kept = await ana.post(f"/networks/{world.network}/threads", {"title": "", "body": "Kept words"})
    assert kept.status_code == 422
    assert "Kept words" in kept.text
    refused = await (await visit(world.obs)).get(f"/networks/{world.network}/threads/new")
    assert refused.status_code == 403


async def test_change_a_thread(world: World, visit: Visit) -> None:
    thread = await world.thread(title="Old title")
    mod, ana, ben = await visit(world.mod), await visit(world.ana), await visit(world.ben)
    at = f"/threads/{thread}/edit"
    assert (await ben.get(at)).status_code == 403
    assert (await ana.get(at)).status_code == 200
    assert (await ana.post(at, {"act": "title", "title": "New title"})).status_code == 303
    assert (await ana.post(at, {"act": "title", "title": ""})).status_code == 422
    assert (await ana.post(at, {"act": "lock"})).status_code == 403
    assert (await mod.post(at, {"act": "lock"})).status_code == 303
    assert "Locked" in (await ben.get(f"/threads/{thread}?order=tree")).text
    assert (await mod.post(at, {"act": "unlock"})).status_code == 303
    assert (await mod.post(at, {"act": "pin", "network": world.network})).status_code == 303
    assert (await mod.post(at, {"act": "nonsense"})).status_code == 422
    assert "New title" in (await mod.get(at)).text


async def test_a_further_holder_waits_for_its_moderators(world: World, visit: Visit) -> None:
    await memberships.set_role(world.db, world.lead, world.other, world.mod.member, "member")
    thread = await world.thread(title="Ours")
    mod, max_ = await visit(world.mod), await visit(world.max)
    at = f"/threads/{thread}/edit"
    assert (await mod.post(at, {"act": "hold_in", "network": world.other})).status_code == 303
    assert "Take it back" in (await mod.get(at)).text
    assert (await max_.get(f"/threads/{thread}")).status_code == 404
    assert (await max_.post(at, {"act": "agree"})).status_code == 303
    assert "Ours" in (await max_.get(f"/threads/{thread}")).text


async def test_following(world: World, visit: Visit) -> None:
    thread = await world.thread()
    ben = await visit(world.ben)
    assert (await ben.post(f"/threads/{thread}/watch", {"watch": "yes"})).status_code == 303
    assert 'aria-pressed="true"' in (await ben.get(f"/threads/{thread}?order=tree")).text
    assert (await ben.script(f"/threads/{thread}/watch", {"watch": "no"})).status_code == 204
    assert 'aria-pressed="false"' in (await ben.get(f"/threads/{thread}?order=tree")).text


@pytest.mark.parametrize("place", ["at=", "order=time&at=", "order=time&after=", "order=time&before="])
async def test_a_place_far_beyond_the_end_is_a_page_without_replies_or_the_last_ones(
    world: World, visit: Visit, place: str
) -> None:
    thread = await world.thread()
    answer = await (await visit(world.ben)).get(f"/threads/{thread}?{place}{10**17}")
    assert answer.status_code == 200


async def test_a_text_is_rendered_while_no_connection_is_held(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a few long texts hold all connections of a process, and everybody waits."""
    thread = await world.thread()
    message = (await rooms.say(world.db, world.ana, world.network, "First"))["id"]
    post = (await posts.reply(world.db, world.ana, thread, "First"))["id"]
    ana = await visit(world.ana)
    held: list[int] = []

    async def render(body: str, *, whose: int | None, quoting: bool = True) -> text.Rendered:
        assert whose in {world.ana.member, world.mod.member}
        held.append(world.db.pool.get_size() - world.db.pool.get_idle_size())
        return text.render(body, quoting=quoting)

    monkeypatch.setattr(text, "render_async", render)
    await ana.post("/preview", {"body": "A text"})
    await threads.start(world.db, world.ana, world.network, "Title", "A text")
    await posts.reply(world.db, world.ana, thread, "A text")
    await posts.edit(world.db, world.ana, post, "A text")
    await rooms.say(world.db, world.ana, world.network, "A text")
    await rooms.edit(world.db, world.ana, message, "A text")
    case = (await reports.report_post(world.db, world.ben, post, "Advertising"))["case_id"]
    await posts.edit(world.db, world.ana, post, "Another text")
    await (await visit(world.mod)).get(f"/networks/{world.network}/reports/{case}")
    await rooms.withdraw(world.db, world.ana, message)
    await rooms.undo(world.db, world.ana, message)
    await posts.withdraw(world.db, world.ana, post)
    await posts.undo(world.db, world.ana, post)
    await ana.get(f"/posts/{post}/history")
    assert held == [0] * len(held)
    assert len(held) == 13


async def test_who_withdraws_the_opening_post_is_told_of_the_title(world: World, visit: Visit) -> None:
    thread = await world.thread()
    opening = await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1", thread)
    reply = (await posts.reply(world.db, world.ana, thread, "A reply"))["id"]
    ana = await visit(world.ana)
    way = f'href="/threads/{thread}/edit"'
    assert way in (await ana.get(f"/posts/{opening}/withdraw")).text
    assert way not in (await ana.get(f"/posts/{reply}/withdraw")).text
    await threads.lock(world.db, world.mod, thread, locked=True)
    assert way not in (await ana.get(f"/posts/{opening}/withdraw")).text
