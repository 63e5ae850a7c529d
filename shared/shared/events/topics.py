"""The topics: what each is keyed by and how long Kafka keeps it. The relay creates them from here; nothing is auto-created."""

from dataclasses import dataclass

_DAY_MS = 24 * 60 * 60 * 1000

# Compacted topics roll their segments often and compact soon, or an erased value would stay in the broker's files.
_SEGMENT_MS = 10 * 60 * 1000
_COMPACTION_LAG_MS_MAX = 30 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic. `days` is how long records are kept; None means compacted: the latest record per key stays."""

    name: str
    keyed_by: str
    purpose: str
    days: int | None
    partitions: int = 3

    @property
    def compacted(self) -> bool:
        """Whether the latest record per key is kept for good, so that a newcomer can read the current state."""
        return self.days is None

    @property
    def settings(self) -> dict[str, str]:
        """The topic's broker settings, as Kafka names them."""
        if self.days is None:
            return {
                "cleanup.policy": "compact",
                "segment.ms": str(_SEGMENT_MS),
                "max.compaction.lag.ms": str(_COMPACTION_LAG_MS_MAX),
            }
        return {"cleanup.policy": "delete", "retention.ms": str(self.days * _DAY_MS)}


CONTACTS = Topic("contacts", "contact_id", "The people we know; the only topic with an HCP's name or e-mail.", None)
CATALOG = Topic("catalog", "kind and id", "Campaigns and assets as they stand now.", None)
FIELD_FORCE = Topic("field-force", "kind and id", "Territories, accounts and reps as they stand now.", None)
ENGAGEMENTS = Topic("engagements", "contact_id", "What contacts did with our content.", 30)
LEADS = Topic("leads", "lead_id", "Who should call, why, how far they got, and the clocks.", 30)
FEEDBACK = Topic("feedback", "lead_id or contact_id", "What reps reported, as codes, what they were told back, and verdicts on texts.", 30)
SEALED_TEXTS = Topic(
    "sealed-texts", "contact_id, or receipt_id of nobody known", "What was typed at marketing's door, sealed for feedback.", 7
)
CASES = Topic("cases", "case_id", "That a case exists: ids, kinds and times only.", 30)
LOOP = Topic("loop", "theme or decision id", "What was learnt, decided and changed.", 30)
ERASURES = Topic("erasures", "contact_id", "Who must be forgotten, and who has done it.", 90)

TOPICS = (CONTACTS, CATALOG, FIELD_FORCE, ENGAGEMENTS, LEADS, FEEDBACK, SEALED_TEXTS, CASES, LOOP, ERASURES)
