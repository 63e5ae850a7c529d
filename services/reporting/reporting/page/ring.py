"""The circle, drawn: where its steps stand, and the arrows between them. Lengths are in units of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from reporting.decisions.dashboard import Step

SIZE = 456
NODE_RADIUS = 51
_RING_RADIUS = 174
# From the middle of a step to where its arrow begins or ends: past its rim, with a little air.
_CLEARANCE = 2 * pi * 0.0545


@dataclass(frozen=True, slots=True)
class Node:
    """A step with the middle of its disc."""

    step: Step
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Ring:
    """The steps clockwise from the top, and the paths of the arrows from each to the next, the last to the first."""

    nodes: list[Node]
    arrows: list[str]


def drawn(steps: Sequence[Step]) -> Ring:
    """The steps, evenly spaced."""
    angles = [2 * pi * place / len(steps) - pi / 2 for place in range(len(steps))]
    nodes = [Node(step, *_point(angle)) for step, angle in zip(steps, angles, strict=True)]
    return Ring(nodes, [_arrow(angle, 2 * pi / len(steps)) for angle in angles])


def _arrow(angle: float, to_the_next: float) -> str:
    (from_x, from_y), (to_x, to_y) = _point(angle + _CLEARANCE), _point(angle + to_the_next - _CLEARANCE)
    return f"M {from_x} {from_y} A {_RING_RADIUS} {_RING_RADIUS} 0 0 1 {to_x} {to_y}"


def _point(angle: float) -> tuple[float, float]:
    return (round(SIZE / 2 + _RING_RADIUS * cos(angle), 1), round(SIZE / 2 + _RING_RADIUS * sin(angle), 1))
