"""A world in which every promise was kept is found so: whatever the auditor calls broken was not kept."""

from dataclasses import replace

import pytest

from deploy.auditor.auditing import decide
from deploy.auditor.evidence import Evidence, Witnessed, intake
from deploy.auditor.limits import Limits
from tests.auditor import story
from tests.auditor.honest import GONE, World
from tests.auditor.judging import broken_by


def test_every_promise_is_kept_and_was_looked_at(world: World) -> None:
    verdicts = decide(world.evidence(), Limits())
    assert {verdict.invariant: verdict.findings for verdict in verdicts if verdict.findings} == {}
    assert {verdict.invariant for verdict in verdicts if verdict.state != "kept"} == set()
    assert [verdict.untold for verdict in verdicts if verdict.untold] == []


def test_without_evidence_nothing_is_told(world: World) -> None:
    nothing = Evidence(taken_at=world.now, settled_at=world.now)
    verdicts = decide(nothing, Limits())
    assert {verdict.state for verdict in verdicts} == {"not_told"}
    assert [verdict.invariant for verdict in verdicts] == ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I11", "I12", "I13", "I14"]


def test_without_witnesses_the_tables_alone_are_judged_and_what_is_missing_is_said(world: World) -> None:
    verdicts = {verdict.invariant: verdict for verdict in decide(replace(world.evidence(), witnessed=Witnessed(), search=None), Limits())}
    assert not [verdict for verdict in verdicts.values() if verdict.state == "broken"]
    assert verdicts["I2"].state == "not_told"
    assert {name for name, verdict in verdicts.items() if verdict.untold} == {"I1", "I2", "I3", "I4", "I5", "I9", "I11", "I12", "I13"}


def test_an_answer_that_broke_off_behind_its_status_is_known_by_its_body(world: World) -> None:
    world.webhooks[0] = world.webhooks[0].model_copy(update={"receipt_id": None, "counts": {}})
    assert not [verdict for verdict in decide(world.evidence(), Limits()) if verdict.state == "broken"]


def test_an_opt_out_of_a_merged_person_counts_under_every_id(world: World) -> None:
    story.meet(world, "old", denied=("any",))
    story.meet(world, "new")
    story.merge(world, "old", "new", denied=("any",))
    assert broken_by(world) == set()
    story.meet(world, "new", version=3)
    assert broken_by(world) == {"I8"}


def test_what_a_merged_person_says_later_stands_for_all_of_them(world: World) -> None:
    story.meet(world, "old", denied=("any",))
    story.meet(world, "new")
    story.merge(world, "old", "new")
    assert broken_by(world) == {"I8"}
    world.consents.append(intake.Consent("new", "any", "marketing", "granted", world.now))
    assert broken_by(world) == set()


def test_what_a_rep_was_told_stands_until_the_person_says_something_later(world: World) -> None:
    story.decline(world, "contact-2")
    assert broken_by(world) == set()
    world.consents[:] = [act for act in world.consents if act.contact_id != "contact-2"]
    world.consents.append(intake.Consent("contact-2", "any", "marketing", "granted", world.pass_second()))
    story.meet(world, "contact-2", version=3)
    assert broken_by(world) == set()


def test_what_somebody_erased_had_told_a_rep_is_looked_for_nowhere(world: World) -> None:
    said = {"report_id": world.new_id(), "contact_id": GONE, "channel": "any", "purpose": "marketing", "state": "denied"}
    world.tell("feedback", "consent.reported", "feedback", GONE, {**said, "at": world.now.isoformat(), "evidence": "told_to_rep"})
    assert broken_by(world) == set()


def test_what_is_younger_than_the_last_moment_of_rest_may_still_be_on_its_way(world: World) -> None:
    at_rest = world.now
    story.post(world, {"too-late": "contact-0"})
    for later in (world.heard, world.points, world.journal):
        later.pop()
    world.event_counts["engagement.recorded"] -= 1
    for consumer in ("routing.engagements", "reporting.engagements"):
        world.inbox[consumer].popitem()
    evidence = world.evidence()
    assert {verdict.invariant for verdict in decide(evidence, Limits()) if verdict.state == "broken"} == {"I1"}
    on_its_way = replace(evidence, settled_at=at_rest)
    assert {verdict.invariant for verdict in decide(on_its_way, Limits()) if verdict.state == "broken"} == set()


def read_again(world: World, *, told_accepted: int) -> set[str]:
    """What is found broken when the first receipt was read again and its sender had been told of so many engagements more than it holds."""
    tried = next(each for each in world.webhooks if each.counts.get("accepted"))
    number = next(number for number, receipt in enumerate(world.receipts) if receipt.id == tried.receipt_id)
    world.receipts[number] = replace(world.receipts[number], times_reprocessed=1)
    counts = {**tried.counts, "accepted": tried.counts["accepted"] + told_accepted, "rejected": tried.counts["rejected"] - told_accepted}
    world.webhooks[world.webhooks.index(tried)] = tried.model_copy(update={"counts": counts})
    return {verdict.invariant for verdict in decide(world.evidence(), Limits()) if verdict.state == "broken"}


def test_a_receipt_that_was_read_again_may_hold_more_engagements_than_its_sender_was_told(world: World) -> None:
    assert read_again(world, told_accepted=-1) == set()


def test_a_receipt_that_was_read_again_may_not_hold_fewer(world: World) -> None:
    assert read_again(world, told_accepted=1) == {"I1"}


@pytest.mark.parametrize(("service", "most"), [("intake", 13), ("routing", 15), ("feedback", 12)])
def test_what_a_service_keeps_beside_its_pool_is_its_own_and_no_more(world: World, service: str, most: int) -> None:
    last = world.backlog[-1]
    world.backlog.append(last.model_copy(update={"service": service, "database_connections": most}))
    assert broken_by(world) == set()
    world.backlog.append(last.model_copy(update={"service": service, "database_connections": most + 1}))
    assert broken_by(world) == {"I12"}
