"""What every service must be told by its environment. Required values have no default; secrets never show in a repr."""

from pathlib import Path
from typing import Literal, Self

from pydantic import FilePath, PostgresDsn, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url


class ServiceSettings(BaseSettings):
    """Read once at start from `FULLCIRCLE_*` variables. A service adds fields of its own by subclassing.

    Where `database_password_file` is given, the password in it takes its place in `database_url`: environments are shown to
    whoever may look at a container, files need not be.
    """

    model_config = SettingsConfigDict(env_prefix="FULLCIRCLE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_password_file: FilePath | None = None  # before the address, which is validated with it
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

    @field_validator("database_url")
    @classmethod
    def _with_password_of_file(cls, url: SecretStr, info: ValidationInfo) -> SecretStr:
        file: Path | None = info.data.get("database_password_file")
        if file is None:
            return url
        password = file.read_text().strip()
        if not password:
            raise ValueError("needs a password, and the file that should hold it is empty")
        return SecretStr(make_url(url.get_secret_value()).set(password=password).render_as_string(hide_password=False))


# What every development machine knows; in production there is no such thing.
_DEVELOPMENT_TEXT_SECRET = "development: this secret is in the source, known to everybody"  # noqa: S105
_SECRET_CHARS_MIN = 32


class TextSettings(ServiceSettings):
    """Those of the two services that hand typed texts to each other: a secret that both are given and nobody else."""

    text_secret_file: FilePath | None = None

    @model_validator(mode="after")
    def _secret_where_it_counts(self) -> Self:
        if self.text_secret_file is None and self.mode == "production":
            raise ValueError("text_secret_file must name the file with the secret that intake and feedback share")
        if len(self.text_secret) < _SECRET_CHARS_MIN:
            raise ValueError(f"the file text_secret_file names must hold at least {_SECRET_CHARS_MIN} characters")
        return self

    @property
    def text_secret(self) -> str:
        """The secret; in development without a file, one that everybody knows."""
        return _DEVELOPMENT_TEXT_SECRET if self.text_secret_file is None else self.text_secret_file.read_text().strip()
