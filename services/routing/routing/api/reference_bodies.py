"""Rows of reference data as sales operations posts and reads them, and what can't be in one beyond the types of its fields."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, Field, StringConstraints

from routing.decisions.assignment.territories import postal_pattern_problem
from routing.decisions.clocks.business_time import OFFICE_HOURS, CalendarRefused, read_calendar
from routing.decisions.clocks.subdivisions import subdivision_problem
from routing.decisions.effective import ONE_DAY, begins_at, day_of, ends_at
from routing.operations.rows import Row
from shared.bodies import Body, Code, Country, Day, Flag, Id, Label, MomentOrDay, Zone
from shared.problems import FieldError

# What events may carry as a label.
ShortLabel = Annotated[Label, StringConstraints(max_length=120)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Opening = Annotated[list[Annotated[str, StringConstraints(max_length=5)]], Field(max_length=2)]
Hours = dict[Weekday, Annotated[list[Opening], Field(max_length=24)]]
PostalCodes = Annotated[list[ShortLabel], Field(max_length=5_000)]
Ids = Annotated[list[Id], Field(max_length=10_000)]
FewIds = Annotated[list[Id], Field(max_length=200)]

OPEN_SECONDS_A_WEEK_MIN = 3_600
"""Any clock a policy may ask for runs out in the end where it is open for an hour a week."""
OPEN_LEADS_MAX = 1_000_000
WEIGHT_MIN, WEIGHT_MAX = 0.001, 1_000
"""Beyond, a share is either nothing or everything."""
DECILE_MAX = 10
PLANNED_CALLS_MAX = 10_000
PRIORITY_MAX = 1_000_000


class ReferenceBody(Body):
    """A row of a collection, given whole."""

    id: Id

    def errors(self) -> Iterator[FieldError]:
        """What is wrong with the row beyond the types of its fields."""
        yield from ()

    def row(self) -> Row:
        """As it is stored."""
        return self.model_dump()

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """As it was given."""
        return cls.model_validate(dict(row))


class DatedBody(ReferenceBody):
    """A row that counts between days in UTC, both included; null is open."""

    valid_from: Day | None = None
    valid_until: Day | None = None

    def errors(self) -> Iterator[FieldError]:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            yield FieldError("/valid_until", "must not lie before valid_from")


class TerritoryBody(ReferenceBody):
    """`subdivision`: the state or province whose public holidays are kept beside the country's (ISO 3166-2, without the country)."""

    name: Label
    region: ShortLabel
    timezone: Zone
    country: Country
    postal_codes: PostalCodes = []
    hours: Hours = {}
    subdivision: ShortLabel | None = None
    holidays: Flag = True

    def errors(self) -> Iterator[FieldError]:
        yield from _pattern_errors(self.postal_codes, "/postal_codes")
        yield from _hours_errors(self.hours, timezone=self.timezone)
        if self.subdivision and (problem := subdivision_problem(self.subdivision, country=self.country)):
            yield FieldError("/subdivision", problem)


class AccountBody(DatedBody):
    name: Label
    institution_type: ShortLabel
    postal_code: ShortLabel
    owner_rep_id: Id | None = None
    priority: ShortLabel
    parent_id: Id | None = None
    named_rep_ids: FewIds = []


class RepBody(DatedBody):
    """`hours` and `timezone`: when they work, where that isn't when their territory is open."""

    name: Label
    role: Code
    manager_id: Id | None = None
    territory_ids: FewIds = []
    brand_ids: FewIds = []
    max_open_leads: Annotated[int, Field(ge=0, le=OPEN_LEADS_MAX)]
    weight: Annotated[float, Field(ge=WEIGHT_MIN, le=WEIGHT_MAX)]
    active: Flag
    team: ShortLabel | None = None
    hours: Hours = {}
    timezone: Zone | None = None

    def errors(self) -> Iterator[FieldError]:
        yield from super().errors()
        if self.hours:
            yield from _hours_errors(self.hours, timezone=self.timezone or "UTC")


class AbsenceBody(ReferenceBody):
    """`from` and `until` are days, the last one included, or moments."""

    rep_id: Id
    since: Annotated[MomentOrDay, Field(alias="from")]
    until: MomentOrDay
    delegate_rep_id: Id | None = None

    def errors(self) -> Iterator[FieldError]:
        if isinstance(self.since, datetime) != isinstance(self.until, datetime):
            yield FieldError("/until", "must be a day if from is one, and a moment if from is one")
        elif self._ends_at() <= self._starts_at():
            yield FieldError("/until", "must lie after from" if isinstance(self.until, datetime) else "must not lie before from")
        if self.delegate_rep_id == self.rep_id:
            yield FieldError("/delegate_rep_id", "must be somebody else than who is away")

    def row(self) -> Row:
        return {
            "id": self.id,
            "rep_id": self.rep_id,
            "starts_at": self._starts_at(),
            "ends_at": self._ends_at(),
            "whole_days": not isinstance(self.since, datetime),
            "delegate_rep_id": self.delegate_rep_id,
        }

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        since, until = row["starts_at"], row["ends_at"]
        if row["whole_days"]:
            since, until = day_of(since), day_of(until) - ONE_DAY
        kept = {name: row[name] for name in ("id", "rep_id", "delegate_rep_id")}
        return cls.model_validate({**kept, "from": since, "until": until})

    def _starts_at(self) -> datetime:
        return self.since if isinstance(self.since, datetime) else begins_at(self.since)

    def _ends_at(self) -> datetime:
        return self.until if isinstance(self.until, datetime) else ends_at(self.until)


class TargetBody(DatedBody):
    """Without `rep_id` whoever the alignment names calls. It counts in its cycle, and there between its own days."""

    contact_id: Id
    brand_id: Id
    indication: ShortLabel
    segment: ShortLabel
    decile: Annotated[int, Field(ge=0, le=DECILE_MAX)]
    planned_calls: Annotated[int, Field(ge=0, le=PLANNED_CALLS_MAX)]
    cycle: ShortLabel
    rep_id: Id | None = None
    cycle_from: Day
    cycle_until: Day

    def errors(self) -> Iterator[FieldError]:
        yield from super().errors()
        if self.cycle_until < self.cycle_from:
            yield FieldError("/cycle_until", "must not lie before cycle_from")
            return
        if self.valid_from and self.valid_from > self.cycle_until:
            yield FieldError("/valid_from", "must not lie after cycle_until, or the target would never count")
        if self.valid_until and self.valid_until < self.cycle_from:
            yield FieldError("/valid_until", "must not lie before cycle_from, or the target would never count")


class Extent(Body):
    """Postal codes and their beginnings, accounts, contacts."""

    postal_codes: PostalCodes = []
    account_ids: Ids = []
    contact_ids: Ids = []


def _number(priority: int | str) -> int:
    return int(priority)


class AlignmentBody(DatedBody):
    """Of alignments that include the same thing the one with the lowest `priority` stands."""

    territory_id: Id
    brand_id: Id | None = None
    team: ShortLabel | None = None
    priority: Annotated[
        Annotated[int, Field(ge=0, le=PRIORITY_MAX)] | Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}$")], AfterValidator(_number)
    ]
    include: Extent
    exclude: Extent = Extent()

    def errors(self) -> Iterator[FieldError]:
        yield from super().errors()
        if not any((self.include.postal_codes, self.include.account_ids, self.include.contact_ids)):
            yield FieldError("/include", "must name a postal code, an account or a contact")
        for name, extent in (("include", self.include), ("exclude", self.exclude)):
            yield from _pattern_errors(extent.postal_codes, f"/{name}/postal_codes")


class PoolBody(ReferenceBody):
    brand_id: Id
    rep_ids: FewIds = []

    def errors(self) -> Iterator[FieldError]:
        for position, rep_id in enumerate(self.rep_ids):
            if rep_id in self.rep_ids[:position]:
                yield FieldError(f"/rep_ids/{position}", "names a rep who is in the pool already")


def _pattern_errors(patterns: Sequence[str], pointer: str) -> Iterator[FieldError]:
    for position, pattern in enumerate(patterns):
        if problem := postal_pattern_problem(pattern):
            yield FieldError(f"{pointer}/{position}", problem)


def _hours_errors(hours: Hours, *, timezone: str) -> Iterator[FieldError]:
    try:
        calendar = read_calendar(cast("Mapping[str, Sequence[Sequence[str]]]", hours) or OFFICE_HOURS, timezone=timezone)
    except CalendarRefused as refused:
        for path, sentence in refused.problems:
            yield FieldError("/" + path.replace(".", "/").replace("[", "/").removesuffix("]"), sentence)
        return
    open_minutes = sum(block.closes_minute - block.opens_minute for blocks in calendar.week for block in blocks)
    if open_minutes * 60 < OPEN_SECONDS_A_WEEK_MIN:
        yield FieldError("/hours", "must be open for an hour a week at least, or no clock would ever run out")
