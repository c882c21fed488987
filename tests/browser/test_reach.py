"""A server's page: how far each adapter reached over time, and where its event log begins."""

import axe
import pytest
from conftest import picture, resize, scheme
from selenium.webdriver.common.print_page_options import PrintOptions


@pytest.fixture(scope="module")
def changed(module_stage):
    """The second adapter of MAIL-HQ2 is cut off; then it is taken out. Its log begins 60 days ago."""
    module_stage.send("MAIL-HQ2")
    gone = module_stage.part("MAIL-HQ2").server.adapters.pop(1)
    module_stage.send("MAIL-HQ2")
    yield module_stage
    module_stage.part("MAIL-HQ2").server.adapters.insert(1, gone)


@pytest.fixture
def stage(changed):
    return changed


def lanes(page):
    return page.run("return [...document.querySelectorAll('.bands.reach')].map((lane) =>"
                    " [lane.getAttribute('aria-label'), [...lane.children].map((band) => band.innerText.trim())])")


def open_server(page):
    page.open_server("MAIL-HQ2")
    page.wait(lambda: len(lanes(page)) == 2 and "Not there" in lanes(page)[1][1], "the bands of both adapters")


def test_each_adapter_has_a_band_of_what_it_was_judged_to_reach(page):
    open_server(page)
    assert lanes(page) == [["Reach of El90x1", ["Not watched yet", "Reaches all"]],
                           ["Reach of E100B2", ["Not watched yet", "Reaches none", "Not there"]]]


def test_the_same_is_a_table_and_opens_with_the_keyboard(page):
    open_server(page)
    page.run("document.querySelector('#timeline-title ~ details.as-table summary').focus()")
    page.press(" ")
    rows = page.run("return [...document.querySelectorAll('.timeline-table tbody tr')].map((r) => [...r.cells].map((c) =>"
                    " c.innerText))")
    assert [row[1] for row in rows if row[0] == "E100B2"] == ["Not there", "Reaches none", "Not watched yet"]
    assert [row[1] for row in rows if row[0] == "Verdict"][:2] == ["Clear", "Exposed"]
    assert all(row[2] and row[3] for row in rows)


def test_a_line_tells_where_the_event_log_begins(page, browser):
    open_server(page)
    assert "before what is shown" in page.run("return document.querySelector('.timeline ~ p').innerText")
    assert page.run("return document.querySelector('.log-line')") is None
    page.run("[...document.querySelectorAll('.choices button')].find((b) => b.innerText === 'Year').click()")
    page.wait(lambda: page.text(".log-line") == "The event log begins", "its 60 days are within a year")
    line, lane = page.run("return ['.log-line span', '.bands'].map((one) => document.querySelector(one)"
                          ".getBoundingClientRect()).map(({left, right, width}) => ({left, right, width}))")
    assert abs(line["right"] - lane["right"] + lane["width"] * 60 / 365) < 0.01 * lane["width"]  # to the left of which its words stand
    page.run("document.querySelector('#timeline-title').scrollIntoView()")
    picture(browser, "reach-year")


REACH = """
const done = arguments[arguments.length - 1];
import("/reach.js").then(({ reachBands }) => done(reachBands("A", arguments[0], 0, 100000).map((b) =>
  [b.silent ? `${b.state} silent` : b.state, b.from / 1000, b.to / 1000])), (error) => done(String(error)));
"""


def told(second, kind, **detail):
    return {"at": f"1970-01-01T00:00:{second:02}Z", "kind": kind, "detail": detail}


def reach(second, state):
    return told(second, "reach", adapters=[{"id": "B", "state": "good"}, {"id": "A", "state": state}])


@pytest.mark.parametrize(("changes", "bands"), [
    ([], [["unkept", 0, 100]]),
    ([told(10, "reported"), reach(10, "good")], [["unwatched", 0, 10], ["good", 10, 100]]),
    ([told(10, "reported"), reach(30, "good"), reach(40, "good"), reach(50, "partial")],
     [["unwatched", 0, 10], ["unkept", 10, 30], ["good", 30, 50], ["partial", 50, 100]]),
    ([reach(10, "isolated"), told(20, "silent", silent=True), told(30, "silent", silent=False), reach(30, "isolated")],
     [["unkept", 0, 10], ["isolated", 10, 20], ["isolated silent", 20, 30], ["isolated", 30, 100]]),
], ids=["nothing was told", "from the first report", "told since an upgrade", "and then it is silent"])
def test_bands_follow_what_was_told(page, browser, changes, bands):
    browser.set_script_timeout(20)
    assert browser.execute_async_script(REACH, list(reversed(changes))) == bands


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_read_the_bands(page, browser, colours):
    scheme(browser, colours)
    open_server(page)
    page.run("document.querySelector('#timeline-title').scrollIntoView()")
    assert axe.findings(browser, axe.fetch()) == [] and page.faint_texts() == []
    picture(browser, f"reach-{colours}")
    resize(browser, 390, 844)
    page.run("document.querySelector('#timeline-title').scrollIntoView()")
    picture(browser, f"reach-narrow-{colours}")
    assert page.fits() and page.complaints() == []


def test_it_is_printed_with_its_bands(page, browser):
    open_server(page)
    assert len(browser.print_page(PrintOptions())) > 10_000
