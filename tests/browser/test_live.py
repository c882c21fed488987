"""What the page does by itself: follows changes, keeps rows under the pointer, says when it is old."""

from conftest import picture
from page import Keys
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
