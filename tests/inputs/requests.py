"""One good request for each address, with what it answers to somebody who may ask: what the tests of this folder spoil."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.ids import new_id
from tests.feedback.world import insight, objection, outcome
from tests.intake.conftest import asset, campaign, contact, engagement
from tests.intake.platforms import SECRET, email_opened
from tests.intake.test_mappings import PODIUM
from tests.routing.world import POLICY, absence, account, alignment, pool, rep, target, territory
from tests.tokens import sign

NOBODY = "01998f7e-5a10-7c3e-9a51-6a1d0c9be001"
ENDPOINT_SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cy0wMTIzNDU2Nzg5"


@dataclass(frozen=True, slots=True)
class Good:
    """A request nothing is wrong with. `{names}` in its path stand for ids of the small world; `body` makes a fresh one each time.

    Pages and readiness have refusals of their own; everything else refuses with a problem.
    """

    path: str
    answers: tuple[int, ...] = (200,)
    body: Callable[[], Any] | None = None
    is_upsert: bool = False
    refuses_with_a_problem: bool = True


def _fresh(**body: Any) -> dict[str, Any]:
    return {"id": str(new_id()), **body}


def _upsert(path: str, row: Callable[..., dict[str, Any]], *arguments: Any) -> Good:
    return Good(path, body=lambda: [row(f"spare-{new_id()}", *arguments)], is_upsert=True)


def _subscription() -> dict[str, Any]:
    return {"url": "http://127.0.0.1:9/hook", "events": ["lead.assigned"], "secrets": [ENDPOINT_SECRET]}


def _decide() -> dict[str, Any]:
    return {"choice": "investigate", "reason_code": "needs_reading", "review_on": "2099-01-01"}


def _change() -> dict[str, Any]:
    return _fresh(answers=["r-1"], kind="page_updated", published_at="2026-03-01T09:30:00Z")


def _window() -> dict[str, Any]:
    return {"from": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}


def _preview() -> dict[str, Any]:
    return {
        "contact_id": "hcp-1",
        "brand_id": "cardiolex",
        "contact": {"specialty": "cardiology", "postal_code": "60614"},
        "account": {"priority": "A"},
        "target": {"decile": 9},
        "engagements": [{"kind": "webinar_attended", "occurred_at": "2026-01-01T00:00:00Z", "topics": ["dosing"]}],
        "without_engagements": ["e-1"],
        "absences": [{"rep_id": "rep-1"}],
    }


def _contact(contact_id: str) -> dict[str, Any]:
    return contact(contact_id, external_ids={"crm": contact_id}, emails=[f"{contact_id}@clinic.test"])


EVERY_SERVICE: Mapping[str, Good] = {
    **{f"GET {path}": Good(path) for path in ("/livez", "/metrics", "/docs", "/openapi.json", "/asyncapi", "/v1/quarantine")},
    # Nothing relays in these tests, so after a while not being ready is the honest answer.
    "GET /readyz": Good("/readyz", (200, 503), refuses_with_a_problem=False),
    **{f"GET /docs/{name}": Good(f"/docs/{name}") for name in ("start.js", "swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")},
    "HEAD /openapi.json": Good("/openapi.json"),
    "POST /v1/quarantine/{id}/replay": Good(f"/v1/quarantine/{NOBODY}/replay", (404,)),
    "DELETE /v1/quarantine/{id}": Good(f"/v1/quarantine/{NOBODY}", (404,)),
    "GET /v1/people/{contact_id}": Good("/v1/people/nobody", (404,)),
}

OWN: Mapping[str, Mapping[str, Good]] = {
    "intake": {
        "PUT /v1/sources/{name}": Good("/v1/sources/spare", (200, 201), lambda: {"adapter": "hubspot", "secrets": [SECRET]}),
        "GET /v1/sources/{name}": Good("/v1/sources/mautic"),
        "POST /v1/sources/{name}/test": Good("/v1/sources/mautic/test", body=lambda: {"body": {"mautic.email_on_open": [email_opened()]}}),
        "POST /v1/sources/{name}/preview": Good("/v1/sources/mautic/preview", body=lambda: {"mapping": PODIUM, "receipts": 3}),
        "GET /v1/sources/{name}/health": Good("/v1/sources/mautic/health"),
        "POST /v1/webhooks/{source}": Good("/v1/webhooks/mautic", (202,), dict),
        "GET /v1/webhooks/{source}": Good("/v1/webhooks/mautic"),
        "HEAD /v1/webhooks/{source}": Good("/v1/webhooks/mautic"),
        "OPTIONS /v1/webhooks/{source}": Good("/v1/webhooks/events"),
        "POST /v1/engagements": Good("/v1/engagements", body=lambda: engagement(str(new_id()), contact={"email": "spare@clinic.test"})),
        "GET /v1/engagements/{engagement_id}": Good("/v1/engagements/{engagement}"),
        "POST /v1/engagements/{engagement_id}/restate": Good(
            "/v1/engagements/{engagement}/restate", body=lambda: {"machine": True, "reason_code": "known_scanner"}
        ),
        "PUT /v1/contacts": _upsert("/v1/contacts", _contact),
        "PUT /v1/campaigns": _upsert("/v1/campaigns", lambda id_: campaign(id_, keys=[])),
        "PUT /v1/assets": _upsert("/v1/assets", lambda id_: asset(id_, keys=[])),
        "GET /v1/campaigns": Good("/v1/campaigns"),
        "GET /v1/campaigns/{campaign_id}": Good("/v1/campaigns/launch"),
        "GET /v1/assets": Good("/v1/assets"),
        "GET /v1/assets/{asset_id}": Good("/v1/assets/guide"),
        "GET /v1/findings": Good("/v1/findings"),
        "GET /v1/findings/counts": Good("/v1/findings/counts"),
        "GET /v1/contacts/{contact_id}": Good("/v1/contacts/hcp-1"),
        "POST /v1/imports": Good("/v1/imports", (201,), lambda: _fresh(kind="contacts", format="csv")),
        "PATCH /v1/imports/{import_id}/content": Good(f"/v1/imports/{NOBODY}/content", (404,)),
        "GET /v1/imports": Good("/v1/imports"),
        "GET /v1/imports/{import_id}": Good(f"/v1/imports/{NOBODY}", (404,)),
        "GET /v1/imports/{import_id}/errors": Good(f"/v1/imports/{NOBODY}/errors", (404,)),
        "POST /v1/contacts/{contact_id}/merge": Good("/v1/contacts/nobody/merge", (404,), lambda: {"into": "hcp-1"}),
        "POST /v1/contacts/{contact_id}/unmerge": Good("/v1/contacts/nobody/unmerge", (409,)),
        "GET /v1/candidates": Good("/v1/candidates"),
        "POST /v1/candidates/{candidate_id}/merge": Good(f"/v1/candidates/{NOBODY}/merge", (404,), dict),
        "POST /v1/candidates/{candidate_id}/dismiss": Good(f"/v1/candidates/{NOBODY}/dismiss", (404,)),
        "GET /v1/sources": Good("/v1/sources"),
        "GET /v1/receipts": Good("/v1/receipts"),
        "POST /v1/receipts/reprocess": Good("/v1/receipts/reprocess", body=lambda: {"source": "mautic", "from": "2026-03-01T09:30:00Z"}),
        "POST /v1/receipts/{receipt_id}/reprocess": Good("/v1/receipts/{receipt}/reprocess"),
        "GET /v1/receipts/{receipt_id}": Good("/v1/receipts/{receipt}"),
        "POST /v1/erasures": Good("/v1/erasures", (404,), lambda: _fresh(contact_id="nobody", reason="asked for it")),
        "POST /v1/erasures/{erasure_id}/approve": Good(f"/v1/erasures/{NOBODY}/approve", (404,)),
        "GET /v1/erasures/{erasure_id}": Good(f"/v1/erasures/{NOBODY}", (404,)),
    },
    "routing": {
        "PUT /v1/territories": _upsert("/v1/territories", territory, "9*"),
        "PUT /v1/accounts": _upsert("/v1/accounts", account),
        "PUT /v1/reps": _upsert("/v1/reps", rep),
        "PUT /v1/absences": _upsert("/v1/absences", absence, "nobody"),
        "PUT /v1/targets": _upsert("/v1/targets", target, "somebody"),
        "PUT /v1/alignments": _upsert("/v1/alignments", alignment, "nowhere", "9*"),
        "PUT /v1/pools": _upsert("/v1/pools", pool, "nobody"),
        "GET /v1/territories": Good("/v1/territories"),
        "GET /v1/territories/{row_id}": Good("/v1/territories/chicago"),
        "GET /v1/accounts": Good("/v1/accounts"),
        "GET /v1/accounts/{row_id}": Good("/v1/accounts/spare"),
        "GET /v1/reps": Good("/v1/reps"),
        "GET /v1/reps/{row_id}": Good("/v1/reps/rep-1"),
        "GET /v1/absences": Good("/v1/absences"),
        "GET /v1/absences/{row_id}": Good("/v1/absences/spare"),
        "GET /v1/targets": Good("/v1/targets"),
        "GET /v1/targets/{row_id}": Good("/v1/targets/spare"),
        "GET /v1/alignments": Good("/v1/alignments"),
        "GET /v1/alignments/{row_id}": Good("/v1/alignments/spare"),
        "GET /v1/pools": Good("/v1/pools"),
        "GET /v1/pools/{row_id}": Good("/v1/pools/spare"),
        "GET /v1/coverage": Good("/v1/coverage"),
        "POST /v1/policies": Good("/v1/policies", (201,), lambda: _fresh(**POLICY)),
        "GET /v1/policies": Good("/v1/policies"),
        "GET /v1/policies/{version}": Good("/v1/policies/1"),
        "POST /v1/policies/{version}/activate": Good("/v1/policies/999999/activate", (404,), lambda: {"strict": False}),
        "DELETE /v1/policies/{version}/activation": Good("/v1/policies/999999/activation", (404,)),
        "GET /v1/policies/{before}/diff/{after}": Good("/v1/policies/1/diff/1"),
        "POST /v1/policies/{version}/simulate": Good("/v1/policies/1/simulate", body=_window),
        "POST /v1/preview": Good("/v1/preview", body=_preview),
        "GET /v1/simulations": Good("/v1/simulations"),
        "GET /v1/simulations/{simulation_id}": Good("/v1/simulations/{simulation}"),
        "POST /v1/simulations/{simulation_id}/cancel": Good("/v1/simulations/{simulation}/cancel", (409,)),
        "GET /v1/simulations/{simulation_id}/decisions": Good("/v1/simulations/{simulation}/decisions"),
        "GET /v1/leads": Good("/v1/leads"),
        "GET /v1/leads/{lead_id}": Good("/v1/leads/{lead_of_rep_1}"),
        "GET /v1/leads/{lead_id}/brief": Good("/v1/leads/{lead_of_rep_1}/brief"),
        "GET /v1/leads/{lead_id}/brief/versions": Good("/v1/leads/{lead_of_rep_1}/brief/versions"),
        "POST /v1/leads/{lead_id}/brief/feedback": Good(
            "/v1/leads/{lead_of_rep_1}/brief/feedback", (201,), lambda: _fresh(version=1, kind="opened")
        ),
        "GET /v1/briefs/feedback": Good("/v1/briefs/feedback"),
        "GET /v1/feed": Good("/v1/feed"),
        "GET /v1/leads/{lead_id}/history": Good("/v1/leads/{lead_of_rep_1}/history"),
        "POST /v1/leads/{lead_id}/clocks/{kind}/pause": Good(
            "/v1/leads/{lead_of_rep_1}/clocks/first_outreach/pause", body=lambda: {"reason_code": "on_leave", "until": None}
        ),
        "POST /v1/leads/{lead_id}/clocks/{kind}/resume": Good(
            "/v1/leads/{lead_of_rep_1}/clocks/first_outreach/resume", body=lambda: {"reason_code": "back_again"}
        ),
        "GET /v1/queue": Good("/v1/queue"),
        "POST /v1/leads/{lead_id}/hold": Good(f"/v1/leads/{NOBODY}/hold", (404,), lambda: {"reason_code": "asked_to_wait"}),
        "POST /v1/leads/{lead_id}/resume": Good(f"/v1/leads/{NOBODY}/resume", (404,), lambda: {"reason_code": "called_back"}),
        "POST /v1/leads/{lead_id}/reassign": Good(
            f"/v1/leads/{NOBODY}/reassign", (404,), lambda: {"rep_id": "rep-1", "reason_code": "knows_them_well"}
        ),
        "POST /v1/leads/{lead_id}/recycle": Good(f"/v1/leads/{NOBODY}/recycle", (404,), lambda: {"reason_code": "wrong_timing"}),
        "GET /v1/lifecycle": Good("/v1/lifecycle"),
    },
    "feedback": {
        "POST /v1/outcomes": Good("/v1/outcomes", (201,), lambda: _fresh(**outcome())),
        "POST /v1/objections": Good("/v1/objections", (201,), lambda: _fresh(**objection())),
        "POST /v1/insights": Good("/v1/insights", (201,), lambda: _fresh(**insight())),
        "GET /v1/me/feed": Good("/v1/me/feed"),
        "GET /v1/cases": Good("/v1/cases"),
        "GET /v1/cases/{case_id}": Good(f"/v1/cases/{NOBODY}", (404,)),
    },
    "reporting": {
        "GET /": Good("/", refuses_with_a_problem=False),
        "GET /page/{name}": Good("/page/style.css"),
        "POST /session": Good("/session", body=lambda: {"token": sign(roles=["marketing"])}),
        "POST /session/end": Good("/session/end", (303,)),
        "GET /v1/funnel": Good("/v1/funnel"),
        "GET /v1/objections": Good("/v1/objections"),
        "GET /v1/decisions": Good("/v1/decisions"),
        "GET /v1/decisions/{id}": Good("/v1/decisions/{decision}", (200, 404)),
        "POST /v1/decisions/{id}/decide": Good(f"/v1/decisions/{NOBODY}/decide", (404,), _decide),
        "POST /v1/changes": Good("/v1/changes", (201,), _change),
        "GET /v1/trace/{id}": Good("/v1/trace/l-1"),
        "PUT /v1/subscriptions/{name}": Good("/v1/subscriptions/spare", (200, 201), _subscription),
        "GET /v1/deliveries": Good("/v1/deliveries"),
    },
}


def good_requests(service: str) -> dict[str, Good]:
    """A good request for each address of a service."""
    return {**EVERY_SERVICE, **OWN[service]}


JSON_OPERATIONS = [
    (service, operation)
    for service, requests in OWN.items()
    for operation, good in requests.items()
    if good.body is not None and " /v1/" in operation and not operation.endswith("/webhooks/{source}")
]
"""Every (service, operation) that takes a JSON body from somebody with a token."""
