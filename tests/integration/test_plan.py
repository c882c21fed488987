"""The smallest set of changes that makes a site safe, in order: of a collector, in the terminal, of report files."""

import csv
import io
import json
import subprocess

import pytest
from running import PATIENCE, PROGRAM, Collector, exposed_site, faulty, row, server
from test_clock import Clock, post
from waiting import until

PLAN = "/v1/sites/ACME/HQ/plan"


def rows(name, adapter, peers, grade="mta", network=0):
    reached = {} if grade == "mta" else {"error": "timeout"}
    return [{**row(adapter, peer, f"10.{network}.0.{name[-1]}", f"10.0.0.{peer[-1]}", grade, **reached), "via": adapter}
            for peer in peers if peer != name]


def broken_site():
    """EXCH1's second adapter is cut off, EXCH2 fails for that, EXCH3 is before Service Pack 4, EXCH4 is a cluster, EXCH5
    is well, EXCH6 has nothing that could be told of it."""
    names = [f"EXCH{n}" for n in range(1, 6)]
    site = []
    for name in names:
        second = [] if name == "EXCH5" else rows(name, "B", names, "none", 9)
        site.append(server(name, f"10.0.0.{name[-1]}", rows(name, "A", names) + second,
                           second=None if name == "EXCH5" else f"10.9.0.{name[-1]}"))
    site[1]["mta"] = {"service": "stopped", "last_start": {"at": "2026-11-22T19:31:00Z", "outcome": "failed", "events": [
        {"id": 9321, "at": "2026-11-22T19:31:00Z", "nt_error": 11004}, {"id": 9266, "at": "2026-11-22T19:31:00Z"}]}}
    site[2]["files"] = [{"name": "Emsmta.exe", "state": "versioned", "version": "5.5.2651.96"}]
    site[3]["exchange"]["clustered"] = True
    site.append(server("EXCH6", "10.0.0.6", [], second="10.9.0.6"))
    return site


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("plan") / "data") as running:
        for report in broken_site():
            assert running.post(report)[0] == 200
        yield running


def run(collector, *words):
    return subprocess.run([PROGRAM, "plan", *words], capture_output=True, text=True, timeout=PATIENCE,
                          env={"MTAWATCH_URL": collector.url, "MTAWATCH_TOKEN": collector.token, "HOME": "/nonexistent"})


def steps(plan):
    return [(s["server"], s["action"], s["adapter"], s["before"], s["after"]) for s in plan["steps"]]


FIX_FIRST = [("EXCH2", "install_fix", None, "failing", "protected"),
             ("EXCH2", "start_mta", None, "protected", "protected"),
             ("EXCH1", "install_fix", None, "exposed", "protected"),
             ("EXCH3", "disable_adapter", "B", "exposed", "clear"),
             ("EXCH4", "connect_adapter", "B", "exposed", "clear")]


def test_a_site_is_mended_by_the_fewest_changes(collector):
    plan = collector.get(PLAN)
    assert steps(plan) == FIX_FIRST
    assert (plan["exact"], plan["changes"], plan["prefer"]) == (True, 4, "fix")
    assert plan["before"] == {"failing": 1, "exposed": 3, "unknown": 1, "clear": 1}
    assert plan["after"] == {"unknown": 1, "clear": 3, "protected": 2}
    assert [(left["server"], left["verdict"], left["silent"]) for left in plan["left"]] == [("EXCH6", "unknown", False)]


def test_adapters_may_be_preferred(collector):
    plan = collector.get(PLAN + "?prefer=adapters")
    assert steps(plan) == [("EXCH2", "disable_adapter", "B", "failing", "clear"),
                           ("EXCH2", "start_mta", None, "clear", "clear"),
                           ("EXCH1", "disable_adapter", "B", "exposed", "clear"), *FIX_FIRST[3:]]


def test_each_step_brings_what_what_if_says_of_it(collector):
    for prefer in ("fix", "adapters"):
        made = []
        for step in collector.get(f"{PLAN}?prefer={prefer}")["steps"]:
            made.append({"action": step["action"], "server": step["server"],
                         **({"adapter": step["adapter"]} if step["adapter"] else {})})
            _, _, body = collector.ask("/v1/sites/ACME/HQ/what-if", "POST", json.dumps({"changes": made}),
                                       {"Content-Type": "application/json"})
            after = {s["server"]: s["after"]["verdict"] for s in json.loads(body)["servers"]}
            assert after[step["server"]] == step["after"]


@pytest.mark.parametrize("path, status", [(PLAN + "?prefer=luck", 400), (PLAN + "?colour=red", 400),
                                          (PLAN + "?prefer=fix&prefer=fix", 400), ("/v1/sites/ACME/No/plan", 404),
                                          ("/v1/sites/-/-/plan", 404)])
def test_wrong_calls_are_refused(collector, path, status):
    assert collector.ask(path)[0] == status


def test_a_site_that_is_well_needs_nothing(tmp_path):
    with Collector(tmp_path / "data") as collector:
        for report in exposed_site()[1:]:
            assert collector.post(report)[0] == 200
        plan = collector.get(PLAN)
        assert (plan["steps"], plan["left"], plan["exact"]) == ([], [], True)
        shown = run(collector)
        assert (shown.returncode, shown.stdout) == (0, "No server is failing, exposed or at risk: nothing to do.\n")
        assert run(collector, "--site", "ACME/HQ").stdout == "ACME/HQ: nothing to do.\n"


def test_a_silent_server_is_left(tmp_path):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        clock.set(3600)
        post(collector, exposed_site()[2:], 2)  # by which it notices
        until(lambda: collector.get("/v1/servers/EXCH1")["silent"])
        plan = collector.get(PLAN)
        assert plan["steps"] == []
        assert [(left["server"], left["verdict"], left["silent"]) for left in plan["left"]] == [("EXCH1", "exposed", True)]
        assert run(collector, "--site", "ACME/HQ").returncode == 3


def large_site():
    """Twenty servers, of which each has a second adapter that is cut off."""
    names = [f"MX{n:02}" for n in range(20)]
    for n, name in enumerate(names):
        peers = [names[(n + k) % 20] for k in range(1, 6)]
        found = [{**row(adapter, peer, f"10.{network}.0.{n + 1}", f"10.0.0.{names.index(peer) + 1}", grade),
                  "via": adapter, **({"error": "timeout"} if grade == "none" else {})}
                 for adapter, network, grade in (("A", 0, "mta"), ("B", 9, "none")) for peer in peers]
        yield server(name, f"10.0.0.{n + 1}", found, second=f"10.9.0.{n + 1}")


def test_a_large_site_is_mended_server_by_server(tmp_path):
    with Collector(tmp_path / "data") as collector:
        for report in large_site():
            assert collector.post(report)[0] == 200
        plan = collector.get(PLAN)
        assert (plan["exact"], len(plan["steps"]), plan["left"]) == (False, 20, [])
        assert plan["after"] == {"protected": 20}
        shown = run(collector).stdout.splitlines()
        assert shown[0] == "ACME/HQ: made server by server; a smaller set may do."


def test_it_is_shown_in_a_terminal(collector):
    shown = run(collector, "--no-color")
    assert shown.returncode == 3, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0] == "ACME/HQ: no smaller set of changes does it."
    assert lines[2].split("  ")[0].strip() == "1" and "on EXCH2." in lines[2] and "failing, then protected" in lines[2]
    assert lines[-1].startswith("EXCH6")
    assert json.loads(run(collector, "--json", "--site", "acme/hq").stdout)[0]["steps"] == collector.get(PLAN)["steps"]


def test_it_is_written_as_csv(collector):
    table = list(csv.DictReader(io.StringIO(run(collector, "--csv").stdout)))
    assert [(r["step"], r["server"], r["action"], r["adapter"] or None, r["before"], r["after"]) for r in table] == [
        (str(i + 1), *step[:3], *step[3:]) for i, step in enumerate(FIX_FIRST)]
    assert {(r["organization"], r["site"]) for r in table} == {("ACME", "HQ")}


def test_it_is_made_of_report_files(tmp_path, collector):
    files = []
    for report in broken_site():
        files.append(tmp_path / f"{report['host']['name']}.json")
        files[-1].write_text(json.dumps(report))
    at = ["--at", broken_site()[0]["collected_at"]]
    for words in (at, [*at, "--site", "ACME/HQ"]):
        made = run(collector, *words, "--json", *files)
        assert made.returncode == 3, made.stderr
        assert [steps(plan) for plan in json.loads(made.stdout)] == [FIX_FIRST]
    assert run(collector, *at, "--site", "ACME/Branch", "--json", *files).stdout == "[]\n"


@pytest.mark.parametrize("words", [["--prefer", "luck"], ["--site", "HQ"], ["--csv", "--json"],
                                   ["--at", "2026-01-01T00:00:00Z"]])
def test_wrong_usage_is_told(collector, words):
    assert run(collector, *words).returncode == 2
