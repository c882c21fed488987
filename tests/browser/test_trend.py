"""The trend: a plot above the list and on a site's page, and the same as a table."""

import axe
import pytest
from conftest import picture, resize, scheme
from page import Keys, Page


@pytest.fixture
def stage(module_stage):
    return module_stage


@pytest.fixture
def page(browser, stage):
    resize(browser, 1366, 900)  # on a lower screen it is folded at first
    return Page(browser, stage.collector).wait_for_rows(12)


def shown(page):
    page.wait(lambda: page.run("return document.querySelector('#trend canvas')"), "the plot")
    return page


def numbers(page):
    """{name: what the legend says}"""
    return page.run("return Object.fromEntries([...document.querySelectorAll('.trend-legend > span')]"
                    ".map((s) => [s.className, s.querySelector('b').innerText]))")


def test_the_numbers_are_those_of_the_list(page):
    shown(page)
    legend = numbers(page)
    assert set(legend) == {"v-failing", "v-exposed", "v-at_risk", "v-unknown", "v-silent", "v-not_monitored"}
    for name, number in legend.items():
        assert page.count(name.removeprefix("v-")) == number, name
    assert page.text("#fix-pace").startswith("The fix is on 2 of 11 servers.")


def test_all_servers_are_shown_when_asked_for(page):
    shown(page)
    page.click(".trend-tools [aria-label='What is shown'] button:last-child")
    page.wait(lambda: "v-clear" in numbers(page), "all")
    assert len(numbers(page)) == 9


def test_keys_lead_through_the_plot_and_a_table_has_all_of_it(page):
    shown(page)
    page.run("document.querySelector('.plot').focus()")
    page.press(Keys.ARROW_LEFT)
    page.run("document.querySelector('.as-table').open = true")
    cells = page.run("return [...document.querySelectorAll('.trend-table tbody tr:first-child td')].map((c) => c.innerText)")
    heads = page.run("return [...document.querySelectorAll('.trend-table th')].map((c) => c.innerText)")
    assert dict(zip(heads, cells))["Failing"] == page.count("failing") and dict(zip(heads, cells))["All"] == "12"


def test_it_can_be_folded_and_stays_so(page, browser):
    shown(page)
    page.click("#trend .fold")
    page.wait(lambda: not page.run("return document.querySelector('#trend canvas')"), "it folded")
    browser.refresh()
    page.wait_for_rows(12)
    page.wait(lambda: page.text("#trend") == "▸ Trend", "it folded still")
    page.click("#trend .fold")
    shown(page)


def test_no_row_moves_when_the_plot_comes(page, browser):
    """A row that somebody is about to click stays where it is."""
    browser.refresh()
    page.wait_for_rows(12)
    before = page.run("return document.querySelector('#servers').getBoundingClientRect().top")
    shown(page)
    page.wait(lambda: page.text("#fix-pace"), "its last line")
    assert abs(page.run("return document.querySelector('#servers').getBoundingClientRect().top") - before) < 3


def test_on_a_low_screen_the_list_comes_first(browser, stage):
    resize(browser, 1366, 768)
    page = Page(browser, stage.collector).wait_for_rows(12)
    page.wait(lambda: page.text("#trend") == "▸ Trend", "it folded")


def test_a_site_has_its_own(page, browser):
    browser.get(f"{page.url}/?page=matrix&organization=DEMO&site=HQ")
    shown(page)
    page.wait(lambda: page.text("#fix-pace").startswith("The fix is on 1 of 7 servers."), "the site's numbers")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_read_it(page, browser, colours):
    scheme(browser, colours)
    shown(page)
    page.run("document.querySelector('.as-table').open = true")
    assert axe.findings(browser, axe.fetch()) == [] and page.faint_texts() == []
    picture(browser, f"trend-{colours}")
    resize(browser, 390, 844)
    assert page.fits()
    assert page.complaints() == []
