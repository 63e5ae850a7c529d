"""What consents leave open to a rep."""

from datetime import UTC, datetime

import pytest

from routing.decisions.consent import REP_CHANNELS, allowed_rep_channels, denied_channels, is_do_not_contact
from routing.decisions.facts import Consent

EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def granted(channel: str, at: datetime | None = LATER, purpose: str = "promotional") -> Consent:
    return Consent(channel, purpose, "granted", at)


def denied(channel: str, at: datetime | None = LATER, purpose: str = "promotional") -> Consent:
    return Consent(channel, purpose, "denied", at)


@pytest.mark.parametrize(
    ("consents", "is_denied"),
    [
        pytest.param([], False, id="nothing said"),
        pytest.param([denied("email", EARLIER), granted("email", LATER)], False, id="granted after a denial"),
        pytest.param([denied("email", LATER), granted("email", EARLIER)], True, id="denied after a grant"),
        pytest.param([denied("email", LATER), granted("email", LATER)], True, id="both at the same moment: the strictest"),
        pytest.param([denied("email", None), granted("email", LATER)], True, id="an undated denial: the strictest"),
        pytest.param([denied("email", EARLIER), granted("email", None)], True, id="an undated grant outweighs no denial"),
        pytest.param([granted("email", None)], False, id="an undated grant alone"),
        pytest.param([denied("email", purpose="research"), granted("email")], True, id="denied for one purpose: the strictest"),
    ],
)
def test_a_channel_is_denied(consents: list[Consent], is_denied: bool) -> None:
    assert ("email" in denied_channels(consents)) is is_denied
    assert ("email" in denied_channels(reversed(consents))) is is_denied
    assert ("email" in allowed_rep_channels(consents)) is not is_denied


@pytest.mark.parametrize(
    ("consents", "closed"),
    [
        pytest.param([], False, id="nothing said"),
        pytest.param([denied("any")], True, id="do not contact"),
        pytest.param([denied("any", EARLIER), granted("any", LATER)], False, id="do not contact, taken back"),
        pytest.param([denied("email")], False, id="an e-mail opt-out stops e-mail only"),
        pytest.param([denied(channel) for channel in REP_CHANNELS], True, id="every channel a rep has denied"),
        pytest.param([denied(channel) for channel in REP_CHANNELS[1:]], False, id="every channel but one denied"),
        pytest.param([denied("any"), granted("phone")], True, id="a grant for one channel opens nothing"),
    ],
)
def test_a_person_is_closed_to_reps(consents: list[Consent], closed: bool) -> None:
    assert is_do_not_contact(consents) is closed
    assert (allowed_rep_channels(consents) == ()) is closed


def test_the_channels_left_keep_their_order() -> None:
    assert allowed_rep_channels([denied("phone"), denied("sms")]) == ("in_person", "video", "email")
