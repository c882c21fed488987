"""The agent on a network of Windows NT 4.0, as far as Wine can play one: iphlpapi.dll has the calls of NT
and no newer ones, the registry knows the cards, and Winsock tells late why a connection failed.

Takes root: the adapters are those of a network namespace.
"""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from wine import PROGRAMS, Wine, network_of_its_own  # noqa: E402

CARD = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkCards\7"
SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\El90x1\Parameters\Tcpip"
OF_CARD, OF_CLUSTER = "10.255.0.1", "10.0.0.5"  # of one adapter; NT's table has the second one first
ELSEWHERE = "192.0.2.1"


def ip(arguments):
    subprocess.run(["ip", *arguments.split()], check=True)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with network_of_its_own(wire=True):
        for line in (f"address add {OF_CLUSTER}/24 dev wire0", "link add wire2 type veth peer name wire3",
                     "link set wire3 up", "link set wire2 arp off up", "address add 10.254.0.1/24 dev wire2"):
            ip(line)
        with Wine(tmp_path_factory.mktemp("nt4")).session() as machine:
            yield machine


@contextlib.contextmanager
def second_gateway():
    ip("route append default dev wire2")
    try:
        yield
    finally:
        ip("route delete default dev wire2")


def report(machine, *arguments, **variables):
    status, text, errors = machine.run(PROGRAMS / "agent_on_nt4.exe", "report", "--probe-limit", "1", *arguments,
                                       **variables)
    assert status == 0, errors
    return json.loads(text)


def adapter_of(report, address):
    found, = [adapter for adapter in report["adapters"]
              if address in [known.split("/")[0] for known in adapter.get("addresses", [])]]
    return found


def test_an_adapter_has_its_cards_name_whichever_address_comes_first(machine):
    before = adapter_of(report(machine), OF_CARD)
    assert before["id"].startswith("if")
    assert [known.split("/")[0] for known in before["addresses"]] == [OF_CLUSTER, OF_CARD]
    for key, name, kind, text in ((CARD, "ServiceName", "REG_SZ", "El90x1"),
                                  (CARD, "Description", "REG_SZ", "3Com EtherLink PCI"),
                                  (SERVICE, "IPAddress", "REG_MULTI_SZ", OF_CARD)):
        assert machine.run("reg", "add", key, "/v", name, "/t", kind, "/d", text, "/f")[0] == 0
    after = adapter_of(report(machine), OF_CARD)
    assert (after["id"], after["description"]) == ("El90x1", "3Com EtherLink PCI")
    assert after["addresses"] == before["addresses"]


def test_of_two_default_gateways_alike_none_is_taken_for_the_way(machine):
    def ways():
        told = report(machine, "--peer", f"EXCH2={ELSEWHERE}")
        assert "probes.via" not in [problem["fact"] for problem in told.get("problems", [])]
        assert len(told["probes"]) >= 2
        return {row.get("via") for row in told["probes"]}, adapter_of(told, OF_CARD)["id"]
    one_way, adapter = ways()
    assert one_way == {adapter}
    with second_gateway():
        assert ways()[0] == {None}


@pytest.mark.parametrize("code", ["31", "50", "120", "1784"])
def test_whatever_a_newer_call_fails_with_the_tables_of_nt_tell_the_adapters(machine, code):
    """31: a device does not work. Only some of these say that there is no such call."""
    known = {adapter["id"] for adapter in report(machine)["adapters"]}
    assert {adapter["id"] for adapter in report(machine, FAILING_CODE=code)["adapters"]} == known


@pytest.mark.parametrize("times, error", [("0", "refused"), ("2", "refused"), ("1000", "reset")])
def test_a_connection_that_failed_never_passes_as_one_that_stands(machine, times, error):
    """However late, or never, its reason is told: a closed port does not show as one that accepts."""
    agent = PROGRAMS / "agent_on_late_winsock.exe"
    status, text, errors = machine.run(agent, "report", "--probe-limit", "1", LATE_ERRORS=times)
    assert status == 0, errors
    probes = json.loads(text)["self_probes"]
    assert {(row["grade"], row["error"]) for row in probes} == {("none", error)}
    _, text, _ = machine.run(agent, "doctor", "--json", "--collector", "http://127.0.0.1:9", LATE_ERRORS=times)
    result, = [step["result"] for step in json.loads(text)["steps"] if step["step"] == "port"]
    assert result == "fail"
