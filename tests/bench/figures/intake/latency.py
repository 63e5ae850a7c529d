"""How long an answer takes at half of what the door can take, against a handler that waits for Kafka's acknowledgement."""

from collections.abc import Iterator

from tests.bench.ground import Ground
from tests.bench.mail import Mail
from tests.bench.protocol import Goal, Measured, Plan, Say

GOAL = Goal("<=", 1.2)

_CONNECTIONS = 128


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """The p99 of both at the same rate."""
    mail = Mail(ground)
    most = mail.whole(_CONNECTIONS, plan).value
    rate = most / 2
    say(f"p99 in ms of an opened e-mail at {rate:.0f} a second, half of {most:.0f} / aiokafka's send_and_wait at the same rate")
    ours: list[float] = []
    theirs: list[float] = []
    environment = {"BENCH_KAFKA": ground.servers.kafka_bootstrap}
    for number in range(plan.rounds):
        for arm in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
            if arm == "ours":
                answered, _ = mail.answered(ground.ports.intake, _CONNECTIONS, plan, {}, rate=rate)
                mail.drained()
                mail.forget()
                ours.append(answered.p99_ms)
            else:
                port = ground.start_arm("kafka_send", environment=environment)
                answered, _ = mail.answered(port, _CONNECTIONS, plan, {}, rate=rate)
                theirs.append(answered.p99_ms)
            say(f"  p99 round {number + 1} {arm}: p50 {answered.p50_ms:.1f} p99 {answered.p99_ms:.1f} ms")
    ratios = [own / plain for own, plain in zip(ours, theirs, strict=True)]
    yield Measured("p99@half", GOAL, ratios, max(theirs) / min(theirs))
