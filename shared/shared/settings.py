"""What every service must be told by its environment. Required values have no default; secrets never show in a repr."""

from typing import Literal

from pydantic import PostgresDsn, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read once at start from `FULLCIRCLE_*` variables. A service adds fields of its own by subclassing."""

    model_config = SettingsConfigDict(env_prefix="FULLCIRCLE_", frozen=True, extra="ignore")

    database_url: SecretStr
    kafka_bootstrap: str
    oidc_issuer: str
    oidc_audience: str = "fullcircle"
    mode: Literal["development", "production"] = "production"
    host: str = "127.0.0.1"
    port: int
    public_url: str
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("database_url")
    @classmethod
    def _names_the_driver(cls, url: SecretStr) -> SecretStr:
        PostgresDsn(url.get_secret_value())
        if not url.get_secret_value().startswith("postgresql+psycopg://"):
            raise ValueError("must start with postgresql+psycopg://")
        return url
