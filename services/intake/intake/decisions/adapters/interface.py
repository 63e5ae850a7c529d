"""What every platform gives us, in code or by a mapping: one value that says how its requests are proved, read and answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from intake.decisions.acts import Item
from intake.decisions.adapters.bodies import Headers, json_value
from intake.decisions.adapters.handshakes import Handshake, probe
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.signatures import Recipe
from shared.events.engagements import EngagementKind


@dataclass(frozen=True, slots=True)
class Answers:
    """The status codes a platform needs where they are not ours: for what is on record, and for what can't be put there now."""

    accepted: int = 202
    unavailable: int = 503


@dataclass(frozen=True, slots=True)
class Adapter:
    """A platform.

    `recipe`: how its requests prove whose they are. `settings`: which settings of a source mean something here.
    `value`: a body, with its headers in lower case, as the value to read; raises `Malformed`. `read`: that value as one item per event
    in it, in order. `kept_headers`: beginnings of the header names a kept body can't be read again without.
    `handshake`: the answer to a request that is no event, if it is one. `media_types`: what its bodies may be labelled as.
    `kinds` and `ignored`: its event types by name, and what becomes of them: the kinds one may be read as, or the reason it is ignored.
    """

    recipe: Recipe
    read: Callable[[object, SourceFacts], list[Item]]
    settings: frozenset[str]
    value: Callable[[bytes, Headers], object] = json_value
    kept_headers: tuple[str, ...] = ()
    handshake: Handshake = probe
    answers: Answers = Answers()
    media_types: frozenset[str] = frozenset({"application/json"})
    kinds: Mapping[str, Sequence[EngagementKind]] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
