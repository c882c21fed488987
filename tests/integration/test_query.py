"""What GET /v1/servers may be asked for: filters, orders, pages, CSV; at the running collector."""

import csv
import datetime
import io
import json
import random
import re
from urllib.parse import quote

import pytest
from running import Collector, minimal, server

# In the order that the collector knows verdicts; server() makes "unknown" ones of what is alone.
BUILDS = {"clear": "5.5.2653.23", "older": "5.5.2653.22", "protected": "5.5.2654.54", "not_applicable": "5.5.2500.1"}
SITES = [("ACME", "HQ"), ("ACME", "Lab"), ("Zed", "HQ")]
N = 60


def make(number, build, place):
    report = server(f"S{number:03}", f"10.0.{number // 200}.{number % 200 + 1}", build=build, site=place[1])
    report["exchange"]["organization"] = place[0]
    return report


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    shuffled = random.Random(7)
    with Collector(tmp_path_factory.mktemp("query") / "data") as running:
        for number in range(N):
            build = shuffled.choice(list(BUILDS.values()))
            assert running.post(make(number, build, SITES[number % 3]),
                                **{"Mtawatch-Report-Age": str(shuffled.randrange(200))})[0] == 200
        assert running.ask("/v1/inventory", "PUT", "server,organization,site\nNEVER1,ACME,Lab\nA0,Other,X\n")[0] == 200
        yield running


def link(headers):
    found = re.fullmatch(r'<([^>]+)>; rel="next"', headers["Link"] or "")
    return found and found[1]


def names(collector, query):
    return [s["server"] for s in collector.get("/v1/servers?" + query)["servers"]]


def pages(collector, query):
    """All servers, page by page as the Link fields lead."""
    path, found = "/v1/servers?" + query, []
    while path:
        status, headers, body = collector.ask(path)
        assert status == 200, body
        shown = json.loads(body)
        found.extend(shown["servers"])
        assert shown["matched"] == len(collector.get("/v1/servers?" + re.sub("limit=[0-9]+&?", "", query))["servers"])
        path = link(headers)
    return found


def moment(text):
    """Times are written with or without a fraction: their texts are in no order."""
    return datetime.datetime.fromisoformat(text)


ORDER = ["failing", "exposed", "at_risk", "unknown", "not_monitored", "clear", "protected", "not_applicable"]
KEYS = {"verdict": lambda s: ORDER.index(s["verdict"]), "server": lambda s: s["server"],
        "site": lambda s: (s["organization"].lower(), s["site"].lower()), "since": lambda s: moment(s["since"]),
        "reported_at": lambda s: moment(s["reported_at"] or "0001-01-01T00:00:00Z"),
        "build": lambda s: tuple(map(int, s["build"].split("."))) if s["build"] else (9,)}


@pytest.mark.parametrize("sort", KEYS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_are_the_whole_in_order(collector, sort, reverse, limit):
    found = pages(collector, f"limit={limit}&sort={'-' * reverse}{sort}")
    assert len(found) == N + 2
    by_name = sorted(found, key=lambda s: s["server"])
    assert [s["server"] for s in found] == \
        [s["server"] for s in sorted(by_name, key=KEYS[sort], reverse=reverse)] or reverse
    values = [KEYS[sort](s) for s in found]
    assert values == sorted(values, reverse=reverse)
    for one, two in zip(found, found[1:], strict=False):
        assert sort == "server" or KEYS[sort](one) != KEYS[sort](two) or one["server"] < two["server"]


def test_a_page_goes_on_behind_servers_that_have_gone_or_moved(collector):
    for number, sort in enumerate(("verdict", "server", "site", "-since", "build")):
        status, headers, body = collector.ask(f"/v1/servers?limit=5&sort={sort}")
        first = [s["server"] for s in json.loads(body)["servers"]]
        assert collector.post(minimal("GONE", number + 1))[0] == 200
        assert collector.ask("/v1/servers/GONE", "DELETE")[0] == 204
        rest = [s["server"] for s in collector.get(link(headers).replace("limit=5", "limit=1000"))["servers"]]
        assert not set(first) & set(rest) and len(first) + len(rest) == N + 2, sort
    # The cursor's own server has gone.
    assert collector.post(minimal("AAA"))[0] == 200
    _, headers, body = collector.ask("/v1/servers?limit=2&sort=server")
    assert [s["server"] for s in json.loads(body)["servers"]] == ["A0", "AAA"]
    assert collector.ask("/v1/servers/AAA", "DELETE")[0] == 204
    assert names(collector, "limit=1&sort=server") == ["A0"]
    assert collector.get(link(headers))["servers"][0]["server"] == "NEVER1"


def test_a_key_that_comes_again_means_or(collector):
    both = names(collector, "verdict=protected&verdict=not_applicable")
    assert sorted(both) == sorted(names(collector, "verdict=protected") + names(collector, "verdict=not_applicable"))
    assert len(names(collector, "site=hq&site=lab")) == N + 1
    assert len(names(collector, "organization=ACME")) == 41
    assert len(names(collector, "organization=acme&site=HQ")) == 20
    assert names(collector, "verdict=not_monitored&organization=other") == ["A0"]
    assert len(names(collector, "silent=true")) == 0
    assert len(names(collector, "silent=false&silent=true")) == N + 2
    assert names(collector, "q=S01&q=5") == ["S015"]
    assert "NEVER1" in names(collector, "q=lab") and "S001" in names(collector, "q=lab")


def test_a_server_is_found_by_the_names_it_has_now(collector):
    report = server("NAMED", "10.8.0.1", site="Names")
    for number, name in enumerate(("Mail-Old", "Mail-New", None)):
        report["sequence"], report["exchange"]["server"] = number + 1, name or "NAMED"
        assert collector.post(report)[0] == 200
        found = [names(collector, "q=" + word) for word in ("named", "mail-old", "mail-new", "NAMED&q=names")]
        assert found == [["NAMED"], ["NAMED"] * (name == "Mail-Old"), ["NAMED"] * (name == "Mail-New"), ["NAMED"]]
    assert collector.ask("/v1/servers/NAMED", "DELETE")[0] == 204
    assert names(collector, "q=named") == []


def test_names_that_are_nobodys_any_more_leave_no_trace(collector):
    """More bytes of old names than of all that there are: the text of names is made anew meanwhile."""
    everybody = sorted(names(collector, "q=s0"))
    report = server("FICKLE", "10.8.0.2", site="Names")
    for number in range(20):
        report["sequence"], report["exchange"]["server"] = number + 1, f"{number:02}" + "x" * 1000
        assert collector.post(report)[0] == 200
        assert names(collector, f"q={number:02}xx") == ["FICKLE"]
        assert number == 0 or names(collector, f"q={number - 1:02}xx") == []
        assert sorted(names(collector, "q=s0")) == everybody
    assert collector.ask("/v1/servers/FICKLE", "DELETE")[0] == 204
    assert names(collector, "q=xx") == names(collector, "q=fickle") == []
    assert sorted(names(collector, "q=s0")) == everybody


@pytest.mark.parametrize("query", [
    "colour=red", "verdict=good", "verdict=", "limit=0", "limit=1001", "limit=x", "silent=maybe", "sort=name",
    "sort=--since", "sort=", "cursor=", "cursor=x", "cursor=by%3Dverdict", "q=%zz", "&".join(["q=a"] * 9), "&".join(["site=a"] * 31),
    "&".join(["site=a"] * 33),
    "cursor=" + quote("by=-verdict&rank=0&key=x&organization=&site="),
    "cursor=" + quote("by=verdict&rank=x&key=x&organization=&site="),
    "cursor=" + quote("by=verdict&rank=99999999999999999999999&key=x&organization=&site=")])
def test_what_is_no_query_is_refused(collector, query):
    for path in ("/v1/servers", "/v1/servers.csv"):
        status, headers, body = collector.ask(f"{path}?{query}")
        assert status == 400 and json.loads(body)["code"] == "invalid_query", query
        assert headers["Content-Type"] == "application/problem+json"


def test_a_cursor_far_out_is_an_end_or_a_beginning(collector):
    for rank, n in ((-2**63, N + 2), (2**63 - 1, 0)):
        cursor = quote(f"by=verdict&rank={rank}&key=x&organization=&site=", safe="")
        assert len(names(collector, "cursor=" + cursor)) == n


def test_nothing_is_sent_while_nothing_changes(collector):
    _, headers, _ = collector.ask("/v1/servers?sort=since&limit=3")
    status, again, body = collector.ask("/v1/servers?sort=since&limit=3", headers={"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"") and again["ETag"] == headers["ETag"]


# CSV

def rows(collector, path, **headers):
    status, answer, body = collector.ask(path, headers=headers)
    assert status == 200, body
    assert answer["Content-Type"].startswith("text/csv") and answer["Transfer-Encoding"] == "chunked"
    assert body.endswith(b"\r\n") and body.count(b"\n") == body.count(b"\r\n")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_csv_is_the_filter_whole_whatever_the_limit(collector):
    listed = collector.get("/v1/servers?site=HQ&sort=build")["servers"]
    found = rows(collector, "/v1/servers.csv?site=HQ&sort=build&limit=3")
    again = rows(collector, "/v1/servers?site=HQ&sort=build", Accept="text/csv")
    assert [{**row, "age_s": ""} for row in found] == [{**row, "age_s": ""} for row in again]
    assert [r["server"] for r in found] == [s["server"] for s in listed]
    for row, shown in zip(found, listed, strict=True):
        for name in ("organization", "site", "verdict", "since", "reported_at", "build", "os", "mta"):
            assert row[name] == (shown[name] or "").strip(), name
        assert row["reason_code"] == shown["reasons"][0]["code"] and row["reason"] == shown["reasons"][0]["text"]
        assert row["all_reasons"] == "; ".join(r["code"] for r in shown["reasons"])
        assert row["advisory"] == "Q285350" and row["silent"] == "false"
        steps = [step["text"] for option in shown["remedy"]["options"] for step in option["steps"]]
        assert all(text in row["remedy"] for text in steps)
    missing = rows(collector, "/v1/servers.csv?verdict=not_monitored")
    assert [(r["server"], r["reported_at"], r["age_s"]) for r in missing] == [("A0", "", ""), ("NEVER1", "", "")]


def test_a_head_of_csv_has_no_body(collector):
    status, headers, body = collector.ask("/v1/servers.csv", "HEAD")
    assert (status, body) == (200, b"") and headers["Transfer-Encoding"] == "chunked"


HOSTILE = {
    "formula": "=HYPERLINK(\"http://evil\",\"x\")", "plus": "+1", "minus": "-2+3", "at": "@SUM(A1)",
    "tab": "\t=1", "cr": "\r=1", "markup": "<script>alert(1)</script>", "quotes": "a\"b,\"\"c'",
    "turned": "safe\u202egnp.exe\u2066x\u200f\u061c", "unseen": "a\u200bb\u2060c\ufeff", "lines": "one\r\ntwo\nthree\u2028four", "escape": "\x1b[31mred\x9b0m",
    "long": "ä" * 512, "null": "nul\\u0000"}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_values_are_text_in_json_and_csv(collector, what):
    value = HOSTILE[what]
    report = server("EVIL", "10.9.9.9", site=value)
    report["host"]["os"] = value
    report["exchange"]["organization"] = value
    report["sequence"] = list(HOSTILE).index(what) + 1
    status, body = collector.post(report)
    assert status == 200, body
    shown = collector.get("/v1/servers/EVIL")
    assert (shown["os"], shown["site"], shown["organization"]) == (value, value, value)
    assert collector.get("/v1/servers?site=" + quote(value, safe=""))["servers"][0]["server"] == "EVIL"
    row = next(r for r in rows(collector, "/v1/servers.csv?q=evil") if r["server"] == "EVIL")
    for name in ("os", "site", "organization"):
        cell = row[name]
        assert cell[0] not in "=+-@\t\r"
        assert not re.search("[\\x00-\\x1f\\x7f-\\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", cell)
        plain = re.sub("[\\x00-\\x1f\\x7f-\\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", "?", value)
        assert cell in (plain, "'" + plain)
