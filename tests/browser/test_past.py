"""The past: the fleet as it was known at a moment, with a slider and arrows, framed so that nobody takes it for now."""

import datetime
import time
import urllib.parse

import axe
import pytest
from conftest import picture, playing, resize, scheme
from page import Keys, Page
from simulator.collector import Collector

ACTIONS = "main button, .server-actions, .change-form, dialog.ask, #csv, .acknowledge, #pill"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """(stage, moment): MAIL-HQ2 is exposed at the moment, and mended since."""
    with Collector(tmp_path_factory.mktemp("past") / "collector") as collector, playing(collector) as stage:
        time.sleep(1.1)
        moment = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(1.1)
        del stage.part("MAIL-HQ2").server.adapters[1]
        stage.send("MAIL-HQ2")
        yield stage, moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def stage(told):
    return told[0]


@pytest.fixture
def moment(told):
    return told[1]


@pytest.fixture
def page(browser, stage):
    return Page(browser, stage.collector).wait_for_rows(12)


def go(page, moment, query="", words="was known at"):
    page.driver.get(f"{page.url}/?{query}&at={urllib.parse.quote(moment)}")
    return wait(page, words)


def wait(page, words="was known at"):
    """Until the past that was asked for is shown."""
    page.wait(lambda: words.lower() in page.text("body").lower() and page.run(
        "return document.querySelector('#past-frame')?.getAttribute('aria-busy') === 'false'"),
        f"the past, with {words}")
    return page


def at(page):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(page.driver.current_url).query).get("at", [""])[0]


def test_the_list_is_that_of_then(page, moment):
    now = page.row_text("MAIL-HQ2", ".c-verdict")
    go(page, moment).wait_for_rows(12)
    assert page.row_text("MAIL-HQ2", ".c-verdict") == "Exposed" != now
    assert page.count("exposed") == "2" and page.count("not_monitored") == "–"
    assert "adapter" in page.row_text("MAIL-HQ2", ".c-why").lower()


def test_the_frame_says_so_and_nothing_can_be_changed(page, moment):
    go(page, moment).wait_for_rows(12)
    assert "THE PAST" in page.text("#past-frame") and "Nothing here is of now" in page.text("#past-frame")
    assert page.text("#live") == "Not live: the past"
    for query, words in (("", "Server"), ("server=MAIL-HQ2", "Adapters"), ("page=sites", "Organization"),
                         ("page=matrix&organization=DEMO&site=HQ", "Who reached whom")):
        go(page, moment, query, words)
        assert page.run("return [...document.querySelectorAll(arguments[0])].filter((n) => !n.matches('.link'))"
                        ".map((n) => n.outerHTML)", ACTIONS) == [], query
        assert page.run("return getComputedStyle(document.body).outlineStyle") == "double"
        assert page.run("return document.title").startswith("The past")
    assert page.complaints() == []


def test_links_stay_in_the_past_and_one_leads_back(page, moment):
    go(page, moment).wait_for_rows(12)
    page.click("tr[data-server='MAIL-HQ2'] .name")
    wait(page, "Why")
    assert at(page) == moment and page.text("#server-name") == "MAIL-HQ2"
    assert "Exposed" in page.text(".server-head")
    page.click("#matrix-link")
    wait(page, "Who reached whom")
    assert at(page) == moment
    page.click(".tabs a[href*='sites']")
    wait(page, "Sites then")
    assert at(page) == moment
    page.click("#sites .count")
    wait(page).wait(lambda: page.rows(), "servers of the count")
    assert at(page) == moment
    page.click("#past-end")
    page.wait(lambda: page.text("#live").startswith("Live"), "now")
    assert at(page) == "" and page.run("return document.body.classList.contains('past')") is False


def test_the_arrows_lead_to_the_changes_of_what_is_shown(page, moment, stage):
    history = stage.collector.get("/v1/servers/MAIL-HQ2/history")[2]
    go(page, moment, "server=MAIL-HQ2", "Why")
    visited = [moment]
    while "Exposed" in page.text(".server-head"):  # its adapters, how they reach others, and then the verdict
        page.click("#past-after")
        page.wait(lambda: at(page) != visited[-1], "the change after")
        wait(page, "Why")
        visited.append(at(page))
        assert visited[-1] > visited[-2] and visited[-1] in history
    page.click("#past-before")
    page.wait(lambda: at(page) != visited[-1], "the change before")
    wait(page, "Why").wait(lambda: "Exposed" in page.text(".server-head"), "the verdict of then")
    assert at(page) < visited[-1] and at(page) in history


def test_the_slider_goes_by_keys_and_says_the_moment(page, moment):
    go(page, moment).wait_for_rows(12)
    slider = "document.querySelector('#past-slider')"
    assert page.run(f"return {slider}.getAttribute('aria-valuetext').length") > 8
    page.run(f"{slider}.focus()")
    page.press(Keys.HOME)
    page.wait(lambda: at(page) < moment, "the slider's begin")
    begin = at(page)
    page.press(Keys.END)
    page.wait(lambda: at(page) > moment, "its end")
    assert page.run(f"return document.activeElement === {slider}")
    page.press(Keys.ARROW_LEFT)
    page.wait(lambda: begin < at(page), "a step back")
    wait(page).wait_for_rows(12)


def test_a_moment_can_be_chosen(page, moment):
    go(page, moment).wait_for_rows(12)
    page.run("localStorage.setItem('mtawatch.zone', 'utc')")
    page.run("const f = document.querySelector('#past-moment'); f.value = f.value; f.stepUp(1);"
             "f.dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait(lambda: at(page) != moment, "another moment")
    seconds = datetime.datetime.fromisoformat(at(page)) - datetime.datetime.fromisoformat(moment)
    assert abs(seconds.total_seconds()) < 1.1


def test_a_moment_of_which_nothing_is_kept_is_refused_in_words(page):
    go(page, "2001-02-03T04:05:06Z", words="the history that is kept begins at")
    assert "THE PAST" in page.text("#past-frame")
    page.click("#past-end")
    page.wait_for_rows(12)


def test_the_past_does_not_change_when_something_happens(page, moment, stage):
    go(page, moment).wait_for_rows(12)
    before = page.text("#rows")
    page.run("window.asked = performance.getEntriesByType('resource').length")
    stage.send()
    time.sleep(4)
    assert page.text("#rows") == before
    assert not page.run("return performance.getEntriesByType('resource').slice(window.asked)"
                        ".some((e) => /v1\\/(servers|sites|alerts)/.test(e.name))")


def test_it_is_entered_by_a_button(page):
    page.click("#past")
    wait(page).wait_for_rows(12)
    assert at(page)


def test_the_search_is_one_in_the_past(page, moment):
    go(page, moment).wait_for_rows(12)
    page.press("/")
    page.press(*"HQ2")
    page.wait(lambda: page.rows() == ["MAIL-HQ2"], "what was searched for")
    assert at(page) == moment


@pytest.mark.parametrize("name, query, words", [
    ("list", "", "Server"), ("server", "server=MAIL-HQ2", "Adapters"), ("sites", "page=sites", "Sites then"),
    ("matrix", "page=matrix&organization=DEMO&site=HQ", "Who reached whom")])
def test_it_can_be_read_by_everybody(page, browser, moment, name, query, words):
    source = axe.fetch()
    go(page, moment, query, words)
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == []
        assert page.faint_texts() == []
        picture(browser, f"past-{name}-{colours}")
    resize(browser, 390, 844)
    assert page.fits()
    picture(browser, f"past-{name}-phone")


def test_on_paper_it_says_that_it_is_the_past(page, browser, moment):
    go(page, moment).wait_for_rows(12)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert "THE PAST" in page.text("#past-frame")
        assert page.run("return getComputedStyle(document.body).borderTopStyle") == "double"
        assert not page.run("return document.querySelector('.past-tools').checkVisibility()")
        picture(browser, "past-print")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
