"""Every page, for each kind of visitor; and that refusals tell nothing."""

import re
from html import unescape
from typing import Any

import pytest

from forum import conversations, members, memberships, networks, posts, reports, rooms, search, sessions
from forum.web import forms, home
from forum.web.rooms import cards_of
from tests.pages.conftest import Visit
from tests.people import World, make_world

WHO = ("guest", "eve", "obs", "ana", "mod", "max", "lead", "admin")
ALL = frozenset(WHO)
SITE = ALL - {"guest"}
IN = frozenset({"obs", "ana", "mod", "lead"})
WRITERS = frozenset({"ana", "mod", "lead"})
DECIDERS = frozenset({"mod", "lead"})

PAGES: dict[str, frozenset[str]] = {
    "/": ALL,
    "/networks": ALL,
    "/networks/new": frozenset({"admin"}),
    "/networks/{slug}": IN | {"admin"} | SITE,
    "/networks/{slug}/about": SITE,
    "/networks/{slug}/room": IN,
    "/networks/{slug}/messages": IN,
    "/networks/{slug}/people": IN,
    "/networks/{slug}/log": DECIDERS,
    "/networks/{slug}/reports": DECIDERS,
    "/networks/{slug}/reports/{case}": DECIDERS,
    "/reports": DECIDERS | {"max", "admin"},
    "/reports/{case}": DECIDERS,
    "/networks/{slug}/settings": frozenset({"lead", "admin"}),
    "/networks/{slug}/invitations": DECIDERS | {"admin"},
    "/networks/{slug}/requests": DECIDERS | {"admin"},
    "/networks/{slug}/submissions": DECIDERS,
    "/networks/{slug}/pace": DECIDERS | {"admin"},
    "/networks/{slug}/leave": IN,
    "/networks/{slug}/threads/new": WRITERS,
    "/threads/{thread}": IN,
    "/threads/{thread}/reply": IN,
    "/threads/{thread}/edit": frozenset({"ana", "mod", "lead"}),
    "/posts/{post}": IN,
    "/posts/{post}/acts": IN,
    "/posts/{post}/edit": frozenset({"ana"}),
    "/posts/{post}/history": IN,
    "/posts/{post}/withdraw": frozenset({"ana"}),
    "/posts/{post}/remove": DECIDERS,
    "/posts/{post}/report": IN - {"ana"},
    "/messages/{message}": IN,
    "/messages/{message}/report": IN - {"ana"},
    "/messages/{message}/acts": IN,
    "/messages/{message}/edit": frozenset({"ana"}),
    "/messages/{message}/history": IN,
    "/messages/{message}/withdraw": frozenset({"ana"}),
    "/messages/{message}/remove": DECIDERS,
    "/rooms": SITE,
    "/conversations": SITE,
    "/conversations/{conversation}": frozenset({"ana", "mod"}),
    "/conversations/{conversation}/messages": frozenset({"ana", "mod"}),
    "/reports/direct/{direct_case}": frozenset({"admin"}),
    "/notifications": SITE,
    "/search": ALL,
    "/members/{member}": SITE,
    "/people": IN,
    "/settings": SITE,
    "/settings/moderation": SITE,
    "/submissions/{submission}": DECIDERS | {"ana"},
    "/sign-in": ALL,
    "/sign-out": ALL,
    "/invitations/{token}": frozenset(),
    "/links/{token}": frozenset(),
    "/unread": SITE,
    "/rail": ALL,
}
"""Pages to those who get them from a private network; all others are refused. Every route: tests/trust/routes.py."""

WORDS = ("Title", "Opening", "Reply", "Message")
"""What `built` writes, each before the world's tag."""


async def built(world: World) -> dict[str, object]:
    thread = await world.thread(title=f"Title {world.tag}", body=f"Opening {world.tag}")
    post = await posts.reply(world.db, world.ana, thread, f"Reply {world.tag}")
    message = await rooms.say(world.db, world.ana, world.network, f"Message {world.tag}")
    submission = await world.db.pool.fetchval(
        "INSERT INTO submissions (network_id, member_id, noun, body) VALUES ($1, $2, 'message', $3) RETURNING id",
        await world.network_id(), world.ana.member, f"Message {world.tag}",
    )  # fmt: skip
    between = (await conversations.open(world.db, world.ana, world.mod.member)).room_id
    direct = await conversations.say(world.db, world.ana, between, "Between us")
    direct_case = await reports.report_message(world.db, world.mod, direct["id"], "Advertising")
    case = await reports.report_post(world.db, world.ben, post["id"], "Advertising")
    return {
        "slug": world.network,
        "thread": thread,
        "post": post["id"],
        "message": message["id"],
        "case": case["case_id"],
        "conversation": between,
        "direct_case": direct_case["case_id"],
        "submission": submission,
        "member": world.ben.member,
        "token": "made-up-token-of-nobody",
    }


@pytest.mark.long
async def test_who_gets_which_page(world: World, visit: Visit) -> None:
    parts = await built(world)
    network = await world.network_id()
    visitors = {who: await visit(None if who == "guest" else getattr(world, who)) for who in WHO}
    wrong: list[str] = []
    for template, allowed in PAGES.items():
        path = template.format(**parts) + (f"?network={network}" if template == "/people" else "")
        for who in WHO:
            answer = await visitors[who].get(path)
            if answer.status_code >= 500 or (answer.status_code < 400) != (who in allowed):
                wrong.append(f"{who} {template}: {answer.status_code}")
            if who not in IN and any(f"{words} {world.tag}" in answer.text for words in WORDS):
                wrong.append(f"{who} {template}: tells what was written")
    assert wrong == []


async def test_what_may_not_be_seen_answers_as_what_never_was(world: World, visit: Visit) -> None:
    await networks.describe(world.db, world.lead, world.network, listed=False)
    parts = await built(world)
    never = {
        "slug": f"never-{world.tag}",
        "thread": 10**15,
        "post": 10**15,
        "message": 10**15,
        "case": 10**15,
        "conversation": 10**15,
        "direct_case": 10**15,
        "submission": 10**15,
        "token": "x" * 20,
    }
    for who in (world.eve, world.max, None):
        visitor = await visit(who)
        for template, allowed in PAGES.items():
            if "{" not in template or ("eve" in allowed and "slug" not in template):
                continue
            unseen = await visitor.get(template.format(**parts))
            missing = await visitor.get(template.format(**never))
            assert unseen.status_code == (401 if who is None and template.endswith("/reply") else 404), template
            # A guest is asked to sign in and to come back: that page repeats the address that was asked for.
            seen_words, never_words = (
                page.text.replace(page.request.url.raw_path.decode(), "") for page in (unseen, missing)
            )
            assert (unseen.status_code, seen_words) == (missing.status_code, never_words), template


async def test_public_networks_are_read_by_guests(db: object, visit: Visit) -> None:
    world = await make_world(db, visibility="public")  # type: ignore[arg-type]
    parts = await built(world)
    guest = await visit(None)
    assert f"Title {world.tag}" in (await guest.get(f"/networks/{world.network}")).text
    page = await guest.get(f"/threads/{parts['thread']}")
    assert f"Reply {world.tag}" in page.text
    assert "Sign in to reply." in page.text
    home = (await guest.get("/")).text
    assert f"Network {world.network}" in home
    bars = re.findall(r'<header class="rail".*?</header>|<nav class="tabbar".*?</nav>', home, re.DOTALL)
    assert [{"/", "/networks", "/search", "/sign-in"} <= set(re.findall(r'href="([^"]*)"', bar)) for bar in bars] == [
        True,
        True,
    ]
    assert (await guest.get(f"/networks/{world.network}/room")).status_code == 401
    assert (await guest.get(f"/networks/{world.network}/people")).status_code == 401
    found = await guest.get(f"/search?q={world.tag}")
    assert "Reply" in found.text
    assert "Message" not in found.text
    eve = await visit(world.eve)
    assert "Join" in (await eve.get(f"/networks/{world.network}")).text
    assert (await eve.post(f"/networks/{world.network}/join")).status_code == 303
    assert (await eve.get(f"/networks/{world.network}/threads/new")).status_code == 200


async def test_no_page_leads_a_guest_to_a_profile(db: object, visit: Visit) -> None:
    """Guests see no profile: who wrote is a name, which stays bound to its member."""
    world = await make_world(db, visibility="public")  # type: ignore[arg-type]
    thread = await world.thread(body=f"Ask @{world.names[world.ben.member]}, or [ben](/members/{world.ben.member})")
    answer = await posts.reply(world.db, world.ben, thread, f"I am *here*, {world.tag}")
    await posts.reply(world.db, world.mod, thread, f"> [#{answer['id']}]\n\nSo am I", parent=answer["id"])
    guest, eve = await visit(None), await visit(world.eve)
    at = f"/networks/{world.network}"
    for path in (f"/threads/{thread}", f"/threads/{thread}?order=time", at, f"{at}/about", f"/search?q={world.tag}"):
        page = await guest.get(path)
        assert (page.status_code, re.findall(r'href="/members/[0-9]+" data-name', page.text)) == (200, []), path
    seen, ben = (await guest.get(f"/threads/{thread}")).text, world.ben.member
    assert f'<span data-name="{ben}">{world.names[ben]}</span>' in seen
    assert f'<span class="mention" data-name="{ben}">@{world.names[ben]}</span>' in seen
    assert seen.count(f'href="/members/{ben}"') == 1  # the link that ana wrote
    assert (await eve.get(f"/threads/{thread}")).text.count(f'href="/members/{ben}"') == 3


async def test_asking_to_join_and_being_let_in(world: World, visit: Visit) -> None:
    eve, mod = await visit(world.eve), await visit(world.mod)
    at = f"/networks/{world.network}"
    assert "Ask to join" in (await eve.get(at)).text
    assert (await eve.post(f"{at}/join", {"body": "I run the network next door"})).status_code == 303
    assert "You asked on" in (await eve.get(at)).text
    page = await mod.get(f"{at}/requests")
    assert "I run the network next door" in page.text
    request = re.search(rf'action="({at}/requests/\d+)"', page.text)
    assert request is not None
    assert (await eve.post(request[1], {"state": "approved"})).status_code == 403
    assert (await mod.post(request[1], {"state": "maybe"})).status_code == 422
    assert (await mod.post(request[1], {"state": "approved"})).status_code == 303
    assert (await mod.post(request[1], {"state": "approved"})).status_code == 409
    assert (await eve.get(f"{at}/threads/new")).status_code == 200
    assert "You are a member of" in (await eve.get("/notifications")).text
    assert (await eve.post(f"{at}/leave")).status_code == 303
    assert (await eve.get(f"{at}/threads/new")).status_code == 403


async def test_what_somebody_wrote_is_listed_without_words_and_searched_with_some(world: World, visit: Visit) -> None:
    threads = [await world.thread(body=f"Words about {what}") for what in ("switchboards", "pagers")]
    await rooms.say(world.db, world.ana, world.network, "Words in the room")
    ana, ben, eve = [await visit(caller) for caller in (world.ana, world.ben, world.eve)]
    at = f"/search?author={world.ana.member}"
    for visitor, words in ((ana, "What you wrote"), (ben, "What they wrote")):
        profile = (await visitor.get(f"/members/{world.ana.member}")).text
        assert re.search(rf'href="{re.escape(at)}">.*{words}</a>', profile)
        page = (await visitor.get(at)).text
        assert re.findall(r'data-title="(\d+)"', page) == [str(each) for each in reversed(threads)]
        assert f'<h2 id="in-threads">{words}</h2>' in page
        assert "Words in the room" not in page
    assert re.findall(r'data-title="(\d+)"', (await ben.get(f"{at}&q=switchboards")).text) == [str(threads[0])]
    assert "They have written nothing in a thread that you can read." in (await eve.get(at)).text
    nothing = (await ben.get(f"/search?author={world.ben.member}&network={world.network}")).text
    assert "You have written nothing in this network yet." in nothing
    assert f'href="/search?author={world.ben.member}">Look in all my networks' in nothing


async def test_what_somebody_wrote_goes_on_page_by_page(world: World, visit: Visit) -> None:
    thread = await world.thread()
    for number in range(search.PAGE + 1):
        await posts.reply(world.db, world.ben, thread, f"Number {number}")
    ana = await visit(world.ana)
    page = (await ana.get(f"/search?author={world.ben.member}&network={world.network}")).text
    more = re.search(r'<p class="beyond"><a class="btn soft" href="([^"]+)"', page)
    assert more is not None
    last = (await ana.get(unescape(more[1]))).text
    assert (page.count('<li class="result"'), "Number 20" in page, "Number 0<" in page) == (search.PAGE, True, False)
    assert (last.count('<li class="result"'), "Number 0<" in last, 'rel="next"' in last) == (1, True, False)


async def test_of_who_is_suspended_from_the_site_a_name_stands_and_nothing_else(world: World, visit: Visit) -> None:
    """Their posts stand, and the name at them leads here."""
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "Something that stands")
    told = {"title": "Head of IT", "organisation": "Tyne", "region": "North East", "about": "I like trains"}
    await members.edit_profile(world.db, world.ben, **told)
    at = f"/members/{world.ben.member}"
    visitors = [await visit(caller) for caller in (world.ana, world.mod, world.lead, world.eve)]
    for visitor in visitors:
        page = (await visitor.get(at)).text
        assert [words for words in told.values() if words not in page] == []
    await members.suspend(world.db, world.admin, world.ben.member, "Advertising", note="All over the place")
    for visitor in visitors:
        answer = await visitor.get(at)
        main = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
        assert answer.status_code == 200
        assert f"{world.names[world.ben.member]}</h1>" in main
        assert "This account is not active now." in main
        other = ("Advertising", "All over", "Member since", "<form", "/search", world.network, "data-role-of")
        assert [words for words in (*told.values(), *other) if words in main] == []
    assert at in (await visitors[0].get(f"/threads/{thread}?order=tree")).text
    assert (await (await visit(None)).get(at)).status_code == 404
    administrators = (await (await visit(world.admin)).get(at)).text
    assert "This account is suspended." in administrators
    assert "I like trains" in administrators
    await members.reinstate(world.db, world.admin, world.ben.member)
    assert "I like trains" in (await visitors[0].get(at)).text


async def test_what_a_row_of_a_menu_says_is_one_piece(world: World, visit: Visit) -> None:
    lead = await visit(world.lead)
    page = (await lead.get(f"/networks/{world.network}")).text
    rows = re.findall(
        r"<a [^>]*><svg.*?</svg>(.*?)</a>", page.split('<div class="pop">', 1)[1].split("</details>", 1)[0]
    )
    assert any("Leave" in row for row in rows)
    # Words beside an element are two pieces, with the gap between icon and words between them.
    assert [row for row in rows if re.match(r"[^<]+<", row)] == []


async def test_a_sub_group_is_made_described_and_invited_to(world: World, visit: Visit) -> None:
    lead = await visit(world.lead)
    slug = f"sub-{world.tag}"
    form = await lead.get(f"/networks/new?parent={world.network}")
    assert form.status_code == 200
    assert 'value="public"' not in form.text
    fields = {"parent": world.network, "name": "Portals", "slug": slug, "kind": "topic", "visibility": "private"}
    refused = await lead.post("/networks", {**fields, "slug": "Not a slug", "purpose": "Kept purpose"})
    assert refused.status_code == 422
    assert "Kept purpose" in refused.text
    assert (await lead.post("/networks", fields)).headers["location"] == f"/networks/{slug}"
    assert (await lead.post("/networks", fields)).status_code == 409
    saved = await lead.post(
        f"/networks/{slug}/settings",
        {
            "name": "Patient portals",
            "purpose": "Portals",
            "about": "**Bold**",
            "visibility": "private",
            "posting": "lead",
        },
    )
    assert saved.status_code == 303
    assert "<strong>Bold</strong>" in (await lead.get(f"/networks/{slug}/about")).text
    assert "Patient portals" in (await lead.get(f"/networks/{world.network}")).text
    made = await lead.post(f"/networks/{slug}/invitations", {"role": "member", "max_uses": "2", "days": "7"})
    link = re.search(r'value="http://127.0.0.1:8000(/invitations/[^"]+)"', made.text)
    assert link is not None
    ben = await visit(world.ben)
    assert (await ben.get(link[1])).status_code == 200
    assert (await ben.post(link[1])).headers["location"] == f"/networks/{slug}"
    assert (await lead.post(f"/networks/{slug}/invitations", {"max_uses": "0", "days": "7"})).status_code == 422
    revoke = re.search(r'name="revoke" value="(\d+)"', (await lead.get(f"/networks/{slug}/invitations")).text)
    assert revoke is not None
    assert (await lead.post(f"/networks/{slug}/invitations", {"revoke": revoke[1]})).status_code == 303
    assert (await ben.get(link[1])).status_code == 404


async def test_roles_and_sanctions_by_form(world: World, visit: Visit) -> None:
    lead, ben = await visit(world.lead), await visit(world.ben)
    at = f"/networks/{world.network}/people/{world.ben.member}"
    assert f'action="{at}"' in (await lead.get(f"/members/{world.ben.member}")).text
    assert (await lead.post(at, {"act": "role", "role": "observer"})).status_code == 303
    assert (await ben.get(f"/networks/{world.network}/threads/new")).status_code == 403
    assert (await lead.post(at, {"act": "role", "role": "member"})).status_code == 303
    assert (await lead.post(at, {"act": "mute", "days": "7", "reason": "Off the subject"})).status_code == 303
    assert "Muted" in (await lead.get(f"/members/{world.ben.member}")).text
    assert (await ben.get(f"/networks/{world.network}/threads/new")).status_code == 403
    assert (await lead.post(at, {"act": "lift_mute"})).status_code == 303
    assert (await lead.post(at, {"act": "mute", "days": "x", "reason": "y"})).status_code == 422
    assert (await ben.post(at, {"act": "role", "role": "lead"})).status_code == 403
    assert (await lead.post(at, {"act": "remove"})).status_code == 303
    thread = await world.thread()
    assert (await ben.get(f"/threads/{thread}")).status_code == 404


async def test_lists_go_on_by_cursor(world: World, visit: Visit) -> None:
    for number in range(55):
        await world.thread(title=f"Thread number {number}")
    ana = await visit(world.ana)
    seen: list[str] = []
    path = f"/networks/{world.network}"
    while path:
        page = await ana.get(path)
        assert page.status_code == 200
        seen += re.findall(r"Thread number (\d+)</a>", page.text)
        more = re.search(r'<p class="beyond"><a class="btn soft" href="([^"]+)"', page.text)
        path = more[1] if more else ""
    assert sorted(seen, key=int) == [str(number) for number in range(55)]
    ben = await visit(world.ben)
    home = await ben.get("/")
    more = re.search(r'href="(/\?after=[^"]+)"', home.text)
    assert more is not None
    assert (await ben.get(more[1])).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/?after=x",
        "/networks/{slug}?after=bm8",
        "/networks/{slug}/people?after=%00",
        "/notifications?before=-1",
        "/search?q=x&before=zz",
        "/networks/{slug}/messages?before=0",
        "/unread?threads=x",
        "/people?network=0&q=a",
        "/search?q=%00",
        f"/networks/{{slug}}?after={forms.cursor('0001-01-01T00:00:00+14:00', 1)}",
        f"/conversations?after={forms.cursor('9999-12-31T23:59:59-14:00', 1)}",
        f"/networks/{{slug}}/people?after={forms.cursor('A', 2**70)}",
        f"/networks/{{slug}}/reports?after={forms.cursor(True, '0001-01-01T00:00:00+14:00', 1)}",
        "/networks/{slug}/log?reason=%00",
        "/networks/{slug}/log.csv?reason=%00",
    ],
)
async def test_a_made_up_cursor_is_a_clear_answer(world: World, visit: Visit, path: str) -> None:
    answer = await (await visit(world.mod)).get(path.format(slug=world.network))
    assert answer.status_code == 422


async def test_notifications_are_marked_read(world: World, visit: Visit) -> None:
    thread = await world.thread()
    await posts.reply(world.db, world.ben, thread, "an answer to ana")
    ana = await visit(world.ana)
    page = await ana.get("/notifications")
    assert "an answer to ana" in page.text
    told = (await ana.get("/unread")).json()["notifications"]
    assert told == await world.db.pool.fetchval(
        "SELECT count(*) FROM notifications WHERE member_id = $1", world.ana.member
    )
    assert (await ana.post("/notifications/read")).status_code == 303
    assert (await ana.get("/unread")).json()["notifications"] == 0
    ben = await visit(world.ben)
    assert (await ben.get("/")).status_code == 200
    assert (await ben.post("/notifications/read", {"threads": "all"})).headers["location"] == "/"
    assert (await ben.get(f"/unread?threads={thread}")).json()["threads"] == {str(thread): 0}


async def test_unread_counts_tell_nothing_of_what_one_may_not_see(world: World, visit: Visit) -> None:
    thread = await world.thread()
    assert (await (await visit(world.ben)).get(f"/unread?threads={thread}")).json()["threads"] == {str(thread): 1}
    eve = await visit(world.eve)
    assert (await eve.get(f"/unread?threads={thread},999999999")).json()["threads"] == {}


async def test_settings_are_saved_part_by_part(world: World, visit: Visit) -> None:
    ana = await visit(world.ana)
    fields = {
        "part": "profile",
        "name": "Ana Renamed",
        "title": "CIO",
        "organisation": "",
        "region": "",
        "about": "*Hello*",
    }
    assert (await ana.post("/settings", fields)).headers["location"] == "/settings?saved=profile"
    page = await ana.get("/settings?saved=profile")
    assert "Saved." in page.text
    assert "Ana Renamed" in page.text
    kept = await ana.post("/settings", {**fields, "name": "", "about": "Kept about"})
    assert kept.status_code == 422
    assert "Kept about" in kept.text
    assert "<em>Hello</em>" in (await (await visit(world.ben)).get(f"/members/{world.ana.member}")).text
    assert (await ana.post("/settings", {"part": "preferences", "theme": "dark", "keys": "yes"})).status_code == 303
    assert 'data-theme="dark"' in (await ana.get("/")).text
    assert (await ana.post("/settings", {"part": "preferences", "theme": "neon"})).status_code == 422
    wrong = await ana.post("/settings", {"part": "password", "old": "wrong one here", "new": "short"})
    assert wrong.status_code == 422
    other = await visit(world.ana)
    page = await ana.get("/settings")
    session = re.search(r'name="session" value="(\d+)"', page.text)
    assert session is not None
    assert (await ana.post("/settings", {"part": "session", "session": session[1]})).status_code == 303
    assert (await other.get("/settings")).status_code == 401


async def test_a_token_ends_in_the_settings(world: World, visit: Visit) -> None:
    ana = await visit(world.ana)
    assert "None. A program that is to read or write here as you needs a token" in (await ana.get("/settings")).text
    await sessions.create_token(world.db, world.ana.member, name="The ward's screen")
    page = (await ana.get("/settings")).text
    assert "The ward&#39;s screen" in page
    token = re.search(r'name="token" value="(\d+)"', page)
    assert token is not None
    assert (await (await visit(world.ben)).post("/settings", {"part": "token", "token": token[1]})).status_code == 404
    assert (await ana.post("/settings", {"part": "token", "token": token[1]})).status_code == 303
    assert "screen" not in (await ana.get("/settings")).text


NEW_TOKEN = {"part": "new_token", "token_name": "The ward's screen", "scope": "write", "days": "30"}


async def test_a_token_is_made_in_the_settings_and_shown_once(world: World, visit: Visit) -> None:
    ana, program = await visit(world.ana), await visit(None)
    made = await ana.post("/settings", NEW_TOKEN)
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    token = re.findall(r'<input id="token" value="([^"]+)" readonly', made.text)[0]
    assert "Authorization: Bearer" in made.text
    assert 'href="/api/openapi.json"' in made.text
    listed = (await ana.get("/settings")).text
    assert "may read, write;" in listed
    assert "The ward&#39;s screen" in listed
    assert token not in listed
    async with world.db.connection() as connection:
        (row,) = await sessions.tokens(connection, world.ana.member)
        known = await sessions.who(connection, sessions.credential(token=token))
    assert known is not None
    assert (known.caller.member, known.caller.scopes) == (world.ana.member, {"read", "write"})
    assert (row["expires_at"] - row["created_at"]).days in {29, 30}
    thread = await world.thread()
    answer = await program.post(f"/threads/{thread}/posts", {"body": "By a program"}, authorization=f"Bearer {token}")
    assert answer.status_code == 303


async def test_a_scope_to_moderate_is_offered_to_who_moderates(world: World, visit: Visit) -> None:
    offered = {
        name: 'name="scope" value="moderate"' in (await (await visit(getattr(world, name))).get("/settings")).text
        for name in ("ana", "obs", "eve", "mod", "lead", "admin")
    }
    assert offered == {"ana": False, "obs": False, "eve": False, "mod": True, "lead": True, "admin": True}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"token_name": "  "}, "Please write something first."),
        ({"token_name": "x" * 81}, "too long"),
        ({"days": "4000"}, "A token is good for 1 to 3650 days."),
        ({"days": "soon"}, "This is a whole number."),
        ({"scope": "rule"}, "Scopes are: read, write, moderate."),
    ],
)
async def test_a_token_that_cannot_be_made_keeps_what_was_typed(
    world: World, visit: Visit, wrong: dict[str, str], told: str
) -> None:
    ana = await visit(world.ana)
    sent = {**NEW_TOKEN, "token_name": "A screen", "days": "365", **wrong}
    refused = await ana.post("/settings", sent)
    assert refused.status_code == 422
    assert told in refused.text
    assert refused.text.count('class="error"') == 1
    assert f'name="token_name" type="text" value="{sent["token_name"]}"' in refused.text
    assert ('value="write" checked' in refused.text) is (sent["scope"] == "write")
    assert ('value="365" checked' in refused.text) is (sent["days"] == "365")
    assert f'value="{world.names[world.ana.member]}"' in refused.text
    assert '<details class="decides" open>' in refused.text
    async with world.db.connection() as connection:
        assert await sessions.tokens(connection, world.ana.member) == []


async def test_a_member_has_so_many_tokens(world: World, visit: Visit) -> None:
    ana = await visit(world.ana)
    for _ in range(sessions.MAX_TOKENS):
        token = await sessions.create_token(world.db, world.ana.member)
    refused = await ana.post("/settings", NEW_TOKEN)
    assert refused.status_code == 422
    assert "A member has at most 20 tokens. End one of them first." in refused.text
    assert "The ward&#39;s screen" in refused.text
    async with world.db.connection() as connection:
        known = await sessions.who(connection, sessions.credential(token=token))
    assert known is not None
    assert known.caller.token_id is not None
    await sessions.end_token(world.db, world.ana.member, known.caller.token_id)
    assert (await ana.post("/settings", NEW_TOKEN)).status_code == 200


async def test_a_token_makes_no_token(world: World, visit: Visit) -> None:
    program = await visit(None)
    token = await sessions.create_token(world.db, world.ana.member)
    answer = await program.post("/settings", NEW_TOKEN, authorization=f"Bearer {token}")
    assert (answer.status_code, "A token may not do that: sign in in a browser." in answer.text) == (403, True)
    assert (await (await visit(world.ana)).post("/settings", NEW_TOKEN, sec_fetch_site="cross-site")).status_code == 403
    async with world.db.connection() as connection:
        assert len(await sessions.tokens(connection, world.ana.member)) == 1


async def test_preview_shows_what_would_be_posted(world: World, visit: Visit) -> None:
    ben = await visit(world.ben)
    network = await world.network_id()
    shown = await ben.script("/preview", {"body": f"*hi* @Ana {world.tag}", "network": str(network)})
    assert shown.status_code == 200
    assert "<em>hi</em>" in shown.text
    assert f"@Ana {world.tag}" in shown.text
    assert (await ben.script("/preview", {"body": ""})).status_code == 422
    assert (await (await visit(None)).script("/preview", {"body": "x"})).status_code == 401


async def test_the_mention_list_has_people_of_the_network(world: World, visit: Visit) -> None:
    ben = await visit(world.ben)
    network = await world.network_id()
    found = (await ben.get(f"/people?network={network}&q=an")).json()["people"]
    assert [person["name"] for person in found] == [f"Ana {world.tag}"]
    assert (await (await visit(world.eve)).get(f"/people?network={network}&q=an")).status_code in {403, 404}


async def test_a_network_offers_an_outsider_no_page_that_refuses_them(world: World, visit: Visit) -> None:
    """A private network says what it is, who leads it and how to come in; a public one its threads."""
    about = f'href="/networks/{world.network}/about"'
    for who, visibility, offered in (
        (world.eve, "private", {"about"}),
        (None, "public", {"about", ""}),
        (world.eve, "public", {"about", "", "room", "people"}),
        (world.ben, "private", {"about", "", "room", "people"}),
        (world.mod, "private", {"about", "", "room", "people", "log"}),
    ):
        await networks.describe(world.db, world.lead, world.network, visibility=visibility)
        page = await (await visit(who)).get(f"/networks/{world.network}")
        assert about in page.text
        tabs = page.text.partition('<nav class="tabs"')[2].partition("</nav>")[0]
        found = re.findall(rf'href="/networks/{world.network}/?([a-z]*)"', tabs)
        assert set(found) == offered
        assert ("No threads here yet" in page.text) == ("" in offered)


async def test_home_begins_with_the_visit_before(world: World, visit: Visit) -> None:
    """Also on the first page of a visit; who was never here is welcomed."""
    assert "<h1>Welcome</h1>" in (await (await visit(world.ana)).get("/")).text
    earlier = "UPDATE members SET seen_at = now() - interval '31 minutes' WHERE id = $1"
    await world.db.pool.execute(earlier, world.ana.member)
    assert re.search(r"<h1>Since [^<]+</h1>", (await (await visit(world.ana)).get("/")).text)


async def test_home_says_that_people_are_in_a_room_only_where_they_are(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that mentions me stands there too."""
    await world.db.pool.execute(
        "UPDATE members SET visited_at = now() - interval '1 day' WHERE id = $1", world.ana.member
    )
    await rooms.say(world.db, world.ben, world.network, f"@Ana {world.tag}, are you there?")
    ana = await visit(world.ana)
    page = (await ana.get("/")).text
    assert '<h2 id="rooms">Rooms</h2>' in page
    assert "people in" not in page

    async def crowded(*asked: Any) -> Any:
        return [{**card, "here": home.CROWD} for card in await cards_of(*asked)]

    monkeypatch.setattr(home, "cards_of", crowded)
    page = (await ana.get("/")).text
    assert '<h2 id="rooms">Rooms with people in them</h2>' in page
    assert "1 room with people in it" in page


async def test_who_is_in_no_network_is_led_to_one_on_every_visit(world: World, visit: Visit) -> None:
    eve = await visit(world.eve)
    await world.db.pool.execute(
        "UPDATE members SET visited_at = now() - interval '1 day' WHERE id = $1", world.eve.member
    )
    assert "Find your network, and join it" in (await eve.get("/")).text
    await memberships.set_role(world.db, world.lead, world.network, world.eve.member, "member")
    assert "Find your network, and join it" not in (await eve.get("/")).text


@pytest.mark.parametrize("dead", ["/invitations/none", "/links/none"])
async def test_a_link_that_does_not_count_leads_on(world: World, visit: Visit, dead: str) -> None:
    guest, member = await visit(None), await visit(world.ana)
    for visitor, ways in ((guest, ('href="/"', 'href="/sign-in"')), (member, ('href="/"',))):
        page = await visitor.get(dead)
        assert page.status_code == 404
        assert all(f'class="btn main" {way}' in page.text or f'class="btn" {way}' in page.text for way in ways)


async def test_a_search_without_hits_offers_to_look_further(world: World, visit: Visit) -> None:
    ben = await visit(world.ben)
    narrow = (await ben.get(f"/search?q=zebrafax&network={world.network}")).text
    wide = (await ben.get("/search?q=zebrafax")).text
    assert "Nothing found for" in narrow
    assert "Nothing found for" in wide
    assert ('href="/search?q=zebrafax">Look in all my networks' in narrow, "Look in all" in wide) == (True, False)
