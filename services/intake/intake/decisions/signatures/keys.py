"""Signatures against the keys that could have made them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, assert_never

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
    keys = [_key_of(way, secret) for secret in secrets]
    filled = [*keys, *[None] * (filled_to - len(secrets))]
    if way.algorithm == "ecdsa-p256":
        digest = hashlib.sha256(material).digest()
        curve = [key if isinstance(key, ec.EllipticCurvePublicKey) else _NOBODYS_KEY for key in filled]
        matches = [[_verifies(key, one, digest) for key in curve] for one in presented]
    else:
        expected = [_mac(way.algorithm, key if isinstance(key, bytes) else _NOBODYS_SECRET, material) for key in filled]
        matches = [[hmac.compare_digest(one, mac) for mac in expected] for one in presented]
    # A match under a key that fills a place, or stands for a secret that is no key, is nobody's.
    return any(match and key is not None for row in matches for match, key in zip(row, filled, strict=True))


def fault_of(secret: str, way: Signature) -> str | None:
    """Why a secret can't be a key of this platform's, as a sentence; None if it can."""
    if _key_of(way, secret) is not None:
        return None
    if way.algorithm == "ecdsa-p256":
        return "The secret must be the platform's public verification key: an elliptic curve key on P-256, in base64 or PEM."
    return f"The secret must be base64{f' after {way.key_prefix}' if way.key_prefix else ''}."


def _mac(algorithm: Literal["hmac-sha256", "hmac-sha1", "secret-sha256"], key: bytes, material: bytes) -> bytes:
    match algorithm:
        case "hmac-sha256":
            return hmac.digest(key, material, "sha256")
        case "hmac-sha1":
            return hmac.digest(key, material, "sha1")
        case "secret-sha256":
            return hashlib.sha256(key + material).digest()
        case _:
            assert_never(algorithm)


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
