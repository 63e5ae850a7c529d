"""A brief at a glance: twenty seconds, whatever there is to tell."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from hypothesis import given
from hypothesis import strategies as st

from routing.decisions.briefs.at_a_glance import WORDS_MAX, glance, headline
from routing.decisions.briefs.sentences import ACT_WORDS, step_of_meeting
from routing.decisions.clocks.clock import Clock
from routing.decisions.consent import REP_CHANNELS
from tests.routing.test_brief import CAMPAIGN, GUIDE, MAIL, act, brief

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CLOCK = Clock("first_outreach", "running", NOW, NOW + timedelta(hours=3), NOW + timedelta(hours=4), NOW + timedelta(hours=8))


def document(**changes: Any) -> dict[str, Any]:
    written: dict[str, Any] = orjson.loads(
        orjson.dumps(
            brief(
                act(1, asset_id="mail", days=1),
                act(2, "content_downloaded", days=2, asset_id="guide"),
                assets=(GUIDE, MAIL),
                campaign=CAMPAIGN,
                heard_topics=("cost_copay",),
            )
        )
    )
    return written | changes


def test_it_tells_who_why_now_what_to_expect_what_to_do_and_by_when() -> None:
    assert glance(document(), clock=CLOCK, channels=("phone", "video"), now=NOW).splitlines() == [
        'Ada Quill, cardiology at Lakeside Heart Center: downloaded "The guide" 2 days ago; engagement rising.',
        "Why them: specialty cardiology, institution type academic….",
        'Expect: cost copay (no approved answer), dosing administration (show "The guide").',
        "Next: Call and answer what they are weighing up.",
        "Reach out by Tue 10 Mar 16:00 UTC. Channels: phone, video.",
    ]


def test_an_sql_candidate_is_told_first_with_what_confirmed_intent() -> None:
    told = glance(document(sql_candidate=True, readiness="rep_requested"), clock=CLOCK, channels=("phone",), now=NOW).splitlines()
    assert told[1] == "Why them: SQL candidate (rep requested), specialty cardiology."
    assert glance(document(sql_candidate=True, readiness="asked", fit=[]), clock=None, channels=(), now=NOW).splitlines()[1] == (
        "Why them: SQL candidate (asked)."
    )


def test_days_are_told_as_of_the_reading() -> None:
    told = document()
    assert "2 days ago" in headline(told, now=NOW)
    assert "5 days ago" in headline(told, now=NOW + timedelta(days=3))


def test_a_clock_that_is_late_met_or_paused_says_so() -> None:
    def line(state: Any, now: datetime = NOW) -> str:
        clock = Clock("first_outreach", state, NOW, NOW, NOW + timedelta(hours=4), NOW + timedelta(hours=8))
        return glance(document(), clock=clock, channels=(), now=now).splitlines()[-1]

    assert line("met") == "First outreach is made. No channel is open to you."
    assert line("paused").startswith("The clock is paused.")
    assert line("warned", NOW + timedelta(days=1)).startswith("Overdue since Tue 10 Mar 16:00 UTC.")


def test_a_report_that_is_due_is_asked_for() -> None:
    due = replace(CLOCK, kind="report")
    assert glance(document(), clock=due, channels=(), now=NOW).splitlines()[-1].startswith("Report by Tue 10 Mar 16:00 UTC.")


def test_a_meeting_is_told_whole_with_its_year_where_that_is_another() -> None:
    chicago = ZoneInfo("America/Chicago")
    for meeting_at, when in [
        (datetime(2026, 3, 17, 19, tzinfo=UTC), "Tue 17 Mar 14:00 CDT"),
        (datetime(2027, 1, 5, 15, 30, tzinfo=UTC), "Tue 5 Jan 2027 09:30 CST"),
    ]:
        told = document(next_step=step_of_meeting(meeting_at.astimezone(chicago), now=NOW))
        assert f"Next: Prepare the meeting of {when} with the answers below." in glance(told, clock=CLOCK, channels=(), now=NOW)


def test_days_and_times_are_the_readers_own() -> None:
    late_evening = datetime(2026, 3, 11, 1, tzinfo=UTC).astimezone(ZoneInfo("America/Chicago"))
    told = glance(document(), clock=CLOCK, channels=(), now=late_evening).splitlines()
    assert told[-1].startswith("Overdue since Tue 10 Mar 11:00 CDT.")
    assert "2 days ago" in told[0], "in UTC it is the day after already"


words = st.lists(st.text(alphabet="abcdefghij", min_size=1, max_size=12), max_size=30).map(" ".join)


@given(
    name=words,
    specialty=words,
    place=words,
    title=words,
    topics=st.lists(words, max_size=6),
    fit=st.lists(words, max_size=8),
    step=words,
    kind=st.sampled_from(sorted(ACT_WORDS)),
    days=st.integers(0, 4_000),
    readiness=st.none() | st.text(alphabet="abc_", min_size=1, max_size=60),
)
def test_it_can_always_be_read_in_twenty_seconds(
    name: str,
    specialty: str,
    place: str,
    title: str,
    topics: list[str],
    fit: list[str],
    step: str,
    kind: str,
    days: int,
    readiness: str | None,
) -> None:
    answer = {"asset_id": "a", "version": "1", "title": title, "valid_until": str(date(2026, 12, 31))}
    told = document(
        contact={"given_name": name, "family_name": name, "specialty": specialty, "account_name": place},
        reasons=[{"kind": kind, "asset_id": "a", "title": title, "occurred_at": (NOW - timedelta(days=days)).isoformat()}],
        fit=fit,
        likely_objections=[{"topic": topic, "assets": [answer] * (number % 2)} for number, topic in enumerate(topics)],
        next_step=step,
        sql_candidate=readiness is not None,
        readiness=readiness,
    )
    late = Clock("first_outreach", "breached", NOW, NOW, NOW, NOW)
    text = glance(told, clock=late, channels=REP_CHANNELS, now=NOW + timedelta(days=1))
    assert len(text.split()) <= WORDS_MAX
    assert len(glance(told, clock=late, channels=REP_CHANNELS, now=NOW + timedelta(days=400)).split()) <= WORDS_MAX
    assert text.splitlines()[0] == headline(told, now=NOW + timedelta(days=1))
