"""The soak (tests/simulator soak; docs/truth.md), so short that nothing is told about growth, but all of it is at work;
and what it would say of a collector that grows."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import gauges, soak  # noqa: E402
from simulator.collector import BUILD, PROGRAM  # noqa: E402

SMALL = ["--servers", "100", "--interval", "5", "--event-every", "5", "--program", PROGRAM]


def begin(folder, seconds):
    return subprocess.Popen([sys.executable, ROOT / "tests/simulator", "soak", *SMALL, "--folder", folder, "--hours",
                             str(seconds / 3600)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_fleet_lives_is_looked_at_and_measured(tmp_path):
    said, _ = begin(tmp_path / "soak", 20).communicate(timeout=300)
    result = json.loads((tmp_path / "soak/result.json").read_text())
    assert result["problems"] == [], said
    with open(tmp_path / "soak/samples.csv", encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    last = rows[-1]
    assert len(rows) >= 10 and all(row["files"] > 10 and row["threads"] > 2 and row["database_kb"] > 0 for row in rows)
    assert all(1000 < row["own_kb"] < row["rss_kb"] and row["sqlite_kb"] > 500 for row in rows)
    for name in ("reports", "changes", "events", "webhooks", "turns"):
        assert last[name] > 0, f"{name}: {said}"
    assert sum(result["turns"].values()) > 0 and "p99" in said


def test_a_collector_that_ends_by_itself_is_a_problem(tmp_path):
    run = begin(tmp_path / "soak", 60)
    samples = tmp_path / "soak/samples.csv"
    until(lambda: samples.exists() and len(samples.read_text().splitlines()) > 1, "a sample", 200)
    of_it = [pid for pid in Path("/proc").glob("[0-9]*") if is_run(pid, tmp_path / "soak/collector")]
    os.kill(int(of_it[0].name), signal.SIGKILL)
    said, _ = run.communicate(timeout=100)
    assert run.returncode == 1 and "ended by itself with -9" in said and "NOT WELL" in said


def is_run(process, program):
    try:
        return (process / "exe").resolve() == program
    except OSError:
        return False


def series(seconds, **growing):
    """A sample every ten seconds of what goes up and down; and of what grows by so much in an hour."""
    level = {"rss_kb": 150000, "own_kb": 40000, "sqlite_kb": 20000, "files": 25, "threads": 5, "passing_kb": 60000,
             "database_kb": 80000}
    return [{"s": s} | {name: value + s % 70 / 70 * value / 50 + growing.get(name, 0) * s / 3600
                        for name, value in level.items()} for s in range(0, seconds, 10)]


@pytest.mark.parametrize("name, grown", [("rss_kb", 6000), ("own_kb", 1500), ("files", 2), ("threads", 1),
                                         ("passing_kb", 3000)])
def test_what_grows_is_found(name, grown):
    judged = {of: is_none for of, _, _, _, is_none in gauges.growths(series(7200, **{name: grown}))}
    assert judged == {of: of != name for of in gauges.NONE}


@pytest.mark.parametrize("is_sanitized", [True, False])
def test_what_is_resident_is_judged_where_no_sanitizer_is_in_it(is_sanitized):
    """Its allocator and its records grow by themselves; what the program asks for is judged always."""
    work = dict.fromkeys([*soak.COUNTED, "loop_ran_ms", "loop_waited_ms", *(
        f"{kind}_{of}_ms" for kind in soak.TIMED for of in ("p50", "p99", "max")), "lag_p99_ms"], 0)
    samples = [row | work for row in series(7200, rss_kb=6000)]
    measured = SimpleNamespace(samples=samples, turns=lambda: {0.1: 99, float(gauges.LAG_MS): 100})
    said = []
    assert soak.judge(SimpleNamespace(is_sanitized=is_sanitized, problems=[]), measured, said.append) == is_sanitized
    assert ("GROWS" in said[0]) != is_sanitized


def test_an_hour_is_needed_to_say_that_nothing_grows():
    assert {is_none for *_, is_none in gauges.growths(series(7200))} == {True}
    assert {is_none for *_, is_none in gauges.growths(series(1800, own_kb=10**6))} == {None}


def test_what_grows_at_first_and_then_stays_does_not_grow():
    samples = series(7200)
    for sample in samples:
        sample["rss_kb"] += min(sample["s"], 3000) * 20
    assert {is_none for *_, is_none in gauges.growths(samples)} == {True}


def test_a_table_has_the_medians_of_each_time():
    lines = list(gauges.table(series(7200, own_kb=10240), 3600))
    assert lines[0].startswith("| after | resident, MB | asked for, MB |") and len(lines) == 4
    first, second = (float(line.split("|")[3]) for line in lines[2:])
    assert lines[3].startswith("| 2:00 |") and second - first == pytest.approx(10, abs=0.5)


def test_the_lag_is_read_from_the_turns_between_two_looks():
    def look(**counts):
        return gauges.Lag("".join(f'mtawatch_loop_lag_seconds_bucket{{le="{bound}"}} {n}\n'
                                  for bound, n in counts.items()))
    before = look(**{"0.005": 1000, "0.01": 1000, "0.025": 1000, "+Inf": 1000})
    turns = look(**{"0.005": 1900, "0.01": 1980, "0.025": 2000, "+Inf": 2000}).since(before)
    assert gauges.percentile_ms(turns, 0.5) == pytest.approx(2.78, abs=0.01)
    assert gauges.percentile_ms(turns, 0.99) == pytest.approx(17.5)
    assert gauges.longer_than(turns, 10) == pytest.approx(0.02)
    assert gauges.percentile_ms(look(**{"0.005": 0, "+Inf": 4}).since(look(**{"0.005": 0, "+Inf": 0})), 0.99) == 5


def test_the_heap_gauge_tells_what_a_program_asks_for(tmp_path):
    program = """
import pathlib, sys, time
def look(): return int.from_bytes(pathlib.Path(sys.argv[1]).read_bytes()[:8], "little")
time.sleep(1); before = look(); kept = [bytearray(1 << 20) for _ in range(50)]
time.sleep(1); held = look(); del kept; time.sleep(1); print(before, held, look())"""
    preloaded = {"LD_PRELOAD": str(BUILD / "tests/integration/libheap_gauge.so"), "HEAP_GAUGE": str(tmp_path / "heap")}
    said = subprocess.run([sys.executable, "-c", program, tmp_path / "heap"], check=True, capture_output=True, text=True,
                          env={**os.environ, **preloaded})
    before, held, after = (int(word) >> 20 for word in said.stdout.split())
    assert 48 <= held - before <= 54 and after - before <= 2


@pytest.mark.parametrize("line, is_bad", [
    ("==71==ERROR: AddressSanitizer: heap-use-after-free on address 0x1", True),
    ("a.c:7:3: runtime error: signed integer overflow", True),
    ("2026-11-30T15:46:08Z error: Writing the store: disk full", True),
    ("2026-11-30T15:46:08Z warning: hook pager: answered 503", False)])
def test_what_must_not_be_in_a_log_is_known(line, is_bad):
    assert bool(soak.BAD.search(line)) == is_bad
