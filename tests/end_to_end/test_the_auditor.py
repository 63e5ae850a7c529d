"""The auditor on what the other end-to-end tests left behind: it finds everything kept, and what is then spoilt in the tables."""

import asyncio
import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from deploy.auditor import Limits, Sources, Verdict, audit
from deploy.auditor.auditing import decide, gather
from deploy.auditor.loading.databases import open_databases
from deploy.auditor.loading.quiet import wait_until_quiet
from deploy.auditor.services import SERVICES
from deploy.auditor.testimony import Canary, ReportTry, WebhookTry, Witness
from deploy.launcher.places import CHECKOUT
from deploy.launcher.world import World
from tests.end_to_end.circle import Circle
from tests.polling import until

TYPED = "her left ankle swelled up like a pear"

SPOILT = [
    (
        "intake",
        "DELETE FROM receipt_items WHERE (receipt_id, position) IN (SELECT receipt_id, position FROM receipt_items LIMIT 1)",
        {"I1"},
    ),
    (
        "routing",
        "WITH lost AS (DELETE FROM engagements WHERE engagement_id IN (SELECT engagement_id FROM engagements LIMIT 1) RETURNING *)"
        " DELETE FROM ledger_rows USING lost WHERE ledger_rows.engagement_id = lost.engagement_id",
        {"I1"},
    ),
    ("routing", "UPDATE leads SET rep_id = 'rep-9' WHERE id IN (SELECT id FROM leads WHERE ended_at IS NULL LIMIT 1)", {"I3"}),
    ("routing", "DELETE FROM decision_records WHERE position = 1 AND lead_id IN (SELECT id FROM leads LIMIT 1)", {"I3"}),
    ("feedback", "UPDATE cases SET due_at = due_at + interval '1 hour'", {"I4"}),
    ("feedback", f"UPDATE reports SET codes = codes || jsonb_build_object('said', '{TYPED}')", {"I5"}),
    ("reporting", f"UPDATE journal SET summary = '{TYPED}'", {"I5"}),
    ("reporting", "UPDATE rollups SET count = count + 1 WHERE measure = 'entered' AND item = 'mql'", {"I7"}),
    ("reporting", "UPDATE event_counts SET count = count + 1 WHERE event_type = 'lead.qualified'", {"I1"}),
    ("feedback", "UPDATE reports SET rep_id = 'rep-9' WHERE state = 'recorded'", {"I9"}),
]


@pytest.fixture(scope="module")
async def sources(world: World, circle: Circle) -> Sources:
    """The world, in which at least one contact became a lead."""
    await circle.put_contacts(["audited-1"])
    await circle.submit_forms(["audited-1"])

    async def is_assigned() -> bool:
        return any(lead["contact_id"] == "audited-1" and lead["rep_id"] for lead in await circle.leads())

    await until(is_assigned, seconds=40, what="the contact has a lead with an owner")
    return Sources({name: world.database_url(name) for name in SERVICES}, world.kafka_bootstrap, world.log("intake").parent)


@pytest.fixture(scope="module")
async def testimony(sources: Sources, circle: Circle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a platform and a rep wrote down: a webhook sent twice, and a note that tells of an adverse event in words."""
    folder = tmp_path_factory.mktemp("testimony")
    witness = Witness(folder)
    body = circle.form_body(["audited-1"])
    for _ in range(2):
        began = datetime.now(UTC)
        answer = await circle.post_webhook(body)
        told = answer.json()
        seen = {"source": "mautic", "body_sha256": hashlib.sha256(body).hexdigest(), "items": ["form of audited-1"]}
        counts = {name: told[name] for name in ("accepted", "duplicate", "ignored", "rejected")}
        answered = {"status": answer.status_code, "receipt_id": told["receipt_id"], "counts": counts}
        witness.tell(WebhookTry(at=began, answered_at=datetime.now(UTC), **seen, **answered))
    lead = await circle.lead_of("audited-1")
    objection = {"lead_id": lead["id"], "topic": "efficacy", "nature": "concern", "reaction": "neutral", "note": TYPED}
    flags = {"adverse_event": False, "medical_question": False, "occurred_at": datetime.now(UTC).isoformat()}
    began = datetime.now(UTC)
    report = await circle.call("feedback", "POST", "/v1/objections", role="rep", rep=lead["rep_id"], json={**objection, **flags})
    about = {"kind": "objection", "report_id": report["id"], "rep_id": lead["rep_id"], "lead_id": lead["id"], "contact_id": None}
    answered = {"mention": "in_words", "status": 201, "case_id": report["case_id"]}
    witness.tell(ReportTry(at=began, answered_at=datetime.now(UTC), **about, **answered))
    witness.tell(Canary(at=began, text=TYPED, kind="free_text", allowed_in=["feedback.case_texts"]))
    return folder


@pytest.fixture(scope="module")
async def settled_at(sources: Sources, testimony: Path) -> datetime:
    """The moment from which on nothing was on its way."""
    quiet_since, on_its_way = await wait_until_quiet(sources.databases, sources.kafka_bootstrap, seconds=60)
    assert on_its_way is None
    return quiet_since


def _broken(verdicts: list[Verdict]) -> dict[str, object]:
    return {verdict.invariant: verdict.findings for verdict in verdicts if verdict.state == "broken"}


async def test_everything_was_kept_through_all_that_the_other_tests_did(sources: Sources, testimony: Path) -> None:
    verdicts = await audit(sources, testimony=testimony)
    assert _broken(verdicts) == {}
    looked_at = {verdict.invariant for verdict in verdicts if verdict.examined}
    assert looked_at >= {"I1", "I3", "I4", "I5", "I6", "I7", "I9"}


@pytest.mark.parametrize(("service", "spoil", "invariants"), SPOILT, ids=[f"{service}: {spoil[:40]}" for service, spoil, _ in SPOILT])
async def test_what_is_spoilt_in_a_table_is_found(
    sources: Sources, testimony: Path, settled_at: datetime, service: str, spoil: str, invariants: set[str]
) -> None:
    """In a transaction that is rolled back, so that only this audit sees it."""
    url = sources.databases[service].replace("postgresql+psycopg://", "postgresql://")
    async with open_databases(sources.databases) as connections, await psycopg.AsyncConnection.connect(url) as connection:
        spoilt = await connection.execute(spoil)
        assert spoilt.rowcount
        evidence = await gather({**connections, service: connection}, sources, testimony=testimony, settled_at=settled_at)
        await connection.rollback()
    assert _broken(decide(evidence, Limits())).keys() == invariants


async def test_the_auditor_could_not_write_if_it_tried(sources: Sources) -> None:
    async with open_databases(sources.databases) as connections:
        for connection in connections.values():
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await connection.execute("DELETE FROM inbox")


async def test_the_program_says_what_it_found_and_ends_accordingly(sources: Sources, testimony: Path) -> None:
    named = [argument for name, url in sources.databases.items() for argument in ("--database", f"{name}={url}")]
    arguments = [*named, "--kafka", str(sources.kafka_bootstrap), "--testimony", str(testimony), "--json"]
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.auditor", *arguments, cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await program.communicate()
    assert program.returncode == 0
    told = json.loads(printed)
    assert told["on_its_way"] is None
    assert {verdict["state"] for verdict in told["verdicts"]} <= {"kept", "not_told"}
