"""`GET /v1/feed`: a rep's leads and briefs for an app that works offline, and then what changed about them."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from routing.api.brief_answers import BriefAnswer
from routing.api.lead_answers import LeadAnswer
from routing.queries import lead_pages
from routing.queries.briefs import shown_briefs
from routing.queries.lead_changes import Moment, Round, changes, is_snapshot, moment_of
from shared import problems
from shared.auth import Identity, require
from shared.bodies import Answer
from shared.database import Database
from shared.paging import CURSOR_CHARS_MAX, Listing
from shared.routes import StrictRoute

LIMIT_MAX = 100
"""Leads with their briefs are large."""

# Whose, in which life of the database, since which snapshot ("" for all), begun at which, and after which change.
_CURSOR = Listing("lead feed", str, str, str, str, int, UUID)


class FeedItem(Answer):
    """`upsert`: hold the lead and its brief as told here. `remove`: forget the lead, it isn't yours any more or has ended."""

    op: Literal["upsert", "remove"]
    lead_id: UUID
    lead: LeadAnswer | None
    brief: BriefAnswer | None


class FeedAnswer(Answer):
    """What changed, in order. `reset`: forget all that you hold before. `more`: ask again at once; else whenever you like."""

    items: list[FeedItem]
    next_cursor: str
    more: bool
    reset: bool


def routes(database: Database) -> APIRouter:
    """The caller's own feed of leads."""
    router = APIRouter(prefix="/v1", tags=["feed"], route_class=StrictRoute)

    @router.get("/feed")
    async def get_feed(
        identity: Annotated[Identity, require("rep")],
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
        cursor: Annotated[str | None, Query(max_length=CURSOR_CHARS_MAX)] = None,
    ) -> FeedAnswer:
        """Without a cursor all leads that are yours and go on; with the last `next_cursor` what changed since. Nothing is missed."""
        if identity.rep_id is None:
            raise problems.forbidden("The token names no rep (claim rep_id), so there is no feed to show.")
        now = datetime.now(UTC)
        async with database.reading() as session:
            await lead_pages.read_one_moment(session)
            moment = await moment_of(session)
            going_on = _round_of(cursor, identity.rep_id, moment)
            current = going_on or Round(moment.snapshot)
            found = await changes(session, identity.rep_id, current, limit=limit + 1)
            told = found[:limit]
            theirs = [change.lead_id for change in told if change.is_theirs]
            leads = await lead_pages.leads_shown(session, theirs, now=now)
            briefs = await shown_briefs(session, theirs, now=now) if theirs else {}
        more = len(found) > limit
        following = Round(current.started, current.since, told[-1].place) if more else Round("", since=current.started)
        items = [
            FeedItem(
                op="upsert" if change.is_theirs else "remove",
                lead_id=change.lead_id,
                lead=LeadAnswer.of(leads[change.lead_id]) if change.is_theirs else None,
                brief=BriefAnswer.of(briefs[change.lead_id], now=now) if change.lead_id in briefs else None,
            )
            for change in told
        ]
        return FeedAnswer(items=items, next_cursor=_cursor_of(following, identity.rep_id, moment.era), more=more, reset=going_on is None)

    return router


def _cursor_of(following: Round, rep_id: str, era: str) -> str:
    return _CURSOR.cursor_of((_digest(rep_id), era, following.since or "", following.started, *following.after))


def _round_of(cursor: str | None, rep_id: str, now: Moment) -> Round | None:
    """Where the app reads on; None to begin anew: it has no cursor, another rep's, or one of a life of the database that is over."""
    if cursor is None:
        return None
    whose, era, since, started, number, lead_id = _CURSOR.key_in(cursor)
    snapshots = [snapshot for snapshot in (since, started) if snapshot]
    is_ours = (whose, era) == (_digest(rep_id), now.era) and snapshots and all(map(is_snapshot, snapshots))
    return Round(started or now.snapshot, since or None, (number, lead_id)) if is_ours else None


def _digest(rep_id: str) -> str:
    return hashlib.blake2b(rep_id.encode(), digest_size=8).hexdigest()
