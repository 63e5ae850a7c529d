"""Intake's tables. They are written in sets (`operations/`), so the models only name columns and rules."""

from intake.tables.catalog import Asset, AssetMark, AssetVersion, Campaign, CampaignMark
from intake.tables.declared import Tables
from intake.tables.erasures import ErasedDenial, ErasedHash, ErasedSubject, ErasureAnswer, ErasureRow, ReceiptRedaction, ReceiptToCut
from intake.tables.habits import SourceHour, SourceWatch
from intake.tables.imports import Import, ImportedRowError, ImportIdentity, ImportPart
from intake.tables.people import Consent, Contact, ContactAlias, ContactCandidate, ContactKey
from intake.tables.received import Engagement, EngagementAlias, Receipt, ReceiptItem, Source
from intake.tables.restating import Relabelling, Restatement
from intake.tables.texts import SealingKey, TypedText

__all__ = [
    "Asset",
    "AssetMark",
    "AssetVersion",
    "Campaign",
    "CampaignMark",
    "Consent",
    "Contact",
    "ContactAlias",
    "ContactCandidate",
    "ContactKey",
    "Engagement",
    "EngagementAlias",
    "ErasedDenial",
    "ErasedHash",
    "ErasedSubject",
    "ErasureAnswer",
    "ErasureRow",
    "Import",
    "ImportIdentity",
    "ImportPart",
    "ImportedRowError",
    "Receipt",
    "ReceiptItem",
    "ReceiptRedaction",
    "ReceiptToCut",
    "Relabelling",
    "Restatement",
    "SealingKey",
    "Source",
    "SourceHour",
    "SourceWatch",
    "Tables",
    "TypedText",
]
