"""One adapter per platform: how its requests are proved, and what its events mean in the canonical vocabulary."""

from collections.abc import Mapping

from intake.decisions.adapters import (
    cloudevents,
    customerio,
    hubspot,
    marketo,
    mautic,
    salesforce_marketing_cloud,
    segment,
    sendgrid,
    standard_webhooks,
    zoom,
)
from intake.decisions.adapters.interface import Adapter, Answers
from intake.decisions.adapters.settings import SourceFacts
from intake.decisions.adapters.taking import items_in

__all__ = ["ADAPTERS", "Adapter", "Answers", "SourceFacts", "items_in"]

ADAPTERS: Mapping[str, Adapter] = {
    "cloudevents": cloudevents.ADAPTER,
    "customerio": customerio.ADAPTER,
    "hubspot": hubspot.ADAPTER,
    "marketo": marketo.ADAPTER,
    "mautic": mautic.ADAPTER,
    "salesforce-marketing-cloud": salesforce_marketing_cloud.ADAPTER,
    "segment": segment.ADAPTER,
    "sendgrid": sendgrid.ADAPTER,
    "standard-webhooks": standard_webhooks.ADAPTER,
    "zoom": zoom.ADAPTER,
}
