"""The launch: a brand's campaign with its approved assets, and the policy that says who is worth a rep's call."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deploy.demo.cast import THEME_TOPIC

EMAIL_ID = 501
"""The launch e-mail's id in Mautic."""
PAGE_ALIAS = "how-it-works"
FORM_ALIAS = "dosing-guide-request"
VISIT_PROPERTY = "rep_visit_requested"
"""The contact property that a form in HubSpot sets when somebody asks for a visit."""

FIRST_OUTREACH_SECONDS = 4 * 60 * 60
_APPROVED_FOR = timedelta(days=365)
CAMPAIGN_LASTS = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Launch:
    """One brand's launch. `suffix` keeps its ids apart from those of other runs in the same world; `source` is the brand's Mautic."""

    suffix: str
    source: str
    today: date

    @property
    def brand_id(self) -> str:
        return f"cardiolex-{self.suffix}"

    @property
    def campaign_id(self) -> str:
        return f"launch-{self.suffix}"

    @property
    def guide_id(self) -> str:
        """The asset that marketing will change."""
        return f"dosing-guide-{self.suffix}"

    def campaign(self) -> dict[str, Any]:
        """The campaign as intake takes it."""
        return {
            "id": self.campaign_id,
            "brand_id": self.brand_id,
            "indication": "heart failure",
            "name": "Launch",
            "stage_goal": "consideration",
            "channels": [{"channel": "email", "role": "opens the conversation"}, {"channel": "field", "role": "answers questions"}],
            "asset_ids": [asset["id"] for asset in self.assets()],
            "activation": {"call_guide": "open with the titration schedule", "meeting_ask": "fifteen minutes on the first four weeks"},
            "starts_on": self.today.isoformat(),
            "ends_on": (self.today + CAMPAIGN_LASTS).isoformat(),
            "owner": "brand-team",
            "keys": [{"source": self.source, "kind": "email_series", "value": str(EMAIL_ID)}],
        }

    def assets(self) -> list[dict[str, Any]]:
        """An e-mail, a page and a form, each with the key by which Mautic's events name it."""
        return [
            self._asset(
                f"launch-email-{self.suffix}",
                title="A new start in heart failure",
                kind="email",
                topics=["efficacy"],
                journey_stage="awareness",
                key=("email", str(EMAIL_ID)),
            ),
            self._asset(
                f"landing-page-{self.suffix}",
                title="How it works",
                kind="page",
                topics=["efficacy", "patient_selection"],
                journey_stage="awareness",
                key=("page", PAGE_ALIAS),
            ),
            self.guide(version="1"),
        ]

    def guide(self, *, version: str) -> dict[str, Any]:
        """The dosing guide in this version; it answers what the theme will be about."""
        guide = self._asset(
            self.guide_id,
            title="Dosing guide",
            kind="guide",
            topics=[THEME_TOPIC],
            journey_stage="consideration",
            key=("form", FORM_ALIAS),
        )
        return {**guide, "version": version, "answers": [THEME_TOPIC]}

    def policy(self) -> dict[str, Any]:
        """Fit: who somebody is. Engagement: what somebody did. Only both together make an MQL."""
        return {
            "brand_id": self.brand_id,
            "title": "Launch: cardiologists and the internists of our accounts",
            "fit": [
                {"id": "cardiologist", "field": "specialty", "op": "eq", "value": "cardiology", "points": 40},
                {"id": "internist", "field": "specialty", "op": "eq", "value": "internal_medicine", "points": 30},
                {"id": "institution", "field": "account.institution_type", "op": "in", "value": ["hospital", "clinic"], "points": 10},
                {"id": "priority-account", "field": "account.priority", "op": "eq", "value": "A", "points": 10},
            ],
            "engagement": [
                {"id": "opened", "kinds": ["email_opened"], "points": 2, "half_life_days": 14, "cap": 6},
                {"id": "clicked", "kinds": ["email_clicked"], "points": 8, "half_life_days": 21},
                {"id": "read", "kinds": ["page_viewed"], "points": 4, "half_life_days": 21},
                {"id": "filled-in", "kinds": ["form_submitted"], "points": 15, "half_life_days": 30},
                {"id": "asked-for-visit", "kinds": ["rep_requested"], "points": 30, "half_life_days": 30},
            ],
            "gates": [{"id": "payers", "field": "kind", "op": "eq", "value": "payer", "reason": "payers are not called on"}],
            "readiness": [{"id": "asked", "kinds": ["form_submitted", "rep_requested"]}],
            "thresholds": {"fit": 40, "engagement": 20},
            "grades": {"fit": [50, 40], "engagement": [25, 20]},
            "clocks": {"first_outreach_seconds": FIRST_OUTREACH_SECONDS},
            "assignment": ["account_owner", "territory"],
        }

    def _asset(
        self, asset_id: str, *, title: str, kind: str, topics: list[str], journey_stage: str, key: tuple[str, str]
    ) -> dict[str, Any]:
        key_kind, value = key
        return {
            "id": asset_id,
            "version": "1",
            "brand_id": self.brand_id,
            "title": title,
            "kind": kind,
            "topics": topics,
            "journey_stage": journey_stage,
            "intent": "promotional",
            "claims": [],
            "answers": [],
            "approval": {
                "status": "approved",
                "code": f"MLR-{self.suffix}",
                "regions": ["US"],
                "expires_on": (self.today + _APPROVED_FOR).isoformat(),
            },
            "keys": [{"source": self.source, "kind": key_kind, "value": value}],
        }
