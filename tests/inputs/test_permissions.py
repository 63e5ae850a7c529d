"""Every address of every service against every role, by the table in `permissions.py`."""

import time

import pytest

from shared.auth import ROLES
from tests.inputs.callers import as_role
from tests.inputs.conftest import SERVICES
from tests.inputs.doors import Doors, operations
from tests.inputs.permissions import permitted
from tests.inputs.requests import good_requests
from tests.tokens import authorization, sign

EVERY_OPERATION = [(service, operation) for service in SERVICES for operation in permitted(service)]


@pytest.mark.parametrize("service", SERVICES)
async def test_every_address_is_in_the_table_and_every_line_of_the_table_is_an_address(doors: Doors, service: str) -> None:
    assert operations(doors[service].app) == permitted(service).keys()
    assert good_requests(service).keys() == permitted(service).keys()


def test_the_table_speaks_of_roles_there_are() -> None:
    named = {who for service in SERVICES for whos in permitted(service).values() for who in whos}
    assert named <= ROLES | {"anyone", "signed"}


@pytest.mark.parametrize(("service", "operation"), EVERY_OPERATION, ids=[" ".join(each) for each in EVERY_OPERATION])
async def test_an_address_answers_exactly_those_the_table_names(doors: Doors, service: str, operation: str) -> None:
    may_call = permitted(service)[operation]
    for role in sorted(ROLES):
        headers = as_role(role)
        status = await _status(doors, service, operation, headers)
        if may_call == {"signed"}:
            assert status == 401, role
        elif may_call == {"anyone"} or role in may_call:
            assert status in good_requests(service)[operation].answers, role
        else:
            assert status == 403, role


@pytest.mark.parametrize(("service", "operation"), EVERY_OPERATION, ids=[" ".join(each) for each in EVERY_OPERATION])
async def test_somebody_we_do_not_know_is_asked_who_they_are(doors: Doors, service: str, operation: str) -> None:
    now = int(time.time())
    strangers = {
        "no token": {},
        "a token that has just expired": {"Authorization": f"Bearer {sign(roles=sorted(ROLES), exp=now - 1)}"},
        "a token for somebody else's service": {"Authorization": f"Bearer {sign(roles=sorted(ROLES), aud='elsewhere')}"},
        "no token at all in the header": {"Authorization": "Bearer admin"},
    }
    is_open = permitted(service)[operation] == {"anyone"}
    for stranger, headers in strangers.items():
        status = await _status(doors, service, operation, headers)
        assert status in (good_requests(service)[operation].answers if is_open else (401,)), stranger


@pytest.mark.parametrize(("service", "operation"), EVERY_OPERATION, ids=[" ".join(each) for each in EVERY_OPERATION])
async def test_a_role_we_never_heard_of_opens_nothing(doors: Doors, service: str, operation: str) -> None:
    if permitted(service)[operation] not in ({"anyone"}, {"signed"}):
        assert await _status(doors, service, operation, authorization("superuser,root,Admin,AUDITOR")) == 403


async def _status(doors: Doors, service: str, operation: str, headers: dict[str, str]) -> int:
    good = good_requests(service)[operation]
    method, _ = operation.split()
    body = None if good.body is None else good.body()
    answer = await doors[service].client.request(method, good.path.format_map(doors.known), json=body, headers=headers)
    if answer.is_error and method != "HEAD" and good.refuses_with_a_problem:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    return answer.status_code
