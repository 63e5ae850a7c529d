"""How a platform shows that a request is its own, declared: recipes for the one engine that checks them.

Most platforms sign with a secret both sides hold; some with a key pair; some send the secret itself along. The three are told apart in
what a check returns, since a signature binds the body and a password does not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Trust = Literal["signed", "partly_signed", "shared_secret"]
"""What a right proof is worth: every byte of the body is the platform's; a part of it is; or the sender knew a password."""

Algorithm = Literal["hmac-sha256", "hmac-sha1", "secret-sha256", "ecdsa-p256"]
"""`secret-sha256` is a plain SHA-256 over the secret and what is signed; for `ecdsa-p256` the secret is the platform's public key."""

Encoding = Literal["base64", "hex"]
KeyForm = Literal["text", "base64"]
Unit = Literal["s", "ms"]


@dataclass(frozen=True, slots=True)
class Header:
    """A header, its name in lower case; under its older name `alias` where it isn't there."""

    name: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A string or whole number in a JSON body, under these nested keys."""

    path: tuple[str, ...]


Place = Header | Field


@dataclass(frozen=True, slots=True)
class Text:
    """The same characters in every signed text."""

    text: str


Part = Literal["method", "uri", "body", "first_element", "timestamp"] | Text | Header | Field
"""A piece of what is signed. `first_element` is the body, or the bytes of its first element if it is an array; `timestamp` the stamp as
it was written. A header or field that isn't there exactly once makes every signature wrong."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time a platform signs with its request, as whole seconds or milliseconds since 1970, and how old or early it may be.

    Without a tolerance the age is not judged: the platform retries with its first stamp, and a replay is a duplicate anyway.
    """

    place: Place
    unit: Unit
    tolerance: timedelta | None


@dataclass(frozen=True, slots=True)
class Signature:
    """How a platform signs: `algorithm` over `parts` in this order, presented at `place` after `prefix`.

    `separators` are the characters between several signatures in one place (space and tab are always among them). `key_form` says how a
    secret becomes a key: as it is written, or base64 after `key_prefix`. `uri_form` gives our address in the form the platform signs.
    """

    place: Place
    parts: tuple[Part, ...]
    algorithm: Algorithm = "hmac-sha256"
    encoding: Encoding = "base64"
    prefix: str = ""
    separators: str = ","
    key_form: KeyForm = "text"
    key_prefix: str = ""
    stamp: Stamp | None = None
    uri_form: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class InHeader:
    """A secret sent in a header: bare, as a bearer token, or as HTTP basic credentials (the secret is then `user:password`)."""

    name: str = "authorization"
    scheme: Literal["bare", "bearer", "basic"] = "bare"


@dataclass(frozen=True, slots=True)
class InQuery:
    """A secret sent in the query of the address, under this name."""

    name: str = "token"


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The secret itself, sent along in one of these places."""

    places: tuple[InHeader | InQuery, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """A platform with several ways. All are checked; of those that are right, the one listed first says what the request is worth."""

    ways: tuple[Signature | SharedSecret, ...]


Recipe = Signature | SharedSecret | Either


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a platform may have signed. `uri` is the public one, as configured; `query` is what really came after the question mark,
    for `uri` may hold a configured query. Header names are in lower case."""

    method: str
    uri: str
    body: bytes
    headers: Mapping[str, Sequence[str]]
    query: str = ""
