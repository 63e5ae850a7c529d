"""ticks: what a round of ticking costs beside a million open clocks that aren't due, against beside a thousand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson
import psycopg

from routing.queries.leads import lead_row
from routing.tables import Lead
from tests.bench.ground import Ground
from tests.bench.protocol import FULL, Goal, Measured, Plan, Sample, Say
from tests.bench.trials import trial

GOAL = Goal("<=", 1.5)

_FEW, _MANY = 1_000, 1_000_000
_DUE, _WARM_UP = 800, 200
_IDLE_ROUNDS, _IDLE_WARM_UP = 400, 100
_NOBODY = UUID(int=0)

_CONTACTS = """
    INSERT INTO contacts (contact_id, version, segments, consents, licences)
    SELECT 'hcp-' || number, 1, '{}', '[]', '[]' FROM generate_series(CAST(%(first)s AS int), %(until)s - 1) AS number
"""
_LEADS = """
    INSERT INTO leads SELECT lead.*
    FROM generate_series(CAST(%(first)s AS int), %(until)s - 1) AS number, jsonb_populate_record(
        NULL::leads, CAST(%(lead)s AS jsonb) || jsonb_build_object('id', gen_random_uuid(), 'contact_id', 'hcp-' || number)
    ) AS lead
"""
_CLOCKS = """
    INSERT INTO clocks (lead_id, kind, state, started_at, warn_at, due_at, extended_due_at, next_at)
    SELECT id, 'first_outreach', 'running', now(), now() + interval '20 days', now() + interval '30 days', now() + interval '60 days',
        now() + interval '20 days'
    FROM leads WHERE id NOT IN (SELECT lead_id FROM clocks)
"""
# Spread over all there are, as they would be.
_LET_BE_DUE = """
    UPDATE clocks SET state = 'running', warned_at = NULL, warn_at = now() - interval '1 minute', next_at = now() - interval '1 minute'
    FROM leads WHERE leads.id = lead_id AND contact_id = ANY(
        SELECT 'hcp-' || number FROM generate_series(0, CAST(%(open)s AS int) - 1, CAST(%(step)s AS int)) AS number
    )
"""
_LET_NONE_BE_DUE = "UPDATE clocks SET next_at = now() + interval '20 days' WHERE next_at < now() + interval '19 days'"


@dataclass(slots=True)
class _World:
    """Routing's database with so many open clocks; more and more of them, never fewer."""

    ground: Ground
    open_clocks: int = 0

    @property
    def database_url(self) -> str:
        return self.ground.servers.database_url("routing")

    def grow(self, to: int) -> None:
        """Sees to so many open clocks, each of a lead that somebody owns."""
        between = {"first": self.open_clocks, "until": to}
        self._execute(_CONTACTS, **between)
        self._execute(_LEADS, **between, lead=_lead())
        self._execute(_CLOCKS)
        for table in ("contacts", "leads", "clocks"):
            self._execute(f"VACUUM ANALYZE {table}")
        self.open_clocks = to

    def ticked(self) -> Sample:
        """CPU per clock that is due, of the loop and of PostgreSQL."""
        self._execute(_LET_BE_DUE, open=self.open_clocks, step=max(1, self.open_clocks // (_DUE + _WARM_UP)))
        return self._trial("no", warm_up=_WARM_UP, events=_DUE)

    def idle(self) -> Sample:
        """CPU per round that finds nothing to do."""
        self._execute(_LET_NONE_BE_DUE)
        return self._trial("yes", warm_up=_IDLE_WARM_UP, events=_IDLE_ROUNDS)

    def _trial(self, idle: str, *, warm_up: int, events: int) -> Sample:
        pids = {"postgres": self.ground.pid("postgres")}
        sample = trial("ticking", warm_up=warm_up, events=events, pids=pids, database_url=self.database_url, idle=idle)
        self.ground.truncate(self.database_url, "outbox", "lead_changes")
        return Sample(sample.cpu_us["ticking"] + sample.cpu_us["postgres"], sample.cpu_us, note=f"{sample.value:.0f} a second")

    def _execute(self, statement: str, **parameters: object) -> None:
        with psycopg.connect(self.database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode(), parameters or None)


def _lead() -> str:
    """A lead of somebody, but for its id and its contact."""
    now = datetime.now(UTC)
    lead = Lead(
        id=_NOBODY,
        contact_id="",
        brand_id="cardiolex",
        kind="off_plan",
        stage="assigned",
        policy_version="1",
        qualified_at=now,
        correlation_id=_NOBODY,
        last_event_id=_NOBODY,
        rep_requested=False,
        engagement_ids=[],
        reason_at=now,
        rep_id="rep-1",
        assigned_at=now,
    )
    return orjson.dumps(lead_row(lead)).decode()


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """CPU of the loop and of its database, per clock and per round. A world grows only, so its arms can't take turns."""
    world, many = _World(ground), round(_MANY * plan.seconds / FULL.seconds)
    taken: dict[str, dict[int, list[Sample]]] = {"due": {}, "idle": {}}
    for open_clocks in (_FEW, many):
        world.grow(open_clocks)
        taken["due"][open_clocks] = [world.ticked() for _ in range(plan.rounds)]
        taken["idle"][open_clocks] = [world.idle() for _ in range(plan.rounds)]
    for what, unit in (("due", "clock that is due"), ("idle", "round without any")):
        say(f"ticks: a {unit} beside {many:,} open clocks / beside {_FEW:,}; CPU of the loop and PostgreSQL in us")
        for open_clocks, samples in taken[what].items():
            for sample in samples:
                say(f"  ticks@{what} beside {open_clocks}: {sample}")
        few, lots = (taken[what][each] for each in (_FEW, many))
        ratios = [own.value / plain.value for own, plain in zip(lots, few, strict=True)]
        values = [sample.value for sample in few]
        yield Measured(f"ticks@{what}", GOAL, ratios, max(values) / min(values))
