"""A lead whose policy has clocks of every kind, qualified long enough ago for a day of attempts."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from tests.routing.world import World, contact, engagement, rep

CLOCKS = {"first_outreach_seconds": 3600, "follow_up_seconds": 7200, "report_seconds": 1800}


async def lead_of_yesterday(world: World) -> dict[str, Any]:
    """The only lead of a world in which both reps have a manager."""
    await world.put("reps", rep("boss-1", "chicago", role="manager"))
    await world.put("reps", *(rep(rep_id, "chicago", manager_id="boss-1") for rep_id in ("rep-1", "rep-2")))
    await world.activate(clocks=CLOCKS)
    await world.hear(contact("hcp-1"), engagement("hcp-1"))
    await as_if_qualified_a_day_ago(world)
    return await world.lead()


async def as_if_qualified_a_day_ago(world: World) -> None:
    """All leads, with their clocks."""
    async with world.service.database.transaction() as session:
        await session.execute(text("UPDATE leads SET qualified_at = qualified_at - interval '1 day'"))
        columns = ("started_at", "warn_at", "due_at", "extended_due_at", "next_at")
        moved = ", ".join(f"{name} = {name} - interval '1 day'" for name in columns)
        await session.execute(text(f"UPDATE clocks SET {moved}"))


def qualified_at(lead: dict[str, Any]) -> datetime:
    """When the lead qualified."""
    return datetime.fromisoformat(lead["qualified_at"])
