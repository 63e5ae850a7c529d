"""What changed from one version of a brief to the next, in codes and in words: a version that changes nothing isn't issued."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from routing.decisions.briefs.changed_material import changes_of_material
from routing.decisions.briefs.parts import Brief, BriefChange, BriefEngagement, Document
from routing.decisions.briefs.sentences import act_words, day_words, moment_words
from routing.decisions.facts import Asset

CHANGES_MAX = 10
"""More than this is a new page; nobody reads what changed in it."""


def changes_between(
    before: Document, after: Brief, *, assets: Mapping[str, Asset], brand_id: str, now: datetime
) -> tuple[BriefChange, ...]:
    """Say what a rep who read the version `before` must know; what is only told in other words, or counted anew, is no change.

    `assets` are the brand's as they are now: they say why one of them is gone. What an older version didn't tell of isn't compared.
    """
    found = [
        *_of_owner_and_stage(before, after),
        *_of_meeting(before, after, now=now),
        *_of_acts(before, after, now=now),
        *changes_of_material(before, after, assets=assets, brand_id=brand_id, now=now),
        *_of_the_person(before, after),
        *_of_campaign(before, after),
        *_of_conclusions(before, after),
    ]
    return tuple(found[:CHANGES_MAX])


def _of_owner_and_stage(before: Document, after: Brief) -> Iterator[BriefChange]:
    if before.get("rep_id", after.rep_id) != after.rep_id:
        yield BriefChange("owner_changed", "The lead is yours now.")
    if before.get("stage", after.stage) != after.stage:
        yield BriefChange("stage_changed", f"The lead went from {_words(before['stage'])} to {_words(after.stage)}.")
    if before.get("journey_stage", after.journey_stage) != after.journey_stage:
        yield BriefChange("journey_stage_changed", f"What they read moved them to {_words(after.journey_stage)}.")


def _of_meeting(before: Document, after: Brief, *, now: datetime) -> Iterator[BriefChange]:
    known = before.get("meeting_at")
    if (None if known is None else datetime.fromisoformat(known)) == after.meeting_at:
        return
    if after.meeting_at is None:
        yield BriefChange("meeting_over", "What came of the meeting was told.")
    else:
        when = moment_words(after.meeting_at, now=now)
        yield BriefChange("meeting_changed", f"The meeting is on {when}{'' if known is None else ' now'}.")


def _of_acts(before: Document, after: Brief, *, now: datetime) -> Iterator[BriefChange]:
    known = {_key(act["kind"], act["asset_id"], datetime.fromisoformat(act["occurred_at"])) for act in before.get("engagements", ())}
    told = {_key(act.kind, act.asset_id, act.occurred_at): act for act in after.engagements}
    fresh = [act for key, act in told.items() if key not in known]
    if fresh:
        more = f", and {len(fresh) - 1} more" if len(fresh) > 1 else ""
        yield BriefChange("engaged", f"New: they {_act(fresh[0], now=now)}{more}.")
    # Older acts leave a full list by themselves; one that is gone from among those shown was told anew.
    since = min((act.occurred_at for act in after.engagements), default=None)
    if any(key not in told and (since is None or key[2] >= since) for key in known):
        yield BriefChange("restated", "Something told before turned out not to be theirs, or not what it seemed.")


def _of_the_person(before: Document, after: Brief) -> Iterator[BriefChange]:
    contact = before.get("contact", {})
    current = {name: getattr(after.contact, name) for name in after.contact.__slots__ if name not in {"account_id", "account_name"}}
    if any(name in contact and contact[name] != value for name, value in current.items()):
        yield BriefChange("contact_changed", "Who they are was described anew.")
    works_at = after.account.account_id if after.account else None
    account = before.get("account") or {}
    if contact.get("account_id", works_at) != works_at:
        yield BriefChange(
            "account_changed", f"They work with {after.account.name} now." if after.account else "Where they work isn't known."
        )
    elif after.account and any(
        name in account and account[name] != getattr(after.account, name) for name in ("name", "institution_type", "priority")
    ):
        yield BriefChange("account_changed", "Their account was described anew.")
    if list(before.get("allowed_channels", after.allowed_channels)) != list(after.allowed_channels):
        allowed = ", ".join(_words(channel) for channel in after.allowed_channels)
        yield BriefChange("channels_changed", f"You may reach them by: {allowed}." if allowed else "You may not reach them on any channel.")


def _of_campaign(before: Document, after: Brief) -> Iterator[BriefChange]:
    told = None if after.campaign is None else asdict(after.campaign)
    if before.get("campaign", told) == told:
        return
    if after.campaign is None:
        yield BriefChange("campaign_changed", "They came by no campaign that is known.")
        return
    guide, meeting = after.campaign.call_guide, after.campaign.meeting_ask
    asks = [f"call guide {guide}" if guide else "", f"meeting {meeting}" if meeting else ""]
    yield BriefChange(
        "campaign_changed", f'The campaign "{after.campaign.name}" asks for: {_listed(list(filter(None, asks))) or "nothing of its own"}.'
    )


def _of_conclusions(before: Document, after: Brief) -> Iterator[BriefChange]:
    if before.get("sql_candidate", after.sql_candidate) != after.sql_candidate:
        yield (
            BriefChange("sql_candidate", f"They are an SQL candidate now: {_words(after.readiness or '')}.")
            if after.sql_candidate
            else BriefChange("no_sql_candidate", "They are no SQL candidate any more.")
        )
    if list(before.get("fit", after.fit)) != list(after.fit):
        yield BriefChange("fit_changed", f"What speaks for them: {_listed(after.fit) or 'nothing by the rules as they are'}.")
    if before.get("urgency", after.urgency) != after.urgency:
        yield BriefChange("urgency_changed", f"Their engagement is {after.urgency} now.")
    topics = [likely["topic"] for likely in before.get("likely_objections", ())]
    now_likely = [likely.topic for likely in after.likely_objections]
    if topics != now_likely:
        yield BriefChange("objections_changed", f"Likely objections now: {_listed([_words(topic) for topic in now_likely]) or 'none'}.")
    if before.get("next_step", after.next_step) != after.next_step:
        yield BriefChange("next_step_changed", f"Next: {after.next_step}")


def _key(kind: str, asset_id: str | None, occurred_at: datetime) -> tuple[str, str | None, datetime]:
    return kind, asset_id, occurred_at


def _act(act: BriefEngagement, *, now: datetime) -> str:
    return act_words(act, when=day_words(act.occurred_at, now=now))


def _words(code: str) -> str:
    return code.replace("_", " ")


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
