"""Connecting marketing platforms."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from intake.decisions.adapters import ADAPTERS
from intake.decisions.persons import CRM, NPI
from intake.decisions.signatures import SECRETS_MAX
from intake.operations.known_sources import KnownSources
from intake.operations.sources import put_source
from intake.rows import PlatformName
from intake.sources import SourceSettings
from shared.auth import require
from shared.bodies import Answer, Body
from shared.database import Database
from shared.routes import StrictRoute

# A source's name is also the name of its ids among a contact's external ids, where these two have meanings of their own.
_RESERVED = {NPI, CRM}


def _not_reserved(name: str) -> str:
    if name in _RESERVED:
        raise ValueError("is the name of a register, not of a platform")
    return name


SourceName = Annotated[PlatformName, AfterValidator(_not_reserved)]
Secret = Annotated[SecretStr, StringConstraints(min_length=1, max_length=500)]


class SourceBody(Body):
    """A platform's adapter and its secrets: one, or two while the platform moves from one to the other."""

    adapter: Literal["mautic", "hubspot"]
    secrets: Annotated[list[Secret], Field(min_length=1, max_length=SECRETS_MAX)]
    settings: SourceSettings = SourceSettings()

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        unfit = self.settings.model_fields_set - ADAPTERS[self.adapter].settings
        if unfit:
            raise ValueError(f"the adapter {self.adapter} has no setting {', '.join(sorted(unfit))}")
        return self


class SourceAnswer(Answer):
    """A source as it stands. Its secrets are never given out."""

    name: str
    adapter: str
    settings: SourceSettings


def routes(database: Database, known: KnownSources) -> APIRouter:
    """`PUT /v1/sources/{name}`."""
    router = APIRouter(prefix="/v1", route_class=StrictRoute, tags=["sources"])

    @router.put("/sources/{name}", dependencies=[require("admin")], responses={201: {"model": SourceAnswer}})
    async def put(name: SourceName, body: SourceBody, response: Response) -> SourceAnswer:
        """Connects a platform (201), or replaces its adapter, secrets and settings (200)."""
        secrets = [secret.get_secret_value() for secret in body.secrets]
        now = datetime.now(UTC)
        async with database.transaction() as session:
            is_new = await put_source(session, name=name, adapter=body.adapter, secrets=secrets, settings=body.settings, now=now)
        known.forget()
        response.status_code = 201 if is_new else 200
        return SourceAnswer(name=name, adapter=body.adapter, settings=body.settings)

    return router
