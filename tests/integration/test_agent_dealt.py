"""A collector in wrong hands makes no port scanner of its agents: whatever it deals, the agent keeps
to limits of its own, and says what it does not probe."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_agent import SWALLOWED, agent, collector, namespace, running  # noqa: E402,F401
from waiting import until  # noqa: E402

ADDRESSES = 16 * 4  # that the agent probes at most: DEALT_MAX_ADDRESSES of PEERS_MAX_DEALT peers
TRIES = 3
PEERS = 5  # few enough for a test that waits for the budget: 512 connections in 240 s
PACE_S = -(-(PEERS * 4 + 1) * TRIES * 240 // 512)  # its own address, too
MARGIN_S = 10  # a cycle begins to be counted before its report comes, and machines are busy


@pytest.fixture(scope="module", autouse=True)
def way_out(namespace):  # noqa: F811
    """Everything that is not here is behind a gateway, which swallows it."""
    subprocess.run(["ip", "route", "add", "default", "via", SWALLOWED], check=True)


def deal(first):
    """64 peers with 64 addresses each, from networks /16 on."""
    return [{"name": f"VICTIM{i}", "addresses": [f"{first}.{i}.{k}" for k in range(1, 65)]} for i in range(64)]


def connections():
    """TCP connections that were begun in this network."""
    names, values = [line.split() for line in open("/proc/thread-self/net/snmp") if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def probes_problem(report):
    return [problem["message"] for problem in report.get("problems", []) if problem["fact"] == "probes"]


def test_addresses_of_the_internet_are_not_probed_and_that_is_told(agent, collector):
    collector.peers = deal("203.0")
    collector.interval_s = 1
    agent("run", "--once", "--collector", collector.url, ok=0)
    before = connections()
    done = agent("run", "--once", "--collector", collector.url, ok=0)
    assert connections() - before < 10  # to the collector, and to its own address
    report = collector.reports[1]
    assert report.get("probes", []) == []
    assert report["interval_s"] == 30
    told, = probes_problem(report)
    assert "neither private, nor in a subnet of an adapter" in told and "VICTIM0 203.0.0.1" in told
    assert done.stderr.count("neither private") == 1
    assert "neither private" in " ".join(agent("check", ok=0).stdout.split())

    allowed = agent("run", "--once", "--collector", collector.url, "--allow-peers", "203.0.7.0/24, 203.0.9.1",
                    ok=0)
    assert "neither private" in allowed.stderr
    assert {row["to"] for row in collector.reports[2]["probes"]} == {
        "203.0.7.1", "203.0.7.2", "203.0.7.3", "203.0.7.4", "203.0.9.1"}


def test_a_huge_deal_is_cut_to_the_limits_and_what_is_configured_is_probed(agent, collector):
    collector.peers = deal("10.9")
    collector.interval_s = 1
    agent("run", "--once", "--collector", collector.url, ok=0)
    before = connections()
    agent("run", "--once", "--collector", collector.url, "--peer", "MINE=203.0.113.9", ok=0)
    assert connections() - before <= (ADDRESSES + 1) * TRIES + 10
    report = collector.reports[1]
    assert len(report["probes"]) == ADDRESSES + 1
    assert {row["peer"] for row in report["probes"]} == {"MINE", *(f"VICTIM{i}" for i in range(16))}
    assert "more than 16 peers with 4 addresses each: 4032" in probes_problem(report)[0]


def test_a_hostile_collector_cannot_set_the_pace(agent, collector, tmp_path):
    collector.peers = deal("10.9")
    collector.interval_s = 1
    agent("run", "--once", "--collector", collector.url, ok=0)
    before = connections()
    with running(tmp_path / "state", "--collector", collector.url, "--probe-limit", "1") as process:
        time.sleep(8)
        assert 0 < connections() - before <= ADDRESSES * TRIES + 10
        assert len(collector.reports) == 2
        assert process.says("asks for a cycle every 1 seconds") == 1
        assert process.says("more than 16 peers") == 1


def test_connections_are_limited_whatever_the_interval(agent, collector, tmp_path):
    collector.peers = deal("10.9")[:PEERS]
    agent("run", "--once", "--collector", collector.url, ok=0)
    with running(tmp_path / "state", "--collector", collector.url, "--probe-limit", "1", "--interval", "1") as process:
        until(lambda: len(collector.reports) == 2)
        begun = time.monotonic()
        before = connections()
        time.sleep(PACE_S - MARGIN_S)
        assert connections() - before < 10
        until(lambda: len(collector.reports) == 3)
        assert PACE_S - MARGIN_S < time.monotonic() - begun < PACE_S + MARGIN_S
    assert collector.reports[1]["interval_s"] == PACE_S
