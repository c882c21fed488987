"""A site as a page to print: `mtawatch-collector report`."""

import datetime
import html.parser
import re
import subprocess
import xml.etree.ElementTree as tree

import pytest
from running import PATIENCE, PROGRAM, Collector, exposed_site, faulty, minimal, server
from test_clock import Clock, post
from test_restart import mended

HOSTILE = "<script>alert(1)</script>\"'&\x01\x1b[31m"


def run(environment, *words):
    return subprocess.run([PROGRAM, "report", *words], capture_output=True, text=True, timeout=PATIENCE,
                          env={"HOME": "/nonexistent", **environment})


def report(collector, *words, site="ACME/HQ"):
    return run({"MTAWATCH_URL": collector.url, "MTAWATCH_TOKEN": collector.token}, "--site", site, *words)


class Loads(html.parser.HTMLParser):
    """What a browser would run or fetch for a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form", "a", "image", "use"):
            self.found.append(tag)
        self.found += [name for name, _ in attrs if name.startswith("on") or name in ("src", "href", "xlink:href")]


def page(shown):
    """The page's tree, once it is known to be whole, well-formed and to load nothing."""
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("<!DOCTYPE html>\n") and shown.stdout.endswith("</html>\n")
    loads = Loads()
    loads.feed(shown.stdout)
    assert loads.found == [] and "url(" not in shown.stdout and "@import" not in shown.stdout
    return tree.fromstring(shown.stdout)


def words(element):
    return " ".join("".join(element.itertext()).split())


def section(root, title):
    """The element behind a heading."""
    body = list(root.find("body"))
    return next(body[i + 1] for i, element in enumerate(body)
                if element.tag == "h2" and words(element).startswith(title))


def rows(table):
    return [[words(cell) for cell in line] for line in table.iter("tr")]


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace(" UTC", "+00:00").replace("Z", "+00:00"))


def certified(root):
    return root.find(".//section[@class='certificate']")


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("paper") / "data") as running:
        for one in exposed_site():
            assert running.post(one)[0] == 200
        yield running


def test_it_tells_each_server_why_and_what_to_do(collector):
    root = page(report(collector, "--format", "html"))
    assert words(root.find("body/h1")) == words(root.find("head/title")) == "Site report: ACME/HQ"
    assert collector.url in words(root.find("body")) and certified(root) is None
    known = collector.get("/v1/servers/EXCH1")
    article = root.find("body/article")
    text = words(article)
    assert words(article.find("h3")) == "EXCH1: exposed"
    assert " ".join(known["reasons"][0]["text"].split()) in text
    for option in known["remedy"]["options"]:
        assert all(step["text"] in text for step in option["steps"])
    assert known["since"][:10] in text and "Evidence: report of " in text and "build 5.5.2653.23" in text
    assert [words(one.find("h3")) for one in root.iter("article")] == ["EXCH1: exposed"]
    well = rows(section(root, "Servers that are well"))[1:]
    assert [line[:2] for line in well] == [["EXCH2", "clear"], ["EXCH3", "clear"]]
    assert well[0][3] == "5.5.2653.23"
    assert well[0][4] == " ".join(collector.get("/v1/servers/EXCH2")["reasons"][0]["text"].split())


def test_the_collector_gives_the_same_page_to_a_browser(collector):
    status, headers, body = collector.ask("/v1/sites/acme/hq/report?since=2026-01-01T00:00:00Z")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert re.fullmatch(r'inline; filename="ACME-HQ-\d{4}-\d\d-\d\d\.html"', headers["Content-Disposition"])
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    root = tree.fromstring(body)
    assert words(root.find("body/h1")) == "Site report: ACME/HQ" and collector.url in words(root.find("body"))
    assert collector.ask("/v1/sites/ACME/HQ/report?since=2999-01-01T00:00:00Z")[0] == 400
    assert collector.ask("/v1/sites/ACME/HQ/report?until=now")[0] == 400
    assert collector.ask("/v1/sites/ACME/NOWHERE/report")[0] == 404


def test_it_counts_by_verdict_and_draws_the_trend(collector):
    root = page(report(collector))
    assert [line[:2] for line in rows(section(root, "Servers by verdict"))] == [
        ["1", "exposed"], ["2", "clear"], ["3", "in all"]]
    figure = section(root, "Servers in trouble")
    assert figure.find("svg/path") is not None
    assert figure.find("svg/rect") is not None and "Grey: nothing was counted." in words(figure)  # before today
    assert figure.find("svg").get("aria-label") == "Servers in trouble: at most 1, now 1"


def test_it_tells_what_was_mended_and_what_got_worse_since_then(tmp_path):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as running:
        post(running, exposed_site(), 1)
        since = running.get("/v1/servers")["as_of"]
        clock.set(2)
        post(running, mended(exposed_site()), 2)
        assert running.get("/v1/servers/EXCH1")["verdict"] == "clear"
        changed = rows(section(page(report(running, "--since", since)), "What has changed"))
        assert [line[:4] for line in changed[1:]] == [["EXCH1", "mended", "exposed", "clear"]]
        begun = rows(section(page(report(running)), "What has changed"))
        assert ["EXCH3", "new"] in [line[:2] for line in begun]

        later = running.get("/v1/servers")["as_of"]
        assert words(section(page(report(running, "--since", later)), "What has changed")) == \
            "No verdict of these servers."
        clock.set(4)
        post(running, exposed_site(), 3)
        changed = rows(section(page(report(running, "--since", later)), "What has changed"))
        assert [line[:4] for line in changed[1:]] == [["EXCH1", "worse", "clear", "exposed"]]


def test_a_site_that_is_well_gets_a_certificate_for_as_long_as_its_reports_are_fresh(tmp_path):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as running:
        post(running, [{**one, "interval_s": 200 if one["host"]["name"] == "EXCH2" else 300}
                       for one in mended(exposed_site())], 2)
        root = page(report(running))
        assert words(root.find("head/title")) == "Site certificate: ACME/HQ"
        reported = {one["server"]: time_of(one["reported_at"]) for one in running.get("/v1/servers")["servers"]}
        end = reported["EXCH2"] + datetime.timedelta(seconds=600)
        assert f"This holds until {end:%Y-%m-%d %H:%M:%S} UTC: then the report of EXCH2 ceases to be fresh" in \
            words(certified(root))
        rests = {line[0]: line for line in rows(root.find("body/table"))[1:]}
        assert set(rests) == {"EXCH1", "EXCH2", "EXCH3"} and rests["EXCH2"][2] == f"{end:%Y-%m-%d %H:%M:%S} UTC"
        assert rests["EXCH1"][1] == f"{reported['EXCH1']:%Y-%m-%d %H:%M:%S} UTC" and rests["EXCH1"][3] == "5.5.2653.23"

        clock.set(700)
        post(running, [one for one in mended(exposed_site()) if one["host"]["name"] != "EXCH2"], 3)
        assert running.get("/v1/servers/EXCH2")["silent"]
        root = page(report(running))
        assert certified(root) is None and words(root.find("body/h1")) == "Site report: ACME/HQ"
        assert "EXCH2: clear, silent" in [words(one.find("h3")) for one in root.iter("article")]


def test_a_server_that_never_reported_takes_the_certificate(tmp_path):
    with Collector(tmp_path / "data") as running:
        for one in mended(exposed_site()):
            assert running.post(one)[0] == 200
        assert certified(page(report(running))) is not None
        assert running.ask("/v1/inventory", "PUT", b"server,organization,site\nEXCH9,ACME,HQ\n",
                           {"Content-Type": "text/csv"})[0] == 200
        root = page(report(running))
        assert certified(root) is None
        counts = rows(section(root, "Servers by verdict"))
        assert ["1", "not monitored", "Should be there, and has never reported."] in counts


def test_a_server_that_cannot_be_told_takes_the_certificate_and_is_said_to_be(tmp_path):
    with Collector(tmp_path / "data") as running:
        for one in mended(exposed_site()):
            assert running.post(one)[0] == 200
        assert running.post(server("EXCH4", "10.0.0.4", second="10.9.0.4"))[0] == 200
        assert running.get("/v1/servers/EXCH4")["verdict"] == "unknown"
        root = page(report(running))
        assert certified(root) is None
        assert "EXCH4: cannot tell" in [words(one.find("h3")) for one in root.iter("article")]


def test_servers_that_name_no_site_have_a_page_too(tmp_path):
    with Collector(tmp_path / "data") as running:
        assert running.post(minimal("BARE"))[0] == 200
        assert words(page(report(running, site="/")).find("body/h1")) == "Site report: -/-"


def test_texts_of_reports_are_text_in_it(tmp_path):
    site = exposed_site()
    site[0]["host"]["os"] = HOSTILE
    site[0]["adapters"][1]["id"] = HOSTILE
    for one in site:
        one["exchange"]["site"] = HOSTILE
        one["exchange"]["organization"] = "<b>ACME"
    site[0]["probes"] = [{**one, "adapter": HOSTILE if one["adapter"] == "B" else "A"} for one in site[0]["probes"]]
    with Collector(tmp_path / "data") as running:
        for one in site:
            assert running.post(one)[0] == 200
        shown = report(running, site="<b>ACME/" + HOSTILE)
        root = page(shown)
    assert "<script" not in shown.stdout and "<b>ACME" not in shown.stdout and "\x1b" not in shown.stdout
    assert "<script>alert(1)</script>\"'&??[31m" in words(root.find("body/article"))
    assert words(root.find("head/title")) == "Site report: <b>ACME/<script>alert(1)</script>\"'&??[31m"


def test_it_says_why_there_is_no_page_and_writes_none(collector):
    unknown = report(collector, site="ACME/NOWHERE")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no report of ACME/NOWHERE: No server of this site has reported" in unknown.stderr
    later = report(collector, "--since", "2999-01-01T00:00:00Z")
    assert (later.returncode, later.stdout) == (1, "") and "is not in the past" in later.stderr
    refused = [report(collector, site="HQ"), report(collector, "--format", "pdf"), report(collector, "--since", "monday")]
    assert [(one.returncode, one.stdout) for one in refused] == [(2, "")] * 3
    assert re.search("ORGANIZATION/SITE, not HQ.*expected html, not 'pdf'.*monday",
                     " ".join(one.stderr for one in refused), re.DOTALL)
    nobody = run({"MTAWATCH_TOKEN": collector.token}, "--site", "ACME/HQ", "--url", "http://127.0.0.1:1")
    assert (nobody.returncode, nobody.stdout) == (1, "") and "127.0.0.1:1" in nobody.stderr
