"""Owners and notes on the page: written in a dialog, shown where the server or its site is, a filter of the list."""

import json

import axe
import pytest
from conftest import picture, resize, scheme
from page import Page

HOSTILE = "<img src=x onerror=alert(1)> \"&' {{x}} ${x} javascript:alert(1)"


@pytest.fixture(scope="module")
def source():
    return axe.fetch()


def open_dialog(page):
    page.wait(lambda: page.run("return document.querySelector('#change-remark')"), "the button")
    page.run("document.querySelector('#change-remark').click()")  # plots may still come above it
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the dialog")


def write(page, owner=None, note=None):
    open_dialog(page)
    for name, text in (("owner", owner), ("note", note)):
        if text is not None:
            page.run("document.getElementById(arguments[0]).value = arguments[1]", f"field-{name}", text)
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')") is None, "it is saved")


def section(page):
    return page.text("section[aria-labelledby=remark-title]")


def go(page, query):
    page.driver.get(f"{page.url}/{query}")


def hold(stage, path, **body):
    stage.collector.put(path, json.dumps(body), "application/json")


def note_of(stage, name):
    return stage.collector.servers()[name]["note"]


def test_an_owner_and_a_note_are_written_and_shown(page, stage, browser, source):
    go(page, "?server=MAIL-HQ1")
    page.wait(lambda: "Nobody has said whose it is" in section(page), "there is nothing yet")
    write(page, "Mail team", "rack 3\nMr. Ito has the key")
    page.wait(lambda: "Mail team" in section(page), "it is shown")
    assert "by token admin" in section(page) and "rack 3\nMr. Ito has the key" in section(page)
    assert "of the site" not in section(page)
    open_dialog(page)
    assert page.run("return document.querySelector('#field-note').value") == "rack 3\nMr. Ito has the key"
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == [] and page.faint_texts() == []
        picture(browser, f"remark-dialog-{colours}")
    page.click("dialog.ask button")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == [] and page.faint_texts() == []
        picture(browser, f"remark-{colours}")
    before = note_of(stage, "MAIL-HQ1")
    write(page, "Post")
    page.wait(lambda: "Post" in section(page), "the owner is another one")
    assert note_of(stage, "MAIL-HQ1") == before  # it was not written again
    write(page, "", "")
    page.wait(lambda: "Nobody has said whose it is" in section(page), "both are taken away")
    assert page.complaints() == []


def test_what_a_site_has_is_shown_of_its_servers_and_said_to_be_the_sites(page):
    go(page, "?page=matrix&organization=DEMO&site=HQ")
    write(page, "Headquarters", "ask first")
    page.wait(lambda: "Headquarters" in section(page), "it is shown")
    assert "of the site" not in section(page)
    go(page, "?server=MAIL-HQ2")
    page.wait(lambda: "Owner: Headquarters of the site, by token admin" in section(page).replace("\n", " "), "the site's")
    go(page, "?page=sites")
    page.wait(lambda: "Headquarters" in page.text("tr[data-row='DEMO/HQ']"), "it is in the row of the site")
    go(page, "")
    page.wait(lambda: "Headquarters (of the site) note" in page.row_text("MAIL-HQ2", ".c-server").replace("\n", " "),
              "it is in the row of the server")
    go(page, "?page=alerts")
    page.wait(lambda: "Headquarters (of the site) note" in page.main().replace("\n", " "), "it is beside the alert")


def test_the_list_is_filtered_by_owner(page, stage, browser, source):
    hold(stage, "/v1/sites/DEMO/HQ/remark", owner="Zürich")
    hold(stage, "/v1/servers/MAIL-HQ1/remark", owner="Mail & Post")
    go(page, "")
    page.wait(lambda: page.run("return document.querySelector('#owner')"), "the filter")
    all_rows = set(page.rows())
    hq = {name for name, server in stage.collector.servers().items() if server["site"] == "HQ"}
    options = page.run("return [...document.querySelectorAll('#owner option')].map((o) => o.textContent)")
    assert options[0] == "All owners" and options[1:3] == ["Mail & Post (1)", f"Zürich ({len(hq) - 1})"]
    assert options[3] == f"Nobody ({len(all_rows - hq)})"

    def choose(value):
        page.run("const s = document.querySelector('#owner'); s.value = arguments[0];"
                 "s.dispatchEvent(new Event('change', {bubbles: true}))", value)

    choose("Mail & Post")
    page.wait(lambda: page.rows() == ["MAIL-HQ1"], "the servers of one owner")
    assert "owner=Mail+%26+Post" in page.driver.current_url
    assert "1 of" in page.text("#shown")
    assert "owner=Mail" in page.run("return document.querySelector('#csv').href")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == [] and page.faint_texts() == []
        picture(browser, f"owner-filter-{colours}")
    resize(browser, 390, 844)
    assert page.fits()
    resize(browser, 1280, 900)
    choose("-")
    page.wait(lambda: set(page.rows()) == all_rows - hq, "the servers of nobody")
    page.driver.refresh()
    page.wait(lambda: set(page.rows()) == all_rows - hq, "the address has the filter")
    page.click("#clear")
    page.wait(lambda: set(page.rows()) == all_rows, "all")
    assert page.complaints() == []


def test_a_change_by_somebody_else_is_seen_at_once(page, stage):
    page.wait_for_rows(len(page.rows()))
    hold(stage, "/v1/servers/MAIL-HQ1/remark", owner="Night shift")
    page.wait(lambda: "Night shift" in page.row_text("MAIL-HQ1", ".c-server"), "the row has it")


def test_what_is_noted_stays_text(page, stage):
    hold(stage, "/v1/servers/MAIL-HQ1/remark", owner=HOSTILE, note=HOSTILE + "\n" + HOSTILE)
    go(page, "?server=MAIL-HQ1")
    page.wait(lambda: HOSTILE in section(page), "it is shown as it was written")
    assert page.run("return document.querySelectorAll('main img').length") == 0
    go(page, "")
    page.wait(lambda: HOSTILE in page.row_text("MAIL-HQ1", ".c-server"), "in the list, too")
    assert page.complaints() == []


def test_a_viewer_sees_them_and_changes_nothing(browser, stage):
    token = stage.collector.post("/v1/tokens", {"name": "eyes", "role": "viewer"})["token"]
    page = Page(browser, stage.collector, "?server=MAIL-HQ1", token=token)
    page.wait_for_server("MAIL-HQ1")
    page.wait(lambda: page.run("return document.querySelector('#timeline-title ~ *:not(.timeline-room)')"), "what comes later")
    assert section(page) == ""
    hold(stage, "/v1/servers/MAIL-HQ1/remark", owner="Mail team")
    page.wait(lambda: "Mail team" in section(page), "it is shown")
    assert not page.run("return document.querySelector('#change-remark')")


def bookmarks(page):
    return page.run("return [...document.querySelectorAll('#bookmarks li')].map((li) => li.dataset.bookmark)")


def test_a_filtered_list_is_kept_by_a_name(page, stage, browser, source):
    go(page, "?verdict=failing&verdict=exposed&site=HQ&organization=DEMO&sort=-since&q=mail%20hq")
    page.wait(lambda: page.run("return document.querySelector('#bookmarks')"), "the bookmarks")
    found = page.rows()
    page.click("#bookmarks summary")
    page.click("#keep-list")
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the dialog")
    assert axe.findings(browser, source) == []
    page.run("document.getElementById('field-name').value = 'Bad & sad'")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: bookmarks(page) == ["Bad & sad"], "it is kept")
    for name, query in (("elsewhere", "site=HQ&site=BRANCH"), ("nobody", "owner=")):
        stage.collector.put(f"/v1/bookmarks/{name}", json.dumps({"query": query}), "application/json")
    go(page, "")
    page.wait(lambda: page.run("return document.querySelector('#bookmarks')"), "the bookmarks")
    page.click("#bookmarks summary")
    page.wait(lambda: bookmarks(page) == ["Bad & sad", "elsewhere", "nobody"], "in the order of their names")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == [] and page.faint_texts() == []
        picture(browser, f"bookmarks-{colours}")
    assert page.run("return document.querySelector('[data-bookmark=elsewhere] a')") is None
    page.click("[data-bookmark='Bad & sad'] a")
    page.wait(lambda: page.rows() == found and "sort=-since" in page.driver.current_url, "the list is as it was")
    assert "verdict=failing&verdict=exposed" in page.driver.current_url
    page.click("[data-bookmark=nobody] a")
    page.wait(lambda: "owner=-" in page.driver.current_url, "the list of another")
    page.click("[data-bookmark=nobody] button")
    page.wait(lambda: bookmarks(page) == ["Bad & sad", "elsewhere"], "it is forgotten")
    resize(browser, 390, 844)
    assert page.fits()
    assert page.complaints() == []
