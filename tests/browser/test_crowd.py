"""More than fits one page: the list, agents, the log, and the matrix of a large site."""

import pytest
from conftest import Stage, picture
from page import Keys, Page
from simulator import crowd
from simulator.collector import Collector

SERVERS = 210  # more than a page of any list


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("crowd") / "collector") as collector:
        stage = Stage(collector, crowd.servers(SERVERS, 1))
        stage.send()
        yield stage
        stage.sender.close()


@pytest.fixture
def page(browser, crowded):
    return Page(browser, crowded.collector).wait_for_rows(200)


def rows(page):
    return page.run("return document.querySelectorAll('main tbody tr').length")


def test_the_list_goes_on_from_its_top_and_back(page, browser):
    first = page.rows()
    page.run("document.querySelector('#next-page').scrollIntoView()")
    page.click("#next-page")
    page.wait_for_rows(SERVERS - 200)
    assert page.run("return scrollY") == 0
    assert not set(page.rows()) & set(first)
    browser.back()
    page.wait(lambda: page.rows() == first, "the first page again")


@pytest.mark.parametrize("query", ["?page=operator", "?page=operator&tab=audit"])
def test_other_lists_go_on_too_and_the_strip_stays(page, browser, query):
    browser.get(f"{page.url}/{query}")
    page.wait(lambda: rows(page) == 200, "a page of it")
    page.click("#next-page")
    page.wait(lambda: 0 < rows(page) < 200, "the next one")
    browser.refresh()
    page.wait(lambda: 0 < rows(page) < 200 and sum(int(page.count(v)) for v in ("exposed", "clear", "protected")) > 0,
              "what the address has, and the counts of the fleet")
    assert page.complaints() == []


def test_the_matrix_of_a_large_site_shows_what_was_probed(page, browser):
    browser.get(f"{page.url}/?page=sites")
    page.wait(lambda: page.text("#sites") != "", "the sites")
    page.click("#sites .row-action")
    page.wait(lambda: page.text("#matrix") != "", "the matrix")
    assert "adapters" in page.text(".summary")
    picture(browser, "matrix-large")
    page.click("#rows-shown")
    page.wait(lambda: rows(page) == 200, "as many rows as are shown at once")
    cells = page.run("return Math.max(...[...document.querySelectorAll('#matrix tbody tr')].map((r) => r.querySelectorAll('td.cell').length))")
    assert 0 < cells <= 16
    page.run("document.querySelector('td.cell[tabindex=\"0\"]').focus()")
    page.press(Keys.ARROW_RIGHT)
    page.wait(lambda: "→" in page.text("#cell-facts"), "both ways are told")
    assert page.fits()
    browser.back()
    page.wait(lambda: page.text("#sites") != "", "one step leads back")
