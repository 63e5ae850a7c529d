"""The demo's reference world and platforms: what it expects must follow from what it loads, and its signatures must be the vendors'."""

import re
import sys
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from standardwebhooks import Webhook

from deploy.demo import expectations, hubspot, mautic
from deploy.demo.checks import CannotGoOn
from deploy.demo.deployment import deployment_behind
from deploy.demo.endpoint import MarketingEndpoint, open_endpoint
from deploy.demo.world import Person, ReferenceWorld, npi, reference_world
from routing.decisions.facts import Account, Contact, Engagement, Subject
from routing.decisions.policies.document import Policy
from routing.decisions.qualification.deciding import Cycle, Qualified, decide_qualification
from routing.decisions.qualification.scoring import contributions

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "test-signing-secret-0123456789abcdef"
BODY = '{"hello":"wörld","n":1}'.encode()


@pytest.fixture
def world() -> ReferenceWorld:
    return reference_world(NOON)


def test_an_npi_ends_in_its_check_digit() -> None:
    assert npi(23_456_789) == "1234567893"  # the example in the NPI final rule


def test_two_runs_a_second_apart_share_nobody_and_no_brand(world: ReferenceWorld) -> None:
    later = reference_world(NOON + timedelta(seconds=1))
    identities = [{one for person in run.people for one in (person.id, person.npi, person.email)} for run in (world, later)]
    assert len(identities[0]) == 3 * len(world.people)
    assert identities[0].isdisjoint(identities[1])
    assert world.launch.brand_id != later.launch.brand_id


def test_everybody_lives_in_the_territory_they_play_in_and_in_no_other_but_who_is_on_a_list(world: ReferenceWorld) -> None:
    for person in world.people:
        covering = [territory.id for territory in world.territories if territory.covers(person.part.postal_code)]
        assert covering == ([] if person.part.fate in ("queue", "list") else [person.part.place])
    listed = [contact_id for alignment in world.alignments() for contact_id in alignment["include"]["contact_ids"]]
    assert listed == [person.id for person in expectations.people_with(world, "list")] != []


def test_the_call_plan_names_a_rep_of_the_territory(world: ReferenceWorld) -> None:
    territories_of = {rep.id: rep.territory_ids for rep in world.reps}
    planned = {target["contact_id"]: territories_of[target["rep_id"]] for target in world.call_plan()}
    assert planned == {person.id: (person.part.place,) for person in expectations.people_with(world, "plan")} != {}


def test_the_policy_gives_everybody_the_fate_they_play(world: ReferenceWorld) -> None:
    qualified = {person.id for person in world.people if _qualifies(world, person)}
    assert qualified == expectations.qualified(world)


def test_the_theme_has_enough_objections_from_enough_reps(world: ReferenceWorld) -> None:
    evidence = expectations.evidence(world)
    # Owned accounts lie in different territories, so their owners are different reps.
    assert len(evidence) >= 5
    assert sum(person.part.fate == "owner" for person in evidence) >= 3


def test_the_funnel_counts_skipped_stages_as_entered(world: ReferenceWorld) -> None:
    mei = next(person for person in world.people if person.part.outcomes == ("qualified", "meeting_booked", "meeting_held"))
    assert expectations.stages_entered(mei.part) == expectations.STAGES[:-1]


def test_mautic_signs_the_bytes_of_the_body() -> None:
    assert mautic.signature_headers(BODY, secret=SECRET)["Webhook-Signature"] == "4R7WThZChn6nlOQ8KW+db7ptlMZZocDZqyHE9yDnA+A="


def test_hubspot_signs_method_address_body_and_time() -> None:
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    headers = hubspot.signature_headers(BODY, secret=SECRET, url="https://intake.example.com/hooks/hubspot?a=1", at=at)
    assert headers["X-HubSpot-Signature-v3"] == "+JvfVSe8GtPPw681n/e+LgGYlDCiAVTvDdHVBaebsv4="
    assert headers["X-HubSpot-Request-Timestamp"] == "1700000000000"


def test_mautics_queue_is_emptied_by_tens_and_grouped_by_event() -> None:
    recipient = mautic.Recipient(7, "amara.osei@example.org")
    events = [act(recipient, number=number, at=NOON) for number in range(6) for act in (mautic.opened, mautic.clicked)]
    bodies = mautic.bodies(events)
    assert [{name: len(listed) for name, listed in body.items()} for body in bodies] == [
        {"mautic.email_on_open": 5, "mautic.page_on_hit": 5},
        {"mautic.email_on_open": 1, "mautic.page_on_hit": 1},
    ]


def test_the_endpoint_refuses_the_first_webhook_once_and_whatever_is_not_signed() -> None:
    endpoint = MarketingEndpoint()
    body = orjson.dumps({"type": "theme.emerged", "data": {"brand_id": "cardiolex"}})
    forged = {**_signed(endpoint, body), "webhook-signature": "v1,bm90IGl0"}
    assert endpoint.answer(body, forged) == 401
    assert [endpoint.answer(body, _signed(endpoint, body)) for _ in range(2)] == [500, 204]
    assert endpoint.taken("theme.emerged", "cardiolex") == [{"brand_id": "cardiolex"}]
    assert endpoint.taken("theme.emerged", "another") == []


def test_a_deployment_is_one_origin_and_a_command_that_prints_tokens() -> None:
    command = f"{sys.executable} -c 'import sys; print(*sys.argv[1:])'"
    deployment = deployment_behind(
        "http://localhost:8080/", token_command=command, endpoint_listens="172.17.0.1", endpoint_host="host.docker.internal"
    )
    assert deployment.addresses["reporting"] == "http://localhost:8080/reporting"
    assert deployment.token(role="rep,manager", rep="rep-017", sub="") == "--role=rep,manager --rep=rep-017 --sub="


@pytest.mark.parametrize("command", [f"{sys.executable} -c 'import sys; sys.exit(3)'", f"{sys.executable} -c pass", "/nonexistent/program"])
def test_a_token_command_that_gives_no_token_ends_the_play(command: str) -> None:
    deployment = deployment_behind("http://localhost:8080", token_command=command, endpoint_listens="127.0.0.1", endpoint_host="localhost")
    with pytest.raises(CannotGoOn, match="token command"):
        deployment.token(role="rep", rep="", sub="")


def test_the_endpoint_is_called_by_the_name_it_is_given() -> None:
    with open_endpoint(listens="127.0.0.1", host="localhost") as endpoint:
        assert re.fullmatch(r"http://localhost:\d+/webhooks", endpoint.url)
        assert httpx.post(endpoint.url, content=b"{}", trust_env=False).status_code == 401


def _signed(endpoint: MarketingEndpoint, body: bytes) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(endpoint.secret).sign(msg_id="msg_1", timestamp=now, data=body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}


def _qualifies(world: ReferenceWorld, person: Person) -> bool:
    policy = Policy.model_validate(world.launch.policy())
    accounts = {account.id: account for account in world.accounts}
    account = accounts.get(person.account_id or "")
    subject = Subject(
        Contact(person.id, country="US", kind="prescriber", specialty=person.part.specialty),
        Account(account.id, institution_type=account.institution_type, priority=account.priority) if account else None,
    )
    acts = [Engagement(kind, kind, "promotional", NOON, brand_id=world.launch.brand_id) for kind in person.part.acts]
    ledger = [row for act in acts for row in contributions(policy, act)]
    return isinstance(decide_qualification(policy, subject=subject, ledger=ledger, now=NOON, cycle=Cycle()), Qualified)
