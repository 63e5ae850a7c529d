"""Mautic's side: webhook bodies in the shapes its bundles send, grouped as its queue sends them, and its signature.

Shapes: the `WebhookPayload` samples of Mautic 5's EmailBundle, FormBundle and PageBundle.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.demo.launch import EMAIL_ID, FORM_ALIAS, PAGE_ALIAS

EVENTS_PER_BODY = 10
"""How many queued events Mautic puts into one POST unless told otherwise."""

_ORIGIN = "https://mautic.example.org"

_CORE_FIELDS = (
    ("title", "Title", "lookup"), ("firstname", "First Name", "text"), ("lastname", "Last Name", "text"), ("company", "Company", "lookup"),
    ("position", "Position", "text"), ("email", "Email", "email"), ("phone", "Phone", "tel"), ("mobile", "Mobile", "tel"),
    ("fax", "Fax", "text"), ("address1", "Address Line 1", "text"), ("address2", "Address Line 2", "text"), ("city", "City", "lookup"),
    ("state", "State", "region"), ("zipcode", "Zipcode", "lookup"), ("country", "Country", "country"), ("website", "Website", "text"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person as Mautic knows them."""

    id: int
    email: str


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """One event waiting in Mautic's queue. `number` is its row's."""

    name: str
    number: int
    at: datetime
    content: Mapping[str, Any]


def opened(recipient: Recipient, *, number: int, at: datetime) -> QueuedEvent:
    """The launch e-mail was opened."""
    stat = {
        "id": number,
        "emailAddress": recipient.email,
        "ipAddress": {},
        "dateSent": _time(at),
        "isRead": True,
        "isFailed": False,
        "dateRead": _time(at),
        "retryCount": 0,
        "source": "email",
        "openCount": 1,
        "lastOpened": _time(at),
        "sourceId": EMAIL_ID,
        "trackingHash": f"{number:013x}",
        "viewedInBrowser": False,
        "lead": _lead(recipient),
        "email": _email(),
    }
    return QueuedEvent("mautic.email_on_open", number, at, {"stat": stat})


def clicked(recipient: Recipient, *, number: int, at: datetime) -> QueuedEvent:
    """A link in the launch e-mail was followed: to Mautic that is a page hit with an e-mail."""
    return QueuedEvent("mautic.page_on_hit", number, at, {"hit": _hit(recipient, number=number, at=at, email=_email())})


def read(recipient: Recipient, *, number: int, at: datetime) -> QueuedEvent:
    """The landing page was read."""
    return QueuedEvent("mautic.page_on_hit", number, at, {"hit": _hit(recipient, number=number, at=at, email=None)})


def submitted(recipient: Recipient, *, number: int, at: datetime) -> QueuedEvent:
    """The form for the dosing guide was filled in."""
    submission = {
        "id": number,
        "ipAddress": {},
        "form": {"id": 4, "name": "Dosing guide", "alias": FORM_ALIAS, "category": None},
        "lead": _lead(recipient),
        "trackingId": _tracking_id(number),
        "dateSubmitted": _time(at),
        "referer": f"{_ORIGIN}/{PAGE_ALIAS}",
        "page": None,
        "results": {"email": recipient.email},
    }
    return QueuedEvent("mautic.form_on_submit", number, at, {"submission": submission})


def bodies(events: Sequence[QueuedEvent]) -> list[dict[str, Any]]:
    """The queue as Mautic empties it: ten rows to a POST, grouped by event name, each with the time it was queued."""
    chunks = [events[start : start + EVENTS_PER_BODY] for start in range(0, len(events), EVENTS_PER_BODY)]
    grouped: list[dict[str, Any]] = []
    for chunk in chunks:
        body: dict[str, Any] = {}
        for event in chunk:
            body.setdefault(event.name, []).append({**event.content, "timestamp": _time(event.at)})
        grouped.append(body)
    return grouped


def signature_headers(body: bytes, *, secret: str) -> dict[str, str]:
    """Mautic's headers for this body: an HMAC-SHA256 of its bytes, in base64."""
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return {"Content-Type": "application/json", "Webhook-Signature": signature, "X-Origin-Base-URL": _ORIGIN}


def _hit(recipient: Recipient, *, number: int, at: datetime, email: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "dateHit": _time(at),
        "dateLeft": None,
        "page": {"id": 1, "title": "How it works", "alias": PAGE_ALIAS, "category": None},
        "redirect": None,
        "email": email,
        "lead": _lead(recipient),
        "ipAddress": {},
        "country": None,
        "region": None,
        "city": None,
        "isp": None,
        "organization": None,
        "code": 200,
        "referer": None,
        "url": f"{_ORIGIN}/{PAGE_ALIAS}",
        "urlTitle": None,
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        "remoteHost": "localhost",
        "pageLanguage": "en",
        "browserLanguages": ["en-US", "en;q=0.8"],
        "trackingId": _tracking_id(number),
        "source": None,
        "sourceId": None,
    }


def _lead(recipient: Recipient) -> dict[str, Any]:
    core = {
        alias: {
            "id": str(place),
            "label": label,
            "alias": alias,
            "type": kind,
            "group": "core",
            "value": recipient.email if alias == "email" else None,
        }
        for place, (alias, label, kind) in enumerate(_CORE_FIELDS, start=1)
    }
    return {"id": recipient.id, "points": 10, "color": None, "fields": {"core": core, "social": {}, "personal": [], "professional": []}}


def _email() -> dict[str, Any]:
    return {
        "id": EMAIL_ID,
        "name": "Launch",
        "subject": "A new start in heart failure",
        "language": "en",
        "category": None,
        "fromAddress": None,
        "fromName": None,
        "replyToAddress": None,
        "bccAddress": None,
        "publishUp": None,
        "publishDown": None,
        "readCount": 1,
        "sentCount": 3,
        "revision": 1,
        "assetAttachments": [],
        "variantStartDate": None,
        "variantSentCount": 0,
        "variantReadCount": 0,
        "variantParent": None,
        "variantChildren": [],
    }


def _tracking_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:40]


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
