"""The one engine that checks who sent a request.

Everything is computed on raw bytes. Work does not depend on what is right: every presented proof is compared with the one expected under
every secret, in constant time, and a source we don't know costs as much as one that signs with a shared secret.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import assert_never

from intake.decisions.signatures import keys, passwords
from intake.decisions.signatures.material import Evidence
from intake.decisions.signatures.recipes import Either, Encoding, Header, Recipe, SharedSecret, Signature, SignedRequest, Stamp, Trust

# A platform rotating its secret sends two. More than this are guesses, and nobody is paid for guessing.
SIGNATURES_MAX = 10
# Two secrets may be valid at once. Fewer are filled up with ones nobody has, so that their number can't be timed.
SECRETS_MAX = 2

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_EPOCH = re.compile(r"[0-9]{1,16}", re.ASCII)

# For a source we don't know: the dearest recipe with a shared secret.
UNKNOWN_SOURCE = Signature(place=Header("x-signature"), parts=("method", "uri", "body"))


def is_signed(request: SignedRequest, *, recipe: Recipe, secrets: Sequence[str], now: datetime) -> bool:
    """Whether the request proves, in any way its platform has, that it is by who holds one of the secrets."""
    return trust_of(request, recipe=recipe, secrets=secrets, now=now) is not None


def trust_of(request: SignedRequest, *, recipe: Recipe, secrets: Sequence[str], now: datetime) -> Trust | None:
    """What the request's proof is worth; None if one of the first ten presented is not right under one of the secrets, or is stale."""
    ways = recipe.ways if isinstance(recipe, Either) else (recipe,)
    found = [_trust_by(way, request, secrets=secrets, now=now) for way in ways]
    return next((trust for trust in found if trust is not None), None)


def secret_fault(recipe: Recipe, secret: str) -> str | None:
    """Why a secret can never verify anything of this platform, as a sentence; None if it can."""
    ways = recipe.ways if isinstance(recipe, Either) else (recipe,)
    faults = [keys.fault_of(secret, way) if isinstance(way, Signature) else None for way in ways]
    return faults[0] if all(faults) else None


def _trust_by(way: Signature | SharedSecret, request: SignedRequest, *, secrets: Sequence[str], now: datetime) -> Trust | None:
    usable = tuple(secret for secret in secrets if secret)[:SECRETS_MAX]  # anybody could sign with an empty one
    match way:
        case SharedSecret():
            presented = passwords.presented(request, way, at_most=SIGNATURES_MAX)
            return "shared_secret" if passwords.is_known(presented, usable, filled_to=SECRETS_MAX) else None
        case Signature():
            return _trust_by_signature(way, request, secrets=usable, now=now)
        case _:
            assert_never(way)


def _trust_by_signature(way: Signature, request: SignedRequest, *, secrets: Sequence[str], now: datetime) -> Trust | None:
    evidence = Evidence(request)
    stamp = _stamp_of(evidence, way.stamp)
    signed = evidence.signed_text(way, stamp=stamp or "")
    is_right = keys.is_right(
        [_decoded(text, way.encoding) for text in _presented(evidence, way)],
        way,
        material=signed.text,
        secrets=secrets,
        filled_to=SECRETS_MAX,
    )
    if not (is_right and signed.is_whole and _is_near(stamp, way.stamp, now=now)):
        return None
    return "signed" if signed.covers_body else "partly_signed"


def _presented(evidence: Evidence, way: Signature) -> list[str]:
    """The presented signatures without their prefix; what has another one is of another scheme, and none of ours."""
    given = " ".join(evidence.at(way.place))
    texts = [text for text in _between(way.separators).split(given, maxsplit=SIGNATURES_MAX) if text][:SIGNATURES_MAX]
    return [text.removeprefix(way.prefix) for text in texts if text.startswith(way.prefix)]


@cache
def _between(separators: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(separators)}\\s]+")


def _decoded(text: str, encoding: Encoding) -> bytes:
    """The signature's bytes; none for what is no signature at all, which equals no digest."""
    match encoding:
        case "base64":
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                return b""
        case "hex":
            return bytes.fromhex(text) if _HEX.fullmatch(text) else b""
        case _:
            assert_never(encoding)


def _stamp_of(evidence: Evidence, rule: Stamp | None) -> str | None:
    """The signed time as it was written; None unless it was sent once, in digits."""
    given = evidence.at(rule.place) if rule is not None else []
    return given[0] if len(given) == 1 and _EPOCH.fullmatch(given[0]) else None


def _is_near(stamp: str | None, rule: Stamp | None, *, now: datetime) -> bool:
    if rule is None:
        return True
    if stamp is None:
        return False
    if rule.tolerance is None:
        return True
    at = int(stamp) * (1000 if rule.unit == "s" else 1)
    return abs(at - int(now.timestamp() * 1000)) <= rule.tolerance // timedelta(milliseconds=1)
