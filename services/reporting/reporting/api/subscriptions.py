"""Webhook subscriptions, and what became of each delivery."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StrictBool, StrictInt, StrictStr

from reporting.decisions.webhooks import FILTER_FIELDS, WebhookType
from reporting.guarded import check_endpoint
from reporting.operations.subscribing import Subscribing, save_subscription
from reporting.queries.deliveries import DeliveryFound, DeliveryState, deliveries
from reporting.signing import secret_problem
from shared import problems
from shared.auth import Identity, reading, require
from shared.bodies import Answer, Body, Id, Moment
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.problems import FieldError
from shared.routes import StrictRoute

_DELIVERIES = Listing("deliveries", int)
_URL_CHARS_MAX = 2_000
_SECRET_CHARS_MAX = 200
_FILTERS_MAX = 10

FilterValue = Annotated[StrictStr, Field(max_length=200)] | StrictBool | StrictInt


class SubscriptionBody(Body):
    """Where to send which events, filtered by equality on fields of their data, signed with each secret."""

    url: Annotated[str, Field(min_length=1, max_length=_URL_CHARS_MAX)]
    source: Id | None = None
    events: Annotated[list[WebhookType], Field(min_length=1)]
    filter: Annotated[dict[str, FilterValue], Field(max_length=_FILTERS_MAX)] = {}
    secrets: Annotated[list[Annotated[str, Field(max_length=_SECRET_CHARS_MAX)]], Field(min_length=1, max_length=2)]


class SubscriptionAnswer(Answer):
    """A subscription as it was saved, without its secrets."""

    name: str
    url: str
    source: str | None
    events: list[WebhookType]
    filter: dict[str, FilterValue]
    state: Literal["active"] = "active"


class AttemptAnswer(Answer):
    """One try. `failure` says why there was no answer, and is null when there was."""

    number: int
    at: Moment
    status_code: int | None
    failure: str | None
    duration_ms: int


class DeliveryAnswer(Answer):
    """One event for one subscriber. `id` is the event's, and the `webhook-id` of every attempt."""

    id: UUID
    subscription: str
    event_type: str
    key: str
    state: DeliveryState
    created_at: Moment
    next_attempt_at: Moment | None
    settled_at: Moment | None
    attempts: list[AttemptAnswer]


def routes(database: Database, *, listed: Collection[str]) -> APIRouter:
    """Subscriptions and deliveries. `listed` are the hosts that needn't be public."""
    router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=StrictRoute)

    @router.put("/subscriptions/{name}", responses={201: {"model": SubscriptionAnswer}}, dependencies=[require("marketing", "admin")])
    async def put_subscription(name: Id, body: SubscriptionBody, response: Response) -> SubscriptionAnswer:
        errors = [*_errors(body), *await _address_errors(body.url, listed)]
        if errors:
            raise problems.unprocessable("The subscription can't be as it is; see errors.", *errors)
        events = list(dict.fromkeys(body.events))
        subscribing = Subscribing(
            name=name, url=body.url, source=body.source, events=[*events], filter=dict(body.filter), secrets=list(body.secrets)
        )
        async with database.transaction() as session:
            is_new = await save_subscription(session, subscribing, now=datetime.now(UTC))
        response.status_code = 201 if is_new else 200
        return SubscriptionAnswer(name=name, url=body.url, source=body.source, events=events, filter=dict(body.filter))

    @router.get("/deliveries")
    async def list_deliveries(
        identity: Annotated[Identity, reading("marketing", "admin")],  # noqa: ARG001  names who may
        page: Annotated[PageRequest, Depends(_DELIVERIES.request)],
        subscription: Id | None = None,
        state: DeliveryState | None = None,
        event_type: WebhookType | None = None,
    ) -> Page[DeliveryAnswer]:
        after = page.after[0] if page.after else None
        async with database.reading() as session:
            found = await deliveries(session, subscription=subscription, state=state, event_type=event_type, after=after, limit=page.fetch)
        return _DELIVERIES.page(found, page, key=lambda delivery: (delivery.position,), item=_delivery)

    return router


def _errors(body: SubscriptionBody) -> list[FieldError]:
    """What is wrong with secrets and filter. A secret is never repeated."""
    secrets = [(place, secret_problem(secret)) for place, secret in enumerate(body.secrets)]
    unknown = [field for field in body.filter if field not in FILTER_FIELDS]
    return [
        *(FieldError(f"/secrets/{place}", problem) for place, problem in secrets if problem is not None),
        *(FieldError("/filter", f"can't be by {field!r}: no event's data has it") for field in unknown),
    ]


async def _address_errors(url: str, listed: Collection[str]) -> list[FieldError]:
    refused = await check_endpoint(url, listed)
    return [] if refused is None else [FieldError("/url", refused.reason)]


def _delivery(found: DeliveryFound) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=found.event_id,
        subscription=found.subscription,
        event_type=found.event_type,
        key=found.key,
        state=found.state,
        created_at=found.created_at,
        next_attempt_at=found.next_attempt_at,
        settled_at=found.settled_at,
        attempts=[AttemptAnswer.model_validate(attempt) for attempt in found.attempts],
    )
