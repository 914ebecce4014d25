"""Requests that nobody thought of, made from the document: no 500, and every answer as the document says.

Schemathesis makes them, with a seed and a bound: such as the document allows, and such as it does not. They are sent
by the lead of both networks, to things that are there, so that they get past the door.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as settings_of_hypothesis
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette

from forum.api.routing import PREFIX, Endpoint
from forum.api.table import TABLE
from forum.db import Database
from forum.settings import Settings
from tests.api.conftest import Api
from tests.api.document import Document
from tests.api.test_refusals import places
from tests.people import make_world

pytestmark = pytest.mark.long

SEED = 20261123
EXAMPLES = 8
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def cases(schema: Any, endpoint: Endpoint, names: dict[str, Any], mode: GenerationMode) -> list[schemathesis.Case]:
    """Requests for this route: always the same ones."""
    operation = schema[PREFIX + endpoint.path][endpoint.method]
    made: list[schemathesis.Case] = []

    @seed(SEED)
    @settings_of_hypothesis(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=HealthCheck
    )
    @given(operation.as_strategy(mode, path_parameters=names))
    def draw(case: schemathesis.Case) -> None:
        made.append(case)

    draw()
    return made


def request_of(case: schemathesis.Case, base_url: str, headers: httpx.Headers) -> httpx.Request:
    """The case as a request of our client."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url=base_url)).prepare()
    given_headers = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
    return httpx.Request(
        prepared.method, prepared.url, headers={**given_headers, **headers}, content=prepared.body or b""
    )


Place = tuple[Api, Mapping[str, object]]
"""The API, and what is there."""


@pytest_asyncio.fixture(scope="module")
async def to_look_at(app: Starlette, settings: Settings, document: Document, db: Database) -> AsyncIterator[Place]:
    """One for all that only reads."""
    api = Api(app, settings.base_url, document, await make_world(db))
    yield api, await places(api)
    await api.close()


@pytest_asyncio.fixture
async def place(
    endpoint: Endpoint, to_look_at: Place, app: Starlette, settings: Settings, document: Document, db: Database
) -> AsyncIterator[Place]:
    """What may be changed: new, and no more of it than the route can be about."""
    if endpoint.method == "GET":
        yield to_look_at
        return
    api = Api(app, settings.base_url, document, await make_world(db))
    yield api, await places(api, endpoint.names)
    await api.close()


@pytest.fixture(scope="module")
def schema(document: Document) -> Any:
    return schemathesis.openapi.from_dict(document.document)


WITH_INPUT = [each for each in TABLE if each.body is not None or msgspec.structs.fields(each.query)]
WANTED = [(each, GenerationMode.POSITIVE) for each in TABLE] + [(each, GenerationMode.NEGATIVE) for each in WITH_INPUT]


@pytest.mark.parametrize(
    ("endpoint", "mode"), WANTED, ids=[f"{mode.value} {each.method} {each.path}" for each, mode in WANTED]
)
async def test_requests_that_nobody_thought_of(
    place: Place, schema: Any, endpoint: Endpoint, mode: GenerationMode
) -> None:
    api, there = place
    lead = await api("lead")
    names = {name: there[name] for name in endpoint.names}
    for case in cases(schema, endpoint, names, mode):
        answer = await lead.send(request_of(case, api.base_url, lead.headers))
        case.validate_response(answer, checks=CHECKS)
