"""The tab Collectors of the page Operation: two collectors on a database."""

import shutil

import pytest
from identity import set_up
from page import Page
from postgres import Postgres, programs
from simulator.collector import PROGRAM, Collector
from waiting import until

pytestmark = pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")


def member(folder, node, store):
    if node == "c1":
        (folder / node).mkdir()
        set_up(PROGRAM, folder / node / "data", "--store", store)
    else:
        shutil.copytree(folder / "c1", folder / node)
    return Collector(folder / node, "--store", store, "--node", node, "--takeover-after", "3")


def cell(page, node, column):
    return page.run("return document.querySelector(`tr[data-row=${arguments[0]}]`)?.cells[arguments[1]].innerText ?? ''",
                    node, column)


def press(page, node):
    page.run("document.querySelector(`tr[data-row=${arguments[0]}] button`).click()", node)
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the page asks first")
    page.click("dialog.ask button[type=submit]")


def test_who_judges_is_shown_and_one_that_ended_is_forgotten(browser, tmp_path):
    with Postgres() as server, member(tmp_path, "c1", server.url) as judge:
        until(lambda: judge.get("/readyz?judge")[0] == 200)
        with member(tmp_path, "c2", server.url):
            page = Page(browser, judge)
            page.driver.get(f"{page.url}/?page=operator&tab=collectors")
            page.wait(lambda: cell(page, "c1", 1) == "judges" and cell(page, "c2", 1) == "stands by", "both are shown")
            assert "c1 judges, since" in page.main() and "2 collectors run" in page.main()
            assert cell(page, "c1", 5) == "right" and cell(page, "c2", 8) == "Let it judge"
        page.wait(lambda: cell(page, "c2", 1) == "ended", "its end is shown")
        press(page, "c2")
        page.wait(lambda: cell(page, "c2", 1) == "", "it is gone")
        assert page.complaints() == []
