"""Topic `erasures`: who must be forgotten, and which service has done it. A tombstone on `contacts` ends what was said there."""

from typing import Annotated

from pydantic import StringConstraints

from shared.events.facts import Code, Fact, Id, Moment, ServiceName, contract
from shared.events.topics import ERASURES

Seal = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

EVERY_SERVICE: tuple[ServiceName, ...] = ("intake", "routing", "feedback", "reporting")


@contract("erasure.ordered", topic=ERASURES, producer="intake", consumers=("routing", "feedback", "reporting"))
class ErasureOrdered(Fact):
    """Two people decided that everybody forgets this contact. Whoever hears it erases what names them, and answers `contact.erased`.

    `merged_into`: the contact that stands for this one, which is to be forgotten too; null where it stands for itself. By `seal` intake
    knows an order of its own again, when its database was restored to a moment before it.
    """

    erasure_id: Id
    contact_id: Id
    merged_into: Id | None = None
    ordered_at: Moment
    seal: Seal

    def key(self) -> str:
        return self.contact_id


@contract("contact.erased", topic=ERASURES, producer=EVERY_SERVICE, consumers=("intake", "reporting"))
class ContactErased(Fact):
    """A service no longer holds anything that names the contact. `erased` and `kept` count what went and what stays, by kind."""

    erasure_id: Id
    contact_id: Id
    service: ServiceName
    erased: dict[Code, int] = {}
    kept: dict[Code, int] = {}
    erased_at: Moment

    @property
    def producer(self) -> ServiceName:
        return self.service

    def key(self) -> str:
        return self.contact_id
