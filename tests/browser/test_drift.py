"""Drift: a quiet mark in the list, what it says on the server's page, and in its history."""

import axe
import pytest
from conftest import picture, scheme
from simulator import facts

NAME = "MAIL-HQ2"
ORDER = "The binding order of TCP/IP is now E100B2, El90x1; before El90x1, E100B2."
ANSWER = "The server's own name resolves now to 192.0.2.7; before 10.0.0.12."


@pytest.fixture
def drifted(page, stage):
    """The page after two reports of a server: another answer for its name, and another binding order."""
    def report(changed):
        made, age = stage.play.report(stage.part(NAME), facts.beginning())
        made["bindings"] = {"tcpip": ["\\Device\\El90x1", "\\Device\\E100B2"]}
        if changed:
            made["host"]["name_resolves_to"] = ["192.0.2.7"]
            made["bindings"]["tcpip"].reverse()
        status, body = stage.sender.post(made, age)
        assert status == 200, body

    report(False)
    report(True)
    page.wait(lambda: mark_of(page), "its mark")
    page.undo = lambda: report(False)
    return page


def mark_of(page):
    return page.run(f"return document.querySelector('tr[data-server={NAME}] .drift-mark')?.title")


def lines(page):
    return page.run("return [...document.querySelectorAll('[aria-labelledby=drift-title] li bdi')].map((b) => b.innerText)")


def test_a_mark_in_the_list_says_what_changed_and_goes_when_it_is_undone(drifted, browser):
    assert sorted(mark_of(drifted).replace(". The", ".\nThe").split("\n")) == [ORDER, ANSWER]
    assert drifted.run("return document.querySelectorAll('.drift-mark').length") == 1
    picture(browser, "list-drift")
    drifted.undo()
    drifted.wait(lambda: mark_of(drifted) is None, "it went")


def test_the_page_of_the_server_tells_it_with_its_time_and_leads_to_all_such(drifted, browser):
    drifted.open_server(NAME)
    assert sorted(lines(drifted)) == [ORDER, ANSWER]
    assert drifted.run("return document.querySelectorAll('[aria-labelledby=drift-title] li time').length") == 2
    picture(browser, "server-drift")
    drifted.click("[aria-labelledby=drift-title] a")
    drifted.wait_for_rows(1)
    assert "drift=true" in browser.current_url and drifted.text("#shown") == "1 of 12 servers"
    drifted.click("#clear")
    drifted.wait_for_rows(12)


def test_the_history_tells_what_came_and_went(drifted):
    drifted.open_server(NAME)
    drifted.undo()
    drifted.wait(lambda: lines(drifted) == [], "it went")
    drifted.wait(lambda: drifted.run("return document.querySelector('.as-list')"), "the timeline")
    drifted.run("document.querySelector('.as-list summary').click()")
    drifted.wait(lambda: f"No longer: {ANSWER}" in drifted.text(".changes"), "its end")
    assert drifted.text(".changes").count(ANSWER) == 2


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_list_and_page_are_accessible(drifted, browser, colours):
    scheme(browser, colours)
    assert not axe.findings(browser, axe.fetch()) and not drifted.faint_texts()
    assert ANSWER in drifted.run(f"return document.querySelector('tr[data-server={NAME}]').textContent")
    drifted.open_server(NAME)
    assert not axe.findings(browser, axe.fetch()) and not drifted.faint_texts()
    picture(browser, f"server-drift-{colours}")
