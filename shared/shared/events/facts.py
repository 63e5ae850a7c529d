"""What every contract is made of: the `Fact` base, the field types that keep free text out, and the registry of contracts.

A fact is the payload of one event type. Producers construct it, so it is validated strictly on the way out; consumers read it
leniently (fields they don't know are ignored), so a producer may add optional fields within a version.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

from shared.events.topics import Topic

ServiceName = Literal["intake", "routing", "feedback", "reporting"]

# An identifier somebody else may have chosen: anything but control characters, bounded.
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
# A word from one of our closed or versioned lists.
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
# A word somebody else keeps the list of (a brand's topics, segments): short, one line, never what a person typed about a person.
Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _within_calendar(moment: datetime) -> datetime:
    if MINYEAR < moment.year < MAXYEAR:
        return moment
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the calendar in UTC") from None
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_calendar)]


class Part(BaseModel):
    """A piece of a fact."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Fact(Part):
    """Base of every event payload. Subclasses are declared with `@contract` and say which key orders them."""

    contract: ClassVar["Contract"]

    @property
    def producer(self) -> ServiceName:
        """The service that says it. A fact that several may say names the one in a field of its own."""
        return self.contract.producers[0]

    @abstractmethod
    def key(self) -> str:
        """The record key: events with the same key are delivered in the order they were published."""


F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Contract:
    """Who may say a fact, who listens, where, and in which major version (a break is a new version beside the old)."""

    event_type: str
    topic: Topic
    producers: tuple[ServiceName, ...]
    consumers: tuple[ServiceName, ...]
    fact: type[Fact]
    version: int = 1

    @property
    def dataschema(self) -> str:
        """The name of the JSON Schema the body follows; the last number is the major version."""
        return f"urn:fullcircle:{self.event_type}:{self.version}"


REGISTRY: dict[str, Contract] = {}


def contract(
    event_type: str,
    *,
    topic: Topic,
    producer: ServiceName | tuple[ServiceName, ...],
    consumers: tuple[ServiceName, ...],
) -> Callable[[type[F]], type[F]]:
    """Declares a fact's contract and enters it in the registry. A type can be declared once."""

    def declare(fact: type[F]) -> type[F]:
        if event_type in REGISTRY:
            raise ValueError(f"two contracts for {event_type}")
        producers = producer if isinstance(producer, tuple) else (producer,)
        fact.contract = REGISTRY[event_type] = Contract(event_type, topic, producers, consumers, fact)
        return fact

    return declare
