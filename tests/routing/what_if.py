"""Asking what would have been: drafts, simulations and their decisions, and all that must stay as it is meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from tests.routing.world import POLICY, SALES_OPS, World

MEETS = [{"id": "webinar", "kinds": ["webinar_attended"], "points": 30, "half_life_days": 30}]
CLICKS = [{"id": "click", "kinds": ["email_clicked"], "points": 20, "half_life_days": 30}]
BOTH = [*MEETS, *CLICKS]


async def draft(world: World, **changes: Any) -> str:
    answer = await world.client.post("/v1/policies", json=POLICY | changes, headers=SALES_OPS)
    assert answer.status_code == 201, answer.text
    version: str = answer.json()["version"]
    return version


async def ask(
    world: World,
    version: str,
    *,
    days: float = 7,
    since: datetime | None = None,
    until: datetime | None = None,
    status: int = 200,
    **headers: str,
) -> dict[str, Any]:
    """Simulates so many days, or since a moment, until another or now."""
    until = until or datetime.now(UTC)
    window = {"from": (since or until - timedelta(days=days)).isoformat(), "until": until.isoformat()}
    answer = await world.client.post(f"/v1/policies/{version}/simulate", json=window, headers=SALES_OPS | headers)
    assert answer.status_code == status, answer.text
    simulation: dict[str, Any] = answer.json()
    return simulation


def counts(*, before_active: int = 0, before_candidate: int = 0, **mqls: int) -> dict[str, Any]:
    """MQLs as a result counts them; of what isn't named there are none."""
    none = dict.fromkeys(("active", "candidate", "gained", "lost", "same", "earlier", "later"), 0)
    return {**none, **mqls, "before_window": {"active": before_active, "candidate": before_candidate}}


async def decisions(world: World, simulation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    page = await world.get(f"simulations/{simulation['id']}/decisions", limit=500)
    return {each["contact_id"]: each for each in page["items"]}


async def rows_of_everything(world: World) -> dict[str, list[Any]]:
    """Every row of every table but the simulations' own, as text."""
    async with world.service.database.reading() as session:
        names = await session.scalars(text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"))
        own = {"simulations", "simulated_decisions", "creations"}
        return {
            name: sorted((await session.scalars(text(f"SELECT CAST(t AS text) FROM {name} AS t"))).all())
            for name in names.all()
            if name not in own
        }
