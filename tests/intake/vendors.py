"""Bodies in the shapes further platforms send them, all made up: one per platform to begin from, changed field by field in the tests."""

from datetime import UTC, datetime
from typing import Any

MOMENT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())
MILLISECONDS = SECONDS * 1000
WRITTEN = "2026-03-02T10:15:00Z"


def sendgrid_event(event: str = "open", **changes: Any) -> dict[str, Any]:
    return {
        "email": "Ada@clinic.test",
        "timestamp": SECONDS,
        "event": event,
        "sg_event_id": f"ev-{event}",
        "sg_message_id": "msg-1.filter.0",
        "category": ["spring", "launch"],
        "useragent": "Mozilla/5.0",
        "ip": "192.0.2.7",
        **changes,
    }


def ens_event(name: str = "EngagementEvents.EmailOpen", *, info: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "eventCategoryType": name,
        "timestampUTC": MILLISECONDS,
        "compositeId": "70.80.90.100",
        "definitionKey": "NA",
        "definitionId": "NA",
        "mid": 1,
        "eid": 2,
        "composite": {"jobId": "70", "batchId": "80", "listId": "90", "subscriberId": "100"},
        "info": {"ipAddress": "192.0.2.7", "userAgent": "Mozilla/5.0", "location": {}} if info is None else info,
        **changes,
    }


def customerio_event(
    object_type: str = "email", metric: str = "opened", *, data: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    known = {
        "customer_id": "42",
        "identifiers": {"id": "42", "email": "ada@clinic.test", "cio_id": "d9c1"},
        "delivery_id": "RMeh",
        "recipient": "ada@clinic.test",
        "subject": "About dosing",
        "campaign_id": 6,
        "action_id": 37,
    }
    return {"event_id": "01E4", "object_type": object_type, "metric": metric, "timestamp": SECONDS, "data": known | (data or {}), **changes}


def segment_call(call_type: str = "track", event: str | None = "Email Opened", **changes: Any) -> dict[str, Any]:
    call = {
        "messageId": "ajs-1",
        "type": call_type,
        "userId": "user-9",
        "anonymousId": "cookie-1",
        "timestamp": WRITTEN,
        "sentAt": WRITTEN,
        "receivedAt": WRITTEN,
        "context": {"traits": {"email": "ada@clinic.test"}, "campaign": {"name": "spring-launch", "content": "leaflet"}, "ip": "192.0.2.7"},
        "properties": {"email_id": "welcome-2", "campaign_id": "c-7", "email_subject": "About dosing"},
    }
    return {**call, **({} if event is None else {"event": event}), **changes}


def zoom_event(event: str = "webinar.registration_created", *, who: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    webinar: dict[str, Any] = {"uuid": "u4aa==", "id": 990011, "host_id": "host-1", "topic": "Dosing", "start_time": WRITTEN}
    if event.startswith("webinar.participant"):
        webinar["participant"] = {
            "id": "zoom-user-1",
            "user_id": "16778240",
            "participant_uuid": "p-1",
            "registrant_id": "reg-1",
            "email": "Ada@Clinic.test ",
            "user_name": "Ada",
            "join_time": "2026-03-02T10:14:30Z",
            **(who or {}),
        }
    else:
        webinar["registrant"] = {
            "id": "reg-1",
            "email": "ada@clinic.test",
            "first_name": "Ada",
            "custom_questions": [{"title": "What would you like to ask?", "value": "my patient felt dizzy on it"}],
            "tracking_source": {"tracking_url": "https://events.brand.test/dosing?utm_campaign=spring-launch"},
            **(who or {}),
        }
    return {"event": event, "event_ts": MILLISECONDS, "payload": {"account_id": "a-1", "object": webinar}, **changes}


def cloud_event(event_type: str = "test.brand.email.clicked.v2", **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": event_type,
        "source": "/brand/site",
        "id": "ce-1",
        "time": WRITTEN,
        "datacontenttype": "application/json",
        "data": {"email": "ada@clinic.test"},
        **changes,
    }


def stated_engagement(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "webinar_attended",
        "occurred_at": "2026-03-02T09:00:00+01:00",
        "contact": {"email": "ada@clinic.test", "external_ids": {"npi": "1234567893", "site": "77"}},
        "channel": "webinar",
        "context": "educational",
        "asset_id": "guide",
        "campaign_id": "launch",
        "brand_id": "cardiozan",
        "topics": ["dosing"],
        "attributes": {"attended_seconds": 1800, "live": True, "comment": "she asked about rash"},
        "flags": ["backfill"],
        **changes,
    }


def standard_message(data: Any = None, message_type: str = "engagement.recorded", **changes: Any) -> dict[str, Any]:
    return {"type": message_type, "timestamp": WRITTEN, "data": stated_engagement() if data is None else data, **changes}


def marketo_event(event: str = "Fills Out Form", **changes: Any) -> dict[str, Any]:
    return {
        "event": event,
        "lead": {"id": 1009, "email": "ada@clinic.test", "firstName": "Ada", "score": 12},
        "program": "Spring",
        "campaign": {"id": 31, "name": "Spring.01"},
        "trigger": {"name": "Dosing guide form", "link": "https://brand.test/guide?utm_campaign=spring-launch", "subject": ""},
        "occurredAt": WRITTEN,
        **changes,
    }


def hubspot_contact(**changes: Any) -> dict[str, Any]:
    return {
        "vid": 5501,
        "portal-id": 62515,
        "is-contact": True,
        "properties": {
            "email": {"value": "ada@clinic.test"},
            "webinar_attended": {"value": "dosing, spring", "versions": [{"value": "dosing, spring", "timestamp": MILLISECONDS}]},
            "wants_rep": {"value": "false", "versions": [{"value": "false", "timestamp": MILLISECONDS}]},
            "favourite_colour": {"value": "blue"},
        },
        "form-submissions": [
            {
                "conversion-id": "c0ffee",
                "timestamp": MILLISECONDS,
                "form-id": "f-1",
                "page-url": "https://brand.test/guide",
                "page-title": "Guide",
                "title": "Ask us",
            }
        ],
        **changes,
    }
