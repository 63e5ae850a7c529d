"""Leads handled by hand beside the reports: held and resumed, given to a colleague, their clocks stopped, their briefs answered."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from deploy.auditor.testimony import MoveTry, Verb, Witness
from tests.faults.load.field_app import KnownLead
from tests.faults.load.http import Http, NoAnswer, is_settled, until_settled
from tests.faults.load.population import Population
from tests.faults.load.preparation import Callers

_TRY_SECONDS = 10.0
# What is done with a lead, one thing after the other.
_WAYS: Sequence[Sequence[Verb]] = (
    ("hold",),
    ("hold", "resume"),
    ("reassign",),
    ("pause",),
    ("pause", "restart"),
    ("opened", "acted"),
    ("opened", "dismissed"),
)
_CLOCKS = ("first_outreach", "follow_up")
_REASON = {"reason_code": "by_the_drill"}


@dataclass(frozen=True, slots=True)
class _Move:
    """One thing that somebody does with a lead: where it is asked for, and with what."""

    verb: Verb
    lead: KnownLead
    by: str
    to: str
    clock: str

    @property
    def path(self) -> str:
        match self.verb:
            case "pause":
                return f"clocks/{self.clock}/pause"
            case "restart":
                return f"clocks/{self.clock}/resume"
            case "opened" | "acted" | "dismissed":
                return "brief/feedback"
            case _:
                return self.verb

    @property
    def body(self) -> Mapping[str, object]:
        match self.verb:
            case "reassign":
                return {**_REASON, "rep_id": self.to}
            case "opened" | "acted" | "dismissed":
                why = _REASON if self.verb == "dismissed" else {}
                return {**why, "kind": self.verb, "version": self.lead.brief_version}
            case _:
                return _REASON


class Handling:
    """Those who handle leads. Nobody else does, and each lead is handled once, so all that was accepted can be asked for afterwards."""

    def __init__(
        self,
        routing: str,
        who: Callers,
        people: Population,
        leads: Callable[[], list[KnownLead]],
        *,
        seed: int,
        witness: Witness,
        http: Http,
    ) -> None:
        """`leads` are those known by now."""
        self._address = f"{routing}/v1/leads"
        self._authorizations = {**who.by_role, **who.by_rep}
        self._reps = {rep.id: rep for rep in people.reps}
        self._leads = leads
        self._random = random.Random(seed)
        self._witness = witness
        self._http = http
        self._handled: set[str] = set()
        self._at_work: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many leads somebody is not done with yet."""
        return len(self._at_work)

    async def work(self, *, per_second: float, stop: asyncio.Event) -> None:
        """Takes one lead after the other at about that rate until stopped."""
        while not stop.is_set():
            left = [lead for lead in self._leads() if lead.id not in self._handled]
            if left:
                self._begin(self._random.choice(left))
            await asyncio.sleep(1 / per_second)

    async def all_done(self, *, seconds: float) -> bool:
        """Whether all that was begun is settled within that time."""
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=seconds)
        return not self._at_work

    async def give_up(self) -> None:
        """Ends what is still being tried."""
        for task in list(self._at_work):
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    def _begin(self, lead: KnownLead) -> None:
        self._handled.add(lead.id)
        rep, way = self._reps[lead.rep_id], self._random.choice(_WAYS)
        # The colleague has the same territories: who may see the lead stays as it was.
        colleagues = [other.id for other in self._reps.values() if other != rep and set(other.territory_ids) & set(rep.territory_ids)]
        to, clock = self._random.choice(colleagues), self._random.choice(_CLOCKS)
        by = self._random.choice(("sales_ops", str(rep.manager_id))) if "reassign" in way else rep.id
        task = asyncio.create_task(self._handle([_Move(verb, lead, by, to, clock) for verb in way]))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _handle(self, moves: Sequence[_Move]) -> None:
        """One after the other, each until it is settled."""
        for move in moves:
            await until_settled(lambda: self._try_once(move), chance=self._random)  # noqa: B023 - it has settled by the next one

    async def _try_once(self, move: _Move) -> bool:
        at, status = datetime.now(UTC), None
        headers = {"Authorization": self._authorizations[move.by], "Content-Type": "application/json"}
        address = f"{self._address}/{move.lead.id}/{move.path}"
        try:
            status = (await self._http.post(address, headers, orjson.dumps(move.body), seconds=_TRY_SECONDS)).status
        except NoAnswer as broken:
            status = broken.status
        answered_at = datetime.now(UTC) if status is not None else None
        self._witness.tell(
            MoveTry(
                at=at,
                answered_at=answered_at,
                verb=move.verb,
                lead_id=move.lead.id,
                by=move.by,
                to=move.to if move.verb == "reassign" else None,
                clock=move.clock if move.verb in ("pause", "restart") else None,
                version=move.lead.brief_version if move.verb in ("opened", "acted", "dismissed") else None,
                status=status,
            )
        )
        return is_settled(status)
