"""The alerts page against a collector that has alerts: acknowledge, silence, take back."""

from test_operator import in_dialog

ROWS = "return [...document.querySelectorAll('#alerts tbody tr')].map((r) => r.innerText)"


def go(page):
    page.driver.get(f"{page.url}/?page=alerts")
    page.wait(lambda: any("Firing" in row for row in page.run(ROWS)), "alerts that fire")


def firing(page):
    return next(row for row in page.run(ROWS) if "Firing" in row)


def test_an_alert_says_what_it_is_about(page):
    go(page)
    assert "Firing" in firing(page)
    assert page.complaints() == []


def test_an_alert_is_acknowledged_and_taken_back(page):
    go(page)
    in_dialog(page, "Acknowledge", "I disable the adapter tonight")
    page.wait(lambda: any("I disable the adapter tonight" in row for row in page.run(ROWS)), "the comment is there")
    page.run("[...document.querySelectorAll('main button')].find((b) => b.innerText.trim() === 'Take back').click()")
    page.wait(lambda: not any("I disable" in row for row in page.run(ROWS)), "it is taken back")
    assert page.complaints() == []


def test_a_silence_is_made_and_ended(page):
    go(page)
    page.run("[...document.querySelectorAll('#alerts button')].find((b) => b.innerText.trim() === 'Silence').click()")
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the page asks first")
    page.run("document.querySelector('dialog.ask [name=comment]').focus()")
    page.press("we move the wires")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: "we move the wires" in page.main(), "the silence is listed")
    page.run("[...document.querySelectorAll('main button')].find((b) => b.innerText.trim() === 'End').click()")
    page.wait(lambda: "we move the wires" not in page.main(), "it is ended")
    assert page.complaints() == []
