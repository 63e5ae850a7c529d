"""Signatures against the keys that could have made them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import assert_never

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from intake.decisions.signatures.material import as_bytes
from intake.decisions.signatures.recipes import Signature

_NOBODYS_SECRET = hashlib.sha256(b"nobody signs with this").digest()
_NOBODYS_KEY = ec.derive_private_key(int.from_bytes(_NOBODYS_SECRET), ec.SECP256R1()).public_key()


def is_right(presented: Sequence[bytes], way: Signature, *, material: bytes, secrets: Sequence[str], filled_to: int) -> bool:
    """Whether one of the presented signatures is right under one of the secrets. All are compared with all, and with nobody's."""
    judges = [_judge(way, secret, material) for secret in [*secrets, *[None] * (filled_to - len(secrets))]]
    matches = [[judge(one) for judge in judges][: len(secrets)] for one in presented]
    usable = [_key_of(way, secret) is not None for secret in secrets]
    return any(match and is_usable for row in matches for match, is_usable in zip(row, usable, strict=True))


def fault_of(secret: str, way: Signature) -> str | None:
    """Why a secret can't be a key of this platform's, as a sentence; None if it can."""
    if _key_of(way, secret) is not None:
        return None
    if way.algorithm == "ecdsa-p256":
        return "The secret must be the platform's public verification key: an elliptic curve key on P-256, in base64 or PEM."
    return f"The secret must be base64{f' after {way.key_prefix}' if way.key_prefix else ''}."


def _judge(way: Signature, secret: str | None, material: bytes) -> Callable[[bytes], bool]:
    """What decides whether a signature is right under this secret; under nobody's if it is None or no key."""
    key = _key_of(way, secret) if secret is not None else None
    match way.algorithm:
        case "hmac-sha256" | "hmac-sha1":
            expected = hmac.digest(key if isinstance(key, bytes) else _NOBODYS_SECRET, material, way.algorithm.removeprefix("hmac-"))
        case "secret-sha256":
            expected = hashlib.sha256((key if isinstance(key, bytes) else _NOBODYS_SECRET) + material).digest()
        case "ecdsa-p256":
            public, digest = key if isinstance(key, ec.EllipticCurvePublicKey) else _NOBODYS_KEY, hashlib.sha256(material).digest()
            return lambda presented: _verifies(public, presented, digest)
        case _:
            assert_never(way.algorithm)
    return lambda presented: hmac.compare_digest(presented, expected)


def _key_of(way: Signature, secret: str) -> bytes | ec.EllipticCurvePublicKey | None:
    """The key a secret stands for; None if it stands for none."""
    if way.algorithm == "ecdsa-p256":
        return _public_key(secret)
    match way.key_form:
        case "text":
            return as_bytes(secret)
        case "base64":
            encoded = secret.removeprefix(way.key_prefix)
            try:
                return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or None
            except (binascii.Error, ValueError):
                return None
        case _:
            assert_never(way.key_form)


@lru_cache(maxsize=256)
def _public_key(text: str) -> ec.EllipticCurvePublicKey | None:
    """A public key as platforms show it: SPKI in base64, or PEM."""
    try:
        found = (
            load_pem_public_key(as_bytes(text))
            if text.lstrip().startswith("-----BEGIN")
            else load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1) else None


def _verifies(key: ec.EllipticCurvePublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, ec.ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True
