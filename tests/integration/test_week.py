"""The week of a large fleet (tests/simulator week; docs/truth.md), as a few hours of a small one: the sites are held
against their truth, and what is wrong in one of them is found."""

import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import agents, fleet, week  # noqa: E402
from simulator.physics import World  # noqa: E402

SMALL = ["--servers", "44", "--sites", "2", "--days", "0.3", "--event-every", "3", "--tell", "1"]


@pytest.fixture
def play(tmp_path, capfd):
    """What `week` says; `good`: whether it is content."""
    def run(*arguments):
        status = week.main([*SMALL, *arguments, "--folder", str(tmp_path / "week")])
        return status == 0, capfd.readouterr().out
    return run


def test_a_fleet_of_large_sites_lives_and_nothing_is_false_or_missed(play):
    good, said = play()
    assert good, said
    assert "2 sites: 0 false, 0 missed" in said and re.search(r"^[1-9]\d* changes of a verdict", said, re.M), said


def test_what_a_site_is_not_told_is_missed_and_its_scenario_kept(play, monkeypatch, tmp_path):
    honest = agents.describe_adapter
    monkeypatch.setattr(agents, "describe_adapter", lambda machine, adapter: honest(machine, adapter) | {
        "enabled": adapter.id == "A" or machine.site == "S001"})
    good, said = play()
    assert not good and "S000: missed verdict" in said and "S001" not in said
    assert [file.name for file in (tmp_path / "week").glob("S*.json")] == ["S000.json"]


def test_a_report_that_is_not_stored_is_missed():
    agent = types.SimpleNamespace(host="S000X01", sent=[agents.Sent(ms, ms, "e", ms, {}) for ms in range(3)])
    site = types.SimpleNamespace(agents={"S000X01": agent}, looked_at={}, lost=[])
    week.Site.look_for_reports(site, {("e", 0), ("e", 2)})
    assert [(fault.kind, fault.what, fault.ms) for fault in site.lost] == [("missed", "report", 1)]
    week.Site.look_for_reports(site, set())
    assert len(site.lost) == 1, "those that were looked at before are not kept for ever"


def test_the_collector_is_killed_in_the_first_half_alone():
    options = types.SimpleNamespace(interval=900, days=7)
    table = week.timetable(options)
    kills = [ms / 86400_000 for ms, is_killed in table if is_killed]
    assert len(kills) == 3 and max(kills) < 3.5
    assert table[-1][0] == 7 * 86400_000 - 30_000


def test_a_fleet_has_as_many_servers_as_it_is_to_have_each_with_addresses_of_its_own():
    sites = fleet.draw(1, 1003, 50, 900, 672, 24)
    machines = [machine for site in sites for machine in site.machines]
    addresses = [adapter["address"] for machine in machines for adapter in machine["adapters"]]
    assert len({machine["host"] for machine in machines}) == 1003
    doubles = {address for address in addresses if addresses.count(address) > 1}
    assert doubles <= {"10.10.10.1/24"}
    done = {event["do"] for site in sites for event in site.events}
    assert done >= {"unplug", "plug", "part", "join", "put_back", "add"}
    with pytest.raises(ValueError, match="at most 40"):
        fleet.draw(1, 41, 1, 900, 672, 24)


def test_what_follows_from_the_wires_is_forgotten_when_something_is_done():
    site = fleet.draw(1, 5, 1, 900, 10, 24)[0]
    world = week.StillWorld(site.world())
    one, other = list(world.machines.values())[:2]
    adapter, address = one.adapters[0], other.adapters[0].ip
    assert world.talks(one, adapter, address) is other
    other.adapters[0].plugged = False
    assert world.talks(one, adapter, address) is other, "nobody was told that something was done"
    world.forget()
    assert world.talks(one, adapter, address) is World.talks(world, one, adapter, address) is None
