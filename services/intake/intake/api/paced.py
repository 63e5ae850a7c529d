"""Who may write, and how fast: no more requests of one client than its limit lets pass, told before a body is read."""

from typing import Any

from fastapi import Depends
from starlette.requests import Request

from intake.decisions.rate_limits import RateLimit
from intake.operations.rate_limiter import RateLimiter, TooFast
from shared import problems
from shared.auth import Access, Identity, Role

CLIENT_LIMIT = RateLimit(per_second=500, burst=1_000)
"""Of one `sub` in one process, whatever it writes: above what a sender of arrays reaches, below what would starve the others."""

_COUNTED = "fullcircle.intake.paced"


class Paced(Access):
    """As `require`; 429 for who comes too fast. One limiter for all addresses of a service."""

    def __init__(self, limiter: RateLimiter, *roles: Role) -> None:
        super().__init__(frozenset(roles))
        self._limiter = limiter

    async def __call__(self, request: Request) -> Identity:
        identity = await super().__call__(request)
        if _COUNTED not in request.scope:  # asked once before the body is read and once with the endpoint's other parameters
            request.scope[_COUNTED] = True
            try:
                self._limiter.admit(identity.sub, CLIENT_LIMIT)
            except TooFast as error:
                raise problems.too_many_requests(
                    "More comes from this client than may; send it again.", retry_after_seconds=error.retry_after_seconds
                ) from None
        return identity


def paced(limiter: RateLimiter, *roles: Role) -> Any:
    """`identity: Annotated[Identity, paced(limiter, "integration")]`."""
    return Depends(Paced(limiter, *roles))
