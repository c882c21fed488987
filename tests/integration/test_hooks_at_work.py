"""The hooks of a running collector: what they do by themselves, and over changes of the settings."""

import json
import signal
from contextlib import ExitStack

import pytest
from hook_rig import Hooks
from receiver import Receiver
from running import JSON, Collector, exposed_site, row, server
from test_hook_alertmanager import FOLDER, Alertmanager
from test_hook_webhook import SECRET, verify
from test_operation import serving, wait_for
from waiting import until


@pytest.fixture
def hooks(tmp_path):
    return Hooks(tmp_path)


def mended(sequence=2):
    """EXCH1 with its second adapter disabled."""
    rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3")]
    return {**server("EXCH1", "10.0.0.1", rows), "sequence": sequence}


def post(collector, *reports):
    for report in reports:
        assert collector.post(report)[0] == 200


def test_pagerduty_hears_that_somebody_looks_after_it(hooks, tmp_path):
    with Receiver() as receiver:
        hooks.config.write_text("[alerts]\ngroup-interval = 0s\n")
        hooks.add("ops", type="webhook", url=receiver.url, format="pagerduty",
                  routing_key_file=hooks.secret("key", "0" * 32))
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            post(collector, *exposed_site())
            receiver.wait(1)
            alert, = collector.get("/v1/alerts?condition=exposed")["alerts"]
            said = json.dumps({"comment": "on my way"}).encode()
            assert collector.ask(f"/v1/alerts/{alert['id']}/acknowledge", "POST", said, JSON)[0] == 200
            receiver.wait(2)
            post(collector, mended())
            events = [json.loads(body) for *_, body in receiver.wait(3)]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert len({event["dedup_key"] for event in events}) == 1
    assert "on my way" in events[1]["payload"]["custom_details"]["acknowledged"]
    assert events[2]["payload"]["summary"] == \
        f"Resolved: EXCH1 ({alert['organization']}/{alert['site']}), clear after less than a minute"


def test_a_webhook_is_told_of_the_exposed_server_and_of_its_recovery(hooks, tmp_path):
    with Receiver() as receiver:
        hooks.config.write_text("[alerts]\ngroup-interval = 0s\n")
        hooks.add("ops", type="webhook", url=receiver.url, secret_file=hooks.secret("s", SECRET))
        hooks.add("elsewhere", type="webhook", url=receiver.url + "/other", sites="ACME/Berlin")
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            post(collector, *exposed_site())
            (_, path, headers, body), = receiver.wait(1)
            post(collector, mended())
            last = receiver.wait(2)[-1]
    assert path == "/hook" and verify(SECRET, headers, body)
    told = json.loads(body)
    assert (told["version"], told["status"], told["receiver"]) == ("4", "firing", "ops")
    one, = told["alerts"]
    assert (one["labels"]["server"], one["labels"]["alertname"]) == ("EXCH1", "ExchangeMtaExposed")
    assert one["annotations"]["remedy"]
    over = json.loads(last[3])
    assert over["status"] == "resolved" and over["alerts"][0]["fingerprint"] == one["fingerprint"]
    assert over["alerts"][0]["endsAt"] != "0001-01-01T00:00:00Z"
    assert last[2]["webhook-id"] != headers["webhook-id"] and verify(SECRET, last[2], last[3])


@pytest.mark.skipif(not FOLDER, reason="MTAWATCH_ALERTMANAGER does not name the programs")
def test_an_alertmanager_is_kept_in_step(hooks, tmp_path):
    alertmanager = Alertmanager(tmp_path / "alertmanager")
    try:
        hooks.add("am", type="alertmanager", url=alertmanager.url)
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            post(collector, *exposed_site())
            until(lambda: set(alertmanager.alerts()) == {"EXCH1"})
            told, = alertmanager.amtool("alert", "query", "alertname=ExchangeMtaExposed")
            assert told["labels"]["site"] == "HQ" and told["annotations"]["remedy"]
            post(collector, mended())
            until(lambda: not alertmanager.alerts())
            assert alertmanager.amtool("alert", "query") == []
    finally:
        alertmanager.close()


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_heartbeat_beats_while_the_collector_is_ready(hooks, tmp_path, method):
    with Receiver() as receiver:
        hooks.add("alive", type="heartbeat", url=receiver.url, interval="1s", method=method)
        with Collector(tmp_path / "data", "--config", hooks.config):
            beats = receiver.wait(3)
        assert {beat[0] for beat in beats} == {method}
        assert method == "GET" or json.loads(beats[0][3])["hook"] == "alive"


def test_hooks_come_change_and_go_while_the_collector_runs(hooks, tmp_path):
    with ExitStack() as stack:
        first, second = (stack.enter_context(Receiver()) for _ in range(2))
        process = stack.enter_context(serving(tmp_path, "--config", hooks.config))
        hooks.add("alive", type="heartbeat", url=first.url, interval="1s")
        process.send_signal(signal.SIGHUP)
        wait_for("the hook 'alive' is new", tmp_path / "log")
        first.wait(1)
        hooks.config.write_text("")
        hooks.add("alive", type="heartbeat", url=second.url, interval="1s")
        process.send_signal(signal.SIGHUP)
        wait_for("the hook 'alive' has changed", tmp_path / "log")
        second.wait(1)
        heard = len(first.requests)
        hooks.add("broken", type="heartbeat")
        process.send_signal(signal.SIGHUP)
        wait_for("[hook broken] lacks the key url", tmp_path / "log")
        second.wait(len(second.requests) + 1)
        hooks.config.write_text("")
        process.send_signal(signal.SIGHUP)
        wait_for("the hook 'alive' is gone", tmp_path / "log")
        assert len(first.requests) == heard and process.poll() is None


def test_a_hook_that_comes_is_told_of_what_fires_and_one_that_went_of_nothing(hooks, tmp_path):
    with ExitStack() as stack:
        first, second = (stack.enter_context(Receiver()) for _ in range(2))
        hooks.config.write_text("[alerts]\ngroup-interval = 0s\n")
        hooks.add("first", type="webhook", url=first.url)
        collector = stack.enter_context(Collector(tmp_path / "data", "--config", hooks.config,
                                                  "--log-level", "error"))
        post(collector, *exposed_site())
        first.wait(1)
        hooks.config.write_text("[alerts]\ngroup-interval = 0s\n")
        hooks.add("second", type="webhook", url=second.url)
        collector.process.send_signal(signal.SIGHUP)
        (*_, body), = second.wait(1)
        assert json.loads(body)["alerts"][0]["labels"]["server"] == "EXCH1"
        post(collector, mended())
        assert json.loads(second.wait(2)[-1][3])["status"] == "resolved"
    assert len(first.requests) == 1


def test_a_heartbeat_that_fails_is_said_once_and_so_is_its_return(hooks, tmp_path):
    with Receiver(500) as receiver:
        hooks.add("alive", type="heartbeat", url=receiver.url, interval="1s")
        with serving(tmp_path, "--config", hooks.config):
            receiver.wait(3)
            receiver.status = 200
            log = wait_for("the hook 'alive' works again", tmp_path / "log")
    assert log.count("the hook 'alive' fails: HTTP status 500") == 1
