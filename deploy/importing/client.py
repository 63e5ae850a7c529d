"""Intake's imports, as somebody who has a file sees them: announced, sent in parts, watched; gone on with when asked again."""

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import httpx

Say = Callable[[str], None]

FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
FINISHED = frozenset({"done", "failed"})

_PART_BYTES = 2 * 1024 * 1024
_POLL_SECONDS = 0.5
_TIMEOUT_SECONDS = 30.0
_PATIENCE_SECONDS = 120.0
_RETRY_SECONDS = 2.0
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_NAMES = uuid.UUID("6f1f7f5c-5c0f-4a53-9d55-1d2b8a1d6a10")  # of our own making: it keeps these ids apart from everybody's else


class ImportFailed(Exception):
    """The file could not be put in; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file, and what it holds. `flags` None: as intake has it."""

    path: Path
    kind: str
    flags: list[str] | None = None

    @property
    def format(self) -> str:
        """By the file's name. Raises `ImportFailed`."""
        if self.path.suffix.lower() not in FORMATS:
            raise ImportFailed(f"{self.path}: a file to import ends in {', '.join(FORMATS)}.")
        return FORMATS[self.path.suffix.lower()]


class Client:
    """Speaks to one intake. `token` gives a bearer token, asked for anew when one has expired."""

    def __init__(self, intake: str, token: Callable[[], str], say: Say) -> None:
        self._http = httpx.Client(base_url=intake, timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._token = token
        self._bearer: str | None = None
        self._say = say

    def put_in(self, wanted: Wanted) -> dict[str, Any]:
        """Has the file imported, or goes on with it; gives what its import says at the end."""
        with wanted.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            standing = self._announce(wanted, digest, size=file.seek(0, 2))
            if standing["state"] == "receiving":
                standing = self._send(standing, file)
        return self._follow(standing)

    def keep_errors(self, import_id: str, path: Path) -> None:
        """Writes the lines about rows that were not taken."""
        with self._http.stream("GET", f"/v1/imports/{import_id}/errors", headers=self._authorization()) as answer, path.open("wb") as file:
            if answer.status_code != httpx.codes.OK:
                raise ImportFailed(f"What was wrong with the rows could not be read: {answer.status_code}.")
            for piece in answer.iter_bytes():
                file.write(piece)

    def _announce(self, wanted: Wanted, digest: str, *, size: int) -> dict[str, Any]:
        """The unfinished import of this very content, or a new one. Its id follows from the content: nothing is kept on this side."""
        described = {"kind": wanted.kind, "format": wanted.format, "name": wanted.path.name, "bytes_total": size}
        if wanted.flags is not None:
            described["flags"] = wanted.flags
        for number in count():
            import_id = uuid.uuid5(_NAMES, f"{digest}\n{described}\n{number}")
            answer = self._ask("POST", "/v1/imports", json={"id": str(import_id), **described})
            if answer.status_code == httpx.codes.CONFLICT:
                continue  # somebody else's
            self._require(answer, httpx.codes.CREATED, httpx.codes.OK)
            standing = self._standing(str(import_id))
            if standing["state"] not in FINISHED:
                if standing["bytes_received"]:
                    self._say(f"Going on with {wanted.path.name} behind {_percent(standing['bytes_received'], size)}.")
                return standing
        raise AssertionError("there is always another number")

    def _send(self, standing: dict[str, Any], file: BinaryIO) -> dict[str, Any]:
        path, size = f"/v1/imports/{standing['id']}/content", standing["bytes_total"]
        while standing["state"] == "receiving":
            at = file.seek(standing["bytes_received"])
            part = file.read(_PART_BYTES)
            headers = {
                "Content-Type": "application/octet-stream",
                "Upload-Offset": str(at),
                "Upload-Complete": "?1" if at + len(part) >= size else "?0",
            }
            answer = self._ask("PATCH", path, content=part, headers=headers)
            if answer.status_code == httpx.codes.CONFLICT:
                again = self._standing(standing["id"])
                if again["bytes_received"] == at and again["state"] == "receiving":
                    raise ImportFailed(f"{file.name} has changed while it was sent; run this again.")
                standing = again
                continue
            self._require(answer, httpx.codes.OK)
            standing = answer.json()
            self._say(f"sent {_percent(standing['bytes_received'], size)}")
        return standing

    def _follow(self, standing: dict[str, Any]) -> dict[str, Any]:
        told = ""
        while standing["state"] not in FINISHED:
            if (now := _progress(standing)) != told:
                told = now
                self._say(now)
            time.sleep(_POLL_SECONDS)
            standing = self._standing(standing["id"])
        return standing

    def _standing(self, import_id: str) -> dict[str, Any]:
        answer = self._ask("GET", f"/v1/imports/{import_id}")
        self._require(answer, httpx.codes.OK)
        standing: dict[str, Any] = answer.json()
        return standing

    def _ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any) -> httpx.Response:
        """The answer, after as many tries as patience allows while intake is away or asks us to come again."""
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = self._http.request(method, path, headers={**self._authorization(), **(headers or {})}, **request)
            except httpx.TransportError as error:
                if time.monotonic() > give_up_at:
                    raise ImportFailed(f"Intake does not answer ({type(error).__name__}). Run this again to go on.") from None
                time.sleep(_RETRY_SECONDS)
                continue
            if answer.status_code == httpx.codes.UNAUTHORIZED and self._bearer is not None and time.monotonic() < give_up_at:
                self._bearer, give_up_at = None, 0.0  # it may have expired: one try more, with another
            elif answer.status_code in _RETRIED and time.monotonic() < give_up_at:
                time.sleep(min(float(answer.headers.get("retry-after", _RETRY_SECONDS)), _PATIENCE_SECONDS))
            else:
                return answer

    def _authorization(self) -> dict[str, str]:
        self._bearer = self._bearer or self._token()
        return {"Authorization": f"Bearer {self._bearer}"}

    def _require(self, answer: httpx.Response, *statuses: int) -> None:
        if answer.status_code not in statuses:
            raise ImportFailed(
                f"Intake answered {answer.status_code} to {answer.request.method} {answer.request.url.path}: {answer.text[:500]}"
            )


def _progress(standing: dict[str, Any]) -> str:
    if standing["state"] == "checking":
        return f"checked {_percent(standing['bytes_checked'], standing['bytes_received'])}"
    return f"applied {standing['rows_applied']:,} of {standing['rows_read']:,} rows"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // max(whole, 1)} %"
