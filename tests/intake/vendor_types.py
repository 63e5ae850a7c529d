"""Every event type that platforms with a shipped mapping document, and what it is to become: a kind, or why it is ignored."""

from typing import Any

# Types that say all by their name, by what they become.
_PLAIN = {
    "brevo": """
        email_delivered: delivered
        email_opened: opened unique_opened proxy_open unique_proxy_open
        email_clicked: click
        email_bounced: hard_bounce soft_bounce invalid_email
        email_complained: spam complaint
        unsubscribed: unsubscribe unsubscribed
        sent_only: request sent unique_coupon_sent
        not_delivered_yet: deferred
        not_sent: blocked error
        reply_only: reply
        record_only: list_addition contact_updated contact_deleted
        """,
    "mailgun": """
        email_delivered: delivered
        email_opened: opened
        email_clicked: clicked
        email_bounced: bounced dropped
        email_complained: complained
        unsubscribed: unsubscribed
        sent_only: accepted
        not_sent: rejected
        reply_only: stored
        record_only: list_member_uploaded list_member_upload_error list_uploaded
        """,
    "postmark": """
        email_delivered: Delivery
        email_opened: Open
        email_clicked: Click
        email_complained: SpamComplaint
        not_sent: SMTPAPIError
        """,
    "klaviyo": """
        email_delivered: received_email email_delivered
        email_opened: opened_email
        email_clicked: clicked_email
        email_bounced: bounced_email
        email_complained: marked_email_as_spam
        sms_clicked: clicked_sms
        subscribed: subscribed_to_email_marketing subscribed_to_sms_marketing
        unsubscribed: unsubscribed_from_email_marketing unsubscribed_from_sms_marketing manually_suppressed_from_email_marketing
        suppression_lifted: manually_unsuppressed_from_email_marketing
        sent_only: sent_sms received_automated_response_sms
        not_sent: dropped_email failed_to_deliver_sms failed_to_deliver_automated_response_sms
        reply_only: received_sms
        record_only: updated_email_preferences subscribed_to_list
        no_kind: received_push opened_push bounced_push ready_to_review submitted_review submitted_rating
        """,
    "activecampaign": """
        email_opened: open
        email_clicked: click
        email_bounced: bounce
        subscribed: subscribe
        unsubscribed: unsubscribe sms_unsub
        sent_only: sent sms_sent
        reply_only: reply sms_reply
        no_kind: forward share
        record_only: update subscriber_note contact_tag_added contact_tag_removed contact_task_add list_add
        record_only: account_add account_update account_contact_add account_contact_update
        record_only: deal_add deal_update deal_note_add deal_pipeline_add deal_stage_add deal_task_add deal_task_complete deal_tasktype_add
        """,
    "mailchimp": """
        subscribed: subscribe
        record_only: profile upemail
        sent_only: campaign
        """,
    "typeform": """
        form_submitted: form_response
        not_submitted: form_response_partial
        """,
}

_POSTMARK_BOUNCES = """
    email_bounced: HardBounce SoftBounce Transient DnsError Blocked DMARCPolicy SpamNotification VirusNotification BadEmailAddress Unknown
    email_complained: SpamComplaint
    unsubscribed: Unsubscribe
    reply_only: Subscribe AutoResponder AddressChange OpenRelayTest ChallengeVerification
    record_only: ManuallyDeactivated Unconfirmed
    not_sent: SMTPApiError InboundError TemplateRenderingFailed
    """


def _listed(text: str) -> list[tuple[str, str]]:
    """The names in such a text, each with what it becomes."""
    lines = [line.strip().partition(": ") for line in text.strip().splitlines()]
    return [(name, becomes) for becomes, _, names in lines for name in names.split()]


def _suppression(becomes: str, *, is_on: bool, reason: str | None, origin: str = "Recipient") -> tuple[str, str, dict[str, Any], str]:
    return "postmark", "SubscriptionChange", {"SuppressSending": is_on, "SuppressionReason": reason, "Origin": origin}, becomes


# Platform, event type, what else tells, and what it becomes.
DOCUMENTED: list[tuple[str, str, dict[str, Any], str]] = [
    *((platform, event, {}, becomes) for platform, text in _PLAIN.items() for event, becomes in _listed(text)),
    *(("postmark", "Bounce", {"Type": bounce, "ID": 9}, becomes) for bounce, becomes in _listed(_POSTMARK_BOUNCES)),
    _suppression("unsubscribed", is_on=True, reason="ManualSuppression"),
    _suppression("unsubscribed", is_on=True, reason="something new"),
    _suppression("email_bounced", is_on=True, reason="HardBounce"),
    _suppression("email_complained", is_on=True, reason="SpamComplaint"),
    _suppression("subscribed", is_on=False, reason=None),
    _suppression("suppression_lifted", is_on=False, reason=None, origin="Customer"),
    ("mailgun", "failed", {"severity": "permanent", "reason": "bounce"}, "email_bounced"),
    ("mailgun", "failed", {"severity": "temporary", "reason": "greylisted"}, "not_delivered_yet"),
    ("mailchimp", "unsubscribe", {"data[action]": "unsub", "data[reason]": "manual", "data[campaign_id]": "cb39"}, "unsubscribed"),
    ("mailchimp", "unsubscribe", {"data[action]": "unsub", "data[reason]": "abuse", "data[campaign_id]": "cb39"}, "email_complained"),
    ("mailchimp", "unsubscribe", {"data[action]": "delete", "data[reason]": "manual"}, "unsubscribed"),
    ("mailchimp", "cleaned", {"data[reason]": "hard", "data[campaign_id]": "cb39"}, "email_bounced"),
    ("mailchimp", "cleaned", {"data[reason]": "abuse", "data[campaign_id]": "cb39"}, "email_complained"),
]
