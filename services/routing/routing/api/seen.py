"""Entity tags of a rep's list of leads: what somebody has seen already isn't read again.

A tag names the moment a list was read at. It holds while no transaction since has changed anything of the rep's leads, and for a quarter of
an hour at most, since scores decay without anybody's doing.
"""

import hashlib
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from routing.queries.lead_changes import Moment, has_changed, is_snapshot
from shared.auth import Identity
from shared.paging import Listing
from shared.problems import Problem

HOLDS_SECONDS = 900

_SEEN = Listing("leads seen", str, str, int, str)
_TAGS_MAX = 10


def rep_followed(identity: Identity, rep_id: str | None) -> str | None:
    """Whose leads a list holds if it is one rep's; a manager's view of a rep changes with territories too, so it has no tag."""
    if identity.has("sales_ops") or identity.has("auditor"):
        return rep_id
    return None if identity.has("manager") else identity.rep_id


def tag_of(request: Request, moment: Moment, *, now: datetime) -> str:
    """The tag of what is read at this moment. It is weak: what decayed by minutes counts as the same."""
    return f'W/"{_SEEN.cursor_of((moment.era, moment.snapshot, _quarter(now), _asked(request)))}"'


async def seen_already(session: AsyncSession, request: Request, rep_id: str, moment: Moment, *, now: datetime) -> str | None:
    """The tag in `If-None-Match` that still holds; None if there is none."""
    for tag in request.headers.get("if-none-match", "").split(",")[:_TAGS_MAX]:
        snapshot = _snapshot_in(tag.strip(), request, moment, now=now)
        if snapshot is not None and not await has_changed(session, rep_id, since=snapshot):
            return tag.strip()
    return None


def _snapshot_in(tag: str, request: Request, moment: Moment, *, now: datetime) -> str | None:
    try:
        era, snapshot, quarter, asked = _SEEN.key_in(tag.removeprefix("W/").strip('"'))
    except Problem:
        return None  # somebody else's tag, or one we gave out in another form
    holds = (era, quarter, asked) == (moment.era, _quarter(now), _asked(request)) and is_snapshot(snapshot)
    return str(snapshot) if holds else None


def _quarter(now: datetime) -> int:
    return int(now.timestamp() // HOLDS_SECONDS)


def _asked(request: Request) -> str:
    return hashlib.blake2b(bytes(request.scope["query_string"]), digest_size=8).hexdigest()
