"""Drafts policies and activates them, now or at a time: the activation by somebody else is the approval."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.effective import day_of
from routing.decisions.policies.activation import ActivationWarning, activation_warnings, stages_shown
from routing.decisions.policies.document import Policy
from routing.operations.assignment.queue_rounds import begin_queue_round
from routing.queries.facts import assets as assets_of
from routing.queries.field_force import rep_of
from routing.queries.policies import policy_row
from routing.queries.subjects import some_subjects
from shared import problems
from shared.database import Database, together
from shared.events import Event
from shared.events.leads import PolicyActivated
from shared.outbox import publish
from shared.telemetry import correlation_id

PEOPLE_LOOKED_AT = 500
"""For warnings; everybody is what a simulation is for."""


async def draft_policy(session: AsyncSession, policy: Policy, *, author: str, now: datetime) -> str:
    """Stores a draft and returns its version. Drafts never change: what is to be different is another version."""
    drafted = insert(tables.Policy).values(
        brand_id=policy.brand_id,
        country=policy.country,
        title=policy.title,
        document=policy.model_dump(mode="json", exclude_unset=True),
        author=author,
        created_at=now,
        state="draft",
    )
    return str(await session.scalar(drafted.returning(tables.Policy.version)))


async def approve_policy(
    session: AsyncSession, version: str, *, by: str, strict: bool, now: datetime, at: datetime | None = None
) -> tuple[ActivationWarning, ...]:
    """Makes a draft the policy its brand (and country) works by, at once or at the time given, and returns what is worth a second look.

    Raises 404 for an unknown version, 403 for its author, 409 if it is no draft any more or, when `strict`, if there are warnings.
    Whom it concerns is decided anew in the background.
    """
    row = await _held(session, version)
    if row.author == by:
        raise problems.forbidden("A policy is activated by somebody else than its author: that is its approval.")
    if row.state != "draft":
        raise problems.conflict(f"The policy version is {row.state}; only a draft can be activated.")
    warnings = await warnings_about(session, Policy.model_validate(row.document), now=now)
    if strict and warnings:
        raise problems.conflict("The policy has warnings.", warnings=[each.document() for each in warnings])
    if at is not None and at > now:
        await _change(session, row.version, state="scheduled", scheduled_for=at, scheduled_by=by)
    else:
        await _activate(session, row, by=by, now=now)
    return warnings


async def take_back(session: AsyncSession, version: str) -> None:
    """Makes a version that waits for its time a draft again. Raises 404 for an unknown one, 409 if it doesn't wait."""
    row = await _held(session, version)
    if row.state != "scheduled":
        raise problems.conflict(f"The policy version is {row.state}; only one that waits for its time can be taken back.")
    await _change(session, row.version, state="draft", scheduled_for=None, scheduled_by=None)


async def activate_scheduled(database: Database, *, now: datetime) -> int:
    """Activates the policy that has waited longest past its time, and returns how many that were: one or none."""
    policy = tables.Policy
    due = (
        select(policy.version)
        .where(policy.state == "scheduled", policy.scheduled_for <= now)
        .order_by(policy.scheduled_for, policy.version)
    )
    async with database.transaction() as session:
        version = await session.scalar(due.limit(1))
        if version is None:
            return 0
        row = await _held(session, str(version))
        if row.state == "scheduled" and row.scheduled_for <= now:  # nobody was faster
            await _activate(session, row, by=row.scheduled_by, now=now)
    return 1


async def warnings_about(session: AsyncSession, policy: Policy, *, now: datetime) -> tuple[ActivationWarning, ...]:
    """What is worth a second look before (or after) activating a policy, with the reps and the content there are now and some of the
    people it is about.
    """
    rows = await session.execute(select(tables.Rep.__table__).where(tables.Rep.brand_ids.contains([policy.brand_id])))
    reps = [rep_of(row, open_leads=0, day=day_of(now)) for row in rows]
    known = await some_subjects(session, policy, now=now, most=PEOPLE_LOOKED_AT)
    [assets] = await together(session, assets_of({policy.brand_id}))
    return activation_warnings(policy, reps=reps, known=known, content_stages=stages_shown(policy, assets.values(), now=now), now=now)


async def _held(session: AsyncSession, version: str) -> Any:
    """The version with all of its brand locked: one activation of a brand at a time, so that their numbers grow as they are committed."""
    wanted = await policy_row(session, version)
    if wanted is None:
        raise problems.not_found("There is no such policy version.")
    policy = tables.Policy
    siblings = select(policy.__table__).where(policy.brand_id == wanted.brand_id).order_by(policy.version).with_for_update()
    return next(each for each in await session.execute(siblings) if each.version == wanted.version)


async def _activate(session: AsyncSession, row: Any, *, by: str, now: datetime) -> None:
    policy = tables.Policy
    former = (policy.brand_id == row.brand_id, policy.country.is_not_distinct_from(row.country), policy.state == "active")
    await session.execute(update(policy).where(*former).values(state="superseded"))
    newest = select(func.coalesce(func.max(policy.activation), 0) + 1).where(policy.brand_id == row.brand_id).scalar_subquery()
    await _change(session, row.version, state="active", activation=newest, activated_by=by, activated_at=now)
    fact = PolicyActivated(policy_version=str(row.version), brand_id=row.brand_id, country=row.country, activated_at=now)
    await publish(session, [Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=correlation_id())])
    await begin_queue_round(session)


async def _change(session: AsyncSession, version: int, **values: Any) -> None:
    await session.execute(update(tables.Policy).where(tables.Policy.version == version).values(values))
