"""GET /v1/servers/{name}/history: what changed about a server, by pages, kept over a restart."""

import datetime
import json
import re
import sqlite3

import pytest
from running import Collector, exposed_site, faulty, minimal, server
from test_clock import Clock, post
from waiting import until

NOTHING_SINCE = "2999-01-01T00:00:00Z"


def history(collector, name, query=""):
    """(changes, path of the next page or None)"""
    status, headers, body = collector.ask(f"/v1/servers/{name}/history{query}")
    assert status == 200, body
    link = re.fullmatch(r'<(.*)>; rel="next"', headers.get("Link") or "")
    return json.loads(body)["changes"], link and link[1]


def moment(change):
    """For order: of texts a whole second, which has no fraction, stands behind its milliseconds."""
    return datetime.datetime.fromisoformat(change["at"])


def told(collector, name):
    """The oldest first, with what is in them, but for what is told of adapters beside the verdict."""
    changes = [(change["kind"], change["detail"]) for change in reversed(history(collector, name)[0])]
    return [change for change in changes if change[0] != "reach"]


def reaches(collector, name):
    """[{adapter: state}], the oldest first."""
    changes = [change for change in reversed(history(collector, name)[0]) if change["kind"] == "reach"]
    return [{adapter["id"]: adapter["state"] for adapter in change["detail"]["adapters"]} for change in changes]


def test_the_history_tells_changes_and_not_reports(tmp_path):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence in range(1, 6):
            for report in exposed_site():
                assert collector.post({**report, "sequence": sequence})[0] == 200
        changes = told(collector, "EXCH1")
        assert changes[0] == ("reported", {})
        assert [kind for kind, _ in changes[1:]] == ["verdict"] * (len(changes) - 1)
        assert changes[-1][1]["after"] == "exposed" and "adapter_isolated" in changes[-1][1]["reasons"]
        assert changes[1][1]["before"] is None
        assert all(a[1]["after"] == b[1]["before"] for a, b in zip(changes[1:], changes[2:], strict=False))

        # The administrator disables the adapter, installs a file, and the service stops.
        fixed = {**exposed_site()[0], "sequence": 6}
        fixed["adapters"] = [fixed["adapters"][0], {**fixed["adapters"][1], "enabled": False}]
        fixed["probes"] = [row for row in fixed["probes"] if row["adapter"] == "A"]
        fixed["files"] = [{"name": "Emsmta.exe", "state": "versioned", "version": "5.5.2657.1"}]
        fixed["mta"] = {"service": "stopped", "start_type": "auto"}
        assert collector.post(fixed)[0] == 200
        later = told(collector, "EXCH1")[len(changes):]
        assert sorted(kind for kind, _ in later) == ["adapters", "files", "mta", "verdict"]
        later = dict(later)
        assert later["adapters"]["changed"][0]["after"]["enabled"] is False
        assert later["files"]["changed"][0]["before"]["version"] == "5.5.2653.23"
        assert later["mta"] == {"before": "running", "after": "stopped"}
        assert later["verdict"]["before"] == "exposed" and later["verdict"]["reasons"]
        everything = told(collector, "EXCH1")

        # An older report that comes late changes nothing.
        late = {**exposed_site()[0], "sequence": 100}
        assert collector.post(late, **{"Mtawatch-Report-Age": "3600"})[0] == 200
        assert told(collector, "EXCH1") == everything
    with Collector(data) as collector:
        assert told(collector, "exch1.acme.example") == everything
        assert history(collector, "EXCH1", f"?since={NOTHING_SINCE}") == ([], None)


def test_how_adapters_were_judged_is_told_when_it_changes(tmp_path):
    data = tmp_path / "data"
    with Collector(data) as collector:
        site = exposed_site()
        for sequence in (1, 2):
            for report in site:
                assert collector.post({**report, "sequence": sequence})[0] == 200
        there = reaches(collector, "EXCH1")
        assert there[-1] == {"A": "good", "B": "isolated"}
        assert all(a != b for a, b in zip(there, there[1:], strict=False))
        first = [change for change in history(collector, "EXCH1")[0] if change["kind"] in ("reported", "reach")][-2:]
        assert [change["kind"] for change in first] == ["reach", "reported"]
        assert first[0]["at"] == first[1]["at"]  # known from the first report on
        disabled = {**site[0], "adapters": [site[0]["adapters"][0], {**site[0]["adapters"][1], "enabled": False}]}
        assert collector.post({**disabled, "sequence": 3})[0] == 200
        assert reaches(collector, "EXCH1") == there + [{"A": "good", "B": "inactive"}]
    with Collector(data) as collector:
        assert collector.post({**disabled, "sequence": 4})[0] == 200
        assert reaches(collector, "EXCH1") == there + [{"A": "good", "B": "inactive"}]


@pytest.mark.parametrize("stored", ["[]", '[{"id":"A","state":"good","link_down":false,"paths":[]},'
                                    '{"id":"B","state":"isolated","link_down":false,"paths":[]}]'],
                         ids=["never silent", "silent once"])
def test_after_an_upgrade_it_is_told_once_how_adapters_are_judged(tmp_path, stored):
    """What is stored of adapters as a former version did it, which told nothing of them."""
    data = tmp_path / "data"
    with Collector(data) as collector:
        for report in exposed_site():
            assert collector.post({**report, "sequence": 1})[0] == 200
    with sqlite3.connect(data / "mtawatch.db") as db:
        db.execute("DELETE FROM history WHERE kind = 'reach'")
        db.execute("UPDATE server SET adapters_json = ?", [stored])
    for sequence in (2, 3):
        with Collector(data) as collector:
            for report in exposed_site():
                assert collector.post({**report, "sequence": sequence})[0] == 200
            assert reaches(collector, "EXCH1") == [{"A": "good", "B": "isolated"}]


def test_silence_and_its_end_are_told(tmp_path):
    with Collector(tmp_path / "data") as collector:
        assert collector.post({**minimal("EXCH1", 1), "interval_s": 1})[0] == 200
        until(lambda: collector.get("/v1/servers/EXCH1")["silent"])
        assert collector.post({**minimal("EXCH1", 2), "interval_s": 300})[0] == 200
        silences = [detail for kind, detail in told(collector, "EXCH1") if kind == "silent"]
        assert silences == [{"silent": True}, {"silent": False}]


def test_a_report_from_a_spool_ends_a_silence_after_it_began(tmp_path):
    """It is of a time before the server was silent, and young enough to count."""
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        post(collector, [minimal("EXCH1")], 1)
        clock.set(910)
        until(lambda: collector.get("/v1/servers/EXCH1")["silent"])
        assert collector.post(minimal("EXCH1", 2), **{"Mtawatch-Report-Age": "600"})[0] == 200
        assert not collector.get("/v1/servers/EXCH1")["silent"]
        silences = [detail["silent"] for kind, detail in told(collector, "EXCH1") if kind == "silent"]
        assert silences == [True, False]


def test_pages_hold_everything_once(tmp_path):
    with Collector(tmp_path / "data") as collector:
        for sequence in range(1, 12):
            report = server("EXCH1", "10.0.0.1", build=f"5.5.2653.{sequence}")
            assert collector.post({**report, "sequence": sequence})[0] == 200
        everything, more = history(collector, "EXCH1")
        assert more is None and len(everything) > 20
        times = [moment(change) for change in everything]
        assert times == sorted(times, reverse=True)
        pages, query = [], "?limit=4&since=2020-01-01T00:00:00Z"
        while query:
            page, link = history(collector, "EXCH1", query)
            assert 1 <= len(page) <= 4
            pages += page
            query = link and link.removeprefix("/v1/servers/EXCH1/history")
        assert pages == everything
        halfway = everything[len(everything) // 2]
        since = history(collector, "EXCH1", "?since=" + halfway["at"])[0]
        assert since == [change for change in everything if moment(change) >= moment(halfway)]


@pytest.mark.parametrize("query, status", [
    ("?limit=1000", 200), ("?limit=1001", 400), ("?limit=0", 400), ("?since=yesterday", 400),
    ("?since=", 400), ("?cursor=7", 400), ("?cursor=7.", 400), ("?cursor=.7", 400),
    ("?cursor=1.2.3", 400), ("?cursor=99999999999999999999.1", 400), ("?colour=red", 400)])
def test_queries_are_checked(collector, query, status):
    assert collector.ask("/v1/servers/EXCH1/history" + query)[0] == status


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("history") / "data") as running:
        assert running.post(minimal("EXCH1"))[0] == 200
        yield running


def test_nobody_has_no_history(collector):
    assert collector.ask("/v1/servers/NOBODY/history")[0] == 404


def test_many_equal_reports_take_no_rows(tmp_path):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence in range(1, 40):
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
    with sqlite3.connect(data / "mtawatch.db") as db:
        assert db.execute("SELECT count(*) FROM history WHERE kind <> 'reach'").fetchone()[0] == 2  # reported, unknown
        assert db.execute("SELECT count(*) FROM report").fetchone()[0] == 39
