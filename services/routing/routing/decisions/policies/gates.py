"""Gates: what closes the door whatever the score. A condition, a consent, or a licence; for always, or between two days."""

from collections.abc import Iterable
from typing import Literal

from routing.decisions.policies.parts import Condition, Few, Name, Part, Place, Text
from shared.bodies import Day


class ConsentNeeded(Part):
    """What the contact must have said on a channel: yes (`granted`), or merely not no (`not_denied`).

    For this purpose; where none is named, a yes for one is enough, and a no for one too many. What they said of `any` channel holds
    for each.
    """

    channel: Text
    purpose: Text | None = None
    state: Literal["granted", "not_denied"]


class LicenceNeeded(Part):
    """A licence of the contact's own state that is valid on the day, by this authority if one is named.

    It is asked of contacts in these `states`, or of all. Who is in no known state is asked too, and has none: what can't be shown is
    not there.
    """

    states: Few[Text] = ()
    authority: Text | None = None


class Gate(Condition):
    """A reason to close the door: where its condition matches, or where a consent or a licence that is needed is not there.

    It stands from `valid_from` through `valid_until`, days in UTC.
    """

    id: Name
    reason: Text
    consent: ConsentNeeded | None = None
    licence: LicenceNeeded | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None

    def contradictions(self) -> Iterable[tuple[Place, str]]:
        """What keeps it from being one question that can be answered."""
        asked = [name for name, given in (("consent", self.consent), ("licence", self.licence)) if given is not None]
        if not asked:
            yield from super().contradictions()
        elif self.field or self.op or self.expression or self.value is not None:
            yield (asked[0],), "stands alone: give a condition, a consent or a licence"
        elif len(asked) > 1:
            yield ("licence",), "stands alone: a consent and a licence are two gates"
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            yield ("valid_until",), "lies before valid_from: the gate would never stand"
