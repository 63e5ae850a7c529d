"""What every act of the play stands on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from deploy.demo.callers import Company
from deploy.demo.checks import Checks, Say
from deploy.demo.deployment import Deployment
from deploy.demo.endpoint import MarketingEndpoint, open_endpoint
from deploy.demo.world import ReferenceWorld, reference_world


@dataclass(frozen=True, slots=True)
class Stage:
    """The world that is played, who plays in it, and what is expected and told."""

    deployment: Deployment
    http: httpx.Client
    world: ReferenceWorld
    company: Company
    endpoint: MarketingEndpoint
    checks: Checks
    say: Say


@contextmanager
def open_stage(deployment: Deployment, *, say: Say) -> Iterator[Stage]:
    """A stage with a world of this moment, and with marketing's endpoint listening while the block runs."""
    marketing = open_endpoint(listens=deployment.endpoint_listens, host=deployment.endpoint_host)
    # No proxy of the machine's environment gets between the play and the services.
    with httpx.Client(trust_env=False) as http, marketing as endpoint:
        yield Stage(
            deployment=deployment,
            http=http,
            world=reference_world(datetime.now(UTC)),
            company=Company(deployment, http),
            endpoint=endpoint,
            checks=Checks(say),
            say=say,
        )
