"""What a process knows of its sources: read together, never older than it may be, and changed at once by its own hand."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from intake.operations import known_sources
from intake.operations.known_sources import KnownSources
from intake.operations.sources import put_source
from intake.queries.received import all_sources
from intake.sources import SourceSettings
from shared.database import is_weather
from shared.service import Service
from tests.intake.test_mappings import PODIUM
from tests.polling import until


async def put(service: Service, name: str, secret: str, *, mapping: dict[str, Any] | None = None) -> None:
    adapter = "mautic" if mapping is None else None
    async with service.database.transaction() as session:
        await put_source(
            session,
            name=name,
            adapter=adapter,
            mapping=mapping,
            secrets=[secret],
            settings=SourceSettings(),
            now=datetime.now(UTC),
        )


@pytest.fixture
async def service(make_service: Any) -> Service:
    made: Service = await make_service("intake")
    await put(made, "mautic", "first")
    return made


def readings(service: Service) -> list[str]:
    """The statements that read sources, from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM sources" in statement:
            seen.append(statement)

    event.listen(service.database.engine.sync_engine, "before_cursor_execute", note)
    return seen


async def test_a_crowd_causes_one_reading_and_a_name_nobody_has_none_more(service: Service) -> None:
    known, seen = KnownSources(service.database), readings(service)
    found = await asyncio.gather(*(known.find(name) for name in ("mautic", "nowhere") * 50))
    assert [source and source.stored.name for source in found] == ["mautic", None] * 50
    assert len(seen) == 1


async def test_a_change_of_our_own_counts_at_once_and_anothers_within_the_second(service: Service) -> None:
    known = KnownSources(service.database)
    await known.find("mautic")
    await put(service, "mautic", "second")
    known.forget()
    found = await known.find("mautic")
    assert found is not None
    assert found.stored.secrets == ("second",)
    await put(service, "mautic", "third")

    async def is_seen() -> bool:
        found = await known.find("mautic")
        return found is not None and found.stored.secrets == ("third",)

    await until(is_seen, seconds=known_sources.AGE_SECONDS_MAX + 10, what="the change by another process")


async def test_a_change_while_they_are_read_is_not_overlooked(service: Service) -> None:
    known = KnownSources(service.database)
    reading = asyncio.create_task(known.find("mautic"))
    await asyncio.sleep(0)
    await put(service, "mautic", "second")
    known.forget()
    await reading
    found = await known.find("mautic")
    assert found is not None
    assert found.stored.secrets == ("second",)


async def test_a_reading_that_takes_longer_than_it_stays_fresh_is_one_reading(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_sources, "AGE_SECONDS_MAX", 1e-6)
    known, seen = KnownSources(service.database), readings(service)
    assert await known.find("mautic") is not None
    assert len(seen) == 1


async def test_who_asks_long_after_a_reading_began_is_told_what_a_later_one_finds(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, may_end = asyncio.Event(), asyncio.Event()

    async def slowly(session: Any) -> Any:
        found = await all_sources(session)
        read.set()
        await may_end.wait()
        return found

    monkeypatch.setattr(known_sources, "AGE_SECONDS_MAX", 1e-6)
    monkeypatch.setattr(known_sources, "all_sources", slowly)
    known = KnownSources(service.database)
    early = asyncio.create_task(known.find("mautic"))
    await read.wait()
    await put(service, "mautic", "second")  # by another process: nobody tells this one
    late = asyncio.create_task(known.find("mautic"))
    await asyncio.sleep(0)  # it waits for the reading that is on its way
    may_end.set()
    found = [source.stored.secrets for source in await asyncio.gather(early, late) if source is not None]
    assert found == [("first",), ("second",)]


async def test_the_adapter_of_a_mapping_is_made_once_for_as_long_as_it_stays(service: Service) -> None:
    await put(service, "podium", "first", mapping=PODIUM)
    known, made = KnownSources(service.database), []
    for mapping in (PODIUM, PODIUM, {**PODIUM, "marks": []}):
        await put(service, "podium", "first", mapping=mapping)
        known.forget()
        found = await known.find("podium")
        assert found is not None
        made.append(found.adapter)
    assert made[0] is made[1] is not made[2]


async def test_while_the_database_is_away_a_crowd_is_told_so_together(make_service: Any) -> None:
    away = await make_service("intake", database_url="postgresql+psycopg://nobody:nothing@127.0.0.1:1/nowhere")
    known = KnownSources(away.database)
    results = await asyncio.gather(*(known.find("mautic") for _ in range(50)), return_exceptions=True)
    assert all(isinstance(result, Exception) and is_weather(result) for result in results)


async def test_a_reading_that_never_ends_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(_: Any) -> Any:
        await asyncio.Event().wait()

    known = KnownSources(service.database)
    with monkeypatch.context() as patch:
        patch.setattr(known_sources, "all_sources", stuck)
        patch.setattr(known_sources, "_READ_SECONDS", 0.1)
        with pytest.raises(ConnectionError):
            await known.find("mautic")
    assert await known.find("mautic") is not None


async def test_who_waits_for_a_reading_that_is_given_up_is_told_so_too(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(_: Any) -> Any:
        await asyncio.Event().wait()

    known = KnownSources(service.database)
    monkeypatch.setattr(known_sources, "all_sources", stuck)
    monkeypatch.setattr(known_sources, "_READ_SECONDS", 0.1)
    first = asyncio.create_task(known.find("mautic"))
    await asyncio.sleep(0)
    monkeypatch.setattr(known_sources, "_READ_SECONDS", 60)
    results = await asyncio.gather(first, known.find("mautic"), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError, ConnectionError]
