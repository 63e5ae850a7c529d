"""Forms whose field names write nesting in brackets, as PHP and Rails do: `data[merges][EMAIL]`."""

import re

from intake.decisions.adapters.bodies import Headers, form_value

_DEPTH_MAX = 8
_NAME = re.compile(r"(?P<first>[^\[\]]+)(?P<rest>(?:\[[^\[\]]*\])+)")
_KEY = re.compile(r"\[([^\[\]]*)\]")


def nested_form_value(body: bytes, headers: Headers) -> object:
    """A urlencoded form as nested objects. A name that can't nest, or would replace another field, stands whole. Raises `Malformed`."""
    fields = form_value(body, headers)
    return nested(fields) if isinstance(fields, dict) else fields


def nested(fields: dict[str, str]) -> dict[str, object]:
    """The fields of a form by their nested names."""
    found: dict[str, object] = {}
    for name, value in fields.items():
        path = _path_of(name)
        if not _put(found, path, value):
            found[name] = value
    return found


def _path_of(name: str) -> list[str]:
    parts = _NAME.fullmatch(name)
    if parts is None:
        return [name]
    path = [parts["first"], *_KEY.findall(parts["rest"])]
    return path if len(path) <= _DEPTH_MAX else [name]


def _put(into: dict[str, object], path: list[str], value: str) -> bool:
    for key in path[:-1]:
        inner = into.setdefault(key, {})
        if not isinstance(inner, dict):
            return False
        into = inner
    return into.setdefault(path[-1], value) == value
