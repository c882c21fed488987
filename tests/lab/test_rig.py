"""Proves the laboratory itself, which the lab tests build on, with Samba's client and sockets."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .mapper import MTA_INTERFACE, ask
from .network import namespaces
from .site import MTA_PORT, Site

# The bind as a real Exchange client sends it, but to the MTA's interface, version 2.0. The
# interface stands at byte 32, its version at 48 (C706 chapter 12).
BIND = bytes.fromhex(
    "05000b03100000004800000001000000d016d0160000000001000000000001"
    "00" "30e88e9e5944ce11979b00aa005ffebe02000000"
    "045d888aeb1cc9119fe808002b10486002000000")
REQUEST = bytes.fromhex("050000031000000018000000020000000000000000000000")

# Sends what it gets as hexadecimal words, one PDU after another, and prints each answer.
TALK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3) as peer:
    for pdu in sys.argv[3:]:
        peer.sendall(bytes.fromhex(pdu))
        print(peer.recv(5840).hex())
"""


def talk(host, address, port, *pdus):
    """The answers to PDUs sent from a host, or the name of the error instead of them."""
    done = host.run(["/usr/bin/python3", "-c", TALK, address, port, *(pdu.hex() for pdu in pdus)])
    if done.returncode == 0:
        return [bytes.fromhex(line) for line in done.stdout.split()]
    return done.stderr.splitlines()[-1].partition(":")[0]


def mta_endpoints(site, client, address):
    """The endpoints that a mapper names for the MTA's interface, as Samba's client reads them."""
    text = ask(client, address, site.mappers["EXCH1"].configuration)
    return [line.split()[1].partition(",")[0] + "]" for line in text.splitlines()
            if MTA_INTERFACE in line]


@pytest.mark.parametrize("name", Site.EXCHANGE)
def test_each_mapper_names_the_mtas_port_to_its_neighbours(site, name):
    address = site.hosts[name].address("eth0")
    for client in (site.collector, site.exch1, site.exch3):
        assert mta_endpoints(site, client, address) == [f"ncacn_ip_tcp:{address}[{MTA_PORT}]"]


def test_the_other_lan_reaches_the_second_adapter_and_nothing_else(site):
    endpoint = f"ncacn_ip_tcp:10.99.0.12[{MTA_PORT}]"
    assert mta_endpoints(site, site.stranger, "10.99.0.12") == [endpoint]
    assert talk(site.stranger, "10.77.1.12", 135, BIND) == "OSError"
    route = site.stranger.run(["ip", "route", "get", "10.77.1.11"])
    assert "Network is unreachable" in route.stderr


def test_the_listener_acknowledges_the_mtas_bind(site):
    acknowledgement, = talk(site.exch1, site.exch3.address("eth0"), MTA_PORT, BIND)
    assert len(acknowledgement) == 60
    assert acknowledgement[2] == 12
    assert acknowledgement[26:31] == b"5001\0"
    assert acknowledgement[36:40] == bytes(4)


@pytest.mark.parametrize("at, byte, what", [
    (32, 0x31, "another interface"), (48, 1, "version 1.0"), (50, 1, "version 2.1")])
def test_the_listener_rejects(site, at, byte, what):
    other = bytearray(BIND)
    other[at] = byte
    rejection, = talk(site.exch1, site.exch3.address("eth0"), MTA_PORT, bytes(other))
    assert rejection[2] == 12 and rejection[36:40] == bytes.fromhex("02000100"), what


def test_samba_rejects_an_interface_as_the_listener_does(site):
    address = site.exch3.address("eth0")
    ours, = talk(site.exch1, address, MTA_PORT, BIND[:32] + bytes([0x31]) + BIND[33:])
    sambas, = talk(site.exch1, address, 135, BIND)
    assert len(ours) == len(sambas)
    assert ours[32:] == sambas[32:]


@pytest.mark.parametrize("sent, answer", [
    (b"\x04" + BIND[1:], "05000d03100000001800000001000000" "0400010500000000"),  # RPC version 4
    (BIND[:8] + b"\x20\x00" + BIND[10:32], ""),  # a length that cuts the bind short
    (BIND[:8] + b"\xff\xff" + BIND[10:], "")])  # a length beyond every limit
def test_the_listener_refuses_what_is_no_bind(site, sent, answer):
    address = site.exch3.address("eth0")
    got = talk(site.exch1, address, MTA_PORT, sent)
    assert [bytes.fromhex(answer)] == got if answer else got in ([], "ConnectionResetError")
    assert talk(site.exch1, address, MTA_PORT, BIND)[0][2] == 12


def test_the_listener_implements_no_call_and_says_that_one_was_made(site):
    before = len(site.listeners["EXCH3"].heard())
    _, fault = talk(site.exch1, site.exch3.address("eth0"), MTA_PORT, BIND, REQUEST)
    assert fault[2] == 3
    assert fault[24:28] == bytes.fromhex("0200011c")
    assert site.listeners["EXCH3"].heard()[before:] == [
        "bind accepted from 10.77.1.11", "request opnum 0 from 10.77.1.11"]


def test_a_stopped_mapper_refuses_and_the_mta_behind_it_goes_on(site):
    address = site.exch3.address("eth0")
    site.mappers["EXCH3"].stop()
    try:
        assert talk(site.exch1, address, 135, BIND) == "ConnectionRefusedError"
        assert talk(site.exch1, address, MTA_PORT, BIND)[0][2] == 12
    finally:
        site.mappers["EXCH3"].start()
    assert mta_endpoints(site, site.exch1, address)


def test_a_mapper_whose_mta_is_down_answers_without_naming_it(site):
    address = site.exch3.address("eth0")
    site.mappers["EXCH3"].unregister()
    try:
        assert mta_endpoints(site, site.exch1, address) == []
        assert "epmapper" in ask(site.exch1, address, site.mappers["EXCH1"].configuration)
    finally:
        site.mappers["EXCH3"].register()
    assert mta_endpoints(site, site.exch1, address)


def test_a_firewall_swallows_one_path_and_no_other(site):
    address = site.exch3.address("eth0")
    site.exch3.drop_tcp(MTA_PORT, source=site.exch1.address("eth0"))
    try:
        assert talk(site.exch1, address, MTA_PORT, BIND) == "TimeoutError"
        assert talk(site.exch2, address, MTA_PORT, BIND)[0][2] == 12
        assert mta_endpoints(site, site.exch1, address)
    finally:
        site.exch3.drop_nothing()
    assert talk(site.exch1, address, MTA_PORT, BIND)[0][2] == 12


def test_a_disabled_adapter_has_no_address_and_an_unplugged_one_keeps_it(site):
    def state():
        return site.exch2.ip("-brief", "address", "show", "dev", "eth1").split()[1:]

    assert state() == ["UP", "10.99.0.12/24"]
    site.exch2.unplug("eth1")
    assert state() == ["DOWN", "10.99.0.12/24"]
    site.exch2.plug("eth1")
    site.exch2.disable("eth1")
    assert state() == ["DOWN"]
    site.exch2.add_address("eth1")
    site.exch2.enable("eth1")
    assert state() == ["UP", "10.99.0.12/24"]


def test_a_host_has_its_own_name_and_the_machine_keeps_its(site):
    assert site.exch2.run(["hostname"]).stdout == "EXCH2\n"
    assert socket.gethostname() not in site.hosts
    assert "exch1.site.example" in site.exch2.run(["getent", "hosts", "10.77.1.11"]).stdout
    assert "exch1.site.example" not in Path("/etc/hosts").read_text()


def test_nobody_has_a_name_for_the_address_on_the_other_lan(site):
    assert site.exch2.run(["getent", "hosts", "10.99.0.12"]).returncode == 2


def test_a_windows_program_sees_the_name_and_the_adapters_of_its_host(site, wine):
    expected = ((site.exch1, ["10.77.1.11"]), (site.exch2, ["10.77.1.12", "10.99.0.12"]))
    for host, addresses in expected:
        told = host.run(host.windows(["cmd", "/c", "hostname & ipconfig"]))
        assert told.returncode == 0, told.stderr
        assert told.stdout.splitlines()[0] == host.name
        found = [line.split()[-1] for line in told.stdout.splitlines() if "IPv4" in line]
        assert found == ["127.0.0.1", *addresses]


def test_a_windows_program_that_overstays_is_ended(site, wine):
    told = site.exch1.run(site.exch1.windows(["ping", "-n", "60", "127.0.0.1"], limit_s=1))
    assert told.returncode == 124


# A laboratory that starts a program, tells its namespaces, and waits to be ended.
LABORATORY = """
import subprocess, time
from lab.network import Network
with Network() as network:
    host = network.add_host("LONER")
    program = host.popen(["sh", "-c", "echo runs; exec sleep 1000"], stdout=subprocess.PIPE)
    program.stdout.readline()
    print(host.ns, network.folder, flush=True)
    {end}
"""


def laboratory_process(end):
    folder = Path(__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", LABORATORY.format(end=end)], text=True,
                               env={**os.environ, "PYTHONPATH": str(folder)},
                               stdout=subprocess.PIPE)
    namespace, folder = process.stdout.readline().split()
    return process, namespace, Path(folder)


def test_a_laboratory_that_fails_leaves_nothing(laboratory):
    process, namespace, folder = laboratory_process("raise RuntimeError")
    assert process.wait(timeout=30) == 1
    assert namespace.endswith("-loner")
    assert namespace not in namespaces()
    assert not folder.exists()


def test_a_laboratory_that_was_killed_is_swept_up_by_the_next(laboratory):
    process, namespace, folder = laboratory_process("time.sleep(1000)")
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert namespace in namespaces()
    assert folder.exists()
    pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout
    assert pids
    other, _, _ = laboratory_process("pass")
    assert other.wait(timeout=30) == 0
    assert namespace not in namespaces()
    assert not folder.exists()
    until = time.monotonic() + 5
    while any(alive(int(pid)) for pid in pids.split()):
        assert time.monotonic() < until, "a program of the killed laboratory still runs"
        time.sleep(0.05)


def alive(pid):
    """True for a process that runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
