"""What the OpenAPI documents say, held against what the services do: by schemathesis, as every role that may call something."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.auth import ROLES
from tests.inputs.callers import as_role
from tests.inputs.conftest import SERVICES, OpenDoors
from tests.inputs.doors import Doors
from tests.inputs.permissions import permitted
from tests.inputs.requests import JSON_OPERATIONS
from tests.inputs.serving import serving

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# Pages and documents, which the document is not about.
UNDOCUMENTED = ("/docs", "/openapi.json", "/asyncapi", "/metrics", "/page", "/session")


def documented(service: str, who: set[str]) -> list[str]:
    """The addresses in the service's document that one of `who` may call."""
    return [operation for operation, callers in permitted(service).items() if who & callers and _is_documented(operation)]


def _is_documented(operation: str) -> bool:
    path = operation.split()[1]
    return path != "/" and not path.startswith(UNDOCUMENTED)


CALLERS = [(service, role) for service in SERVICES for role in sorted(ROLES) if documented(service, {role})]


@pytest.fixture(scope="module")
async def own_doors(open_doors: OpenDoors) -> AsyncIterator[Doors]:
    """A world of their own, since what is generated is written into it."""
    async with open_doors() as doors:
        yield doors


@pytest.mark.parametrize(("service", "role"), CALLERS, ids=[" ".join(each) for each in CALLERS])
async def test_a_service_does_what_its_document_says(own_doors: Doors, service: str, role: str) -> None:
    await _hold_to_its_document(own_doors, service, documented(service, {role}), as_role(role))


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_open_does_what_its_document_says_to_strangers(own_doors: Doors, service: str) -> None:
    await _hold_to_its_document(own_doors, service, documented(service, {"anyone", "signed"}), {})


async def _hold_to_its_document(doors: Doors, service: str, tried: list[str], headers: dict[str, str]) -> None:
    async with serving(doors[service].app) as port:
        chosen = [word for operation in tried for word in ("--include-name", operation)]
        given = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
        program = await asyncio.create_subprocess_exec(
            SCHEMATHESIS, "--config-file", CONFIGURATION, "run", f"http://127.0.0.1:{port}/openapi.json", "--seed", "1", "--no-color",
            *chosen, *given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        report, _ = await program.communicate()
    assert program.returncode == 0, report.decode()
    assert f"Tested: {len(tried)}" in report.decode()


@pytest.mark.parametrize(("service", "operation"), JSON_OPERATIONS, ids=[" ".join(each) for each in JSON_OPERATIONS])
async def test_a_document_shows_the_fields_of_every_body(doors: Doors, service: str, operation: str) -> None:
    document = doors[service].app.openapi()
    method, path = operation.split()
    shown = str(document["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"])
    assert "properties" in shown or "#/components/schemas/" in shown


@pytest.mark.parametrize("service", SERVICES)
async def test_whatever_may_be_created_twice_says_what_a_repetition_is_told(doors: Doors, service: str) -> None:
    for path, methods in doors[service].app.openapi()["paths"].items():
        answers = methods.get("post", {}).get("responses", {})
        if "201" in answers:
            assert answers["200"]["content"] == answers["201"]["content"], path
