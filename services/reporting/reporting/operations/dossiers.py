"""Dossiers in the database: locked and read as sets, written back where they changed, counted in the rollups."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from reporting.decisions.contributions import Cell
from reporting.decisions.dossiers import STAGES, Contact, Dossier, Lead, Objection, Stated
from shared.database import as_recordset

_STATED = ("campaign_id", "territory_id", "region", "rep_id")
_STATED_AT = tuple(f"{column.removesuffix('_id')}_stated_at" for column in _STATED)
_ENTERED_AT = tuple(f"{stage}_at" for stage in STAGES)
_LEAD_MOMENTS = (*_STATED_AT, *_ENTERED_AT)
_LEAD_COLUMNS = ("kind", *_STATED, *_LEAD_MOMENTS)

# Whoever is only mentioned so far gets a row too, so that there is something to lock: the lock covers their leads and objections.
_MENTION = text(
    """
    INSERT INTO contacts (contact_id, version)
    SELECT contact_id, 0 FROM unnest(CAST(:contact_ids AS text[])) AS named(contact_id)
    ON CONFLICT (contact_id) DO NOTHING
    """
)
_LOCK_CONTACTS = text(
    """
    SELECT contact_id, version, specialty, external_ids, segments FROM contacts
    WHERE contact_id = ANY (:contact_ids) ORDER BY contact_id FOR UPDATE
    """
)
_LEADS = text(f"SELECT lead_id, contact_id, brand_id, {', '.join(_LEAD_COLUMNS)} FROM leads WHERE contact_id = ANY (:contact_ids)")  # noqa: S608  column names of ours
_OBJECTIONS = text(
    """
    SELECT report_id, contact_id, lead_id, brand_id, rep_id, topic, nature, reaction, asset_id, occurred_at
    FROM objections WHERE contact_id = ANY (:contact_ids)
    """
)
_WRITE_CONTACTS = text(
    """
    UPDATE contacts AS known
    SET version = r.version, specialty = r.specialty, external_ids = r.external_ids, segments = r.segments
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(contact_id text, version bigint, specialty text, external_ids jsonb, segments text[])
    WHERE known.contact_id = r.contact_id
    """
)
_WRITE_LEADS = text(
    f"""
    INSERT INTO leads (lead_id, contact_id, brand_id, {", ".join(_LEAD_COLUMNS)})
    SELECT lead_id, contact_id, brand_id, {", ".join(_LEAD_COLUMNS)}
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(lead_id text, contact_id text, brand_id text, kind text, {", ".join(f"{column} text" for column in _STATED)},
             {", ".join(f"{column} timestamptz" for column in _LEAD_MOMENTS)})
    ON CONFLICT (lead_id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _LEAD_COLUMNS)}
    """  # noqa: S608  column names of ours
)
_WRITE_OBJECTIONS = text(
    """
    INSERT INTO objections (report_id, contact_id, lead_id, brand_id, rep_id, topic, nature, reaction, asset_id, occurred_at)
    SELECT report_id, contact_id, lead_id, brand_id, rep_id, topic, nature, reaction, asset_id, occurred_at
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(report_id text, contact_id text, lead_id text, brand_id text, rep_id text, topic text, nature text, reaction text,
             asset_id text, occurred_at timestamptz)
    """
)
_SHIFT = text(
    """
    INSERT INTO rollups AS known (day, measure, item, brand_id, campaign_id, specialty, region, count)
    SELECT day, measure, item, brand_id, campaign_id, specialty, region, count
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(day date, measure text, item text, brand_id text, campaign_id text, specialty text, region text, count bigint)
    ON CONFLICT (day, measure, item, brand_id, campaign_id, specialty, region)
    DO UPDATE SET count = known.count + excluded.count
    """
)


async def lock(session: AsyncSession, contact_ids: Collection[str]) -> dict[str, Dossier]:
    """The dossiers of these contacts, held until the transaction ends. Each contact has one, if only an empty one."""
    given = {"contact_ids": sorted(contact_ids)}
    await session.execute(_MENTION, given)
    contacts = (await session.execute(_LOCK_CONTACTS, given)).all()
    leads: dict[str, dict[str, Lead]] = {}
    for row in await session.execute(_LEADS, given):
        leads.setdefault(row.contact_id, {})[row.lead_id] = _lead(row)
    objections: dict[str, dict[str, Objection]] = {}
    for row in await session.execute(_OBJECTIONS, given):
        objections.setdefault(row.contact_id, {})[row.report_id] = _objection(row)
    return {
        row.contact_id: Dossier(
            contact=Contact(row.contact_id, row.version, row.specialty, row.external_ids, tuple(row.segments)),
            leads=leads.get(row.contact_id, {}),
            objections=objections.get(row.contact_id, {}),
        )
        for row in contacts
    }


async def write(session: AsyncSession, before: Mapping[str, Dossier], after: Mapping[str, Dossier]) -> None:
    """Writes back what changed, one statement per kind of fact."""
    contacts = [_contact_row(after[one].contact) for one in sorted(after) if after[one].contact != before[one].contact]
    leads = [
        _lead_row(contact_id, lead)
        for contact_id in sorted(after)
        for lead_id, lead in sorted(after[contact_id].leads.items())
        if before[contact_id].leads.get(lead_id) != lead
    ]
    objections = [
        _objection_row(contact_id, objection)
        for contact_id in sorted(after)
        for report_id, objection in sorted(after[contact_id].objections.items())
        if report_id not in before[contact_id].objections
    ]
    for statement, rows in ((_WRITE_CONTACTS, contacts), (_WRITE_LEADS, leads), (_WRITE_OBJECTIONS, objections)):
        if rows:
            await session.execute(statement, {"rows": as_recordset(rows)})


async def shift_rollups(session: AsyncSession, shifts: Mapping[Cell, int]) -> None:
    """Moves the counts, cell by cell in one order, so that two batches never wait for each other in a circle."""
    if not shifts:
        return
    rows = [
        {
            "day": cell.day,
            "measure": cell.measure,
            "item": cell.item,
            "brand_id": cell.brand_id,
            "campaign_id": cell.campaign_id,
            "specialty": cell.specialty,
            "region": cell.region,
            "count": shifts[cell],
        }
        for cell in sorted(shifts)
    ]
    await session.execute(_SHIFT, {"rows": as_recordset(rows)})


def _lead(row: Row[tuple[object, ...]]) -> Lead:
    value = row._mapping
    stated = {
        column.removesuffix("_id"): Stated(value[at], value[column]) if value[column] is not None else None
        for column, at in zip(_STATED, _STATED_AT, strict=True)
    }
    entered: dict[str, datetime] = {
        stage: value[column] for stage, column in zip(STAGES, _ENTERED_AT, strict=True) if value[column] is not None
    }
    return Lead(lead_id=value["lead_id"], brand_id=value["brand_id"], kind=value["kind"], entered=entered, **stated)


def _objection(row: Row[tuple[object, ...]]) -> Objection:
    value = {name: held for name, held in row._mapping.items() if name != "contact_id"}
    return Objection(**value)


def _contact_row(contact: Contact) -> dict[str, object]:
    return {
        "contact_id": contact.contact_id,
        "version": contact.version,
        "specialty": contact.specialty,
        "external_ids": contact.external_ids,
        "segments": contact.segments,
    }


def _lead_row(contact_id: str, lead: Lead) -> dict[str, object]:
    stated = (lead.campaign, lead.territory, lead.region, lead.rep)
    return {
        "lead_id": lead.lead_id,
        "contact_id": contact_id,
        "brand_id": lead.brand_id,
        "kind": lead.kind,
        **{column: one and one.value for column, one in zip(_STATED, stated, strict=True)},
        **{column: one and one.at for column, one in zip(_STATED_AT, stated, strict=True)},
        **{column: lead.entered.get(stage) for stage, column in zip(STAGES, _ENTERED_AT, strict=True)},
    }


def _objection_row(contact_id: str, objection: Objection) -> dict[str, object]:
    return {
        "report_id": objection.report_id,
        "contact_id": contact_id,
        "lead_id": objection.lead_id,
        "brand_id": objection.brand_id,
        "rep_id": objection.rep_id,
        "topic": objection.topic,
        "nature": objection.nature,
        "reaction": objection.reaction,
        "asset_id": objection.asset_id,
        "occurred_at": objection.occurred_at,
    }
