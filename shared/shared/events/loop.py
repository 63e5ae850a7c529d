"""Topic `loop`: theme, decision, change. Every one carries the `report_ids` it rests on, since a theme joins several journeys."""

from datetime import date
from typing import Literal

from shared.events.facts import Code, Fact, Id, Label, Moment, Part, contract
from shared.events.topics import LOOP

Choice = Literal["change", "investigate", "no_action"]
ChangeKind = Literal["asset_updated", "asset_added", "campaign_updated", "policy_changed", "page_updated", "other"]


class Scope(Part):
    """The segment a theme is about. `specialty` is the contacts' specialty."""

    brand_id: Id
    topic: Code
    specialty: Label


@contract("theme.emerged", topic=LOOP, producer="reporting", consumers=("feedback",))
class ThemeEmerged(Fact):
    """Objections that say the same crossed the signal's rule: how many, from how many reps, against the window before."""

    theme_id: Id
    signal: Code
    scope: Scope
    report_ids: list[Id]
    count: int
    reps: int
    previous: int
    first_seen: Moment
    emerged_at: Moment

    def key(self) -> str:
        return self.theme_id


@contract("decision.opened", topic=LOOP, producer="reporting", consumers=("feedback",))
class DecisionOpened(Fact):
    """A signal asks for a decision: owner and due date included."""

    decision_id: Id
    theme_id: Id
    signal: Code
    scope: Scope
    report_ids: list[Id]
    recommended: Code
    owner: Label
    due_at: Moment
    opened_at: Moment

    def key(self) -> str:
        return self.decision_id


@contract("decision.decided", topic=LOOP, producer="reporting", consumers=("feedback",))
class DecisionDecided(Fact):
    """What was decided, by code, and when it will be looked at again."""

    decision_id: Id
    theme_id: Id
    scope: Scope
    report_ids: list[Id]
    choice: Choice
    reason_code: Code
    owner: Label
    review_on: date
    decided_at: Moment

    def key(self) -> str:
        return self.decision_id


@contract("change.published", topic=LOOP, producer="reporting", consumers=("feedback",))
class ChangePublished(Fact):
    """Marketing or sales operations altered something because of what reps said."""

    change_id: Id
    decision_id: Id | None = None
    answers: list[Id] = []
    report_ids: list[Id]
    kind: ChangeKind
    asset_id: Id | None = None
    campaign_id: Id | None = None
    published_at: Moment

    def key(self) -> str:
        return self.decision_id or self.change_id
