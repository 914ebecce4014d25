"""Requests that nobody thought of, made from the document: no 500, and every answer as the document says.

Schemathesis makes them, with a seed and a bound: such as the document allows, and such as it does not. They are sent
by the lead of both networks, to things that are there, so that they get past the door.
"""

from typing import Any

import httpx
import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from forum.api.routing import PREFIX, Endpoint
from forum.api.table import TABLE
from tests.api.conftest import Api
from tests.api.document import Document
from tests.api.test_refusals import places

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
    @settings(
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


@pytest.fixture(scope="module")
def schema(document: Document) -> Any:
    return schemathesis.openapi.from_dict(document.document)


WITH_INPUT = [each for each in TABLE if each.body is not None or msgspec.structs.fields(each.query)]
WANTED = [(each, GenerationMode.POSITIVE) for each in TABLE] + [(each, GenerationMode.NEGATIVE) for each in WITH_INPUT]


@pytest.mark.parametrize(
    ("endpoint", "mode"), WANTED, ids=[f"{mode.value} {each.method} {each.path}" for each, mode in WANTED]
)
async def test_requests_that_nobody_thought_of(api: Api, schema: Any, endpoint: Endpoint, mode: GenerationMode) -> None:
    there, _ = await places(api)
    lead = await api("lead")
    names = {name: there[name] for name in endpoint.names}
    for case in cases(schema, endpoint, names, mode):
        answer = await lead.send(request_of(case, api.base_url, lead.headers))
        case.validate_response(answer, checks=CHECKS)
