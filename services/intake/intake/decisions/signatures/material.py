"""What a platform signed, put together from the request byte for byte."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from intake.decisions.signatures.recipes import Field, Header, Part, Place, Signature, SignedRequest, Text
from shared.strict_json import Malformed, parse

_ARRAY = re.compile(rb"[ \t\r\n]*\[")
# A string, possessively, so that no text makes us look at it twice; or what opens, closes and separates.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class SignedText:
    """What is signed; whether every part of it was there; and whether it binds the whole body."""

    text: bytes
    is_whole: bool
    covers_body: bool


class Evidence:
    """A request, looked at part by part. Its body is read as JSON only for a platform that signs fields of it, and once."""

    def __init__(self, request: SignedRequest) -> None:
        self._request = request

    def at(self, place: Place) -> list[str]:
        """What stands at a place of the request, as often as it does."""
        match place:
            case Header(name=name, alias=alias):
                headers = self._request.headers
                return list(headers.get(name) or (headers.get(alias) if alias is not None else None) or ())
            case Field(path=path):
                found = self._field(path)
                return [] if found is None else [found]
            case _:
                assert_never(place)

    def signed_text(self, way: Signature, *, stamp: str) -> SignedText:
        """The text a platform signs with this request. Missing parts are left out, so that the work is the same."""
        pieces = [self._piece(part, way, stamp=stamp) for part in way.parts]
        return SignedText(
            text=b"".join(piece or b"" for piece in pieces),
            is_whole=None not in pieces,
            covers_body="body" in way.parts or ("first_element" in way.parts and not first_element(self._request.body)[1]),
        )

    def _piece(self, part: Part, way: Signature, *, stamp: str) -> bytes | None:
        request = self._request
        match part:
            case "method":
                return as_bytes(request.method)
            case "uri":
                return as_bytes(way.uri_form(request.uri) if way.uri_form is not None else request.uri)
            case "body":
                return request.body
            case "first_element":
                return first_element(request.body)[0]
            case "timestamp":
                return as_bytes(stamp)
            case Text(text=text):
                return as_bytes(text)
            case Header() | Field():
                found = self.at(part)
                return as_bytes(found[0]) if len(found) == 1 else None
            case _:
                assert_never(part)

    def _field(self, path: tuple[str, ...]) -> str | None:
        value = self._json
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) else None

    @cached_property
    def _json(self) -> object:
        try:
            return parse(self._request.body)
        except Malformed:
            return None


def first_element(body: bytes) -> tuple[bytes, bool]:
    """The bytes of an array's first element, and whether more follow; the whole body if it is no array.

    Exact for well-formed JSON. Of what is malformed something is given; nothing is ever read in such a body.
    """
    opened = _ARRAY.match(body)
    if opened is None:
        return body, False
    depth = 0
    for token in _TOKEN.finditer(body, opened.end()):
        mark = token[0]
        if depth == 0 and mark in (b",", b"]"):
            return body[opened.end() : token.start()].strip(b" \t\r\n"), mark == b","
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(mark, 0)
    return body, False


def as_bytes(text: str) -> bytes:
    """A text in UTF-8, whatever is in it."""
    return text.encode(errors="surrogatepass")
