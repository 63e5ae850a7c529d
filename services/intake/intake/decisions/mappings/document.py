"""A mapping: what a platform's events mean, written as JSON by whoever connects it. Checked whole when it is saved."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from intake.decisions.acts import ANSWERED_KINDS, ATTRIBUTES
from intake.decisions.mappings.paths import Path
from intake.decisions.mappings.proofs import Proof
from intake.rows import PlatformName
from shared.bodies import Body, Code, Flag, Label, Zone
from shared.events.engagements import EngagementKind

# A word of the platform's own: an event type, an answer's value.
VendorWord = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# It goes out with each engagement, as part of its identity.
TypeName = Annotated[Label, StringConstraints(max_length=100, pattern=r"^[^@]*$")]
AnswerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,33}$")]  # answer_<name> is a code of at most 40

# Two moments that no pattern of whole days, of twelve hours or of the order of day and month tells alike.
_PROBES = (datetime(2026, 3, 12, 22, 41, tzinfo=UTC), datetime(2031, 11, 4, 9, 7, tzinfo=UTC))


class TimeAt(Body):
    """Where the time stands and how it is written. `written` is a text: by `pattern` (as strptime has them), else as ISO 8601 has it,
    in `zone` unless it names its own."""

    path: Path
    format: Literal["rfc_3339", "epoch_seconds", "epoch_milliseconds", "written"] = "rfc_3339"
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    zone: Zone | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.format != "written":
            if self.pattern is not None or self.zone is not None:
                raise ValueError("has a pattern or zone, which only a written time has")
        elif self.zone is None and "%z" not in (self.pattern or ""):
            raise ValueError("must name the zone its text is in")
        elif self.pattern is not None and not _tells_the_minute(self.pattern):
            raise ValueError("has a pattern that doesn't tell year, month, day, hour and minute apart")
        return self


def _tells_the_minute(pattern: str) -> bool:
    try:
        read = [datetime.strptime(probe.strftime(pattern), pattern) for probe in _PROBES]  # noqa: DTZ007  # zones are compared apart
    except (ValueError, re.error):
        return False
    return [moment.replace(second=0, microsecond=0, tzinfo=UTC) for moment in read] == list(_PROBES)


class PersonAt(Body):
    """Where the person's keys stand. `platform_id` is the platform's own id of them; `external_ids` are others': npi, crm, a source."""

    platform_id: Path | None = None
    external_ids: Annotated[dict[PlatformName, Path], Field(max_length=10)] = {}
    emails: Annotated[list[Path], Field(max_length=5)] = []

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.platform_id is None and not self.external_ids and not self.emails:
            raise ValueError("must say where an id or an e-mail address stands")
        return self


class IdentityAt(Body):
    """What makes an event this one and no other. Without `parts`, or where one is missing, it is the event's content, but for the keys
    a retry changes (`but`)."""

    parts: Annotated[list[Path], Field(max_length=8)] = []
    but: Annotated[list[VendorWord], Field(max_length=20)] = []


class MarkAt(Body):
    """By what an asset or a campaign is recognised. Of a `url` its utm words count too."""

    kind: Code
    path: Path


class AttributeAt(Body):
    """A number or boolean; with `codes` the code that stands for the platform's word, and nothing for a word that isn't listed."""

    path: Path
    codes: Annotated[dict[VendorWord, Code], Field(min_length=1, max_length=300)] | None = None


class AnswerAt(Body):
    """A coded answer. What isn't listed stays what somebody typed, and in the receipt."""

    path: Path
    codes: Annotated[dict[VendorWord, Code], Field(min_length=1, max_length=300)]


class Meaning(Body):
    """What an event is: an engagement of a `kind`, or `ignored` for a reason, or what a value in it decides (`by`).

    `same_as` names the other type under which the platform may tell the same act; both have one identity then.
    """

    kind: EngagementKind | None = None
    same_as: TypeName | None = None
    channel: Code | None = None
    machine: Flag = False
    attributes: dict[Code, AttributeAt] = {}
    answers: Annotated[dict[AnswerName, AnswerAt], Field(max_length=50)] = {}
    ignored: Code | None = None
    by: Path | None = None
    kinds: Annotated[dict[VendorWord, "Meaning"], Field(max_length=300)] = {}
    otherwise: "Meaning | None" = None

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if [self.kind, self.ignored, self.by].count(None) != 2:
            raise ValueError("must be one of: a kind, ignored for a reason, decided by a value")
        if self.kind is None and (self.same_as or self.channel or self.machine or self.attributes or self.answers):
            raise ValueError("states what only an engagement has, but no kind")
        if (self.by is None) != (not self.kinds) or (self.by is None and self.otherwise is not None):
            raise ValueError("decided by a value must state the kinds of its values, and nothing else may")
        return self

    @model_validator(mode="after")
    def _known_attributes(self) -> Self:
        if self.kind is not None and (unknown := self.attributes.keys() - ATTRIBUTES[self.kind]):
            raise ValueError(f"{self.kind} has no attribute {', '.join(sorted(unknown))}")
        if self.answers and self.kind not in ANSWERED_KINDS:
            raise ValueError(f"{self.kind} has no answers")
        return self


class StatusCodes(Body):
    """What a platform needs to be told where 202 and 503 would lose events there."""

    accepted: Literal[200, 201, 202, 204] = 202
    unavailable: Literal[429, 500, 502, 503, 504] = 503


class MappingDocument(Body):
    """A platform.

    `items` leads to its events (absent: the body is one, or a list of them), `type` in an event to its type. Of `occurred_at` the first
    that is there counts; of a platform that never says when, it is empty, and the receipt's time stands. `machine` is where it says that no
    person did it, `agent` the name of the program that did, `sending` the id of the e-mail as it was sent to this person. `typed` says
    where what people typed stands: absent, it is looked for in all of an event that people can have typed something in.
    """

    title: Label
    body: Literal["json", "form"] = "json"
    items: Path | None = None
    type: Path
    kinds: Annotated[dict[TypeName, Meaning], Field(min_length=1, max_length=300)]
    identity: IdentityAt = IdentityAt()
    occurred_at: Annotated[list[TimeAt], Field(max_length=6)]
    person: PersonAt
    marks: Annotated[list[MarkAt], Field(max_length=20)] = []
    machine: Annotated[list[Path], Field(max_length=6)] = []
    typed: Annotated[list[Path], Field(max_length=20)] | None = None
    agent: Path | None = None
    sending: Path | None = None
    proof: Proof
    status_codes: StatusCodes = StatusCodes()

    @model_validator(mode="after")
    def _proof_fits(self) -> Self:
        if self.body == "form" and any(signature.looks_into_the_body for signature in self.proof.signatures):
            raise ValueError("has a form as its body, and a signature in JSON")
        return self
