"""Whether telling a new event from a known one costs more the more events are known."""

from collections.abc import Iterator

import psycopg

from tests.bench.ground import Ground
from tests.bench.mail import Mail
from tests.bench.protocol import FULL, Goal, Measured, Plan, Say

GOAL = Goal(">=", 0.9)

_CONNECTIONS = 32
_MANY, _FEW = 10_000_000, 10_000
_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'engagements' AND column_name NOT IN ('id', 'source_event_id') ORDER BY ordinal_position
"""


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Webhooks per second beside ten million known engagements / beside ten thousand, before and after."""
    mail = Mail(ground)
    mail.prepare()
    many = round(_MANY * plan.seconds / FULL.seconds)
    say(f"opened e-mails beside {many} known engagements / beside {_FEW}; webhooks per second")
    before = _rate(mail, plan, known=_FEW, say=say)
    beside_many = _rate(mail, plan, known=many, say=say)
    after = _rate(mail, plan, known=_FEW, say=say)
    yield Measured("history", GOAL, [beside_many / ((before + after) / 2)], max(before, after) / min(before, after))


def _rate(mail: Mail, plan: Plan, *, known: int, say: Say) -> float:
    _know(mail, known)
    pids = {name: mail.ground.pid(name) for name in ("intake", "postgres")}
    rounds = [mail.under_load(mail.ground.ports.intake, _CONNECTIONS, plan, pids) for _ in range(plan.rounds)]
    for sample in rounds:
        say(f"  beside {known}: {sample}")
    mail.drained()
    mail.forget()
    return sorted(sample.value for sample in rounds)[len(rounds) // 2]


def _know(mail: Mail, known: int) -> None:
    """Copies of an engagement that came through the door, under other identities; without asking what they refer to."""
    mail.answered(mail.ground.ports.intake, 1, Plan(1, 0.5, 0.1), {})
    mail.drained()
    owner = mail.ground.servers.admin_url.rpartition("/")[0] + "/fullcircle_intake"
    with psycopg.connect(owner.replace("+psycopg", ""), autocommit=True) as connection:
        columns = ", ".join(name for (name,) in connection.execute(_COLUMNS))
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            f"""
            INSERT INTO engagements (id, source_event_id, {columns})
            SELECT uuidv7(), 'known-' || n, {columns}
            FROM (SELECT * FROM engagements LIMIT 1) AS one, generate_series(1, {known}) AS n
            """.encode()
        )
        connection.execute("VACUUM ANALYZE engagements")
