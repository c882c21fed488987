"""The benchmarks still work with what the collector is today: each once, so briefly that its figures
mean nothing. What they compare with (nginx, Node.js, a pushgateway) is left out."""

import json
import os
import subprocess
import sys

import pytest
from certificates import Authority, arguments, client_of
from postgres import Postgres, programs
from running import PROGRAM, ROOT, Collector, samples, set_up

sys.path.insert(0, str(ROOT / "tests/bench"))

import connections  # noqa: E402
import figures  # noqa: E402
import load  # noqa: E402
import stores  # noqa: E402
import takeover  # noqa: E402

PROGRAMS = PROGRAM.parents[1] / "tests/bench"
SECONDS = 3


@pytest.fixture
def secured(tmp_path):
    """A collector that speaks TLS."""
    authority = Authority(tmp_path / "authority")
    with Collector(tmp_path / "data", *arguments(authority.sign_server()), tls=client_of(authority)) as running:
        yield running


def taken(collector):
    return samples(collector, "mtawatch_reports_total")['result="accepted"']


@pytest.mark.parametrize("words, changes", [(["life"], False), (["changes"], True), (["life", "100", "64"], False)])
def test_reports_of_the_load_are_accepted_and_judged(secured, tmp_path, words, changes):
    fleet = load.enrol(secured, tmp_path / "fleet", n=20)
    result = load.wrk(secured.url, "report.lua", fleet, 1, *words, seconds=SECONDS)
    assert result.errors == 0 and 0 < result.requests <= taken(secured)
    counts = secured.get("/v1/servers")["counts"]
    assert counts["exposed"] > 0 and counts["clear"] > 0
    verdicts = [change for change in secured.get("/v1/servers/S000-00/history")["changes"]
                if change["kind"] == "verdict"]
    assert (len(verdicts) > 2) == changes


def test_what_connections_cost_can_be_measured(secured):
    assert connections.measure_memory(secured, 50) > 0
    cpu_us, rate, p50_us, p99_us = connections.measure_cpu(secured, SECONDS, "refused.lua")
    assert cpu_us > 0 and rate > 0 and p50_us <= p99_us


def test_a_store_can_be_filled_and_its_servers_report(tmp_path):
    set_up(PROGRAM, tmp_path / "data")
    with (tmp_path / "fleet").open("wb") as fleet:
        subprocess.run([PROGRAMS / "fill_store", tmp_path / "data", "100", "20"], stdout=fleet, check=True)
    with Collector(tmp_path / "data") as collector:
        answer = collector.get("/v1/servers?site=SITE0001&limit=1000")
        assert collector.get("/v1/servers")["matched"] == 100 and answer["matched"] == 20
        result = load.wrk(collector.url, "report.lua", tmp_path / "fleet", 1, "life", seconds=SECONDS)
        assert result.errors == 0 and 0 < result.requests <= taken(collector)
        sent = result.requests + 64
        result = load.wrk(collector.url, "report.lua", tmp_path / "fleet", 1, "life", 0, 64, sent, seconds=SECONDS)
        assert result.errors == 0 and 4000 < result.body_size < 8000
        assert collector.get("/v1/servers")["matched"] == 100


@pytest.mark.parametrize("program, words", [
    ("bench_fleet", ["200"]), ("bench_store", ["200", "1"])])
def test_the_programs_that_measure_run_to_their_end(tmp_path, program, words):
    if program == "bench_store":
        words = [*words, str(tmp_path)]
    ended = subprocess.run([PROGRAMS / program, *words], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0 and ended.stdout, ended


def test_what_an_alert_takes_can_be_measured(tmp_path):
    ended = subprocess.run(
        [sys.executable, ROOT / "tests/bench/alerts.py", "--rate", "50", "--changes", "2", "--pause", "0.01"],
        capture_output=True, text=True, timeout=120, env=os.environ | {"TMPDIR": str(tmp_path)})
    assert ended.returncode == 0, ended
    assert [line.split(":")[0].split()[0] for line in ended.stdout.splitlines()] == ["at", "beside"]


def test_what_many_silent_servers_cost_can_be_measured(tmp_path):
    ended = subprocess.run([sys.executable, ROOT / "tests/bench/alerts.py", "--silent", "100"], capture_output=True,
                           text=True, timeout=120, env=os.environ | {"TMPDIR": str(tmp_path)})
    assert ended.returncode == 0 and ended.stdout.startswith("100 servers silent at once: 1 messages (opened surroundings)"), ended


def test_what_silences_cost_a_page_of_alerts_can_be_measured():
    said = subprocess.run([PROGRAMS / "bench_silences", "50"], capture_output=True, text=True, check=True).stdout
    names, beginnings, anagrams, scattered = said.splitlines()
    assert names.endswith("50 muted") and beginnings.endswith("100 muted"), said
    assert "anagrams" in anagrams and scattered.endswith(" 0 muted"), said


@pytest.fixture(scope="module")
def database():
    if not programs():
        pytest.skip("there is no PostgreSQL (Debian: postgresql)")
    with Postgres() as server:
        yield server


@pytest.fixture
def figures_of(monkeypatch):
    """What a benchmark tells: {what: value}. It finds its programs where these tests have theirs."""
    monkeypatch.setenv("MTAWATCH_BUILD", str(PROGRAM.parents[1]))
    run = figures.Figures()
    run.begin("part", "")
    return run


def test_what_each_engine_of_the_store_costs_can_be_measured(tmp_path, database, figures_of, monkeypatch):
    monkeypatch.setattr(stores, "REPORTS", 3000)  # of which the cost is more than what a clock is off
    stores.measure(tmp_path, database, PROGRAM.parents[1], 1, figures_of.tell)
    found = {figure["what"]: figure["value"] for figure in figures_of.found}
    assert {"storing a report, embedded", "storing a report, PostgreSQL", "storing a report, embedded, before"} <= set(found)
    assert all(value > 0 for what, value in found.items() if "database's" not in what), found


def test_how_long_nobody_judges_can_be_measured(tmp_path, database, figures_of):
    ticks = []
    takeover.measure(tmp_path, database, 100, 20, 1, 1, [], None, lambda judge, _: ticks.append(judge.get("/v1/servers")),
                     figures_of.tell)
    found = {figure["what"]: figure["value"] for figure in figures_of.found}
    assert ticks[0]["matched"] == 100
    assert found["until another judges 100 servers, the judge killed (-9)"] > 4  # as long as it takes to miss its beats
    assert found["memory for each server, PostgreSQL, after that"] > 0


def run_of(value, at_most=2):
    run = figures.Figures()
    run.begin("reports", "")
    run.tell("storing", value, "us", at_most=at_most)
    run.tell("at a time", 3)
    return run


def test_a_goal_that_is_missed_is_said():
    assert run_of(2).missed() == [] and run_of(2.1).missed() == ["storing"]
    run = figures.Figures()
    run.tell("reports a second", 0.7, at_least=0.8)
    assert run.missed() == ["reports a second"]


def test_the_tables_of_a_document_are_those_of_the_runs(tmp_path):
    files = []
    for value in (1, 1.5, 4):
        files.append(tmp_path / f"{value}.json")
        run_of(value).save(files[-1], figures.machine(tmp_path), [])
    assert json.loads(files[0].read_text())["machine"]["processors"] == os.cpu_count()
    document = tmp_path / "document.md"
    document.write_text("Before\n<!-- figures: reports -->\nold\n<!-- end of figures -->\n"
                        "<!-- figures: fleet -->\nkept\n<!-- end of figures -->\nafter\n")
    program = ROOT / "tests/bench/figures.py"
    subprocess.run([sys.executable, program, document, *files], check=True)
    assert document.read_text() == (
        "Before\n<!-- figures: reports -->\n| what | figure | goal |\n|---|---|---|\n"
        "| storing | 1.50 us (1.00 to 4.00) | ≤ 2.00 us |\n| at a time | 3.00 |  |\n<!-- end of figures -->\n"
        "<!-- figures: fleet -->\nkept\n<!-- end of figures -->\nafter\n")
    said = subprocess.run([sys.executable, program, "--compare", files[0], files[2]], capture_output=True, text=True,
                          check=True).stdout
    assert said.splitlines()[2].split()[-2:] == ["x", "4.00"]


def test_the_document_of_performance_has_a_table_for_each_part():
    text = (ROOT / "docs/performance.md").read_text()
    parts = {match[2] for match in figures.TABLE.finditer(text)}
    assert parts == {"store", "reports", "connections", "fleet", "takeover", "plans", "pages"}
