"""Logging in and out, by a person with a keyboard, in a real browser."""

import pytest
from conftest import picture, scheme
from page import Keys, Page
from simulator.collector import Collector


class Login(Page):
    """The login page, as a stranger meets it who asked for the dashboard."""

    def __init__(self, driver, collector, query=""):
        self.driver = driver
        self.url = collector.url
        driver.get(f"{collector.url}/login")
        driver.delete_all_cookies()
        driver.get(f"{collector.url}/{query}")
        self.wait_for_login()

    def wait_for_login(self):
        self.wait(lambda: self.run("return document.querySelector('#token') !== null"), "the login page")

    def rows(self):
        return super().rows() or []


@pytest.fixture
def login(browser, stage):
    return Login(browser, stage.collector)


def cookies(browser):
    return {cookie["name"]: cookie for cookie in browser.get_cookies()}


def test_a_stranger_sees_the_login_and_nothing_else(login, browser, stage):
    assert browser.current_url == f"{stage.collector.url}/login"
    assert login.run("return document.activeElement.id") == "token"
    assert login.rows() == []
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert login.faint_texts() == []
        picture(browser, f"login-{colours}")


def test_a_token_and_enter_lead_to_what_was_asked_for(browser, stage):
    login = Login(browser, stage.collector, "?verdict=exposed")
    login.press(stage.collector.token, Keys.ENTER)
    login.wait_for_rows(2)
    assert browser.current_url == f"{stage.collector.url}/?verdict=exposed"
    session = cookies(browser)["mtawatch_session"]
    assert session["httpOnly"] and session["sameSite"] == "Strict" and not session["secure"]
    assert stage.collector.token not in session["value"]
    assert login.run("return document.cookie") == ""
    login.wait(lambda: login.run("return document.querySelector('#logout').title") == "Logged in as admin (admin)",
               "who is logged in")
    assert login.complaints() == []


def test_a_wrong_token_is_said_and_can_be_corrected(login, browser, stage):
    login.press("mtw_v" + "0" * 64, Keys.ENTER)
    login.wait(lambda: "no valid token" in login.text("#error"), "the error is shown")
    assert login.run("return document.activeElement.id") == "token"
    picture(browser, "login-refused")
    login.press(stage.collector.token, Keys.ENTER)  # the wrong one is selected, and typed over
    login.wait_for_rows(12)


def test_logging_out_ends_the_session(login, browser, stage):
    login.press(stage.collector.token, Keys.ENTER)
    login.wait_for_rows(12)
    before = cookies(browser)["mtawatch_session"]["value"]
    login.click("#logout")
    login.wait_for_login()
    assert "mtawatch_session" not in cookies(browser)
    status, _, _ = stage.collector.get("/v1/servers", {"Cookie": f"mtawatch_session={before}"})
    assert status == 401


def test_a_page_whose_session_ends_goes_to_the_login_and_back(login, browser, stage):
    login.press(stage.collector.token, Keys.ENTER)
    login.wait_for_rows(12)
    login.click(".tile[data-verdict=silent]")
    browser.delete_all_cookies()
    login.wait_for_login()
    login.wait(lambda: "Your session has ended" in login.text("#form"), "it says why")
    login.press(stage.collector.token, Keys.ENTER)
    login.wait(lambda: login.rows() == ["MAIL-BR5"], "the filter is still there")


class ProxyUser(Page):
    """The dashboard for somebody whom a proxy names; the browser says what that proxy would."""

    def __init__(self, driver, collector, user, groups):
        self.driver = driver
        self.url = collector.url
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {
            "headers": {"Remote-User": user, "Remote-Groups": groups}})
        driver.get(collector.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})


def test_a_user_of_a_proxy_sees_their_name_and_no_way_to_log_out(browser, tmp_path):
    options = ["--trusted-proxies", "127.0.0.1", "--operator-groups", "team"]
    with Collector(tmp_path / "collector", *options) as collector, \
            ProxyUser(browser, collector, "alice@example.com", "team") as page:
        page.wait(lambda: page.run("return document.querySelector('#user')?.textContent") == "alice@example.com",
                  "the name of the user")
        assert page.run("return document.querySelector('#logout')") is None
        assert page.run("return document.querySelector('#user').title") == "Logged in as alice@example.com (operator)"
        assert page.faint_texts() == []
        picture(browser, "user-of-proxy")
