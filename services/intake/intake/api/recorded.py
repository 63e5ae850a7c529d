"""What both doors for engagements answer while a delivery can't be made durable: come again, and when."""

from intake.decisions.receipts import Delivery, Tally
from intake.operations.group_commit import GroupCommit, NotCommitted, Overloaded
from shared import problems, telemetry, tracing

_RETRY_AFTER_SECONDS = 2


async def recorded(commits: GroupCommit, delivery: Delivery) -> Tally:
    """What became of the delivery, now that it is durable. Raises a 429 or 503 Problem."""
    try:
        with tracing.step("record"):
            return await commits.record(delivery)
    except Overloaded:
        problem = problems.too_many_requests(
            "More is waiting to be stored than may; send it again.", retry_after_seconds=_RETRY_AFTER_SECONDS
        )
    except NotCommitted:
        problem = problems.unavailable("It could not be stored just now; send it again, what comes twice is stored once.")
    telemetry.INTAKE_TURNED_AWAY.labels(str(problem.status)).inc()
    raise problem
