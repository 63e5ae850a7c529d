"""How a mapping states its platform's proof of authenticity: a recipe for the one engine, written in JSON."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from intake.decisions import signatures
from intake.decisions.signatures import Either, Header, InHeader, InQuery, Recipe, SharedSecret, Signature, Stamp, Text
from intake.decisions.signatures.recipes import Algorithm, Encoding, KeyForm, Part, Unit
from shared.bodies import Body, Int

_HEADER = re.compile(r"header:([a-z0-9-]{1,100})")
_FIELD = re.compile(r"field:([A-Za-z0-9_-]{1,60}(?:\.[A-Za-z0-9_-]{1,60}){0,7})")
_QUERY = re.compile(r"query:([A-Za-z0-9_-]{1,60})")
_WHOLE: dict[str, Literal["method", "uri", "body", "first_element", "timestamp"]] = {
    "method": "method",
    "uri": "uri",
    "body": "body",
    "first_element": "first_element",
    "timestamp": "timestamp",
}
_SENT: dict[str, InHeader] = {"bearer": InHeader(scheme="bearer"), "basic": InHeader(scheme="basic")}
_SHORT = StringConstraints(max_length=40)


def _place(text: str) -> Header | signatures.Field | None:
    if header := _HEADER.fullmatch(text):
        return Header(header[1])
    if field := _FIELD.fullmatch(text):
        return signatures.Field(tuple(field[1].split(".")))
    return None


def _part(text: str) -> Part | None:
    return Text(text.removeprefix("text:")) if text.startswith("text:") else _WHOLE.get(text) or _place(text)


def _sent(text: str) -> InHeader | InQuery | None:
    if query := _QUERY.fullmatch(text):
        return InQuery(query[1])
    if header := _HEADER.fullmatch(text):
        return InHeader(header[1])
    return _SENT.get(text)


def _is_place(text: str) -> str:
    if _place(text) is None:
        raise ValueError("must be header:<name in lower case> or field:<keys joined by dots>")
    return text


def _is_part(text: str) -> str:
    if _part(text) is None:
        raise ValueError("must be body, first_element, method, uri, timestamp, text:<characters>, header:<name> or field:<keys>")
    return text


def _is_sent(text: str) -> str:
    if _sent(text) is None:
        raise ValueError("must be query:<name>, header:<name>, bearer or basic")
    return text


PlaceText = Annotated[str, AfterValidator(_is_place)]
PartText = Annotated[str, AfterValidator(_is_part)]
SentText = Annotated[str, AfterValidator(_is_sent)]


class StampBody(Body):
    """The time a platform signs; `tolerance_seconds` is how old or early it may be, unset if it repeats the first one when it retries."""

    at: PlaceText
    unit: Unit
    tolerance_seconds: Annotated[Int, Field(ge=1, le=86_400)] | None = None

    def stamp(self) -> Stamp:
        """As the engine knows it."""
        place = _place(self.at)
        assert place is not None  # noqa: S101  # checked when the mapping was read
        tolerance = timedelta(seconds=self.tolerance_seconds) if self.tolerance_seconds is not None else None
        return Stamp(place=place, unit=self.unit, tolerance=tolerance)


class SignatureBody(Body):
    """Where a signature stands (`at`), and of which parts it is, in this order."""

    at: PlaceText
    of: Annotated[list[PartText], Field(min_length=1, max_length=20)]
    algorithm: Algorithm = "hmac-sha256"
    encoding: Encoding = "base64"
    prefix: Annotated[str, _SHORT] = ""
    separators: Annotated[str, StringConstraints(max_length=3)] = ","
    key_form: KeyForm = "text"
    key_prefix: Annotated[str, _SHORT] = ""
    stamp: StampBody | None = None

    @model_validator(mode="after")
    def _stamp_stated(self) -> Self:
        if "timestamp" in self.of and self.stamp is None:
            raise ValueError("signs a timestamp and must state where its stamp is")
        return self

    @property
    def looks_into_the_body(self) -> bool:
        """Whether it can only be checked on JSON."""
        stamp = [self.stamp.at] if self.stamp is not None else []
        return any(text.startswith("field:") or text == "first_element" for text in [self.at, *self.of, *stamp])

    def way(self) -> Signature:
        """As the engine knows it."""
        place, parts = _place(self.at), tuple(part for text in self.of if (part := _part(text)) is not None)
        assert place is not None  # noqa: S101  # checked when the mapping was read
        return Signature(
            place=place,
            parts=parts,
            algorithm=self.algorithm,
            encoding=self.encoding,
            prefix=self.prefix,
            separators=self.separators,
            key_form=self.key_form,
            key_prefix=self.key_prefix,
            stamp=self.stamp.stamp() if self.stamp is not None else None,
        )


class Proof(Body):
    """How a platform's requests prove whose they are: by signatures, or by a secret sent along in one of these places."""

    signatures: Annotated[list[SignatureBody], Field(max_length=4)] = []
    secrets: Annotated[list[SentText], Field(max_length=6)] = []

    @model_validator(mode="after")
    def _proves_something(self) -> Self:
        if not (self.signatures or self.secrets):
            raise ValueError("must state a signature, or where a secret is sent along")
        return self

    @property
    def signs_the_address(self) -> bool:
        """Whether it matters which address a platform posts to."""
        return any("uri" in signature.of for signature in self.signatures)

    def recipe(self) -> Recipe:
        """As the engine knows it, what is worth most first."""
        ways: list[Signature | SharedSecret] = [signature.way() for signature in self.signatures]
        if self.secrets:
            ways.append(SharedSecret(tuple(place for text in self.secrets if (place := _sent(text)) is not None)))
        return ways[0] if len(ways) == 1 else Either(tuple(ways))
