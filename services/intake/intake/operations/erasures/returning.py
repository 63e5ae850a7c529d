"""Somebody who was forgotten is stated by a directory again: they are somebody new, and what they had denied stays denied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from intake.decisions.directory import StatedContact
from intake.decisions.persons import contact_key
from intake.operations.erasures.ledger import ErasureLedger, as_of, denials_of, name_successors
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Returning:
    """A directory's rows under the ids they are kept under, by the ledger `as_of` then.

    `new_ids` are those that somebody forgotten was given just now; `directory_ids` what their directory calls who was given another.
    """

    stated: Sequence[StatedContact]
    as_of: datetime | None
    new_ids: Mapping[bytes, str] = field(default_factory=dict)
    directory_ids: Mapping[str, str] = field(default_factory=dict)

    async def keep(self, session: AsyncSession, taken: Mapping[str, str]) -> None:
        """Has those who were taken, and under which id, found again under the id their directory knows them by."""
        await name_successors(session, {subject: taken[new] for subject, new in self.new_ids.items() if new in taken})


async def who_return(session: AsyncSession, stated: Sequence[StatedContact], *, erasures: ErasureLedger) -> Returning:
    """The rows, those of somebody forgotten under an id of their own and with what they had denied."""
    latest = await as_of(session)
    keys = {key for contact in stated for key in (contact_key(contact.contact_id), *contact.keys)}
    keys |= {contact_key(contact.merged_into) for contact in stated if contact.merged_into is not None}
    hits = await erasures.hits(session, keys)
    if not hits:
        return Returning(stated, latest)
    denials = await denials_of(session, {one.subject for one in hits.values()})
    new_ids: dict[bytes, str] = {}
    directory_ids: dict[str, str] = {}
    renamed = []
    for contact in stated:
        found = [hits[key] for key in (contact_key(contact.contact_id), *contact.keys) if key in hits]
        subjects = dict.fromkeys(one.subject for one in found)
        denied = [("", act) for subject in subjects for act in denials[subject]]
        kept_under = contact.contact_id
        if (own := hits.get(contact_key(contact.contact_id))) is not None:
            kept_under = own.successor_id or new_ids.setdefault(own.subject, str(new_id()))
            directory_ids[kept_under] = contact.contact_id
        into_id = contact.merged_into
        if into_id is not None and (into := hits.get(contact_key(into_id))) is not None:
            into_id = into.successor_id or new_ids.get(into.subject)
        renamed.append(replace(contact, contact_id=kept_under, acts=[*contact.acts, *denied], merged_into=into_id))
    return Returning(renamed, latest, new_ids, directory_ids)
