"""What every platform tells of an e-mail it sent: which one, to see a delivery and a click together, and whose program opened it."""

from collections.abc import Callable
from typing import Any

import pytest

from intake.decisions.acts import Act
from intake.decisions.adapters import SourceFacts, items_in
from intake.decisions.machines import link_of, own_evidence, sending_of
from intake.platforms import PLATFORMS
from tests.intake import vendor_bodies, vendors
from tests.intake.platforms import email_opened, page_hit

A, B = "https://brand.test/a", "https://brand.test/b"
PROGRAM = "python-requests/2.31.0"


def one(adapter: str, body: Any) -> Act:
    encoded = vendor_bodies.as_form(body) if adapter == "activecampaign" else vendor_bodies.as_json(body)
    [item] = items_in(encoded, {}, PLATFORMS[adapter], SourceFacts("source"))
    assert isinstance(item, Act)
    return item


def hit(**changes: Any) -> Any:
    return {"mautic.page_on_hit": page_hit(**{"email": {"id": 5}, "url": A, **changes})}


def ens(name: str, **info: Any) -> Any:
    return [vendors.ens_event(name, info=info, composite={"jobId": "70", "batchId": "80", "listId": "90", "subscriberId": "100"})]


def stated(kind: str, **changes: Any) -> Any:
    return vendors.standard_message(vendors.stated_engagement(kind=kind, asset_id=None, attributes={}, **changes))


# A telling of the same e-mail: before anybody looked where the platform tells of deliveries, else an open; and a click on a link of it.
TOLD: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "sendgrid": (
        vendors.sendgrid_event("delivered", sg_message_id="msg-1.recvd-9.0"),
        lambda link: vendors.sendgrid_event("click", url=link),
    ),
    "customerio": (
        vendors.customerio_event(metric="delivered"),
        lambda link: vendors.customerio_event(metric="clicked", data={"href": link, "action_id": 37}),
    ),
    "mautic": ({"mautic.email_on_open": email_opened()}, lambda link: hit(url=link)),
    "salesforce-marketing-cloud": (
        ens("EngagementEvents.EmailOpen"),
        lambda link: ens("EngagementEvents.EmailClick", contentLink=link),
    ),
    "segment": (
        vendors.segment_call("track", "Email Delivered"),
        lambda link: vendors.segment_call("track", "Email Link Clicked", properties={"email_id": "welcome-2", "link_url": link}),
    ),
    "standard-webhooks": (stated("email_delivered", email_id="5"), lambda link: stated("email_clicked", email_id="5", url=link)),
    "brevo": (vendor_bodies.brevo("delivered"), lambda link: vendor_bodies.brevo("click", link=link)),
    "mailgun": (vendor_bodies.mailgun("delivered"), lambda link: vendor_bodies.mailgun("clicked", url=link)),
    "postmark": (vendor_bodies.postmark("Delivery"), lambda link: vendor_bodies.postmark("Click", OriginalLink=link)),
    "klaviyo": (vendor_bodies.klaviyo("received_email"), lambda link: vendor_bodies.klaviyo("clicked_email", URL=link)),
    "activecampaign": (vendor_bodies.activecampaign("open"), lambda link: vendor_bodies.activecampaign("click", **{"link[url]": link})),
}


@pytest.mark.parametrize("adapter", TOLD)
def test_what_is_told_of_one_e_mail_is_told_together_and_its_links_apart(adapter: str) -> None:
    first, click = TOLD[adapter]
    sendings = {sending_of(one(adapter, body)) for body in (first, click(A), click(B))}
    assert len(sendings) == 1
    assert sendings != {None}
    links = [link_of(one(adapter, click(link))) for link in (A, B, A)]
    assert links[0] == links[2] != links[1]
    assert None not in links


@pytest.mark.parametrize(
    ("adapter", "body", "other"),
    [
        ("sendgrid", vendors.sendgrid_event("delivered"), vendors.sendgrid_event("delivered", sg_message_id="msg-2.filter.0")),
        ("customerio", vendors.customerio_event(), vendors.customerio_event(data={"delivery_id": "other"})),
        ("brevo", vendor_bodies.brevo("opened"), vendor_bodies.brevo("opened", **{"message-id": "<m-2@relay.test>"})),
        ("postmark", vendor_bodies.postmark("Open"), vendor_bodies.postmark("Open", MessageID="another")),
        ("mailgun", vendor_bodies.mailgun("opened"), vendor_bodies.mailgun("opened", message={"headers": {"message-id": "m-2"}})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_e_mail_sent_another_time_is_another_sending_where_the_platform_says_so(adapter: str, body: Any, other: Any) -> None:
    assert sending_of(one(adapter, body)) != sending_of(one(adapter, other))


@pytest.mark.parametrize(
    ("adapter", "body"),
    [
        ("sendgrid", vendors.sendgrid_event("click", url=A, useragent=PROGRAM)),
        ("customerio", vendors.customerio_event(metric="clicked", data={"user_agent": PROGRAM})),
        ("mautic", hit(userAgent=PROGRAM)),
        ("salesforce-marketing-cloud", ens("EngagementEvents.EmailClick", userAgent=PROGRAM)),
        ("segment", vendors.segment_call("page", None, context={"userAgent": PROGRAM})),
        ("brevo", vendor_bodies.brevo("click", user_agent=PROGRAM)),
        ("mailgun", vendor_bodies.mailgun("clicked", **{"client-info": {"user-agent": PROGRAM}})),
        ("postmark", vendor_bodies.postmark("Click", UserAgent=PROGRAM)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_a_platform_names_the_program_it_is_looked_at(adapter: str, body: Any) -> None:
    assert own_evidence(one(adapter, body)) == {"agent"}
