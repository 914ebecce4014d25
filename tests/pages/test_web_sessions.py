import html
import re

import httpx
import pytest

from forum import members, memberships, passwords
from forum.errors import NotFound
from forum.passwords import token_hash
from tests.pages.conftest import Visit
from tests.people import PASSWORD, World

PASSWORD_OF = "SELECT password_hash FROM members WHERE id = $1"


async def with_password(world: World) -> str:
    """Gives ana a password; returns her address."""
    token, _ = await members.one_time_link(world.db, world.ana.member)
    await members.set_password_by_link(world.db, token, PASSWORD)
    return f"ana-{world.tag}@example.org"


async def test_sign_in_goes_on_and_rotates_the_session(world: World, visit: Visit) -> None:
    email = await with_password(world)
    ana = await visit(world.ana)
    before = ana.client.cookies["forum"]
    answer = await ana.post("/sign-in", {"email": email, "password": PASSWORD, "next": "/networks?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/networks?x=1")
    assert ana.client.cookies["forum"] != before
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    left = await world.db.pool.fetchval(
        "SELECT count(*) FROM sessions WHERE member_id = $1 AND ended_at IS NULL", world.ana.member
    )
    assert left == 1


async def test_a_wrong_address_and_a_wrong_password_answer_alike(world: World, visit: Visit) -> None:
    email = await with_password(world)
    guest = await visit(None)
    answers = [
        await guest.post("/sign-in", {"email": email, "password": "not the right one"}),
        await guest.post("/sign-in", {"email": f"nobody-{world.tag}@example.org", "password": "not the right one"}),
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    words = [answer.text.replace(email, "").replace(f"nobody-{world.tag}@example.org", "") for answer in answers]
    assert words[0] == words[1]
    assert "That address and password do not belong together." in words[0]


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example", "evil"],
)
async def test_next_never_leaves_the_site(world: World, visit: Visit, target: str) -> None:
    email = await with_password(world)
    guest = await visit(None)
    answer = await guest.post("/sign-in", {"email": email, "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_the_eleventh_wrong_password_is_told_to_wait(world: World, visit: Visit) -> None:
    email = await with_password(world)
    guest = await visit(None)
    for _ in range(10):
        assert (await guest.post("/sign-in", {"email": email, "password": "no"})).status_code == 401
    answer = await guest.post("/sign-in", {"email": email, "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 600


async def test_signing_out_ends_the_session_for_good(world: World, visit: Visit) -> None:
    ana = await visit(world.ana)
    token = ana.client.cookies["forum"]
    assert (await ana.get("/sign-out")).status_code == 200
    answer = await ana.post("/sign-out")
    assert answer.status_code == 303
    assert "forum" not in ana.client.cookies
    assert why_of(await ana.get(answer.headers["location"])) == "You are signed out."
    ana.client.cookies.set("forum", token)
    assert why_of(await ana.get("/sign-in")).startswith("Your session has ended.")  # and not on to home


def why_of(page: httpx.Response) -> str:
    """What the page to sign in on says of why one is there."""
    assert 'action="/sign-in"' in page.text
    said = re.search(r'<p class="notice good">([^<]*)</p>', page.text)
    return "" if said is None else said[1]


async def test_the_page_to_sign_in_on_says_why_one_is_there(world: World, visit: Visit) -> None:
    guest, ana = await visit(None), await visit(world.ana)
    assert why_of(await guest.get("/sign-in")) == ""
    assert why_of(await guest.get("/sign-in?next=/settings")) == "Sign in to go on."
    assert why_of(await guest.get("/settings")) == "Sign in to go on."
    await with_password(world)  # which ends all sessions
    for path in ("/settings", "/sign-in?next=/settings", "/sign-in"):
        assert why_of(await ana.get(path)).startswith("Your session has ended. Sign in to go on"), path


async def test_no_word_of_an_address_is_said_on_the_page_to_sign_in_on(visit: Visit) -> None:
    guest = await visit(None)
    page = await guest.get("/sign-in?why=Send+us+your+password&signed_out=yes&error=oops&next=//evil.example")
    assert "Send us" not in page.text
    assert "oops" not in page.text
    assert "evil" not in page.text
    assert why_of(page) == ""


async def test_who_has_to_sign_in_is_led_back_to_what_they_asked_for(world: World, visit: Visit) -> None:
    guest, site = await visit(None), "http://127.0.0.1:8000"
    missing = await guest.get(f"/networks/{world.network}/people")
    assert missing.status_code == 404
    assert "You are not signed in." in missing.text
    assert '<a class="btn main" href="/sign-in">' in missing.text
    back = await guest.get("/sign-in", referer=f"{site}/networks/{world.network}/people?q=a")
    assert f'name="next" value="/networks/{world.network}/people?q=a"' in back.text
    for referrer in (f"{site}/sign-out", f"{site}/links/abcdefghijkl", "https://evil.example/x", f"{site}//evil"):
        assert 'name="next"' not in (await guest.get("/sign-in", referer=referrer)).text, referrer


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/threads/{thread}/posts", {"body": "Half a <b>thought", "parent": "", "key": "k"}),
        ("/posts/{post}/report", {"reason": "Advertising", "note": "Half a <b>thought"}),
        ("/settings", {"name": "Ana", "about": "Half a <b>thought"}),
        ("/networks/{slug}/settings", {"name": "Net", "purpose": "", "about": "Half a <b>thought"}),
        ("/networks", {"name": "Net", "purpose": "Half a <b>thought"}),
    ],
)
async def test_what_was_being_written_waits_through_signing_in(
    world: World, visit: Visit, path: str, fields: dict[str, str]
) -> None:
    email = await with_password(world)
    thread = await world.thread()
    post = await world.db.pool.fetchval("SELECT id FROM posts WHERE thread_id = $1", thread)
    path = path.format(thread=thread, post=post, slug=world.network)
    guest = await visit(None)
    answer = await guest.post(path, fields)
    assert answer.status_code == 401
    assert "You were signed out. Sign in again, and your text will be waiting." in answer.text
    kept = re.search(r'name="kept" value="([^"]*)"', answer.text)
    assert kept is not None
    answer = await guest.post(
        "/sign-in",
        {"email": email, "password": PASSWORD, "kept": html.unescape(kept[1]), "action": path},
    )
    assert answer.status_code == 200
    (name,) = (name for name, value in fields.items() if "thought" in value)
    assert re.search(rf'<textarea id="{name}" name="{name}"[^>]*>\nHalf a &lt;b&gt;thought</textarea>', answer.text)
    assert f'action="{path}"' in answer.text
    for other in fields.keys() - {name, "key"}:
        assert f'name="{other}"' in answer.text


async def test_an_invitation_is_used_by_a_form_and_not_by_opening_it(world: World, visit: Visit) -> None:
    invitation = await memberships.invite(world.db, world.lead, world.network)
    guest = await visit(None)
    path = f"/invitations/{invitation.token}"
    for _ in range(3):
        assert f"Network {world.network}" in (await guest.get(path)).text
    fields = {"email": f"new-{world.tag}@example.org", "name": "New Person", "password": PASSWORD, "title": "CIO"}
    refused = await guest.post(path, {**fields, "password": "short"})
    assert refused.status_code == 422
    assert "New Person" in refused.text
    assert "short" not in refused.text
    answer = await guest.post(path, fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/networks/{world.network}")
    assert (await guest.get("/sign-in")).status_code == 303
    used = await (await visit(None)).get(path)
    assert used.status_code == 404
    assert "This link has already been used, or is too old." in used.text


@pytest.mark.parametrize("how", ["taken out", "made a member", "suspended"])
async def test_an_invitation_counts_as_long_as_who_made_it_may_make_it(world: World, visit: Visit, how: str) -> None:
    """Else who was taken out lets themselves in again, as a lead."""
    db, slug, lead = world.db, world.network, world.lead.member
    await memberships.set_role(db, world.admin, slug, world.mod.member, "lead")
    invitation = await memberships.invite(db, world.lead, slug, role="lead")
    path = f"/invitations/{invitation.token}"
    eve = await visit(world.eve)
    assert (await eve.get(path)).status_code == 200
    if how == "taken out":
        await memberships.remove_member(db, world.admin, slug, lead)
    elif how == "made a member":
        await memberships.set_role(db, world.admin, slug, lead, "member")
    else:
        await members.suspend(db, world.admin, lead, "Rude")
    assert (await eve.get(path)).status_code == 404
    assert (await eve.post(path, {})).status_code == 404
    fields = {"email": f"new-{world.tag}@example.org", "name": "New Person", "password": PASSWORD}
    assert (await (await visit(None)).post(path, fields)).status_code == 404
    if how == "taken out":
        with pytest.raises(NotFound):
            await memberships.accept(db, world.lead, invitation.token)
    async with db.connection() as connection:
        assert await memberships.SQL.invitations(connection, network=await world.network_id()) == []


async def test_a_moderators_invitation_outlives_a_step_up_and_not_the_role(world: World) -> None:
    db, slug, mod = world.db, world.network, world.mod.member
    invitation = await memberships.invite(db, world.mod, slug, max_uses=3)
    await memberships.set_role(db, world.admin, slug, mod, "lead")
    assert await memberships.accept(db, world.eve, invitation.token) == slug
    await memberships.set_role(db, world.admin, slug, mod, "observer")
    with pytest.raises(NotFound):
        await memberships.accept(db, world.admin, invitation.token)


async def test_a_one_time_link_sets_a_password_once(world: World, visit: Visit) -> None:
    token, _ = await members.one_time_link(world.db, world.ben.member)
    guest = await visit(None)
    assert (await guest.get(f"/links/{token}")).status_code == 200
    assert (await guest.post(f"/links/{token}", {"password": "short"})).status_code == 422
    assert (await guest.post(f"/links/{token}", {"password": PASSWORD})).status_code == 303
    assert (await guest.get("/sign-in")).status_code == 303
    assert (await (await visit(None)).get(f"/links/{token}")).status_code == 404


async def test_who_is_suspended_sets_no_password_and_reads_why(world: World, visit: Visit) -> None:
    token, _ = await members.one_time_link(world.db, world.ben.member)
    await members.suspend(world.db, world.admin, world.ben.member, "Advertising")
    guest = await visit(None)
    for answer in (await guest.get(f"/links/{token}"), await guest.post(f"/links/{token}", {"password": PASSWORD})):
        assert answer.status_code == 403
        assert "Your account is suspended. Reason: Advertising. You can appeal" in answer.text
        assert "This link does not count any more" not in answer.text
        assert world.names[world.ben.member] not in answer.text
    assert await world.db.pool.fetchval(PASSWORD_OF, world.ben.member) is None
    await members.reinstate(world.db, world.admin, world.ben.member)
    assert (await guest.post(f"/links/{token}", {"password": PASSWORD})).status_code == 303


async def test_who_is_suspended_while_they_set_a_password_sets_none(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = await members.one_time_link(world.db, world.ben.member)
    hashed = passwords.hashed

    async def suspended_meanwhile(password: str) -> str:
        await members.suspend(world.db, world.admin, world.ben.member, "Advertising")
        return await hashed(password)

    monkeypatch.setattr(passwords, "hashed", suspended_meanwhile)
    answer = await (await visit(None)).post(f"/links/{token}", {"password": PASSWORD})
    assert (answer.status_code, "Your account is suspended." in answer.text) == (403, True)
    assert await world.db.pool.fetchval(PASSWORD_OF, world.ben.member) is None
    assert (
        await world.db.pool.fetchval("SELECT used_at FROM one_time_links WHERE token_hash = $1", token_hash(token))
        is None
    )


async def test_a_link_that_is_followed_by_another_while_it_is_used_sets_nothing(
    world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = await members.one_time_link(world.db, world.ben.member)
    hashed = passwords.hashed

    async def another_meanwhile(password: str) -> str:
        await members.one_time_link(world.db, world.ben.member)
        return await hashed(password)

    monkeypatch.setattr(passwords, "hashed", another_meanwhile)
    assert (await (await visit(None)).post(f"/links/{token}", {"password": PASSWORD})).status_code == 404
    assert await world.db.pool.fetchval(PASSWORD_OF, world.ben.member) is None
