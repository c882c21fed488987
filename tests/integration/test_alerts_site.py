"""Alerts of a whole site, from a running collector to a receiver on loopback: one per cause, on time, and
none for what is not wrong. Silence counts after three intervals, of a second or two here."""

import json
import signal
import time

import pytest
from hook_rig import Hooks
from receiver import Receiver
from running import JSON, Collector, exposed_site, row, server
from test_hooks_at_work import mended
from waiting import until

SERVERS = [f"EXCH{i}" for i in range(1, 11)]


@pytest.fixture
def hooks(tmp_path):
    hooks = Hooks(tmp_path)
    hooks.config.write_text("[alerts]\ngroup-interval = 0s\n")
    return hooks


def address(name):
    return f"10.0.0.{name.removeprefix('EXCH')}"


def report(name, sequence, dead=(), interval=2):
    """A server with one adapter that sees the MTA of everybody but the dead."""
    rows = [row("A", peer, address(name), address(peer), *(["none"] if peer in dead else []),
                **({"error": "timeout"} if peer in dead else {})) for peer in SERVERS if peer != name]
    return {**server(name, address(name), rows), "sequence": sequence, "interval_s": interval}


def told(receiver):
    """(status, condition, server) of every alert in every notification, in order."""
    return [(alert["status"], alert["labels"]["condition"], alert["labels"]["server"])
            for *_, body in receiver.requests for alert in json.loads(body)["alerts"]]


def take_out(collector, name):
    assert collector.ask(f"/v1/servers/{name}", "DELETE", b"", JSON)[0] == 204


def test_ten_servers_and_a_dead_one_are_one_alert(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for name in SERVERS:
            assert collector.post(report(name, 1))[0] == 200
        living = SERVERS[:-1]
        sequence = 1
        while not receiver.requests:
            sequence += 1
            for name in living:
                assert collector.post(report(name, sequence, dead=SERVERS[-1:]))[0] == 200
        for sequence in range(sequence + 1, sequence + 4):
            for name in living:
                assert collector.post(report(name, sequence, dead=SERVERS[-1:]))[0] == 200
        alerts = collector.get("/v1/alerts")["alerts"]
        verdicts = {s["server"]: s["verdict"] for s in collector.get("/v1/servers")["servers"]}
    assert [(a["server"], a["condition"]) for a in alerts] == [(SERVERS[-1], "silent")]
    assert told(receiver) == [("firing", "silent", SERVERS[-1])]
    assert all(verdicts[name] == "clear" for name in living), verdicts
    alert, = json.loads(receiver.requests[0][3])["alerts"]
    assert "No report has come since" in alert["annotations"]["description"] and alert["annotations"]["remedy"]


def test_four_silent_servers_are_one_notification(hooks, receiver, tmp_path):
    """Fewer than what makes an incident of the surroundings (test_surroundings.py)."""
    hooks.config.write_text("[alerts]\ngroup-wait = 2s\n")
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for name in SERVERS[:4]:
            assert collector.post(report(name, 1, interval=1))[0] == 200
        (*_, body), = receiver.wait(1)
    assert sorted(alert["labels"]["server"] for alert in json.loads(body)["alerts"]) == sorted(SERVERS[:4])
    assert json.loads(body)["groupLabels"] == {"organization": "ACME", "site": "HQ", "cause": "silent"}


def test_a_collector_that_was_down_raises_no_storm(hooks, receiver, tmp_path):
    """It was down for longer than silence takes; when it is back the servers get as long to report."""
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for name in SERVERS:  # a minute ago
            assert collector.post(report(name, 1), **{"Mtawatch-Report-Age": "60"})[0] == 200
        collector.end(signal.SIGKILL)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        until(lambda: all(s["silent"] for s in collector.get("/v1/servers")["servers"]))
        living = SERVERS[:-1]
        sequence = 1
        while not receiver.requests:  # the one that stays away is told, after its time
            sequence += 1
            for name in living:
                assert collector.post(report(name, sequence))[0] == 200
            time.sleep(0.1)
    assert told(receiver) == [("firing", "silent", SERVERS[-1])]


def test_a_server_that_is_taken_out_is_resolved_at_the_hooks(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for one in exposed_site():
            assert collector.post(one)[0] == 200
        receiver.wait(1)
        take_out(collector, "EXCH1")
        (*_, body) = receiver.wait(2)[1]
        alert, = collector.get("/v1/alerts?server=EXCH1&condition=exposed")["alerts"]
        assert alert["state"] == "resolved" and alert["resolved_at"]
    assert told(receiver) == [("firing", "exposed", "EXCH1"), ("resolved", "exposed", "EXCH1")]
    over, = json.loads(body)["alerts"]
    assert over["annotations"]["description"] == "The server was taken out of the fleet."


def test_alerts_go_where_their_sites_and_conditions_are_wanted(hooks, tmp_path):
    with Receiver() as hq, Receiver() as branch, Receiver() as failing, Receiver() as everything:
        hooks.add("hq", type="webhook", url=hq.url, sites="ACME/HQ")
        hooks.add("branch", type="webhook", url=branch.url, sites="acme/B*, OTHER/*")
        hooks.add("failing", type="webhook", url=failing.url, conditions="failing")
        hooks.add("everything", type="webhook", url=everything.url)
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            for one in exposed_site():
                assert collector.post(one)[0] == 200
            for one in exposed_site():
                one["host"]["name"] = one["exchange"]["server"] = one["exchange"]["server"].replace("EX", "BR")
                one["agent"]["id"] += "-b"
                one["exchange"]["site"] = "Berlin"
                for probe in one["probes"]:
                    probe["peer"] = probe["peer"].replace("EX", "BR")
                assert collector.post(one)[0] == 200
            everything.wait(2)
            hq.wait(1)
            branch.wait(1)
            until(lambda: not collector.get("/v1/deliveries?state=waiting")["deliveries"])
    assert failing.requests == []
    assert told(hq) == [("firing", "exposed", "EXCH1")]
    assert told(branch) == [("firing", "exposed", "BRCH1")]
    assert sorted(told(everything)) == sorted(told(hq) + told(branch))  # sites do not wait for each other


def test_a_maintenance_window_mutes_and_its_end_tells(hooks, receiver, tmp_path):
    hooks.config.write_text("[maintenance night]\nfrom = 00:00\nto = 00:00\nservers = EX*\n")
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for one in exposed_site():
            assert collector.post(one)[0] == 200
        alert, = collector.get("/v1/alerts?condition=exposed")["alerts"]
        assert (alert["state"], alert["maintenance"]) == ("firing", "night")
        assert alert["deliveries"]["told"] == "nothing"
        assert collector.get("/v1/deliveries")["deliveries"] == []
        hooks.config.write_text("")
        hooks.add("ops", type="webhook", url=receiver.url)
        collector.process.send_signal(signal.SIGHUP)
        receiver.wait(1)
        alert, = collector.get("/v1/alerts?condition=exposed")["alerts"]
        assert alert["maintenance"] is None
        collector.end(signal.SIGKILL)  # it has said on standard error that it read its settings
    assert told(receiver) == [("firing", "exposed", "EXCH1")]


def test_what_flaps_is_one_alert_that_says_so(hooks, receiver, tmp_path):
    hooks.config.write_text("[alerts]\ngroup-interval = 1s\nflap-changes = 4\nflap-window = 1h\n")
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        assert collector.post(exposed_site()[1])[0] == 200
        for sequence in range(2, 42, 2):
            assert collector.post({**exposed_site()[0], "sequence": sequence})[0] == 200
            assert collector.post(mended(sequence + 1))[0] == 200
        alert, = collector.get("/v1/alerts?condition=exposed&state=firing")["alerts"]
        assert alert["flapping"]
        receiver.wait(1, lambda request: b"it comes and goes" in request[3])
    assert len(told(receiver)) < 10  # of 40 changes


def test_an_acknowledgement_stops_repeats_and_is_on_record(hooks, receiver, tmp_path):
    hooks.config.write_text("[alerts]\nrepeat = 1s\ngroup-interval = 0s\n")
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        assert collector.post(exposed_site()[0])[0] == 200
        repeated = receiver.wait(3)[2]
        assert json.loads(repeated[3])["notification_reason"] == "repeat interval elapsed"
        alert, = collector.get("/v1/alerts?condition=exposed")["alerts"]
        body = json.dumps({"comment": "on it"})
        assert collector.ask(f"/v1/alerts/{alert['id']}/acknowledge", "POST", body, JSON)[0] == 200
        heard = len(receiver.requests)
        time.sleep(3)  # as long as three repeats
        assert len(receiver.requests) <= heard + 1  # one was on its way
        assert collector.post(mended(2))[0] == 200
        receiver.wait(1, lambda request: json.loads(request[3])["status"] == "resolved")
        over, = collector.get("/v1/alerts?condition=exposed")["alerts"]
        assert over["state"] == "resolved" and over["acknowledged"]["comment"] == "on it"
        line = next(line for line in collector.get("/v1/audit")["lines"] if line["action"] == "alert.acknowledge")
        assert line["object"].startswith(alert["id"])


def test_a_slash_in_a_name_brings_no_two_sites_together(hooks, receiver, tmp_path):
    """'A' with site 'B/C' is not 'A/B' with site 'C'."""
    hooks.config.write_text("[alerts]\ngroup-wait = 2s\n")
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        for name, organization, site in ((SERVERS[0], "A", "B/C"), (SERVERS[1], "A/B", "C")):
            one = report(name, 1, interval=1)
            one["exchange"] |= {"organization": organization, "site": site}
            assert collector.post(one)[0] == 200
        bodies = [json.loads(body) for *_, body in receiver.wait(2)]
    assert sorted((b["groupKey"], b["groupLabels"]["organization"], b["groupLabels"]["site"], len(b["alerts"]))
                  for b in bodies) == [("A%2FB/C/silent", "A/B", "C", 1), ("A/B%2FC/silent", "A", "B/C", 1)]
