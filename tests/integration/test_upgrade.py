"""From 0.1.0 to this version, with the programs of 0.1.0: the store with all that is in it, agents that stay, agents that come
along, and those that are ahead of their collector."""

import json
import subprocess

import old_version
import pytest
from agent_rig import AGENT
from identity import hand_out
from running import Collector, exposed_site, server
from stored_site import stamped
from version import VERSION

PASSING = {"as_of", "age_s"}  # what is another with each answer
LISTS = ("/v1/servers", "/v1/servers/EXCH1", "/v1/servers/EXCH1/history", "/v1/servers/EXCH1/report", "/v1/sites",
         "/v1/sites/ACME/HQ/matrix", "/v1/alerts", "/v1/silences", "/v1/inventory", "/v1/agents", "/v1/tokens", "/v1/secrets",
         "/v1/audit")


@pytest.fixture(scope="session")
def old():
    folder = old_version.programs()
    if not folder:
        pytest.skip(f"the upgrade from {old_version.VERSION}: its commit {old_version.COMMIT} is not in this clone's history")
    return folder


def of_old(old, folder):
    return Collector(folder / "data", program=old / "mtawatch-collector")


def change(collector, method, path, body, kind="application/json"):
    status, _, answer = collector.ask(path, method, body if isinstance(body, str) else json.dumps(body), {"Content-Type": kind})
    assert status in (200, 201, 204), answer
    return json.loads(answer) if answer else None


def live(collector):
    """A site with an exposed server, and what people do about it."""
    for sequence in (1, 2):
        for report in exposed_site():
            assert collector.post({**report, "sequence": sequence})[0] == 200
    assert collector.post(server("GONE", "10.0.0.9"))[0] == 200
    change(collector, "DELETE", "/v1/servers/GONE?reason=scrapped", "")
    change(collector, "PUT", "/v1/inventory", "EXCH1\nEXCH2\nLOST\n", "text/csv")
    change(collector, "POST", "/v1/tokens", {"name": "watcher", "role": "viewer"})
    change(collector, "POST", "/v1/secrets", {"name": "branch"})
    change(collector, "POST", "/v1/reports/import", stamped(server("CARRIED", "10.0.0.7"), 1))
    alert, = collector.get("/v1/alerts?condition=exposed")["alerts"]
    change(collector, "POST", f"/v1/alerts/{alert['id']}/acknowledge", {"comment": "on it"})
    change(collector, "POST", "/v1/silences",
           {"matchers": {"server": "EXCH3"}, "comment": "moving", "ends_at": "2100-01-01T00:00:00Z"})


def lost(before, after, place=""):
    """What an answer told before and does not tell, or tells otherwise, now: as lines of where and what."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in PASSING:
                yield from lost(value, after.get(name), f"{place}.{name}")
    elif isinstance(before, list) and isinstance(after, list):
        for one in before:
            if all(any(lost(one, other)) for other in after):
                yield f"{place}: nothing tells {one!r} any more"
    elif before != after:
        yield f"{place}: {before!r}, now {after!r}"


def test_a_store_is_taken_over_with_all_that_is_in_it(old, tmp_path):
    with of_old(old, tmp_path) as collector:
        live(collector)
        before = {path: collector.get(path) for path in LISTS}
    with Collector(tmp_path / "data") as collector:
        after = {path: collector.get(path) for path in LISTS}
        assert [line for path in LISTS for line in lost(before[path], after[path], path)] == []
        assert collector.ask("/v1/servers/GONE")[0] == 410
        for report in exposed_site():  # by the same agents
            assert collector.post({**report, "sequence": 3})[0] == 200
        assert collector.get("/v1/servers/EXCH1")["verdict"] == "exposed"


def test_what_0_1_0_left_is_not_opened_by_it_again(old, tmp_path):
    with of_old(old, tmp_path) as collector:
        assert collector.post(exposed_site()[0])[0] == 200
    with Collector(tmp_path / "data"):
        pass
    refused = subprocess.run([old / "mtawatch-collector", "check", "--data", tmp_path / "data"], capture_output=True, text=True)
    assert refused.returncode == 1 and "newer" in refused.stderr


class Machine:
    """A server with an agent, which is upgraded."""

    def __init__(self, folder, secret):
        self.state = folder / "state"
        self.secret = hand_out(secret, folder / "agent-secret")

    def report(self, program, collector):
        done = subprocess.run([program, "run", "--once", "--collector", collector.url, "--state-dir", self.state,
                               "--enroll-secret-file", self.secret, "--probe-limit", "1"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    def identity(self):
        return (self.state / "key").read_text()


def only_agent(collector):
    agent, = collector.get("/v1/agents")["agents"]
    return agent


def test_an_agent_of_0_1_0_reports_on_and_keeps_its_identity_when_it_is_upgraded(old, tmp_path):
    with of_old(old, tmp_path) as collector:
        machine = Machine(tmp_path, collector.secret)
        machine.report(old / "mtawatch-agent", collector)
        identity, agent = machine.identity(), only_agent(collector)
    with Collector(tmp_path / "data") as collector:
        machine.report(old / "mtawatch-agent", collector)
        shown = only_agent(collector)
        assert (shown["version"], shown["outdated"]) == (old_version.VERSION, True)
        machine.report(AGENT, collector)
        shown = only_agent(collector)
        assert (shown["version"], shown["outdated"]) == (VERSION, False)
        assert {name: shown[name] for name in agent} == agent
    assert machine.identity().split() == identity.split()


def test_a_new_agent_reports_to_a_collector_of_0_1_0(old, tmp_path):
    with of_old(old, tmp_path) as collector:
        Machine(tmp_path, collector.secret).report(AGENT, collector)
        shown, = collector.get("/v1/servers")["servers"]
        assert collector.get(f"/v1/servers/{shown['server']}/report")["agent"]["version"] == VERSION
