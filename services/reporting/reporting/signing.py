"""Signing as the Standard Webhooks specification says, by its own library, whose edges are kept in here."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

_PREFIX = "whsec_"
_SECRET_BYTES_MIN, _SECRET_BYTES_MAX = 24, 64


def secret_problem(secret: str) -> str | None:
    """What is wrong with a secret, as the end of a sentence; None when it can sign."""
    encoded = secret.removeprefix(_PREFIX).rstrip("=")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return f"must be base64, with or without {_PREFIX} before it"
    if not _SECRET_BYTES_MIN <= len(decoded) <= _SECRET_BYTES_MAX:
        return f"must encode {_SECRET_BYTES_MIN} to {_SECRET_BYTES_MAX} bytes"
    return None


def signed_headers(secrets: Sequence[str], *, webhook_id: str, at: datetime, body: str) -> dict[str, str]:
    """The three headers of one attempt. Every secret signs, so that a receiver may hold the old or the new one."""
    moment = at.astimezone(UTC)  # the library reads the clock face and takes it for UTC, whatever the zone
    signatures = [Webhook(secret).sign(webhook_id, moment, body) for secret in secrets]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
