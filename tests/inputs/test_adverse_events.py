"""Mentions of harm reach safety whoever they are about, and whatever else is wrong with the report."""

from typing import Any

import pytest

from shared.events import topics
from shared.events.contacts import Consent, ContactSnapshot
from tests.feedback.world import event, insight, objection, outcome
from tests.inputs.callers import as_role
from tests.inputs.doors import Doors

HARM = "She had a rash after the second tablet."

REPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "about somebody who opted out": ("objections", objection(lead_id=None, contact_id="opted-out", brand_id="brand-1", note=HARM)),
    "about somebody unknown": ("insights", insight(contact_id="unheard-of", note=HARM)),
    "about a brand we don't have": ("objections", objection(brand_id="another-company-s", note=HARM)),
    "about another rep's lead": ("outcomes", outcome(lead_id="lead-3", note=HARM)),
    "about a lead not heard of": ("outcomes", outcome(lead_id="unheard-of", note=HARM)),
    "with a topic nobody has": ("objections", objection(topic="astrology", note=HARM)),
    "denied": ("outcomes", outcome(note="He asked again; no rash this time.")),
    "in a quote": ("insights", insight(note='The nurse said: "my patient had a seizure on it".')),
    "misspelt": ("insights", insight(note="pt was hospitalised w/ anaphylaxsis")),
    "in a field for codes": ("objections", objection(nature=HARM)),
    "in a field nobody knows": ("outcomes", outcome(attachment={"file_name": "patient rash.jpg"})),
    "with a time that cannot be": ("outcomes", outcome(occurred_at="0001-01-01T00:00:00+14:00", note=HARM)),
}


@pytest.mark.parametrize("named", REPORTS)
async def test_a_mention_becomes_a_case_whatever_becomes_of_the_report(doors: Doors, deliver: Any, named: str) -> None:
    opted_out = ContactSnapshot(
        contact_id="opted-out", version=1, provisional=False, consents=[Consent(channel="any", purpose="promotion", state="denied")]
    )
    await deliver(doors["feedback"].service, topics.CONTACTS, [event(opted_out)])
    path, body = REPORTS[named]
    answer = await doors["feedback"].client.post(f"/v1/{path}", json=body, headers=as_role("rep"))
    assert answer.status_code in (201, 404, 422), answer.text
    case = await doors["feedback"].client.get(f"/v1/cases/{answer.json()['case_id']}", headers=as_role("safety"))
    assert (case.status_code, case.json()["kind"]) == (200, "adverse_event")


async def test_harm_and_a_question_in_one_text_go_both_ways(doors: Doors) -> None:
    body = insight(note=f"{HARM} Is it safe to use it off-label in children?")
    answer = (await doors["feedback"].client.post("/v1/insights", json=body, headers=as_role("rep"))).json()
    found = set()
    for case_id in answer["case_ids"]:
        for role in ("safety", "medical"):
            case = await doors["feedback"].client.get(f"/v1/cases/{case_id}", headers=as_role(role))
            found |= {(role, case.json()["kind"])} if case.status_code == 200 else set()
    assert found >= {("safety", "adverse_event"), ("medical", "medical_inquiry")}
