"""The versions a simulation compares, and how far before its window they look back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routing.decisions.facts import Contact
from routing.decisions.qualification.comparison import Version
from routing.decisions.qualification.look_back import looks_back_to
from routing.queries.policies import PinnedPolicy, Policies, policies
from routing.queries.windows import Window
from shared.database import Statement, together


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that are compared, and all that are in force besides."""

    candidate: PinnedPolicy
    active: PinnedPolicy | None
    in_force: Policies

    @property
    def named(self) -> dict[Version, PinnedPolicy]:
        """Those there are, by which of the two they are."""
        return {"candidate": self.candidate} if self.active is None else {"active": self.active, "candidate": self.candidate}

    def concern(self, contact: Contact) -> bool:
        """Whether the candidate would decide about this contact: it is their country's, or theirs has none of its own."""
        policy = self.candidate.policy
        if policy.country is not None:
            return contact.country == policy.country
        return (policy.brand_id, contact.country) not in self.in_force.active or contact.country is None

    def looking_back(self, window: Window) -> Window:
        """The window with as much before it as can matter in it under either."""
        compared = [pinned.policy for pinned in self.named.values()]
        return replace(window, looks_back_to=looks_back_to(compared, window.begins_at))


async def applicable_versions(session: AsyncSession, candidate: Any) -> Versions:
    """A version, by its row, and the one that applies now where it would: its country's own, else the brand's general one."""
    [in_force] = await together(session, policies([candidate.brand_id], versions=[str(candidate.version)]))
    active = in_force.applicable(candidate.brand_id, country=candidate.country)
    return Versions(in_force.by_version[str(candidate.version)], active, in_force)


async def named_versions(
    session: AsyncSession, brand_id: str, candidate: str, active: str | None, *also: Statement[Any]
) -> tuple[Versions, Sequence[Any]]:
    """Two versions of a brand, and what else is asked in the same go."""
    named = [version for version in (candidate, active) if version is not None]
    in_force, *answers = await together(session, policies([brand_id], versions=named), *also)
    return Versions(in_force.by_version[candidate], None if active is None else in_force.by_version[active], in_force), answers
