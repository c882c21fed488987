"""Two sites of eight servers: what a second adapter hangs on decides, and no site says anything of the other.
N3, N4 and S1 run the Windows executable, each on a Windows of its own; N4 takes a setting from a policy.
"""

import pytest

from .fleet import INTERVAL_S, PROBE_LIMIT_S, Fleet
from .two_sites import TwoSites

CYCLE_S = INTERVAL_S + PROBE_LIMIT_S
WINDOWS = ("N3", "N4", "S1")
STANDS = {"N2": "at_risk", "N3": "at_risk", "N5": "at_risk", "N6": "at_risk"}
POLICY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\mtawatch"


@pytest.fixture(scope="module")
def fleet(laboratory, wine):
    with TwoSites() as sites:
        sites.start()
        the_fleet = Fleet(sites, windows=WINDOWS)
        the_fleet.disks["N4"].register(POLICY, "LogFile", f"Z:{sites.folder}/policy.log".replace("/", "\\"))
        the_fleet.start()
        the_fleet.wait_for_verdicts(180, **STANDS)
        yield the_fleet


def blamed(server):
    """The adapters that its verdict rests on, by what is wrong with them."""
    return {(reason["code"], reason["evidence"]["adapter"]) for reason in server["reasons"]
            if reason["code"].startswith("adapter_")}


def test_the_adapter_that_borrows_another_and_the_heartbeat_are_blamed(fleet):
    servers = fleet.servers()
    names = {name: fleet.get(f"/v1/servers/{name}")["report"]["adapters"][1]["id"] for name in STANDS}
    assert {name: blamed(servers[name]) for name in STANDS} == {
        name: {("adapter_borrowed" if name in ("N2", "N3") else "adapter_partial", names[name])} for name in STANDS}


def test_three_agents_are_the_windows_executable_and_obey_policies(fleet):
    platforms = {name: fleet.get(f"/v1/servers/{name}")["report"]["agent"]["platform"] for name in fleet.site.EXCHANGE}
    assert {name for name, platform in platforms.items() if platform == "windows-x86"} == set(WINDOWS)
    assert "reports to" in (fleet.folder / "policy.log").read_text()


def probed_by(fleet, name):
    return {row["peer"] for row in fleet.get(f"/v1/servers/{name}")["report"]["probes"]}


def test_a_server_probes_the_servers_of_its_own_site(fleet):
    sites = fleet.site.SITES
    peers = {name: {peer for peer in sites if sites[peer] == sites[name]} - {name} for name in sites}
    # A server may stand as it should before it hears of those that came last.
    fleet.wait(lambda: {name: probed_by(fleet, name) for name in sites} == peers, 6 * CYCLE_S,
               f"the servers did not probe {peers}")


def test_a_site_of_two_that_is_cut_in_two_changes_no_verdict(fleet):
    one, other = fleet.site.hosts["S1"], fleet.site.hosts["S2"]
    one.drop_tcp(135, source=other.address("eth0"))
    other.drop_tcp(135, source=one.address("eth0"))
    try:
        fleet.wait(lambda: all(row["grade"] == "none" for name in ("S1", "S2")
                               for row in fleet.get(f"/v1/servers/{name}")["report"]["probes"]),
                   6 * CYCLE_S, "the cut was not seen")
        servers = fleet.servers()
        # The article speaks of servers with two adapters or more; each of these has one.
        assert {name: servers[name]["verdict"] for name in servers if servers[name]["verdict"] != "clear"} == STANDS
        assert all("single_homed" in {reason["code"] for reason in servers[name]["reasons"]} for name in ("S1", "S2"))
    finally:
        one.drop_nothing()
        other.drop_nothing()
    fleet.wait_for_verdicts(6 * CYCLE_S, **STANDS)
