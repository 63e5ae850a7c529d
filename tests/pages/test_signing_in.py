"""The way in and out, as a person walks it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.page

SignIn = Callable[..., Page]


def test_a_stranger_sees_the_form_and_a_wrong_token_is_answered_by_a_sentence(page: Page) -> None:
    assert (answer := page.goto("/")) is not None
    assert answer.status == 401
    field = page.get_by_label("Access token")
    expect(field).to_be_focused()
    field.fill("not a token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The token can't be read or its signature is wrong.")
    expect(page.get_by_label("Access token")).to_be_focused()


def test_a_token_opens_the_dashboard_and_no_script_can_read_it(sign_in: SignIn, context: BrowserContext) -> None:
    page = sign_in("marketing")
    expect(page.get_by_role("heading", level=1)).to_have_text("The loop")
    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0


def test_signing_out_forgets_the_session(sign_in: SignIn, context: BrowserContext) -> None:
    page = sign_in("marketing")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert context.cookies() == []


def test_another_role_is_told_so_and_can_sign_in_again(sign_in: SignIn) -> None:
    page = sign_in("rep", rep="rep-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not for your role")
    page.get_by_role("button", name="Sign in as somebody else").click()
    expect(page.get_by_label("Access token")).to_be_visible()


def test_the_page_shows_the_form_by_itself_when_its_session_ends(sign_in: SignIn, context: BrowserContext) -> None:
    page = sign_in("marketing")
    context.clear_cookies()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
