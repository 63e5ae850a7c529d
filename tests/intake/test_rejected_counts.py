"""What operators are told of what was set aside: items by source and stage, and requests that proved nothing, of which nothing is kept."""

import pytest
from prometheus_client import REGISTRY

from tests.intake.conftest import Intake, counts, engagement
from tests.intake.platforms import email_opened, hubspot_event, page_hit, raw
from tests.intake.test_mappings_api import everything

SECRET_WORD = "zzyzx-in-nobodys-books"


def counted(source: str, stage: str) -> float:
    if stage == "authenticity":
        return REGISTRY.get_sample_value("fullcircle_intake_requests_total", {"source": source, "answer": "unproved"}) or 0.0
    return REGISTRY.get_sample_value("fullcircle_intake_rejected_total", {"source": source, "stage": stage}) or 0.0


async def test_rejected_items_are_counted_by_source_and_stage(intake: Intake) -> None:
    stages = ("authenticity", "format", "mapping", "identity")
    before = {stage: counted("mautic", stage) for stage in stages}
    unzoned = email_opened(id=9, dateRead="2026-03-02", lastOpened=None)
    body = {"mautic.email_on_open": [email_opened(), unzoned, unzoned], "mautic.page_on_hit": ["none", page_hit(lead=None)]}
    assert counts(await intake.mautic(body)) == {"accepted": 1, "rejected": 4}
    assert [counted("mautic", stage) - before[stage] for stage in stages] == [0, 1, 2, 1]


async def test_posted_engagements_name_sources_as_they_like_and_are_counted_under_none(intake: Intake) -> None:
    before = counted("(posted)", "mapping")
    await intake.post_engagements([engagement(source="a-name-of-theirs"), engagement("e-2", occurred_at="2100-01-01T00:00:00Z")])
    assert counted("(posted)", "mapping") - before == 1
    assert counted("a-name-of-theirs", "mapping") == 0


async def test_a_request_that_proves_nothing_is_counted_and_leaves_no_byte(intake: Intake, capfd: pytest.CaptureFixture[str]) -> None:
    rows = await everything(intake)
    before = counted("mautic", "authenticity"), counted("hs", "authenticity"), counted("(unknown)", "authenticity")
    content = raw({"mautic.email_on_open": [email_opened(emailAddress=f"{SECRET_WORD}@clinic.test", id=SECRET_WORD)]})
    assert (await intake.mautic(content, secret="a guess")).status_code == 401
    assert (await intake.hubspot([hubspot_event(propertyValue=SECRET_WORD)], uri="https://elsewhere.test/")).status_code == 401
    assert (await intake.mautic(content, source="nobody-has-this-name")).status_code == 404
    after = counted("mautic", "authenticity"), counted("hs", "authenticity"), counted("(unknown)", "authenticity")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 0]
    assert counted("nobody-has-this-name", "authenticity") == 0, "strangers may not make up label values"
    assert await everything(intake) == rows
    for table in ("creations", "quarantine", "inbox", "sent_events"):
        [row] = await intake.rows(f"SELECT count(*) AS found FROM {table} t WHERE CAST(t AS text) ILIKE '%zzyzx%'")
        assert row.found == 0
    assert SECRET_WORD not in "".join(capfd.readouterr())
