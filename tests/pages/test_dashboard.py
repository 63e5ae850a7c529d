"""The dashboard in a real browser, over a world in which the demo's launch is played."""

from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.pages.conftest import Story, Token

pytestmark = pytest.mark.page

SignIn = Callable[..., Page]
STEPS = ["engagements", "leads", "reports", "themes", "decisions", "changes", "reps told", "deliveries"]


def count(page: Page, step: str) -> int:
    return int(page.locator(f'[data-step="{step}"]').inner_text().replace(",", ""))


def test_counts_rise_on_an_open_page_while_the_story_is_played(sign_in: SignIn, story: Story, address: str, token: Token) -> None:
    page = sign_in("marketing")
    page.evaluate("window.neverReloaded = true")
    before = {step: count(page, step) for step in STEPS}
    story.play()
    expect(page.locator('[data-step="reps told"]')).not_to_have_text(str(before["reps told"]))
    [group] = httpx.get(f"{address}v1/funnel", headers={"Authorization": f"Bearer {token('marketing')}"}, trust_env=False).json()["groups"]
    entered = {stage["stage"]: stage["entered"] for stage in group["stages"]}
    expect(page.locator('[data-step="leads"]')).to_have_text(str(entered["mql"]))
    assert all(count(page, step) > before[step] for step in STEPS)
    shown = page.locator("#funnel tbody tr td:nth-child(2)").all_inner_texts()
    assert [int(one) for one in shown] == list(entered.values())
    expect(page.locator("#objections")).to_contain_text("dosing administration cardiology")
    expect(page.locator("#deliveries")).to_contain_text("demo-marketing")
    assert page.evaluate("window.neverReloaded")


def test_a_name_is_text_whatever_it_holds(sign_in: SignIn, address: str, token: Token) -> None:
    name = '"><img src=x onerror=alert(1)><script>alert(2)<\\script> {{ 7 * 7 }} \u202eevil'
    saved = httpx.put(
        f"{address}v1/subscriptions/{quote(name)}",
        headers={"Authorization": f"Bearer {token('marketing')}"},
        json={"url": "http://127.0.0.1:9/hook", "events": ["effect.measured"], "secrets": ["whsec_" + "A" * 32]},
        trust_env=False,
    )
    assert saved.status_code == 201, saved.text
    page = sign_in("marketing")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    expect(page.get_by_text(name)).to_be_visible()
    assert page.locator("main img, main script").count() == 0


def test_updates_can_be_paused(sign_in: SignIn, context: BrowserContext) -> None:
    context.clock.install()
    page = sign_in("marketing")
    pause = page.get_by_role("button", name="Pause updates")
    with page.expect_response("/"):
        page.clock.fast_forward(6_000)
    pause.click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(60_000)
    assert page.evaluate("1 + 1") == 2  # the page had its turn
    assert asked == []
    with page.expect_response("/"):
        pause.click()


def test_a_service_that_is_away_is_said_and_its_return_too(sign_in: SignIn, context: BrowserContext) -> None:
    context.clock.install()
    page = sign_in("marketing")
    page.route("**/*", lambda route: route.fulfill(status=503, body=""))
    with page.expect_response("/"):
        page.clock.fast_forward(6_000)
    expect(page.get_by_role("status")).to_contain_text("can’t be updated just now")
    page.unroute("**/*")
    with page.expect_response("/"):
        page.clock.fast_forward(6_000)
    expect(page.get_by_role("status")).to_be_empty()


def test_everything_that_acts_can_be_reached_and_seen_by_keyboard(sign_in: SignIn) -> None:
    page = sign_in("marketing")
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", f"{reached[-1]} shows no focus"
    assert reached == ["Skip to the content", "Sign out", "Pause updates"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pause updates")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("role", ["marketing", "sales_ops", "manager", "auditor"])
def test_the_page_is_built_for_everybody(sign_in: SignIn, story: Story, role: str) -> None:
    """What can be checked by rule of WCAG: language, title, landmarks, headings in order, names, and a table for each drawing."""
    story.play()
    page = sign_in(role)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title() == "The loop · Full Circle"
    for landmark in ("main", "banner"):
        expect(page.get_by_role(landmark)).to_have_count(1)
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = (
        "all => all.filter(one => !one.getAttribute('aria-labelledby') || !document.getElementById(one.getAttribute('aria-labelledby')))"
    )
    assert page.eval_on_selector_all("section, svg[role=img]", f"all => ({unnamed})(all).length") == 0
    assert page.eval_on_selector_all("svg:not([role=img]):not([aria-hidden=true])", "all => all.length") == 0
    assert page.eval_on_selector_all("svg.ring, svg.bar", "all => all.every(one => one.closest('section').querySelector('table'))")
    assert page.eval_on_selector_all("button", "all => all.every(one => one.textContent.trim())")
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [320, 360, 800, 1440])
def test_nothing_is_wider_than_the_screen(sign_in: SignIn, story: Story, width: int) -> None:
    story.play()
    page = sign_in("marketing")
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# Relative luminance and contrast as WCAG 2.2 defines them, of every text against the nearest ground that is painted.
_FAINT_TEXTS = """
() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter(one => !one.closest("svg") && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
    .map(one => [one.textContent.trim(), luminance(numbers(getComputedStyle(one).color)), luminance(ground(one))])
    .map(([text, a, b]) => [text, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)])
    .filter(([, contrast]) => contrast < 4.5);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(sign_in: SignIn, story: Story, scheme: str) -> None:
    story.play()
    page = sign_in("marketing")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert page.evaluate(_FAINT_TEXTS) == []
