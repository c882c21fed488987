"""The page of one server."""

from page import Keys


def test_a_row_opens_the_page_of_its_server(page, browser):
    page.click("tr[data-server=MAIL-HQ1] .c-why")
    page.wait_for_server("MAIL-HQ1")
    shown = page.main()
    for words in ["Failing now", "event 9321, NT Error 11004", "Looking up 192.168.50.11",
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


def test_a_silent_server_says_that_its_facts_are_old(page):
    page.open_server("MAIL-BR5")
    assert "Silent: the last report is" in page.text(".note.hatched")
    assert page.run("return document.querySelector('.server-head .v-clear')") is None


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
