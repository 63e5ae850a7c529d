"""Routing's tables. They are written in sets (`operations/rows.py`), so the models only name columns and rules.

A contact x brand is a row of `ledgers`; whoever changes anything about a contact's ledgers, leads or clocks holds the contact's row.
"""

from routing.tables.agreed import Account, Policy, Rep, Territory
from routing.tables.briefed import AnsweredBrief, ApprovalDay, BriefRevision, LeadChange
from routing.tables.decided import (
    Brief,
    Clock,
    DecisionRecord,
    Lead,
    Ledger,
    LedgerRow,
    PoolRotation,
    QueueRound,
    ReportedOutcome,
    Reroute,
    Rotation,
)
from routing.tables.declared import Tables
from routing.tables.planned import Absence, Alignment, DatedFactsMark, Pool, Target
from routing.tables.simulations import SimulatedDecision, Simulation
from routing.tables.told import Asset, Campaign, ChangedAsset, Contact, EarlyOutcome, Engagement, HeardObjection

__all__ = [
    "Absence",
    "Account",
    "Alignment",
    "AnsweredBrief",
    "ApprovalDay",
    "Asset",
    "Brief",
    "BriefRevision",
    "Campaign",
    "ChangedAsset",
    "Clock",
    "Contact",
    "DatedFactsMark",
    "DecisionRecord",
    "EarlyOutcome",
    "Engagement",
    "HeardObjection",
    "Lead",
    "LeadChange",
    "Ledger",
    "LedgerRow",
    "Policy",
    "Pool",
    "PoolRotation",
    "QueueRound",
    "Rep",
    "ReportedOutcome",
    "Reroute",
    "Rotation",
    "SimulatedDecision",
    "Simulation",
    "Tables",
    "Target",
    "Territory",
]
