"""One incident of a running collector, from its opening to its end, as a receiver on loopback hears of it; and
the end without warning in the midst of an escalation.

MTAWATCH_INCIDENT_KILLS says how many moments of an escalation the collector is killed in (default: 6)."""

import contextlib
import json
import os
import random
import signal
import threading

import pytest
from hook_rig import Hooks
from running import JSON, Collector, exposed_site
from test_hooks_at_work import mended, post
from waiting import until

KILLS = int(os.environ.get("MTAWATCH_INCIDENT_KILLS", "6"))


@pytest.fixture
def hooks(tmp_path):
    hooks = Hooks(tmp_path)
    hooks.config.write_text("[alerts]\ngroup-interval = 1s\n")
    return hooks


def failing(sequence):
    """EXCH1 with an isolated adapter, whose MTA has failed at its start."""
    return {**exposed_site()[0], "sequence": sequence, "mta": {
        "service": "stopped", "start_type": "auto", "last_start": {
            "at": "2026-11-22T19:31:00Z", "outcome": "failed", "events": [
                {"id": 9321, "at": "2026-11-22T19:31:00Z", "nt_error": 11004},
                {"id": 9266, "at": "2026-11-22T19:31:00Z"}]}}}


def exposed(sequence):
    return {**exposed_site()[0], "sequence": sequence}


def bodies(receiver):
    return [json.loads(body) for *_, body in receiver.requests]


def outline(body):
    return (body["reason"], body["status"], [(a["status"], a["labels"]["condition"]) for a in body["alerts"]])


def incidents(collector, query=""):
    return [a for a in collector.get("/v1/alerts?server=EXCH1" + query)["alerts"] if a["server"] == "EXCH1"]


def test_it_is_one_from_its_opening_to_its_end(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    kept = tmp_path / "kept"
    program = tmp_path / "keep"
    program.write_text(f"#!/bin/sh\ncat >> {kept}\n")
    program.chmod(0o755)
    hooks.add("kept", type="command", command=program)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        post(collector, *exposed_site())
        receiver.wait(1)
        one, = incidents(collector)
        path = f"/v1/alerts/{one['id']}/acknowledge"
        assert collector.ask(path, "POST", json.dumps({"comment": "on it"}), JSON)[0] in (200, 204)
        until(lambda: kept.exists() and len(kept.read_text().splitlines()) == 2)
        post(collector, failing(2))
        receiver.wait(2)
        assert [a["condition"] for a in incidents(collector)] == ["failing"]
        post(collector, exposed(3))
        receiver.wait(3)
        post(collector, mended(4))
        receiver.wait(4)
        over, = incidents(collector)
        until(lambda: len(kept.read_text().splitlines()) == 5)
    heard = bodies(receiver)
    assert [outline(body) for body in heard] == [
        ("opened", "firing", [("firing", "exposed")]), ("escalated", "firing", [("firing", "failing")]),
        ("eased", "firing", [("firing", "exposed")]), ("resolved", "resolved", [("resolved", "exposed")])]
    assert len({body["groupKey"] for body in heard}) == 1
    assert len({body["alerts"][0]["fingerprint"] for body in heard}) == 1
    assert len({body["alerts"][0]["startsAt"] for body in heard}) == 1
    assert heard[3]["alerts"][0]["annotations"]["description"].startswith("clear: ")
    assert (over["id"], over["opened_as"], over["worst"], over["state"]) == (one["id"], "exposed", "failing", "resolved")
    assert [(a["by"].split()[0], a["comment"], a["condition"]) for a in over["acknowledgements"]] == [
        ("token", "on it", "exposed")] and over["acknowledgements"][0]["ended_at"]
    told = [json.loads(line) for line in kept.read_text().splitlines()]
    assert [n["reason"] for n in told] == ["opened", "acknowledged", "escalated", "eased", "resolved"]
    assert [n["alerts"][0]["before"] for n in told] == [None, None, "exposed", "failing", None]
    assert told[1]["alerts"][0]["acknowledged"]["comment"] == "on it"
    assert (told[2]["alerts"][0]["event"], told[2]["alerts"][0]["event_at"]) == (9321, "2026-11-22T19:31:00Z")
    assert told[2]["alerts"][0]["acknowledged"] is None and told[2]["firing"] == {"failing": 1}
    assert told[4]["alerts"][0]["acknowledged"]["comment"] == "on it"  # who had, is told with the end
    assert told[0]["alerts"][0]["options"][0]["steps"][0]["verdict_after"] == "clear"
    assert {n["alerts"][0]["id"] for n in told} == {one["id"]}


def reasons_by_id(receiver, since):
    """Of what came since that request; what comes again, with the id that it had, is one."""
    known = {headers["webhook-id"] for _, _, headers, _ in receiver.requests[:since]}
    return {headers["webhook-id"]: json.loads(body)["reason"] for _, _, headers, body in receiver.requests[since:]
            if headers["webhook-id"] not in known}


def post_until_it_dies(collector, report):
    with contextlib.suppress(OSError, ValueError, AssertionError, KeyError):
        collector.post(report)


def test_a_kill_at_any_moment_of_an_escalation_leaves_one_incident(hooks, receiver, tmp_path):
    """What was not acknowledged the agent sends again, as agents do."""
    hooks.add("ops", type="webhook", url=receiver.url)
    hooks.config.write_text(hooks.config.read_text().replace("[alerts]\n", "[alerts]\nflap-changes = 0\n"))
    chance = random.Random(17)
    sequence = 1
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        post(collector, *exposed_site())
        receiver.wait(1)
    for moment in range(KILLS):
        collector = Collector(tmp_path / "data", "--config", hooks.config)
        before = len(receiver.requests)
        sequence += 2
        sending = threading.Thread(target=post_until_it_dies, args=(collector, failing(sequence)))
        sending.start()
        sending.join(chance.random() * 0.06 if moment % 5 else None)
        collector.end(signal.SIGKILL)
        sending.join()
        with Collector(tmp_path / "data", "--config", hooks.config) as again:
            assert again.post(failing(sequence))[0] in (200, 409)
            until(lambda: reasons_by_id(receiver, before))
            one, = incidents(again, "&state=firing")
            assert (one["condition"], one["opened_as"]) == ("failing", "exposed")
            until(lambda: again.get("/v1/deliveries?state=waiting")["deliveries"] == [])
            assert sorted(reasons_by_id(receiver, before).values()) == ["escalated"]
            post(again, exposed(sequence + 1))
            until(lambda: "eased" in reasons_by_id(receiver, before).values())
    assert "resolved" not in {body["status"] for body in bodies(receiver)}
