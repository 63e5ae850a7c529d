"""What policies are made of: kinds of values, what conditions may ask about, and the conditions themselves."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from routing.decisions.policies.expressions import Expression

ContactField = Literal["specialty", "kind", "credentials", "country", "region", "postal_code", "segments"]
AccountField = Literal["account.id", "account.institution_type", "account.priority"]
TargetField = Literal["target.decile", "target.segment", "target.indication", "target.planned_calls"]
DerivedField = Literal["indications", "licensed_in", "territory.id", "territory.region"]
ConditionField = Literal[ContactField, AccountField, TargetField, DerivedField]
Operator = Literal["eq", "in", "gte", "lte", "exists"]

NUMBER_FIELDS: frozenset[ConditionField] = frozenset({"target.decile", "target.planned_calls"})
ORDERED_FIELDS: frozenset[ConditionField] = NUMBER_FIELDS | {"account.priority"}
"""Fields `gte` and `lte` may compare. A priority is text; it is compared where it reads as a number ("2")."""

POINTS_LIMIT = 1_000_000
"""Keeps every sum exact; far beyond any scale people use."""

Listed = TypeVar("Listed")

Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[int | Annotated[float, Field(allow_inf_nan=False)], Field(ge=-POINTS_LIMIT, le=POINTS_LIMIT)]
Scalar = bool | Number | Annotated[str, Field(max_length=200)]
# JSON knows no tuples: a list is read as one although every scalar is read strictly.
Few = Annotated[tuple[Listed, ...], Field(strict=False, max_length=50)]
Rules = Annotated[tuple[Listed, ...], Field(strict=False, max_length=200)]


class Part(BaseModel):
    """A part of the policy document: immutable, exact about types, without unknown fields."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


Place = tuple[str | int, ...]
"""Steps from the part that is looked at to what is wrong in it."""


def refuse(problems: Iterable[tuple[Place, str]]) -> None:
    """Raises pydantic's error with every problem at its own place; returns if there are none."""
    errors: list[InitErrorDetails] = []
    for place, words in problems:
        error = PydanticCustomError("means_nothing", "{words}", {"words": words})
        errors.append({"type": error, "loc": place, "input": None})
    if errors:
        raise ValidationError.from_exception_data("policy", errors)


class Condition(Part):
    """One question about the contact, its primary account, its target or its territory: a field and an operator, or an expression."""

    field: ConditionField | None = None
    op: Operator | None = None
    value: Scalar | Annotated[tuple[Scalar, ...], Field(strict=False, min_length=1, max_length=500)] | None = None
    expression: Expression | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        refuse(self.contradictions())
        return self

    def contradictions(self) -> Iterable[tuple[Place, str]]:
        """What keeps it from being one question that can be answered."""
        if self.expression is not None:
            if self.field or self.op or self.value is not None:
                yield ("expression",), "stands alone: give a field with its op and value, or an expression"
        elif self.field is None:
            yield ("field",), "is required where there is no expression"
        elif self.op is None:
            yield ("op",), f"is required: one of {', '.join(OPERATOR_NAMES)}"
        elif problem := _mismatch(self.field, self.op, self.value):
            yield ("value",), f"{self.field} {self.op}: {problem}"


OPERATOR_NAMES: tuple[Operator, ...] = ("eq", "in", "gte", "lte", "exists")


def _mismatch(field: ConditionField, op: Operator, value: Any) -> str | None:
    match op:
        case "exists":
            return None if value is None or isinstance(value, bool) else "value must be true, false or left out"
        case "in":
            if not isinstance(value, tuple):
                return "value must be a list"
            return next((problem for each in value if (problem := _wrong_kind(field, each))), None)
        case "gte" | "lte":
            if field not in ORDERED_FIELDS:
                return f"only {' and '.join(sorted(ORDERED_FIELDS))} can be compared by size"
            return None if _is_number(value) else "value must be a number"
        case "eq":
            return _wrong_kind(field, value)


def _wrong_kind(field: ConditionField, value: object) -> str | None:
    if field in NUMBER_FIELDS:
        return None if _is_number(value) else "value must be a number, since the field is one"
    return None if isinstance(value, str) else "value must be text, since the field is text"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
