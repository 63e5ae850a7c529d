"""HubSpot's side: arrays of events about CRM objects, and its signature of the third version."""

import base64
import hmac
from datetime import datetime
from typing import Any

_PORTAL_ID = 62515
_APP_ID = 54321
_CREATION_SUBSCRIPTION_ID = 12345
_CHANGE_SUBSCRIPTION_ID = 12346


def created(object_id: int, *, number: int, at: datetime) -> dict[str, Any]:
    """A contact record was made."""
    event = _event(object_id, number=number, at=at, name="contact.creation", subscription_id=_CREATION_SUBSCRIPTION_ID)
    return {**event, "changeFlag": "NEW"}


def changed(object_id: int, *, number: int, at: datetime, name: str, value: str) -> dict[str, Any]:
    """A property of a contact record got another value."""
    event = _event(object_id, number=number, at=at, name="contact.propertyChange", subscription_id=_CHANGE_SUBSCRIPTION_ID)
    return {**event, "propertyName": name, "propertyValue": value}


def signature_headers(body: bytes, *, secret: str, url: str, at: datetime) -> dict[str, str]:
    """HubSpot's headers for this body posted to that address: an HMAC-SHA256 of method, address, body and time in milliseconds."""
    stamp = str(int(at.timestamp() * 1000))
    signature = base64.b64encode(hmac.digest(secret.encode(), b"POST" + url.encode() + body + stamp.encode(), "sha256")).decode()
    return {"Content-Type": "application/json", "X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}


def _event(object_id: int, *, number: int, at: datetime, name: str, subscription_id: int) -> dict[str, Any]:
    return {
        "eventId": number,
        "subscriptionId": subscription_id,
        "portalId": _PORTAL_ID,
        "appId": _APP_ID,
        "occurredAt": int(at.timestamp() * 1000),
        "subscriptionType": name,
        "attemptNumber": 0,
        "objectId": object_id,
        "changeSource": "CRM",
    }
