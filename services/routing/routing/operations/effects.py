"""What follows when something sales operations keeps is different from now on, be it told or a date that was reached."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.rerouting import reroute_open_leads
from routing.queries.facts import Pair

# What a target says of somebody who was merged concerns who stands for them.
_DECIDE_AGAIN = text(
    """
    UPDATE ledgers SET activation = 0
    FROM (
        SELECT ledgers.contact_id, ledgers.brand_id FROM ledgers JOIN (
            SELECT contact_id, brand_id FROM ledgers JOIN contacts USING (contact_id) WHERE primary_account_id = ANY(:account_ids)
            UNION
            SELECT coalesce(merged_into, target.contact_id), brand_id
            FROM unnest(CAST(:contact_ids AS text[]), CAST(:brand_ids AS text[])) AS target (contact_id, brand_id)
            LEFT JOIN contacts ON contacts.contact_id = target.contact_id
        ) AS pair USING (contact_id, brand_id)
        ORDER BY ledgers.contact_id, ledgers.brand_id FOR UPDATE OF ledgers
    ) AS concerned
    WHERE ledgers.contact_id = concerned.contact_id AND ledgers.brand_id = concerned.brand_id
    """
)


@dataclass(frozen=True, slots=True)
class Changes:
    """Whom it concerns: accounts and targets for what they say of contacts, reps and territories for who may have leads.

    All empty: what changed has a say in who may have leads and names nobody.
    """

    account_ids: Collection[str] = ()
    targets: Collection[Pair] = ()
    rep_ids: Collection[str] = ()
    territory_ids: Collection[str] = ()


async def take_effect(session: AsyncSession, changes: Changes) -> None:
    """Has the contacts' ledgers, waiting leads and those whose rep may be another decided anew, in the background.

    Call it last: it makes others wait.
    """
    if changes.account_ids or changes.targets:
        pairs = list(changes.targets)
        concerned = {
            "account_ids": list(changes.account_ids),
            "contact_ids": [contact_id for contact_id, _ in pairs],
            "brand_ids": [brand_id for _, brand_id in pairs],
        }
        await session.execute(_DECIDE_AGAIN, concerned)
    await reroute_open_leads(session, rep_ids=changes.rep_ids, territory_ids=changes.territory_ids)
