"""Whether an act was a machine's: which evidence it takes, and that no order of arrival changes the verdicts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.decisions.acts import Act, Mark
from intake.decisions.agents import KNOWN, is_machines
from intake.decisions.machines import (
    AHEAD,
    BURST,
    BURST_LINKS,
    REACH,
    SOON,
    Trace,
    gained,
    link_of,
    own_evidence,
    sending_of,
    shared_evidence,
)
from intake.decisions.persons import PersonKey
from shared.events.engagements import EngagementKind

DELIVERED = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def trace(number: int, kind: EngagementKind, after: float | timedelta, link: str | None = None, **changes: Any) -> Trace:
    at = DELIVERED + (after if isinstance(after, timedelta) else after * SECOND)
    fields: dict[str, Any] = {"contact_id": "hcp-1", "source": "sendgrid", "sending": "s-1"}
    return Trace(engagement_id=UUID(int=number), kind=kind, at=at, link=link, **fields | changes)


def verdicts(*traces: Trace) -> dict[int, set[str]]:
    return {engagement_id.int: set(evidence) for engagement_id, evidence in shared_evidence(traces).items()}


def act(kind: EngagementKind = "email_clicked", **changes: Any) -> Act:
    return Act("sendgrid", kind, "1", kind, "email", DELIVERED, (PersonKey("email", "a@b.test"),), **changes)


def test_a_scanner_that_opens_and_follows_every_link_moments_after_the_delivery_is_found_out_both_ways() -> None:
    delivery = trace(0, "email_delivered", 0)
    clicks = [trace(number, "email_clicked", 2 + number, f"link-{number}") for number in (1, 2, 3)]
    found = verdicts(delivery, trace(9, "email_opened", 2), *clicks)
    assert found == {number: {"soon_after_delivery", "every_link_burst"} for number in (1, 2, 3, 9)}


@pytest.mark.parametrize("kind", ["email_opened", "email_clicked"])
@pytest.mark.parametrize(
    ("after", "is_machine"),
    [(SOON, True), (SOON + SECOND / 10, False), (-AHEAD, True), (-AHEAD - SECOND / 10, False), (timedelta(hours=2), False)],
    ids=str,
)
def test_what_is_too_soon_after_the_delivery_or_just_before_it_is_a_machines(kind: Any, after: timedelta, is_machine: bool) -> None:
    assert bool(verdicts(trace(0, "email_delivered", 0), trace(1, kind, after, "a"))) is is_machine


def test_a_reader_who_follows_two_links_at_once_or_more_of_them_slowly_is_none() -> None:
    assert verdicts(trace(1, "email_clicked", 60, "a"), trace(2, "email_clicked", 61, "b"), trace(3, "email_clicked", 62, "a")) == {}
    assert verdicts(*(trace(number, "email_clicked", 60 + 6 * number, f"{number}") for number in range(5))) == {}


def test_a_burst_takes_so_many_links_within_the_time_and_what_was_opened_around_it_goes_along() -> None:
    clicks = [
        trace(number, "email_clicked", 60 + number * BURST / (BURST_LINKS - 1) / SECOND, f"{number}") for number in range(BURST_LINKS)
    ]
    late = trace(99, "email_clicked", 300, "0")
    assert verdicts(*clicks, late).keys() == set(range(BURST_LINKS))
    opened = [trace(50, "email_opened", 51), trace(51, "email_opened", 80), trace(52, "email_opened", 81)]
    assert verdicts(*clicks, *opened).keys() == {*range(BURST_LINKS), 50, 51}


@pytest.mark.parametrize("changes", [{"contact_id": "hcp-2"}, {"source": "mautic"}, {"sending": "s-2"}, {"sending": None}], ids=str)
def test_acts_of_other_persons_and_on_other_e_mails_are_no_evidence(changes: dict[str, Any]) -> None:
    assert verdicts(trace(0, "email_delivered", 0), trace(1, "email_clicked", 2, "a", **changes)) == {}
    others = [trace(number, "email_clicked", number, f"{number}", **changes) for number in (1, 2)]
    assert verdicts(*others, trace(3, "email_clicked", 3, "3")) == {}


def test_a_click_that_may_have_caused_the_next_e_mail_is_not_held_against_its_delivery_where_e_mails_have_no_names() -> None:
    unnamed = {"sending": None}
    assert verdicts(trace(0, "email_delivered", 0, **unnamed), trace(1, "email_clicked", -3, "a", **unnamed)) == {}
    assert verdicts(trace(0, "email_delivered", 0, **unnamed), trace(1, "email_clicked", 3, "a", **unnamed)) == {1: {"soon_after_delivery"}}


TRACES = st.lists(
    st.builds(
        trace,
        st.integers(1, 10**9),
        st.sampled_from(["email_delivered", "email_opened", "email_clicked"]),
        st.floats(-100, 150, allow_nan=False).map(lambda seconds: round(seconds, 1)),
        st.sampled_from(["a", "b", "c", "d", None]),
        contact_id=st.sampled_from(["hcp-1", "hcp-2"]),
        sending=st.sampled_from(["s-1", None]),
    ),
    max_size=14,
    unique_by=lambda one: one.engagement_id,
)


@settings(deadline=None)  # the machine may be busy
@given(TRACES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_whatever_comes_first_and_in_whatever_company_the_same_verdicts_stand_at_the_end(
    traces: list[Trace], chance: Any, size: int
) -> None:
    at_once = shared_evidence(traces)
    chance.shuffle(traces)
    assert shared_evidence(traces) == at_once
    assert in_batches(traces, size) == at_once


def in_batches(traces: Sequence[Trace], size: int) -> dict[UUID, frozenset[str]]:
    """What stands on record when they come in batches, each seeing only what is within reach of its own acts."""
    record: dict[UUID, Trace] = {}
    evidence: dict[UUID, set[str]] = {}
    for begin in range(0, len(traces), size):
        batch = traces[begin : begin + size]
        near = {key: one for key, one in record.items() if any(is_near(one, other) for other in batch)}
        shared = shared_evidence([*batch, *near.values()])
        for key, kinds in gained({key: tuple(evidence[key]) for key in near}, shared).items():  # type: ignore[arg-type]
            evidence[key] |= kinds
        for one in batch:
            record[one.engagement_id] = one
            evidence[one.engagement_id] = set(shared.get(one.engagement_id, ()))
    return {key: frozenset(kinds) for key, kinds in evidence.items() if kinds}


def is_near(one: Trace, other: Trace) -> bool:
    same = (one.contact_id, one.source, one.sending) == (other.contact_id, other.source, other.sending)
    return same and abs(one.at - other.at) <= REACH


def test_ten_thousand_links_at_once_are_judged_without_looking_at_each_for_each() -> None:
    clicks = [trace(number, "email_clicked", number / 10_000, f"{number}") for number in range(10_000)]
    assert len(shared_evidence(clicks)) == 10_000


def test_what_an_act_tells_of_itself() -> None:
    assert own_evidence(act()) == frozenset()
    assert own_evidence(act(machine=True)) == {"vendor_flag"}
    assert own_evidence(act(by_known_machine=True)) == {"agent"}


def test_an_e_mail_and_its_links_are_told_apart_without_keeping_what_they_are_called() -> None:
    named = act(sending="<m-1@mail.test>", marks=(Mark("email", "5"), Mark("url", "https://brand.test/?who=ada@b.test")))
    assert sending_of(named) != sending_of(act(marks=named.marks)) != sending_of(act(asset_id="guide")) != sending_of(act())
    assert sending_of(act()) is None
    assert "m-1" not in (sending_of(named) or "m-1")
    assert link_of(named) not in (None, link_of(act()), link_of(act(attributes={"link_position": 2})))
    assert "ada" not in (link_of(named) or "ada")
    assert link_of(act("email_opened", marks=named.marks)) is None


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "kind", "is_machine"),
    [
        ("Mozilla/5.0", "email_opened", True),
        ("Mozilla/5.0", "email_clicked", False),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "email_opened", False),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "email_opened", False),
        (CHROME, "email_clicked", False),
        (f"{CHROME} Edg/126.0", "page_viewed", False),
        ("Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE Build/PPR1; CUBOT) Chrome/80.0 Mobile Safari/537.36", "email_clicked", False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "page_viewed", True),
        ("Barracuda Sentinel (EE)", "email_clicked", True),
        ("python-requests/2.31.0", "email_clicked", True),
        (f"HeadlessChrome {CHROME}", "email_clicked", True),
        ("python-requests/2.31.0", "unsubscribed", False),
        ("", "email_opened", False),
        (None, "email_opened", False),
    ],
)
def test_a_program_that_names_itself_is_known_for_what_it_is(agent: str | None, kind: Any, is_machine: bool) -> None:
    assert is_machines(agent, kind) is is_machine


@pytest.mark.parametrize(("word", "behind"), [(word, known.behind) for known in KNOWN for word in known.words])
def test_every_word_of_the_table_decides_as_its_row_says(word: str, behind: str) -> None:
    assert word == word.lower()
    assert is_machines(f"{CHROME} {word.upper()}", "email_clicked") is (behind == "machine")


def test_no_word_stands_in_the_table_twice() -> None:
    listed = [word for known in KNOWN for word in known.words]
    assert len(listed) == len(set(listed))
