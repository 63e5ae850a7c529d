"""Judging a world as the auditor does."""

from deploy.auditor.auditing import decide
from deploy.auditor.limits import Limits
from tests.auditor.honest import World


def broken_by(world: World) -> set[str]:
    """The invariants that this world breaks."""
    return {verdict.invariant for verdict in decide(world.evidence(), Limits()) if verdict.state == "broken"}
