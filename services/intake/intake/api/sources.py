"""Connecting marketing platforms."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationInfo, WithJsonSchema, field_validator

from intake.decisions.adapters import Adapter
from intake.decisions.mappings import MappingDocument, adapter_of
from intake.decisions.persons import CRM, NPI
from intake.decisions.signatures import SECRETS_MAX, secret_fault
from intake.operations.known_sources import KnownSources
from intake.operations.sources import put_source
from intake.platforms import PLATFORMS
from intake.queries.received import find_source, list_sources
from intake.rows import PlatformName
from intake.sources import OF_EVERY_PLATFORM, SourceSettings
from intake.tables import Source
from shared import problems
from shared.auth import reading, require
from shared.bodies import Answer, Body
from shared.database import Database
from shared.paging import Listing, Page, PageRequest
from shared.routes import StrictRoute

# A source's name is also the name of its ids among a contact's external ids, where these two have meanings of their own.
_RESERVED = {NPI, CRM}
_SOURCES = Listing("sources", str)


def _not_reserved(name: str) -> str:
    if name in _RESERVED:
        raise ValueError("is the name of a register, not of a platform")
    return name


def _known_platform(name: str) -> str:
    if name not in PLATFORMS:
        raise ValueError(f"must be one of {', '.join(sorted(PLATFORMS))}; a mapping connects any other platform")
    return name


SourceName = Annotated[PlatformName, AfterValidator(_not_reserved)]
Platform = Annotated[str, AfterValidator(_known_platform), WithJsonSchema({"type": "string", "enum": sorted(PLATFORMS)})]
Secret = Annotated[SecretStr, StringConstraints(min_length=1, max_length=500)]


class SourceBody(Body):
    """A platform and its secrets: one, or two while the platform moves from one to the other. The platform is an `adapter` we have, or
    what a `mapping` says it is."""

    adapter: Platform | None = None
    mapping: Annotated[MappingDocument | None, Field(validate_default=True)] = None
    secrets: Annotated[list[Secret], Field(min_length=1, max_length=SECRETS_MAX)]
    settings: SourceSettings = SourceSettings()

    # Each looks at the fields before its own, and holds its peace where one of them is wrong already.

    @field_validator("mapping")
    @classmethod
    def _one_platform(cls, mapping: MappingDocument | None, info: ValidationInfo) -> MappingDocument | None:
        if "adapter" in info.data and (mapping is None) == (info.data["adapter"] is None):
            raise ValueError("or an adapter is required" if mapping is None else "must not stand beside an adapter")
        return mapping

    @field_validator("secrets")
    @classmethod
    def _secrets_can_prove(cls, secrets: list[SecretStr], info: ValidationInfo) -> list[SecretStr]:
        platform = _platform(info.data)
        for secret in secrets if platform is not None else ():
            if platform is not None and (fault := secret_fault(platform.recipe, secret.get_secret_value())) is not None:
                raise ValueError(fault)
        return secrets

    @field_validator("settings")
    @classmethod
    def _settings_fit(cls, settings: SourceSettings, info: ValidationInfo) -> SourceSettings:
        platform = _platform(info.data)
        if platform is not None and (fault := settings_fault(settings, platform)) is not None:
            raise ValueError(fault)
        return settings


def settings_fault(settings: SourceSettings, platform: Adapter) -> str | None:
    """What is wrong with settings for a source of that platform; None if they fit."""
    unfit = settings.model_fields_set - platform.settings - OF_EVERY_PLATFORM
    return f"has what this platform has no use for: {', '.join(sorted(unfit))}" if unfit else None


def _platform(fields: Mapping[str, Any]) -> Adapter | None:
    """The platform the valid ones of these fields name."""
    if fields.get("adapter") is not None:
        return PLATFORMS[fields["adapter"]]
    return adapter_of(fields["mapping"]) if fields.get("mapping") is not None else None


class SourceAnswer(Answer):
    """A source as it stands. Its secrets are never given out. `told` is what its platform told that you must give back there."""

    name: str
    adapter: str | None
    mapping: dict[str, Any] | None
    settings: SourceSettings
    told: dict[str, str]


def routes(database: Database, known: KnownSources) -> APIRouter:
    """`PUT` and `GET /v1/sources/{name}`, `GET /v1/sources`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["sources"])

    @router.put("/sources/{name}", dependencies=[require("admin")], responses={201: {"model": SourceAnswer}})
    async def put(name: SourceName, body: SourceBody, response: Response) -> SourceAnswer:
        """Connects a platform (201), or replaces its adapter or mapping, secrets and settings (200)."""
        async with database.transaction() as session:
            is_new = await put_source(
                session,
                name=name,
                adapter=body.adapter,
                mapping=None if body.mapping is None else body.mapping.model_dump(mode="json", exclude_unset=True),
                secrets=[secret.get_secret_value() for secret in body.secrets],
                settings=body.settings,
                now=datetime.now(UTC),
            )
            stored = await find_source(session, name)
        known.forget()
        response.status_code = 201 if is_new else 200
        return _found(name, stored)

    @router.get("/sources/{name}", dependencies=[reading("admin")])
    async def get(name: SourceName) -> SourceAnswer:
        """A source as it stands, without its secrets."""
        async with database.reading() as session:
            return _found(name, await find_source(session, name))

    @router.get("/sources", dependencies=[reading("admin")])
    async def get_all(page: Annotated[PageRequest, Depends(_SOURCES.request)]) -> Page[SourceAnswer]:
        """The sources by name, without their secrets."""
        async with database.reading() as session:
            rows = await list_sources(session, after=page.after[0] if page.after else None, limit=page.fetch)
        return _SOURCES.page(rows, page, key=lambda row: (row.name,), item=_answer)

    return router


def _found(name: str, stored: Source | None) -> SourceAnswer:
    if stored is None:
        raise problems.not_found(f"There is no source {name}.")
    return _answer(stored)


def _answer(stored: Source) -> SourceAnswer:
    return SourceAnswer(
        name=stored.name,
        adapter=stored.adapter,
        mapping=stored.mapping,
        settings=SourceSettings.model_validate(stored.settings),
        told=stored.told,
    )
