"""past: what an engagement costs where much is known already, against where little is: of its contact, and of other contacts."""

from collections.abc import Iterator
from itertools import count

from tests.bench.bodies import BRAND
from tests.bench.field import Field
from tests.bench.ground import Ground
from tests.bench.pipelines import POLICY
from tests.bench.protocol import FULL, Arm, Goal, Measured, Plan, Sample, Say, compare
from tests.bench.streams import acts

GOAL = Goal("<=", 1.5)

_ACTING = 100
"""Contacts that act by turns in a run; no two runs have the same ones."""
_LITTLE, _MUCH = 10, 10_000
_FEW, _MANY = 10_000, 1_000_000
_EVENTS_PER_SECOND = 1_000
_SPARE_EVENTS = 2_000
# Nobody ever gets there, so every engagement is decided on what its contact did before.
_POLICY = {**POLICY, "thresholds": {"fit": 20, "engagement": 999_999}}

# A year of theirs, and all of it in their ledgers, as it would be had it come through the door.
_PAST = """
    WITH act AS (
        SELECT 'hcp-' || contact AS contact_id, 'past-' || contact || '-' || number AS engagement_id,
            now() - interval '1 year' * (number + 1) / CAST(%(past)s AS float) AS occurred_at
        FROM generate_series(CAST(%(first)s AS int), %(first)s + %(contacts)s - 1) AS contact, generate_series(0, %(past)s - 1) AS number
    ), engaged AS (
        INSERT INTO engagements (
            engagement_id, contact_id, brand_id, kind, context, asset_id, campaign_id, topics, machine, flags, occurred_at,
            event_id, correlation_id
        )
        SELECT engagement_id, contact_id, %(brand_id)s, 'form_submitted', 'promotional', 'launch-page', 'launch', ARRAY['efficacy'], false,
            '{}', occurred_at, gen_random_uuid(), gen_random_uuid()
        FROM act
    ), earned AS (
        INSERT INTO ledger_rows (contact_id, brand_id, engagement_id, rule_id, policy_version, points, occurred_at, backfilled)
        SELECT contact_id, %(brand_id)s, engagement_id, 'form', %(version)s, 40, occurred_at, false FROM act
    )
    INSERT INTO ledgers (contact_id, brand_id, policy_version, activation, row_counts)
    SELECT contact_id, %(brand_id)s, %(version)s, CAST(%(activation)s AS int),
        CASE WHEN count(*) >= 50 THEN jsonb_build_object('form', count(*)) END
    FROM act GROUP BY contact_id
"""


class _Past:
    """The arms. Each run has contacts of its own, who have a past already."""

    def __init__(self, ground: Ground, plan: Plan) -> None:
        self._field = Field(ground)
        self._warm_up, self._events = (round(seconds * _EVENTS_PER_SECOND) for seconds in (plan.warm_up_seconds, plan.seconds))
        self._field.prepare(contacts=_FEW, policy=_POLICY)
        self._field.forget()
        self._runs = count()
        self._version = self._field.execute("SELECT version FROM policies WHERE state = 'active'")
        self._activation = self._field.execute("SELECT activation FROM policies WHERE state = 'active'")

    def of_contact(self, past: int) -> Arm:
        """Contacts with so much behind them."""
        return lambda _: self._run(past)

    def among(self, contacts: int) -> Arm:
        """Contacts with little behind them, among so many others who have been heard of."""

        def run(_: Plan) -> Sample:
            self._field.know(contacts)
            return self._run(_LITTLE)

        return run

    def _run(self, past: int) -> Sample:
        first = next(self._runs) * _ACTING
        known = {"first": first, "contacts": _ACTING, "past": past, "brand_id": BRAND}
        self._field.execute(_PAST, **known, version=str(self._version), activation=self._activation)
        for table in ("engagements", "ledger_rows", "ledgers"):
            self._field.execute(f"VACUUM ANALYZE {table}")
        number = self._warm_up + self._events + _SPARE_EVENTS
        backlog = self._field.backlog(acts(f"hcp-{first + place % _ACTING}" for place in range(number)))
        sample = backlog.run("deciding", warm_up=self._warm_up, events=self._events)
        return Sample(sample.cpu_us["deciding"] + sample.cpu_us["postgres"], sample.cpu_us)


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """CPU per engagement of the consumer and of its database."""
    past = _Past(ground, plan)
    much, many = (round(number * plan.seconds / FULL.seconds) for number in (_MUCH, _MANY))
    say(f"past: an engagement of a contact with {much} before it / with {_LITTLE}; CPU of consumer and PostgreSQL in us")
    yield compare("past@contact", ours=past.of_contact(much), theirs=past.of_contact(_LITTLE), goal=GOAL, plan=plan, say=say)
    say(f"past: an engagement among {many} contacts / among {_FEW}; CPU of consumer and PostgreSQL in us")
    few = [past.among(_FEW)(plan) for _ in range(plan.rounds)]
    beside_many = [past.among(many)(plan) for _ in range(plan.rounds)]
    for arm, samples in ((_FEW, few), (many, beside_many)):
        for sample in samples:
            say(f"  past@contacts among {arm}: {sample}")
    ratios = [own.value / plain.value for own, plain in zip(beside_many, few, strict=True)]
    yield Measured("past@contacts", GOAL, ratios, max(sample.value for sample in few) / min(sample.value for sample in few))
