"""Reporting's tables. They are written in sets (`operations/`), so the models only name columns and rules."""

from reporting.tables.declared import Tables
from reporting.tables.facts import ContactRow, LeadRow, ObjectionRow, RollupRow
from reporting.tables.journal import EventCountRow, JournalRow
from reporting.tables.loop import ChangeRow, DecisionRow, EvidenceRow, SignalRow
from reporting.tables.webhooks import AttemptRow, DeliveryCountRow, DeliveryRow, SubscriptionRow

__all__ = [
    "AttemptRow",
    "ChangeRow",
    "ContactRow",
    "DecisionRow",
    "DeliveryCountRow",
    "DeliveryRow",
    "EventCountRow",
    "EvidenceRow",
    "JournalRow",
    "LeadRow",
    "ObjectionRow",
    "RollupRow",
    "SignalRow",
    "SubscriptionRow",
    "Tables",
]
