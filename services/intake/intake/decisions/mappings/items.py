"""From a platform's body to items, by its mapping. Nothing in a body makes it fail: what can't be read is an item that says why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from intake.decisions.acts import ANSWER_PREFIX, OPT_OUTS, SILENT_KINDS, Act, AttributeValue, Ignored, Item, Mark, Rejected
from intake.decisions.adapters import reading
from intake.decisions.adapters.bodies import ITEMS_MAX
from intake.decisions.adapters.observing import observed
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.taking import too_many_items
from intake.decisions.adapters.typed import is_understood, with_texts
from intake.decisions.mappings.document import AnswerAt, AttributeAt, MappingDocument, Meaning
from intake.decisions.mappings.paths import Expression, Unfollowable, Walk
from intake.decisions.mappings.times import moment
from intake.decisions.moments import Reading, UnusableTime
from intake.decisions.persons import NPI, PersonKey, is_npi, person_of
from intake.decisions.texts import Typed, typed_in

_MARKS_PER_PATH_MAX = 20
_NUMBER_MAX = 2**53  # beyond it JSON numbers are no longer exact everywhere

_UNNAMED = "unnamed"
# What is said of our own sending: nobody has typed anything yet.
_SILENT_REASONS = frozenset({"sent_only", "not_sent", "not_delivered_yet", "bounce_cleared", "suppression_lifted"})
_NO = frozenset({"", "0", "false", "no", "off"})


def read(mapping: MappingDocument, body: object, source: SourceFacts) -> list[Item]:
    """One item per event in a body that was read into a value, in the body's order."""
    walk = Walk()
    try:
        found = body if mapping.items is None else walk.find(mapping.items, body)
    except Unfollowable as failure:
        return [_rejected(None, "items", failure)]
    if found is None:
        return [Rejected(None, "unexpected_shape", "The body has no events where the mapping looks for them.")]
    events = found if isinstance(found, list) else [found]
    if len(events) > ITEMS_MAX:  # refused before they are looked at
        return [too_many_items()]
    reader = _Reader(mapping, source, walk)
    return [reader.item(event) for event in events]


def _rejected(vendor_type: str | None, field: str, failure: Unfollowable) -> Rejected:
    return Rejected(vendor_type, "mapping_failed", f"The mapping fails at {field}: it {failure.reason}.")


@dataclass(slots=True)
class _Reader:
    """One body's events, read by the mapping. `_field` is what of the mapping is being followed, for whoever must mend it; `_coded` are
    the answers that were read as codes."""

    mapping: MappingDocument
    source: SourceFacts
    walk: Walk
    _field: str = ""
    _coded: list[object] = field(default_factory=list)

    def item(self, event: object) -> Item:
        """What the event is, with what was typed in it."""
        self._coded = []
        item = self._item(event)
        typed = self._typed(item, event)
        return with_texts(item, typed, event, but=self.mapping.identity.but, whose=self._whose(event) if typed else None)

    def _item(self, event: object) -> Item:
        if not isinstance(event, dict):
            return Rejected(None, "unexpected_shape", "An event must be an object.")
        self.walk.begin_item()
        vendor_type: str | None = None
        meaning: Meaning | str | None = None
        try:
            vendor_type = _word(self._find("type", self.mapping.type, event))
            meaning = self._meaning(vendor_type, event)
            if isinstance(meaning, str):
                return Ignored(self._shown(vendor_type), meaning)
            return self._observed(vendor_type or _UNNAMED, meaning, event)
        except Unfollowable as failure:
            if isinstance(meaning, Meaning) and meaning.kind in OPT_OUTS:
                return self._opt_out(vendor_type or _UNNAMED, meaning, event)
            return _rejected(self._shown(vendor_type), self._field, failure)

    def _typed(self, item: Item, event: object) -> Sequence[Typed]:
        paths = self.mapping.typed
        if not is_understood(item):
            return typed_in(event, reach="event", coded=self._coded)
        if paths is None:
            return [] if _is_silent(item) else typed_in(event, reach="event", coded=self._coded)
        try:
            found = [typed_in(self.walk.find(path, event), at=path.text, coded=self._coded) for path in paths]
        except Unfollowable:
            return typed_in(event, reach="event", coded=self._coded)
        return list(dict.fromkeys(typed for of_path in found for typed in of_path))

    def _whose(self, event: object) -> str | None:
        try:
            return ", ".join(f"{key.namespace} {key.value}" for key in self._person(event)) or None
        except Unfollowable:
            return None

    def _opt_out(self, vendor_type: str, meaning: Meaning, event: dict[str, object]) -> Item:
        """Somebody who leaves is let go whatever else of the event the mapping fails at: who it is must do."""
        assert meaning.kind is not None  # noqa: S101  # it is one of those people leave by
        self.walk.begin_item()
        try:
            person = self._person(event)
        except Unfollowable as failure:
            return _rejected(vendor_type, self._field, failure)
        return observed(
            source=self.source.name,
            vendor_type=vendor_type,
            identity=reading.identity_by_content(meaning.same_as or vendor_type, event, but=self.mapping.identity.but),
            kind=meaning.kind,
            occurred_at=None,
            person=person,
            channel=meaning.channel,
        )

    def _shown(self, vendor_type: str | None) -> str:
        """A type the mapping names, or one that is fit to be shown."""
        if vendor_type in self.mapping.kinds:
            return vendor_type or _UNNAMED
        return reading.type_name(vendor_type) or _UNNAMED

    def _meaning(self, vendor_type: str | None, event: object) -> Meaning | str:
        """The kind an event is of, or the reason it is ignored."""
        meaning = self.mapping.kinds.get(vendor_type or "")
        if meaning is None:
            own = self.source.event_kinds.get(vendor_type or "")
            return Meaning(kind=own) if own is not None else "unknown_event_type"
        while meaning.by is not None:
            value = _word(self._find("kinds", meaning.by, event))
            chosen = meaning.kinds.get(value or "", meaning.otherwise)
            if chosen is None:
                return "value_not_mapped"
            meaning = chosen
        return meaning.ignored or meaning

    def _observed(self, vendor_type: str, meaning: Meaning, event: dict[str, object]) -> Item:
        kind = meaning.kind
        assert kind is not None  # noqa: S101  # a meaning that is neither ignored nor decided by a value has one
        return observed(
            source=self.source.name,
            vendor_type=vendor_type,
            identity=self._identity(meaning.same_as or vendor_type, event),
            kind=kind,
            occurred_at=self._occurred_at(event),
            person=self._person(event),
            marks=self._marks(event),
            attributes=self._attributes(meaning, event),
            channel=meaning.channel,
            machine=meaning.machine or self._is_machine(event),
            agent=self._of("agent", self.mapping.agent, event),
            sending=self._of("sending", self.mapping.sending, event),
        )

    def _identity(self, vendor_type: str, event: dict[str, object]) -> str:
        parts = [_word(self._find("identity.parts", path, event)) for path in self.mapping.identity.parts]
        found = reading.identity(vendor_type, *parts) if parts else None
        if found is None:
            return reading.identity_by_content(vendor_type, event, but=self.mapping.identity.but)
        # An identity goes out with its engagement, and there no address may.
        return reading.identity_by_content(vendor_type, [found]) if "@" in found else found

    def _occurred_at(self, event: object) -> Reading | None:
        if not self.mapping.occurred_at:
            return None
        for form in self.mapping.occurred_at:
            value = _first(self._find("occurred_at", form.path, event))
            if value is not None and value != "":
                return moment(value, form)
        return UnusableTime("time_missing", "The event doesn't say when it happened.")

    def _person(self, event: object) -> tuple[PersonKey, ...]:
        stated = self.mapping.person
        paths = dict(stated.external_ids)
        if stated.platform_id is not None:
            paths[self.source.name] = stated.platform_id
        ids = {name: reading.word(_first(self._find(f"person.{name}", path, event))) for name, path in paths.items()}
        if (npi := ids.get(NPI)) is not None and not is_npi(npi):
            ids[NPI] = None
        emails = [reading.text(_first(self._find("person.emails", path, event))) for path in stated.emails]
        return person_of(
            external_ids={name: value for name, value in ids.items() if value is not None},
            emails=[email for email in emails if email is not None],
        )

    def _marks(self, event: object) -> list[Mark]:
        marks: list[Mark] = []
        for stated in self.mapping.marks:
            found = self._find("marks", stated.path, event)
            for value in (found if isinstance(found, list) else [found])[:_MARKS_PER_PATH_MAX]:
                if stated.kind == "url":
                    marks += reading.address_marks(reading.text(value))
                elif (word := reading.word(value)) is not None:
                    marks.append(Mark(stated.kind, word))
        return marks

    def _attributes(self, meaning: Meaning, event: object) -> Mapping[str, AttributeValue]:
        stated: dict[str, AttributeAt | AnswerAt] = dict(meaning.attributes)
        stated |= {f"{ANSWER_PREFIX}{name}": answer for name, answer in meaning.answers.items()}
        found: dict[str, AttributeValue] = {}
        for name, at in stated.items():
            answer = _first(self._find(f"attributes.{name}", at.path, event))
            value = _attribute(answer, at)
            if value is not None:
                found[name] = value
                self._coded.append(answer)
        return found

    def _is_machine(self, event: object) -> bool:
        return any(_says_yes(self._find("machine", path, event)) for path in self.mapping.machine)

    def _of(self, field: str, path: Expression | None, event: object) -> object:
        return None if path is None else _first(self._find(field, path, event))

    def _find(self, field: str, path: Expression, event: object) -> object:
        self._field = field
        return self.walk.find(path, event)


def _is_silent(item: Item) -> bool:
    """Whether nobody types anything at what the item is of."""
    return item.kind in SILENT_KINDS if isinstance(item, Act) else item.reason in _SILENT_REASONS


def _first(value: object) -> object:
    """A path that finds several is about the first."""
    return next(iter(value), None) if isinstance(value, list) else value


def _word(value: object) -> str | None:
    found = _first(value)
    return str(found).lower() if isinstance(found, bool) else reading.word(found)


def _attribute(value: object, stated: AttributeAt | AnswerAt) -> AttributeValue | None:
    if stated.codes is not None:
        return stated.codes.get(_word(value) or "")
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _NUMBER_MAX:
        return value
    return None


def _says_yes(value: object) -> bool:
    found = _first(value)
    if isinstance(found, str):
        return found.strip().lower() not in _NO
    return bool(found)
