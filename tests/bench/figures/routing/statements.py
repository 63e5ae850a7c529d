"""statements: SQL statements per new lead in a batch of a hundred, from the inbox to the outbox."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from deploy.launcher.places import CHECKOUT
from tests.bench.field import Field
from tests.bench.ground import Ground
from tests.bench.protocol import Goal, Measured, Plan, Say

GOAL = Goal("<=", 0.1)

_LEADS = 100


def take(ground: Ground, plan: Plan, say: Say) -> Iterator[Measured]:
    """Counted where they are handed to the driver; a count has no baseline to vary."""
    field = Field(ground)
    field.prepare(contacts=(plan.rounds + 1) * _LEADS)
    field.forget()
    asked = json.dumps({"database_url": field.database_url, "leads": _LEADS, "rounds": plan.rounds})
    command = [sys.executable, "-m", "tests.bench.arms.statements", asked]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    ran = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    counts = json.loads(ran.stdout.splitlines()[-1])
    say(f"statements: SQL statements per lead, of a batch of {_LEADS} new ones; a batch takes {counts[0] * _LEADS:.0f}")
    yield Measured("statements", GOAL, counts, 1.0)
