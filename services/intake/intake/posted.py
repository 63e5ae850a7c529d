"""A canonical engagement as an integrator posts it, and the act it states."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from intake.decisions.acts import ANSWER_PREFIX, CHANNELS, Act, Item, Rejected, has_attribute
from intake.decisions.persons import PersonKey, contact_key, person_of
from intake.decisions.receipts import UNRECORDABLE
from intake.decisions.verdicts import CONFLICT, Verdict
from intake.rows import Address, ExternalIds, Word
from shared.bodies import Body, Code, Flag, Id, Int, Moment, Number, Uuid
from shared.events.engagements import EngagementContext, EngagementKind
from shared.problems import FieldError, field_errors
from shared.strict_json import Malformed, parse

_INVALID = "invalid"


class PersonBody(Body):
    """A person by what others know them by."""

    email: Address | None = None
    external_ids: ExternalIds = {}

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.keys:
            raise ValueError("must give an email or an external id")
        return self

    @property
    def keys(self) -> tuple[PersonKey, ...]:
        """The person's keys, strongest first."""
        return person_of(external_ids=self.external_ids, emails=[self.email] if self.email is not None else [])


class EngagementBody(Body):
    """One engagement. `received_at` is taken, so that what we gave out can be posted back, and is ours to say."""

    id: Uuid | None = None
    source: Id
    source_event_id: Id
    contact_id: Id | None = None
    contact: PersonBody | None = None
    kind: EngagementKind
    channel: Code | None = None
    context: EngagementContext | None = None
    asset_id: Id | None = None
    campaign_id: Id | None = None
    brand_id: Id | None = None
    topics: Annotated[list[Word], Field(max_length=100)] = []
    occurred_at: Moment
    received_at: Moment | None = None
    machine: Flag = False
    attributes: dict[Code, Flag | Int | Number | Code] = {}
    flags: list[Literal["test", "backfill"]] = []

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.contact_id is None) == (self.contact is None):
            raise ValueError("must name the person once: by contact_id or by contact")
        return self

    @model_validator(mode="after")
    def _known_attributes(self) -> Self:
        unknown = [name for name in self.attributes if not has_attribute(self.kind, name)]
        if unknown:
            raise ValueError(f"{self.kind} has no attribute {', '.join(sorted(unknown))}")
        uncoded = [name for name, value in self.attributes.items() if name.startswith(ANSWER_PREFIX) and not isinstance(value, str)]
        if uncoded:
            raise ValueError(f"an answer is a code: {', '.join(sorted(uncoded))}")
        return self

    def act(self) -> Act:
        """What the poster states."""
        return Act(
            source=self.source,
            vendor_type=self.kind,
            identity=self.source_event_id,
            kind=self.kind,
            channel=self.channel or CHANNELS[self.kind],
            occurred_at=self.occurred_at,
            person=self._person(),
            attributes=self.attributes,
            engagement_id=self.id,
            asset_id=self.asset_id,
            campaign_id=self.campaign_id,
            brand_id=self.brand_id,
            context=self.context,
            topics=tuple(self.topics),
            machine=self.machine,
            flags=tuple(self.flags),
        )

    def _person(self) -> tuple[PersonKey, ...]:
        if self.contact_id is not None:
            return (contact_key(self.contact_id),)
        return self.contact.keys if self.contact is not None else ()


def fault_of(verdict: Verdict) -> FieldError:
    """What only judging a posted engagement showed to be wrong: where, and what."""
    pointer = {CONFLICT: "/source_event_id", UNRECORDABLE: ""}.get(verdict.reason or "", "/occurred_at")
    return FieldError(pointer, verdict.detail or verdict.reason or "")


def read_posted(value: object) -> tuple[Item, list[FieldError]]:
    """The act a posted value states, or why it is none, by its fields."""
    try:
        return EngagementBody.model_validate(value).act(), []
    except ValidationError as error:
        errors = field_errors(error, value)
        return Rejected(None, _INVALID, f"{len(errors)} of its values or fields can't be."), errors


def items_posted(body: bytes) -> list[Item]:
    """What a kept body of `POST /v1/engagements` states, item by item."""
    try:
        value = parse(body)
    except Malformed as unreadable:
        return [Rejected(None, "unreadable", unreadable.reason)]
    return [read_posted(each)[0] for each in (value if isinstance(value, list) else [value])]
