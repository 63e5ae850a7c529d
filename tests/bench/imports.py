"""Intake importing a file, and COPY of the very rows that made into the very tables."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
from psycopg import sql

from tests.bench.cpu import Meter
from tests.bench.ground import Ground
from tests.bench.protocol import Plan, Sample

_ROWS_PER_SECOND = 4_000
"""About what is imported, so that a run takes about as long as it is planned to."""
_PART_BYTES = 2 * 1024 * 1024
_POLL_SECONDS = 0.02
_PERSONS = 2_000
_FINISHED = ("done", "failed")

# What an import fills, parents first. Events leave the outbox meanwhile: they are copied from where the relay put them.
_FILLED: Mapping[str, Sequence[str]] = {
    "contacts": ("contacts", "contact_keys", "consents"),
    "engagements": ("receipts", "receipt_items", "engagements"),
}
_SENT = {"contacts": "sent_snapshots", "engagements": "sent_events"}
_EVENT = ("event_id", "topic", "key", "type", "headers", "body")
_EMPTIED = (
    *("receipt_items", "receipts", "engagements", "consents", "contact_keys", "contacts", "outbox", "sent_events", "sent_snapshots"),
    *("imports", "import_parts", "import_errors", "import_identities", "creations"),
)


@dataclass(slots=True)
class Imports:
    """Both arms for one kind of row. What the last import filled is what is copied."""

    ground: Ground
    kind: str
    _copies: list[tuple[sql.Composed, list[bytes]]] = field(default_factory=list)

    def imported(self, plan: Plan) -> Sample:
        """Ours: from the first byte sent to the last row applied, the relay running. Rows per second."""
        rows = round(plan.seconds * _ROWS_PER_SECOND)
        self.ground.start_service("intake")
        self._empty()
        with httpx.Client(base_url=f"http://127.0.0.1:{self.ground.ports.intake}", timeout=60) as client:
            client.headers["Authorization"] = f"Bearer {self.ground.token('integration')}"
            if self.kind == "engagements":
                people = [_contact(number) for number in range(_PERSONS)]
                client.put("/v1/contacts", json=people).raise_for_status()
            content = b"".join(json.dumps(row).encode() + b"\n" for row in _rows(self.kind, rows))
            meter = Meter({name: self.ground.pid(name) for name in ("intake", "postgres")})
            meter.start()
            began = time.perf_counter()
            told = _put_in(client, self.kind, content)
            seconds = time.perf_counter() - began
            cpu_us = meter.us_per_event(rows)
            if told["rows_applied"] != rows or told["rejected"] or told["state"] != "done":
                raise RuntimeError(f"the import ended as {told}")
            self._wait_until_relayed(client)
        self._remember()
        return Sample(rows / seconds, cpu_us)

    def copied(self, plan: Plan) -> Sample:
        """Theirs: a transaction of one COPY per table, from memory."""
        if not self._copies:
            self.imported(plan)
        rows = round(plan.seconds * _ROWS_PER_SECOND)
        self.ground.stop_service("intake")  # its relay would take what is copied into the outbox
        self._empty(but=("contacts", "contact_keys") if self.kind == "engagements" else ())
        meter = Meter({"postgres": self.ground.pid("postgres")})
        meter.start()
        began = time.perf_counter()
        with self._connect() as connection, connection.cursor() as cursor:
            for statement, pieces in self._copies:
                with cursor.copy(statement) as copy:
                    for piece in pieces:
                        copy.write(piece)
        seconds = time.perf_counter() - began
        return Sample(rows / seconds, meter.us_per_event(rows))

    def _remember(self) -> None:
        """Takes out what the import filled, as COPY takes it in."""
        self._copies = []
        with self._connect() as connection:
            for table in _FILLED[self.kind]:
                name = sql.Identifier(table)
                self._copies.append(
                    (sql.SQL("COPY {} FROM STDIN").format(name), _copied_out(connection, sql.SQL("COPY {} TO STDOUT").format(name)))
                )
            columns = sql.SQL(", ").join(map(sql.Identifier, _EVENT))
            events = sql.SQL("COPY (SELECT {} FROM {} ORDER BY position) TO STDOUT").format(columns, sql.Identifier(_SENT[self.kind]))
            self._copies.append((sql.SQL("COPY outbox ({}) FROM STDIN").format(columns), _copied_out(connection, events)))

    def _empty(self, but: Sequence[str] = ()) -> None:
        tables = ", ".join(table for table in _EMPTIED if table not in but)
        with self._connect() as connection:
            connection.execute(f"TRUNCATE {tables} CASCADE".encode())

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.ground.servers.database_url("intake").replace("+psycopg", ""))

    def _wait_until_relayed(self, client: httpx.Client) -> None:
        deadline = time.monotonic() + 120
        while client.get("/readyz").json()["outbox"]["depth"]:
            if time.monotonic() > deadline:
                raise RuntimeError("the outbox was not relayed within two minutes")
            time.sleep(0.1)


def _copied_out(connection: "psycopg.Connection[Any]", statement: sql.Composed) -> list[bytes]:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return [bytes(piece) for piece in copy]


def _put_in(client: httpx.Client, kind: str, content: bytes) -> dict[str, Any]:
    answer = client.post("/v1/imports", json={"kind": kind, "bytes_total": len(content)})
    answer.raise_for_status()
    path = f"/v1/imports/{answer.json()['id']}"
    for at in range(0, len(content), _PART_BYTES):
        is_last = at + _PART_BYTES >= len(content)
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(at), "Upload-Complete": "?1" if is_last else "?0"}
        client.patch(f"{path}/content", content=content[at : at + _PART_BYTES], headers=headers).raise_for_status()
    while True:
        told: dict[str, Any] = client.get(path).raise_for_status().json()
        if told["state"] in _FINISHED:
            return told
        time.sleep(_POLL_SECONDS)


def _rows(kind: str, number: int) -> Iterator[dict[str, Any]]:
    make = _contact if kind == "contacts" else _engagement
    return (make(each) for each in range(number))


def _contact(number: int) -> dict[str, Any]:
    return {
        "id": f"hcp-{number}",
        "external_ids": {"crm": f"crm-{number}"},
        "emails": [f"hcp-{number}@clinic.example"],
        "given_name": "Ada",
        "family_name": "Byrne",
        "kind": "prescriber",
        "specialty": "cardiology",
        "affiliations": [{"account_id": f"acc-{number % 500}", "primary": True}],
        "postal_code": "60601",
        "country": "US",
        "segments": ["high"],
        "consents": [{"channel": "email", "state": "granted", "at": "2026-01-05T09:00:00Z"}],
    }


def _engagement(number: int) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    return {
        "source": "year",
        "source_event_id": f"e-{number}",
        "contact": {"email": f"hcp-{number % _PERSONS}@clinic.example"},
        "kind": "email_opened",
        "brand_id": "cardiolex",
        "topics": ["dosing"],
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "attributes": {"open_count": 1},
    }
