"""Rate limits: what may pass passes, who comes too fast is told when to come again, and nobody empties another's bucket."""

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.api import paced
from intake.decisions.rate_limits import Bucket, RateLimit, take
from intake.operations.rate_limiter import RateLimiter, TooFast
from tests.intake.conftest import Intake, engagement
from tests.intake.imports import announce, put_part
from tests.intake.platforms import SECRET, email_opened

LIMITS = st.builds(RateLimit, st.floats(0.01, 1_000), st.integers(1, 1_000))
GAPS = st.lists(st.floats(0, 30), min_size=1, max_size=60)


@given(limit=LIMITS, gaps=GAPS)
def test_in_any_span_no_more_pass_than_the_burst_and_what_the_span_fills(limit: RateLimit, gaps: list[float]) -> None:
    now, bucket, passed = 1_000.0, None, list[float]()
    for gap in gaps:
        now += gap
        bucket, early = take(bucket, limit, now=now)
        passed += [now] if early == 0 else []
    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], start=first):
            assert last - first + 1 <= limit.burst + (end - begin) * limit.per_second + 1e-6


@given(limit=LIMITS, gaps=GAPS)
def test_whoever_waits_as_long_as_told_may_pass(limit: RateLimit, gaps: list[float]) -> None:
    now, bucket = 0.0, None
    for gap in gaps:
        now += gap
        bucket, early = take(bucket, limit, now=now)
        if early:
            assert take(bucket, limit, now=now + early * 0.9)[1] > 0
            assert take(bucket, limit, now=now + early * 1.001 + 1e-9)[1] == 0


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    limit = RateLimit(1, 1)
    assert take(Bucket(0, 100), limit, now=100)[1] == 1
    assert take(Bucket(0, 100), limit, now=50)[1] == 1


def test_many_who_post_are_bounded_and_who_was_not_seen_for_longest_is_forgotten() -> None:
    limiter, limit = RateLimiter(lambda: 0.0), RateLimit(0.001, 1)
    limiter.admit("first", limit)
    with pytest.raises(TooFast) as told:
        limiter.admit("first", limit)
    assert told.value.retry_after_seconds == 1_000
    for number in range(10_000):
        limiter.admit(str(number), limit)
    limiter.admit("first", limit)


async def limited(intake: Intake, name: str, adapter: str, *, burst: int) -> None:
    body = {"adapter": adapter, "secrets": [SECRET], "settings": {"rate_limit": {"per_second": 0.01, "burst": burst}}}
    answer = await intake.put(f"sources/{name}", body, role="admin")
    assert answer.status_code in (200, 201), answer.text


async def test_a_source_that_posts_too_fast_is_told_when_to_come_again_and_no_other_is_held_up(intake: Intake) -> None:
    await limited(intake, "busy", "mautic", burst=2)
    bodies = [{"mautic.email_on_open": [email_opened()]}] * 3
    answers = [await intake.mautic(body, source="busy") for body in bodies]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert 90 <= int(answers[2].headers["retry-after"]) <= 100
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert (await intake.mautic(bodies[0])).status_code == 202
    assert len(await intake.rows("SELECT id FROM receipts WHERE source = 'busy'")) == 2


async def test_who_cannot_prove_to_be_the_source_takes_nothing_of_what_it_may_post(intake: Intake) -> None:
    await limited(intake, "busy", "mautic", burst=1)
    body = {"mautic.email_on_open": [email_opened()]}
    for _ in range(20):
        assert (await intake.mautic(body, source="busy", secret="another")).status_code == 401
        assert (await intake.mautic(body, source="nobody")).status_code == 404
    assert (await intake.mautic(body, source="busy")).status_code == 202


async def test_a_platform_that_sends_again_on_one_code_alone_is_told_that_one(intake: Intake) -> None:
    mapping = json.loads((resources.files("intake.mappings") / "brevo.json").read_text()) | {"status_codes": {"unavailable": 500}}
    connected = {"mapping": mapping, "secrets": [SECRET], "settings": {"rate_limit": {"per_second": 0.01, "burst": 1}}}
    assert (await intake.put("sources/brew", connected, role="admin")).status_code == 201
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {SECRET}"}
    answers = [await intake.client.post("/v1/webhooks/brew", content=b"{}", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 500]
    assert "retry-after" in answers[1].headers


@pytest.mark.parametrize("limit", [{"per_second": 0, "burst": 1}, {"per_second": 1, "burst": 0}, {"per_second": 1}, 5])
async def test_a_limit_that_cannot_be_is_refused(intake: Intake, limit: object) -> None:
    body = {"adapter": "mautic", "secrets": [SECRET], "settings": {"rate_limit": limit}}
    assert (await intake.put("sources/busy", body, role="admin")).status_code == 422


async def test_a_client_that_writes_too_fast_is_told_so_before_its_body_is_read_and_others_are_not(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paced, "CLIENT_LIMIT", RateLimit(0.01, 3))
    import_id = await announce(intake, "contacts")
    assert (await put_part(intake, import_id, b"x")).status_code == 200
    assert (await intake.post_engagements(engagement())).status_code == 200
    for answer in (
        await intake.post_engagements(engagement()),
        await put_part(intake, import_id, b"y", at=1),
        await intake.put("contacts", []),
        await intake.client.post("/v1/engagements", content=b"{", headers=intake.token("integration")),
    ):
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "100")
    other = intake.token("integration", sub="somebody else")
    assert (await intake.client.post("/v1/engagements", json=engagement(), headers=other)).status_code == 200
    assert (await intake.post_engagements(engagement(), role="marketing")).status_code == 403
