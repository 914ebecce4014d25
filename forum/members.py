"""Members: accounts, profiles, passwords, one-time links.

Names are the members' own words: a name that a moderator removed is NULL and shown as "A former member" until its
owner gives a new one. A change of name or title is told to every network in which something of theirs is shown.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from forum import access, memberships, moderation_log, passwords, text
from forum.db import Connection, Database, Transaction, statements
from forum.errors import Conflict, Forbidden, Invalid, NotFound
from forum.passwords import token_hash
from forum.standing import Caller

SQL = statements("members")
EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}\Z")
NAME_MAX_CHARS = 80
FIELD_MAX_CHARS = 120
LINK_HOURS = 48
NOT_YOURS = "That is not your password."


def email_of(value: str) -> str:
    """The address, trimmed. Raises Invalid for what can be none."""
    value = value.strip()
    if not EMAIL.match(value):
        raise Invalid("email", "This does not look like an e-mail address.")
    return value


async def add(
    db: Database, email: str, name: str, *, administrator: bool = False, password: str | None = None
) -> asyncpg.Record:
    """Make an account (a command's or an administrator's act). Returns the member. Raises Invalid, Conflict."""
    email = email_of(email)
    name = text.line(name, NAME_MAX_CHARS, field="name")
    hashed = None if password is None else await passwords.hashed(password)
    async with db.transaction() as tx:
        row = await SQL.insert(
            tx.connection, email=email, name=name, administrator=administrator, password=hashed,
            title="", organisation="", region="",
        )  # fmt: skip
        if row is None:
            raise Conflict("There is an account with that address already.")
        await moderation_log.write(tx, None, None, "add", "member", row["id"], subject=row["id"])
        return await current(tx.connection, row["id"])


async def join_by_invitation(
    db: Database, token: str, *, email: str, name: str, password: str, title: str = "", organisation: str = ""
) -> tuple[int, str]:
    """Make an account with an invitation and take its place. Returns the member's id and the network's slug.

    Raises NotFound (the link), Invalid, Conflict (the address has an account: sign in to accept).
    """
    email = email_of(email)
    name = text.line(name, NAME_MAX_CHARS, field="name")
    passwords.check(password)
    fields = {"title": title, "organisation": organisation}
    fields = {
        field: text.line(value, FIELD_MAX_CHARS, field=field) if value.strip() else ""
        for field, value in fields.items()
    }
    async with db.connection() as connection:
        if await memberships.invitation(connection, token) is None:
            raise NotFound
    hashed = await passwords.hashed(password)
    async with db.transaction() as tx:
        row = await SQL.insert(
            tx.connection, email=email, name=name, administrator=False, password=hashed, region="", **fields
        )
        if row is None:
            raise Conflict("There is an account with that address already. Sign in, and open the link again.")
        return row["id"], await memberships.use_invitation(tx, token, row["id"])


async def current(connection: Connection, member: int) -> asyncpg.Record:
    """The member as they stand now, all columns but the password. Checks no access. Raises NotFound."""
    row: asyncpg.Record | None = await SQL.one(connection, member=member)
    if row is None:
        raise NotFound
    return row


async def profile(connection: Connection, caller: Caller, member: int) -> tuple[asyncpg.Record, Sequence[Any]]:
    """A profile, and the networks of theirs that the caller sees too. For members of the site only. Raises NotFound.

    Of a suspended account only administrators read more than the name, to which their posts lead.
    """
    row = await current(connection, member)
    if caller.member_id is None or row["state"] == "gone":
        raise NotFound
    if row["state"] == "suspended" and not caller.administrator:
        return await SQL.name_alone(connection, member=member), []
    shared: Sequence[Any] = await SQL.shared_networks(connection, member=member, viewer=caller.member_id)
    return row, shared


async def edit_profile(db: Database, caller: Caller, **changes: str) -> asyncpg.Record:
    """Change one's name, title, organisation, region or about; told live wherever the name stands. Returns the
    member.
    """
    for field, max_chars in (("name", NAME_MAX_CHARS), ("title", 120), ("organisation", 120), ("region", 120)):
        if (value := changes.get(field)) is not None:
            changes[field] = text.line(value, max_chars, field=field) if field == "name" or value.strip() else ""
    about_html = None
    if (about := changes.get("about")) is not None:
        changes["about"] = text.check(about, max_bytes=8_000, field="about") if about.strip() else ""
        about_html = (await text.render_async(changes["about"], whose=caller.member_id)).html if about.strip() else ""
    async with db.transaction() as tx:
        member = caller.member
        await access.SQL.lock_standing(tx.connection, member=member, networks=[])
        await SQL.edit(
            tx.connection, member=member, name=changes.get("name"), title=changes.get("title"),
            organisation=changes.get("organisation"), region=changes.get("region"), about=changes.get("about"),
            about_html=about_html, renderer=text.RENDERER,
        )  # fmt: skip
        await record_change(tx, member)
        return await current(tx.connection, member)


async def record_change(tx: Transaction, member: int) -> None:
    """Tell every network where something of this member is shown, and their own screens."""
    for row in await SQL.shown_in(tx.connection, member=member):
        tx.record(f"network:{row['network_id']}", "member.changed", member)
    for row in await SQL.named_by_value(tx.connection, member=member):
        tx.record(row["channel"], row["kind"], row["object"])
    for row in await SQL.talks_with(tx.connection, member=member):
        tx.record(f"room:{row['room_id']}", "member.changed", member)
        tx.record(f"member:{row['member_id']}", "conversation.changed", row["room_id"])
    tx.record(f"member:{member}", "member.changed", member)


async def set_preferences(
    db: Database, caller: Caller, *, theme: str | None = None, keys: bool | None = None, enter_sends: bool | None = None
) -> None:
    """How pages look and listen for this member: theme auto, light or dark; single-letter keys; what Enter does."""
    if theme is not None and theme not in {"auto", "light", "dark"}:
        raise Invalid("theme", "The theme is auto, light or dark.")
    async with db.transaction() as tx:
        await SQL.prefer(tx.connection, member=caller.member, theme=theme, keys=keys, enter_sends=enter_sends)
        tx.record(f"member:{caller.member}", "member.changed", caller.member)


async def remove_words(db: Database, caller: Caller, member: int, noun: str, reason: str, note: str = "") -> None:
    """Take a member's name or about away: an administrator of the site. Where there is none, nothing happens.

    The member is told the reason; the note is for the log alone.

    Raises NotFound, Forbidden, Invalid.
    """
    caller.require_administrator()
    if noun not in {"name", "about"}:
        raise Invalid("noun", "This is name or about.")
    reason, note = moderation_log.checked(reason, note)
    async with db.transaction() as tx:
        await access.SQL.lock_standing(tx.connection, member=member, networks=[])
        if not (await current(tx.connection, member))[noun]:
            return
        act = SQL.seal_name if noun == "name" else SQL.seal_about
        await act(tx.connection, member=member)
        await record_change(tx, member)
        reason_id = await moderation_log.write(
            tx, None, caller, "remove", noun, member, subject=member, reason=reason, note=note
        )
        if member != caller.member_id:
            told = await SQL.tell_removed(tx.connection, member=member, kind=f"{noun}_removed", reason=reason_id)
            tx.record(f"member:{member}", "notification.created", told)


async def one_time_link(db: Database, member: int, *, by: Caller | None = None) -> tuple[str, datetime]:
    """A link with which the member sets a password, once, within 48 hours: its token (stored hashed) and its end. One
    that was made for them before counts no more.

    An administrator's act, in a browser and for somebody else; or a command's, `by` nobody. Raises Forbidden, NotFound,
    Conflict (suspended).
    """
    if by is not None:
        by.require_administrator()
        by.require_session()
        if member == by.member_id:
            raise Forbidden("You change your own password in your settings.")
    token = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(hours=LINK_HOURS)
    async with db.transaction() as tx:
        if (await current(tx.connection, member))["state"] == "suspended":
            raise Conflict("This account is suspended. Let it in again first, and then make a link for it.")
        await SQL.insert_link(tx.connection, member=member, hash=token_hash(token), expires_at=expires_at)
        await moderation_log.write(tx, None, by, "link", "member", member, subject=member)
    return token, expires_at


async def member_of_link(connection: Connection, token: str) -> asyncpg.Record | None:
    """Whose link this is, or None: used, too old, or made up. Raises Forbidden, in words, where they are suspended."""
    row: asyncpg.Record | None = await SQL.link(connection, hash=token_hash(token))
    if row is not None:
        await _require_unsuspended(connection, row["member_id"])
    return row


async def set_password_by_link(db: Database, token: str, password: str) -> int:
    """Use a one-time link: set the password, end all sessions. Returns the member's id.

    Raises NotFound, Invalid, and Forbidden where they are suspended: the link counts again when that has ended.
    """
    passwords.check(password)
    async with db.connection() as connection:
        if await member_of_link(connection, token) is None:
            raise NotFound
    hashed = await passwords.hashed(password)
    async with db.transaction() as tx:
        member = await SQL.use_link(tx.connection, hash=token_hash(token))
        if member is None:
            raise NotFound
        await access.SQL.lock_standing(tx.connection, member=member, networks=[])
        await _require_unsuspended(tx.connection, member)
        await _set_password(tx, member, hashed, old=None, keep_session=None)
        await moderation_log.write(tx, None, None, "password", "member", member, subject=member)
        return int(member)


async def change_password(db: Database, caller: Caller, old: str, new: str) -> None:
    """Set a new password; ends all other sessions. Raises Invalid (the old one is wrong, the new one too short)."""
    passwords.check(new)
    async with db.connection() as connection:
        stored = await SQL.password(connection, member=caller.member)
    if not await passwords.verified(stored, old):
        raise Invalid("old", NOT_YOURS)
    hashed = await passwords.hashed(new)
    async with db.transaction() as tx:
        await _set_password(tx, caller.member, hashed, old=stored, keep_session=caller.session_id)


async def _set_password(
    tx: Transaction, member: int, hashed: str, *, old: str | None, keep_session: int | None
) -> None:
    """All other sessions end with the former password, and links that would set another one.

    `old` is the hash that was looked at, if one was. Raises Invalid where another one has been set since.
    """
    if await SQL.set_password(tx.connection, member=member, password=hashed, old=old) is None:
        raise Invalid("old", NOT_YOURS)
    await SQL.end_links(tx.connection, member=member)
    for row in await SQL.end_sessions(tx.connection, member=member, keep=keep_session):
        tx.record(f"member:{member}", "session.ended", row["id"])
    await check_screens_again(tx, member)


async def check_screens_again(tx: Transaction, member: int) -> None:
    """Have the followers of the member's networks checked again, since sessions of theirs ended.

    Else a process that learns late of the end would hand out meanwhile what was committed after it.
    """
    rows = await SQL.networks_of(tx.connection, member=member)
    tx.raise_access(f"member:{member}", *(f"network:{row['network_id']}" for row in rows))


async def suspend(
    db: Database, caller: Caller, member: int, reason: str, *, until: datetime | None = None, note: str = ""
) -> None:
    """Shut a member out of the site, until a time or until reinstated: ends all sessions, and no token counts.

    An administrator's act, at once. Raises Forbidden, NotFound, Invalid, Conflict (suspended already).
    """
    if not caller.administrator or member == caller.member_id:
        raise Forbidden("Only administrators of the site may do this, and not to themselves.")
    reason, note = moderation_log.checked(reason, note)
    if until is not None and until <= datetime.now(UTC):
        raise Invalid("until", "The end lies in the past.")
    async with db.transaction() as tx:
        await access.SQL.lock_standing(tx.connection, member=member, networks=None)
        if (await current(tx.connection, member))["state"] != "active":
            raise Conflict("That is in force already.")
        words = await moderation_log.keep_words(tx, reason, note)
        await SQL.insert_suspension(
            tx.connection, member=member, until=until, by=caller.member, reason=words.reason_id, note=words.note_id
        )
        await SQL.set_state(tx.connection, member=member, state="suspended")
        await SQL.end_sessions(tx.connection, member=member, keep=None)
        await _raise_everywhere(tx, member)
        tx.record(f"member:{member}", "member.suspended", member)
        await moderation_log.write(tx, None, caller, "suspend", "member", member, subject=member, words=words)


async def reinstate(db: Database, caller: Caller, member: int) -> None:
    """Let a suspended member in again. An administrator's act. Raises Forbidden, NotFound, Conflict (not suspended)."""
    caller.require_administrator()
    async with db.transaction() as tx:
        await access.SQL.lock_standing(tx.connection, member=member, networks=None)
        if (await current(tx.connection, member))["state"] != "suspended":
            raise Conflict("This account is not suspended.")
        await SQL.end_suspension(tx.connection, member=member)
        await let_in(tx, member)
        await moderation_log.write(tx, None, caller, "reinstate", "member", member, subject=member)


async def let_in(tx: Transaction, member: int) -> None:
    """The account counts again, after its suspension from the site has ended."""
    await SQL.set_state(tx.connection, member=member, state="active")
    await _raise_everywhere(tx, member)
    tx.record(f"member:{member}", "member.reinstated", member)


async def suspended_sentence(connection: Connection, member: int) -> str:
    """What a suspended member is told when they sign in: until when, why, and how to appeal."""
    row = await SQL.suspension(connection, member=member)
    until = f" until {row['until']:%-d %B}" if row is not None and row["until"] is not None else ""
    why = f" Reason: {row['reason']}." if row is not None and row["reason"] else ""
    return f"Your account is suspended{until}.{why} You can appeal to the administrators of this site."


async def _require_unsuspended(connection: Connection, member: int) -> None:
    if (await current(connection, member))["state"] == "suspended":
        raise Forbidden(await suspended_sentence(connection, member))


async def _raise_everywhere(tx: Transaction, member: int) -> None:
    tx.raise_access(f"member:{member}")
    for row in await SQL.networks_of(tx.connection, member=member):
        tx.raise_access(f"network:{row['network_id']}")
        tx.record(f"network:{row['network_id']}", "membership.changed", member)


async def mentionable(connection: Connection, caller: Caller, network_ids: Sequence[int], query: str) -> Sequence[Any]:
    """Up to 8 people of these networks whose name begins like the query: for the mention list."""
    rows: Sequence[Any] = await SQL.mentionable(
        connection, networks=list(network_ids), query=query.strip()[:80], viewer=caller.member
    )
    return rows
