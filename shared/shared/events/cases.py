"""Topic `cases`: that a case exists. Ids, kinds and times only: what happened stays with the people who must answer it."""

from typing import Literal

from shared.events.facts import Fact, Id, Moment, contract
from shared.events.topics import CASES

CaseKind = Literal["adverse_event", "special_situation", "product_complaint", "medical_inquiry", "privacy"]
Certainty = Literal["certain", "possible"]


@contract("case.opened", topic=CASES, producer="feedback", consumers=("reporting",))
class CaseOpened(Fact):
    """Something a rep reported left the commercial path. The due time counts from awareness, not from receipt."""

    case_id: Id
    report_id: Id
    kind: CaseKind
    certainty: Certainty
    awareness_at: Moment
    received_at: Moment
    due_at: Moment

    def key(self) -> str:
        return self.case_id
