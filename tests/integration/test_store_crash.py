"""kill -9 under load: every acknowledged report is there afterwards, once.

This shows that nothing is acknowledged before it was handed to the system; what a power cut does
is another test's question."""

import contextlib
import random
import signal
import sqlite3
import threading
import time

import pytest
from running import Collector, minimal

AGENTS = 12
TRIALS = 3


def report_until_it_dies(collector, trial, agent, acknowledged):
    """Sends one report after the other; remembers those that were answered 200."""
    sequence = 0
    with contextlib.suppress(OSError, ValueError, AssertionError):
        while True:
            sequence += 1
            report = minimal(f"EXCH{agent}", sequence)
            report["agent"] = {**report["agent"], "epoch": f"trial{trial}"}
            status, _ = collector.post(report)
            if status == 200:
                acknowledged.append((collector.agents.enrol(f"EXCH{agent}")[0], f"trial{trial}", sequence))


def stored_in(data):
    """Every report, after the recovery that opening the database is."""
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return db.execute("SELECT agent_id, epoch, sequence FROM report JOIN stream "
                          "ON stream.id = stream_id").fetchall()


@pytest.mark.parametrize("seed", range(TRIALS))
def test_every_acknowledged_report_survives_sigkill_once(tmp_path, seed):
    data = tmp_path / "data"
    acknowledged = []
    for trial in range(2):  # the second one on what the first one left
        collector = Collector(data)
        agents = [threading.Thread(target=report_until_it_dies,
                                   args=(collector, trial, agent, acknowledged))
                  for agent in range(AGENTS)]
        for agent in agents:
            agent.start()
        time.sleep(0.5 + random.Random(seed * 2 + trial).random())
        collector.end(signal.SIGKILL)
        for agent in agents:
            agent.join()
        stored = stored_in(data)
        assert len(set(stored)) == len(stored)
        assert len(acknowledged) > AGENTS and set(acknowledged) <= set(stored)
    with Collector(data) as collector:
        shown = collector.get("/v1/servers")["servers"]
        assert len(shown) == AGENTS
        for server in shown:
            agent_id = collector.agents.enrol(server["server"])[0]
            latest = collector.get("/v1/servers/" + server["server"])["report"]["sequence"]
            assert latest >= max(sequence for agent, epoch, sequence in acknowledged
                                 if (agent, epoch) == (agent_id, "trial1"))
