"""Posts webhooks at a steady rate to a deployment and counts what becomes of them: `python -m deploy.demo.steady --against <origin>`.

Run it beside a roll, a kill or an upgrade. It posts as marketing platforms do: what is not answered 2xx comes again, the same body,
later and later. At the end intake's receipts must hold every webhook, once.
"""

import argparse
import asyncio
import secrets
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import orjson

from deploy.demo import mautic
from deploy.demo.callers import Caller
from deploy.demo.checks import CannotGoOn
from deploy.demo.deployment import TOKEN_COMMAND, Deployment, deployment_behind
from deploy.demo.marketing import VERDICTS
from deploy.demo.mautic import Recipient

_RECIPIENTS = 50
# After each refusal longer than before, as platforms wait, but not for hours.
_AGAIN_AFTER_SECONDS = (1, 3, 10, 20, 30, 30, 30)
_SAY_EVERY_SECONDS = 10
_PATIENCE_SECONDS = 5.0  # what many platforms wait for an answer
_RUNS = 1_000_000  # a second of the clock each, so that two runs differ


@dataclass(slots=True)
class Tally:
    """What became of the webhooks so far."""

    posted: int = 0
    taken: int = 0
    given_up: int = 0
    first_refusals: Counter[str] = field(default_factory=Counter)
    """First tries that were not taken, by what was answered instead."""
    seconds: list[float] = field(default_factory=list)
    """How long each first try took."""

    def __str__(self) -> str:
        return f"{self.posted} posted, {self.taken} taken, {self.first_refusals.total()} not at the first try"

    def seconds_at(self, share: float) -> float:
        """The time within which that share of the first tries was answered."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))] if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Platform:
    """A Mautic of this run's own, known to the deployment as `source`."""

    http: httpx.AsyncClient
    url: str
    secret: str
    number: int
    tally: Tally

    async def post(self, place: int) -> None:
        """Posts the run's webhook number `place`, again until it is taken or its platform would give up."""
        body = orjson.dumps(self._body(place))
        headers = mautic.signature_headers(body, secret=self.secret)
        self.tally.posted += 1
        for attempt, pause in enumerate((0, *_AGAIN_AFTER_SECONDS)):
            await asyncio.sleep(pause)
            begun = time.monotonic()
            answer = await self._attempt(body, headers)
            if attempt == 0:
                self.tally.seconds.append(time.monotonic() - begun)
                self.tally.first_refusals.update([answer] if answer != "202" else [])
            if answer == "202":
                self.tally.taken += 1
                return
        self.tally.given_up += 1

    async def _attempt(self, body: bytes, headers: dict[str, str]) -> str:
        """The status, or what kept it from coming."""
        try:
            response = await self.http.post(self.url, content=body, headers=headers)
        except httpx.TransportError as failure:
            return type(failure).__name__
        return str(response.status_code)

    def _body(self, place: int) -> dict[str, object]:
        who = self.number * 100 + place % _RECIPIENTS
        recipient = Recipient(who, f"steady.{who}@example.org")
        [body] = mautic.bodies([mautic.opened(recipient, number=self.number * 100_000 + place, at=datetime.now(UTC))])
        return body


async def post_steadily(platform: Platform, *, rate: float, seconds: float) -> None:
    """Begins `rate` posts a second whatever becomes of them; returns when each of them was taken or given up."""
    begun = time.monotonic()
    said = 0
    async with asyncio.TaskGroup() as posts:
        for place in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + place / rate - time.monotonic()))
            posts.create_task(platform.post(place))
            if (elapsed := int(time.monotonic() - begun) // _SAY_EVERY_SECONDS) > said:
                said = elapsed
                print(f"{said * _SAY_EVERY_SECONDS:>5} s  {platform.tally}", flush=True)


def main() -> int:
    """Posts, counts, asks intake; returns the exit status: 0 when every webhook is on record once."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.steady", description=__doc__)
    parser.add_argument("--against", metavar="ORIGIN", required=True, help="the gateway, as in http://localhost:8080")
    parser.add_argument("--rate", type=float, default=100.0, help="webhooks a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long (default: %(default)s)")
    parser.add_argument("--token-command", default=TOKEN_COMMAND, help="prints a token of that deployment (default: %(default)s)")
    arguments = parser.parse_args()
    deployment = deployment_behind(arguments.against, token_command=arguments.token_command)
    try:
        with httpx.Client(trust_env=False) as http:
            administrator = Caller(deployment, http, role="admin", sub="administrator")
            return verdict(*_post_and_look(deployment, administrator, rate=arguments.rate, seconds=arguments.seconds))
    except (CannotGoOn, httpx.TransportError) as failure:
        print(failure, file=sys.stderr)
        return 1


def _post_and_look(deployment: Deployment, administrator: Caller, *, rate: float, seconds: float) -> tuple[Tally, Counter[str]]:
    """What became of the webhooks as their platform saw it, and the verdicts that intake has on record."""
    number, secret = int(time.time()) % _RUNS, secrets.token_urlsafe()
    source = f"steady-{number}"
    administrator.put("intake", f"/v1/sources/{source}", {"adapter": "mautic", "secrets": [secret], "settings": {"brand_id": source}})
    tally = asyncio.run(_post(f"{deployment.addresses['intake']}/v1/webhooks/{source}", secret, number, rate=rate, seconds=seconds))
    verdicts: Counter[str] = Counter()
    for receipt in administrator.items("intake", "/v1/receipts", source=source):
        verdicts.update({verdict: receipt[verdict] for verdict in VERDICTS})
    return tally, verdicts


async def _post(url: str, secret: str, number: int, *, rate: float, seconds: float) -> Tally:
    # A connection for each post, as platforms have it; looking through many idle ones would cost more than opening one.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_SECONDS, limits=limits) as http:
        platform = Platform(http, url, secret, number, Tally())
        await post_steadily(platform, rate=rate, seconds=seconds)
        return platform.tally


def verdict(tally: Tally, verdicts: Counter[str]) -> int:
    """Says what became of them; returns the exit status, which only what is on record decides."""
    half, most = (1000 * tally.seconds_at(share) for share in (0.5, 0.99))
    print(f"{tally.posted} webhooks posted; first answers within {half:.0f} ms (half of them), {most:.0f} ms (99 in 100)")
    refusals = ", ".join(f"{count} times {answer}" for answer, count in tally.first_refusals.most_common()) or "none"
    print(f"first tries not taken: {refusals}; given up: {tally.given_up}")
    print(
        f"on record: {verdicts['accepted']} accepted, {verdicts['duplicate']} known when they came again, {verdicts['rejected']} rejected"
    )
    missing = tally.posted - verdicts["accepted"]
    print("nothing lost, nothing doubled" if not missing else f"{missing} lost" if missing > 0 else f"{-missing} doubled")
    return 0 if not missing else 1


if __name__ == "__main__":
    sys.exit(main())
