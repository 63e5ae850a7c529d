"""Bodies in the shapes platforms send them, and signatures computed as they compute them, all made up."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

SECRET = "a-secret-of-the-tests"
AT = "2026-03-02T10:15:00+00:00"


def mautic_lead(lead_id: int = 26, email: str | None = "ada@clinic.test") -> dict[str, Any]:
    return {
        "id": lead_id,
        "points": 10,
        "fields": {
            "core": {
                "firstname": {"id": "2", "label": "First Name", "alias": "firstname", "type": "text", "value": "Ada"},
                "email": {"id": "6", "label": "Email", "alias": "email", "type": "email", "value": email},
            },
            "personal": [],
        },
    }


def email_opened(**changes: Any) -> dict[str, Any]:
    stat = {
        "id": 8,
        "emailAddress": "ada@clinic.test",
        "ipAddress": {},
        "dateSent": "2026-03-01T08:00:00+00:00",
        "dateRead": AT,
        "lastOpened": AT,
        "openCount": 1,
        "retryCount": 0,
        "lead": mautic_lead(),
        "email": {"id": 5, "name": "Launch", "subject": "About dosing"},
    }
    return {"stat": {**stat, **changes}}


def form_submitted(**changes: Any) -> dict[str, Any]:
    submission = {
        "id": 13,
        "form": {"id": 4, "name": "Dosing guide", "alias": "dosingguide"},
        "lead": mautic_lead(),
        "trackingId": "dd4adafdabe7",
        "dateSubmitted": AT,
        "referer": "https://brand.test/guide?utm_campaign=spring-launch",
        "page": None,
        "results": {"email": "ada@clinic.test", "comment": "my patient felt dizzy on it"},
    }
    return {"submission": {**submission, **changes}}


def page_hit(**changes: Any) -> dict[str, Any]:
    hit = {
        "dateHit": AT,
        "page": {"id": 1, "title": "Evidence", "alias": "evidence"},
        "redirect": None,
        "email": None,
        "lead": mautic_lead(),
        "ipAddress": {},
        "code": 200,
        "url": "https://brand.test/evidence",
        "userAgent": "Mozilla/5.0",
        "trackingId": "833fecc93e16",
        "source": None,
        "sourceId": None,
    }
    return {"hit": {**hit, **changes}}


def subscription_changed(new: str = "unsubscribed", *, old: str = "contactable", **changes: Any) -> dict[str, Any]:
    event = {"contact": mautic_lead(), "channel": "email", "old_status": old, "new_status": new, "timestamp": AT}
    return {**event, **changes}


def hubspot_event(**changes: Any) -> dict[str, Any]:
    event = {
        "eventId": 100,
        "subscriptionId": 12345,
        "portalId": 62515,
        "occurredAt": milliseconds(datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0,
        "objectId": 123,
        "propertyName": "webinar_attended",
        "propertyValue": "yes, the one on dosing",
        "changeSource": "CRM",
        "appId": 54321,
    }
    return {**event, **changes}


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def mautic_headers(body: bytes, secret: str = SECRET) -> dict[str, str]:
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    return {"Content-Type": "application/json", "Webhook-Signature": signature}


def hubspot_headers(body: bytes, *, uri: str, at: datetime, secret: str = SECRET) -> dict[str, str]:
    stamp = str(milliseconds(at))
    signed = b"POST" + uri.encode() + body + stamp.encode()
    signature = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return {"Content-Type": "application/json", "X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
