"""Engagements posted in the canonical vocabulary."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi import Body as BodyParameter
from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from intake.api.recorded import recorded
from intake.decisions.acts import Act, Item
from intake.decisions.receipts import Delivery, Tally
from intake.decisions.verdicts import CONFLICT, Verdict
from intake.figures import sources as figures
from intake.operations.group_commit import GroupCommit
from intake.posted import EngagementBody, fault_of, items_posted, read_posted
from shared import problems
from shared.bodies import Answer
from shared.ids import new_id
from shared.problems import FieldError
from shared.routes import StrictRoute

ITEMS_MAX = 1_000


class _Shown:
    """How the OpenAPI document shows what is judged item by item: one engagement, or an array of them."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        engagement = handler(EngagementBody.__pydantic_core_schema__)
        return {"anyOf": [engagement, {"type": "array", "items": engagement, "maxItems": ITEMS_MAX}]}


Engagements = Annotated[list[Any] | dict[str, Any], _Shown()]


class ItemProblem(Answer):
    """An item that was rejected, counted from 0, and what is wrong with it; pointers lead into the item."""

    item: int
    errors: list[FieldError]


class EngagementsAnswer(Answer):
    """What became of the items, told once they are on record."""

    receipt_id: UUID
    accepted: int
    duplicate: int
    ignored: int
    rejected: int
    problems: list[ItemProblem]


def routes(commits: GroupCommit, writing: Any) -> APIRouter:
    """`POST /v1/engagements`; `writing` says who may, and how fast."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["engagements"])

    @router.post("/engagements", dependencies=[writing])
    async def post_engagements(body: Annotated[Engagements, BodyParameter()], request: Request) -> EngagementsAnswer:
        """Records one engagement, or up to 1,000 in an array, each judged alone. One that can't be is answered 422 or 409."""
        is_single = not isinstance(body, list)
        listed = body if isinstance(body, list) else [body]
        if len(listed) > ITEMS_MAX:
            raise problems.unprocessable(f"An array may hold {ITEMS_MAX} engagements.", FieldError("", f"has {len(listed)} items"))
        read = [read_posted(value) for value in listed]
        if is_single and read[0][1]:
            raise _cannot_be(read[0][1])
        delivery = _delivery([item for item, _ in read], body=await request.body(), kept_if_refused=not is_single)
        tally = await recorded(commits, delivery)
        figures.count_items(figures.POSTED, delivery, tally)
        # One verdict for all where none of them could be recorded.
        told = [_errors(verdict, errors) for verdict, (_, errors) in zip(tally.verdicts, read, strict=False)]
        if is_single:
            _refuse(tally.verdicts[0], told[0])
        return _answer(tally, told)

    return router


def _delivery(items: Sequence[Item], *, body: bytes, kept_if_refused: bool) -> Delivery:
    sources = {item.source for item in items if isinstance(item, Act)}
    return Delivery(
        receipt_id=new_id(),
        door="engagements",
        source=sources.pop() if len(sources) == 1 else None,
        brand_id=None,
        body=body,
        received_at=datetime.now(UTC),
        items=items,
        kept_if_refused=kept_if_refused,
        read=items_posted,
    )


def _errors(verdict: Verdict, errors: list[FieldError]) -> list[FieldError]:
    """What is wrong with an item: what its fields showed, or what only judging it did."""
    return errors if verdict.outcome != "rejected" or errors else [fault_of(verdict)]


def _refuse(verdict: Verdict, errors: list[FieldError]) -> None:
    """A single engagement that can't be has left nothing: its poster learns it from the status."""
    if verdict.reason == CONFLICT:
        raise problems.conflict("The same event was told before, but as another engagement.", engagement_id=str(verdict.engagement_id))
    if errors:
        raise _cannot_be(errors)


def _cannot_be(errors: Sequence[FieldError]) -> problems.Problem:
    return problems.unprocessable("The engagement has a value or field that can't be; see errors.", *errors)


def _answer(tally: Tally, told: Sequence[list[FieldError]]) -> EngagementsAnswer:
    return EngagementsAnswer(
        receipt_id=tally.receipt_id,
        **tally.counts,
        problems=[ItemProblem(item=position, errors=errors) for position, errors in enumerate(told) if errors],
    )
