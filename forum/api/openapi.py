"""The document at /api/openapi.json (OpenAPI 3.1), made from the table of routes and the shapes that they use.

Nothing is said here that a route does not do: paths, what comes in and what goes out are read from the same lines that
answer (forum.api.routing), so neither can be forgotten. The tests hold every real answer against it.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from msgspec import Struct

from forum.api.bodies import Id
from forum.api.routing import AROUND, PREFIX, Endpoint

REF: Final = "#/components/schemas/{name}"
SLUG: Final = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$", "maxLength": 60}
LEFT: Final = {
    name: {"required": False, "description": words, "schema": {"type": "string"}}
    for name, words in (
        ("RateLimit-Policy", 'How many of such acts in how many seconds: `"write";q=1200;w=60`.'),
        ("RateLimit", 'What is left of them, and in how many seconds there is more: `"write";r=1199;t=60`.'),
    )
}
BY_THE_CONNECTION: Final = frozenset({408, 431})
"""Answered before there is a request that could have a route (forum.connections): a sentence, no problem."""
SANCTION: Final = {"type": "string", "enum": ["warning", "mute", "suspension"]}
WORDS: Final = {"type": "string", "enum": ["name", "about"]}
LOG: Final = {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$"}
CHANNEL: Final = {
    "type": "string",
    "pattern": "^((network|thread|room|member|moderators):[1-9][0-9]{0,17}|moderators:0)$",
}

ABOUT: Final = """The forum as data. Everything here goes through the same acts as the pages. Every answer that lists or
shows something says in `channels` from which cursors on its changes can be followed, by `/live` or by catch-up.

What you may not see does not exist: 404, the same to the byte as for what never was. Errors are problem+json.
A POST that carries an `Idempotency-Key` may be sent again: it stores nothing new, and is answered with the same object
as it stands by then; the same key with another body is refused (422). Lists go on with `?after=` and their `next`."""


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, for the caller; `errors` has a sentence for each field."""

    type: str
    title: str
    status: int
    detail: str
    errors: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    retry_after: int | msgspec.UnsetType = msgspec.UNSET
    """Seconds after which it may be tried again."""


class Poll(Struct, frozen=True, kw_only=True):
    """What came in the channels of a long poll, in order for each; `channels` are the cursors to ask on with."""

    updates: list[dict[str, Any]]
    channels: dict[str, int]
    reset: list[str]
    """Channels whose cursor cannot be caught up: load anew."""
    gone: list[str]
    """Channels that may no longer be followed."""
    log: str | None


def document(table: Iterable[Endpoint], *, base_url: str, cookie: str) -> dict[str, Any]:
    """The OpenAPI document for a site at this address whose session cookie has this name."""
    table = list(table)
    refs, schemas = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in table:
        paths.setdefault(PREFIX + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, refs)
    paths[f"{PREFIX}/updates"] = {"get": _long_poll(refs)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Forum", "version": "1", "description": ABOUT},
        "servers": [{"url": base_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Made at /settings, or by python -m forum token EMAIL",
                },
                "session": {"type": "apiKey", "in": "cookie", "name": cookie},
            },
        },
    }


def _schemas(table: Iterable[Endpoint]) -> tuple[Mapping[Any, Any], dict[str, Any]]:
    """A reference for each shape that is used, and the shapes by name."""
    shapes: list[Any] = [Problem, Poll]
    for endpoint in table:
        shapes += [endpoint.body] if endpoint.body is not None else []
        shapes += [shape for shape in endpoint.answers.values() if shape is not None]
    wanted = list(dict.fromkeys(shapes))
    refs, components = msgspec.json.schema_components(wanted, ref_template=REF)
    return dict(zip(wanted, refs, strict=True)), components


def _operation(endpoint: Endpoint, refs: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.handle.__module__.rpartition('.')[2]}.{endpoint.handle.__name__}",
        "tags": [endpoint.handle.__module__.rpartition(".")[2]],
        "summary": endpoint.summary,
        "description": f"Scope: {'read' if endpoint.scope == 'guest' else endpoint.scope}.",
        "parameters": [*_in_path(endpoint), *_in_query(endpoint), *_in_header(endpoint)],
        "responses": {
            **{str(status): _answer(status, shape, refs) for status, shape in sorted(endpoint.answers.items())},
            **{str(status): _refusal(status, refs) for status in endpoint.errors},
        },
        "security": [*([{}] if endpoint.scope == "guest" else []), {"token": []}, {"session": []}],
    }
    if endpoint.limit is not None:
        _tell_what_is_left(operation)
    if endpoint.body is not None:
        required = any(field.required for field in msgspec.structs.fields(endpoint.body))
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": refs[endpoint.body]}},
        }
    return operation


def _tell_what_is_left(operation: Mapping[str, Any]) -> None:
    for answer in operation["responses"].values():
        answer["headers"] = {**answer.get("headers", {}), **LEFT}


def _in_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    (id_schema,), _ = msgspec.json.schema_components([Id])
    text = {"slug": SLUG, "channel": CHANNEL, "kind": SANCTION, "noun": WORDS}
    return [
        {"name": name, "in": "path", "required": True, "schema": id_schema if kind is int else text[name]}
        for name, kind in endpoint.names.items()
    ]


def _in_query(endpoint: Endpoint) -> list[dict[str, Any]]:
    _, components = msgspec.json.schema_components([endpoint.query])
    shape = components[endpoint.query.__name__]
    return [
        {"name": name, "in": "query", "required": name in shape.get("required", ()), "schema": _without_null(schema)}
        for name, schema in shape["properties"].items()
    ]


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter that may be left out: nothing in a query is null."""
    options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return options[0] if len(options) == 1 else {name: value for name, value in schema.items() if value is not None}


def _in_header(endpoint: Endpoint) -> list[dict[str, Any]]:
    if not endpoint.keyed:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}]


def _answer(status: int, shape: Any, refs: Mapping[Any, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if shape is not None:
        answer["content"] = {"application/json": {"schema": refs[shape]}}
    if status == HTTPStatus.CREATED:
        answer["headers"] = {"Location": {"required": True, "schema": {"type": "string"}}}
    return answer


def _refusal(status: int, refs: Mapping[Any, Any]) -> dict[str, Any]:
    if status in BY_THE_CONNECTION:
        return {
            "description": HTTPStatus(status).phrase,
            "content": {"text/plain; charset=utf-8": {"schema": {"type": "string"}}},
        }
    refusal: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": refs[Problem]}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        refusal["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    return refusal


def _long_poll(refs: Mapping[Any, Any]) -> dict[str, Any]:
    """The one route that is answered elsewhere: by live delivery, which knows no forum."""
    operation: dict[str, Any] = {
        "operationId": "live.poll",
        "tags": ["live"],
        "summary": "Wait up to 25 s for updates of several channels: for where sockets do not pass.",
        "description": "Scope: read.",
        "parameters": [
            {
                "name": "after",
                "in": "query",
                "required": True,
                "style": "deepObject",
                "explode": True,
                "schema": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
                "description": "after[thread:9]=41&after[network:3]=7",
            },
            {"name": "log", "in": "query", "required": False, "schema": LOG},
            {"name": "as", "in": "query", "required": False, "schema": {"type": "string", "enum": ["json", "html"]}},
        ],
        "responses": {
            "200": _answer(200, Poll, refs),
            **{str(status): _refusal(status, refs) for status in sorted({*AROUND, 400, 429})},
        },
        "security": [{}, {"token": []}, {"session": []}],
    }
    _tell_what_is_left(operation)
    return operation
