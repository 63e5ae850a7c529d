"""A text typed at marketing's door, once it is opened: what it says, and what is told of it."""

from dataclasses import dataclass
from typing import Literal

import orjson

from feedback.decisions.triage import Triage

Verdict = Literal["clear", "possible", "certain"]


class NoText(ValueError):
    """What was sealed is not a text as intake hands it over."""


@dataclass(frozen=True, slots=True)
class OpenedText:
    """Where something was typed and what. `origin` tells its event from every other of the source, and is the same when it comes again."""

    source: str
    origin: str
    fields: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """What was typed, a field a line."""
        return "\n".join(text for _, text in self.fields)

    @property
    def statement(self) -> str:
        """The same for whoever answers the case: each under its field."""
        return "\n".join(f"{field}: {text}" for field, text in self.fields)


def text_in(plain: bytes) -> OpenedText:
    """The text that was sealed. Raises `NoText`."""
    try:
        told = orjson.loads(plain)
        return OpenedText(told["source"], told["origin"], tuple((str(field), str(text)) for field, text in told["fields"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NoText(type(error).__name__) from None


def verdict_of(triage: Triage) -> Verdict:
    """What may be told of a triage outside of this service."""
    if not triage.findings:
        return "clear"
    return "certain" if triage.leaves_commercial_path else "possible"
