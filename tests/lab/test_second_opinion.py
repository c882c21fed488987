"""Other programs' opinions: whether they read of a real endpoint mapper what we read, and whether
what the agent sends is what a dissector knows.
"""

import importlib.util
import json
import re
import shutil
from pathlib import Path

import pytest

from .fleet import BUILD
from .mapper import MTA_INTERFACE, ask
from .recording import Recording
from .site import MTA_PORT

EPM_INTERFACE = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
NOT_REGISTERED = "0x16c9a0d6"
IMPACKET = Path(__file__).with_name("impacket_client.py")

# PDU types (C706 12.6.4) and operations of the mapper (C706 appendix O).
REQUEST, RESPONSE, BIND, BIND_ACK = "0", "2", "11", "12"
LOOKUP, MAP = "2", "3"


@pytest.fixture(scope="module")
def tshark():
    if not shutil.which("tshark"):
        pytest.skip("not installed: tshark (scripts/setup lab)")


@pytest.fixture(scope="module")
def impacket():
    if not importlib.util.find_spec("impacket"):
        pytest.skip("not installed: python3-impacket (scripts/setup lab)")


@pytest.fixture(scope="module")
def address(site):
    return site.exch1.address("eth0")


def run(host, *argv):
    done = host.run(argv)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def our_words(site, *words):
    return run(site.exch3, BUILD / "tests" / "lab" / "epm_client", *words)


def our_lookup(site, address, page):
    """Our endpoints, and our answers: how many entries each had, and its status."""
    lines = our_words(site, address, "lookup", page)
    answers = [re.fullmatch(r"# (\d+) entries, status (\w+)", line).groups()
               for line in lines if line.startswith("#")]
    return ([tuple(line.split("\t")) for line in lines if not line.startswith("#")],
            [(int(number), status) for number, status in answers])


def in_our_words(binding):
    return binding if binding.startswith("ncacn_ip_tcp:") else "other"


def rpcclients_lookup(site, address):
    """rpcclient leaves out the entry that comes along with the last status; it asks for one each."""
    endpoints = []
    for line in ask(site.exch3, address, site.mappers["EXCH1"].configuration).splitlines():
        read = re.fullmatch(r"[0-9a-f-]{36} (\w+:.*?\[.*),abstract_syntax=([0-9a-f-]{36})/"
                            r"0x([0-9a-f]{4})([0-9a-f]{4})\]: (.*)", line)
        if read:
            binding, interface, minor, major, annotation = read.groups()
            endpoints.append((interface, f"{int(major, 16)}.{int(minor, 16)}",
                              in_our_words(binding + "]"), annotation))
        else:
            assert line in ("", "epm_Lookup no more entries")
    return endpoints


def impackets_lookup(site, address, page):
    endpoints = [line.split("\t")
                 for line in run(site.exch3, "/usr/bin/python3", IMPACKET, address, "lookup", page)]
    return [(interface, version, in_our_words(binding), annotation)
            for interface, version, binding, annotation in endpoints]


@pytest.mark.parametrize("page", [1, 7, 100])
def test_rpcclient_lists_what_we_list_page_by_page(site, address, page):
    endpoints, answers = our_lookup(site, address, page)
    assert len(endpoints) > 30
    assert rpcclients_lookup(site, address) == endpoints[:-1]
    assert all(answer == (page, "0x00000000") for answer in answers[:-1])
    assert answers[-1][1] == NOT_REGISTERED
    assert sum(number for number, _ in answers) == len(endpoints)


@pytest.mark.parametrize("page", [1, 7, 100])
def test_impacket_lists_what_we_list_page_by_page(site, address, impacket, page):
    endpoints, _ = our_lookup(site, address, page)
    assert impackets_lookup(site, address, page) == endpoints
    assert (MTA_INTERFACE, "2.0", f"ncacn_ip_tcp:{address}[{MTA_PORT}]",
            "MS Exchange MTA 'Mta' Interface") in endpoints


def test_all_entries_come_with_the_last_status_and_count(site, address):
    endpoints, answers = our_lookup(site, address, 100)
    assert answers == [(len(endpoints), NOT_REGISTERED)]


def test_impacket_is_sent_where_we_are_for_each_interface(site, address, impacket):
    listed, _ = our_lookup(site, address, 100)
    interfaces = sorted({(interface, version) for interface, version, *_ in listed})
    unknown = ("99999999-4459-11ce-979b-00aa005ffebe", "1.0")
    interfaces += [unknown, (MTA_INTERFACE, "3.0")]
    words = [word for interface in interfaces for word in interface]
    impackets = run(site.exch3, "/usr/bin/python3", IMPACKET, address, "map", *words)
    assert len(impackets) == len(interfaces)
    for interface, answer in zip(interfaces, impackets):
        *endpoints, status = our_words(site, address, "map", *interface)
        if answer == "not registered":
            assert (endpoints, status) == ([], f"# 0 entries, status {NOT_REGISTERED}")
        else:
            assert endpoints[0].split("\t") == [*interface, answer, ""]
    assert impackets[-2:] == ["not registered"] * 2
    assert f"ncacn_ip_tcp:{address}[{MTA_PORT}]" in impackets


def record_a_cycle(site, address):
    """What passes while an agent on EXCH3 probes EXCH1 and its own host; and its report's probes."""
    filter_ = f"tcp port 135 or tcp port {MTA_PORT}"
    with Recording(site.exch3, filter_, decode_as=[f"tcp.port=={MTA_PORT},dcerpc"]) as recording:
        agent = BUILD / "agent" / "mtawatch-agent"
        report = run(site.exch3, agent, "report", "--peer", f"EXCH1={address}",
                     "--state-dir", site.folder / "state-second-opinion")
    report = json.loads(report[0])
    return recording, report["probes"] + report["self_probes"]


def conversations(recording, side):
    """What one side ("dst" or "src" is the server's) said in each connection, per server and port.

    Several connections to one port are tries: they must say the same.
    """
    said = {}
    rows = recording.read(
        f"dcerpc && tcp.{side}port in {{135, {MTA_PORT}}}", "tcp.stream", f"ip.{side}",
        f"tcp.{side}port", "dcerpc.pkt_type", "dcerpc.cn_bind_to_uuid", "dcerpc.cn_bind_if_ver",
        "dcerpc.opnum")
    for stream, server, port, *pdu in rows:
        said.setdefault((server, int(port)), {}).setdefault(stream, []).append(tuple(pdu))
    for tries in said.values():
        assert len(set(map(tuple, tries.values()))) == 1, tries
    return {place: next(iter(tries.values())) for place, tries in said.items()}


def assert_no_complaint(recording):
    assert recording.read("dcerpc", "frame.number")
    assert recording.read("_ws.malformed", "frame.number") == []
    no_dce_rpc = f"tcp.len > 0 && tcp.dstport in {{135, {MTA_PORT}}} && !dcerpc"
    assert recording.read(no_dce_rpc, "frame.number") == []


def expect(per_server, *servers):
    return {(server, port): pdus for server in servers for port, pdus in per_server.items()}


def test_tshark_sees_binds_and_ept_map_and_no_more(site, address, tshark):
    recording, probes = record_a_cycle(site, address)
    own = site.exch3.address("eth0")
    assert {(probe["to"], probe["grade"]) for probe in probes} == {(address, "mta"), (own, "mta")}
    assert_no_complaint(recording)
    assert conversations(recording, "dst") == expect({
        135: [(BIND, EPM_INTERFACE, "3", ""), (REQUEST, "", "", MAP)],
        MTA_PORT: [(BIND, MTA_INTERFACE, "2", "")]}, address, own)
    assert conversations(recording, "src") == expect({
        135: [(BIND_ACK, "", "", ""), (RESPONSE, "", "", MAP)],
        MTA_PORT: [(BIND_ACK, "", "", "")]}, address, own)
    named = recording.read("epm.rc == 0", "epm.num_towers", "epm.proto.tcp_port")
    assert named == [["1", str(MTA_PORT)]] * 2


def test_tshark_sees_ept_lookup_where_ept_map_found_nothing(site, address, tshark):
    own = site.exch3.address("eth0")
    for name in ("EXCH1", "EXCH3"):
        site.mappers[name].unregister()
    try:
        recording, probes = record_a_cycle(site, address)
    finally:
        for name in ("EXCH1", "EXCH3"):
            site.mappers[name].register()
    assert {(probe["to"], probe["grade"], probe["error"]) for probe in probes} == {
        (address, "epm", "not_registered"), (own, "epm", "not_registered")}
    assert_no_complaint(recording)
    assert conversations(recording, "dst") == expect({
        135: [(BIND, EPM_INTERFACE, "3", ""), (REQUEST, "", "", MAP), (REQUEST, "", "", LOOKUP)]},
        address, own)
    statuses = recording.read("epm.rc", "epm.opnum", "epm.rc")
    assert {tuple(status) for status in statuses} == {(MAP, NOT_REGISTERED),
                                                      (LOOKUP, NOT_REGISTERED)}


def test_no_mta_heard_a_request(site):
    for listener in site.listeners.values():
        assert not [line for line in listener.heard() if "request" in line]
