"""A running world, a real Chromium, and pages that are watched: no error is logged, nothing refused by policy or fetched elsewhere."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from deploy.demo.deployment import Deployment
from deploy.demo.play import play
from deploy.launcher.world import World, running_world

# Chromium of its own accord looks for updates, accounts and Google's hosts; a test machine has none of them.
_CHROMIUM_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Three rounds of updates: the page asks every five seconds.
_PATIENCE_MS = 15_000
# Chromium reports every refusal of the server so; a test that provokes one expects it.
_REFUSALS = ("status of 401 (Unauthorized)", "status of 403 (Forbidden)", "status of 503 (Service Unavailable)")

Token = Callable[..., str]


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture(scope="session")
def token(world: World) -> Token:
    """A token of the world's own issuer: `token("marketing", sub="maya")`."""
    return lambda role, rep="", sub="maya": world.token(role=role, rep=rep, sub=sub)


@pytest.fixture(scope="session")
def address(world: World) -> str:
    return world.addresses["reporting"] + "/"


class Story:
    """The demo's launch, played once however many tests rest on it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_played = False

    def play(self) -> None:
        if not self._is_played:
            checks, _ = play(Deployment(self._world.addresses, self._world.token), say=lambda _: None)
            assert not checks.failures
            self._is_played = True


@pytest.fixture(scope="session")
def story(world: World) -> Story:
    return Story(world)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong on the pages of one browser context."""

    origin: str
    troubles: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.endswith(_REFUSALS):
            self.troubles.append(message.text)

    def on_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if f"{url.scheme}://{url.netloc}" != self.origin:
            self.troubles.append(f"asked for {request.url}")


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser without cookies, on a desk by daylight. Fails the test when a page of it did what no page of ours does."""
    watch = Watch(address.rstrip("/"))
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light", base_url=address)
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    context.on("console", watch.on_console)
    context.on("request", watch.on_request)
    context.on("weberror", lambda error: watch.troubles.append(str(error.error)))
    yield context
    context.close()
    assert watch.troubles == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def sign_in(page: Page, token: Token) -> Callable[..., Page]:
    """Signs in through the form: `sign_in("marketing")`."""

    def sign_in(role: str, **whose: str) -> Page:
        page.goto("/")
        page.get_by_label("Access token").fill(token(role, **whose))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("/")
        return page

    return sign_in
