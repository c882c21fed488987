"""The alerts page against a collector that has alerts: acknowledge, silence, deliveries to real receivers."""

import pytest
from conftest import Stage, picture
from page import Keys, Page
from receiver import Receiver
from simulator.collector import Collector, free_port
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


def test_an_alert_is_acknowledged_and_taken_back(page, browser):
    go(page)
    in_dialog(page, "Acknowledge", "I disable the adapter tonight")
    page.wait(lambda: any("I disable the adapter tonight" in row for row in page.run(ROWS)), "the comment is there")
    assert any("token admin" in row for row in page.run(ROWS))  # who
    server = page.run("return [...document.querySelectorAll('#alerts tr')].find((r) => r.innerText.includes('I disable')).dataset.server")
    page.press(Keys.ESCAPE)
    page.wait(lambda: "token admin" in page.row_text(server, ".c-server"), "the list says who, too")
    browser.back()
    page.wait(lambda: any("I disable" in row for row in page.run(ROWS)), "back at the alerts")
    page.run("[...document.querySelectorAll('main button')].find((b) => b.innerText.trim() === 'Take back').click()")
    page.wait(lambda: not any("I disable" in row for row in page.run(ROWS)), "it is taken back")
    assert page.complaints() == []


def test_a_silence_is_made_and_ended(page):
    go(page)
    page.run("[...document.querySelectorAll('#alerts button')].find((b) => b.innerText.trim() === 'Silence').click()")
    page.wait(lambda: page.text("#matches").startswith("It matches 1 server ("), "it says what it would match")
    page.run("document.querySelector('dialog.ask [name=comment]').focus()")
    page.press("we move the wires")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: any("we move the wires" in row for row in page.run(ROWS)), "the row says so")
    page.click(".sub-tabs a[href*=silences]")
    page.wait(lambda: "we move the wires" in page.text("#silences"), "the silence is listed")
    page.run("[...document.querySelectorAll('main button')].find((b) => b.innerText.trim() === 'End').click()")
    page.wait(lambda: "we move the wires" not in page.main(), "it is ended")
    assert page.complaints() == []


def test_an_acknowledgement_has_an_end_and_is_made_with_the_keyboard(page):
    go(page)
    page.press("j", "a")
    page.wait(lambda: page.run("return document.activeElement.name") == "comment", "the comment has the focus")
    page.press("Kim looks after it", Keys.TAB, "for a d", Keys.TAB, Keys.TAB, Keys.ENTER)
    page.wait(lambda: any("Kim looks after it" in row and "until" in row for row in page.run(ROWS)), "it says until when")
    page.wait(lambda: page.run("return document.activeElement.closest('tr') !== null"), "the focus is back at the row")


def test_what_is_typed_stays_while_alerts_come_and_go_and_while_the_session_ends(page, browser, stage):
    go(page)
    page.run("document.querySelector('#alerts tr[data-server=MAIL-HQ2] .acknowledge').click()")
    page.wait(lambda: page.run("return document.activeElement.name") == "comment", "the comment has the focus")
    page.press("half a sent")
    del stage.part("MAIL-HQ2").server.adapters[1]
    stage.send("MAIL-HQ2")
    page.wait(lambda: page.count("exposed") == "1", "it is mended meanwhile")
    assert page.run("return document.querySelector('dialog.ask [name=comment]').value") == "half a sent"
    browser.delete_all_cookies()
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: page.text("dialog.ask .error") != "", "the refusal is said in the dialog")
    assert page.run("return document.querySelector('dialog.ask [name=comment]').value") == "half a sent"
    page.press(Keys.ESCAPE)
    page.wait(lambda: "Your session has ended" in page.text("body"), "then the login")


def test_a_silence_says_who_and_until_when_at_the_alert(page, stage):
    stage.collector.post("/v1/silences", {"matchers": {"server": "MAIL-HQ2"}, "comment": "new wires",
                                          "ends_at": "2099-01-01T12:00:00Z"})
    go(page)
    page.wait(lambda: any("MAIL-HQ2" in row and "silenced" in row and "new wires" in row and "2099" in row
                          for row in page.run(ROWS)), "the row says so")


class Deliveries(Page):
    """Its alerts page, of a collector with hooks of which one receives, one refuses, and one is not there."""

    def by_hook(self):
        """Hook: what a row of its deliveries says, of the one that was tried most."""
        rows = self.run("return [...document.querySelectorAll('tr[data-delivery]')].map((r) => [...r.cells].map((c) => c.innerText))")
        return {row[1]: row for row in sorted(rows, key=lambda row: int(row[4]))}

    def states(self):
        return {hook: row[0].split(" ")[-1] for hook, row in self.by_hook().items()}

    def send_now(self, hook):
        self.run("[...document.querySelectorAll('tr[data-delivery]')].filter((r) => r.cells[1].innerText === arguments[0])"
                 ".forEach((r) => r.querySelector('button').click())", hook)


@pytest.fixture
def deliveries(browser, tmp_path):
    absent = free_port()
    with Receiver() as good, Receiver(status=400, body=b"no such room") as bad:
        settings = tmp_path / "collector.conf"
        hooks = {"good": good.url, "bad": bad.url, "absent": f"http://127.0.0.1:{absent}/hook"}
        settings.write_text("[alerts]\ngroup-interval = 0s\nhold-hook = 1s\n" + "".join(
            f"[hook {name}]\ntype = webhook\nurl = {url}\n" for name, url in hooks.items()))
        with Collector(tmp_path / "collector", "--config", settings) as collector:
            stage = Stage(collector)
            stage.send()
            page = Deliveries(browser, collector, "?page=alerts&tab=deliveries")
            page.good, page.bad, page.absent = good, bad, absent
            page.wait(lambda: page.states() == {"good": "delivered", "bad": "delivered", "absent": "waiting"}
                      and "again" in page.by_hook()["absent"][5], "a row of each kind")
            yield page
            stage.sender.close()


def test_a_delivery_is_shown_with_its_times_tries_and_answer(deliveries):
    rows = deliveries.by_hook()
    assert rows["good"][0] == "delivered" and "200" in rows["good"][6] and rows["good"][4] == "1"
    assert rows["bad"][0] == "not delivered" and "400: no such room" in rows["bad"][6]
    assert rows["absent"][0] == "waiting" and "connect" in rows["absent"][6]
    assert all(rows[hook][column] for hook in ("good", "bad") for column in (3, 5))  # made, ended
    assert "MAIL-" in rows["good"][2]  # the incident
    assert "Send now" not in rows["good"][7] and "Send now" in rows["bad"][7]
    deliveries.run("[...document.querySelectorAll('#deliveries .choices button')].find((b) => b.innerText === 'Not delivered').click()")
    deliveries.wait(lambda: set(deliveries.states()) == {"bad"}, "those that could not be delivered")
    assert "deliveries=dead" in deliveries.driver.current_url
    deliveries.driver.execute_script("document.querySelector('#deliveries').scrollIntoView()")
    picture(deliveries.driver, "deliveries")
    assert deliveries.complaints() == []


def test_a_hook_that_takes_nothing_shows_in_the_head_of_every_page(deliveries):
    deliveries.wait(lambda: "The hook absent has taken nothing since" in deliveries.text(".trouble.stuck"), "the head says so")
    deliveries.driver.get(deliveries.url)
    deliveries.wait(lambda: "The hook absent" in deliveries.text(".trouble.stuck"), "so does that of the list")
    deliveries.click(".trouble.stuck a")
    deliveries.wait(lambda: "tab=deliveries" in deliveries.driver.current_url, "it leads to what waits")
    assert deliveries.complaints() == []


def test_a_delivery_is_sent_again_by_hand(deliveries):
    before = len(deliveries.bad.requests)
    deliveries.bad.status = 200
    deliveries.send_now("bad")
    deliveries.bad.wait(before + 1)
    deliveries.wait(lambda: deliveries.states()["bad"] == "delivered" and "200" in deliveries.by_hook()["bad"][6]
                    and deliveries.by_hook()["bad"][0] == "delivered", "it is delivered")


def test_a_change_that_is_refused_is_said_at_its_button(deliveries, browser):
    """Another operator was quicker: the delivery went out since the page was drawn."""
    deliveries.run("const real = fetch; window.fetch = (path, how) => how?.method === 'GET' ? new Promise(() => {}) : real(path, how)")
    row = deliveries.run("return [...document.querySelectorAll('tr[data-delivery]')].find((r) => r.cells[1].innerText === 'bad').dataset.delivery")
    deliveries.run("document.querySelector(`tr[data-delivery='${arguments[0]}']`).dataset.mine = 1", row)
    deliveries.bad.status = 200
    button = "tr[data-mine] .actions button"
    deliveries.click(button)
    deliveries.wait(lambda: deliveries.click(button) or deliveries.text("tr[data-mine] .error") != "", "the refusal is said")
