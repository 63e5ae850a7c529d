"""Whether a request was signed by who holds a source's secret. One engine; platforms are declared to it as recipes.

Everything is computed on raw bytes. Work does not depend on what is right: every presented signature is compared with the one
expected under every secret, in constant time, and a source we don't know costs as much as one we do.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never

# A platform rotating its secret sends two. More than this are guesses, and nobody is paid for guessing.
SIGNATURES_MAX = 10
# Two secrets may be valid at once. Fewer are filled up with ones nobody has, so that their number can't be timed.
SECRETS_MAX = 2
_NOBODYS_SECRET = hashlib.sha256(b"nobody signs with this").digest()

_EPOCH_MILLISECONDS = re.compile(r"[0-9]{1,16}", re.ASCII)
_SEPARATORS = re.compile(r"[,\s]+")

Part = Literal["method", "uri", "body", "timestamp"]
Decoding = Literal["base64"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time a platform signs with its request: which header says it, in milliseconds, and how old or early it may be."""

    header: str
    tolerance: timedelta


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a platform signs: HMAC-SHA256 over `parts` in this order, in the header `signature_header` (lower case).

    `uri_form` says in which form the platform signs our address, if not as it is.
    """

    signature_header: str
    parts: tuple[Part, ...]
    encoding: Decoding = "base64"
    stamp: Stamp | None = None
    uri_form: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a platform may have signed. `uri` is the public one, as configured; header names are in lower case."""

    method: str
    uri: str
    body: bytes
    headers: Mapping[str, Sequence[str]]


# For a source we don't know: the dearest recipe there is.
UNKNOWN_SOURCE = Recipe(signature_header="x-signature", parts=("method", "uri", "body"))


def is_signed(request: SignedRequest, *, recipe: Recipe, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the first ten presented signatures is right under one of the secrets, and the signed time, if any, is near."""
    stamp = _stamp_of(request, recipe)
    material = b"".join(_part(part, request, recipe=recipe, stamp=stamp) for part in recipe.parts)
    keys = [secret.encode() for secret in secrets] + [_NOBODYS_SECRET] * (SECRETS_MAX - len(secrets))
    expected = [hmac.digest(key, material, "sha256") for key in keys]
    matches = [[hmac.compare_digest(presented, one) for one in expected][: len(secrets)] for presented in _presented(request, recipe)]
    return any(map(any, matches)) and (recipe.stamp is None or _is_near(stamp, recipe.stamp, now=now))


def _presented(request: SignedRequest, recipe: Recipe) -> list[bytes]:
    given = ",".join(request.headers.get(recipe.signature_header, ()))
    texts = [text for text in _SEPARATORS.split(given, maxsplit=SIGNATURES_MAX) if text][:SIGNATURES_MAX]
    return [_decoded(text, recipe.encoding) for text in texts]


def _decoded(text: str, encoding: Decoding) -> bytes:
    """The signature's bytes; none for what is no signature at all, which equals no digest."""
    match encoding:
        case "base64":
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                return b""
        case _:
            assert_never(encoding)


def _part(part: Part, request: SignedRequest, *, recipe: Recipe, stamp: str) -> bytes:
    match part:
        case "method":
            return request.method.encode()
        case "uri":
            return (recipe.uri_form(request.uri) if recipe.uri_form is not None else request.uri).encode()
        case "body":
            return request.body
        case "timestamp":
            return stamp.encode()
        case _:
            assert_never(part)


def _stamp_of(request: SignedRequest, recipe: Recipe) -> str:
    """The signed time as it was written; empty unless the header was sent once, in digits."""
    given = request.headers.get(recipe.stamp.header, ()) if recipe.stamp is not None else ()
    return given[0] if len(given) == 1 and _EPOCH_MILLISECONDS.fullmatch(given[0]) else ""


def _is_near(stamp: str, rule: Stamp, *, now: datetime) -> bool:
    if not stamp:
        return False
    return abs(int(stamp) - int(now.timestamp() * 1000)) <= rule.tolerance // timedelta(milliseconds=1)
