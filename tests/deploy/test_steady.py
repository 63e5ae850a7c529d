"""The steady load: it must post again what was not taken, count what was refused first, and see what is missing or doubled."""

from collections import Counter

import httpx
import pytest

from deploy.demo.steady import Platform, Tally, post_steadily, verdict

SECRET = "a-secret-of-the-tests"


class Moody:
    """Answers each body's first posts with what it is told to, then takes it."""

    def __init__(self, *moods: int | Exception) -> None:
        self.moods = moods
        self.posts: Counter[bytes] = Counter()
        self.signatures: set[tuple[bytes, str]] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        place = self.posts[request.content]
        self.posts[request.content] += 1
        self.signatures.add((request.content, request.headers["Webhook-Signature"]))
        if place >= len(self.moods):
            return httpx.Response(202)
        mood = self.moods[place]
        if isinstance(mood, Exception):
            raise mood
        return httpx.Response(mood)


async def posted_to(moody: Moody, *, count: int) -> Tally:
    async with httpx.AsyncClient(transport=httpx.MockTransport(moody.answer)) as http:
        platform = Platform(http, "http://gateway.test/intake/v1/webhooks/steady", SECRET, 7, Tally())
        await post_steadily(platform, rate=1000, seconds=count / 1000)
        return platform.tally


async def test_what_is_not_taken_comes_again_the_same_until_it_is() -> None:
    moody = Moody(503, httpx.ConnectError("nobody listens"))
    tally = await posted_to(moody, count=3)
    assert (tally.posted, tally.taken, tally.given_up) == (3, 3, 0)
    assert tally.first_refusals == {"503": 3}
    assert set(moody.posts.values()) == {3}
    assert len(moody.posts) == len(moody.signatures) == 3


async def test_what_is_taken_at_once_is_posted_once() -> None:
    moody = Moody()
    tally = await posted_to(moody, count=20)
    assert (tally.posted, tally.taken, tally.first_refusals.total()) == (20, 20, 0)
    assert set(moody.posts.values()) == {1}


@pytest.mark.parametrize(("accepted", "status", "said"), [(5, 0, "nothing lost, nothing doubled"), (4, 1, "1 lost"), (6, 1, "1 doubled")])
def test_the_verdict_is_what_intake_has_on_record(accepted: int, status: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(Tally(posted=5, taken=5), Counter(accepted=accepted, duplicate=3)) == status
    assert capsys.readouterr().out.splitlines()[-1] == said
