"""mtawatch-agent reports at once when something changes on the server, and not at once each time."""

import contextlib
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_agent import (ExchangeDisk, StandIn, namespace, running,  # noqa: E402,F401
                        wait_until)

HARDLY_EVER = "3600"  # seconds between two cycles without a change
MIN_GAP_S = 10        # RUN_MIN_GAP_MS


class Server:
    """An agent that watches a disk of its own, and the collector it reports to."""

    def __init__(self, folder, cleanup):
        self.disk = ExchangeDisk(folder / "disk", "EXCH1")
        self.collector = cleanup.enter_context(contextlib.closing(StandIn()))
        self.collector.interval_s = int(HARDLY_EVER)
        self.agent = cleanup.enter_context(running(
            folder / "state", "--collector", self.collector.url, "--windows-root",
            str(self.disk.folder), "--probe-limit", "1"))

    @property
    def reports(self):
        return self.collector.reports

    def gaps(self):
        times = [datetime.fromisoformat(report["collected_at"].replace("Z", "+00:00"))
                 for report in self.reports]
        return [(b - a).total_seconds() for a, b in zip(times, times[1:])]


@pytest.fixture
def make_server(tmp_path):
    with contextlib.ExitStack() as cleanup:
        def make(name):
            tmp_path.joinpath(name).mkdir()
            return Server(tmp_path / name, cleanup)
        yield make


def test_each_change_is_reported_at_once_and_only_where_it_happened(make_server):
    service, event, foreign, registry, quiet = map(
        make_server, ("service", "event", "foreign", "registry", "quiet"))
    servers = (service, event, foreign, registry, quiet)
    wait_until(lambda: all(len(server.reports) == 1 for server in servers))
    service.disk.service("stopped")
    event.disk.log(9321, "11004", "", "BASE IL MAIN BASE", "1", "504", "14")
    event.disk.log(9266, "4", "BASE IL MAIN BASE", "1", "173", "16")
    foreign.disk.log(1, "an event that nobody asks for")
    export = registry.disk.folder / "exchange.reg"
    registry.disk.put(export.name, export.read_bytes().replace(b"=LAB/", b"=OTHER/"))
    changed = (service, event, registry)
    wait_until(lambda: all(len(server.reports) == 2 for server in changed), 40)
    assert service.reports[1]["mta"]["service"] == "stopped"
    assert service.agent.says("the state of the service MSExchangeMTA changed")
    assert [row["id"] for row in event.reports[1]["mta"]["last_failure"]["events"]] == [9321, 9266]
    assert event.agent.says("the MTA wrote an event")
    assert registry.reports[1]["exchange"]["site"] == "OTHER"
    assert registry.agent.says("an export of the registry changed")
    assert all(server.gaps()[0] >= MIN_GAP_S - 0.5 for server in changed)
    assert len(quiet.reports) == len(foreign.reports) == 1


def test_a_flood_of_changes_makes_few_reports_and_the_last_one_is_right(make_server):
    server = make_server("flooded")
    wait_until(lambda: len(server.reports) == 1)
    until = time.monotonic() + 6
    changes = 0
    while time.monotonic() < until:
        server.disk.log(9322, str(changes), "1722")
        server.disk.service(("stopped", "running")[changes % 2])
        changes += 1
        time.sleep(0.02)
    server.disk.service("paused")
    assert changes > 50
    wait_until(lambda: server.reports[-1]["mta"]["service"] == "paused", 40)
    assert len(server.reports) <= 3
    assert min(server.gaps()) >= MIN_GAP_S - 0.5
