"""Many servers that fall silent at once, from a running collector to a receiver on loopback: one incident, of all
or of a site, with their silence inside it. Silence counts after three intervals, of a second or two here."""

import json
import time

import pytest
from hook_rig import Hooks
from running import PATIENCE, Collector, server
from waiting import until

NAMES = [f"EXCH{i}" for i in range(1, 13)]


@pytest.fixture
def hooks(tmp_path):
    hooks = Hooks(tmp_path)
    hooks.config.write_text("[alerts]\ngroup-interval = 1s\n")
    return hooks


def report(name, sequence, site="HQ", interval=2):
    one = server(name, f"10.0.0.{name.removeprefix('EXCH')}", [])
    one["exchange"]["site"] = site
    return {**one, "sequence": sequence, "interval_s": interval}


def post(collector, names, sequence, **others):
    for name in names:
        assert collector.post(report(name, sequence, **others))[0] == 200


def report_until(collector, names, is_done, **others):
    deadline = time.monotonic() + PATIENCE
    sequence = 1
    while not is_done():
        assert time.monotonic() < deadline
        sequence += 1
        post(collector, names, sequence, **others)
        time.sleep(0.2)


def told(receiver):
    """(reason, condition, site, server) of every alert that is not over, or "resolved"."""
    bodies = [json.loads(body) for *_, body in receiver.requests]
    return [(body["reason"], alert["labels"]["condition"], alert["labels"].get("site"), alert["labels"].get("server"))
            for body in bodies for alert in body["alerts"]]


def firing(collector, condition):
    return collector.get(f"/v1/alerts?state=firing&condition={condition}")["alerts"]


def test_all_silent_at_once_are_one_incident_from_begin_to_end(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    hooks.add("hq", type="webhook", url=receiver.url + "hq", sites="ACME/HQ", conditions="silent")
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        post(collector, NAMES, 1)
        receiver.wait(2)
        until(lambda: len(firing(collector, "silent")) == len(NAMES))
        around, = firing(collector, "surroundings")
        assert around["text"].startswith("None of the 12 servers reports."), around["text"]
        assert "this collector's network" in around["text"] and "mtawatch-agent doctor" in around["remedy"]
        assert {alert["inside"] for alert in firing(collector, "silent")} == {around["id"]}
        newest = max(s["reported_at"] for s in collector.get("/v1/servers")["servers"])
        assert around["since"] == newest
        time.sleep(2)
        assert told(receiver) == [("opened", "surroundings", None, None)] * 2
        report_until(collector, NAMES, lambda: len(receiver.requests) == 4, interval=60)
        assert told(receiver)[2:] == [("resolved", "surroundings", None, None)] * 2
        assert firing(collector, "silent") == firing(collector, "surroundings") == []


def test_who_is_silent_still_when_the_others_are_back_is_told_singly(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        post(collector, NAMES, 1)
        receiver.wait(1)
        report_until(collector, NAMES[1:], lambda: len(receiver.requests) == 3, interval=60)
        # Two incidents, told at the same time: which of them arrives first is chance.
        assert set(told(receiver)[1:]) == {("resolved", "surroundings", None, None), ("opened", "silent", "HQ", "EXCH1")}


def test_a_site_that_falls_silent_is_one_incident_of_the_site(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    living, dead = NAMES[:6], NAMES[6:]
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        post(collector, dead, 1, site="BRANCH", interval=1)
        report_until(collector, living,
                     lambda: receiver.requests and len(firing(collector, "silent")) == len(dead))
        around, = firing(collector, "surroundings")
        assert (around["organization"], around["site"], around["server"]) == ("ACME", "BRANCH", "")
        assert around["text"].startswith("None of the 6 servers of ACME/BRANCH reports.")
        assert told(receiver) == [("opened", "surroundings", "BRANCH", None)]


def test_servers_that_die_one_by_one_are_told_one_by_one(hooks, receiver, tmp_path):
    """They are all silent in the end, but their network is not to blame."""
    hooks.config.write_text("[alerts]\ngroup-interval = 0s\nstorm-after = 0\n")
    hooks.add("ops", type="webhook", url=receiver.url)
    names = NAMES[:5]
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for living in range(len(names), 0, -1):
            for i in range(4):  # longer than what makes a server silent
                post(collector, names[:living], 100 - 10 * living + i, interval=2)
                time.sleep(1.7)
        until(lambda: len(firing(collector, "silent")) == len(names))
    assert {condition for _, condition, *_ in told(receiver)} == {"silent"}
