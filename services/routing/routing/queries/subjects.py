"""People a brand knows, as a policy's conditions would see them."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.effective import day_of
from routing.decisions.facts import Subject
from routing.decisions.policies.conditions import asks_for_territory
from routing.decisions.policies.document import Policy
from routing.queries import facts
from routing.queries.field_force import standing
from shared.database import together

# By their key, which is as good as any order: a brand's people are many, and a look at some says what matters.
_SOME = text(
    """
    SELECT contacts.* FROM ledgers JOIN contacts USING (contact_id)
    WHERE brand_id = :brand_id AND version IS NOT NULL AND merged_into IS NULL
      AND (CAST(:country AS text) IS NULL OR country = :country)
    ORDER BY contact_id LIMIT :most
    """
)


async def some_subjects(session: AsyncSession, policy: Policy, *, now: datetime, most: int) -> list[Subject]:
    """Up to `most` of those who have engaged with the policy's brand, in its country, with all that conditions may ask about them."""
    wanted = {"brand_id": policy.brand_id, "country": policy.country, "most": most}
    rows = (await session.execute(_SOME, wanted)).all()
    contact_ids, day = [row.contact_id for row in rows], day_of(now)
    accounts, targets = await together(
        session, facts.primary_accounts(contact_ids, day=day), facts.targets(contact_ids, {policy.brand_id}, day=day)
    )
    field_force = (await together(session, standing()))[0].field_force if asks_for_territory(policy) else None
    subjects = []
    for row in rows:
        contact, account = facts.contact_of(row), accounts.get(row.primary_account_id)
        covered = field_force.covered(contact, account, brand_id=policy.brand_id, day=day) if field_force else None
        subjects.append(Subject(contact, account, targets.get((row.contact_id, policy.brand_id)), covered))
    return subjects
