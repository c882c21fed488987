"""The page of one server."""

import json
import re

from conftest import picture
from page import Keys
from simulator import facts


def test_a_row_opens_the_page_of_its_server(page, browser):
    page.click("tr[data-server=MAIL-HQ1] .c-why")
    page.wait_for_server("MAIL-HQ1")
    shown = page.main()
    for words in ["Failing", "event 9321, NT Error 11004", "Looking up 192.168.50.11",
                  "What to do (one of these)".upper(), "Option 2", "Isolated", "Good", "192.168.50.11/24",
                  "NT Error 11004", "Emsmta.exe", "5.5.2653.23", "Windows NT 4.0 Service Pack 6",
                  "name lookup error 11004"]:
        assert words in shown, words
    steps = page.run("return [...document.querySelectorAll('.option')][0].innerText")
    assert "then:" in steps and "Clear" in steps
    assert "server=MAIL-HQ1" in browser.current_url
    browser.back()
    page.wait_for_rows(12)


def test_the_probes_are_shown_both_ways(page):
    page.open_server("MAIL-HQ2")

    def by_peer():
        cells = page.run("return [...document.querySelectorAll('.probes tbody tr')].map((r) =>"
                         " [...r.cells].map((c) => c.innerText))")
        return {row[0]: row[1:] for row in cells}

    assert set(by_peer()) == {"MAIL-CLU", "MAIL-HQ1", "MAIL-HQ3", "MAIL-HQ4", "MAIL-HQ5", "MAIL-HQ6"}
    page.wait(lambda: "MTA" in by_peer()["MAIL-CLU"][1], "their side of it is there")
    out1, in1, out2, in2 = by_peer()["MAIL-HQ3"]
    assert "MTA" in out1 and "MTA" in in1
    assert "none" in out2 and "timeout" in out2 and "none" in in2
    assert "mapper" in by_peer()["MAIL-HQ1"][0]  # whose MTA is down


def test_what_could_not_be_read_is_said(page):
    page.open_server("MAIL-HQ6")
    assert "Access is denied" in page.main()
    assert "unreadable" in page.main()


def test_the_event_log_that_was_read_is_named_with_where_it_begins(page, browser):
    def log():
        return page.run("return [...document.querySelectorAll('[aria-labelledby=mta-title] dt')].find((t) =>"
                        " t.innerText === 'Event log').nextElementSibling.innerText")

    page.open_server("MAIL-HQ2")
    page.run("document.querySelector('#mta-title').scrollIntoView()")
    picture(browser, "server-log")
    assert r"C:\WINNT\System32\config\AppEvent.Evt" in log() and "2,214 records" in log()
    assert re.search(r"No failed start since \w+ \d+, \d{4}.*, where the log begins", log()), log()
    assert "other computers" not in log()
    browser.back()
    page.open_server("NODE-A")
    assert "6 of the MTA on other computers, left out" in log()
    browser.back()
    page.open_server("MAIL-HQ1")  # whose last start failed
    assert "2,214 records" in log() and "No failed start" not in log()


def test_an_adapter_without_dhcp_and_without_a_route_is_named_as_that(page, stage, browser):
    """With the words that the collector has, in the list and on the page of the server."""
    report, age = stage.play.report(stage.part("MAIL-HQ2"), facts.beginning())
    second = report["adapters"][1]
    own = second["addresses"][0].split("/")[0]
    second["addresses"] = ["169.254.7.9/16"]
    for row in report["probes"]:
        if row["adapter"] == second["id"]:
            assert row["from"] == own and row["grade"] == "none"
            row.update({"from": "169.254.7.9", "error": "net_unreachable"})
    assert stage.sender.post(report, age)[0] == 200
    words = f"Adapter {second['id']} (169.254.7.9: it got no address from DHCP) reaches no server of the site over RPC"
    page.wait(lambda: page.row_text("MAIL-HQ2", ".why") == words, "its line in the list")
    lead = json.loads(stage.collector.get("/v1/servers/MAIL-HQ2")[2])["reasons"][0]["text"]
    assert lead.startswith(words + ". ") and page.run(
        "return document.querySelector('tr[data-server=MAIL-HQ2] .why').title") == lead
    page.open_server("MAIL-HQ2")
    picture(browser, "server-no-route")
    shown = page.main()
    for said in [lead, "MAIL-HQ1 (no route)", "169.254.7.9/16", "it got no address from DHCP\n"]:
        assert said in shown, said
    assert "check the gateway" not in shown  # which an adapter without an address has no use for
    assert "net_unreachable" not in shown.replace("\n", " ").split("RAW REPORT")[0]


def test_a_silent_server_says_that_its_facts_are_old(page):
    page.open_server("MAIL-BR5")
    assert "Silent: the last report is" in page.text(".note.hatched")
    assert page.run("return document.querySelector('.server-head .v-clear')") is None


    assert page.run("return getComputedStyle(document.querySelector('.chip.ok')).backgroundImage") != "none"


def test_a_server_that_goes_while_it_is_looked_at_is_not_shown_on(page, stage):
    page.open_server("MAIL-BR5")
    stage.collector.delete("/v1/servers/MAIL-BR5?reason=sold")
    page.wait(lambda: "HOST AND REPORT" not in page.main().upper() and "MAIL-BR5" in page.main(), "its facts are gone")
    assert "admin" in page.main() and "sold" in page.main()  # who, and why


def test_another_machine_that_claims_the_name_is_shown_and_its_agent_can_be_released(page, stage):
    enrol = {"secret": stage.collector.secret, "host": "MAIL-HQ2", "key": "ab" * 32}
    assert stage.collector.try_post("/v1/enroll", enrol)[0] == 409
    page.open_server("MAIL-HQ2")
    assert "another machine wants to enrol under this name" in page.text("#refused")
    page.run("[...document.querySelectorAll('.server-actions button')].find((b) => b.innerText === 'Release agent').click()")
    page.wait(lambda: "Release the agent of MAIL-HQ2?" in page.text("dialog.ask"), "the page asks first")
    page.click("dialog.ask button[type=submit]")
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')") is None, "it is done")
    assert stage.collector.try_post("/v1/enroll", enrol)[0] == 200


def test_the_raw_report_can_be_read(page):
    page.open_server("MAIL-HQ2")
    page.run("document.querySelector('#raw-title + details summary').click()")
    page.wait(lambda: '"mtawatch.report/1"' in page.main(), "the report is there")


def test_an_unknown_server_is_said_to_be_unknown(page, browser, stage):
    browser.get(f"{stage.collector.url}/?server=NOBODY")
    page.wait(lambda: "No server of this name" in page.main(), "the page says so")
    page.press(Keys.ESCAPE)
    page.wait_for_rows(12)


def test_an_operator_takes_a_server_out_and_says_why(page, stage):
    page.open_server("MAIL-BR5")
    page.run("[...document.querySelectorAll('.server-actions button')].find((b) => b.innerText === 'Decommission').click()")
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the page asks first")
    page.run("document.querySelector('#field-reason').focus()")
    page.press("Sold <b>last</b> year", Keys.ENTER)
    page.wait_for_rows(11)
    assert "MAIL-BR5" not in page.rows()
    status, _, log = stage.collector.get("/v1/audit")
    assert status == 200 and "server.remove" in log


def test_the_timeline_shows_states_as_bands(page, stage):
    del stage.part("MAIL-HQ2").server.adapters[1]
    page.open_server("MAIL-HQ2")
    stage.send("MAIL-HQ2")
    page.wait(lambda: page.run("return [...document.querySelectorAll('.bands:not(.reach) .band:not(.gap)')].map((b) => b.className)")
              == ["band v-exposed", "band v-clear"], "the bands of both states")
    page.click("#timeline-title ~ .as-list summary")
    assert "removed E100B2" in page.text(".changes")
    assert page.run("return document.querySelectorAll('.mark-at').length") > 0


def test_the_facts_behind_the_verdict_are_a_tree(page):
    page.open_server("MAIL-HQ2")
    page.run("document.querySelectorAll('.fact-tree details').forEach((d) => { d.open = true; })")
    tree = page.text(".fact-tree")
    for words in ["Version of Emsmta.exe", "5.5.2653.23", "version resource of the file", "E100B2", "isolated"]:
        assert words in tree, words


def test_files_are_held_against_what_is_required(page):
    page.open_server("MAIL-BR4")
    files = page.run("return [...document.querySelectorAll('#files-title ~ .wide tbody tr')].map((r) => [...r.cells].map((c) => c.innerText))")
    by_name = {row[0]: row[1:] for row in files}
    assert by_name["Emsmta.exe"][:2] == ["5.5.2655.10", "5.5.2654.54"] and "in" in by_name["Emsmta.exe"][2]
    assert "older" in by_name["X400om.dll"][2]
    assert len(by_name) == 12
