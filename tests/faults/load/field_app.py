"""The field at work: reps report what came of their leads and what they heard, and once a second somebody tells of an adverse event."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import orjson

from deploy.auditor.testimony import Canary, ReportTry, Witness
from tests.faults.load.http import Http, NoAnswer, is_settled, until_settled
from tests.faults.load.population import Population

ReportKind = Literal["outcome", "objection", "insight"]
Mention = Literal["flagged", "in_words"]

_TRY_SECONDS = 10.0
_LEADS_LISTED = 50
_LEADS_REMEMBERED = 2_000

_HARM = (
    "The patient got a rash after the second dose.",
    "She told me one of her patients fainted at home last week.",
    "He had to take somebody off it because of severe nausea.",
    "Two patients were dizzy for days, one was hospitalised.",
)
_ORDINARY = ("Asked for the titration table.", "Would like to see it beside the other one.", "Said the schedule is hard to explain.")
_CALLS = (
    ("no_answer",),
    ("contacted",),
    ("contacted", "follow_up_agreed"),
    ("accepted", "contacted", "qualified", "meeting_booked"),
    ("not_interested",),
)
_TOPICS = ("dosing_administration", "efficacy", "access_formulary", "switching", "guideline")
# Where what a rep typed may stand: with the case, or with the report, and nowhere else.
_WORDS_BELONG_IN = ["feedback.case_texts", "feedback.report_notes"]


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead as a rep's list had it: theirs at that time, of a territory or of none, with a brief in this version."""

    id: str
    rep_id: str
    territory_id: str | None
    brief_version: int


@dataclass(frozen=True, slots=True)
class Report:
    """One report as an app keeps it until it is taken. Sent again it is the same report."""

    id: UUID
    kind: ReportKind
    rep_id: str
    content: Mapping[str, Any]
    mention: Mention | None = None


@dataclass(slots=True)
class Reported:
    """What became of the reports so far."""

    posts: int = 0
    mentions: int = 0
    mentions_taken: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    last_mention_taken_at: datetime | None = None


class FieldApp:
    """All reps' apps. `authorizations` are headers by rep id."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        authorizations: Mapping[str, str],
        people: Population,
        *,
        seed: int,
        witness: Witness,
        http: Http,
    ) -> None:
        self._addresses = addresses
        self._authorizations = authorizations
        self._reps: Sequence[str] = [rep.id for rep in people.reps]
        self._people = people
        self._random = random.Random(seed)
        self._witness = witness
        self._http = http
        self._leads: deque[KnownLead] = deque(maxlen=_LEADS_REMEMBERED)
        self._seen: set[str] = set()
        self._known = {person.id for person in people.people}
        self._posting: set[asyncio.Task[None]] = set()
        self.reported = Reported()

    @property
    def waiting(self) -> int:
        """How many reports are not taken yet."""
        return len(self._posting)

    def leads(self) -> list[KnownLead]:
        """The leads listed so far."""
        return list(self._leads)

    async def work(self, *, reports_per_second: float, stop: asyncio.Event) -> None:
        """Reads leads and reports on them until stopped."""
        loop = asyncio.get_running_loop()
        began, done = loop.time(), 0
        rounds = self._reports_on_leads()
        while not stop.is_set():
            await self._list_leads(self._random.choice(self._reps))
            while done < (loop.time() - began) * reports_per_second and (report := next(rounds)) is not None:
                self.begin(report)
                done += 1
            await asyncio.sleep(0.5)

    async def tell_of_harm(self, *, per_second: float, stop: asyncio.Event) -> None:
        """Adverse events at a steady rate until stopped: by turns flagged, and only in words."""
        loop = asyncio.get_running_loop()
        began, told = loop.time(), 0
        while not stop.is_set():
            while told < (loop.time() - began) * per_second:
                self.begin(self.mention("flagged" if told % 2 else "in_words"))
                told += 1
            await asyncio.sleep(0.05)

    def mention(self, how: Mention) -> Report:
        """An adverse event, with words of its own to be looked for afterwards."""
        report_id = self._new_id()
        token = f"words-{report_id.hex[:12]}"
        self._witness.tell(Canary(at=datetime.now(UTC), text=token, kind="free_text", allowed_in=_WORDS_BELONG_IN))
        note = f"{self._random.choice(_HARM)} {token}"
        rep_id, subject = self._random.choice(self._reps), {"contact_id": self._random.choice(self._people.people).id}
        if self._leads:
            lead = self._random.choice(self._leads)
            rep_id, subject = lead.rep_id, {"lead_id": lead.id}
        content = self._objection(report_id, subject, note=note, is_flagged=how == "flagged")
        return Report(report_id, "objection", rep_id, content, how)

    def begin(self, report: Report) -> "asyncio.Task[None]":
        """Starts posting this one, now and again until it is taken."""
        self.reported.posts += 1
        self.reported.mentions += report.mention is not None
        task = asyncio.create_task(self._post_until_taken(report))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)
        return task

    async def all_taken(self, *, seconds: float) -> bool:
        """Whether everything begun is taken within that time."""
        if self._posting:
            await asyncio.wait(self._posting, timeout=seconds)
        return not self._posting

    async def give_up(self) -> None:
        """Ends what is still being posted."""
        for task in list(self._posting):
            task.cancel()
        await asyncio.gather(*self._posting, return_exceptions=True)

    def outcome(self, lead_id: str, rep_id: str, code: str) -> Report:
        """What came of a call."""
        report_id = self._new_id()
        content = {"id": str(report_id), "lead_id": lead_id, "code": code, "channel": "phone", "occurred_at": _now()}
        return Report(report_id, "outcome", rep_id, content)

    def objection(self, lead_id: str, rep_id: str, *, topic: str | None = None) -> Report:
        """What was objected, in ordinary words."""
        report_id = self._new_id()
        content = self._objection(report_id, {"lead_id": lead_id}, note=self._random.choice(_ORDINARY))
        return Report(report_id, "objection", rep_id, {**content, "topic": topic} if topic else content)

    def _objection(self, report_id: UUID, subject: Mapping[str, str], *, note: str, is_flagged: bool = False) -> dict[str, Any]:
        about = {"brand_id": self._people.launch.brand_id} if "contact_id" in subject else {}
        return {
            "id": str(report_id),
            **subject,
            **about,
            "topic": self._random.choice(_TOPICS),
            "nature": "concern",
            "reaction": "negative",
            "occurred_at": _now(),
            "note": note,
            "adverse_event": is_flagged,
            "medical_question": False,
        }

    def _reports_on_leads(self) -> Iterator[Report | None]:
        """Report after report on one lead after another; None while there is no lead left to call."""
        while True:
            if not self._leads:
                yield None
                continue
            lead = self._leads[self._random.randrange(len(self._leads))]
            for code in self._random.choice(_CALLS):
                yield self.outcome(lead.id, lead.rep_id, code)
            if self._random.random() < 0.5:
                yield self.objection(lead.id, lead.rep_id)

    async def _list_leads(self, rep_id: str) -> None:
        address = f"{self._addresses['routing']}/v1/leads"
        query = {"stage": "assigned", "limit": str(_LEADS_LISTED)}
        try:
            answer = await self._http.get(f"{address}?{urlencode(query)}", self._headers(rep_id), seconds=_TRY_SECONDS)
        except NoAnswer:
            return
        if answer.status == 200:
            for lead in orjson.loads(answer.body)["items"]:
                # Whom a drill has brought along, it looks after itself.
                if lead["contact_id"] in self._known and lead["id"] not in self._seen:
                    self._seen.add(lead["id"])
                    self._leads.append(KnownLead(lead["id"], rep_id, lead["territory_id"], lead["brief_version"]))

    async def _post_until_taken(self, report: Report) -> None:
        await until_settled(lambda: self._try_once(report), chance=self._random)

    async def _try_once(self, report: Report) -> bool:
        """One try; whether the app may forget the report: it was taken, or refused for what it says."""
        at, status, case_id = datetime.now(UTC), None, None
        address = f"{self._addresses['feedback']}/v1/{report.kind}s"
        try:
            answer = await self._http.post(address, self._headers(report.rep_id), orjson.dumps(report.content), seconds=_TRY_SECONDS)
            status, case_id = answer.status, answer.content.get("case_id")
        except NoAnswer as broken:
            status = broken.status
        self.reported.statuses[str(status)] += 1
        settled = is_settled(status)
        if settled and report.mention is not None:
            self.reported.mentions_taken += 1
            self.reported.last_mention_taken_at = datetime.now(UTC)
        self._witness.tell(
            ReportTry(
                at=at,
                answered_at=datetime.now(UTC) if status is not None else None,
                kind=report.kind,
                report_id=str(report.id),
                rep_id=report.rep_id,
                lead_id=report.content.get("lead_id"),
                contact_id=report.content.get("contact_id"),
                mention=report.mention,
                status=status,
                case_id=str(case_id) if case_id else None,
            )
        )
        return settled

    def _headers(self, rep_id: str) -> dict[str, str]:
        return {"Authorization": self._authorizations[rep_id], "Content-Type": "application/json"}

    def _new_id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def _now() -> str:
    return datetime.now(UTC).isoformat()
