"""Quarantine by stage: a pure table over the reasons, in which none is missing."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import intake
from intake.decisions.receipts import UNRECORDABLE
from intake.decisions.stages import STAGES, Stage, reasons_of, stage_of
from intake.decisions.verdicts import CONFLICT

CODE = Path(intake.__file__).parent
SAID_BY = {"Rejected": 1, "UnusableTime": 0}
"""What says a reason outright, and as which of its arguments."""


def reasons_in_the_code() -> Iterator[str]:
    """Every code that stands in the code where a reason to reject something is given."""
    for path in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAID_BY:
                reason = node.args[SAID_BY[node.func.id]] if len(node.args) > SAID_BY[node.func.id] else None
                if isinstance(reason, ast.Constant) and isinstance(reason.value, str):
                    yield reason.value


def test_every_reason_to_reject_something_stands_at_a_stage() -> None:
    found = {*reasons_in_the_code(), CONFLICT, UNRECORDABLE, "invalid"}
    assert len(found) > 10
    assert found == set(STAGES)


def test_the_reasons_of_the_stages_are_all_there_are_and_each_is_at_one() -> None:
    listed = [reason for stage in get_args(Stage) for reason in reasons_of(stage)]
    assert sorted(listed) == sorted(STAGES)
    assert all(stage_of(reason) == stage for stage in get_args(Stage) for reason in reasons_of(stage))


def test_nothing_on_record_ever_failed_to_prove_whose_it_is() -> None:
    assert reasons_of("authenticity") == []


def test_a_reason_of_a_later_version_stands_at_no_stage_rather_than_at_a_wrong_one() -> None:
    assert stage_of("the_moon_was_full") is None
    assert stage_of(None) is None
