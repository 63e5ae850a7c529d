"""Topic `field-force`: territories, accounts and reps. A rep's own name is allowed here; an HCP's is not."""

from shared.events.facts import Code, Fact, Id, Label, contract
from shared.events.topics import FIELD_FORCE


@contract("territory.snapshot", topic=FIELD_FORCE, producer="routing", consumers=("feedback", "reporting"))
class TerritorySnapshot(Fact):
    """A sales geography. Postal codes may end in `*`."""

    territory_id: Id
    name: str
    region: Label
    timezone: Label
    country: Label
    postal_codes: list[Label] = []

    def key(self) -> str:
        return f"territory:{self.territory_id}"


@contract("account.snapshot", topic=FIELD_FORCE, producer="routing", consumers=("feedback", "reporting"))
class AccountSnapshot(Fact):
    """An HCO with an owner and a priority."""

    account_id: Id
    name: str
    institution_type: Label
    postal_code: Label
    owner_rep_id: Id | None = None
    priority: Label
    parent_id: Id | None = None

    def key(self) -> str:
        return f"account:{self.account_id}"


@contract("rep.snapshot", topic=FIELD_FORCE, producer="routing", consumers=("feedback", "reporting"))
class RepSnapshot(Fact):
    """A sales representative or a manager: a manager is a rep row too."""

    rep_id: Id
    name: str
    role: Code
    manager_id: Id | None = None
    territory_ids: list[Id] = []
    brand_ids: list[Id] = []
    active: bool

    def key(self) -> str:
        return f"rep:{self.rep_id}"
