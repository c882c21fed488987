"""The dashboard in a real browser, served by the real collector, with the demo played to it."""

import pytest
from conftest import Stage, picture, resize, scheme
from page import Keys, Page
from simulator import demo, facts
from simulator.world import Adapter, Lan, Server

RANK = ["failing", "exposed", "at_risk", "unknown", "clear", "protected", "not_applicable"]
HOSTILE = ["<img src=x onerror=pwned=1>", "\"'><script>pwned=1</script>",
           "EVIL\u202eEMAN\u2066 line\nbreak", "javascript:alert(1)", "W" * 900]


@pytest.fixture
def page(browser, stage):
    return Page(browser, stage.collector).wait_for_rows(12)


def test_the_list_is_worst_first_and_the_strip_counts_it(page):
    verdicts = [demo.INTENDED[name][0] for name in page.rows()]
    assert verdicts == sorted(verdicts, key=RANK.index)
    for verdict in RANK:
        assert page.count(verdict) == str(verdicts.count(verdict))
    assert page.count("silent") == "1"
    assert "1 MTA is down with error 11004" in page.text("#headline")


def test_a_row_says_verdict_reason_remedy_and_facts(page):
    name = "MAIL-HQ2"
    assert page.row_text(name, ".c-verdict") == "Exposed"
    assert "HQ" in page.row_text(name, ".c-server")
    assert page.row_text(name, ".why") == "Adapter E100B2 (192.168.60.12) reaches no server of the site over RPC"
    assert "Disable E100B2" in page.row_text(name, ".fix")
    assert "install the fix (2654.54 or later)" in page.row_text(name, ".fix")
    assert page.row_text(name, ".c-mta") == "running"
    assert page.row_text(name, ".c-build") == "5.5.2653.23"
    assert page.row_text(name, ".c-report").endswith("ago")
    assert page.row_text("MAIL-HQ1", ".c-mta") == "stopped"
    assert "then start the MTA" in page.row_text("MAIL-HQ1", ".fix")
    assert "install" not in page.row_text("NODE-A", ".fix")  # no fix helps a cluster
    assert "MAIL-CLU" in page.row_text("NODE-A", ".c-server")


def test_a_silent_server_is_hatched_and_dated_and_not_green(page):
    assert page.row_text("MAIL-BR5", ".c-verdict").split("\n") == ["Silent", "was clear"]
    assert "min ago" in page.row_text("MAIL-BR5", ".c-report")
    row = "document.querySelector('#rows tr[data-server=MAIL-BR5]')"
    assert "gradient" in page.run(f"return getComputedStyle({row}).backgroundImage")
    assert page.run(f"return {row}.querySelector('.v-clear')") is None


def test_a_changed_server_moves_by_itself(page, stage):
    page.run("window.notReloaded = true")
    before = page.rows()
    server = stage.part("MAIL-HQ2").server
    del server.adapters[1]  # its administrator takes the second adapter out
    stage.send("MAIL-HQ2")
    page.wait(lambda: page.row_text("MAIL-HQ2", ".c-verdict") == "Clear", "MAIL-HQ2 becomes clear")
    assert page.run("return window.notReloaded")
    assert page.rows() != before
    assert page.rows().index("MAIL-HQ2") > page.rows().index("MAIL-HQ6")
    assert page.count("exposed") == "1"
    assert page.text("#news") == "MAIL-HQ2 is now clear"


def test_a_new_server_appears_by_itself(page, stage):
    crowd = Server("MAIL-BR9", [Adapter("El90x1", "3Com EtherLink XL", "00-50-04-00-00-09",
                                        Lan("10.8.0.0/24", "wan"), ["10.8.0.99"], gateway=True)],
                   site="BRANCH", files=facts.files("5.5.2653.23"), mta=facts.mta_running(86400))
    Stage(stage.collector, [crowd]).send()
    page.wait_for_rows(13)
    assert page.row_text("MAIL-BR9", ".c-verdict") == "Clear"


def test_a_row_opens_the_details(page, browser):
    page.click("tr[data-server=MAIL-HQ1] .c-why")
    page.wait_for_detail("MAIL-HQ1")
    detail = page.detail()
    for words in ["Failing now", "event 9321, NT Error 11004", "Looking up 192.168.50.11",
                  "What to do (one of these)".upper(), "Option 2", "Isolated", "Good", "192.168.50.11/24",
                  "NT Error 11004", "Emsmta.exe", "5.5.2653.23", "Windows NT 4.0 Service Pack 6",
                  "name lookup error 11004"]:
        assert words in detail, words
    steps = page.run("return [...document.querySelectorAll('.option:first-of-type .badge')].map((b) => b.innerText)")
    assert steps[:1] == ["Clear"]
    assert "server=MAIL-HQ1" in browser.current_url
    picture(browser, "detail-light")


def test_the_probes_are_shown_both_ways(page):
    page.click("tr[data-server=MAIL-HQ2] .name")
    page.wait_for_detail("MAIL-HQ2")
    cells = page.run("return [...document.querySelectorAll('.probes tbody tr')].map((r) =>"
                     " [...r.cells].map((c) => c.innerText))")
    by_peer = {row[0]: row[1:] for row in cells}
    assert set(by_peer) == {"MAIL-CLU", "MAIL-HQ1", "MAIL-HQ3", "MAIL-HQ4", "MAIL-HQ5", "MAIL-HQ6"}
    out1, in1, out2, in2 = by_peer["MAIL-HQ3"]
    assert "MTA" in out1 and "MTA" in in1
    assert "none" in out2 and "timeout" in out2 and "none" in in2
    assert "mapper" in by_peer["MAIL-HQ1"][0]  # whose MTA is down


def test_what_could_not_be_read_is_said(page):
    page.click("tr[data-server=MAIL-HQ6] .name")
    page.wait_for_detail("MAIL-HQ6")
    assert "Access is denied" in page.detail()
    assert "unreadable" in page.detail()


def test_filters_and_selection_live_in_the_address(page, browser, stage):
    page.click(".tile[data-verdict=exposed]")
    page.click(".tile[data-verdict=failing]")
    assert page.rows() == ["MAIL-HQ1", "MAIL-HQ2", "NODE-A"]
    page.click("tr[data-server=NODE-A] .name")
    address = browser.current_url
    again = Page(browser, stage.collector, address[address.index("?"):]).wait_for_rows(3)
    again.wait_for_detail("NODE-A")
    assert again.text("#shown") == "3 of 12 servers"
    browser.get(address.replace("server=NODE-A", "site=DEMO/BRANCH"))
    page.wait(lambda: "No server fits" in page.text("#empty"), "the list says that it is empty")
    page.click("#clear")
    assert len(page.rows()) == 12
    browser.back()
    page.wait(lambda: page.rows() == [], "the filter comes back")


def test_silent_is_a_filter_too(page):
    page.click(".tile[data-verdict=silent]")
    assert page.rows() == ["MAIL-BR5"]


def test_the_search_looks_at_reasons_and_facts(page):
    page.press("/")
    page.press("borrow network")
    assert page.rows() == ["MAIL-HQ5"]
    page.press(Keys.ESCAPE)
    assert len(page.rows()) == 12


def test_everything_can_be_done_with_the_keyboard(page):
    names = page.rows()
    page.press("j")
    assert page.focused() == names[0]
    page.press("j", "j", "k")
    assert page.focused() == names[1]
    page.press(Keys.ENTER)
    page.wait_for_detail(names[1])
    assert page.focused() == "detail-name"
    page.press("j")
    page.wait_for_detail(names[2])
    assert page.focused() == names[2]
    page.press(Keys.ESCAPE)
    assert not page.run("return document.querySelector('#detail').checkVisibility()")
    assert page.focused() == names[2]
    page.press("?")
    assert page.run("return document.querySelector('#help').open")
    page.press(Keys.ESCAPE)
    assert not page.run("return document.querySelector('#help').open")


def host_of(name):
    """What an agent may enrol of it: a label without control characters."""
    return name.replace("\n", " ")[:60]


def hostile_server(name):
    lan = Lan("10.8.0.0/24", "wan")
    adapter = Adapter(name, name, name, lan, ["10.8.0.77"], gateway=True)
    return Server(host_of(name), [adapter], organization="DEMO", site=name, os=name, name=name,
                  files=facts.files("5.5.2653.23"), mta=facts.mta_running(86400),
                  problems=[{"fact": name, "code": 5, "message": name}])


def test_hostile_names_are_text(page, browser, stage):
    Stage(stage.collector, [hostile_server(name) for name in HOSTILE]).send()
    page.wait_for_rows(12 + len(HOSTILE))
    for name in HOSTILE:
        page.run("[...document.querySelectorAll('#rows tr')].find((r) => r.dataset.server === arguments[0])"
                 ".querySelector('.name').click()", host_of(name))
        page.wait(lambda: "Host and report" in page.run(
            "return document.querySelector('#detail-body').textContent"), "the details are there")
        shown = page.run("return document.querySelector('#detail').textContent")
        assert shown.count(spelled(name)) >= 4, name
        assert page.run("return document.querySelectorAll('img, iframe, object, script:not([src])').length") == 0
        assert page.run("return document.documentElement.scrollWidth <= innerWidth"), name
        page.press(Keys.ESCAPE)
    assert page.run("return window.pwned") is None
    assert page.complaints() == []
    picture(browser, "hostile")


def spelled(name):
    """As the page shows it: what could disguise it is spelled out."""
    return name.replace("\u202e", "‹U+202E›").replace("\u2066", "‹U+2066›")


def test_it_says_when_it_is_not_live_and_comes_back(page, browser, stage):
    page.wait(lambda: page.text("#live-text").startswith("Live"), "live at first")
    stage.collector.stop()
    page.wait(lambda: page.text("#live-text").startswith("Not live · data as of"), "not live any more")
    assert "the collector has not answered" in page.text("#trouble")
    assert page.run("return document.body.classList.contains('stale')")
    assert "grayscale" in page.run("return getComputedStyle(document.querySelector('#servers')).filter")
    picture(browser, "not-live")
    stage.collector.start()
    page.wait(lambda: page.text("#live-text").startswith("Live"), "live again")
    assert len(page.rows()) == 12
    assert page.text("#trouble") == ""


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_text_has_contrast(page, browser, colours):
    scheme(browser, colours)
    assert page.faint_texts() == []
    picture(browser, f"list-{colours}")
    page.click("tr[data-server=MAIL-HQ1] .name")
    page.wait_for_detail("MAIL-HQ1")
    assert page.faint_texts() == []
    picture(browser, f"detail-{colours}")


def test_dark_and_light_differ(page, browser):
    grounds = set()
    for colours in ("light", "dark"):
        scheme(browser, colours)
        grounds.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_strip_and_list_need_no_scrolling_at_1366_x_768(page):
    bottom = page.run("return document.querySelector('#rows').getBoundingClientRect().bottom")
    assert bottom <= 660  # what a browser's own bars leave of 768
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_it_fits_a_telephone(page, browser):
    resize(browser, 390, 844)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    picture(browser, "phone")
    page.click("tr[data-server=MAIL-HQ2] .name")
    page.wait_for_detail("MAIL-HQ2")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    assert page.run("return document.querySelector('#detail').getBoundingClientRect().width") <= 390
    picture(browser, "phone-detail")


def test_the_table_is_one_for_screen_readers_too(page):
    assert page.run("return document.querySelectorAll('#servers thead th[scope=col]').length") == 7
    assert page.run("return document.querySelectorAll('#rows th[scope=row]').length") == 12
    assert page.run("return document.querySelector('#news').getAttribute('aria-live')") == "polite"


def test_an_empty_fleet_is_explained(browser, collector):
    page = Page(browser, collector)
    page.wait(lambda: page.text("#headline") == "No server has reported yet", "the page says so")
    assert "appears here by itself" in page.text("#empty")


def test_the_page_keeps_to_its_policy(page, stage):
    status, headers, body = stage.collector.get("/")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in body and "onclick" not in body
    assert page.complaints() == []
