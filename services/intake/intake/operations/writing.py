"""The usual batch in one statement: nothing was learnt of anybody known, so engagements, receipts and events are written together.

Whoever is seen for the first time is made in it too, if nobody else decides about their keys at that moment.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from intake.decisions.engagements import Engagement
from intake.decisions.people import Changed, Pair
from intake.decisions.persons import PersonKey
from intake.decisions.receipts import Delivery, Tally
from intake.operations import candidates, contacts, engagements, receipts, recognising
from intake.operations.erasures.ledger import AS_OF
from shared import outbox
from shared.database import Statement, drivers_form
from shared.events import Event

_ALL = f"""
    added AS ({engagements.ADD}),
    kept_receipts AS ({receipts.RECEIPTS}),
    kept_items AS ({receipts.ITEMS}),
    proposed AS ({candidates.PROPOSE}),
    said AS ({outbox.INSERT})
"""
_WRITE: Final = drivers_form(f"WITH {_ALL.format(only='')} SELECT true AS written")
# The constraint on keys tells whether they still are nobody's. The ledger is asked as it stands at that very moment: somebody who was
# forgotten since the batch was looked up is no stranger.
_ONLY = "WHERE (SELECT are_strangers FROM held)"
_WRITE_WITH_STRANGERS: Final = drivers_form(
    f"""
    WITH queued AS MATERIALIZED ({recognising.QUEUE_UP}),
    held AS MATERIALIZED (SELECT count(*) > 0 AND {AS_OF} IS NOT DISTINCT FROM CAST(:since AS timestamptz) AS are_strangers FROM queued),
    made AS ({contacts.ADD.format(only=_ONLY)}),
    made_known AS ({contacts.ADD_KEYS.format(only=_ONLY)}),
    {_ALL.format(only=_ONLY)}
    SELECT are_strangers AS written FROM held
    """  # noqa: S608  (ours)
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a usual batch comes to as far as was looked up. `strangers` are to be made; they alone have the keys in it that are `unknown`,
    if nobody was erased after `since`, as of when the ledger was asked."""

    told: Sequence[Engagement]
    kept: Sequence[tuple[Delivery, Tally]]
    events: Sequence[Event]
    pairs: Sequence[Pair]
    strangers: Sequence[Changed]
    unknown: Collection[PersonKey]
    since: datetime | None


def writing(outcome: Outcome, *, now: datetime) -> Statement[bool]:
    """Writes all of it or nothing: whether it did. Breaks a unique constraint where somebody else tells one of the engagements, or meets
    one of the strangers, at this moment: then the batch is to be judged anew."""
    parameters = {
        "engagements": engagements.as_rows(outcome.told),
        "outbox": outbox.as_rows(outcome.events),
        "candidates": candidates.as_rows(outcome.pairs, now=now),
        **receipts.as_rows(outcome.kept),
    }
    if not outcome.unknown:
        return Statement(_WRITE, parameters, _was_written)
    strangers = {**contacts.as_rows(outcome.strangers, now=now), "slots": recognising.slots(outcome.unknown), "since": outcome.since}
    return Statement(_WRITE_WITH_STRANGERS, parameters | strangers, _was_written)


def _was_written(rows: Sequence[Any]) -> bool:
    [row] = rows
    return bool(row.written)
