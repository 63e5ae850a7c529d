"""The benchmarks can be run, and what they print can be read; what they measure is another matter."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.figures import FIGURES
from tests.bench.protocol import Goal, Measured, Plan, Sample, compare

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(?P<name>[A-Za-z0-9@.-]+) (\d+\.\d+|not comparable) (>=|<=) [\d.]+ min \d+\.\d+ max \d+\.\d+.*")


def test_a_figure_is_taken_and_its_lines_are_the_last_printed() -> None:
    command = [sys.executable, "-m", "tests.bench", "P1", "--quick"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = [LINE.fullmatch(line) for line in ran.stdout.splitlines()[-2:]]
    assert [line and line["name"] for line in lines] == ["P1@c32", "P1@c128"], ran.stdout
    assert "CPU us/event: intake" in ran.stdout


def test_a_figure_nobody_has_is_refused_by_name() -> None:
    ran = subprocess.run([sys.executable, "-m", "tests.bench", "P0"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert "P0" in ran.stderr
    assert all(name in ran.stderr for name in FIGURES)


def test_arms_are_run_in_turn_and_the_median_of_their_ratios_is_told() -> None:
    order: list[str] = []
    rates = {"ours": iter([50.0, 60.0, 40.0]), "theirs": iter([100.0, 100.0, 100.0])}

    def arm(name: str, plan: Plan) -> Sample:
        order.append(name)
        return Sample(next(rates[name]))

    plan = Plan(rounds=3, seconds=0, warm_up_seconds=0)
    measured = compare(
        "P0", ours=lambda p: arm("ours", p), theirs=lambda p: arm("theirs", p), goal=Goal(">=", 0.45), plan=plan, say=lambda _: None
    )
    assert order == ["theirs", "ours", "ours", "theirs", "theirs", "ours"]
    assert measured.line == "P0 0.50 >= 0.45 min 0.40 max 0.60"


@pytest.mark.parametrize(("spread", "is_comparable"), [(1.0, True), (2.0, True), (2.1, False)])
def test_where_the_baseline_varied_too_much_no_ratio_is_told(spread: float, is_comparable: bool) -> None:
    measured = Measured("P0", Goal("<=", 1.5), [1.0, 2.0], spread)
    assert LINE.fullmatch(measured.line)
    assert ("not comparable" not in measured.line) == is_comparable
