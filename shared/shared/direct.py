"""Direct answers: an address hot enough to be answered in front of FastAPI, whose routing and dependencies cost more than its own work.

FastAPI has the same address too, for its document and for whatever is unusual in a request for it: a direct answer is a short way to
the same function, never another one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from shared import problems

# Names as people give them; any other goes the long way, where it is validated.
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True, slots=True)
class Direct:
    """An address `<prefix><name>` and what answers it: an ASGI application that finds the name in the scope's `path_params`.

    `path` is the address as FastAPI has it, by which it is counted and logged.
    """

    method: str
    prefix: str
    parameter: str
    app: ASGIApp

    @property
    def path(self) -> str:
        return f"{self.prefix}{{{self.parameter}}}"


class DirectAnswers:
    """Pure ASGI, innermost: all that stands around every address stands around these."""

    def __init__(self, app: ASGIApp, *, direct: Sequence[Direct]) -> None:
        self.app = app
        self.direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            for one in self.direct:
                if path.startswith(one.prefix) and scope["method"] == one.method and _PLAIN_NAME.fullmatch(path, len(one.prefix)):
                    scope["route"] = one
                    scope["path_params"] = {one.parameter: path[len(one.prefix) :]}
                    await _answer(one.app, scope, receive, send)
                    return
        await self.app(scope, receive, send)


async def _answer(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  what is no anticipated one is raised again
        await problems.problem_response(problems.of_error(error))(scope, receive, send)
