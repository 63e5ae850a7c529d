"""Looking for words in everything a database holds, as whoever stole it would."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"


async def places_of(engine: AsyncEngine, words: Sequence[str]) -> set[str]:
    """`table: word` for each of the words that stands in a row, in whatever column, written large or small."""
    found = set()
    async with engine.connect() as connection:
        for table in (await connection.scalars(text(_TABLES))).all():
            for row in await connection.execute(text(f'SELECT * FROM "{table}"')):
                written = " ".join(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in row).casefold()
                found |= {f"{table}: {word}" for word in words if word.casefold() in written}
    return found
