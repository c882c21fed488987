"""Alerts of a running collector: what receivers get, over kill -9 and dead letters. The receiver is
a web server that counts ids.

MTAWATCH_KILLS: how many times the collector is killed (default 50)."""

import contextlib
import http.client
import json
import os
import random
import signal
import threading

from receiver import Receiver
from running import JSON, PATIENCE, Collector, bearer, exposed_site, row, server
from waiting import until

KILLS = int(os.environ.get("MTAWATCH_KILLS", "50"))


def start(tmp_path, receiver, more=""):
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\nstorm-after = 0\ngroup-interval = 0s\nflap-changes = 0\n" + more +
                      f"\n[hook ops]\ntype = webhook\nurl = {receiver.url}\n")
    return Collector(tmp_path / "data", "--config", str(config))


def report(sequence, exposed):
    """EXCH1, whose second adapter reaches nobody, or is not there."""
    return {**(exposed_site()[0] if exposed else mended()), "sequence": sequence}


def mended():
    rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3")]
    return server("EXCH1", "10.0.0.1", rows)


def delivered(collector):
    return collector.get("/v1/deliveries?state=done&limit=1000")["deliveries"]


def test_kill_9_at_any_moment_loses_nothing(tmp_path):
    """Each report that is acknowledged changes the verdict, and each change is an alert that fires
    or is resolved. Whenever the collector dies, in the end every change has been told: the receiver
    has seen each id that the store knows as delivered, and firing and resolved ones alternate. Every
    second time it dies when the receiver has something and has not answered yet."""
    receiver = Receiver()
    clock = random.Random(7)
    sequence = 0
    changes = between = 0
    try:
        for i in range(KILLS):
            collector = start(tmp_path, receiver)
            kill = collector.process.kill
            killer = threading.Timer(clock.uniform(0.0, 0.4) + (PATIENCE if i % 2 else 0), kill)
            if i % 2:
                left = iter(range(clock.randrange(5)))
                receiver.before_answer = lambda kill=kill, left=left: next(left, None) is None and kill()
            killer.start()
            with contextlib.suppress(OSError, http.client.HTTPException):
                while True:
                    sequence += 1
                    changes += collector.post(report(sequence, sequence % 2 == 1))[0] == 200
            collector.process.wait(PATIENCE)
            killer.cancel()
            receiver.before_answer = lambda: None
            between += i % 2
            with contextlib.suppress(AssertionError):
                collector.end(signal.SIGKILL)
        with start(tmp_path, receiver) as collector:
            sequence += 1
            assert collector.post(report(sequence, sequence % 2 == 1))[0] == 200
            until(lambda: not collector.get("/v1/deliveries?state=waiting")["deliveries"], "something waits still")
            known = {d["id"] for d in delivered(collector)}
            assert not collector.get("/v1/deliveries?state=dead")["deliveries"]
            alerts = collector.get("/v1/alerts?limit=1000")["alerts"]
    finally:
        receiver.close()
    assert changes > 0 and between == KILLS // 2
    ids = [identifier for identifier, _ in receiver.notifications()]
    assert len(ids) >= len(set(ids)) + between  # what was not acknowledged came again, with its id
    assert known == set(ids) or len(known) == 1000
    first = {}
    for identifier, body in receiver.notifications():
        assert first.setdefault(identifier, body) == body, "one id, two meanings"
    told = [body["status"] for body in first.values()]
    assert all(a != b for a, b in zip(told, told[1:])), told
    assert told[0] == "firing" and list(first) == sorted(first, key=int)
    assert {a["deliveries"]["told"] for a in alerts if a["condition"] == "exposed"} <= {"firing", "resolved"}


def test_what_is_refused_is_a_dead_letter_that_can_be_sent_again(tmp_path):
    receiver = Receiver(400)
    try:
        with start(tmp_path, receiver, "hold-dead-letters = 1d\n") as collector:
            assert collector.post(report(1, True))[0] == 200
            dead, = until(lambda: collector.get("/v1/deliveries?state=dead&hook=ops")["deliveries"], "it is not dead")
            assert "400" in dead["result"] and dead["attempts"] == 1
            metrics = collector.ask("/metrics")[2].decode()
            assert 'mtawatch_hook_dead_letters_total{hook="ops"} 1' in metrics
            assert 'mtawatch_hook_queue_length{hook="ops"} 0' in metrics
            assert 'mtawatch_alerts_firing{condition="exposed"} 1' in metrics
            receiver.status = 204
            assert collector.ask(f"/v1/deliveries/{dead['id']}/retry", "POST", b"", JSON)[0] == 204
            done, = until(lambda: collector.get("/v1/deliveries?state=done")["deliveries"], "it was not sent")
            assert done["id"] == dead["id"]
            assert collector.ask(f"/v1/deliveries/{dead['id']}/retry", "POST", b"", JSON)[0] == 409
            actions = [line["action"] for line in collector.get("/v1/audit")["lines"]]
            assert "delivery.retry" in actions
            collector.end(signal.SIGKILL)  # it has said on standard error what failed
    finally:
        receiver.close()
    first, again = receiver.notifications()
    assert first == again


def test_410_disables_the_hook_until_somebody_sends_again(tmp_path):
    receiver = Receiver(410)
    try:
        with start(tmp_path, receiver, "hold-dead-letters = 1d\n") as collector:
            assert collector.post(report(1, True))[0] == 200
            dead, = until(lambda: collector.get("/v1/deliveries?state=dead")["deliveries"], "it is not dead")
            assert collector.post(report(2, False))[0] == 200
            receiver.status = 200
            assert collector.ask(f"/v1/deliveries/{dead['id']}/retry", "POST", b"", JSON)[0] == 204
            until(lambda: collector.get("/v1/deliveries?state=done")["deliveries"], "it was not sent")
            collector.end(signal.SIGKILL)
    finally:
        receiver.close()
    assert {identifier for identifier, _ in receiver.notifications()} >= {dead["id"]}


def test_a_silence_and_an_acknowledgement_hold_over_a_restart(tmp_path):
    receiver = Receiver()
    try:
        with start(tmp_path, receiver) as collector:
            body = json.dumps({"matchers": {"site": "*"}, "comment": "moving", "ends_at": "2100-01-01T00:00:00Z"})
            status, _, text = collector.ask("/v1/silences", "POST", body, JSON)
            assert status == 201
            silence = json.loads(text)["id"]
            for condition, status in [("exposd", 422), ("expos*", 201)]:
                typed = {"matchers": {"condition": condition}, "ends_at": "2100-01-01T00:00:00Z", "allow_empty": True}
                assert collector.ask("/v1/silences", "POST", json.dumps(typed), JSON)[0] == status
            typed, = [s["id"] for s in collector.get("/v1/silences")["silences"] if s["id"] != silence]
            assert collector.ask(f"/v1/silences/{typed}", "DELETE", b"", JSON)[0] == 204
            assert collector.post(report(1, True))[0] == 200
            alert, = collector.get("/v1/alerts?condition=exposed")["alerts"]
            assert alert["silenced_by"] == [silence] and alert["state"] == "firing"
            body = json.dumps({"comment": "on it"})
            assert collector.ask(f"/v1/alerts/{alert['id']}/acknowledge", "POST", body, JSON)[0] == 200
        with start(tmp_path, receiver) as collector:
            alert, = collector.get("/v1/alerts?condition=exposed&acknowledged=true")["alerts"]
            assert alert["silenced_by"] == [silence] and alert["acknowledged"]["comment"] == "on it"
            assert collector.get("/v1/alerts?condition=exposed&acknowledged=false")["alerts"] == []
            assert receiver.requests == []
            assert collector.ask(f"/v1/silences/{silence}", "DELETE", b"", JSON)[0] == 204
            until(lambda: receiver.requests, "the end of the silence told nothing")
            lines = {(line["action"], line["object"]) for line in collector.get("/v1/audit")["lines"]}
            assert {("silence.add", f"{silence} site=*: moving"), ("silence.end", f"{silence} site=*: moving"),
                    ("alert.acknowledge", f"{alert['id']} EXCH1 exposed: on it")} <= lines
    finally:
        receiver.close()


def test_whoever_follows_is_told_of_alerts(tmp_path):
    with Collector(tmp_path / "data") as collector, contextlib.closing(collector.connect()) as connection:
        connection.request("GET", "/v1/events", headers=bearer(collector.token))
        stream = connection.getresponse()
        assert collector.post(report(1, True))[0] == 200
        for line in iter(stream.readline, b""):
            if line == b"event: alert\n":
                break
        alert = json.loads(stream.readline().removeprefix(b"data: "))
        shown, = collector.get("/v1/alerts?state=firing")["alerts"]
        assert alert == shown
