"""F17, F35: very many requests at once: copies of one webhook, and requests in flight when intake is asked to go."""

from itertools import islice

from tests.faults.drills.drill import Drill
from tests.faults.rig import Rig

_OF_BODY = "SELECT count(*), coalesce(sum(accepted), 0), coalesce(sum(duplicate), 0) FROM receipts WHERE body = %(body)s"


async def copies(rig: Rig) -> None:
    """A day's webhooks come three times each; one comes a thousand times at once. Each is one engagement."""
    thrice, copies = int(rig.scaled(500, short=40)), int(rig.scaled(1_000, short=150))
    one = rig.load.script.submission(rig.chance.choice(rig.load.people.people))
    async with rig.fault("F17", f"{thrice} webhooks come three times each, and one comes {copies} times at once", recovery_seconds=30):
        async with rig.crowd(50) as sender:
            for post in islice(rig.load.script.posts(), thrice):
                for _ in range(3):
                    sender.begin(post)
        async with rig.crowd(copies) as sender:
            for _ in range(copies):
                sender.begin(one)

    async def one_row() -> None:
        [[receipts, accepted, duplicates]] = await rig.rows("intake", _OF_BODY, {"body": one.body})
        rig.must("a thousand copies are one engagement", accepted == 1, f"{accepted} accepted, {duplicates} duplicates")
        rig.must("every copy has its receipt", receipts >= copies and duplicates == receipts - 1, f"{receipts} receipts of {copies} copies")

    rig.afterwards(one_row)


async def asked_to_go(rig: Rig) -> None:
    """Whoever was told 2xx was told all of it; whoever was told nothing comes again."""
    requests = int(rig.scaled(1_000, short=150))
    sent = rig.load.sender.sent
    async with rig.fault("F35", f"intake is asked to go with {requests} requests in flight", recovery_seconds=30):
        for _ in range(int(rig.scaled(3, short=1))):
            async with rig.crowd(requests) as sender:
                for post in islice(rig.load.script.posts(), requests):
                    sender.begin(post)
                await rig.go_on_for(rig.scaled(0.3, short=0.1))
                in_flight = sender.waiting
                await rig.do(rig.world.stop, "intake")
                await rig.do(rig.world.restart, "intake")
            rig.must("requests were in flight when it was asked", in_flight >= requests / 3, f"{in_flight} of {requests}")
    rig.must("no connection breaks after its status came", sent.broken_after_status == 0, sent.broken_after_status)


DRILLS = (
    Drill("F17", "copies of webhooks, one after the other and all at once", copies),
    Drill("F35", "SIGTERM with requests in flight", asked_to_go),
)
