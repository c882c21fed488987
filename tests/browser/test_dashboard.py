"""The list of servers in a real browser, served by the real collector, with the demo played to it."""

from conftest import Stage, picture, resize, scheme
from page import Keys, Page
from simulator import demo, facts
from simulator.world import Adapter, Lan, Server

RANK = ["failing", "exposed", "at_risk", "unknown", "not_monitored", "clear", "protected", "not_applicable"]


def test_the_list_is_worst_first_and_the_strip_counts_it(page):
    verdicts = [demo.INTENDED[name][0] for name in page.rows()]
    assert verdicts == sorted(verdicts, key=RANK.index)
    heard = [verdict for verdict, silent in demo.INTENDED.values() if not silent]  # the silent one was clear
    for verdict in RANK:
        assert page.count(verdict) == str(heard.count(verdict))
    assert page.count("silent") == "1"
    assert "1 MTA is down with error 11004" in page.text("#headline")


def test_a_row_says_verdict_reason_remedy_and_facts(page):
    name = "MAIL-HQ2"
    assert page.row_text(name, ".c-verdict") == "Exposed"
    assert page.row_text(name, ".c-site") == "HQ"
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


def test_a_server_that_never_reported_is_not_monitored(page, stage):
    stage.collector.put("/v1/inventory", "name,organization,site\nMAIL-HQ1\nMAIL-LOST,DEMO,HQ\n")
    page.wait_for_rows(13)
    assert page.count("not_monitored") == "1"
    assert page.row_text("MAIL-LOST", ".c-verdict") == "Not monitored"
    assert page.row_text("MAIL-LOST", ".c-report") == "never"
    assert "1 not monitored" in page.text("#headline")
    page.click(".tile[data-verdict=not_monitored]")
    page.wait_for_rows(1)
    page.open_server("MAIL-LOST")
    assert "has never reported" in page.main() and "could not be had" not in page.main()


def test_filters_and_selection_live_in_the_address(page, browser, stage):
    page.click(".tile[data-verdict=exposed]")
    page.click(".tile[data-verdict=failing]")
    page.wait(lambda: page.rows() == ["MAIL-HQ1", "MAIL-HQ2", "NODE-A"], "the failing and the exposed")
    page.open_server("NODE-A")
    address = browser.current_url
    again = Page(browser, stage.collector, address[address.index("?"):])
    again.wait_for_server("NODE-A")
    again.press(Keys.ESCAPE)
    again.wait_for_rows(3)
    assert again.text("#shown") == "3 of 12 servers"
    browser.get(address.replace("server=NODE-A", "organization=DEMO&site=BRANCH"))
    page.wait(lambda: "No server matches" in page.text("#empty"), "the list says that it is empty")
    page.click("#clear")
    page.wait_for_rows(12)
    browser.back()
    page.wait(lambda: page.rows() == [], "the filter comes back")


def test_silent_is_a_filter_too(page):
    page.click(".tile[data-verdict=silent]")
    page.wait(lambda: page.rows() == ["MAIL-BR5"], "only the silent one")


def test_a_site_is_a_filter(page, browser):
    page.run("const s = document.querySelector('#site');"
             "s.value = [...s.options].find((o) => o.text.includes('BRANCH')).value;"
             "s.dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait(lambda: sorted(page.rows()) == [f"MAIL-BR{n}" for n in range(1, 6)], "those of the branch")
    assert "site=BRANCH" in browser.current_url


def test_servers_without_a_site_are_a_filter_too(page, browser, stage):
    adapter = Adapter("El90x1", "3Com EtherLink XL", "00-50-04-00-00-0a", Lan("10.8.0.0/24", "wan"), ["10.8.0.98"], gateway=True)
    lonely = Server("LONELY", [adapter], organization="", site="", files=facts.files("5.5.2653.23"), mta=facts.mta_running(86400))
    Stage(stage.collector, [lonely]).send()
    page.wait_for_rows(13)
    page.run("const s = document.querySelector('#site');"
             "s.value = [...s.options].find((o) => o.text === 'no site').value;"
             "s.dispatchEvent(new Event('change', {bubbles: true}))")
    page.wait(lambda: page.rows() == ["LONELY"], "the one without")
    browser.refresh()
    page.wait(lambda: page.rows() == ["LONELY"], "the address has it")


def test_going_back_leads_to_where_one_was_on_the_page(page, browser):
    resize(browser, 1366, 400)
    page.wait(lambda: page.text("#trend"), "the trend, so that nothing moves")
    page.run("scrollTo(0, 120)")
    page.run("document.querySelector('tr[data-server=MAIL-HQ3] .name').click()")  # which does not scroll to it
    page.wait_for_server("MAIL-HQ3")
    page.wait(lambda: page.run("return scrollY") == 0, "its top")
    browser.back()
    page.wait_for_rows(12)
    page.wait(lambda: abs(page.run("return scrollY") - 120) < 30, "there again")


def test_the_search_narrows_the_list_as_one_types(page):
    page.press("/")
    page.press("mail hq5")
    page.wait(lambda: page.rows() == ["MAIL-HQ5"], "what fits both words")
    page.press(Keys.ESCAPE)
    page.wait_for_rows(12)


def test_everything_can_be_done_with_the_keyboard(page):
    names = page.rows()
    page.press("j")
    assert page.focused() == names[0]
    page.press("j", "j", "k")
    assert page.focused() == names[1]
    page.press(Keys.ENTER)
    page.wait_for_server(names[1])
    assert page.focused() == "server-name"
    page.press("j")
    page.wait_for_server(names[2])
    page.wait(lambda: page.focused() == "server-name", "its name has the focus")
    page.press("t")
    page.wait(lambda: page.focused() == "timeline-title", "the timeline has the focus")
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.focused() == names[2], "the row that was left has the focus")
    page.press("?")
    assert page.run("return document.querySelector('#help').open")
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.run("return document.querySelector('#help').open"), "the help is closed")
    page.press("a")
    page.wait(lambda: page.text("#headline").startswith("Alerts of"), "the alerts of the focused server")
    page.press(Keys.ESCAPE)
    page.wait_for_rows(12)


def test_preferences_are_kept(page, browser):
    high = "return document.querySelector('#rows tr').getBoundingClientRect().height"
    compact = page.run(high)
    assert page.row_text("MAIL-HQ2", ".c-report").endswith("ago")
    page.click("#density")
    page.click("#zone")
    page.click("#theme")  # light
    page.click("#theme")  # dark
    browser.refresh()
    page.wait_for_rows(12)
    assert page.run(high) > compact
    assert page.run("return document.documentElement.dataset.theme") == "dark"
    page.open_server("MAIL-HQ2")
    assert "UTC" in page.text(".server-head time")
    page.wait(lambda: page.text("#live-text").endswith("UTC"), "the clock, too")
    assert page.run("return [...document.querySelectorAll('.axis span')].every((s) => s.innerText.endsWith('UTC'))")


def test_strip_and_list_need_no_scrolling_at_1366_x_768(page):
    bottom = page.run("return document.querySelector('#rows').getBoundingClientRect().bottom")
    assert bottom <= 660  # what a browser's own bars leave of 768
    assert page.fits()


def test_it_fits_a_telephone(page, browser):
    resize(browser, 390, 844)
    assert page.fits()
    picture(browser, "phone")
    page.open_server("MAIL-HQ2")
    assert page.fits()
    picture(browser, "phone-server")


def test_dark_and_light_differ(page, browser):
    grounds = set()
    for colours in ("light", "dark"):
        scheme(browser, colours)
        grounds.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_the_table_is_one_for_screen_readers_too(page):
    assert page.run("return document.querySelectorAll('#servers thead th[scope=col]').length") == 8
    assert page.run("return document.querySelectorAll('#rows th[scope=row]').length") == 12
    assert page.run("return document.querySelector('#news').getAttribute('aria-live')") == "polite"


def test_an_empty_fleet_is_explained(browser, collector):
    page = Page(browser, collector)
    page.wait(lambda: page.text("#headline") == "No server has reported yet", "the page says so")
    assert "appears here by itself" in page.text("#empty")


def test_a_new_server_appears_by_itself(page, stage):
    crowd = Server("MAIL-BR9", [Adapter("El90x1", "3Com EtherLink XL", "00-50-04-00-00-09",
                                        Lan("10.8.0.0/24", "wan"), ["10.8.0.99"], gateway=True)],
                   site="BRANCH", files=facts.files("5.5.2653.23"), mta=facts.mta_running(86400))
    Stage(stage.collector, [crowd]).send()
    page.wait_for_rows(13)
    assert page.row_text("MAIL-BR9", ".c-verdict") == "Clear"


def test_the_page_keeps_to_its_policy(page, stage):
    status, headers, body = stage.collector.get("/")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in body and "onclick" not in body and "<script>" not in body
    assert page.complaints() == []


PLOTS = {"trend.js", "trend.css", "uplot.js", "uplot.css", "network.js", "network.css",
         "timeline.js", "timeline.css", "reach.js", "remarks.js", "remarks.css", "past.js",
         "past.css"}  # which come when the list is there


def test_it_loads_at_once_what_it_consists_of(page, stage):
    """Every module is named in the page, so that none waits for another to be read first; but for plots."""
    _, _, body = stage.collector.get("/")
    loaded = page.run("return performance.getEntriesByType('resource').map((e) => new URL(e.name).pathname)")
    for module in {path[1:] for path in loaded if path.endswith(".js")} - PLOTS:
        assert f'"{module}"' in body, module


def test_the_whole_page_is_small(page, stage):
    """Packed, with every module: below 64 kB."""
    sizes = page.run("return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                     ".filter((e) => /\\/$|\\.(js|css)$/.test(new URL(e.name).pathname)).map((e) => [e.name, e.encodedBodySize])")
    sizes = [(name, size) for name, size in sizes if name.rsplit("/", 1)[1] not in PLOTS]
    assert len(sizes) > 20
    assert sum(size for _, size in sizes) < 64_000, sorted(sizes, key=lambda one: one[1])
