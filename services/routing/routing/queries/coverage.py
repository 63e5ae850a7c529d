"""What is wrong with the field force and its plans as a whole: sets in SQL, so that a hundred thousand contacts cost a moment."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.coverage import (
    CODES_OF_TERRITORIES,
    EXAMPLES_MAX,
    FINDING_CODES,
    Find,
    Finding,
    FindingCode,
    Locality,
    UnownedTargets,
    is_covered,
    is_owned,
    uncovered,
    without_owner,
)
from routing.decisions.effective import day_of
from routing.decisions.facts import Account, Contact
from routing.queries.coverage_statements import BRANDS, COUNTRIES, LISTED, LOCALITIES, STAFFED, UNOWNED_TARGETS
from routing.queries.field_force import FieldForce, standing
from shared.database import Statement, together
from shared.events.contacts import ERASED_VERSION

_AT_ONCE = 1_000
"""Looked up between turns of others: a few milliseconds."""

Place = TypeVar("Place", Locality, UnownedTargets)

_BY_PLACE: frozenset[FindingCode] = frozenset({"postal_codes_uncovered", "contacts_without_postal_code"})
_OF_TARGETS: frozenset[FindingCode] = frozenset({"targets_without_owner"})


async def findings(
    session: AsyncSession,
    codes: Collection[FindingCode] = FINDING_CODES,
    *,
    brand_id: str | None = None,
    territory_ids: Collection[str] | None = None,
    now: datetime,
) -> list[Finding]:
    """Those of the findings that there are, of one brand or of all, as things stand now.

    With `territory_ids` those about one of these territories alone, and none that belongs to no territory.
    """
    if territory_ids is not None:
        codes = CODES_OF_TERRITORIES & set(codes)
    asked = {
        "now": now,
        "day": day_of(now),
        "brand_id": brand_id,
        "territory_ids": None if territory_ids is None else sorted(territory_ids),
        "erased": ERASED_VERSION,
        "examples": EXAMPLES_MAX,
    }
    listed = [code for code in LISTED if code in codes]
    found = await together(session, *(Statement(LISTED[code], asked, list) for code in listed))
    answers = {code: _listed(code, rows) for code, rows in zip(listed, found, strict=True)}
    if _BY_PLACE & set(codes):
        answers |= {finding.code: finding for finding in await _uncovered(session, asked)}
    if _OF_TARGETS & set(codes):
        answers["targets_without_owner"] = await _without_owner(session, asked)
    return [answers[code] for code in FINDING_CODES if code in codes and code in answers and answers[code].count]


def _listed(code: FindingCode, rows: list[Any]) -> Finding:
    examples = tuple({name: value for name, value in row._asdict().items() if name != "found"} for row in rows)
    return Finding(code, rows[0].found if rows else 0, examples)


async def _uncovered(session: AsyncSession, asked: Mapping[str, Any]) -> list[Finding]:
    current, brand_ids, countries, localities = await together(
        session,
        standing(),
        Statement(BRANDS, asked, lambda rows: [row.brand_id for row in rows]),
        Statement(COUNTRIES, asked, lambda rows: [row.country for row in rows]),
        Statement(LOCALITIES, asked, list),
    )
    is_found = partial(is_covered, find=_find(current.field_force, day=asked["day"]), brand_ids=brand_ids or [""], countries=countries)
    return uncovered(await _without(localities, _locality, is_found))


async def _without_owner(session: AsyncSession, asked: Mapping[str, Any]) -> Finding:
    current, staffed, unowned = await together(
        session,
        standing(),
        Statement(STAFFED, asked, _territories_by_brand),
        Statement(UNOWNED_TARGETS, asked, list),
    )
    is_found = partial(is_owned, find=_find(current.field_force, day=asked["day"]), staffed=staffed, territory_ids=asked["territory_ids"])
    return without_owner(await _without(unowned, _unowned_targets, is_found))


async def _without(rows: Sequence[Any], read: Callable[[Any], Place], is_found: Callable[[Place], bool]) -> list[Place]:
    """Those that are not found. Others have their turn meanwhile: there may be tens of thousands."""
    missing: list[Place] = []
    for start in range(0, len(rows), _AT_ONCE):
        missing += (place for row in rows[start : start + _AT_ONCE] if not is_found(place := read(row)))
        await asyncio.sleep(0)
    return missing


def _find(field_force: FieldForce, *, day: date) -> Find:
    def find(contact: Contact, account: Account | None, brand_id: str) -> str | None:
        aligned = field_force.aligned(contact, account, brand_id=brand_id, day=day)
        return None if aligned is None else aligned.territory_id

    return find


def _locality(row: Any) -> Locality:
    return Locality(*_whereabouts(row), contacts=row.contacts, accounts=row.accounts)


def _unowned_targets(row: Any) -> UnownedTargets:
    return UnownedTargets(row.brand_id, Locality(*_whereabouts(row)), targets=row.targets, target_id=row.target_id)


def _whereabouts(row: Any) -> tuple[Contact, Account | None]:
    contact = Contact(row.named_contact_id or "", country=row.country, postal_code=row.postal_code)
    return contact, None if row.named_account_id is None else Account(row.named_account_id)


def _territories_by_brand(rows: list[Any]) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row.brand_id].add(row.territory_id)
    return {brand_id: frozenset(territory_ids) for brand_id, territory_ids in found.items()}
