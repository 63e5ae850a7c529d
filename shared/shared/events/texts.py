"""Topic `sealed-texts`: what people typed at marketing's door. And on `feedback`: what came of it, and the keys it is sealed with."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.events.facts import Fact, Id, Label, Moment, contract
from shared.events.topics import FEEDBACK, SEALED_TEXTS

# A compact JWE or JWS: base64url parts and nothing a person could have typed.
Sealed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")]
Signed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", max_length=2_000)]

TextVerdict = Literal["clear", "possible", "certain"]


@contract("text.received", topic=SEALED_TEXTS, producer="intake", consumers=("feedback",))
class TextReceived(Fact):
    """Something was typed in an event of a marketing platform. `sealed` opens with the key `key_id` alone, for as long as feedback has it.

    Said again, under the same `text_id`, until its verdict is known. A text too long for one record comes in `parts`, each a text.
    """

    text_id: Id
    receipt_id: Id
    contact_id: Id | None = None
    source: Id
    vendor_type: Label | None = None
    part: int = 1
    parts: int = 1
    awareness_at: Moment
    key_id: Id
    sealed: Sealed

    def key(self) -> str:
        return self.contact_id or self.receipt_id


@contract("text.triaged", topic=FEEDBACK, producer="feedback", consumers=("intake", "reporting"))
class TextTriaged(Fact):
    """A sealed text was opened and looked at. The verdict and nothing of the text; a case, if any, is told on `cases`."""

    text_id: Id
    receipt_id: Id
    contact_id: Id | None = None
    verdict: TextVerdict
    triaged_at: Moment

    def key(self) -> str:
        return self.contact_id or self.receipt_id


@contract("text.key_offered", topic=FEEDBACK, producer="feedback", consumers=("intake", "reporting"))
class TextKeyOffered(Fact):
    """A key to seal texts with from now on. `offer` is signed with the secret that intake and feedback share, or it is not believed."""

    key_id: Id
    offer: Signed
    offered_at: Moment

    def key(self) -> str:
        return self.key_id
