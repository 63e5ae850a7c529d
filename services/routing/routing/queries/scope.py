"""Whose leads somebody may see: all, a rep's own, a manager's."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from routing.tables import Lead, Rep
from shared.auth import Identity


def in_scope(identity: Identity) -> ColumnElement[bool]:
    """The condition that a lead is the identity's to see.

    Sales operations and auditors see all leads; a rep their own; a manager those of their row's territories and of reps they manage.
    """
    if identity.has("sales_ops") or identity.has("auditor"):
        return true()
    if identity.rep_id is None:
        return false()
    own = Lead.rep_id == identity.rep_id
    if not identity.has("manager"):
        return own
    territory_ids = select(func.unnest(Rep.territory_ids)).where(Rep.id == identity.rep_id)
    managed = select(Rep.id).where(Rep.manager_id == identity.rep_id)
    return or_(own, Lead.territory_id.in_(territory_ids), Lead.rep_id.in_(managed))


async def territories_in_scope(session: AsyncSession, identity: Identity) -> Collection[str] | None:
    """The territories whose contacts the identity may ask about: a manager's own row's; None for all."""
    if identity.has("sales_ops") or identity.has("auditor"):
        return None
    if identity.rep_id is None or not identity.has("manager"):
        return ()
    return await session.scalar(select(Rep.territory_ids).where(Rep.id == identity.rep_id)) or ()


async def territories_of_reps_in_scope(session: AsyncSession, identity: Identity) -> Collection[str] | None:
    """The territories of whose reps the identity is told: for a manager their own row's and those of reps they manage; None for all."""
    if identity.has("sales_ops") or identity.has("auditor"):
        return None
    if identity.rep_id is None or not identity.has("manager"):
        return ()
    theirs = or_(Rep.id == identity.rep_id, Rep.manager_id == identity.rep_id)
    return frozenset(await session.scalars(select(func.unnest(Rep.territory_ids)).where(theirs)))


async def may_ask_for_rep(session: AsyncSession, identity: Identity, rep_id: str) -> bool:
    """Whether a rep is in the identity's scope: themselves, or for a manager one they manage or share a territory with."""
    if identity.has("sales_ops") or identity.has("auditor") or identity.rep_id == rep_id:
        return True
    if identity.rep_id is None or not identity.has("manager"):
        return False
    manager = select(Rep.territory_ids).where(Rep.id == identity.rep_id).scalar_subquery()
    theirs = or_(Rep.manager_id == identity.rep_id, Rep.territory_ids.overlap(manager))
    return bool(await session.scalar(select(exists().where(Rep.id == rep_id, theirs))))
