"""Programs that name themselves when they fetch an e-mail's picture or follow its links, and whether a person is behind them.

An agent is looked at once, when its event is read, and becomes the short name of a known one or nothing: neither it nor an address is kept
outside of the receipt. Most gateways take a browser's name; what they do gives those away (`machines.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.events.engagements import EngagementKind

Behind = Literal["machine", "person"]

# What somebody does by looking or following a link. Who leaves or answers is believed whatever their program is called.
INTEREST: frozenset[EngagementKind] = frozenset(
    {"email_opened", "email_clicked", "sms_clicked", "ad_clicked", "page_viewed", "content_downloaded"}
)
_AGENT_CHARS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """A program, the words in lower case by which it names itself, who is behind it, and why we say so."""

    name: str
    words: tuple[str, ...]
    behind: Behind
    because: str


KNOWN: tuple[KnownAgent, ...] = (
    KnownAgent(
        "image_proxy",
        ("googleimageproxy", "yahoomailproxy"),
        "person",
        "Gmail and Yahoo fetch a picture when its reader opens the e-mail, and keep it then; they hide who reads, not that somebody does"
        " (Google's help on images in Gmail; WURFL counts them as e-mail clients since 2018).",
    ),
    KnownAgent(
        "prefetching",
        ("edge/12.246 mozilla/5.0",),
        "machine",
        "Gmail fetching pictures ahead, when it thinks that somebody may open the e-mail (GMass on false opens in Gmail).",
    ),
    KnownAgent(
        "mail_client",
        ("microsoft outlook", "ms-office", "thunderbird/", "lotus-notes"),
        "person",
        "A program people read their e-mail with.",
    ),
    KnownAgent(
        "mail_gateway",
        (
            "barracuda", "mimecast", "proofpoint", "messagelabs", "symantec", "ironport", "fireeye", "forcepoint", "trendmicro",
            "trend micro", "sophos", "cloudmark", "mailscanner", "zscaler",
        ),
        "machine",
        "Gateways that open every e-mail and link before its reader can, where they say so (mautic issues 9798 and 16263).",
    ),
    KnownAgent(
        "link_preview",
        ("bingpreview", "google web preview", "facebookexternalhit", "facebot", "slackbot", "skypeuripreview", "whatsapp/", "bitlybot"),
        "machine",
        "Draws a picture of the page for whoever is shown the link, whether or not they follow it.",
    ),
    KnownAgent(
        "program",
        (
            "curl/", "wget/", "python-requests/", "python-urllib", "aiohttp/", "go-http-client", "okhttp/", "apache-httpclient", "java/",
            "libwww-perl", "node-fetch", "axios/", "ahc/", "headlesschrome", "phantomjs",
        ),
        "machine",
        "A library's own name, or a browser without a window: nobody looks at what it fetches.",
    ),
)  # fmt: skip
"""Looked through in this order: the first that fits decides."""

# Apple's Mail Privacy Protection fetches every picture in the background, and says nothing but this (SocketLabs and Twilio on such opens).
_APPLE_PRIVACY = "mozilla/5.0"
# As crawlers call themselves by convention; telephones by Cubot are no robots.
_CRAWLER = re.compile(r"(?:(?<!cu)bot|crawler|spider)\b")

_BY_WORD: Mapping[str, KnownAgent] = {word: known for known in KNOWN for word in known.words}


def is_machines(agent: str | None, kind: EngagementKind) -> bool:
    """Whether an act of that kind by a program of that name was nobody's. An unknown name tells nothing."""
    if not agent or kind not in INTEREST:
        return False
    name = agent[:_AGENT_CHARS_MAX].strip().lower()
    if name == _APPLE_PRIVACY:
        return kind == "email_opened"
    known = next((known for word, known in _BY_WORD.items() if word in name), None)
    return known.behind == "machine" if known is not None else _CRAWLER.search(name) is not None
