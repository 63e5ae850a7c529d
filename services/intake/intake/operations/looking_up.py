"""All that judging a batch needs to know, in one round trip: what was told before, whose the keys are, what the acts are about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.acts import Act
from intake.decisions.catalog import Catalog
from intake.decisions.erasures.ledger import Hits
from intake.decisions.persons import PersonKey
from intake.decisions.verdicts import Register
from intake.operations import engagements, labelling, neighbours, recognising
from intake.operations.erasures import ledger
from intake.operations.erasures.ledger import ErasureLedger
from intake.operations.neighbours import Neighbours
from intake.operations.recognising import Owners
from shared.database import Statement, together

_TOLD = engagements.TOLD_BEFORE.format(acts="%(acts)s")
_OWNERS = recognising.OWNERS.format(keys="%(keys)s")
_NEIGHBOURS = neighbours.NEIGHBOURS.format(visits="%(visits)s")
_CATALOG = labelling.CATALOG.format(marks="%(marks)s", asset_ids="%(asset_ids)s", campaign_ids="%(campaign_ids)s")
_ERASED = ledger.HITS.format(hashes="%(hashes)s")
_LOOK_UP = f"""
    WITH owners AS MATERIALIZED (SELECT * FROM ({_OWNERS}) AS o(namespace, value, contact_id, id, country))
    SELECT
        (SELECT json_agg(t) FROM ({_TOLD}) AS t(id, source, source_event_id, fingerprint)) AS told,
        (SELECT json_agg(owners) FROM owners) AS owners,
        (SELECT json_agg(n) FROM ({_NEIGHBOURS}) AS n) AS neighbours,
        c.assets, c.campaigns,
        (SELECT json_agg(h) FROM ({_ERASED}) AS h(hash, subject, erased_at, successor_id)) AS erased, {ledger.AS_OF} AS ledger_as_of
    FROM ({_CATALOG}) AS c
"""  # noqa: S608  (ours)
_BYTEA_PREFIX = "\\x"


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of a batch before it is recorded."""

    register: Register
    owners: Owners
    neighbours: Neighbours
    catalog: Catalog
    erased: Hits
    ledger_as_of: datetime | None


async def look_up(
    session: AsyncSession, acts: Sequence[Act], *, times: Sequence[datetime], mentioned: Collection[PersonKey], erasures: ErasureLedger
) -> Known:
    """What is known of the acts, which happened at these times, and of keys that are mentioned beside them. It is the transaction's first
    statement."""
    [known] = await together(session, looking_up(acts, times=times, mentioned=mentioned, erasures=erasures))
    return known  # type: ignore[no-any-return]


def looking_up(
    acts: Sequence[Act], *, times: Sequence[datetime], mentioned: Collection[PersonKey], erasures: ErasureLedger
) -> Statement[Known]:
    """The same, for who sends it otherwise."""
    keys = {key for act in acts for key in act.person} | set(mentioned)
    parameters = {
        "acts": engagements.wanted(acts),
        "keys": recognising.wanted(keys),
        "hashes": erasures.asked(acts, mentioned),
        "visits": neighbours.wanted(zip(acts, times, strict=True)),
        **labelling.wanted(acts),
    }
    return Statement(_LOOK_UP, parameters, _known)


def _known(rows: Sequence[Any]) -> Known:
    [(told, owners, near, assets, campaigns, erased, ledger_as_of)] = rows
    return Known(
        register=engagements.register_of(
            (UUID(row["id"]), row["source"], row["source_event_id"], bytes.fromhex(row["fingerprint"].removeprefix(_BYTEA_PREFIX)))
            for row in told or ()
        ),
        owners=recognising.owners_in(
            (row["namespace"], row["value"], row["contact_id"], row["id"], row["country"]) for row in owners or ()
        ),
        neighbours=neighbours.neighbours_in(near or ()),
        catalog=labelling.catalog_of(assets or (), campaigns or ()),
        erased=ledger.hits_in((row["hash"], row["subject"], row["erased_at"], row["successor_id"]) for row in erased or ()),
        ledger_as_of=ledger_as_of,
    )
