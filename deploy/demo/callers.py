"""Those who speak to the services in the play, each with a token of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from deploy.demo.checks import CannotGoOn
from deploy.demo.deployment import Deployment

TIMEOUT_SECONDS = 20.0  # a loaded machine may be slow; one that takes longer is broken
_PAGE_ITEMS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said. `content` is its JSON; None for an answer without any."""

    status: int
    content: Any


class Caller:
    """Somebody with a token."""

    def __init__(self, deployment: Deployment, http: httpx.Client, *, role: str, rep: str = "", sub: str = "") -> None:
        self._addresses = deployment.addresses
        self._http = http
        self._authorization = f"Bearer {deployment.token(role=role, rep=rep, sub=sub)}"

    def get(self, service: str, path: str, **query: str) -> Any:
        """The JSON found there. Raises CannotGoOn for any status but 200."""
        return self._content(self.attempt("GET", service, path, **query), {200}, f"GET {path} of {service}")

    def put(self, service: str, path: str, content: object) -> Any:
        """What the service says of the stored thing. Raises CannotGoOn for any status but 200 and 201."""
        return self._content(self.attempt("PUT", service, path, content=content), {200, 201}, f"PUT {path} of {service}")

    def post(self, service: str, path: str, content: object = None) -> Any:
        """What the service says of the posted thing. Raises CannotGoOn for any status but 200, 201 and 202."""
        return self._content(self.attempt("POST", service, path, content=content), {200, 201, 202}, f"POST {path} of {service}")

    def items(self, service: str, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        page = self.get(service, path, limit=str(_PAGE_ITEMS), **query)
        yield from page["items"]
        while page["next_cursor"] is not None:
            page = self.get(service, path, limit=str(_PAGE_ITEMS), cursor=page["next_cursor"], **query)
            yield from page["items"]

    def attempt(self, method: str, service: str, path: str, *, content: object = None, **query: str) -> Answer:
        """What the service says, whatever it is."""
        response = self._http.request(
            method,
            f"{self._addresses[service]}{path}",
            params=query,
            json=content,
            headers={"Authorization": self._authorization},
            timeout=TIMEOUT_SECONDS,
        )
        return answer_of(response)

    def _content(self, answer: Answer, wanted: set[int], asked: str) -> Any:
        if answer.status not in wanted:
            raise CannotGoOn(f"{asked} was answered {answer.status}: {answer.content}")
        return answer.content


def answer_of(response: httpx.Response) -> Answer:
    """The status and the JSON of a response; text stands for itself."""
    is_json = "json" in response.headers.get("Content-Type", "")
    return Answer(response.status_code, response.json() if is_json else response.text or None)


class Company:
    """Everybody who works with the services: desks by their work, reps and managers by their id."""

    def __init__(self, deployment: Deployment, http: httpx.Client) -> None:
        self._deployment = deployment
        self._http = http
        self._field: dict[tuple[str, str], Caller] = {}
        self.integrator = self._somebody(role="integration", sub="integrator")
        self.administrator = self._somebody(role="admin", sub="administrator")
        self.policy_author = self._somebody(role="sales_ops", sub="alice")
        self.policy_approver = self._somebody(role="sales_ops", sub="bob")
        self.marketing = self._somebody(role="marketing", sub="brand-manager")
        self.safety = self._somebody(role="safety", sub="safety-officer")

    def rep(self, rep_id: str) -> Caller:
        return self._in_the_field("rep", rep_id)

    def manager(self, rep_id: str) -> Caller:
        return self._in_the_field("manager", rep_id)

    def _in_the_field(self, role: str, rep_id: str) -> Caller:
        if (role, rep_id) not in self._field:
            self._field[role, rep_id] = Caller(self._deployment, self._http, role=role, rep=rep_id, sub=rep_id)
        return self._field[role, rep_id]

    def _somebody(self, *, role: str, sub: str) -> Caller:
        return Caller(self._deployment, self._http, role=role, sub=sub)
