"""What posts and messages have in common on the page: the acts that I have, edit, history, withdraw, remove, restore.

A `Noun` says how one of the two is found, drawn and acted on; `Pages` makes the handlers of it. What a gap said is read
by nobody but who decides about it, and by its author after a withdrawal.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import contributions, removal, repeats, reports, text
from forum.db import Connection, Database
from forum.errors import Conflict, Forbidden, ForumError, Invalid, NotFound
from forum.standing import Caller
from forum.views import Row, Views
from forum.web import answers, shell
from forum.web.context import caller_of, reading, site_of, writer_of
from forum.web.forms import Form, form_of, is_id, new_key, wants_fragment

Act = Callable[[Database, Caller, int], Awaitable[Row]]
Decision = Callable[..., Awaitable[Row]]

EXCERPT_MAX_CHARS: Final = 140


@dataclass(frozen=True, slots=True)
class Place:
    """One contribution as one caller stands to it."""

    row: Row
    network: Mapping[str, Any]
    """id, slug, name of the network that it was written through; of a direct conversation all of them None."""
    may: frozenset[str]
    at: str
    """Where it is read."""
    back: str
    """The words of the link that leads there."""
    room_at: str = ""
    """Where the room of a message is."""
    other: int | None = None
    """Of a message in a direct conversation: the id of the other one, by whose name it is called."""

    def link(self, noun: str) -> Mapping[str, str | int]:
        """For templates: the words are the thread's title, or a network's or member's name, and change with them."""
        if self.other is not None:
            return {"href": self.at, "words": self.back, "to": "the conversation", "named": "name", "id": self.other}
        of: Mapping[str, str | int] = (
            {"to": "the thread", "named": "title", "id": self.row["thread_id"]}
            if noun == "post"
            else {"to": "the room", "named": "network-name", "id": self.network["id"]}
        )
        return {"href": self.at, "words": self.back, **of}


@dataclass(frozen=True, slots=True)
class Noun:
    """How posts, or messages, are found, drawn and acted on."""

    name: Literal["post", "message"]
    find: Callable[[Connection, Caller, int], Awaitable[Place]]
    draw: Callable[[Views, Row], Markup]
    channel: Callable[[Row], str]
    edit: Callable[..., Awaitable[Row]]
    history: Callable[[Database, Caller, int], Awaitable[tuple[Row, Sequence[Row]]]]
    withdraw: Act
    undo: Act
    remove: Decision
    restore: Act
    menu: str
    hold: Decision | None = None
    release: Act | None = None


class Pages:
    """The handlers of one noun."""

    def __init__(self, noun: Noun) -> None:
        self._noun = noun

    def routes(self) -> list[BaseRoute]:
        """`/posts/{id}/…` or `/messages/{id}/…`, but for the permalink itself."""
        at = f"/{self._noun.name}s/{{id:id}}"
        routes: list[BaseRoute] = [
            Route(f"{at}/acts", self.acts, methods=["GET"]),
            Route(f"{at}/edit", self.edit_page, methods=["GET"]),
            Route(f"{at}/edit", self.edit, methods=["POST"]),
            Route(f"{at}/history", self.history, methods=["GET"]),
            Route(f"{at}/withdraw", self.withdraw_page, methods=["GET"]),
            Route(f"{at}/withdraw", self.withdraw, methods=["POST"]),
            Route(f"{at}/undo", self.undo, methods=["POST"]),
            Route(f"{at}/remove", self.remove_page, methods=["GET"]),
            Route(f"{at}/remove", self.remove, methods=["POST"]),
            Route(f"{at}/restore", self.restore, methods=["POST"]),
        ]
        if self._noun.hold is not None:
            routes += [
                Route(f"{at}/hold", self.hold, methods=["POST"]),
                Route(f"{at}/release", self.release, methods=["POST"]),
            ]
        return routes

    async def find(self, request: Request, connection: Connection, caller: Caller) -> Place:
        """The contribution that the path names. Raises NotFound."""
        return await self._noun.find(connection, caller, request.path_params["id"])

    async def _framed(self, request: Request, connection: Connection, caller: Caller) -> tuple[shell.Frame, Place]:
        """The frame of a page that follows the contribution's channel, and the contribution: read after the cursors."""
        place = await self.find(request, connection, caller)
        frame = await shell.frame(request, connection, [self._noun.channel(place.row)])
        return frame, await self.find(request, connection, caller)

    async def acts(self, request: Request) -> Response:
        """The acts that I have on it: as a menu for our scripts, else as a page."""
        async with reading(request) as (connection, caller):
            if wants_fragment(request):
                return answers.fragment(self._menu(request, await self.find(request, connection, caller)))
            frame, place = await self._framed(request, connection, caller)
        views = site_of(request).views
        return answers.page(
            request, "contributions/acts.html", shell=frame.shell(), noun=self._noun.name, item=place.row,
            may=place.may, slug=place.network["slug"], room_at=place.room_at, said=views.said(place.row),
            back=place.link(self._noun.name),
        )  # fmt: skip

    def _menu(self, request: Request, place: Place) -> str:
        return site_of(request).views.page(
            self._noun.menu, item=place.row, may=place.may, slug=place.network["slug"], room_at=place.room_at
        )

    async def edit_page(self, request: Request) -> Response:
        """The words as they were written."""
        return await self._edit_page(request)

    async def _edit_page(self, request: Request, said: str | None = None, error: ForumError | None = None) -> Response:
        async with reading(request) as (connection, caller):
            frame, place = await self._framed(request, connection, caller)
            if "edit" not in place.may:
                raise _refused(caller, place.row)
            body = said if said is not None else await contributions.for_editing(connection, place.row["body"])
        return answers.page(
            request, "contributions/edit.html", status=200 if error is None else error.status, shell=frame.shell(),
            noun=self._noun.name, item=place.row, body=body, error="" if error is None else error.detail,
            key=new_key(), version=place.row["version"], network=place.network, back=place.link(self._noun.name),
        )  # fmt: skip

    async def edit(self, request: Request) -> Response:
        """Change the words."""
        form = await form_of(request)
        caller = await writer_of(request, "write")
        try:
            row = await self._noun.edit(
                site_of(request).db, caller, request.path_params["id"], form.text("body"),
                version=form.number("version"), key=form.key(request),
            )  # fmt: skip
        except (Invalid, Conflict) as error:
            if wants_fragment(request):
                raise
            return await self._edit_page(request, form.text("body"), error)
        return self._changed(request, row)

    def _changed(self, request: Request, row: Row) -> Response:
        return answers.written(
            request, self._noun.draw(site_of(request).views, row), object_id=row["id"], version=row["version"],
            channel=self._noun.channel(row), at=f"/{self._noun.name}s/{row['id']}",
        )  # fmt: skip

    async def history(self, request: Request) -> Response:
        """What it said before each edit; of a gap, what it said, for those who decide; for scripts the last of it."""
        noun = self._noun
        async with reading(request) as (connection, caller):
            frame, place = await self._framed(request, connection, caller)
        site, row = site_of(request), place.row
        sealed = row["state"] != "shown"
        versions: list[tuple[int, datetime, str]]
        if sealed:
            words = await removal.sealed_words(site.db, caller, noun.name, row["id"])
            versions = [(each["version"], each["at"], each["body"]) for each in words]
        else:
            row, earlier = await noun.history(site.db, caller, row["id"])
            versions = [(each["version"], each["at"], each["body"]) for each in earlier]
            if row["body"] is not None:
                versions.append((row["version"], row["edited_at"] or row["created_at"], row["body"]))
        drawn = await draw_versions(site.db, caller, versions[::-1])
        if sealed and wants_fragment(request):
            return answers.fragment(
                site.views.page("contributions/_sealed.html", noun=noun.name, item=row, versions=drawn)
            )
        return answers.page(
            request, "contributions/history.html", shell=frame.shell(), noun=noun.name, item=row, sealed=sealed,
            versions=drawn, back=place.link(self._noun.name),
        )  # fmt: skip

    async def withdraw_page(self, request: Request) -> Response:
        """Asks first (sentence 35)."""
        async with reading(request) as (connection, caller):
            frame, place = await self._framed(request, connection, caller)
        if "withdraw" not in place.may:
            raise _refused(caller, place.row)
        return answers.page(
            request, "contributions/withdraw.html", shell=frame.shell(), noun=self._noun.name, item=place.row,
            back=place.link(self._noun.name), undoes="withdraw_for_now" in place.may, edits="edit" in place.may,
        )  # fmt: skip

    async def withdraw(self, request: Request) -> Response:
        """Take one's own back."""
        return await self._act(request, self._noun.withdraw, "write")

    async def undo(self, request: Request) -> Response:
        """Bring one's own back."""
        return await self._act(request, self._noun.undo, "write")

    async def restore(self, request: Request) -> Response:
        """Bring back what a moderator removed; `?together=yes`, all that went in the same act."""
        together = request.query_params.get("together") == "yes"
        return await self._act(request, self._restore_together if together else self._noun.restore, "moderate")

    async def _restore_together(self, db: Database, caller: Caller, object_id: int) -> Row:
        async with db.connection() as connection:
            gone = await removal.standing(connection, self._noun.name, object_id)
        if gone is not None:
            await removal.restore_together(db, caller, gone["id"])
        # Whoever may not decide is told so; there it is shown already.
        return await self._noun.restore(db, caller, object_id)

    async def release(self, request: Request) -> Response:
        """End a hold: the deciding side by bringing the post back, the other by taking its hold back."""
        caller = await caller_of(request)
        async with reading(request) as (connection, _):
            place = await self.find(request, connection, caller)
        act = self._noun.restore if "restore" in place.may else self._noun.release
        if act is None:
            raise NotFound
        return await self._act(request, act, "moderate")

    async def _act(self, request: Request, act: Act, kind: Literal["write", "moderate"]) -> Response:
        caller = await writer_of(request, kind)
        return self._changed(request, await act(site_of(request).db, caller, request.path_params["id"]))

    async def remove_page(self, request: Request) -> Response:
        """Reason and note; for the other side's post of a joint thread, a hold."""
        return await self._remove_page(request)

    async def _remove_page(self, request: Request, form: Form | None = None, error: Invalid | None = None) -> Response:
        async with reading(request) as (connection, caller):
            place = await self.find(request, connection, caller)
            act = next((act for act in ("remove", "hold") if act in place.may), None)
            if act is None:
                who = "administrators" if place.other is not None else f"moderators of {place.network['name']}"
                raise _refused(caller, place.row, f"Only {who} may do this.")
            repeating = await self._repeating(connection, caller, place, form) if act == "remove" else ()
            # Whatever shows its words follows what clears them: read again once it is known from where on.
            channels = dict.fromkeys([self._noun.channel(place.row), *(each["channel"] for each in repeating)])
            frame = await shell.frame(request, connection, list(channels))
            place = await self.find(request, connection, caller)
            repeating = await self._repeating(connection, caller, place, form) if repeating else ()
            reasons = await reports.reasons_for(connection, place.network["id"])
        errors = {} if error is None else error.errors
        given = form or Form({})
        return answers.page(
            request, "contributions/remove.html", status=200 if error is None else error.status, shell=frame.shell(),
            noun=self._noun.name, item=place.row, act=act, decider=place.network["name"], reasons=reasons,
            reason=given.text("reason"), note=given.text("note"), repeating=repeating,
            purge=given.truth("purge") or request.query_params.get("purge") == "yes",
            errors={name: errors.get(name, "") for name in ("reason", "note", "also")},
            back=place.link(self._noun.name),
        )  # fmt: skip

    async def _repeating(
        self, connection: Connection, caller: Caller, place: Place, form: Form | None
    ) -> Sequence[Mapping[str, Any]]:
        """What repeats the words, for the form: marked as it was sent, else as it is proposed. Nothing, if it takes too
        long to find: the removal must not wait.
        """
        try:
            found = await repeats.of(connection, caller, self._noun.name, place.row["id"])
        except repeats.TooSlow:
            return ()
        return [
            {
                "value": f"{each.noun}-{each.row['id']}",
                "noun": each.noun,
                "row": each.row,
                "channel": f"{removal.CHANNEL[each.noun]}:{each.row['place_id']}",
                "said": text.excerpt(each.row["html"], EXCERPT_MAX_CHARS, each.row["mention_names"]),
                "chosen": each.chosen if form is None else f"{each.noun}-{each.row['id']}" in form.texts("also"),
            }
            for each in found
        ]

    async def remove(self, request: Request) -> Response:
        """Take the words away from everybody, and what was ticked in the same act."""
        form = await form_of(request)
        going = {"keep": not form.truth("purge"), "also": [_item(each) for each in form.texts("also")]}
        return await self._decide(request, functools.partial(self._noun.remove, **going))

    async def hold(self, request: Request) -> Response:
        """Stop the other side's post until that side decides."""
        if self._noun.hold is None:
            raise NotFound
        return await self._decide(request, self._noun.hold)

    async def _decide(self, request: Request, decision: Decision) -> Response:
        form = await form_of(request)
        caller = await writer_of(request, "moderate")
        reason, note = form.text("reason"), form.text("note")
        try:
            row = await decision(site_of(request).db, caller, request.path_params["id"], reason, note)
        except Invalid as error:
            if wants_fragment(request):
                raise
            return await self._remove_page(request, form, error)
        return self._changed(request, row)


def _refused(caller: Caller, row: Row, sentence: str = "Only its author may do this.") -> ForumError:
    """Why an act that is not among mine is not: a guest signs in, a gap says what it is."""
    _ = caller.member
    gone = contributions.GONE.get(row["state"])
    return Conflict(gone) if gone is not None else Forbidden(sentence)


def _item(value: str) -> removal.Item:
    """A post or message by the value of its box: post-12. Raises Invalid."""
    noun, _, number = value.partition("-")
    if noun not in removal.NOUNS or not is_id(number):
        raise Invalid("also", "This names no post or message.")
    return ("post" if noun == "post" else "message"), int(number)


async def draw_versions(
    db: Database, caller: Caller, versions: Sequence[tuple[int, datetime, str]]
) -> Sequence[Mapping[str, Any]]:
    """What something said, version by version, as templates draw it: version, at, html."""
    names = await _names(db, [body for _, _, body in versions])
    return [
        {"version": version, "at": at, "html": Markup(await _html(caller, body, names))}  # noqa: S704 - sanitised
        for version, at, body in versions
    ]


async def _html(caller: Caller, body: str, names: Mapping[str, str | None]) -> str:
    rendered = await text.render_async(body, whose=caller.member_id)
    return text.expand(rendered.html, names, None, absent=text.QUOTE_LEFT_OUT)


async def _names(db: Database, bodies: Sequence[str]) -> Mapping[str, str | None]:
    ids = {member for body in bodies for member in text.mentioned(body)}
    if not ids:
        return {}
    async with db.connection() as connection:
        rows = await contributions.PEOPLE.names(connection, members=sorted(ids))
    return {str(row["id"]): row["name"] for row in rows}
