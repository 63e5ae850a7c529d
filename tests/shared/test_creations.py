"""Creating twice is safe."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.auth import anyone
from shared.bodies import Body, Label, Moment
from shared.creations import Again, First, IdempotencyKey, claim_creation, client_key
from shared.database import Database
from shared.problems import Problem
from tests.shared.small_app import router, serving


class Objection(Body):
    occurred_at: Moment
    topic: Label = "efficacy"
    asset: Label | None = None


def objection(**changes: object) -> Objection:
    return Objection.model_validate({"occurred_at": "2026-03-01T09:30:00Z", **changes})


async def create(
    database: Database, key: str | None, *, sub: str = "alice", scope: str = "objections", content: Objection | None = None
) -> dict[str, object]:
    """What an operation does with a creation: the answer the client is told."""
    async with database.transaction() as session:
        match await claim_creation(session, scope=scope, key=key, sub=sub, content=content or objection()):
            case Again(answer=answer):
                return answer
            case First() as first:
                answer = {"number": str(uuid4()), "note": "ü"}
                await first.keep(session, answer)
                return answer


async def test_the_same_content_again_gets_the_first_answer(database: Database) -> None:
    key = client_key(uuid4(), None, "alice")
    first = await create(database, key)
    assert await create(database, key) == first
    same_meaning = objection(occurred_at="2026-03-01T10:30:00+01:00", topic="efficacy", asset=None)
    assert await create(database, key, content=same_meaning) == first


async def test_a_release_that_adds_an_optional_field_still_knows_what_was_sent_before_it(database: Database) -> None:
    class LaterObjection(Objection):
        reaction: Label | None = None

    key = client_key(uuid4(), None, "alice")
    first = await create(database, key)
    later = LaterObjection.model_validate({"occurred_at": "2026-03-01T09:30:00Z"})
    assert await create(database, key, content=later) == first


@pytest.mark.parametrize("changes", [{"topic": "supply"}, {"asset": "a-1"}, {"occurred_at": "2026-03-01T09:30:01Z"}])
async def test_other_content_under_the_same_key_is_a_conflict(database: Database, changes: dict[str, object]) -> None:
    key = client_key(uuid4(), None, "alice")
    await create(database, key)
    with pytest.raises(Problem) as refused:
        await create(database, key, content=objection(**changes))
    assert refused.value.status == 409


async def test_someone_elses_id_is_a_conflict_that_does_not_show_their_answer(database: Database) -> None:
    key = client_key(uuid4(), None, "alice")
    first = await create(database, key)
    with pytest.raises(Problem) as refused:
        await create(database, key, sub="bob")
    assert refused.value.status == 409
    assert str(first["number"]) not in str(refused.value.document())


async def test_two_people_may_use_the_same_idempotency_key_and_two_scopes_the_same_id(database: Database) -> None:
    shared_id = uuid4()
    answers = [
        await create(database, client_key(None, "monday-1", "alice"), sub="alice"),
        await create(database, client_key(None, "monday-1", "bob"), sub="bob"),
        await create(database, client_key(shared_id, None, "alice"), scope="objections"),
        await create(database, client_key(shared_id, None, "alice"), scope="outcomes"),
    ]
    assert len({answer["number"] for answer in answers}) == 4


async def test_without_a_key_everything_is_the_first(database: Database) -> None:
    assert client_key(None, None, "alice") is None
    assert (await create(database, None))["number"] != (await create(database, None))["number"]
    async with database.reading() as session:
        assert (await session.execute(text("select count(*) from creations"))).scalar_one() == 0


async def test_an_id_counts_before_an_idempotency_key() -> None:
    assert client_key(UUID(int=7), "monday-1", "alice") == client_key(UUID(int=7), None, "bob")


async def test_an_idempotency_key_is_a_short_printable_word() -> None:
    api = router()

    @api.post("/things", dependencies=[anyone()])
    async def post_thing(idempotency_key: IdempotencyKey = None) -> dict[str, str | None]:
        return {"key": idempotency_key}

    async with serving(api) as client:
        assert (await client.post("/v1/things")).json() == {"key": None}
        assert (await client.post("/v1/things", headers={"Idempotency-Key": "monday-1"})).json() == {"key": "monday-1"}
        for wrong in ("", "two words", "x" * 201):
            assert (await client.post("/v1/things", headers={"Idempotency-Key": wrong})).status_code == 422


async def test_of_many_copies_at_once_one_creates_and_all_hear_the_same(database: Database) -> None:
    key = client_key(uuid4(), None, "alice")
    answers = await asyncio.gather(*(create(database, key) for _ in range(30)))
    assert len({answer["number"] for answer in answers}) == 1


async def test_a_creation_that_was_rolled_back_never_was(database: Database) -> None:
    key = client_key(uuid4(), None, "alice")
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await claim_creation(session, scope="objections", key=key, sub="alice", content=objection())
            raise RuntimeError
    assert await create(database, key)
