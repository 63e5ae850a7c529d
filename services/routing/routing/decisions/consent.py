"""What a contact's consents leave open to a rep."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from routing.decisions.facts import Consent, ConsentState

RepChannel = Literal["in_person", "phone", "video", "email"]

REP_CHANNELS: tuple[RepChannel, ...] = get_args(RepChannel)


def consents_said(consents: Iterable[Consent]) -> Mapping[tuple[str, str], ConsentState]:
    """Return what stands, by channel and purpose.

    The latest deliberate act wins; an undated denial, or one of the same moment, wins over everything.
    """
    said: defaultdict[tuple[str, str], list[Consent]] = defaultdict(list)
    for consent in consents:
        said[consent.channel, consent.purpose].append(consent)
    return {about: "denied" if _ends_denied(acts) else "granted" for about, acts in said.items()}


def denied_channels(consents: Iterable[Consent]) -> frozenset[str]:
    """Return the channels the contact has denied, "any" among them.

    A channel denied for one purpose is denied: purposes are free words, so the strictest is believed.
    """
    return frozenset(channel for (channel, _), state in consents_said(consents).items() if state == "denied")


def is_do_not_contact(consents: Iterable[Consent]) -> bool:
    """Tell whether no rep may contact this person: `any` is denied, or every channel a rep has."""
    denied = denied_channels(consents)
    return "any" in denied or denied.issuperset(REP_CHANNELS)


def allowed_rep_channels(consents: Iterable[Consent]) -> tuple[RepChannel, ...]:
    """Return the rep's channels that stand open, best first; nothing said is not a denial."""
    denied = denied_channels(consents)
    if "any" in denied:
        return ()
    return tuple(channel for channel in REP_CHANNELS if channel not in denied)


def _ends_denied(acts: Sequence[Consent]) -> bool:
    if any(act.state == "denied" and act.at is None for act in acts):
        return True
    latest_at = max((act.at for act in acts if act.at is not None), default=None)
    return any(act.state == "denied" and act.at == latest_at for act in acts)
