"""What a policy says of time: how long the first outreach may take, how soon a follow-up is due, how soon what happened is to be told."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

ClockKind = Literal["first_outreach", "follow_up", "report"]

CLOCK_KINDS: tuple[ClockKind, ...] = get_args(ClockKind)
"""In the order in which they press."""

OPEN_SECONDS_MAX = 30 * 86_400
"""Ninety working days of eight hours: longer is not a clock any more."""
BUSINESS_DAYS_MAX = 60

_OpenSeconds = Annotated[int, Field(ge=1, le=OPEN_SECONDS_MAX)]
_WorkingDays = Annotated[int, Field(ge=1, le=BUSINESS_DAYS_MAX)]


class _Part(BaseModel):
    """Immutable, exact about types, without unknown fields, as every part of a policy."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class BusinessDays(_Part):
    """Working days to the first outreach; fewer, as a rule, where the contact asked for a rep."""

    rep_requested: _WorkingDays | None = None
    default: _WorkingDays


@dataclass(frozen=True, slots=True)
class Period:
    """How long a clock runs: open seconds, or the same local time so many working days on. Seconds win where both are given."""

    open_seconds: int | None = None
    working_days: int | None = None

    def __post_init__(self) -> None:
        if self.open_seconds is None and self.working_days is None:
            raise ValueError("a period without any duration")


class ClockRules(_Part):
    """How long each clock runs. The first outreach has one always; a kind for which nothing is given has no clock."""

    first_outreach_seconds: _OpenSeconds | None = None
    first_outreach_business_days: BusinessDays | None = None
    follow_up_seconds: _OpenSeconds | None = None
    follow_up_business_days: _WorkingDays | None = None
    report_seconds: _OpenSeconds | None = None
    report_business_days: _WorkingDays | None = None

    @model_validator(mode="after")
    def _some_duration_is_given(self) -> Self:
        if self.first_outreach_seconds is None and self.first_outreach_business_days is None:
            raise ValueError("clocks: give first_outreach_seconds or first_outreach_business_days")
        return self

    def period(self, kind: ClockKind, *, rep_requested: bool = False) -> Period | None:
        """How long a clock of this kind runs; None if the policy has none. `rep_requested`: the contact asked for a rep."""
        match kind:
            case "first_outreach":
                days = self.first_outreach_business_days
                asked = days.rep_requested if days and rep_requested else None
                return _period(self.first_outreach_seconds, asked or (days.default if days else None))
            case "follow_up":
                return _period(self.follow_up_seconds, self.follow_up_business_days)
            case "report":
                return _period(self.report_seconds, self.report_business_days)


def _period(open_seconds: int | None, working_days: int | None) -> Period | None:
    return None if open_seconds is None and working_days is None else Period(open_seconds, working_days)
