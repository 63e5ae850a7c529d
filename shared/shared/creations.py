"""Creating twice is safe: what a client may send again because it never heard the answer is created once and answered alike."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import Header
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import problems

VERSION_1: Final = (
    """
    create table creations (
        scope text not null,
        client_key text not null,
        fingerprint bytea not null,
        answer jsonb,
        created_at timestamptz not null default now(),
        constraint pk_creations primary key (scope, client_key)
    )
    """,
    "comment on column creations.client_key is 'the id the client chose, or its sub and Idempotency-Key'",
    "comment on column creations.answer is 'what the first request was told; null only inside its transaction'",
)
"""Statements that create the table, for a migration."""

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,200}$")]
"""The header parameter by which a client marks a request it may repeat."""


def told_again(answer: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: what a repetition is told, in the OpenAPI document."""
    return {200: {"model": answer, "description": "The same again: the first answer"}}


@dataclass(frozen=True, slots=True)
class First:
    """Nobody created this before. Create it and `keep` the answer, in the same transaction."""

    scope: str
    key: str | None

    async def keep(self, session: AsyncSession, answer: dict[str, Any]) -> None:
        """Stores what a repetition will be told. Without a key there can be none, and nothing is stored."""
        if self.key is not None:
            await session.execute(_KEEP, {"scope": self.scope, "key": self.key, "answer": orjson.dumps(answer).decode()})


@dataclass(frozen=True, slots=True)
class Again:
    """The same person asked for the same before; this is what they were told."""

    answer: dict[str, Any]


def client_key(client_id: UUID | None, idempotency_key: str | None, sub: str) -> str | None:
    """What a repetition is recognised by; None if the client gave neither.

    The id it chose is one for everybody; an Idempotency-Key means something only together with whose it is.
    """
    if client_id is not None:
        return f"id:{client_id}"
    if idempotency_key is not None:
        return f"key:{sub}:{idempotency_key}"
    return None


async def claim_creation(session: AsyncSession, *, scope: str, key: str | None, sub: str, content: BaseModel) -> First | Again:
    """Takes the key for this transaction; a concurrent copy waits here until it is known what became of the first.

    `scope` names what is created. Raises a 409 Problem if the key was used for other content or by someone else, whose
    answer is not shown.
    """
    if key is None:
        return First(scope=scope, key=None)
    fingerprint = _fingerprint(sub, content)
    claimed = await session.execute(_CLAIM, {"scope": scope, "key": key, "fingerprint": fingerprint})
    if claimed.first() is not None:
        return First(scope=scope, key=key)
    known = (await session.execute(_READ, {"scope": scope, "key": key})).one()
    if bytes(known.fingerprint) != fingerprint:
        raise problems.conflict("This id or Idempotency-Key was used for other content.")
    return Again(answer=known.answer)


def _fingerprint(sub: str, content: BaseModel) -> bytes:
    """Same person, same meaning: left-out fields equal their defaults, and times are compared as times."""
    meaning = content.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(orjson.dumps([sub, meaning], option=orjson.OPT_SORT_KEYS)).digest()


_CLAIM = text(
    "insert into creations (scope, client_key, fingerprint) values (:scope, :key, :fingerprint) on conflict do nothing returning true"
)
_READ = text("select fingerprint, answer from creations where scope = :scope and client_key = :key")
_KEEP = text("update creations set answer = cast(:answer as jsonb) where scope = :scope and client_key = :key")
