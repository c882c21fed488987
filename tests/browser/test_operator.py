"""The operator's page: agents, inventory, tokens, secrets, the audit log."""

import pytest
from page import Keys, Page

TABS = {"agents": "MAIL-HQ1", "inventory": "Import", "tokens": "admin", "secrets": "first", "audit": "agent.enroll",
        "collectors": "keeps everything itself"}


def go(page, tab):
    page.driver.get(f"{page.url}/?page=operator&tab={tab}")
    page.wait(lambda: TABS[tab].lower() in page.main().lower(), f"the tab {tab}")


def in_dialog(page, button, *keys):
    """Opens the dialog of a button, types into its first field, and sends it."""
    page.run("[...document.querySelectorAll('main button')].find((b) => b.innerText.trim() === arguments[0]).click()", button)
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the page asks first")
    page.run("document.querySelector('dialog.ask').querySelector('input, textarea')?.focus()")
    if keys:
        page.press(*keys)
    page.click("dialog.ask button[type=submit]")


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_shows_what_the_collector_has(page, tab):
    go(page, tab)
    assert page.complaints() == []


def test_a_token_is_made_shown_once_and_revoked(page, stage):
    go(page, "tokens")
    in_dialog(page, "New token", "night-shift")
    page.wait(lambda: page.text("#shown-once").startswith("mtw_v"), "it is shown")
    token = page.text("#shown-once")
    assert stage.collector.get("/v1/servers", {"Authorization": f"Bearer {token}"})[0] == 200
    page.driver.refresh()
    page.wait(lambda: "night-shift" in page.main(), "its name is there")
    assert token not in page.run("return document.body.textContent")
    page.run("document.querySelector('tr[data-row=night-shift] button').click()")
    page.wait(lambda: "Revoke the token night-shift?" in page.text("dialog.ask"), "the page asks first")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: "night-shift" not in page.main(), "it is gone")
    assert stage.collector.get("/v1/servers", {"Authorization": f"Bearer {token}"})[0] == 401


def test_a_token_may_have_the_name_of_what_the_page_does(page):
    go(page, "tokens")
    in_dialog(page, "New token", "add")
    page.wait(lambda: page.run("return document.querySelector('tr[data-row=add]')"), "it is in the list")
    page.run("document.querySelector('tr[data-row=add] button').click()")
    page.wait(lambda: "Revoke the token add?" in page.text("dialog.ask"), "the page asks first")


def test_what_the_collector_refuses_is_said_where_it_was_asked(page):
    go(page, "tokens")
    in_dialog(page, "New token", "admin")
    page.wait(lambda: page.text("dialog.ask .error") != "", "the refusal is shown")
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')") is None, "the dialog is gone")


def test_an_agent_is_released(page):
    go(page, "agents")
    agents = "return document.querySelectorAll('tr[data-row]').length"
    assert page.run(agents) == 12
    page.run("[...document.querySelectorAll('tr[data-row] button')][0].click()")
    page.wait(lambda: "Release the agent of" in page.text("dialog.ask"), "the page asks first")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: page.run(agents) == 11, "it is gone")


def test_agents_are_shown_with_their_version_and_filtered(page, stage):
    stage.collector.put("/v1/inventory", "MAIL-HQ1\nMAIL-LOST\n")
    go(page, "agents")
    rows = "return [...document.querySelectorAll('tr[data-row]')].map((row) => row.innerText.replace(/\\s+/g, ' '))"
    assert all("ago" in row and "first" in row for row in page.run(rows))
    choose = "[...document.querySelectorAll('.choices button')].find((b) => b.innerText === arguments[0]).click()"
    page.run(choose, "Not monitored")
    page.wait(lambda: len(page.run(rows)) == 1, "the one that nobody has heard of")
    row, = page.run(rows)
    assert row.startswith("mail-lost ") and "not monitored" in row and "Release" not in row
    page.driver.refresh()  # the address keeps the filter
    page.wait(lambda: len(page.run(rows)) == 1, "still that one")
    page.run(choose, "All")
    page.wait(lambda: len(page.run(rows)) == 12, "all agents")


def test_an_inventory_is_imported_and_refused_with_its_line(page):
    go(page, "inventory")
    in_dialog(page, "Import…", "MAIL-HQ1", Keys.ENTER, "MAIL-LOST")
    page.wait(lambda: "2 servers expected" in page.main(), "it is there")
    in_dialog(page, "Import…", "a,b,c,d,e,f")
    page.wait(lambda: "ine 1" in page.text("dialog.ask .error"), "the line is named")


def test_a_viewer_sees_no_changes_and_is_told_so(browser, stage):
    token = stage.collector.post("/v1/tokens", {"name": "looker", "role": "viewer"})["token"]
    page = Page(browser, stage.collector, "?page=operator&tab=audit", token=token)
    page.wait(lambda: "needs a token of the role operator" in page.main(), "the page says so")
    browser.get(f"{stage.collector.url}/?page=operator")
    page.wait(lambda: "12 agents enrolled" in page.main(), "what a viewer may see")
    assert page.run("return [...document.querySelectorAll('main .button')].length") == 0
