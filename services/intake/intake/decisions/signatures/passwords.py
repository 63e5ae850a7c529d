"""Secrets that are sent along with a request instead of signing it."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import assert_never
from urllib.parse import parse_qsl

from intake.decisions.signatures.material import as_bytes
from intake.decisions.signatures.recipes import InHeader, InQuery, SharedSecret, SignedRequest

_QUERY_FIELDS_MAX = 100


def presented(request: SignedRequest, way: SharedSecret, *, at_most: int) -> list[bytes]:
    """What the request offers as the secret, at any of the places."""
    found = [secret for place in way.places for secret in _at(request, place)]
    return found[:at_most]


def is_known(offered: Sequence[bytes], secrets: Sequence[str], *, filled_to: int) -> bool:
    """Whether one of the offered secrets is one of the source's, compared by digest so that not even a length can be timed."""
    expected = [hashlib.sha256(as_bytes(secret)).digest() for secret in secrets]
    expected += [hashlib.sha256(b"nobody's %d" % place).digest() for place in range(filled_to - len(secrets))]
    matches = [[hmac.compare_digest(hashlib.sha256(one).digest(), secret) for secret in expected][: len(secrets)] for one in offered]
    return any(map(any, matches))


def _at(request: SignedRequest, place: InHeader | InQuery) -> list[bytes]:
    match place:
        case InHeader(name=name, scheme="bare"):
            return [as_bytes(value) for value in request.headers.get(name, ())]
        case InHeader(name=name, scheme=scheme):
            credentials = [_credentials(value, scheme) for value in request.headers.get(name, ())]
            return [_basic(found) if scheme == "basic" else as_bytes(found) for found in credentials if found]
        case InQuery(name=name):
            try:
                fields = parse_qsl(request.query, max_num_fields=_QUERY_FIELDS_MAX)
            except ValueError:
                return []
            return [as_bytes(value) for key, value in fields if key == name]
        case _:
            assert_never(place)


def _credentials(value: str, scheme: str) -> str:
    """What follows the name of an authorization scheme, in whatever case that is written; nothing if it is another scheme."""
    named, _, credentials = value.strip().partition(" ")
    return credentials.strip() if named.lower() == scheme else ""


def _basic(credentials: str) -> bytes:
    try:
        return base64.b64decode(credentials, validate=True)
    except (binascii.Error, ValueError):
        return b""
