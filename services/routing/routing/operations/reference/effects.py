"""What follows when something sales operations keeps is different from now on, be it told or a date that was reached."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.operations.assignment.rerouting import reroute_open_leads
from routing.queries.facts import Pair

# What a target says of somebody who was merged concerns who stands for them.
_DECIDE_AGAIN = text(
    """
    UPDATE ledgers SET activation = least(activation, 0)
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
# Every ledger of a brand is older than an activation that has become newer: none of them need be touched.
_DECIDE_BRANDS_AGAIN = text(
    """
    UPDATE policies SET activation = activation + 1
    WHERE state = 'active'
      AND activation = (SELECT max(sibling.activation) FROM policies AS sibling WHERE sibling.brand_id = policies.brand_id)
      AND brand_id IN (
        SELECT brand_id FROM policies
        WHERE state = 'active' AND (brand_id = ANY(:brand_ids) OR :territories AND CAST(document AS text) LIKE '%territory.%')
      )
    """
)


@dataclass(frozen=True, slots=True)
class Changes:
    """Whom it concerns: accounts and targets for what they say of contacts, reps and territories for who may have leads.

    Everybody a brand knows is concerned where its policy reads otherwise from a day on, or asks where contacts lie.

    All empty: what changed has a say in who may have leads and names nobody.
    """

    account_ids: Collection[str] = ()
    targets: Collection[Pair] = ()
    rep_ids: Collection[str] = ()
    territory_ids: Collection[str] = ()
    brand_ids: Collection[str] = ()


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
    if changes.brand_ids or changes.territory_ids:
        await session.execute(_DECIDE_BRANDS_AGAIN, {"brand_ids": list(changes.brand_ids), "territories": bool(changes.territory_ids)})
    await reroute_open_leads(session, rep_ids=changes.rep_ids, territory_ids=changes.territory_ids)
