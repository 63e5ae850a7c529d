"""Whether a report tells of a safety or medical matter, decided before anything else is done with it.

The rep's own flags are certain. What the text check finds is possible: missing a case is worse than opening one too many.
"""

from dataclasses import dataclass
from typing import Literal

from feedback.decisions.suspicion import Matter, suspected_matters

Certainty = Literal["certain", "possible"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One matter a report tells of. `reason` names the flag or the rule that found it, never the words."""

    kind: Matter
    certainty: Certainty
    reason: str


@dataclass(frozen=True, slots=True)
class Triage:
    """Everything a report tells of, safety first. Empty for a report that is only commercial."""

    findings: tuple[Finding, ...]

    @property
    def leaves_commercial_path(self) -> bool:
        """Only cases are made of the report: somebody was certain."""
        return any(finding.certainty == "certain" for finding in self.findings)


def triage(*, adverse_event: bool, medical_question: bool, text: str) -> Triage:
    """What the flags and the text of one report tell of.

    An adverse event takes in the special situation it came with (the same people answer both, as one case); a product complaint and a
    medical inquiry stay matters of their own.
    """
    suspected = suspected_matters(text)
    findings: list[Finding] = []
    if adverse_event:
        findings.append(Finding("adverse_event", "certain", "flagged by the rep"))
    elif "adverse_event" in suspected:
        findings.append(Finding("adverse_event", "possible", suspected["adverse_event"]))
    elif "special_situation" in suspected:
        findings.append(Finding("special_situation", "possible", suspected["special_situation"]))
    if "product_complaint" in suspected:
        findings.append(Finding("product_complaint", "possible", suspected["product_complaint"]))
    if medical_question:
        findings.append(Finding("medical_inquiry", "certain", "flagged by the rep"))
    elif "medical_inquiry" in suspected:
        findings.append(Finding("medical_inquiry", "possible", suspected["medical_inquiry"]))
    return Triage(tuple(findings))
