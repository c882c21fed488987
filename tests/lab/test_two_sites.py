"""Two sites of eight servers: what a second adapter hangs on decides, and no site says anything of the other.
N3, N4 and S1 run the Windows executable, each on a Windows of its own. N4's is the service of the installed package,
and policies tell it all that it knows.
"""

import pytest

from .breakages import INTERVAL, STANDS, breakages
from .fleet import INTERVAL_S, PORT, PROBE_LIMIT_S, Fleet
from .two_sites import TwoSites

CYCLE_S = INTERVAL_S + PROBE_LIMIT_S
WINDOWS = ("N3", "N4", "S1")
NEIGHBOURS_OF_N4 = {"N1", "N2", "N3", "N5", "N6"}
WITHOUT_POLICY_S = 300  # the default of an agent (proto/report/report.h)


@pytest.fixture(scope="module")
def fleet(laboratory, wine):
    with TwoSites() as sites:
        sites.start()
        the_fleet = Fleet(sites, windows=WINDOWS, installed=("N4",), governed=("N4",))
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


def test_three_agents_are_the_windows_executable(fleet):
    platforms = {name: fleet.get(f"/v1/servers/{name}")["report"]["agent"]["platform"] for name in fleet.site.EXCHANGE}
    assert {name for name, platform in platforms.items() if platform == "windows-x86"} == set(WINDOWS)


def test_one_of_them_is_what_the_package_installed_and_finds_exchange_by_itself(fleet):
    server, report = fleet.installed["N4"], fleet.get("/v1/servers/N4")["report"]
    assert server.service_state() == "RUNNING"
    assert server.reg(r"HKLM\Software\mtawatch").keys() == {"Package"}
    assert report["exchange"]["organization"] == "ACME" and report["exchange"]["directory"] == r"C:\exchsrvr"
    assert report["mta"]["service"] == "running" and report["mta"]["start_type"] == "auto"


def probed_by(fleet, name):
    return {row["peer"] for row in fleet.probes(name)}


def test_a_server_probes_the_servers_of_its_own_site(fleet):
    sites = fleet.site.SITES
    peers = {name: {peer for peer in sites if sites[peer] == sites[name]} - {name} for name in sites}
    # A server may stand as it should before it hears of those that came last.
    fleet.wait(lambda: {name: probed_by(fleet, name) for name in sites} == peers, 6 * CYCLE_S,
               f"the servers did not probe {peers}")


def test_a_site_of_two_that_is_cut_in_two_changes_no_verdict(fleet):
    cut, = (thing for thing in breakages(fleet) if "S1 and S2" in thing.what)
    cut.make()
    try:
        fleet.wait(lambda: [{row["grade"] for row in fleet.probes(name)} for name in ("S1", "S2")] == [{"none"}] * 2,
                   6 * CYCLE_S, "the cut was not seen")
        servers = fleet.servers()
        # The article speaks of servers with two adapters or more; each of these has one.
        assert {name: servers[name]["verdict"] for name in servers if servers[name]["verdict"] != "clear"} == STANDS
        assert all("single_homed" in {reason["code"] for reason in servers[name]["reasons"]} for name in ("S1", "S2"))
    finally:
        cut.mend()
    fleet.wait_for_verdicts(6 * CYCLE_S, **STANDS)


def test_what_can_be_broken_is_seen_as_it_says_and_can_be_mended(fleet):
    """Those together that do not hang on each other."""
    lost_lan, *together = (thing for thing in breakages(fleet) if thing.verdicts)
    lost_lan.make()
    fleet.wait_for_verdicts(6 * CYCLE_S, **STANDS | lost_lan.verdicts)
    stands = STANDS.copy()
    for thing in together:
        thing.make()
        stands |= thing.verdicts
    fleet.wait_for_verdicts(6 * CYCLE_S, **stands)
    for thing in together:
        thing.mend()
    fleet.wait_for_verdicts(6 * CYCLE_S, **STANDS)


def test_an_agent_that_hangs_is_silent_until_it_goes_on(fleet):
    silence, = (thing for thing in breakages(fleet) if "hangs" in thing.what)
    silence.make()
    fleet.wait(lambda: fleet.servers()["S2"]["silent"], 10 * INTERVAL_S, "S2 is not silent")
    silence.mend()
    fleet.wait(lambda: not fleet.servers()["S2"]["silent"], 6 * CYCLE_S, "S2 is silent still")


PEERS, COLLECTORS = "Servers to probe", "Collector URLs"


def interval_of(fleet):
    return fleet.get("/v1/servers/N4")["interval_s"]


@pytest.fixture
def policies(fleet):
    """Those of N4, for a test to change; it has the usual ones afterwards."""
    usual = fleet.usual_policies("N4")
    yield usual.copy()
    fleet.govern("N4", usual)


def test_a_policy_that_is_changed_counts_at_once_and_one_that_is_lifted_no_more(fleet, policies):
    fleet.govern("N4", policies | {INTERVAL: 3600})
    fleet.wait(lambda: interval_of(fleet) == 3600, 6 * CYCLE_S, "the policy's hour did not count")
    del policies[INTERVAL]
    fleet.govern("N4", policies)
    fleet.wait(lambda: interval_of(fleet) == WITHOUT_POLICY_S, 6 * CYCLE_S, "the policy counts though it is lifted")


def test_a_policy_of_servers_to_probe_is_obeyed(fleet, policies):
    stranger = fleet.site.hosts["S2"].address("eth0")
    fleet.govern("N4", policies | {PEERS: [f"S2={stranger}"]})
    fleet.wait(lambda: probed_by(fleet, "N4") == NEIGHBOURS_OF_N4 | {"S2"}, 6 * CYCLE_S, "N4 does not probe S2")


def test_the_collectors_of_a_policy_are_asked_in_their_order(fleet, policies):
    absent = fleet.url.replace(f":{PORT}", ":9")
    fleet.govern("N4", policies | {COLLECTORS: f"{absent},{fleet.url}", INTERVAL: 20})
    fleet.wait(lambda: interval_of(fleet) == 20, 6 * CYCLE_S, "nothing came by way of the second collector")
    assert absent in fleet.log("N4").read_text()
