"""Alerts chosen and acknowledged or silenced together; silences that say what they match; the page of a server."""

import json

from page import Keys
from test_alerts import ROWS, go

CHOSEN = "return document.querySelectorAll('#alerts tr.chosen').length"


def answer(stage, path):
    return json.loads(stage.collector.get(path)[2])


def firing(stage, query=""):
    return answer(stage, f"/v1/alerts?state=firing&limit=1000{query}")["alerts"]


def open_alerts(stage, query):
    return firing(stage, "&state=pending" + query)


def press_button(page, text, within="main"):
    page.run("[...document.querySelectorAll(arguments[1] + ' button')].find((b) => b.innerText.trim() === arguments[0]).click()",
             text, within)


def ready(page, stage):
    go(page)
    page.wait(lambda: len(page.run(ROWS)) >= len(firing(stage)), "all of them")


def test_some_are_chosen_and_acknowledged_together(page, stage):
    ready(page, stage)
    page.run("[...document.querySelectorAll('.c-choose input')].slice(1, 3).forEach((box) => box.click())")
    page.wait(lambda: "2 alerts chosen" in page.text("#bar"), "the bar says how many")
    press_button(page, "Acknowledge all", "#bar")
    page.wait(lambda: "Acknowledge 2 alerts" in page.text("dialog.ask"), "the dialog says so, too")
    page.click("dialog.ask button[type=submit]")  # without a comment
    page.wait(lambda: sum("token admin" in row for row in page.run(ROWS)) == 2, "both rows say who")
    page.wait(lambda: page.text("#bar") == "" and page.run(CHOSEN) == 0, "none is chosen any more")
    assert len(firing(stage, "&acknowledged=true")) == 2 and page.complaints() == []


def test_all_of_a_site_and_of_a_cause_are_chosen_by_one_of_them(page, stage):
    ready(page, stage)
    one = next(alert for alert in firing(stage) if alert["server"] == "MAIL-HQ2")
    page.run("document.querySelector('tr[data-server=MAIL-HQ2] .c-choose input').click()")
    page.wait(lambda: "1 alert chosen" in page.text("#bar"), "it is chosen")
    press_button(page, "Add all of its site", "#bar")
    there = open_alerts(stage, "&site=HQ")
    page.wait(lambda: f"{len(there)} alerts chosen" in page.text("#bar"), "those of the site")
    press_button(page, "None", "#bar")
    page.wait(lambda: page.text("#bar") == "", "none is")
    page.run("document.querySelector('tr[data-server=MAIL-HQ2] .c-choose input').click()")
    page.wait(lambda: "1 alert chosen" in page.text("#bar"), "one again")
    press_button(page, "Add all of the same cause", "#bar")
    same = open_alerts(stage, f"&cause={one['cause']}")
    page.wait(lambda: f"{len(same)} alert{'s' * (len(same) > 1)} chosen" in page.text("#bar"), "those of the cause")
    press_button(page, "Silence all", "#bar")
    page.wait(lambda: page.text("dialog.ask").startswith("Silence"), "the dialog")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: sum("silenced" in row for row in page.run(ROWS)) == len(same), "the rows say so")
    assert page.complaints() == []


def test_one_is_chosen_with_the_keyboard(page, stage):
    ready(page, stage)
    page.press("j", "x")
    page.wait(lambda: page.run(CHOSEN) == 1, "the first one is chosen")
    page.press("x")
    page.wait(lambda: page.run(CHOSEN) == 0, "and is not")


def test_a_silence_of_nothing_is_made_only_if_that_is_meant(page, stage):
    ready(page, stage)
    page.click("#add-silence")
    page.wait(lambda: page.run("return document.activeElement.name") == "sites", "the first field has the focus")
    page.press("DEMO/NO*")
    page.wait(lambda: "matches nothing" in page.text("#matches"), "it says so while one types")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: "matches no server" in page.text("dialog.ask .error"), "it is refused")
    page.run("document.querySelector('dialog.ask [name=sites]').focus()")
    page.press(Keys.END, Keys.BACKSPACE, Keys.BACKSPACE, Keys.BACKSPACE, "BR*")
    page.wait(lambda: page.text("#matches").startswith("It matches 5 servers (MAIL-BR"), "it follows")
    page.press(Keys.BACKSPACE, Keys.BACKSPACE, Keys.BACKSPACE, "NO")
    page.wait(lambda: page.run("return document.querySelector('[name=allow_empty]')"), "it asks again")
    page.click("[name=allow_empty]")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: page.run("return !document.querySelector('dialog.ask')"), "it is made")
    silence, = answer(stage, "/v1/silences")["silences"]
    assert silence["matchers"]["sites"] == "DEMO/NO"


def test_the_page_of_a_server_has_its_alerts_and_says_who_looks_after_them(page):
    page.open_server("MAIL-HQ2")
    page.wait(lambda: "nobody yet" in page.text(".open-alert"), "its alert")
    press_button(page, "Acknowledge", ".open-alert")
    page.wait(lambda: page.run("return document.activeElement.name") == "comment", "the dialog")
    page.press("Kim tonight", Keys.ENTER)
    page.wait(lambda: "Kim tonight" in page.text(".open-alert") and "token admin" in page.text(".open-alert"), "who does")
    page.wait(lambda: "Kim tonight" in page.text(".open-alert .history"), "the history has it")
    press_button(page, "Take back", ".open-alert")
    page.wait(lambda: "nobody yet" in page.text(".open-alert") and "to " in page.text(".history li span"), "and keeps it")
    press_button(page, "Silence", ".open-alert")
    page.wait(lambda: page.text("#matches").startswith("It matches 1 server (MAIL-HQ2)"), "what it would match")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: "silenced" in page.text(".open-alert"), "that it is silenced")
    assert page.complaints() == []


def test_a_row_shows_its_remedy_whole_when_it_is_opened(page, stage):
    ready(page, stage)
    cut = "const f = document.querySelector('tr[data-server=MAIL-HQ2] .fix'); return f.scrollHeight > f.clientHeight + 1"
    page.run("document.querySelector('main').style.width = '900px'")
    page.run("document.querySelector('tr[data-server=MAIL-HQ2] summary').click()")
    page.wait(lambda: not page.run(cut), "nothing of it is cut off")


def test_resolved_rows_look_resolved(page, stage):
    ready(page, stage)
    del stage.part("MAIL-HQ2").server.adapters[1]
    stage.send("MAIL-HQ2")
    over = "return document.querySelector('tr.is-resolved[data-server=MAIL-HQ2]')?.innerText ?? ''"
    page.wait(lambda: "Resolved" in page.run(over), "it is over")
    assert "was exposed" in page.run(over) and "Acknowledge" not in page.run(over)


def test_the_strip_and_the_headline_count_the_site_that_is_chosen(page, browser, stage):
    browser.get(f"{page.url}/?organization=DEMO&site=BRANCH")
    page.wait(lambda: page.count("exposed") == "0" and page.count("at_risk") == "1", "the counts of the branch")
    assert page.text("#headline").startswith("DEMO / BRANCH: ") and "MTA" not in page.text("#headline")
    page.wait(lambda: page.count("silent") == "1" and page.count("clear") == "1", "who is silent is not clear")
    page.click(".tile[data-verdict=clear]")
    page.wait(lambda: page.rows() == ["MAIL-BR1"], "nor in the list of those")
    assert "site=BRANCH" in browser.current_url
