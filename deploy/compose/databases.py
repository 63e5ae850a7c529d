"""Makes each service's database and role on PostgreSQL. Safe to run again: new passwords take effect, data stays."""

import sys
from pathlib import Path

from pydantic import FilePath
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL

from deploy.launcher.databases import ServiceDatabase, close_shared_databases, create_databases
from deploy.launcher.failures import LaunchFailed

SERVICES = ("intake", "routing", "feedback", "reporting")


class DatabaseServerSettings(BaseSettings):
    """Read from `FULLCIRCLE_*` variables. The folder holds a file `<service>_database_password` for every service."""

    model_config = SettingsConfigDict(env_prefix="FULLCIRCLE_", frozen=True, extra="ignore")

    postgres_host: str
    postgres_port: int = 5432
    postgres_admin_password_file: FilePath
    passwords_directory: Path


def main() -> None:
    settings = DatabaseServerSettings()
    admin_password = _password(settings.postgres_admin_password_file)
    admin = URL.create("postgresql", "postgres", admin_password, settings.postgres_host, settings.postgres_port, database="postgres")
    admin_url = admin.render_as_string(hide_password=False)
    databases = [
        ServiceDatabase(f"fullcircle_{name}", _password(settings.passwords_directory / f"{name}_database_password")) for name in SERVICES
    ]
    try:
        close_shared_databases(admin_url)
        create_databases(admin_url, databases)
    except LaunchFailed as failure:
        sys.exit(str(failure))
    print("Every service has its database, and a role with the password of its file.")


def _password(file: Path) -> str:
    password = file.read_text().strip()
    if not password:
        sys.exit(f"{file} is empty: it must hold a password.")
    return password


if __name__ == "__main__":
    main()
