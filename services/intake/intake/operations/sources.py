"""Connecting a marketing platform, rotating its secrets, and what it tells its administrator."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.sources import SourceSettings

_PUT = text(
    """
    INSERT INTO sources (name, adapter, mapping, secrets, settings, created_at, updated_at)
    VALUES (:name, :adapter, CAST(:mapping AS jsonb), :secrets, CAST(:settings AS jsonb), :now, :now)
    ON CONFLICT (name) DO UPDATE SET
        adapter = excluded.adapter, mapping = excluded.mapping, secrets = excluded.secrets, settings = excluded.settings,
        told = CASE WHEN sources.adapter IS DISTINCT FROM excluded.adapter THEN '{}' ELSE sources.told END,
        updated_at = excluded.updated_at
    RETURNING created_at = updated_at
    """
)
_TELL = text("UPDATE sources SET told = CAST(:told AS jsonb) WHERE name = :name AND told <> CAST(:told AS jsonb)")


async def put_source(
    session: AsyncSession,
    *,
    name: str,
    adapter: str | None,
    mapping: Mapping[str, Any] | None,
    secrets: Sequence[str],
    settings: SourceSettings,
    now: datetime,
) -> bool:
    """Makes the source, or replaces what it was; true when it is new. Secrets not named again are valid no longer."""
    parameters = {
        "name": name,
        "adapter": adapter,
        "mapping": None if mapping is None else orjson.dumps(mapping).decode(),
        "secrets": list(secrets),
        "settings": settings.model_dump_json(exclude_defaults=True),
        "now": now,
    }
    return bool(await session.scalar(_PUT, parameters))


async def keep_told(session: AsyncSession, *, name: str, told: Mapping[str, str]) -> None:
    """Keeps what the platform told last. Whoever it comes from again changes nothing."""
    await session.execute(_TELL, {"name": name, "told": orjson.dumps(told).decode()})
