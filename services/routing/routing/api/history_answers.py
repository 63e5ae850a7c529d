"""What the API says of a lead's history."""

from typing import Any

from pydantic import Field

from routing.decisions.history import Told, sentence
from shared.bodies import Answer, Moment


class CandidateAnswer(Answer):
    rep_id: str
    eligible: bool
    why_not: str | None


class PassedStepAnswer(Answer):
    """An assignment step that found nobody."""

    step: str
    reason: str


class RecordAnswer(Answer):
    """One decision about a lead, or a version of its brief, or an answer to one; `details` are what its kind keeps besides."""

    at: Moment
    kind: str
    from_stage: str | None = Field(serialization_alias="from")
    to_stage: str | None = Field(serialization_alias="to")
    reason: str
    policy_version: str
    rule: str | None
    candidates: list[CandidateAnswer]
    passed_steps: list[PassedStepAnswer]
    pointer_before: int | None
    pointer_after: int | None
    sentence: str
    by_sub: str | None = Field(serialization_alias="by", description="who decided it by hand; null: the rules did")
    details: dict[str, Any] | None

    @classmethod
    def of(cls, row: Any) -> "RecordAnswer":
        told = Told(row.kind, row.from_stage, row.to_stage, row.reason, row.policy_version, row.rule, row.candidates, row.details or {})
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "sentence"}
        return cls.model_validate({**fields, "sentence": row.sentence or sentence(told)})
