"""Connecting a marketing platform, and rotating its secrets."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.sources import SourceSettings

_PUT = text(
    """
    INSERT INTO sources (name, adapter, secrets, settings, created_at, updated_at)
    VALUES (:name, :adapter, :secrets, CAST(:settings AS jsonb), :now, :now)
    ON CONFLICT (name) DO UPDATE SET
        adapter = excluded.adapter, secrets = excluded.secrets, settings = excluded.settings, updated_at = excluded.updated_at
    RETURNING created_at = updated_at
    """
)


async def put_source(
    session: AsyncSession, *, name: str, adapter: str, secrets: Sequence[str], settings: SourceSettings, now: datetime
) -> bool:
    """Makes the source, or replaces what it was; true when it is new. Secrets not named again are valid no longer."""
    stored = settings.model_dump_json(exclude_defaults=True)
    parameters = {"name": name, "adapter": adapter, "secrets": list(secrets), "settings": stored, "now": now}
    return bool(await session.scalar(_PUT, parameters))
