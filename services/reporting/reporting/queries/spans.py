"""How counts over any span of time are read: whole UTC days from the rollups, what is left at the edges from the facts."""

from datetime import UTC, datetime, time

from reporting.decisions.ranges import Span


def span_parameters(span: Span, *, prefix: str = "") -> dict[str, object]:
    """The bounds of a span as statements name them: `since`, `until`, and the whole days from `first_day` to before `end_day`."""
    first_day, end_day = span.first_whole_day, span.end_of_whole_days
    return {
        f"{prefix}since": span.since,
        f"{prefix}until": span.until,
        f"{prefix}first_day": first_day,
        f"{prefix}end_day": end_day,
        f"{prefix}first_day_at": datetime.combine(first_day, time.min, UTC),
        f"{prefix}end_day_at": datetime.combine(end_day, time.min, UTC),
    }


def at_the_edges(moment: str, *, prefix: str = "") -> str:
    """SQL: the moment lies in the span, but in none of its whole days."""
    return (
        f"{moment} >= :{prefix}since AND {moment} < :{prefix}until"
        f" AND ({moment} < :{prefix}first_day_at OR {moment} >= :{prefix}end_day_at)"
    )


def in_whole_days(day: str, *, prefix: str = "") -> str:
    """SQL: the day is one of the span's whole days."""
    return f"{day} >= :{prefix}first_day AND {day} < :{prefix}end_day"
