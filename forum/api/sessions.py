"""Signing in and out with a cookie, the browsers in which one is signed in, and the tokens of one's programs."""

from starlette.responses import Response

from forum import sessions
from forum.api import lists, shapes
from forum.api.bodies import SignIn
from forum.api.me import me_of
from forum.api.routing import Call, Created
from forum.api.shapes import Me, Page, Session, Token
from forum.db import Connection
from forum.errors import Forbidden
from forum.web.sessions import clear_cookie, set_cookie, started


async def sign_in(call: Call, body: SignIn) -> Created[Me]:
    """Sign in: sets the session's cookie, and answers who that is.

    A browser's request has to come from a page of this site; programs take a token instead.
    """
    token, member = await started(call.request, body.email, body.password)
    call.touch.append(lambda response: set_cookie(call.site, response, token))
    async with call.db.connection() as connection:
        return Created(await me_of(connection, member), "/api/v1/me")


async def sign_out(call: Call) -> None:
    """End the session that asks, on every screen of it."""
    if call.caller.session_id is None:
        raise Forbidden("A token has no session that could end.")
    await sessions.sign_out(call.db, call.caller)

    def forget(response: Response) -> None:
        clear_cookie(call.site, response)

    call.touch.append(forget)


async def mine(call: Call, connection: Connection) -> Page[Session]:
    """My sessions, the one used last first."""
    follow = await lists.following(connection, f"member:{call.caller.member}")
    rows = await sessions.mine(connection, call.caller)
    return lists.page(rows, len(rows), lambda row: shapes.session(row, call.caller.session_id), lambda _: "", follow)


async def end(call: Call, session: int) -> None:
    """End one of my sessions, at once on every screen of it."""
    await sessions.end(call.db, call.caller, session)


async def tokens(call: Call, connection: Connection) -> Page[Token]:
    """My tokens that count, the newest first: what each is for and may do, never what it is."""
    follow = await lists.following(connection, f"member:{call.caller.member}")
    rows = await sessions.tokens(connection, call.caller.member)
    return lists.page(rows, len(rows), lambda row: shapes.token(row, call.caller.token_id), lambda _: "", follow)


async def end_token(call: Call, token: int) -> None:
    """End one of my tokens, at once on every screen that it opened; the one that asks, too."""
    await sessions.end_token(call.db, call.caller.member, token)
