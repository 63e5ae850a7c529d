"""What changed of the material a brief shows and tells of: what is new, what is gone, what it is called, and until when it is valid."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from routing.decisions.briefs.material import why_unusable
from routing.decisions.briefs.parts import Brief, BriefAsset, BriefChange, Document
from routing.decisions.facts import Asset

_GONE_WORDS = {
    "withdrawn": 'Don\'t show "{}" any more: it was withdrawn.',
    "expired": 'Don\'t show "{}" any more: its approval expired.',
    "not_allowed_here": 'Don\'t show "{}" any more: it is no longer approved in this country.',
}

Answers = Mapping[tuple[str, str], Any]
"""By topic and asset id, an asset as it was, or is, said to answer the topic."""


def changes_of_material(
    before: Document, after: Brief, *, assets: Mapping[str, Asset], brand_id: str, now: datetime
) -> Iterator[BriefChange]:
    """Say what changed of the assets; `assets` are the brand's as they are now. What makes room for what is valid longer is no change."""
    topics = {likely["topic"] for likely in before.get("likely_objections", ())}
    known = {(likely["topic"], asset["asset_id"]): asset for likely in before.get("likely_objections", ()) for asset in likely["assets"]}
    told = {(likely.topic, asset.asset_id): asset for likely in after.likely_objections for asset in likely.assets}
    shown = {asset_id: asset for (_, asset_id), asset in told.items()}
    for asset_id, asset in {asset_id: asset for (_, asset_id), asset in known.items()}.items():
        why = why_unusable(assets.get(asset_id), brand_id=brand_id, country=after.contact.country, now=now)
        if why is not None:
            yield BriefChange(f"asset_{why}", _GONE_WORDS[why].format(asset["title"]))
        elif asset_id in shown:
            yield from _of_one_that_stays(asset, shown[asset_id])
    yield from _no_answers(known, told, after=after, assets=assets)
    shown_before = {asset_id for _, asset_id in known}
    fresh = [key for key in told if key not in known and (key[0] in topics or key[1] not in shown_before)]
    if fresh:
        more = f", and {len(fresh) - 1} more" if len(fresh) > 1 else ""
        yield BriefChange("asset_added", f'A new answer to {_words(fresh[0][0])}: "{told[fresh[0]].title}"{more}.')
    yield from _of_titles(before, after, besides=shown_before)


def _of_one_that_stays(known: Mapping[str, Any], asset: BriefAsset) -> Iterator[BriefChange]:
    if asset.version != known["version"]:
        yield BriefChange("asset_replaced", f'Show "{asset.title}" in its new version {asset.version}.')
        return
    if asset.title != known["title"]:
        yield BriefChange("asset_retitled", f'"{known["title"]}" is called "{asset.title}" now.')
    if "valid_until" in known and _day(known["valid_until"]) != asset.valid_until:
        day = asset.valid_until
        until = f"through {day.day} {day:%B} {day.year}" if day else "without end"
        yield BriefChange("asset_dates_changed", f'"{asset.title}" may be shown {until} now.')


def _no_answers(known: Answers, told: Answers, *, after: Brief, assets: Mapping[str, Asset]) -> Iterator[BriefChange]:
    """Of topics that are still likely, what doesn't answer them any more though it may be shown."""
    likely = {each.topic for each in after.likely_objections}
    for (topic, asset_id), asset in known.items():
        stands = assets.get(asset_id)
        if topic in likely and (topic, asset_id) not in told and stands is not None and topic not in stands.answers:
            yield BriefChange("asset_no_answer", f'"{asset["title"]}" is no answer to {_words(topic)} any more.')


def _of_titles(before: Document, after: Brief, *, besides: set[str]) -> Iterator[BriefChange]:
    """What they took in is called otherwise, or its name is known only now."""
    known = {act["asset_id"]: act["title"] for act in before.get("engagements", ()) if act["asset_id"] not in besides}
    titles = {act.asset_id: act.title for act in after.engagements if act.asset_id in known}
    for asset_id, title in titles.items():
        if title != known[asset_id] and title is not None:
            was = known[asset_id]
            words = f'What they took in as "{was}" is called "{title}" now.' if was else f'What they took in is known now: "{title}".'
            yield BriefChange("asset_retitled", words)


def _day(text_or_none: str | None) -> date | None:
    return None if text_or_none is None else date.fromisoformat(text_or_none)


def _words(code: str) -> str:
    return code.replace("_", " ")
