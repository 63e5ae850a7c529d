"""Bodies in the shapes of the platforms we ship mappings for, all made up."""

from typing import Any
from urllib.parse import urlencode

import orjson

AT = "2026-03-02T10:15:00Z"
SECONDS = 1_772_446_500
EMAIL = "ada@clinic.test"
LINK = "https://brand.test/dosing?utm_campaign=spring"


def brevo(event: str, **changes: Any) -> dict[str, Any]:
    fields = {"event": event, "email": EMAIL, "id": 77, "message-id": "<m-1@relay.test>", "ts_event": SECONDS, "ts_epoch": SECONDS * 1000}
    more = {"date": "2026-03-02 11:15:00", "subject": "About dosing", "template_id": 12, "contact_id": 4711, "tags": ["launch"]}
    return {**fields, **more, **changes}


def mailgun(event: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "event": event,
        "id": "an-id-of-this-day",
        "timestamp": SECONDS + 0.25,
        "recipient": EMAIL,
        "tags": ["launch"],
        "message": {"headers": {"message-id": "m-1@mail.test", "to": EMAIL, "subject": "About dosing"}},
        "client-info": {"client-type": "browser", "bot": ""},
    }
    return {"signature": {"timestamp": str(SECONDS), "token": "c0ffee" * 8, "signature": "..."}, "event-data": {**fields, **changes}}


def postmark(record: str, **changes: Any) -> dict[str, Any]:
    times = {"Delivery": "DeliveredAt", "Bounce": "BouncedAt", "SpamComplaint": "BouncedAt", "SubscriptionChange": "ChangedAt"}
    address = "Email" if record in ("Bounce", "SpamComplaint") else "Recipient"
    fields = {"RecordType": record, "MessageID": "883953f4-6105-42a2-a16a", "Tag": "launch", times.get(record, "ReceivedAt"): AT}
    return {**fields, address: EMAIL, "Metadata": {"note": "my patient felt dizzy"}, **changes}


def klaviyo(topic: str, **properties: Any) -> dict[str, Any]:
    event_properties = {"Recipient Email Address": EMAIL, "Subject": "About dosing", "$message": "msg-5", **properties}
    data = {
        "type": "event",
        "id": "ev-1",
        "attributes": {"datetime": "2026-03-02T10:15:00+00:00", "timestamp": SECONDS, "event_properties": event_properties},
        "relationships": {"profile": {"data": {"type": "profile", "id": "01PROFILE"}}},
    }
    event = {"external_id": "ev-1", "topic": f"event:klaviyo.{topic}", "payload": {"data": data}}
    return {"data": [event], "meta": {"klaviyo_webhook_id": "hook", "timestamp": AT}}


def activecampaign(kind: str, **changes: str) -> dict[str, str]:
    contact = {
        "contact[id]": "12060",
        "contact[email]": EMAIL,
        "contact[first_name]": "Ada",
        "contact[fields][27]": "my patient felt dizzy",
    }
    fields = {"type": kind, "date_time": "2026-03-02T04:15:00-06:00", "initiated_from": "public", "initiated_by": "contact", "list": "0"}
    return {**fields, **contact, "campaign[id]": "5", "campaign[message][subject]": "About dosing", **changes}


def mailchimp(kind: str, **changes: str) -> dict[str, str]:
    fields = {"type": kind, "fired_at": "2026-03-02 10:15:00", "data[list_id]": "a6b5", "data[id]": "8a25ff1d98", "data[email]": EMAIL}
    return {**fields, "data[merges][FNAME]": "Ada", "data[merges][NOTE]": "my patient felt dizzy", "data[ip_opt]": "10.0.0.1", **changes}


def typeform(kind: str = "form_response", *, answers: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    typed = {"type": "text", "text": "my patient felt dizzy", "field": {"id": "q1", "type": "long_text", "ref": "anything-else"}}
    address = {"type": "email", "email": EMAIL, "field": {"id": "q2", "type": "email", "ref": "address"}}
    response = {
        "form_id": "lT4Z3j",
        "token": "a3a12ec67a1365927098a606107fac15",
        "landed_at": "2026-03-02T10:10:00Z",
        "submitted_at": AT,
        "hidden": {"utm_campaign": "spring", "utm_content": "hero"},
        "answers": [typed, address] if answers is None else answers,
    }
    return {"event_id": "01EK", "event_type": kind, "form_response": {**response, **changes}}


def as_json(value: Any) -> bytes:
    return orjson.dumps(value)


def as_form(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()
