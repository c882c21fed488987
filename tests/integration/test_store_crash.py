"""The end without warning under load: every acknowledged report is there afterwards, once.

Twice over. By SIGKILL alone, which shows that nothing is acknowledged before it was handed to the
system. And by a power cut: then what is left is only what the collector had synced to the disk
(keep_synced.c notes that), and a collector that syncs too little must be seen to fail.

MTAWATCH_POWER_CUTS says how many power cuts there are (default: 10)."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import threading
import time

import pytest
from running import PROGRAM, Collector, minimal

AGENTS = 12
TRIALS = 3
POWER_CUTS = int(os.environ.get("MTAWATCH_POWER_CUTS", "10"))
KEEP_ALL = ["--keep-reports", "1000000"]
KEEP_SYNCED = PROGRAM.parents[1] / "tests/integration/libkeep_synced.so"


def report_until_it_dies(collector, trial, agent, acknowledged):
    """Sends one report after the other; remembers those that were answered 200."""
    sequence = 0
    with contextlib.suppress(OSError, ValueError, AssertionError, KeyError):
        identity = collector.agents.enrol(f"EXCH{agent}")[0]
        while True:
            sequence += 1
            report = minimal(f"EXCH{agent}", sequence)
            report["agent"] = {**report["agent"], "epoch": f"trial{trial}"}
            status, _ = collector.post(report)
            if status == 200:
                acknowledged.append((identity, f"trial{trial}", sequence))


def stored_in(data):
    """Every report, after the recovery that opening the database is."""
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return db.execute("SELECT agent_id, epoch, sequence FROM report JOIN stream "
                          "ON stream.id = stream_id").fetchall()


def kill_under_load(collector, trial, seconds, acknowledged):
    """Adds what was acknowledged until the kill."""
    agents = [threading.Thread(target=report_until_it_dies,
                               args=(collector, trial, agent, acknowledged))
              for agent in range(AGENTS)]
    before = len(acknowledged)
    for agent in agents:
        agent.start()
    begin = time.monotonic()
    while len(acknowledged) < before + 2 * AGENTS or time.monotonic() < begin + seconds:
        assert time.monotonic() < begin + 60
        time.sleep(0.01)
    collector.end(signal.SIGKILL)
    for agent in agents:
        agent.join()


@pytest.mark.parametrize("seed", range(TRIALS))
def test_every_acknowledged_report_survives_sigkill_once(tmp_path, seed):
    data = tmp_path / "data"
    acknowledged = []
    for trial in range(2):  # the second one on what the first one left
        collector = Collector(data, *KEEP_ALL)
        kill_under_load(collector, trial, 0.5 + random.Random(seed * 2 + trial).random(),
                        acknowledged)
        stored = stored_in(data)
        assert len(set(stored)) == len(stored)
        assert set(acknowledged) <= set(stored)
    with Collector(data, *KEEP_ALL) as collector:
        shown = collector.get("/v1/servers")["servers"]
        assert len(shown) == AGENTS
        for server in shown:
            agent_id = collector.agents.enrol(server["server"])[0]
            latest = collector.get("/v1/servers/" + server["server"])["report"]["sequence"]
            assert latest >= max(sequence for agent, epoch, sequence in acknowledged
                                 if (agent, epoch) == (agent_id, "trial1"))


def databases(data):
    return [data / "mtawatch.db", data / "mtawatch.db-wal"]


def cut_the_power(data):
    """Leaves of the database what was synced."""
    for file in databases(data):
        synced = file.with_name(file.name + ".synced")
        file.unlink(missing_ok=True)
        if synced.exists():
            synced.rename(file)
    (data / "mtawatch.db-shm").unlink(missing_ok=True)


def run_into_a_power_cut(data, trial, acknowledged, **settings):
    """What is stored after a restart on what was left."""
    collector = Collector(data, *KEEP_ALL)  # makes the identities of the test, and everything durable
    collector.end()
    for file in databases(data):
        if file.exists():
            shutil.copy(file, file.with_name(file.name + ".synced"))
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    collector = Collector(data, *KEEP_ALL, environment={"LD_PRELOAD": str(KEEP_SYNCED),
                                             "ASAN_OPTIONS": options, **settings})
    kill_under_load(collector, trial, 0.3 + random.Random(trial).random() / 2, acknowledged)
    cut_the_power(data)
    with Collector(data, *KEEP_ALL) as collector:
        shown = collector.get("/v1/servers")["servers"]
    stored = stored_in(data)
    assert bool(shown) == bool(stored)
    return stored


def test_every_acknowledged_report_survives_a_power_cut_once(tmp_path):
    acknowledged = []
    for trial in range(POWER_CUTS):
        stored = run_into_a_power_cut(tmp_path / "data", trial, acknowledged)
        assert len(set(stored)) == len(stored)
        assert set(acknowledged) <= set(stored)


def test_a_power_cut_takes_reports_from_a_collector_that_syncs_too_little(tmp_path):
    """The negative control: if this did not fail, the test above would show nothing."""
    acknowledged = []
    for trial in range(10):
        stored = run_into_a_power_cut(tmp_path / "data", trial, acknowledged,
                                      KEEP_SYNCED_NORMAL="1")
        if not set(acknowledged) <= set(stored):
            return
    pytest.fail("ten power cuts took nothing, although only checkpoints were synced")
