"""From a line of the table to a route: who asks, what comes in, one handler, what goes out.

A handler says by its annotations what it needs and what it answers, so the table says nothing twice:

    async def reply(call: Call, thread: int, body: NewPost) -> Created[Post]:

`call` is who asks; names in the path come as an id (int) or a word (str); `body` and `query` come in their shapes;
`connection` is an open connection to read with, and `look` what the table's `first` has read with who asks. It returns
a shape, `Created` or `Accepted` around one, or None (204).

Invariants: scope, limit and what comes in are checked before the handler runs; a guest passes only where the table says
so; the document is made from the same lines (forum.api.openapi).
"""

import contextlib
import inspect
import types
import typing
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from forum.api import incoming
from forum.api.bodies import NoQuery
from forum.db import Database
from forum.standing import GUEST, Caller
from forum.stretches import Look
from forum.web.context import Site, caller_of, counted, reading, remember, site_of
from forum.web.limits import Act

T_co = TypeVar("T_co", covariant=True)

Scope = Literal["guest", "read", "write", "moderate"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
PREFIX: Final = "/api/v1"
AROUND: Final = frozenset({401, 403, 408, 413, 431, 503})
"""How what stands around every route may refuse: for who asks, from where, how much and how slowly, and while the site
cannot.
"""

_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Call:
    """One request, as a handler sees it."""

    request: Request
    caller: Caller
    key: str | None = None
    """The Idempotency-Key, where the route takes one."""
    touch: list[Callable[[Response], None]] = field(default_factory=list)
    """What is done to the answer before it goes: a cookie that is set."""

    @property
    def site(self) -> Site:
        """The parts of the site."""
        return site_of(self.request)

    @property
    def db(self) -> Database:
        """The database, for acts."""
        return self.site.db


@dataclass(frozen=True, slots=True)
class Created(Generic[T_co]):
    """201: the object, and the path under which it is found from now on."""

    value: T_co
    location: str
    status: int = 201


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T_co]):
    """202: others have to agree first."""

    value: T_co
    status: int = 202


@dataclass(frozen=True)
class Endpoint:
    """One line of the table."""

    method: Method
    path: str
    """Below `/api/v1`."""
    handle: Callable[..., Awaitable[Any]]
    scope: Scope
    """What a token needs; `guest`: whoever may see it, and a token needs `read`."""
    limit: Act | None = None
    account: Callable[[Any], str] | None = None
    """Whose act that limit counts, by the body; else it is the caller's."""
    keyed: bool = False
    """Takes an `Idempotency-Key`."""
    first: Callable[[Request], Awaitable[Look]] | None = None
    """For a handler that takes a `look`: how it is taken, in one statement with who asks."""

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        """What the handler takes and returns, by name."""
        return inspect.get_annotations(self.handle)

    @property
    def names(self) -> Mapping[str, type]:
        """The names in the path, each int or str."""
        return {
            part[1:-1]: self.hints[part[1:-1]] for part in self.path.split("/") if part.startswith("{")
        }  # a KeyError here is a line whose handler does not take its path

    @property
    def body(self) -> type[msgspec.Struct] | None:
        """The shape of the body."""
        return self.hints.get("body")

    @property
    def query(self) -> type[msgspec.Struct]:
        """The shape of the query."""
        return self.hints.get("query", NoQuery)  # type: ignore[no-any-return]

    @cached_property
    def answers(self) -> Mapping[int, Any]:
        """The status of each answer, with its shape: None where there is nothing to say."""
        hint = self.hints["return"]
        answers = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
        found: dict[int, Any] = {}
        for each in answers:
            origin = typing.get_origin(each)
            if origin in (Created, Accepted):
                found[201 if origin is Created else 202] = typing.get_args(each)[0]
            else:
                nothing = each in (None, types.NoneType)
                found[204 if nothing else 200] = None if nothing else each
        return found

    @property
    def errors(self) -> Sequence[int]:
        """The statuses with which it may refuse."""
        errors = {*AROUND, 406, 422}
        if self.names or self.body is not None:
            errors.add(404)
        if self.body is not None:
            errors |= {400, 415}
        if self.method != "GET":
            errors.add(409)
        if self.limit is not None:
            errors.add(429)
        return sorted(errors)

    @property
    def summary(self) -> str:
        """The first line of what the handler says of itself."""
        return (inspect.getdoc(self.handle) or "").partition("\n")[0]

    async def __call__(self, request: Request) -> Response:
        """Answer one request. Raises ForumError."""
        incoming.require_acceptable(request)
        async with self._asked(request) as (call, given):
            answer = await self.handle(call, **given)
        response = _response(answer)
        for touch in call.touch:
            touch(response)
        return response

    @contextlib.asynccontextmanager
    async def _asked(self, request: Request) -> AsyncIterator[tuple[Call, dict[str, Any]]]:
        """Who asks, and what the handler is given: checked in this order."""
        if self.first is not None:
            look = await self.first(request)
            remember(request, look.visit.known)
            caller = GUEST if look.visit.known is None else look.visit.known.caller
            call, given = await self._checked(request, caller)
            yield call, {**given, "look": look}
        elif "connection" in self.hints:
            async with reading(request) as (connection, caller):
                call, given = await self._checked(request, caller)
                yield call, {**given, "connection": connection}
        else:
            yield await self._checked(request, await caller_of(request))

    async def _checked(self, request: Request, caller: Caller) -> tuple[Call, dict[str, Any]]:
        if self.scope != "guest":
            caller.require_scope(self.scope)
        elif caller.member_id is not None and caller.scopes is not None:
            caller.require_scope("read")
        given: dict[str, Any] = {
            name: (incoming.id_of if kind is int else incoming.word_of)(request.path_params[name])
            for name, kind in self.names.items()
        }
        query = incoming.query_of(request, self.query)
        if "query" in self.hints:
            given["query"] = query
        if self.limit is not None and self.account is None:
            await counted(request, self.limit, caller.member_id)
        if self.body is not None:
            given["body"] = await incoming.body_of(request, self.body)
        if self.limit is not None and self.account is not None:
            await counted(request, self.limit, self.account(given["body"]))
        return Call(request, caller, request.headers.get("idempotency-key") if self.keyed else None), given


def _response(answer: Any) -> Response:
    if answer is None:
        return Response(status_code=204)
    if isinstance(answer, Response):
        return answer
    headers = {"Location": answer.location} if isinstance(answer, Created) else None
    status = answer.status if isinstance(answer, Created | Accepted) else 200
    value = answer.value if isinstance(answer, Created | Accepted) else answer
    return Response(_encoder.encode(value), status, headers, media_type=incoming.JSON)


def routes_of(table: Iterable[Endpoint]) -> list[BaseRoute]:
    """One route for each path, so that a wrong method is told all the right ones."""
    by_path: dict[str, dict[str, Endpoint]] = defaultdict(dict)
    for endpoint in table:
        by_path[endpoint.path][endpoint.method] = endpoint
    return [Route(PREFIX + path, _by_method(endpoints), methods=list(endpoints)) for path, endpoints in by_path.items()]


def _by_method(endpoints: Mapping[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    return answer
