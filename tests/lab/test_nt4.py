"""The Windows agent on NT 4.0, as a whole: no GetAdaptersInfo, no GetBestInterface, no NotifyAddrChange,
but the tables of addresses, interfaces and routes. Under Wine as NT 4.0, on a host with two adapters;
its report is compared with that of the agent which uses the later calls.

Wine has those calls whatever Windows it plays, so this is the agent with a function that hides them.
"""

import contextlib
import json
import subprocess

import pytest
from waiting import until

from .fleet import WINDOWS_BUILD
from .network import WINE, Network

AGENT = WINDOWS_BUILD / "agent/mtawatch-agent.exe"
AGENT_ON_NT4 = WINDOWS_BUILD / "tests/windows_programs/agent_on_nt4.exe"
HOLD_SESSION = WINDOWS_BUILD / "tests/windows_programs/hold_session.exe"
NEAR, FAR, BEHIND, NOWHERE = "10.81.0.9", "10.82.0.9", "10.90.0.1", "10.91.0.1"
SERVICES = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
CARDS = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkCards"


def text_list(text):
    """A REG_MULTI_SZ of one text, as REGEDIT4 has it."""
    return "hex(7):" + ",".join(f"{byte:02x}" for byte in f"{text}\0\0".encode())


# What NT 4.0's setup of network cards leaves in the registry (Q163554).
CARD_NAMES = rf"""REGEDIT4

[{CARDS}\1]
"ServiceName"="E100B1"
"Description"="Intel EtherExpress PRO"

[{CARDS}\2]
"ServiceName"="El90x2"
"Description"="3Com Fast EtherLink XL"

[{SERVICES}\E100B1\Parameters\Tcpip]
"IPAddress"={text_list("10.81.0.1")}

[{SERVICES}\El90x2\Parameters\Tcpip]
"EnableDHCP"=dword:00000001
"DhcpIPAddress"="10.82.0.1"
"""


@pytest.fixture(scope="module")
def host(laboratory, wine):
    with Network() as network:
        network.add_lan("lan-a")
        network.add_lan("lan-b")
        server, peer = network.add_host("NT4"), network.add_host("PEER")
        server.attach("eth0", "lan-a", "10.81.0.1/24")
        server.attach("eth1", "lan-b", "10.82.0.1/24")
        peer.attach("eth0", "lan-a", f"{NEAR}/24")
        peer.attach("eth1", "lan-b", f"{FAR}/24")
        server.ip("route", "add", "10.90.0.0/16", "via", FAR)
        server.ip("route", "add", "10.90.0.0/24", "via", NEAR)
        windows(server, "winecfg", "-v", "nt40")
        yield server


def windows(host, *arguments):
    """What a program prints on a host; through files, for Wine holds pipes open."""
    output, errors = host.network.folder / "output", host.network.folder / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        done = host.run(host.windows(arguments), capture_output=False, stdout=out, stderr=err)
    assert done.returncode == 0, errors.read_text()
    return output.read_text()


def lists_cards(host, number):
    """Does Windows list so many cards?"""
    query = host.windows(["reg", "query", rf"{CARDS}\{number}"])
    return host.run(query, capture_output=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


@contextlib.contextmanager
def windows_up(host):
    """A driver of Wine's lists the cards each time that Windows begins, and they are forgotten when it ends, which it
    does some seconds after the last program."""
    holder = host.popen(host.windows([HOLD_SESSION], limit_s=0), stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: lists_cards(host, 3), "Wine's own list of cards: lo, eth0, eth1")
        yield
    finally:
        subprocess.run([WINE, "--prefix", host.windows_folder / "prefix", "--kill"], check=True)
        holder.wait(timeout=60)


def report_of(host, agent):
    peers = [f"--peer=P{number}={address}"
             for number, address in enumerate((NEAR, FAR, BEHIND, NOWHERE))]
    return json.loads(windows(host, agent, "report", "--probe-limit", "1", *peers))


def unnamed(adapters):
    """Adapters by their first address, without what only names them."""
    return {adapter["addresses"][0]: {key: value for key, value in adapter.items()
                                      if key not in ("id", "description")}
            for adapter in adapters}


def routes(report):
    """Through which adapter, told by its address, each peer is reached."""
    names = {adapter["id"]: adapter["addresses"][0] for adapter in report["adapters"]}
    return {(names[row["adapter"]], row["to"]): names.get(row.get("via"))
            for row in report["probes"]}


def test_the_tables_tell_what_the_later_calls_tell(host):
    later, tables = report_of(host, AGENT), report_of(host, AGENT_ON_NT4)
    assert tables["host"]["os"].startswith("Windows NT 4.0")
    assert [problem for problem in tables.get("problems", [])
            if problem["fact"].startswith(("adapters", "probes"))] == []
    assert unnamed(tables["adapters"]) == unnamed(later["adapters"])
    assert set(unnamed(tables["adapters"])) == {"10.81.0.1/24", "10.82.0.1/24"}
    assert {adapter["link"] for adapter in tables["adapters"]} == {"up"}
    assert {row["error"] for row in tables["probes"] if row["to"] in (NEAR, FAR)} == {"refused"}


def test_routes_come_from_the_table_by_the_longest_prefix(host):
    told = routes(report_of(host, AGENT_ON_NT4))
    near, far = "10.81.0.1/24", "10.82.0.1/24"
    for adapter in (near, far):
        assert told[adapter, NEAR] == near
        assert told[adapter, FAR] == far
        assert told[adapter, BEHIND] == near
        assert told[adapter, NOWHERE] is None
    assert told == routes(report_of(host, AGENT))


def test_adapters_are_named_after_the_registrys_cards(host):
    export = host.network.folder / "cards.reg"
    export.write_bytes(CARD_NAMES.replace("\n", "\r\n").encode())
    with windows_up(host):
        windows(host, "regedit", "/S", f"Z:{export}")
        adapters = report_of(host, AGENT_ON_NT4)["adapters"]
    named = {adapter["addresses"][0]: (adapter["id"], adapter["description"]) for adapter in adapters}
    assert named == {"10.81.0.1/24": ("E100B1", "Intel EtherExpress PRO"),
                     "10.82.0.1/24": ("El90x2", "3Com Fast EtherLink XL")}


def test_a_downed_adapter_is_down_in_the_tables_too(host):
    host.ip("link", "set", "eth1", "down")
    try:
        tables = unnamed(report_of(host, AGENT_ON_NT4)["adapters"])
        assert tables == unnamed(report_of(host, AGENT)["adapters"])
        assert tables["10.82.0.1/24"]["link"] == "down"
    finally:
        host.ip("link", "set", "eth1", "up")
