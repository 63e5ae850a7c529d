"""A hundred events to a webhook, against COPY of the very rows that came of them."""

import io
import time
from collections.abc import Iterator, Sequence
from functools import partial

import psycopg

from tests.bench.ground import Ground
from tests.bench.mail import Mail
from tests.bench.protocol import Goal, Measured, Plan, Sample, Say, compare

GOAL = Goal(">=", 0.3)

_TOGETHER = 100
_CONNECTIONS = 8
_TABLES = ("receipts", "receipt_items", "engagements", "outbox")
_COPIED_SECONDS_MIN = 0.2


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Events per second. What is copied is what a run of ours left, in one transaction, into the same tables with their indexes."""
    mail = Mail(ground)
    say(f"opened e-mails, {_TOGETHER} to a webhook, {_CONNECTIONS} connections / COPY of the same rows; events per second")
    rows = _rows_of_a_run(mail, plan)
    yield compare(
        "arrays",
        ours=partial(mail.whole, _CONNECTIONS, together=_TOGETHER),
        theirs=lambda _: _copied(mail, rows),
        goal=GOAL,
        plan=plan,
        say=say,
    )


def _rows_of_a_run(mail: Mail, plan: Plan) -> Sequence[tuple[str, bytes]]:
    """What a run leaves, with nothing taken out of the outbox."""
    mail.prepare()
    mail.ground.stop_service("intake")
    port = mail.ground.start_arm("door", environment=mail.ground.service_environment("intake"))
    mail.answered(port, _CONNECTIONS, plan, {}, together=_TOGETHER)
    mail.ground.stop_arm("door")
    copied = []
    with psycopg.connect(mail.database_url) as connection:
        for table in _TABLES:
            with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)".encode()) as copy:
                copied.append((table, b"".join(bytes(part) for part in copy)))
    mail.forget()
    mail.ground.start_service("intake")
    return copied


def _copied(mail: Mail, rows: Sequence[tuple[str, bytes]]) -> Sample:
    events = 0
    seconds = 0.0
    while seconds < _COPIED_SECONDS_MIN:
        mail.forget()
        with psycopg.connect(mail.database_url) as connection:
            began = time.perf_counter()
            for table, content in rows:
                stream = io.BytesIO(content)
                with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)".encode()) as copy:
                    while part := stream.read(1 << 16):
                        copy.write(part)
            connection.commit()
            seconds += time.perf_counter() - began
            [events_now] = connection.execute("SELECT count(*) FROM engagements").fetchone() or (0,)
            events += events_now
    mail.forget()
    return Sample(events / seconds)
