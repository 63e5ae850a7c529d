"""Who may call what: one line per address, as the roles are agreed on. An address that isn't here fails its test.

`anyone`: no token is needed. `signed`: the request is proven by its platform's signature, never by a token.
What somebody may see behind an address that is open to their role is `test_scope.py`'s subject.
"""

from collections.abc import Mapping

EVERY_SERVICE: Mapping[str, str] = {
    "GET /livez": "anyone",
    "GET /readyz": "anyone",
    "GET /metrics": "anyone",
    "GET /docs": "anyone",
    "GET /docs/start.js": "anyone",
    "GET /docs/swagger-ui-bundle.js": "anyone",
    "GET /docs/swagger-ui.css": "anyone",
    "GET /docs/favicon-32x32.png": "anyone",
    "GET /openapi.json": "anyone",
    "HEAD /openapi.json": "anyone",
    "GET /asyncapi": "anyone",
    "GET /v1/quarantine": "admin auditor",
    "POST /v1/quarantine/{id}/replay": "admin",
    "DELETE /v1/quarantine/{id}": "admin",
    "GET /v1/people/{contact_id}": "privacy auditor",
}

OWN: Mapping[str, Mapping[str, str]] = {
    "intake": {
        "PUT /v1/sources/{name}": "admin",
        "GET /v1/sources/{name}": "admin auditor",
        "POST /v1/sources/{name}/test": "admin",
        "POST /v1/sources/{name}/preview": "admin",
        "GET /v1/sources/{name}/health": "marketing admin auditor",
        "POST /v1/webhooks/{source}": "signed",
        "GET /v1/webhooks/{source}": "anyone",
        "HEAD /v1/webhooks/{source}": "anyone",
        "OPTIONS /v1/webhooks/{source}": "anyone",
        "POST /v1/engagements": "integration",
        "GET /v1/engagements/{engagement_id}": "integration marketing admin auditor",
        "POST /v1/engagements/{engagement_id}/restate": "integration admin",
        "PUT /v1/contacts": "integration",
        "PUT /v1/campaigns": "integration",
        "PUT /v1/assets": "integration",
        "GET /v1/campaigns": "integration marketing auditor",
        "GET /v1/campaigns/{campaign_id}": "integration marketing auditor",
        "GET /v1/assets": "integration marketing auditor",
        "GET /v1/assets/{asset_id}": "integration marketing auditor",
        "GET /v1/findings": "marketing auditor",
        "GET /v1/findings/counts": "marketing auditor",
        "GET /v1/contacts/{contact_id}": "integration sales_ops privacy auditor",
        "POST /v1/imports": "integration",
        "PATCH /v1/imports/{import_id}/content": "integration",
        "GET /v1/imports": "integration admin auditor",
        "GET /v1/imports/{import_id}": "integration admin auditor",
        "GET /v1/imports/{import_id}/errors": "integration admin auditor",
        "POST /v1/contacts/{contact_id}/merge": "integration sales_ops",
        "POST /v1/contacts/{contact_id}/unmerge": "integration sales_ops privacy",
        "GET /v1/candidates": "integration sales_ops privacy auditor",
        "POST /v1/candidates/{candidate_id}/merge": "integration sales_ops",
        "POST /v1/candidates/{candidate_id}/dismiss": "integration sales_ops",
        "GET /v1/sources": "admin auditor",
        "GET /v1/receipts": "marketing admin auditor",
        "POST /v1/receipts/reprocess": "admin",
        "POST /v1/receipts/{receipt_id}/reprocess": "admin",
        "GET /v1/receipts/{receipt_id}": "marketing admin auditor",
        "POST /v1/erasures": "privacy",
        "POST /v1/erasures/{erasure_id}/approve": "privacy",
        "GET /v1/erasures/{erasure_id}": "privacy auditor",
    },
    "routing": {
        "PUT /v1/territories": "sales_ops",
        "PUT /v1/accounts": "sales_ops",
        "PUT /v1/reps": "sales_ops",
        "POST /v1/policies": "sales_ops",
        "GET /v1/policies": "sales_ops auditor",
        "GET /v1/policies/{version}": "sales_ops auditor",
        "POST /v1/policies/{version}/activate": "sales_ops",
        "GET /v1/leads": "sales_ops rep manager auditor",
        "GET /v1/leads/{lead_id}": "sales_ops rep manager auditor",
        "GET /v1/leads/{lead_id}/brief": "sales_ops rep manager auditor",
        "GET /v1/leads/{lead_id}/history": "sales_ops rep manager auditor",
        "GET /v1/queue": "sales_ops manager auditor",
    },
    "feedback": {
        "POST /v1/outcomes": "rep manager",
        "POST /v1/objections": "rep manager",
        "POST /v1/insights": "rep manager",
        "GET /v1/me/feed": "rep manager",
        "GET /v1/cases": "safety medical privacy auditor",
        "GET /v1/cases/{case_id}": "safety medical privacy auditor",
    },
    "reporting": {
        "GET /": "marketing sales_ops manager auditor",
        "GET /page/{name}": "anyone",
        "POST /session": "anyone",
        "POST /session/end": "anyone",
        "GET /v1/funnel": "marketing sales_ops manager auditor",
        "GET /v1/objections": "marketing sales_ops manager auditor",
        "GET /v1/decisions": "marketing manager auditor",
        "GET /v1/decisions/{id}": "marketing manager auditor",
        "POST /v1/decisions/{id}/decide": "marketing manager",
        "POST /v1/changes": "marketing",
        "GET /v1/trace/{id}": "sales_ops marketing manager auditor",
        "PUT /v1/subscriptions/{name}": "marketing admin",
        "GET /v1/deliveries": "marketing admin auditor",
    },
}


def permitted(service: str) -> dict[str, frozenset[str]]:
    """Who may call each address of a service."""
    return {operation: frozenset(who.split()) for operation, who in {**EVERY_SERVICE, **OWN[service]}.items()}
