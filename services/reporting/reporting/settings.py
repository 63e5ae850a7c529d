"""Reporting's settings: those of every service, and the hosts webhooks may go to although they aren't public."""

from typing import Annotated, Self

from pydantic import field_validator, model_validator
from pydantic_settings import NoDecode

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """`webhook_allow` is comma-separated in the environment: hosts for which private addresses, http and any port are allowed."""

    webhook_allow: Annotated[frozenset[str], NoDecode] = frozenset()

    @field_validator("webhook_allow", mode="before")
    @classmethod
    def _split(cls, hosts: object) -> object:
        if isinstance(hosts, str):
            return frozenset(host.strip().lower().strip("[]") for host in hosts.split(",") if host.strip())
        return hosts

    @model_validator(mode="after")
    def _is_for_development(self) -> Self:
        if self.mode == "production" and self.webhook_allow:
            raise ValueError("FULLCIRCLE_WEBHOOK_ALLOW lets webhooks into private networks: it can't be set in production mode")
        return self
