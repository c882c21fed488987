"""mtawatch-agent reports at once when something changes on the server, and not at once each time."""

import contextlib
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_agent import ExchangeDisk, StandIn, namespace, running  # noqa: E402,F401
from waiting import until  # noqa: E402

HARDLY_EVER = "3600"  # seconds between two cycles without a change
MIN_GAP_S = 10        # RUN_MIN_GAP_MS


class Server:
    """An agent that watches a disk of its own, and the collector it reports to."""

    def __init__(self, folder, cleanup, *more):
        self.disk = ExchangeDisk(folder / "disk", "EXCH1")
        self.collector = cleanup.enter_context(contextlib.closing(StandIn()))
        self.collector.interval_s = int(HARDLY_EVER)
        self.agent = cleanup.enter_context(running(
            folder / "state", "--collector", self.collector.url, "--windows-root",
            str(self.disk.folder), "--probe-limit", "1", *more))

    @property
    def reports(self):
        return self.collector.reports

    def gaps(self):
        """Seconds from one report's beginning to the next one's, at most: on a busy machine the time
        that stands in a report comes late in its making."""
        times = [datetime.fromisoformat(report["collected_at"].replace("Z", "+00:00"))
                 for report in self.reports]
        return [(b - a).total_seconds() + report["duration_ms"] / 1000
                for a, b, report in zip(times, times[1:], self.reports)]


@pytest.fixture
def make_server(tmp_path):
    with contextlib.ExitStack() as cleanup:
        def make(name, *more):
            tmp_path.joinpath(name).mkdir()
            return Server(tmp_path / name, cleanup, *more)
        yield make


def test_each_change_is_reported_at_once_and_only_where_it_happened(make_server):
    service, event, foreign, registry, quiet = map(
        make_server, ("service", "event", "foreign", "registry", "quiet"))
    servers = (service, event, foreign, registry, quiet)
    until(lambda: all(len(server.reports) == 1 for server in servers))
    service.disk.service("stopped")
    event.disk.log(9321, "11004", "", "BASE IL MAIN BASE", "1", "504", "14")
    event.disk.log(9266, "4", "BASE IL MAIN BASE", "1", "173", "16")
    foreign.disk.log(1, "an event that nobody asks for")
    export = registry.disk.folder / "exchange.reg"
    registry.disk.put(export.name, export.read_bytes().replace(b"=LAB/", b"=OTHER/"))
    changed = (service, event, registry)
    until(lambda: all(len(server.reports) == 2 for server in changed), seconds=40)
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
    until(lambda: len(server.reports) == 1)
    end = time.monotonic() + 6
    changes = 0
    while time.monotonic() < end:
        server.disk.log(9322, str(changes), "1722")
        server.disk.service(("stopped", "running")[changes % 2])
        changes += 1
        time.sleep(0.02)
    server.disk.service("paused")
    assert changes > 50
    until(lambda: server.reports[-1]["mta"]["service"] == "paused", seconds=40)
    assert len(server.reports) <= 3
    assert min(server.gaps()) >= MIN_GAP_S - 0.5


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def addresses(report):
    return {address for adapter in report["adapters"] for address in adapter.get("addresses", [])}


def test_an_address_that_comes_or_goes_is_reported_at_once(make_server):
    server = make_server("renumbered")
    until(lambda: len(server.reports) == 1)
    ip("address", "add", "192.0.2.77/24", "dev", "v0")
    try:
        until(lambda: len(server.reports) == 2, seconds=40)
        assert addresses(server.reports[1]) - addresses(server.reports[0]) == {"192.0.2.77/24"}
        assert server.agent.says("an adapter or an address changed: the next cycle comes now") == 1
    finally:
        ip("address", "delete", "192.0.2.77/24", "dev", "v0")
    until(lambda: len(server.reports) == 3, seconds=40)
    assert addresses(server.reports[2]) == addresses(server.reports[0])


def test_an_adapter_that_flaps_makes_few_reports_and_the_last_one_is_right(make_server):
    server = make_server("flapping")
    until(lambda: len(server.reports) == 1)
    end = time.monotonic() + 6
    while time.monotonic() < end:
        ip("address", "add", "192.0.2.78/24", "dev", "v0")
        ip("address", "delete", "192.0.2.78/24", "dev", "v0")
    ip("link", "set", "v1", "down")  # v0 is at the other end: its cable is out
    try:
        def link():
            (v0,) = [one for one in server.reports[-1]["adapters"] if one["id"] == "v0"]
            return v0["link"]
        until(lambda: link() == "down", seconds=40)
        assert len(server.reports) <= 3
        assert min(server.gaps()) >= MIN_GAP_S - 0.5
    finally:
        ip("link", "set", "v1", "up")


def test_a_changed_collector_gets_a_report_at_once(make_server, tmp_path):
    """The file here; a policy and the installer's values are read with it."""
    file = tmp_path / "agent.conf"
    file.write_text("log-level = info\n")
    server = make_server("moved", "--config", str(file))
    until(lambda: len(server.reports) == 1)
    with contextlib.closing(StandIn()) as other:
        other.interval_s = int(HARDLY_EVER)
        (tmp_path / "new").write_text(f"collector-fallback = {other.url}\n")
        (tmp_path / "new").replace(file)
        server.collector.close()
        until(lambda: other.reports, seconds=40)
        assert server.agent.says("a setting changed: the next cycle comes now") == 1
        assert other.reports[-1]["sequence"] > server.reports[0]["sequence"]
