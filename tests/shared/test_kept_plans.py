"""Connections that keep plans: each statement planned once, by its indexes."""

import pytest
from sqlalchemy import text

from shared.database import Database


@pytest.mark.parametrize(("keeps_plans", "settings"), [(False, ["auto", "on"]), (True, ["force_generic_plan", "off"])])
async def test_only_who_asks_for_it_keeps_plans(database: Database, keeps_plans: bool, settings: list[str]) -> None:
    async with database.transaction(keeps_plans=keeps_plans) as session:
        found = [await session.scalar(text(f"SHOW {name}")) for name in ("plan_cache_mode", "enable_seqscan")]
    assert found == settings
