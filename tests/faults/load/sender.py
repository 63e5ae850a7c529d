"""Platforms at work: bodies go out at a steady rate, whether or not earlier ones were answered, and come again until they are taken."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from deploy.auditor.testimony import WebhookTry, Witness
from deploy.demo import hubspot, mautic
from tests.faults.load.http import Http, NoAnswer
from tests.faults.load.population import HUBSPOT, MAUTIC
from tests.faults.load.script import IMPORT, Post

_VERDICTS = ("accepted", "duplicate", "ignored", "rejected")
# As real platforms do, only faster: they wait minutes.
_AGAIN_SECONDS_FIRST = 0.2
_AGAIN_SECONDS_MAX = 3.0
_TRY_SECONDS = 10.0
_AT_ONCE_MAX = 150


@dataclass(frozen=True, slots=True)
class Platforms:
    """How each source reaches intake, and what it signs with."""

    intake: str
    secrets: Mapping[str, str]
    import_authorization: str

    def address(self, source: str) -> str:
        """Where that source posts."""
        return f"{self.intake}/v1/engagements" if source == IMPORT else f"{self.intake}/v1/webhooks/{source}"

    def headers(self, post: Post) -> dict[str, str]:
        """The headers of a try made now: some signatures carry their time."""
        match post.source:
            case "mautic":
                return mautic.signature_headers(post.body, secret=self.secrets[MAUTIC])
            case "hubspot":
                url = self.address(HUBSPOT)
                return hubspot.signature_headers(post.body, secret=self.secrets[HUBSPOT], url=url, at=datetime.now(UTC))
            case _:
                return {"Content-Type": "application/json", "Authorization": self.import_authorization}


@dataclass(slots=True)
class Sent:
    """What became of what was sent so far. `broken_after_status`: the status had come and then the connection broke."""

    posts: int = 0
    acknowledged: int = 0
    tries: int = 0
    broken_after_status: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    without_retry_after: Counter[int] = field(default_factory=Counter)
    last_acknowledged_at: datetime | None = None


class Sender:
    """Posts what it is given and tells the witness of every try."""

    def __init__(
        self,
        platforms: Platforms,
        witness: Witness,
        http: Http,
        *,
        seed: int,
        at_once_max: int = _AT_ONCE_MAX,
        sent: Sent | None = None,
    ) -> None:
        self._platforms = platforms
        self._witness = witness
        self._http = http
        self._jitter = random.Random(seed)
        self._room = asyncio.Semaphore(at_once_max)
        self._sending: set[asyncio.Task[None]] = set()
        self.sent = sent or Sent()

    def crowd(self, *, intake: str, at_once_max: int) -> "Sender":
        """Another sender for the same platforms, to any process of intake and beside this one; what it sends is counted here."""
        platforms = replace(self._platforms, intake=intake)
        return Sender(platforms, self._witness, self._http, seed=self._jitter.randrange(1_000_000), at_once_max=at_once_max, sent=self.sent)

    @property
    def waiting(self) -> int:
        """How many posts are not acknowledged yet."""
        return len(self._sending)

    async def keep_rate(self, posts: Iterator[Post], *, per_second: float, stop: asyncio.Event) -> None:
        """Sends post after post at this rate until stopped. A slow answer slows nothing down: that is the point."""
        loop = asyncio.get_running_loop()
        began, begun = loop.time(), 0
        while not stop.is_set():
            while begun < (loop.time() - began) * per_second:
                self.begin(next(posts))
                begun += 1
            await asyncio.sleep(1 / per_second)

    def begin(self, post: Post) -> "asyncio.Task[None]":
        """Starts sending this one, now and again until it is acknowledged."""
        self.sent.posts += 1
        task = asyncio.create_task(self._send_until_taken(post))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return task

    async def all_taken(self, *, seconds: float) -> bool:
        """Whether everything begun is acknowledged within that time."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=seconds)
        return not self._sending

    async def give_up(self) -> None:
        """Ends what is still being sent."""
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send_until_taken(self, post: Post) -> None:
        tries = 0
        while not await self.try_once(post):
            wait = min(_AGAIN_SECONDS_FIRST * 2**tries, _AGAIN_SECONDS_MAX)
            await asyncio.sleep(wait * self._jitter.uniform(0.5, 1))
            tries += 1

    async def try_once(self, post: Post) -> bool:
        """One try; whether it was acknowledged."""
        async with self._room:
            at = datetime.now(UTC)
            status, answer = await self._post(post)
        is_taken = status is not None and 200 <= status < 300
        self.sent.tries += 1
        self.sent.statuses[str(status)] += 1
        if is_taken:
            self.sent.acknowledged += 1
            self.sent.last_acknowledged_at = datetime.now(UTC)
        self._witness.tell(
            WebhookTry(
                at=at,
                answered_at=datetime.now(UTC) if status is not None else None,
                source=post.source,
                body_sha256=hashlib.sha256(post.body).hexdigest(),
                items=list(post.items),
                status=status,
                receipt_id=answer.get("receipt_id"),
                counts={verdict: answer[verdict] for verdict in _VERDICTS if verdict in answer},
            )
        )
        return is_taken

    async def _post(self, post: Post) -> tuple[int | None, Mapping[str, Any]]:
        """Status and content; no content when the connection broke after the status had come."""
        try:
            answer = await self._http.post(
                self._platforms.address(post.source), self._platforms.headers(post), post.body, seconds=_TRY_SECONDS
            )
        except NoAnswer as broken:
            self.sent.broken_after_status += broken.status is not None
            return broken.status, {}
        if answer.status in (429, 503) and "retry-after" not in answer.headers:
            self.sent.without_retry_after[answer.status] += 1
        return answer.status, answer.content
