"""Recognising who was forgotten: the ledger holds keyed hashes alone, of the person's keys and of the acts that were on record.

Who has the data without the key can't try addresses out; who has both can, so they are kept apart.
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from intake.decisions.acts import OPT_OUTS, Act, Ignored, Item
from intake.decisions.consents import ConsentAct, act_of
from intake.decisions.persons import PersonKey, contact_key, email_key

ERASED = "erased"
"""Why an item about somebody who was forgotten is ignored."""

ANONYMOUS_PREFIX = "erased:"
"""What the identity of an act begins with once its person was forgotten; its keyed hash follows."""

# How the sign of an address is written in text, JSON and forms, and what may stand before and after it.
_AT = re.compile(r"@|%40|\\u0040", re.IGNORECASE)
_LOCAL_CHARS_MAX = 64
_LOCAL = re.compile(r"[^\s\"'<>&=:;,()\[\]\\/]+\Z")
_DOMAIN = re.compile(r"[\w.\-]{1,190}")
_ADDRESSES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """The system's key, which nothing shows."""

    secret: bytes = field(repr=False)
    _begun: hmac.HMAC = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_begun", hmac.new(self.secret, digestmod="sha256"))

    def of_person(self, key: PersonKey) -> bytes:
        """The hash of something that is one person's."""
        return self._hash("person", key.namespace, key.value)

    def of_act(self, source: str, identity: str) -> bytes:
        """The hash of an act's identity within its source."""
        return self._hash("act", source, identity)

    def of_content(self, fingerprint: bytes) -> bytes:
        """The hash that takes a fingerprint's place: the fingerprint itself could be tried out."""
        return self._hash("fingerprint", fingerprint.hex())

    def of_order(self, erasure_id: str, contact_id: str) -> bytes:
        """The hash that tells an order of ours from anybody else's."""
        return self._hash("order", erasure_id, contact_id)

    def of_items(self, items: Iterable[Item]) -> list[bytes]:
        """All that the ledger is asked for about these items."""
        found: dict[bytes, None] = {}
        for item in items:
            if isinstance(item, Act):
                found[self.of_act(item.source, item.identity)] = None
                found.update(dict.fromkeys(map(self.of_person, item.person)))
        return list(found)

    def _hash(self, kind: str, *parts: str) -> bytes:
        # No part can hold the separator and be a key: what is hashed can be taken apart one way only.
        begun = self._begun.copy()  # half of what beginning anew costs
        begun.update("\x1f".join((kind, *parts)).encode("utf-8", "surrogatepass"))
        return begun.digest()


@dataclass(frozen=True, slots=True)
class Remembered:
    """Whom a hash belongs to, as a hash; when they were forgotten; and the contact they are now, if a directory stated them anew."""

    subject: bytes
    erased_at: datetime
    successor_id: str | None


Hits = Mapping[bytes, Remembered]
"""What the ledger knows of what it was asked for."""


def settled(item: Item, *, hits: Hits, key: LedgerKey, owned: Iterable[PersonKey], received_at: datetime) -> Item:
    """The item as it may be judged: ignored if it is about somebody forgotten, else under the id that the person has now.

    Late is what was on record already, what nobody living is known by, and whatever happened before the person was forgotten.
    `owned` are those of the act's keys that are a living contact's.
    """
    if not isinstance(item, Act) or not hits:
        return item
    ignored = Ignored(item.vendor_type, ERASED, item.texts)  # what they typed may tell of an adverse event, whoever it is about
    if key.of_act(item.source, item.identity) in hits:
        return ignored
    found = {person: hits[hashed] for person in item.person if (hashed := key.of_person(person)) in hits}
    if not found:
        return item
    now_called = {person: one.successor_id for person, one in found.items() if person.namespace == "contact"}
    lives = any(now_called.values()) or any(person.namespace != "contact" and person in owned for person in item.person)
    if not lives or (item.occurred_at or received_at) <= max(one.erased_at for one in found.values()):
        return ignored
    person = [contact_key(now_called[one] or one.value) if one in now_called else one for one in item.person]
    return replace(item, person=tuple(dict.fromkeys(person)))


def denial_in(item: Item, *, received_at: datetime) -> ConsentAct | None:
    """What somebody forgotten denies by an act that is ignored: it holds if they ever come back."""
    if not isinstance(item, Act) or item.kind not in OPT_OUTS:
        return None
    return act_of(item.kind, channel=item.channel, occurred_at=item.occurred_at or received_at, machine=item.machine)


def addresses_in(body: bytes) -> dict[PersonKey, set[str]]:
    """The e-mail addresses a body seems to hold, each with the forms it is written in."""
    text, found = body.decode("utf-8", "replace"), dict[PersonKey, set[str]]()
    for sign in islice(_AT.finditer(text), _ADDRESSES_MAX):
        local = _LOCAL.search(text[max(0, sign.start() - _LOCAL_CHARS_MAX) : sign.start()])
        domain = _DOMAIN.match(text, sign.end())
        if local is not None and domain is not None:
            written = f"{local.group()}{sign.group()}{domain.group()}".strip(".-")
            if (key := email_key(_AT.sub("@", written))) is not None:
                found.setdefault(key, set()).add(written)
    return found


def suppressions(acts: Iterable[ConsentAct]) -> Sequence[ConsentAct]:
    """What outlives the person: denials alone, without where their proof lies."""
    return [replace(act, evidence=None, legal_basis=None) for act in acts if act.state == "denied"]
