"""Drafts policies and activates them: the activation by somebody else is the approval."""

from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from routing import tables
from routing.decisions.activation import ActivationWarning, activation_warnings
from routing.decisions.effective import day_of
from routing.decisions.policy import Policy
from routing.operations.desk import begin_queue_round
from routing.queries.field_force import rep_of
from routing.queries.policies import policy_row
from shared import problems
from shared.events import Event
from shared.events.leads import PolicyActivated
from shared.outbox import publish
from shared.telemetry import correlation_id


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


async def activate_policy(session: AsyncSession, version: str, *, by: str, strict: bool, now: datetime) -> tuple[ActivationWarning, ...]:
    """Makes a draft the policy its brand (and country) works by, and returns what is worth a second look.

    Raises 404 for an unknown version, 403 for its author, 409 if it is no draft any more or, when `strict`, if there are warnings.
    Whom it concerns is decided anew in the background.
    """
    wanted = await policy_row(session, version)
    if wanted is None:
        raise problems.not_found("There is no such policy version.")
    policy = tables.Policy
    # One activation of a brand at a time, so that their numbers grow in the order in which they are committed.
    siblings = select(policy.__table__).where(policy.brand_id == wanted.brand_id).order_by(policy.version).with_for_update()
    row = next(each for each in await session.execute(siblings) if each.version == wanted.version)
    if row.author == by:
        raise problems.forbidden("A policy is activated by somebody else than its author: that is its approval.")
    if row.state != "draft":
        raise problems.conflict(f"The policy version is {row.state}; only a draft can be activated.")
    warnings = await warnings_about(session, Policy.model_validate(row.document), now=now)
    if strict and warnings:
        raise problems.conflict("The policy has warnings.", warnings=[{"code": each.code, "detail": each.detail} for each in warnings])
    former = (policy.brand_id == row.brand_id, policy.country.is_not_distinct_from(row.country), policy.state == "active")
    await session.execute(update(policy).where(*former).values(state="superseded"))
    newest = select(func.coalesce(func.max(policy.activation), 0) + 1).where(policy.brand_id == row.brand_id).scalar_subquery()
    activated = {"state": "active", "activation": newest, "activated_by": by, "activated_at": now}
    await session.execute(update(policy).where(policy.version == row.version).values(**activated))
    fact = PolicyActivated(policy_version=version, brand_id=row.brand_id, country=row.country, activated_at=now)
    await publish(session, [Event.of(fact, occurred_at=now, recorded_at=now, correlation_id=correlation_id())])
    await begin_queue_round(session)
    return warnings


async def warnings_about(session: AsyncSession, policy: Policy, *, now: datetime) -> tuple[ActivationWarning, ...]:
    """What is worth a second look before (or after) activating a policy, with the reps there are now."""
    rows = await session.execute(select(tables.Rep.__table__).where(tables.Rep.brand_ids.contains([policy.brand_id])))
    return activation_warnings(policy, reps=[rep_of(row, open_leads=0, day=day_of(now)) for row in rows])
