"""Expressions in CEL (the Common Expression Language), for what a field and an operator can't say.

They are compiled, by the language's own library, against the facts there are and their types, and out of a part of the language that only
compares: no macros, so no loops; no regular expressions, no arithmetic, no conversions. What is left visits each part of the text at most
once, so a short text is all the bound that is needed.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Final

from cel_expr_python import cel
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

EXPRESSION_CHARS_MAX = 1_000
_COMPILED_MAX = 4_096

TEXTS: Final = frozenset(
    {
        "specialty", "kind", "credentials", "country", "region", "postal_code", "account.id", "account.institution_type",
        "account.priority", "target.segment", "target.indication", "territory.id", "territory.region", "today",
    }
)  # fmt: skip
"""Facts that are text. `today` is the day in UTC, as in "2026-03-01", so that days compare as text does."""
NUMBERS: Final = frozenset({"target.decile", "target.planned_calls"})
LISTS: Final = frozenset({"segments", "indications", "licensed_in", "consents.granted", "consents.denied", "known"})
"""Facts that are lists of text. Consents read "channel:purpose"; `known` names the other facts that are known."""

_LANGUAGE = """
name: policy
stdlib:
  disable_macros: true
  include_functions:
""" + "".join(
    f'  - name: "{name}"\n'
    for name in (
        *("_&&_", "_||_", "!_", "_?_:_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"),
        *("startsWith", "endsWith", "contains", "size"),
    )
)
_ENVIRONMENT = cel.NewEnv(
    config=cel.NewEnvConfigFromYaml(_LANGUAGE),
    variables={
        **dict.fromkeys(TEXTS, cel.Type.STRING),
        **dict.fromkeys(NUMBERS, cel.Type.INT),
        **dict.fromkeys(LISTS, cel.Type.List(cel.Type.STRING)),
    },
)

Fact = str | int | list[str]


def _checked(text: str) -> str:
    try:
        answers = _compiled(text).return_type()
    except RuntimeError as error:
        raise PydanticCustomError("expression", "{words}", {"words": _in_words(str(error))}) from None
    if answers != cel.Type.BOOL:
        raise PydanticCustomError("expression", "{words}", {"words": f"must answer true or false, and answers {answers.name()}"})
    return text


Expression = Annotated[str, Field(min_length=1, max_length=EXPRESSION_CHARS_MAX), AfterValidator(_checked)]


def expression_holds(text: str, facts: Mapping[str, Fact]) -> bool:
    """Tell whether an expression that was checked is true of the facts. One that asks for a fact that isn't among them is not."""
    answer = _compiled(text).eval(data=facts).value()
    return answer is True


@lru_cache(_COMPILED_MAX)
def _compiled(text: str) -> cel.Expression:
    return _ENVIRONMENT.compile(text)


def _in_words(told: str) -> str:
    """The library's first complaint, on one line, without its drawing of the place."""
    first = told.split("\n", 1)[0]
    for prefix in ("INVALID_ARGUMENT: ", "CANCELLED: ", "ERROR: <input>:"):
        first = first.removeprefix(prefix)
    return "is no expression over the facts there are: " + first.replace(" (in container '')", "")
