"""Mautic's webhooks: `{"mautic.<event>": {...} or [{...}, ...], ...}`, each event possibly with the `timestamp` it was queued at.

Its own bundles say what is in them (`EmailBundle`, `FormBundle`, `PageBundle`, `LeadBundle`). There is no webhook for a click in an
e-mail: it is a page hit with an `email`, a `redirect` or the source `email`.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from intake.decisions import moments
from intake.decisions.acts import Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.interface import Adapter
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.typed import with_typed
from intake.decisions.persons import PersonKey, person_of
from intake.decisions.signatures import Header, Signature
from intake.decisions.texts import Typed, typed_in
from shared.events.engagements import EngagementKind

RECIPE = Signature(place=Header("webhook-signature"), parts=("body",))

# Mautic serves its downloads here: /asset/<id>:<alias>.
_DOWNLOAD_PATH = re.compile(r"/asset/(?:[0-9]+:)?(?P<alias>[^/?#]+)")

# What tells of a record in Mautic or of its own sending rather than of something a contact did.
IGNORED: Mapping[str, str] = {
    "mautic.lead_post_save_new": "record_only",
    "mautic.lead_post_save_update": "record_only",
    "mautic.lead_post_delete": "record_only",
    "mautic.lead_points_change": "record_only",
    "mautic.lead_company_change": "record_only",
    "mautic.lead_list_change": "record_only",
    "mautic.company_post_save": "record_only",
    "mautic.company_post_delete": "record_only",
    "mautic.email_on_send": "sent_only",
    "mautic.sms_on_send": "sent_only",
}

# The fields of a contact that come with Mautic: who somebody is and where.
_MAUTICS = frozenset(
    {
        *("title", "firstname", "lastname", "company", "position", "email", "phone", "mobile", "fax", "address1", "address2", "city"),
        *("state", "zipcode", "country", "website", "timezone", "preferred_locale", "points", "attribution", "attribution_date"),
        *("last_active", "twitter", "facebook", "skype", "instagram", "foursquare", "linkedin", "googleplus"),
    }
)

# A body without its event names, as Mautic's own samples are, is known by what it holds.
_UNNAMED = "unnamed"
_NAME_BY_CONTENT = {"stat": "mautic.email_on_open", "submission": "mautic.form_on_submit", "hit": "mautic.page_on_hit"}


def read(body: object, source: SourceFacts) -> list[Item]:
    """One item per event in the body, in the body's order."""
    if isinstance(body, dict) and any(key.startswith("mautic.") for key in body):
        return [item for name, events in body.items() for item in _items(name, events, source)]
    return _items(None, body, source)


def _items(name: str | None, events: object, source: SourceFacts) -> list[Item]:
    listed = events if isinstance(events, list) else [events]
    return [
        with_typed(_item(name or _name_of(event), event, source), event, _typed, but=("timestamp",), whose=_whose(event))
        for event in listed
    ]


def _whose(event: object) -> str | None:
    """Whose record an event tells of: a contact's comes again whole with each of its changes."""
    return reading.word(reading.at(event, "contact", "id")) or reading.word(reading.at(event, "lead", "id"))


def _name_of(event: object) -> str:
    for key, name in _NAME_BY_CONTENT.items():
        if isinstance(event, dict) and key in event:
            return name
    if reading.at(event, "new_status") is not None:
        return "mautic.lead_channel_subscription_changed"
    return "mautic.lead_post_save_update" if reading.at(event, "contact") is not None else _UNNAMED


def _item(name: str, event: object, source: SourceFacts) -> Item:
    if name in IGNORED:
        return Ignored(name, IGNORED[name])
    reader = _READERS.get(name)
    if reader is None and name != _UNNAMED:
        return Ignored(_known(name), "unknown_event_type")
    if not isinstance(event, dict):
        return Rejected(name, "unexpected_shape", "An event must be a JSON object.")
    return reader(event, source) if reader is not None else Ignored(name, "unknown_event_type")


def _typed(name: str, event: dict[str, object]) -> list[Typed]:
    """A form's results; of a contact's record, which forms may fill in too, the fields an administrator added."""
    if name == "mautic.form_on_submit":
        return typed_in(reading.at(event, "submission", "results"), at="results")
    if not name.startswith("mautic.lead_post_save_"):
        return []
    groups = reading.at(event, "contact", "fields") or reading.at(event, "lead", "fields")
    listed = groups.values() if isinstance(groups, dict) else ()
    fields = [pair for group in listed if isinstance(group, dict) for pair in group.items() if pair[0] not in _MAUTICS]
    return [typed for alias, one in fields for typed in typed_in(reading.at(one, "value"), at=alias)]


def _known(name: str) -> str:
    """An event name fit to be kept: Mautic's are short words; anything else could be what somebody typed."""
    return name if re.fullmatch(r"mautic\.[a-z0-9_.]{1,60}", name) else _UNNAMED


def _opened(event: dict[str, object], source: SourceFacts) -> Item:
    stat = event.get("stat")
    read_at = reading.at(stat, "lastOpened") or reading.at(stat, "dateRead") or event.get("timestamp")
    opens = reading.whole_number(reading.at(stat, "openCount"))
    occasion = str(opens) if opens is not None else reading.text(read_at)
    return observed(
        source=source.name,
        vendor_type="mautic.email_on_open",
        identity=reading.identity("email_on_open", reading.word(reading.at(stat, "id")), occasion)
        or reading.identity_by_content("email_on_open", event, but=("timestamp",)),
        kind="email_opened",
        occurred_at=moments.from_rfc_3339(read_at),
        person=_person(reading.at(stat, "lead"), source, address=reading.at(stat, "emailAddress")),
        marks=_email_marks(stat),
        attributes={} if opens is None else {"open_count": opens},
    )


def _submitted(event: dict[str, object], source: SourceFacts) -> Item:
    submission = event.get("submission")
    marks = reading.codes(("form", reading.at(submission, "form", "alias")), ("page", reading.at(submission, "page", "alias")))
    return observed(
        source=source.name,
        vendor_type="mautic.form_on_submit",
        identity=reading.identity("form_on_submit", reading.word(reading.at(submission, "id")))
        or reading.identity_by_content("form_on_submit", event, but=("timestamp",)),
        kind="form_submitted",
        occurred_at=moments.from_rfc_3339(reading.at(submission, "dateSubmitted") or event.get("timestamp")),
        person=_person(reading.at(submission, "lead"), source),
        marks=[*marks, *reading.address_marks(reading.text(reading.at(submission, "referer")))],
    )


def _hit(event: dict[str, object], source: SourceFacts) -> Item:
    hit = event.get("hit")
    hit_at = reading.at(hit, "dateHit")
    kind, marks = _hit_kind_and_marks(hit)
    return observed(
        source=source.name,
        vendor_type="mautic.page_on_hit",
        identity=reading.identity("page_on_hit", reading.word(reading.at(hit, "id")))
        or reading.identity("page_on_hit", reading.word(reading.at(hit, "trackingId")), reading.text(hit_at))
        or reading.identity_by_content("page_on_hit", event, but=("timestamp",)),
        kind=kind,
        occurred_at=moments.from_rfc_3339(hit_at or event.get("timestamp")),
        person=_person(reading.at(hit, "lead"), source),
        marks=marks,
        agent=reading.at(hit, "userAgent"),
    )


def _hit_kind_and_marks(hit: object) -> tuple[EngagementKind, list[Mark]]:
    url = reading.text(reading.at(hit, "url"))
    here = [*reading.codes(("page", reading.at(hit, "page", "alias"))), *reading.address_marks(url)]
    origin = reading.text(reading.at(hit, "source"))
    if origin == "sms":
        return "sms_clicked", here
    if reading.at(hit, "email") or reading.at(hit, "redirect") or origin == "email":
        target = reading.address_marks(reading.text(reading.at(hit, "redirect", "url")))
        return "email_clicked", [*_email_marks(hit), *target, *here]
    if url is not None and (download := _download_alias(url)) is not None:
        return "content_downloaded", [Mark("page", download), *here]
    return "page_viewed", here


def _download_alias(url: str) -> str | None:
    try:
        found = _DOWNLOAD_PATH.search(urlsplit(url).path)
    except ValueError:
        return None
    return found["alias"] if found else None


def _subscription_changed(event: dict[str, object], source: SourceFacts) -> Item:
    name = "mautic.lead_channel_subscription_changed"
    channel, old, new = (reading.text(event.get(key)) for key in ("channel", "old_status", "new_status"))
    kind = _SUBSCRIPTION_KINDS.get(new or "")
    if kind is None or channel is None or not re.fullmatch(r"[a-z_]{1,40}", channel):
        return Rejected(name, "unexpected_shape", "A subscription change must name its channel and a new status that Mautic has.")
    if kind == "subscribed" and old == "bounced":
        return Ignored(name, "bounce_cleared")
    stamp = reading.text(event.get("timestamp"))
    return observed(
        source=source.name,
        vendor_type=name,
        identity=reading.identity("subscription", reading.word(reading.at(event, "contact", "id")), channel, new, stamp)
        or reading.identity_by_content("subscription", event),
        kind=kind,
        occurred_at=moments.from_rfc_3339(stamp),
        person=_person(event.get("contact"), source),
        channel=channel,
    )


# Mautic's own words for do-not-contact states; `manual` is an opt-out somebody entered for the contact.
_SUBSCRIPTION_KINDS: Mapping[str, EngagementKind] = {
    "contactable": "subscribed",
    "unsubscribed": "unsubscribed",
    "manual": "unsubscribed",
    "bounced": "email_bounced",
}


def _person(lead: object, source: SourceFacts, *, address: object = None) -> tuple[PersonKey, ...]:
    lead_id = reading.word(reading.at(lead, "id"))
    email = reading.text(reading.at(lead, "fields", "core", "email", "value")) or reading.text(address)
    return person_of(external_ids={source.name: lead_id} if lead_id else {}, emails=[email] if email else [])


def _email_marks(holder: object) -> list[Mark]:
    """The e-mail's id, as asset and as series: a marketer may declare either."""
    email_id = reading.at(holder, "email", "id")
    return reading.codes(("email", email_id), ("email_series", email_id))


_READERS: Mapping[str, Callable[[dict[str, object], SourceFacts], Item]] = {
    "mautic.email_on_open": _opened,
    "mautic.form_on_submit": _submitted,
    "mautic.page_on_hit": _hit,
    "mautic.lead_channel_subscription_changed": _subscription_changed,
}

ADAPTER = Adapter(
    recipe=RECIPE,
    read=read,
    settings=frozenset({"public_url", "brand_id"}),
    kinds={
        "mautic.email_on_open": ("email_opened",),
        "mautic.form_on_submit": ("form_submitted",),
        "mautic.page_on_hit": ("page_viewed", "content_downloaded", "email_clicked", "sms_clicked"),
        "mautic.lead_channel_subscription_changed": tuple(dict.fromkeys(_SUBSCRIPTION_KINDS.values())),
    },
    ignored=IGNORED,
)
