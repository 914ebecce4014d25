"""Rooms: the page that opens at the unread line, earlier messages, send, and the acts on one message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum import access, members, removal, rooms, submissions, threads
from forum.db import Connection, Connections, held
from forum.errors import ForumError, Invalid, Unauthenticated
from forum.standing import Caller, Conversation, Network, Room
from forum.submissions import Submission
from forum.views import Row
from forum.web import answers, shell
from forum.web.context import reading, site_of, writer_of
from forum.web.contributions import Noun, Pages, Place
from forum.web.forms import Form, form_of, new_key, query_number, wants_fragment

MAX_SHOWN: Final = 200
"""How far back the page reaches by itself for the unread line."""
MAX_FROM_A_PLACE: Final = 200
"""How many messages the page shows around one that a permalink leads to: then a link to later ones."""
BEFORE_A_PLACE: Final = 10
LATEST_THREADS: Final = 3
FACES: Final = 50


@dataclass(frozen=True, slots=True)
class Addresses:
    """A room as templates/rooms/room.html takes it: its id, where it is, and where its forms go."""

    id: int
    at: str
    messages: str
    read: str
    name: str
    slow_s: int = 0

    @classmethod
    def of(cls, room: Room) -> "Addresses":
        """Of a network's room, or of a direct conversation."""
        if isinstance(room, Conversation):
            at = f"/conversations/{room.room_id}"
            return cls(room.room_id, at, f"{at}/messages", f"{at}/read", room.name)
        at = f"/networks/{room.slug}"
        return cls(room.room_id, f"{at}/room", f"{at}/messages", f"{at}/read", room.name, room.row["slow_s"])

    def place(self, message: Row) -> str:
        """Where a message is read: its room, opened there."""
        return f"{self.at}?at={message['number']}#message-{message['id']}"


def channel_of(message: Row) -> str:
    """The channel that tells of a message."""
    return f"room:{message['room_id']}"


async def find(connection: Connection, caller: Caller, message_id: int) -> Place:
    """A message as the caller stands to it. Raises NotFound."""
    room, message = await rooms.require(connection, caller, message_id)
    addresses, may = Addresses.of(room), may_on(room, message, caller)
    at = addresses.place(message)
    if isinstance(room, Conversation):
        none = {"id": None, "slug": None, "name": None}
        return Place(message, none, may, at, room.name, addresses.at, other=room.other["id"])
    named = {"id": room.id, "slug": room.slug, "name": room.name}
    return Place(message, named, may, at, f"Room of {room.name}", addresses.at)


def may_on(room: Room, message: Row, caller: Caller) -> frozenset[str]:
    """Which acts this caller has on this message, as the domain would allow them now."""
    own = caller.member_id is not None and message["author_id"] == caller.member_id
    acts = {
        "shown": {
            "reply": room.may_say,
            "begin": room.may_write,
            "edit": own and room.may_say,
            "withdraw": own,
            "withdraw_for_now": own and room.may_say,
            "report": caller.member_id is not None and not own,
            "remove": room.may_moderate,
        },
        "withdrawn": {"undo": own and room.may_say, "read": own},
        "removed": {"restore": room.may_moderate, "read": room.may_moderate},
    }
    return frozenset(act for act, allowed in acts.get(message["state"], {}).items() if allowed)


NOUN: Final = Noun(
    name="message",
    find=find,
    draw=lambda views, row: views.message(row),
    channel=channel_of,
    edit=rooms.edit,
    history=rooms.history,
    withdraw=rooms.withdraw,
    undo=rooms.undo,
    remove=removal.remove_message,
    restore=removal.restore_message,
    menu="rooms/_menu.html",
)
PAGES: Final = Pages(NOUN)


async def permalink(request: Request) -> Response:
    """To the message in its room; for our scripts the acts that I have on it."""
    if wants_fragment(request):
        return await PAGES.acts(request)
    async with reading(request) as (connection, caller):
        place = await PAGES.find(request, connection, caller)
    return answers.go(place.at)


async def show(request: Request) -> Response:
    """The room, at its end or at the unread line."""
    return await _show(request)


async def _show(request: Request, form: Form | None = None, error: ForumError | None = None) -> Response:
    async with reading(request) as (connection, caller):
        network = await _require_room(request, connection, caller)
        frame = await shell.frame(request, connection, [f"room:{network.room_id}", f"network:{network.id}"])
        network = await _require_room(request, connection, caller)
        context = await content(request, connection, caller, network)
        composer = await composer_of(request, connection, network, form, error)
        audiences = access.audiences(network, caller)
        listed = await threads.listed(connection, network.id, limit=LATEST_THREADS, audiences=audiences)
        new = await threads.unread_in(connection, caller.member, [row["id"] for row in listed.items])
    return answers.page(
        request, "rooms/room.html", status=200 if error is None else error.status,
        shell=frame.shell(f"room:{network.id}"), network=network, above=network.above,
        composer=composer, closed=network.closed, join=_join(network), latest=listed.items, new=new, **context,
    )  # fmt: skip


async def _require_room(request: Request, connection: Connection, caller: Caller) -> Network:
    network = await access.require_network(connection, caller, request.path_params["slug"])
    if caller.member_id is None:
        raise Unauthenticated("Rooms are for members. Sign in to read this one.")
    return network


async def content(request: Request, connection: Connection, caller: Caller, room: Room) -> dict[str, Any]:
    """What templates/rooms/room.html shows of any room: its addresses, its messages, who is here."""
    addresses = Addresses.of(room)
    read = await rooms.SQL.read_to(connection, member=caller.member, room=room.room_id) or 0
    shown, previous, following = await _stretch(request, connection, room.room_id, read)
    here, people = await who_is_here(request, held(connection), room.room_id)
    return {
        "room": addresses,
        "messages": shown,
        "previous": previous,
        "read": read,
        "earlier": _earlier_of(addresses, shown, previous),
        "later": "" if following is None else addresses.place(following),
        "here": here,
        "people": people,
    }


async def composer_of(
    request: Request, connection: Connection, room: Room, form: Form | None, error: ForumError | None
) -> Mapping[str, Any] | None:
    """The composer of a room, with what was sent and why it was refused; None where there is none."""
    if not room.may_say:
        return None
    return {
        "key": (form.text("key") if form else "") or new_key(),
        "text": form.text("body") if form else "",
        "error": "" if error is None else error.detail,
        "parent": await _answered(request, connection, room, form),
    }


async def _stretch(
    request: Request, connection: Connection, room_id: int, read: int
) -> tuple[Sequence[Row], Row | None, Row | None]:
    """The messages that the page shows, oldest first, the one before them and the one after them."""
    at, before = query_number(request, "at"), query_number(request, "before")
    if at is not None:
        return await _around(connection, room_id, at)
    if before is not None:
        following = await rooms.messages(connection, room_id, after=before - 1, limit=1) if before > 0 else ()
        return *await _last(connection, room_id, rooms.PAGE, before), next(iter(following), None)
    last = await rooms.SQL.last_number(connection, room=room_id)
    wanted = min(max(rooms.PAGE, last - read + BEFORE_A_PLACE), MAX_SHOWN)
    return *await _last(connection, room_id, wanted), None


async def _around(connection: Connection, room_id: int, at: int) -> tuple[Sequence[Row], Row | None, Row | None]:
    after = max(at - BEFORE_A_PLACE - 2, 0)
    rows = await rooms.messages(connection, room_id, after=after, limit=MAX_FROM_A_PLACE + 2)
    previous, rows = (rows[0], rows[1:]) if after and rows else (None, rows)
    return rows[:MAX_FROM_A_PLACE], previous, next(iter(rows[MAX_FROM_A_PLACE:]), None)


async def _last(
    connection: Connection, room_id: int, wanted: int, before: int | None = None
) -> tuple[Sequence[Row], Row | None]:
    """The last messages of the room, or before a number, and the one before them."""
    rows = await rooms.messages(connection, room_id, before=before, limit=wanted + 1)
    return (rows[1:], rows[0]) if len(rows) > wanted else (rows, None)


def _earlier_of(room: Addresses, shown: Sequence[Row], previous: Row | None) -> str:
    """The address of what stands before these messages; "" where nothing does."""
    return f"{room.messages}?before={shown[0]['number']}" if shown and previous is not None else ""


async def _answered(
    request: Request, connection: Connection, room: Room, form: Form | None
) -> Mapping[str, Any] | None:
    """The message that the composer answers, where one is named and it is in this room."""
    wanted = query_number(request, "reply") if form is None else form.number("reply_to")
    if wanted is None:
        return None
    row = await rooms.SQL.one(connection, message=wanted)
    if row is None or row["room_id"] != room.room_id or row["state"] != "shown":
        return None
    return {"id": row["id"], "name": row["author_name"]}


async def who_is_here(request: Request, at: Connections, room_id: int) -> tuple[int, Sequence[Row]]:
    """How many are in a room now, and the first of them."""
    ids = site_of(request).here([f"room:{room_id}"]).get(f"room:{room_id}", ())
    if not ids:
        return 0, ()
    async with at() as connection:
        return len(ids), await members.SQL.cards(connection, members=list(ids)[:FACES])


def _join(network: Network) -> Mapping[str, str] | None:
    if network.role is not None:
        return None
    return {"href": f"/networks/{network.slug}", "words": f"Join {network.name}"}


async def earlier(request: Request) -> Response:
    """Earlier messages: to be put above the others by our script, else as a page."""
    if not wants_fragment(request):
        return await _show(request)
    async with reading(request) as (connection, caller):
        return await earlier_in(request, connection, caller, await _require_room(request, connection, caller))


async def earlier_in(request: Request, connection: Connection, caller: Caller, room: Room) -> Response:
    """The same of a room that was found already, as the fragment."""
    shown, previous = await _last(connection, room.room_id, rooms.PAGE, query_number(request, "before"))
    return answers.fragment(
        site_of(request).views.page(
            "rooms/_earlier.html", me=caller.member_id or 0, messages=shown, previous=previous,
            earlier=_earlier_of(Addresses.of(room), shown, previous),
        )
    )  # fmt: skip


async def create(request: Request) -> Response:
    """Send a message."""
    form = await form_of(request)
    caller = await writer_of(request, "say")
    site, slug = site_of(request), request.path_params["slug"]
    try:
        row = await submissions.say(
            site.db, caller, slug, form.text("body"), reply_to=form.number("reply_to"), key=form.key(request)
        )
    except Invalid as error:
        if wants_fragment(request):
            raise
        return await _show(request, form, error)
    if isinstance(row, Submission):
        return answers.waits(request, row.id)
    return answers.written(
        request, site.views.message(row), object_id=row["id"], version=row["version"], channel=channel_of(row),
        at=f"/networks/{slug}/room#message-{row['id']}", status=201,
    )  # fmt: skip


async def read(request: Request) -> Response:
    """Everything up to this number is read."""
    form = await form_of(request)
    caller = await writer_of(request, "mark")
    await rooms.mark_read(site_of(request).db, caller, request.path_params["slug"], number_read(form))
    return Response(status_code=204)


def number_read(form: Form) -> int:
    """Up to which message. Raises Invalid."""
    number = form.number("number")
    if number is None or number >= 2**31:
        raise Invalid("number", "This is a whole number.")
    return number


async def mine(request: Request) -> Response:
    """All my rooms, as cards; for our scripts the cards alone."""
    async with reading(request) as (connection, caller):
        _ = caller.member
        frame = await shell.frame(request, connection)
        cards = await cards_of(request, connection, frame.networks)
    if wants_fragment(request):
        return answers.fragment(site_of(request).views.page("rooms/_cards.html", rooms=cards))
    return answers.page(request, "rooms/rooms.html", shell=frame.shell("rooms"), rooms=cards)


async def cards_of(
    request: Request, connection: Connection, networks: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Rows of `networks.mine` as templates/rooms/_card.html draws them: three statements for all."""
    room_ids = [row["room_id"] for row in networks]
    last = {row["room_id"]: row for row in await rooms.SQL.last_of_rooms(connection, rooms=room_ids)}
    here = site_of(request).here([f"room:{room_id}" for room_id in room_ids])
    seen = sorted({member for ids in here.values() for member in list(ids)[:3]})
    people = {row["id"]: row for row in (await members.SQL.cards(connection, members=seen) if seen else [])}
    return [
        {
            "network": row,
            "mentions": row["unread_mentions"],
            "messages": row["unread_messages"],
            "here": len(ids),
            "people": [people[member] for member in list(ids)[:3] if member in people],
            "last": last.get(row["room_id"]),
        }
        for row in networks
        for ids in [here.get(f"room:{row['room_id']}", ())]
    ]


def routes() -> list[BaseRoute]:
    """Rooms and messages."""
    return [
        Route("/rooms", mine, methods=["GET"]),
        Route("/networks/{slug:slug}/room", show, methods=["GET"]),
        Route("/networks/{slug:slug}/messages", earlier, methods=["GET"]),
        Route("/networks/{slug:slug}/messages", create, methods=["POST"]),
        Route("/networks/{slug:slug}/read", read, methods=["POST"]),
        Route("/messages/{id:id}", permalink, methods=["GET"]),
        *PAGES.routes(),
    ]
