"""What the page does by itself: follows changes, keeps rows under the pointer, says when it is old."""

from conftest import picture
from page import Keys, Page
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By


def mend(stage, host="MAIL-HQ2"):
    """Its administrator takes the second adapter out."""
    del stage.part(host).server.adapters[1]
    stage.send(host)


def test_a_changed_server_moves_by_itself(page, stage):
    page.run("window.notReloaded = true")
    before = page.rows()
    mend(stage)
    page.wait(lambda: page.row_text("MAIL-HQ2", ".c-verdict") == "Clear", "MAIL-HQ2 becomes clear")
    page.wait(lambda: page.rows().index("MAIL-HQ2") > page.rows().index("MAIL-HQ6"), "and moves down")
    assert page.run("return window.notReloaded")
    assert page.rows() != before
    page.wait(lambda: page.count("exposed") == "1", "the strip counts it")
    assert page.text("#news") == "MAIL-HQ2 is now clear"


def test_nothing_moves_under_the_pointer(page, browser, stage):
    before = page.rows()
    ActionChains(browser).move_to_element(browser.find_element(By.CSS_SELECTOR, "tr[data-server=MAIL-HQ5] .why")).perform()
    mend(stage)
    page.wait(lambda: page.text("#pill") == "1 change – show", "what has moved waits")
    assert page.row_text("MAIL-HQ2", ".c-verdict") == "Clear"  # what it says is new
    assert page.rows() == before                                # where it stands is not
    picture(browser, "pill")
    page.click("#pill")
    page.wait(lambda: page.rows() != before, "now it moves")
    assert page.text("#pill") == ""


def test_nothing_moves_under_the_focus(page, stage):
    before = page.rows()
    page.press("j")
    mend(stage)
    page.wait(lambda: "change" in page.text("#pill"), "what has moved waits")
    assert (page.rows(), page.focused()) == (before, before[0])
    page.press("/", Keys.ESCAPE)
    page.wait(lambda: page.rows() != before, "the focus has left the rows")


def streams(page):
    return page.run("return document.querySelector('#live').title") == "Changes come at once"


def test_the_stream_of_changes_survives_a_restart(page, stage):
    page.wait(lambda: streams(page), "the stream is open")
    stage.collector.stop()
    stage.collector.start()
    mend(stage)
    page.wait(lambda: page.row_text("MAIL-HQ2", ".c-verdict") == "Clear", "MAIL-HQ2 becomes clear")
    page.wait(lambda: streams(page), "it is open again")


def test_it_says_when_it_is_not_live_and_comes_back(page, browser, stage):
    page.wait(lambda: page.text("#live-text").startswith("Live"), "live at first")
    stage.collector.stop()
    page.wait(lambda: page.text("#live-text").startswith("Not live · data as of"), "not live any more")
    assert "the collector has not answered" in page.text("#trouble")
    assert page.run("return document.body.classList.contains('stale')")
    assert "grayscale" in page.run("return getComputedStyle(document.querySelector('.layout')).filter")
    picture(browser, "not-live")
    stage.collector.start()
    page.wait(lambda: page.text("#live-text").startswith("Live"), "live again")
    assert len(page.rows()) == 12
    page.wait(lambda: page.text("#trouble") == "", "nothing is said of it any more")


def test_a_restart_resets_the_stream_and_what_is_shown_is_asked_for_again(page, browser, stage):
    """The collector's numbers begin anew, so what the stream told before cannot be resumed."""
    page.wait(lambda: streams(page), "the stream is open")
    page.run("window.heard = [];"
             " import('/live.js').then((live) => live.subscribeToEvents((type) => window.heard.push(type)))")
    stage.send("MAIL-HQ1")
    page.wait(lambda: page.run("return window.heard.length") > 0, "an event came, so there is one to resume after")
    stage.collector.stop()
    stage.collector.start()
    page.wait(lambda: "reset" in page.run("return window.heard"), "the collector says that it cannot resume")
    mend(stage)
    page.wait(lambda: page.row_text("MAIL-HQ2", ".c-verdict") == "Clear", "MAIL-HQ2 becomes clear")


def test_many_tabs_can_be_open(whole_browser, stage):
    """A browser opens six connections to one server; a hidden tab gives up its own."""
    browser, page = whole_browser, Page(whole_browser, stage.collector).wait_for_rows(12)
    first = browser.current_window_handle
    others = []
    try:
        for _ in range(7):
            browser.switch_to.new_window("tab")
            others.append(browser.current_window_handle)
            browser.get(f"{page.url}/?server=MAIL-HQ2")
            page.wait_for_server("MAIL-HQ2")
    finally:
        for handle in others:
            browser.switch_to.window(handle)
            browser.close()
        browser.switch_to.window(first)
    page.wait(lambda: streams(page), "the first one, visible again, streams again")


def test_what_the_page_cannot_draw_is_said(page, browser):
    """No collector of ours answers so; the page does not keep the picture of before even then."""
    page.run("const real = fetch; window.fetch = async (path, how) => String(path).startsWith('v1/servers/MAIL-HQ2')"
             " ? new Response('{\"server\": \"MAIL-HQ2\", \"verdict\": \"clear\"}', {headers: {Date: new Date().toUTCString()}}) : real(path, how)")
    page.click("tr[data-server=MAIL-HQ2] .name")
    page.wait(lambda: "cannot show what the collector answers" in page.text("#broken"), "the page says so")
    page.press(Keys.ESCAPE)
    page.wait_for_rows(12)


def test_the_collector_s_own_illness_is_said_in_words(page, browser):
    """readyz as a collector answers it whose disk is full; a stand-in for that disk."""
    page.run("const real = fetch; window.fetch = async (path, how) => path === 'readyz'"
             " ? new Response('store: the disk is full', {status: 503}) : real(path, how);"
             "for (let i = 0; i < 5; i++) dispatchEvent(new Event('online'))")  # it asks every fifth time
    page.wait(lambda: "The collector is not well: store: the disk is full" in page.text("#trouble"), "the banner says so")
    assert page.text("#live-text").startswith("Collector not well")
