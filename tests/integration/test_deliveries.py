"""How a running collector delivers: again when it failed, when the receiver wants it, in order, past hooks
that hang; and what it says of what could not be delivered."""

import contextlib
import email.utils
import json
import signal
import sqlite3
import time
from contextlib import ExitStack

import pytest
from hook_rig import PATIENCE, Hooks, MuteMailServer, Silence
from receiver import Receiver
from running import JSON, Collector, exposed_site
from test_hooks_at_work import mended, post
from waiting import until


@pytest.fixture
def hooks(tmp_path):
    hooks = Hooks(tmp_path)
    hooks.config.write_text("[alerts]\ngroup-interval = 0s\n")
    return hooks


def start(hooks, tmp_path):
    """One that says on standard error only that it fails, which is not looked at."""
    return Collector(tmp_path / "data", "--config", hooks.config)


def deliveries(collector, query):
    return collector.get("/v1/deliveries?" + query)["deliveries"]


def deliveries_of(tmp_path):
    """(state, attempts) of each, as the store has them."""
    with contextlib.closing(sqlite3.connect(tmp_path / "data/mtawatch.db")) as db:
        return db.execute("SELECT state, attempts FROM delivery ORDER BY id").fetchall()


def statuses(receiver):
    return [json.loads(body)["status"] for *_, body in receiver.requests]


def conditions(receiver):
    return {alert["labels"]["condition"] for *_, body in receiver.requests for alert in json.loads(body)["alerts"]}


def test_a_later_attempt_waits_for_retry_after(hooks, tmp_path):
    """Our own first pause is 5 s and up to a fifth more; 8 s and a date count as they are longer, 1 s does not."""
    at = int(time.time()) + 12
    answers = {"seconds": (429, {"Retry-After": "8"}), "date": (503, {"Retry-After": email.utils.formatdate(at, usegmt=True)}),
               "short": (503, {"Retry-After": "1"}), "none": (500, {})}
    with ExitStack() as stack:
        receivers = {name: stack.enter_context(Receiver(first=[answer])) for name, answer in answers.items()}
        for name, receiver in receivers.items():
            hooks.add(name, type="webhook", url=receiver.url)
        collector = stack.enter_context(start(hooks, tmp_path))
        post(collector, *exposed_site())
        for receiver in receivers.values():
            receiver.wait(1)
        until(lambda: [d["attempts"] for d in deliveries(collector, "state=waiting")] == [1] * 4)
        waiting = {d["hook"]: d for d in deliveries(collector, "state=waiting")}
        assert "429" in waiting["seconds"]["result"] and waiting["seconds"]["next_at"]
        for receiver in receivers.values():
            receiver.wait(2)
        until(lambda: len(deliveries(collector, "state=done")) == 4)
        assert {d["attempts"] for d in deliveries(collector, "state=done")} == {2}
        collector.end(signal.SIGKILL)
    pause = {name: receiver.times[1] - receiver.times[0] for name, receiver in receivers.items()}
    assert pause["seconds"] >= 8 and receivers["date"].times[1] >= at
    assert pause["short"] >= 5 and pause["none"] >= 5
    ids = {name: [headers["webhook-id"] for _, _, headers, _ in receiver.requests] for name, receiver in receivers.items()}
    assert all(first == second for first, second in ids.values())


def test_a_hook_that_hangs_delays_no_other_and_nobody_else(hooks, tmp_path):
    with Silence() as silence, Receiver() as receiver:
        program = tmp_path / "hang"
        program.write_text("#!/bin/sh\nexec sleep 600\n")
        program.chmod(0o755)
        hooks.add("hangs", type="webhook", url=f"http://127.0.0.1:{silence.port}/", time_limit="10m")
        hooks.add("mail", type="email", smtp=f"smtp://127.0.0.1:{silence.port}", time_limit="10m",
                  **{"from": "a@example.com"}, to="b@example.com")
        hooks.add("program", type="command", command=program, time_limit="10m")
        hooks.add("ops", type="webhook", url=receiver.url)
        with start(hooks, tmp_path) as collector:
            post(collector, *exposed_site())
            receiver.wait(1)
            post(collector, mended())
            receiver.wait(2)
            assert statuses(receiver) == ["firing", "resolved"]
            until(lambda: len(deliveries(collector, "hook=ops&state=done")) == 2)
            for name in ["hangs", "mail", "program"]:
                assert [d["attempts"] for d in deliveries(collector, f"state=waiting&hook={name}")] == [0, 0]


@pytest.mark.parametrize("mute_from, answers", [
    ("greeting", {}), ("EHLO", {}), ("END", {}), ("QUIT", {}), ("QUIT", {"RCPT": b"550 nobody here\r\n"})])
def test_a_mail_server_that_says_no_word_more_blocks_nothing(hooks, tmp_path, mute_from, answers):
    """libcurl says QUIT and waits for the answer in whatever thread it is called."""
    with MuteMailServer(mute_from, answers) as mail:
        hooks.add("mail", type="email", smtp=f"smtp://127.0.0.1:{mail.port}", starttls="never", time_limit="10m", conditions="exposed",
                  **{"from": "a@example.com"}, to="b@example.com")
        with start(hooks, tmp_path) as collector:
            post(collector, exposed_site()[0])
            assert mail.is_mute.wait(PATIENCE)
            began = time.monotonic()
            for _ in range(20):
                assert collector.ask("/livez")[0] == 200
                time.sleep(0.01)
            if mute_from == "QUIT":
                until(lambda: [d["attempts"] for d in deliveries(collector, "")] == [1])
            collector.process.send_signal(signal.SIGTERM)
            collector.process.communicate(timeout=PATIENCE)
            assert time.monotonic() - began < PATIENCE / 2  # it would be two minutes, or ten
            collector.ended = True
        (state, attempts), = deliveries_of(tmp_path)
    assert (state, attempts) == ((3 if answers else 2, 1) if mute_from == "QUIT" else (1, 0))


def test_dead_letters_are_told_to_the_others_until_they_are_sent_again(hooks, tmp_path):
    with Receiver(404) as refuses, Receiver() as receiver:
        hooks.add("wrong", type="webhook", url=refuses.url, conditions="exposed")
        hooks.add("ops", type="webhook", url=receiver.url, conditions="dead_letters")
        with start(hooks, tmp_path) as collector:
            post(collector, *exposed_site())
            (*_, body), = receiver.wait(1)
            alert, = json.loads(body)["alerts"]
            assert alert["labels"]["alertname"] == "MtawatchDeadLetters"
            assert "The deliveries that failed say why." in alert["annotations"]["description"]
            dead, = deliveries(collector, "state=dead")
            assert dead["hook"] == "wrong" and "404" in dead["result"] and dead["ended_at"]
            refuses.status = 200
            assert collector.ask(f"/v1/deliveries/{dead['id']}/retry", "POST", b"", JSON)[0] == 204
            refuses.wait(2)
            over = json.loads(receiver.wait(2)[1][3])
            assert over["status"] == "resolved"
            assert over["alerts"][0]["annotations"]["description"] == "No notification is left undelivered."
            assert deliveries(collector, "state=dead") == []
            collector.end(signal.SIGKILL)


def test_a_hook_that_is_enabled_again_hears_of_what_fires(hooks, tmp_path):
    with Receiver(410) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, conditions="exposed, failing")
        with start(hooks, tmp_path) as collector:
            post(collector, exposed_site()[0])
            dead, = until(lambda: deliveries(collector, "state=dead"))
            failing = {**exposed_site()[0], "sequence": 2}  # nothing of that is sent
            failing["mta"] = {"service": "stopped", "start_type": "auto", "last_start": {
                "at": "2026-11-22T03:12:40Z", "outcome": "failed", "events": [
                    {"id": 9321, "at": "2026-11-22T03:12:40Z", "nt_error": 11004}, {"id": 9266, "at": "2026-11-22T03:12:40Z"}]}}
            post(collector, failing)
            assert [a["condition"] for a in collector.get("/v1/alerts?state=firing")["alerts"]
                    if a["server"]] == ["failing"]
            assert deliveries(collector, "state=waiting") == [] and len(receiver.requests) == 1
            receiver.status = 200
            assert collector.ask(f"/v1/deliveries/{dead['id']}/retry", "POST", b"", JSON)[0] == 204
            again, news = receiver.wait(3)[1:]
            collector.end(signal.SIGKILL)
    assert again[2]["webhook-id"] == dead["id"]
    assert [a["labels"]["condition"] for a in json.loads(news[3])["alerts"]] == ["failing"]


def test_settings_that_are_mended_count_at_once(hooks, tmp_path):
    """The receiver's address was wrong; nobody has to wait for the next attempt."""
    with Silence() as silence, Receiver() as receiver:
        closed = silence.port
        silence.listener.close()
        hooks.add("ops", type="webhook", url=f"http://127.0.0.1:{closed}/")
        with start(hooks, tmp_path) as collector:
            post(collector, *exposed_site())
            for attempts in range(1, 3):
                until(lambda: [d["attempts"] for d in deliveries(collector, "state=waiting")] == [attempts])
            began = time.monotonic()
            hooks.config.write_text("")
            hooks.add("ops", type="webhook", url=receiver.url)
            collector.process.send_signal(signal.SIGHUP)
            receiver.wait(1)
            assert time.monotonic() - began < 9  # the next attempt would have come after 10 s at least
            collector.end(signal.SIGKILL)


def test_a_hook_of_another_type_gets_nothing_that_was_for_the_old_one(hooks, tmp_path):
    with Receiver(500) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        with start(hooks, tmp_path) as collector:
            post(collector, *exposed_site())
            until(lambda: [d["attempts"] for d in deliveries(collector, "state=waiting")] == [1])
            receiver.status = 200
            hooks.config.write_text("")
            hooks.add("ops", type="heartbeat", url=receiver.url, interval="1h")
            collector.process.send_signal(signal.SIGHUP)
            dead, = until(lambda: deliveries(collector, "state=dead"))
            collector.end(signal.SIGKILL)
    assert "not told of single changes" in dead["result"] and dead["attempts"] == 1
    assert len([body for *_, body in receiver.requests if b'"hook":"ops"' in body]) == 1  # the beat at its start


def test_an_alertmanager_is_posted_to_when_something_changes_not_with_every_report(hooks, tmp_path):
    with Receiver() as receiver:
        hooks.add("am", type="alertmanager", url=receiver.url)
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            post(collector, *exposed_site())
            receiver.wait(1, lambda request: b"EXCH1" in request[3])
            for sequence in range(2, 12):  # each could fall into a turn of its own
                post(collector, {**exposed_site()[1], "sequence": sequence})
                time.sleep(0.15)
            heard = len(receiver.requests)
            post(collector, mended())
            receiver.wait(heard + 1)
            assert deliveries(collector, "") == []  # nothing of it goes by the outbox
    assert heard <= 3


def test_that_a_hook_is_stuck_is_told_to_the_others(hooks, tmp_path):
    with Receiver() as well, Receiver(status=500) as ill:
        hooks.config.write_text("[alerts]\ngroup-interval = 0s\nhold-hook = 1s\n")
        hooks.add("well", type="webhook", url=well.url)
        hooks.add("ill", type="webhook", url=ill.url)
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            for one in exposed_site():
                assert collector.post(one)[0] == 200
            until(lambda: any(b'"condition":"hook"' in body for *_, body in well.requests))
            about = [d["about"]["condition"] for d in collector.get("/v1/deliveries")["deliveries"]
                     if d["hook"] == "ill"]
            collector.end(signal.SIGKILL)  # its log has what failed
    assert about == ["exposed"]
    (*_, body), = [request for request in well.requests if b'"condition":"hook"' in request[-1]]
    assert b"The hook ill has taken nothing since" in body
