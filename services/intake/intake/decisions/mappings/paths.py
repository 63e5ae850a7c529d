"""Where in a platform's body something stands: JMESPath, checked when a mapping is saved, bounded when it is followed.

What makes values grow (building lists and objects, writing values as text, sorting) is left out of the language, so that an
expression only ever finds what a body holds, and a count of steps bounds the time whatever the body.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from intake.decisions.adapters import reading

_CHARS_MAX = 300
_DEPTH_MAX = 32
# What opens a level in an expression. The parser calls itself once per level.
_OPENERS = "([{!&`"

_NODES = frozenset(
    {
        *("field", "subexpression", "index", "index_expression", "current", "identity", "literal", "pipe"),
        *("or_expression", "and_expression", "not_expression", "comparator"),
        *("projection", "value_projection", "filter_projection", "flatten", "function_expression"),
    }
)
FUNCTIONS = frozenset({"contains", "ends_with", "keys", "length", "not_null", "starts_with", "type"})

# A mapping takes some hundred steps for an event, a million about a second.
STEPS_PER_ITEM = 20_000
STEPS_PER_BODY = 1_000_000
_ELEMENTS_PER_STEP = 16  # copying a list's elements is that much cheaper than a step


class Unfollowable(Exception):
    """A path can't be followed in this body; `reason` is the end of a sentence about it, without what was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked JMESPath expression. Most are plain nested keys, which are followed without the library, ten times as fast."""

    text: str
    syntax: dict[str, Any]
    keys: tuple[str, ...] | None


def expression(text: object) -> Expression:
    """The expression a text states. Raises `ValueError` with what is wrong with it."""
    if isinstance(text, Expression):
        return text
    if not isinstance(text, str):
        raise ValueError("must be a JMESPath expression in a string")  # noqa: TRY004  # pydantic reports ValueErrors
    if len(text) > _CHARS_MAX:
        raise ValueError(f"must have at most {_CHARS_MAX} characters")
    if sum(text.count(opener) for opener in _OPENERS) > _DEPTH_MAX:
        raise ValueError("nests too deep")
    syntax = _parsed(text)
    for depth, node in _walk(syntax):
        if depth > _DEPTH_MAX:
            raise ValueError("nests too deep")
        _check(node)
    return Expression(text, syntax, _plain_keys(syntax))


def _parsed(text: str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the library reads some mistakes as text, with a warning
            syntax: dict[str, Any] = jmespath.compile(text).parsed
    except (JMESPathError, ValueError, Warning):
        raise ValueError("is no JMESPath expression") from None
    return syntax


def _walk(node: dict[str, Any], depth: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    yield depth, node
    for child in node.get("children", ()):
        if isinstance(child, dict) and depth <= _DEPTH_MAX:
            yield from _walk(child, depth + 1)


def _plain_keys(node: dict[str, Any]) -> tuple[str, ...] | None:
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] != "subexpression":
        return None
    inner = [_plain_keys(child) for child in node["children"]]
    return tuple(key for keys in inner if keys is not None for key in keys) if None not in inner else None


def _check(node: dict[str, Any]) -> None:
    kind = node["type"]
    if kind not in _NODES:
        raise ValueError(f"uses what mappings leave out of JMESPath: {kind.replace('_', ' ')}")
    if kind == "function_expression" and node["value"] not in FUNCTIONS:
        raise ValueError(f"uses a function mappings don't have; they have {', '.join(sorted(FUNCTIONS))}")
    if kind == "comparator" and all(child["type"] != "literal" for child in node["children"]):
        raise ValueError("compares two places; one side must be a literal")


Path = Annotated[
    Expression,
    PlainValidator(expression),
    PlainSerializer(lambda found: found.text, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": _CHARS_MAX}),
]
"""A JMESPath expression in a JSON string."""


class Walk:
    """Following paths in one body, with as many steps as a body may cost."""

    def __init__(self) -> None:
        self._interpreter = _Interpreter()
        self._left_of_body = STEPS_PER_BODY

    def begin_item(self) -> None:
        """What the item before has spent is gone; this one may spend its own share of what is left."""
        self._left_of_body -= self._interpreter.spent
        self._interpreter.spent = 0
        self._interpreter.limit = min(STEPS_PER_ITEM, self._left_of_body)

    def find(self, path: Expression, value: object) -> object:
        """What stands there, or None. Raises `Unfollowable`."""
        if path.keys is not None:
            return reading.at(value, *path.keys)
        try:
            return self._interpreter.visit(path.syntax, value)
        except (JMESPathError, TypeError, ValueError):
            raise Unfollowable("meets a value of another type than it expects") from None


class _Interpreter(TreeInterpreter):  # type: ignore[misc]  # the library has no types
    def __init__(self) -> None:
        super().__init__()
        self.spent = 0
        self.limit = STEPS_PER_BODY

    def visit(self, node: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        self.spent += 1
        if self.spent > self.limit:
            raise Unfollowable("takes too many steps")
        found = super().visit(node, *arguments, **named)
        if type(found) is list:
            self.spent += len(found) // _ELEMENTS_PER_STEP
        return found
