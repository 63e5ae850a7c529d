"""Sealing: what must cross the bus and be read by one service alone. A JWE under a key that its reader made up, offers, and soon drops.

The private half of such a key never leaves the reader's database, and is gone a day later, or at once when somebody is erased: from
then on nobody can open what was sealed under it, wherever copies of that still lie. The reader signs what it offers with a secret that
only it and the sealing service are given: a stranger on the bus can't have texts sealed for themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey, OKPKey

from shared.ids import new_id

_SIGNATURES = ["HS256"]


class _Records(JWERegistry):
    """What may be sealed is as large as a record of Kafka's; the library's own bound is that of a token."""

    max_ciphertext_length = 1_000_000


_SEALS = _Records(algorithms=["ECDH-ES", "A256GCM"])


class Unopenable(Exception):
    """It was sealed by nobody who had our key, or is damaged."""


class KeyGone(Exception):
    """The key it was sealed under is not here any more."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The public half: whoever has it can seal. Of two, the later offered counts."""

    key_id: str
    public: Mapping[str, str]
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """The private half, as a JWK. No text form of it shows anything."""

    key_id: str
    private: Mapping[str, str]

    def __repr__(self) -> str:
        return f"OpeningKey({self.key_id})"


def new_opening_key() -> OpeningKey:
    """A key nobody has had."""
    return OpeningKey(str(new_id()), _words(OKPKey.generate_key("X25519", private=True).as_dict(private=True)))


def offer_of(key: OpeningKey, *, offered_at: datetime, secret: str) -> str:
    """The public half with its moment, signed: a compact JWS."""
    public = _words(OKPKey.import_key(dict(key.private)).as_dict(private=False))
    told = orjson.dumps({"key_id": key.key_id, "public": public, "offered_at": offered_at})
    return jws.serialize_compact({"alg": "HS256"}, told, _signing(secret), algorithms=_SIGNATURES)


def offered_in(offer: str, *, secret: str) -> SealingKey | None:
    """The key that an offer tells of; None if nobody with our secret signed it."""
    try:
        told = orjson.loads(jws.deserialize_compact(offer, _signing(secret), algorithms=_SIGNATURES).payload)
        return SealingKey(told["key_id"], told["public"], datetime.fromisoformat(told["offered_at"]))
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def seal(plain: bytes, key: SealingKey) -> str:
    """The text as a compact JWE that only the key's owner can open: a key of its own for each text, agreed on with the offered one."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key.key_id}
    return jwe.encrypt_compact(header, plain, OKPKey.import_key(dict(key.public)), registry=_SEALS)


def opened(sealed: str, *, key_id: str, keys: Mapping[str, OpeningKey]) -> bytes:
    """What was sealed under that key. Raises `KeyGone` and `Unopenable`."""
    if key_id not in keys:
        raise KeyGone
    try:
        plain = jwe.decrypt_compact(sealed, OKPKey.import_key(dict(keys[key_id].private)), registry=_SEALS).plaintext
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise Unopenable(type(error).__name__) from None
    if plain is None:
        raise Unopenable("empty")
    return plain


def _signing(secret: str) -> OctKey:
    return OctKey.import_key(secret)


def _words(jwk: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if isinstance(value, str)}
