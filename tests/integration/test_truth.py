"""Fleets whose truth is known: nothing that the collector says of them is wrong, and nothing is missing
(tests/simulator; docs/truth.md)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import agents, scenario, shrink, trial, verify  # noqa: E402
from simulator.physics import Adapter, Machine, Wire, World  # noqa: E402
from simulator.told import Told  # noqa: E402
from simulator.truth import Watcher  # noqa: E402
from simulator.verify import Fault, Result  # noqa: E402

SEEDS = range(1, 21)
KEPT = sorted((ROOT / "tests/simulator/scenarios").glob("*.json"))


@pytest.fixture(scope="module", autouse=True)
def certificates():
    with trial.prepare():
        yield


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_false_and_nothing_missed(seed):
    assert trial.play(scenario.draw(seed)).faults == []


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_what_was_wrong_once_is_right(file):
    assert trial.play(scenario.Scenario.read(file)).faults == []


def quiet(wire, address):
    """Two servers to whom nothing happens; the second adapter of the first one is on that wire."""
    wires = [{"name": "HQ office", "subnet": "10.0.0.0/24", "zone": "wan"}, {"name": "HQ tape", "subnet": "172.16.0.0/24"}]
    office = {"id": "A", "wire": "HQ office", "gateway": True}
    second = {"id": "B", "wire": wire, "address": address}
    machines = [{"host": "HQ1", "site": "HQ", "phase": 0.2, "adapters": [office | {"address": "10.0.0.1/24"}, second]},
                {"host": "HQ2", "site": "HQ", "phase": 0.7, "adapters": [office | {"address": "10.0.0.2/24"}]}]
    return scenario.Scenario(0, 300, 12, wires, machines)


def faults(one):
    return {(fault.kind, fault.what, fault.server) for fault in trial.play(one).faults}


def test_what_a_collector_is_not_told_is_missed(monkeypatch):
    """The comparison can fail: agents keep an adapter that reaches nobody to themselves."""
    one = quiet("HQ tape", "172.16.0.1/24")
    assert faults(one) == set()
    honest = agents.describe_adapter
    monkeypatch.setattr(agents, "describe_adapter", lambda machine, adapter: honest(machine, adapter) | {
        "enabled": adapter.id == "A"})
    assert ("missed", "verdict", "HQ1") in faults(one)


def test_what_a_collector_is_told_wrongly_is_false(monkeypatch):
    one = quiet("HQ office", "10.0.0.3/24")
    assert faults(one) == set()
    honest = World.grade
    monkeypatch.setattr(World, "grade", lambda world, machine, adapter, address, name: "none" if adapter.id == "B" else honest(
        world, machine, adapter, address, name))
    assert ("false", "verdict", "HQ1") in faults(one)


def kept(name):
    return scenario.Scenario.read(ROOT / f"tests/simulator/scenarios/{name}.json")


def test_a_report_that_a_store_lost_since_its_restore_is_missed(monkeypatch):
    """Agents that count on what the collector acknowledged before."""
    monkeypatch.setattr(agents.Agent, "forget_lost", lambda *_: None)
    assert ("missed", "report", "HQ2") in faults(kept("a-store-from-an-earlier-backup"))


def test_who_is_dealt_a_server_of_another_site_is_told_of(monkeypatch):
    monkeypatch.setattr(Watcher, "_names_of_others", staticmethod(lambda stage, machine: frozenset()))
    assert ("false", "deal", "HQ1") in faults(quiet("HQ office", "10.0.0.3/24"))


def message(name, *alerts, ms=0):
    """A notification; alerts are (server, condition, begin, end) in seconds."""
    body = {"groupKey": "TRUTH/HQ", "truncatedAlerts": 0,
            "status": "firing" if any(end is None for *_, end in alerts) else "resolved",
            "alerts": [{"status": "firing" if end is None else "resolved", "startsAt": begin, "endsAt": end,
                        "labels": {"server": server, "condition": condition}, "fingerprint": "f"}
                       for server, condition, begin, end in alerts]}
    return None, None, {"webhook-id": name, "webhook-timestamp": str(ms)}, json.dumps(body)


OPENED, OVER, AGAIN = ("HQ1", "exposed", 1, None), ("HQ1", "exposed", 1, 5), ("HQ1", "exposed", 7, None)


@pytest.mark.parametrize("messages, words", [
    ([message("a", OPENED), message("b", OVER), message("c", AGAIN)], None),
    ([message("a", OPENED), message("a", OPENED)], None),
    ([message("a", OPENED), message("a", OVER)], "two notifications have the id a"),
    ([message("a", OVER)], "the end of what never began is told"),
    ([message("a", OPENED), message("b", OVER), message("c", OPENED)], "firing is told of one that was over"),
    ([message("a", OPENED), message("b", AGAIN)], "one that began at 7 is told of while another one is open")])
def test_messages_that_contradict_each_other_are_told_of(messages, words):
    found = Told(messages, int, int, set())
    assert [text for _, text in found.faults] == ([words] if words else [])


@pytest.mark.parametrize("lost, kind", [(0, "false"), (1, "missed")])
def test_a_receiver_that_was_not_told_all_is_told_of(monkeypatch, lost, kind):
    """Of an incident's beginning and its end one is lost on the way."""
    one = quiet("HQ tape", "172.16.0.1/24")
    one.events, one.intervals = [{"at": 7, "do": "disable", "host": "HQ1", "adapter": "B"}], 24
    assert faults(one) == set()

    def told_less(requests, *more):
        names = list(dict.fromkeys(headers["webhook-id"] for _, _, headers, _ in requests))  # one may come again
        return Told([request for request in requests if request[2]["webhook-id"] != names[lost]], *more)
    monkeypatch.setattr(verify, "Told", told_less)
    assert (kind, "notification", "HQ1") in faults(one)


def test_no_two_processes_are_given_one_port():
    """As scenarios that are played at once would be: each has some, and forks another that has some, too."""
    text = ("import os, ports, sys; ports.free_port(); child = os.fork(); "
            "os.write(1, b' '.join(b'%d' % ports.free_port() for _ in range(60)) + b'\\n'); "
            "sys.stdin.read(); child and os.wait()")
    running = [subprocess.Popen([sys.executable, "-c", text], cwd=ROOT / "tests", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True) for _ in range(3)]
    given = [port for process in running for _ in range(2) for port in process.stdout.readline().split()]
    for process in running:
        process.communicate()
    assert len(set(given)) == len(given) == 3 * 2 * 60


def two_lans(**more):
    """A server with two adapters, a good one and one on a wire of its own, and another server."""
    first = Machine("HQ1", "HQ", [Adapter("A", "office", "10.0.0.1/24", gateway=True),
                                  Adapter("B", "tape", "172.16.0.1/24")], 1, **more)
    second = Machine("HQ2", "HQ", [Adapter("A", "office", "10.0.0.2/24", gateway=True)], 2)
    return World([Wire("office", "10.0.0.0/24", "wan"), Wire("tape", "172.16.0.0/24")], [first, second]), first


@pytest.mark.parametrize("more, starts", [
    ({}, False), ({"build": "5.5.2654.54"}, True), ({"build": "5.5.2654.54", "clustered": True}, False),
    ({"build": "5.5.2650.24"}, True)])
def test_an_mta_starts_by_the_words_of_the_article(more, starts):
    world, machine = two_lans(**more)
    assert world.start_mta(machine, 0) == starts
    assert machine.failed != starts


@pytest.mark.parametrize("mend", [
    lambda adapter: setattr(adapter, "enabled", False),
    lambda adapter: (setattr(adapter, "wire", "office"), setattr(adapter, "address", "10.0.0.3/24"))])
def test_an_mta_starts_again_when_the_adapter_is_disabled_or_moved(mend):
    world, machine = two_lans()
    assert not world.start_mta(machine, 0)
    mend(machine.adapters[1])
    assert world.start_mta(machine, 1) and not machine.failed


def test_what_fails_is_shrunk_to_what_it_takes():
    """Of ten events two, of the machines that of one, and its second adapter."""
    one = scenario.draw(1)
    one.events = [{"at": 6 + n, "do": "plug", "host": f"HQ{n}", "adapter": "B"} for n in range(10)]

    def fails(tried):
        hosts = [event["host"] for event in tried.events]
        machines = {machine["host"]: machine for machine in tried.machines}
        return {"HQ3", "HQ7"} <= set(hosts) and "HQ1" in machines
    small = shrink.smallest(one, fails)
    assert [event["host"] for event in small.events] == ["HQ3", "HQ7"]
    assert [machine["host"] for machine in small.machines] == ["HQ1"] and len(small.machines[0]["adapters"]) == 1
    wanted = Result(faults=[Fault("missed", "verdict", "HQ1", 0, "")])
    alike = shrink.fails_alike(lambda _: Result(faults=[Fault("false", "verdict", "HQ1", 0, "")]), wanted)
    assert not alike(one) and shrink.fails_alike(lambda _: wanted, wanted)(one)
