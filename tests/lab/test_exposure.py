"""The main job, end to end: real agents on really multihomed hosts probe real endpoint mappers, and
the collector flags exactly the server that hangs on another LAN, says why and what to do."""

import time

import pytest

from .fleet import INTERVAL_S, PROBE_LIMIT_S, Fleet
from .site import MTA_PORT

CYCLE_S = INTERVAL_S + PROBE_LIMIT_S


@pytest.fixture(scope="module")
def fleet(site, wine):
    the_fleet = Fleet(site, windows=("EXCH3",))
    the_fleet.start()
    the_fleet.wait_for_verdicts(120, EXCH2="exposed")
    return the_fleet


def reasons(server, code):
    return [reason for reason in server["reasons"] if reason["code"] == code]


def first_steps(server):
    return [option["steps"][0] for option in server["remedy"]["options"]]


def watch(fleet, seconds):
    """All verdicts that are seen within a time, per server, with the moments they began."""
    seen = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for name, server in fleet.servers().items():
            seen.setdefault(name, set()).add((server["verdict"], server["since"]))
        time.sleep(0.25)
    return seen


def test_exactly_the_server_on_another_lan_is_exposed(fleet):
    servers = fleet.servers()
    assert {name: server["verdict"] for name, server in servers.items()} == {
        "EXCH1": "clear", "EXCH2": "exposed", "EXCH3": "clear"}
    isolated = reasons(servers["EXCH2"], "adapter_isolated")
    assert [reason["evidence"]["adapter"] for reason in isolated] == ["eth1"]
    assert reasons(servers["EXCH2"], "mta_may_fail_at_next_start")
    disable = first_steps(servers["EXCH2"])[0]
    assert (disable["action"], disable["adapter"], disable["verdict_after"]) == (
        "disable_adapter", "eth1", "clear")


def test_one_agent_is_the_windows_executable(fleet):
    detail = fleet.get("/v1/servers/EXCH3")
    assert detail["report"]["agent"]["platform"] == "windows-x86"
    on_the_site_lan = {row["peer"]: row["grade"] for row in fleet.probes("EXCH3")
                       if row["to"].startswith("10.77.1.")}
    assert on_the_site_lan == {"EXCH1": "mta", "EXCH2": "mta"}


def test_the_hook_was_told_of_the_exposed_server_alone(fleet):
    fleet.wait(lambda: fleet.notifications(), 10, "the hook was not told")
    told = [(told["status"], alert["server"].upper(), alert["verdict"])
            for told in fleet.notifications() for alert in told["alerts"]]
    assert told == [("firing", "EXCH2", "exposed")]


def test_while_a_peers_mapper_is_away_and_comes_back_nobody_changes(fleet):
    began = {name: server["since"] for name, server in fleet.servers().items()}
    mapper = fleet.site.mappers["EXCH1"]
    mapper.stop()
    seen = watch(fleet, 3 * CYCLE_S)
    gone = fleet.probes("EXCH3")
    assert any(row["grade"] == "none" and row["peer"] == "EXCH1" for row in gone)
    mapper.start()
    back = watch(fleet, 3 * CYCLE_S)
    for name, stands in seen.items():
        assert {since for _, since in stands | back[name]} == {began[name]}, (name, stands, back)


def test_with_the_adapter_disabled_it_is_clear(fleet):
    fleet.site.exch2.disable("eth1")
    fleet.wait_for_verdicts(6 * CYCLE_S)
    fleet.wait(lambda: len(fleet.notifications()) == 2, 10, "the hook was not told of the recovery")
    assert fleet.notifications()[1]["status"] == "resolved"


def test_with_the_adapter_back_and_the_fix_installed_it_is_protected(fleet):
    fleet.disks["EXCH2"].install("5.5.2654.54")
    fleet.site.exch2.add_address("eth1")
    fleet.site.exch2.enable("eth1")
    fleet.wait_for_verdicts(6 * CYCLE_S, EXCH2="protected")


def test_an_mta_that_fails_is_failing_and_starts_again_after_the_remedy(fleet):
    disk = fleet.disks["EXCH2"]
    disk.install("5.5.2653.23")
    disk.failed_to_start()
    fleet.wait_for_verdicts(6 * CYCLE_S, EXCH2="failing")
    options = fleet.servers()["EXCH2"]["remedy"]["options"]
    assert [step["action"] for step in options[0]["steps"]] == ["disable_adapter", "start_mta"]

    fleet.site.exch2.disable("eth1")
    disk.started()
    fleet.wait_for_verdicts(6 * CYCLE_S)


def test_with_the_mtas_port_dropped_on_one_path_it_is_at_risk(fleet):
    exch2 = fleet.site.exch2
    exch2.attach("eth2", "site", "10.77.1.112/24")
    try:
        fleet.wait(lambda: fleet.get("/v1/servers/EXCH2")["report"]["adapters"][-1]["id"] == "eth2",
                   4 * CYCLE_S, "the new adapter was not reported")
        fleet.wait_for_verdicts(6 * CYCLE_S)
        fleet.site.exch1.drop_tcp(MTA_PORT, source=exch2.address("eth2"))
        fleet.wait_for_verdicts(6 * CYCLE_S, EXCH2="at_risk")
        partial = reasons(fleet.servers()["EXCH2"], "adapter_partial")
        assert [reason["evidence"]["adapter"] for reason in partial] == ["eth2"]
        assert "EXCH1: mapped" in partial[0]["evidence"]["peers"][0]
    finally:
        fleet.site.exch1.drop_nothing()
    fleet.wait_for_verdicts(6 * CYCLE_S)


def test_no_mta_was_ever_asked_for_more_than_a_bind(fleet):
    for listener in fleet.site.listeners.values():
        assert not [line for line in listener.heard() if "request" in line]
