"""What changed about a rep's leads since somebody looked: exactly, whatever transactions were under way then.

Times and sequences don't tell: what is committed late was numbered early. A snapshot does. It says of each transaction's number whether it
was seen, so a reader who keeps the snapshot of one reading is told in the next one of every change it had not seen, and of no other.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Statement, together

SNAPSHOT_CHARS_MAX = 150
"""A snapshot of many transactions under way is narrowed to those before the oldest of them: that repeats something, and loses nothing."""

# Numbers begin anew where a copy of the database lives on as another: what was seen there says nothing here.
_MOMENT = """
    SELECT CAST(pg_current_snapshot() AS text) AS snapshot,
        (SELECT system_identifier FROM pg_control_system()) || '-' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS era
"""
_UNSEEN = "NOT pg_visible_in_snapshot(CAST(CAST(changed_in AS text) AS xid8), CAST({snapshot} AS pg_snapshot))"
_CHANGED = f"""
    SELECT EXISTS (
        SELECT FROM lead_changes
        WHERE rep_id = %(rep_id)s AND changed_in >= %(floor)s AND {_UNSEEN.format(snapshot="%(since)s")}
    ) AS changed
"""  # noqa: S608
_CHANGES = f"""
    SELECT changed_in, lead_id, is_theirs FROM (
        SELECT changed_in, lead_id, coalesce(leads.rep_id = changes.rep_id AND ended_at IS NULL, false) AS is_theirs
        FROM lead_changes AS changes LEFT JOIN leads ON leads.id = changes.lead_id
        WHERE changes.rep_id = %(rep_id)s AND changed_in >= %(floor)s
          AND (changed_in, lead_id) > (%(after_in)s, CAST(%(after_lead)s AS uuid))
    ) AS change
    WHERE (%(is_first)s AND is_theirs) OR {_UNSEEN.format(snapshot="%(seen)s")}
    ORDER BY changed_in, lead_id LIMIT %(limit)s
"""  # noqa: S608

_NO_LEAD = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody looked: what they saw, and in which life of the database."""

    era: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Round:
    """Reading what changed since `since` (None: all there is), begun at `started`; on after that change, which is a number and a lead."""

    started: str
    since: str | None = None
    after: tuple[int, UUID] = (-1, _NO_LEAD)


@dataclass(frozen=True, slots=True)
class LeadChange:
    """A lead that changed; `is_theirs` if it goes on and is the rep's."""

    place: tuple[int, UUID]
    is_theirs: bool

    @property
    def lead_id(self) -> UUID:
        return self.place[1]


async def moment_of(session: AsyncSession) -> Moment:
    """The moment the session reads at, if it reads one."""
    [moment] = await together(session, Statement(_MOMENT, {}, lambda rows: Moment(rows[0].era, _narrowed(rows[0].snapshot))))
    return moment  # type: ignore[no-any-return]


async def has_changed(session: AsyncSession, rep_id: str, *, since: str) -> bool:
    """Whether anything the rep's list shows was changed by a transaction that snapshot had not seen."""
    wanted = {"rep_id": rep_id, "since": since, "floor": _oldest(since)}
    [changed] = await together(session, Statement(_CHANGED, wanted, lambda rows: bool(rows[0].changed)))
    return bool(changed)


async def changes(session: AsyncSession, rep_id: str, reading: Round, *, limit: int) -> list[LeadChange]:
    """What comes next in a round. What has left the rep is told to who may hold it: all but what was gone when a first round began."""
    seen = reading.started if reading.since is None else reading.since
    wanted = {
        "rep_id": rep_id,
        "is_first": reading.since is None,
        "seen": seen,
        "floor": 0 if reading.since is None else _oldest(seen),
        "after_in": reading.after[0],
        "after_lead": reading.after[1],
        "limit": limit,
    }
    [rows] = await together(session, Statement(_CHANGES, wanted, list))
    return [LeadChange((row.changed_in, row.lead_id), row.is_theirs) for row in rows]


def is_snapshot(text: str) -> bool:
    """Whether a text can be a snapshot: what clients send back isn't given to the database unread."""
    oldest, _, rest = text.partition(":")
    next_one, _, under_way = rest.partition(":")
    numbers = [oldest, next_one, *filter(None, under_way.split(","))]
    if not all(number.isascii() and number.isdigit() and len(number) < 19 for number in numbers):
        return False
    low, high, *between = (int(number) for number in numbers)
    return 0 < low <= high and between == sorted(set(between)) and all(low <= number < high for number in between)


def _oldest(snapshot: str) -> int:
    return int(snapshot.partition(":")[0])


def _narrowed(snapshot: str) -> str:
    return snapshot if len(snapshot) <= SNAPSHOT_CHARS_MAX else f"{_oldest(snapshot)}:{_oldest(snapshot)}:"
