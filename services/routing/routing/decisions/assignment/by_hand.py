"""Whom somebody may give a lead to by hand: capacity and turns are theirs to overrule, what a rep is is not."""

from typing import Literal

from routing.decisions.assignment.reps import Rep

WhyNotByHand = Literal["unknown", "not_a_rep", "inactive", "other_brand"]

WORDS: dict[WhyNotByHand, str] = {
    "unknown": "there is no such rep",
    "not_a_rep": "they are no rep, so they take no leads",
    "inactive": "they are not active",
    "other_brand": "they don't work for the lead's brand",
}


def why_not_by_hand(rep: Rep | None, *, brand_id: str) -> WhyNotByHand | None:
    """Say why a rep can't have a lead of the brand, even if somebody wants them to; None if they can."""
    if rep is None:
        return "unknown"
    if rep.role not in ("rep", "manager"):
        return "not_a_rep"
    if not rep.active:
        return "inactive"
    return None if brand_id in rep.brand_ids else "other_brand"
