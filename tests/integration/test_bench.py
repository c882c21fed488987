"""The benchmarks still work with what the collector is today: each once, so briefly that its figures
mean nothing. What they compare with (nginx, Node.js, a pushgateway) is left out."""

import os
import subprocess
import sys

import pytest
from certificates import Authority, arguments, client_of
from running import PROGRAM, ROOT, Collector, samples, set_up

sys.path.insert(0, str(ROOT / "tests/bench"))

import connections  # noqa: E402
import load  # noqa: E402

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
