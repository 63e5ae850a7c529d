"""What a HubSpot workflow posts: the CRM object it runs for, as HubSpot's object API writes it, with its history and form submissions.

The same object comes again with each run. An act in it is told apart by what it is and when, not by the request it came in.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_texts
from intake.decisions.persons import PersonKey, person_of
from intake.decisions.texts import Texts, Typed, typed_in

OBJECT = "workflow.contact"
PROPERTY = "workflow.contact.property"
SUBMISSION = "workflow.contact.form-submission"

_OBJECT_IDS = ("vid", "objectId", "id", "hs_object_id")
# A property that was emptied or switched off is no act of the person.
_CLEARED = frozenset({"", "false"})
_HUBSPOTS = frozenset(
    {
        *("email", "firstname", "lastname", "salutation", "phone", "mobilephone", "fax", "company", "website", "address", "city", "state"),
        *("zip", "country", "lifecyclestage", "createdate", "lastmodifieddate", "closedate", "ip_city", "ip_country", "ip_state"),
    }
)
_CONTACT_OBJECT_TYPE_ID = "0-1"
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


def is_object(body: object) -> bool:
    """Whether a body is a CRM object rather than an app's event."""
    return isinstance(body, dict) and isinstance(body.get("properties"), dict) and "subscriptionType" not in body


def is_cleared(value: object) -> bool:
    """Whether a property's value says that there is nothing."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _CLEARED)


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per form submission and per property the source maps; one ignored item if there are none."""
    if not _is_contact(body):
        return [with_texts(Ignored(OBJECT, "record_only"), _typed(body), _what_is_told(body))]
    person = _person(body, source)
    items = [*_submissions(body, person, source), *_properties(body, person, source)]
    items = items or [Ignored(OBJECT, "record_only")]
    # The object comes again with each run: its texts are told apart by what they say, wherever they stand.
    typed = _typed(body)
    if typed:
        items[0] = replace(items[0], texts=Texts(tuple(typed), reading.identity_by_content("object", _what_is_told(body))))
    return items


def is_hubspots(property_name: str) -> bool:
    """Whether a property is one that HubSpot fills in, or says who somebody is: nobody's answer."""
    return property_name.startswith("hs_") or property_name in _HUBSPOTS


def _typed(body: object) -> list[Typed]:
    properties = reading.at(body, "properties")
    found = properties.items() if isinstance(properties, dict) else ()
    return [typed for name, one in found if not is_hubspots(str(name)) for typed in typed_in(_value_of(one), at=str(name))]


def _what_is_told(body: object) -> list[object]:
    return [_object_id(body), [[typed.field, typed.text] for typed in _typed(body)]]


def _submissions(body: object, person: tuple[PersonKey, ...], source: SourceFacts) -> Iterator[Item]:
    listed = reading.at(body, "form-submissions")
    for submission in listed if isinstance(listed, list) else []:
        if not isinstance(submission, dict):
            yield Rejected(SUBMISSION, "unexpected_shape", "A form submission must be a JSON object.")
            continue
        yield observed(
            source=source.name,
            vendor_type=SUBMISSION,
            identity=reading.identity("submission", reading.word(submission.get("conversion-id")))
            or reading.identity_by_content("submission", submission),
            kind="form_submitted",
            occurred_at=moments.from_epoch_milliseconds(submission.get("timestamp")),
            person=person,
            marks=[
                *reading.codes(("form", submission.get("form-id"))),
                *reading.address_marks(reading.text(submission.get("page-url"))),
            ],
        )


def _properties(body: object, person: tuple[PersonKey, ...], source: SourceFacts) -> Iterator[Item]:
    for name, kind in source.property_kinds.items():
        found = reading.at(body, "properties", name)
        if is_cleared(_value_of(found)):
            continue
        at = _changed_at(found, body)
        yield observed(
            source=source.name,
            vendor_type=PROPERTY,
            identity=reading.identity(
                "property", _object_id(body), name, at.isoformat() if not isinstance(at, moments.UnusableTime) else None
            )
            or reading.identity_by_content("property", [_object_id(body), name, _value_of(found)]),
            kind=kind,
            occurred_at=at,
            person=person,
        )


def _value_of(found: object) -> object:
    """A property's value: bare, or beside its history."""
    return found.get("value") if isinstance(found, dict) else found


def _changed_at(found: object, body: object) -> moments.Reading:
    """When a property got its value: as its history says, else when the object last changed."""
    versions = reading.at(found, "versions")
    newest = versions[0] if isinstance(versions, list) and versions else found
    stamp = reading.at(newest, "timestamp")
    if stamp is not None:
        return _from_milliseconds(stamp)
    updated_at = reading.text(reading.at(body, "updatedAt"))
    if updated_at is not None:
        return moments.from_rfc_3339(updated_at)
    return _from_milliseconds(_value_of(reading.at(body, "properties", "lastmodifieddate")))


def _from_milliseconds(stamp: object) -> moments.Reading:
    """HubSpot writes milliseconds as numbers, and in properties as text."""
    written = reading.text(stamp)
    return moments.from_epoch_milliseconds(int(written) if written is not None and _DIGITS.fullmatch(written) else stamp)


def _person(body: object, source: SourceFacts) -> tuple[PersonKey, ...]:
    object_id = _object_id(body)
    email = reading.text(_value_of(reading.at(body, "properties", "email")))
    return person_of(external_ids={source.name: object_id} if object_id else {}, emails=[email] if email else [])


def _is_contact(body: object) -> bool:
    """Deals and companies come in the same shape, and number themselves too; only a contact has a `vid`, or an e-mail property."""
    properties = reading.at(body, "properties")
    has_email = isinstance(properties, dict) and "email" in properties
    return has_email or reading.at(body, "vid") is not None or reading.at(body, "objectTypeId") == _CONTACT_OBJECT_TYPE_ID


def _object_id(body: object) -> str | None:
    """A contact's id, under whichever of its names."""
    given: Mapping[str, object] = body if isinstance(body, dict) else {}
    ids = [given.get(name) for name in _OBJECT_IDS] + [_value_of(reading.at(body, "properties", "hs_object_id"))]
    return next((found for value in ids if (found := reading.word(value)) is not None), None)
