"""Hooks that are webhooks, and programs: what they get, and what their answers mean."""

import hashlib
import hmac
import json
import subprocess
import time

import pytest
from certificates import Authority
from hook_rig import BUILD, HOSTILE, ROOT, Hooks, Silence, alert, hostile, notification, resolved, server_context, \
    storm
from receiver import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@pytest.fixture
def hooks(tmp_path):
    return Hooks(tmp_path)


def verify(secret, headers, body):
    """Does the npm package standardwebhooks take it?"""
    given = json.dumps({"secret": secret, "body": body.decode(),
                        "headers": {name.lower(): value for name, value in headers.items()}})
    checked = subprocess.run(["node", ROOT / "tests/integration/webhooks/verify.js",
                              BUILD / "tests/integration/webhooks"], input=given, text=True,
                             capture_output=True, timeout=60)
    assert "Error:" not in checked.stderr, checked.stderr
    return checked.returncode == 0


def sent(hooks, receiver, message):
    (_, outcome, _, text), = hooks.send(message, "ops")
    assert outcome == "delivered", text
    return receiver.requests[-1]


def test_the_body_is_that_of_an_alertmanager(hooks):
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        _, _, headers, body = sent(hooks, receiver, notification(alert(), resolved(server="EXCH2")))
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("mtawatch-collector/")
    common = {"alertname": "ExchangeMtaExposed", "severity": "warning", "organization": "ACME", "site": "HQ",
              "adapter": "El90x2", "condition": "exposed"}
    summary = "the MTA of EXCH1 will not start the next time"
    more = {"description": "Adapter El90x2 reaches none of 2 peers.",
            "remedy": "Disable adapter El90x2: then clear.", "since": "2026-11-24T09:00:00Z",
            "runbook_url": "https://collector.example/servers/EXCH1"}
    one = {"startsAt": "2026-11-24T09:05:00Z", "fingerprint": "00ff00ff00ff00ff",
           "generatorURL": "https://collector.example/servers/EXCH1"}
    assert json.loads(body) == {
        "version": "4", "groupKey": "ACME/HQ adapter_isolated", "truncatedAlerts": 0, "status": "firing",
        "receiver": "ops",
        "groupLabels": {"organization": "ACME", "site": "HQ", "cause": "adapter_isolated"},
        "commonLabels": common, "commonAnnotations": more, "externalURL": "https://collector.example",
        "notification_reason": "first notification", "reason": "opened",
        "alerts": [one | {"status": "firing", "labels": common | {"server": "EXCH1"},
                          "annotations": more | {"summary": summary}, "endsAt": "0001-01-01T00:00:00Z"},
                   one | {"status": "resolved", "labels": common | {"server": "EXCH2"},
                          "annotations": more | {"summary": summary.replace("EXCH1", "EXCH2")},
                          "endsAt": "2026-11-24T10:00:00Z"}]}


def test_a_summary_has_what_is_said_of_all_as_its_common_annotations(hooks):
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, max_alerts=3)
        *_, body = sent(hooks, receiver, storm(group="storm/ops/1"))
    told = json.loads(body)
    assert set(told) == {"version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
                         "commonAnnotations", "externalURL", "notification_reason", "reason", "alerts"}
    assert (told["groupKey"], told["groupLabels"], told["reason"]) == ("storm/ops/1", {"cause": "summary"}, "summary")
    assert told["truncatedAlerts"] == 203 and [a["labels"]["server"] for a in told["alerts"]] == ["EXCH1", "EXCH2", "EXCH3"]
    assert set(told["commonAnnotations"]) == {"summary", "description"}
    assert told["commonAnnotations"]["summary"].startswith("212 alerts in 5 minutes: EXCH1 (ACME/HQ) failing")
    assert "BY SITE, WORST FIRST" in told["commonAnnotations"]["description"]


def test_every_condition_has_a_name_and_a_severity(hooks):
    conditions = ["failing", "exposed", "at_risk", "unknown", "silent", "disk", "certificate", "store_lost", "store_async",
                  "dead_letters", "hook", "collector"]
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        *_, body = sent(hooks, receiver, notification(*(alert(condition=c) for c in conditions)))
    labels = [a["labels"] for a in json.loads(body)["alerts"]]
    assert [one["condition"] for one in labels] == conditions
    assert len({one["alertname"] for one in labels}) == len(conditions)
    assert {one["severity"] for one in labels} == {"critical", "warning", "info"}
    assert labels[0]["severity"] == "critical"


def test_another_implementation_takes_the_signature(hooks):
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, secret_file=[hooks.secret("new", SECRET),
                                                                       hooks.secret("old", OLD_SECRET)])
        _, _, headers, body = sent(hooks, receiver, hostile(HOSTILE[4]))
        assert headers["webhook-id"] == "0b96-477c"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert verify(SECRET, headers, body) and verify(OLD_SECRET, headers, body)
        assert not verify(SECRET, headers, body.replace(b"firing", b"Firing", 1))
        assert not verify(SECRET, headers | {"webhook-id": "other"}, body)
        assert not verify("whsec_" + "A" * 32, headers, body)
        *_, again, _ = sent(hooks, receiver, hostile(HOSTILE[4]))
        assert again["webhook-id"] == headers["webhook-id"]


def test_githubs_signature_is_an_option(hooks):
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, secret_file=hooks.secret("s", SECRET),
                  github_signature="yes")
        _, _, headers, body = sent(hooks, receiver, notification())
    import base64
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("status, headers, outcome, wait", [
    (200, {}, "delivered", 0), (202, {}, "delivered", 0), (204, {}, "delivered", 0),
    (302, {"Location": "/other"}, "refused", 0), (400, {}, "refused", 0), (404, {}, "refused", 0),
    (408, {}, "retry", 0), (410, {}, "gone", 0), (429, {"Retry-After": "120"}, "retry", 120),
    (500, {}, "retry", 0), (503, {"Retry-After": "7"}, "retry", 7),
    (429, {"Retry-After": "99999999"}, "retry", 86400), (429, {"Retry-After": "soon"}, "retry", 0)])
def test_what_an_answer_means(hooks, status, headers, outcome, wait):
    with Receiver(status, headers, b"" if status == 204 else b"said so") as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        (_, got, seconds, text), = hooks.send(notification(), "ops")
        assert (got, int(seconds)) == (outcome, wait)
        assert f"HTTP status {status}" in text
        assert len(receiver.requests) == 1


def test_no_answer_is_tried_again(hooks):
    with Silence() as silence:
        closed = silence.port
    hooks.add("ops", type="webhook", url=f"http://127.0.0.1:{closed}/")
    (_, outcome, _, text), = hooks.send(notification(), "ops")
    assert outcome == "retry" and "no answer" in text and "connect" in text


def test_a_hook_that_hangs_delays_nobody(hooks):
    program = hooks.folder / "hang"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    with Silence() as silence, Receiver() as receiver:
        hooks.add("web", type="webhook", url=f"http://127.0.0.1:{silence.port}/", time_limit="2s")
        hooks.add("mail", type="email", smtp=f"smtp://127.0.0.1:{silence.port}", time_limit="2s",
                  **{"from": "a@example.com"}, to="b@example.com")
        hooks.add("program", type="command", command=program, time_limit="2s")
        hooks.add("ops", type="webhook", url=receiver.url)
        ends = hooks.send(notification(), "web", "mail", "program", "ops")
    assert ends[0][:2] == ("ops", "delivered")
    assert {end[0]: end[1] for end in ends[1:]} == {"web": "retry", "mail": "retry", "program": "retry"}


def test_tls_with_an_own_ca_and_a_client_certificate(hooks, tmp_path):
    ours, others = Authority(tmp_path / "ours"), Authority(tmp_path / "others")
    shown = ours.sign("collector")
    with Receiver(tls=server_context(ours.sign_server(), clients=ours.certificate)) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, ca_file=ours.certificate,
                  client_cert=shown[0], client_key=shown[1])
        hooks.add("unknown", type="webhook", url=receiver.url, ca_file=others.certificate,
                  client_cert=shown[0], client_key=shown[1])
        hooks.add("bare", type="webhook", url=receiver.url, ca_file=ours.certificate)
        ends = {end[0]: end for end in hooks.send(notification(), "ops", "unknown", "bare")}
        assert ends["ops"][1] == "delivered"
        assert ends["unknown"][1] == "retry" and "certificate" in ends["unknown"][3]
        assert ends["bare"][1] == "retry"
        assert len(receiver.requests) == 1


def test_a_proxy_and_credentials(hooks, tmp_path):
    ca = Authority(tmp_path / "ca")
    from proxy import Proxy
    proxy = Proxy()
    try:
        with Receiver(tls=server_context(ca.sign_server())) as receiver:
            hooks.add("ops", type="webhook", url=receiver.url, ca_file=ca.certificate, proxy=proxy.url,
                      user="mtawatch", password_file=hooks.secret("p", "s3cret"))
            hooks.add("token", type="webhook", url=receiver.url, ca_file=ca.certificate,
                      token_file=hooks.secret("t", "t0ken"))
            hooks.send(notification(), "ops")
            hooks.send(notification(), "token")
            assert proxy.asked == [("CONNECT", f"127.0.0.1:{receiver.port}")]
            fields = [headers["Authorization"] for *_, headers, _ in receiver.requests]
            assert fields == ["Basic bXRhd2F0Y2g6czNjcmV0", "Bearer t0ken"]
    finally:
        proxy.close()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_stay_values(hooks, text):
    program = hooks.folder / "keep"
    program.write_text(f"#!/bin/sh\ncat > {hooks.folder}/kept\n")
    program.chmod(0o755)
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        hooks.add("program", type="command", command=program)
        assert {end[1] for end in hooks.send(hostile(text), "ops", "program")} == {"delivered"}
        _, _, headers, body = receiver.requests[0]
    one, = json.loads(body)["alerts"]
    assert one["labels"]["server"] == one["labels"]["adapter"] == one["annotations"]["description"] == text
    assert json.loads(body)["groupKey"] == text
    assert "evil" not in str(headers)
    kept = json.loads((hooks.folder / "kept").read_text())
    assert kept["alerts"][0]["server"] == text and kept == hostile(text)


def test_a_program_knows_little_and_what_it_says_is_kept(hooks):
    program = hooks.folder / "program"
    program.write_text("#!/bin/sh\nenv; echo no route to the pager >&2; exit 4\n")
    program.chmod(0o755)
    hooks.add("ops", type="command", command=program)
    (_, outcome, _, text), = hooks.send(notification(), "ops")
    assert outcome == "retry" and "exit status 4" in text and "no route to the pager" in text
    assert "MTAWATCH" not in text


def test_a_try_shows_the_exchange_without_secrets(hooks, tmp_path):
    with Receiver(503, {"Retry-After": "9"}, b"come back later\x1b[2J") as receiver:
        hooks.add("ops", type="webhook", url=receiver.url + "?key=hidden1", secret_file=hooks.secret("s", SECRET),
                  user="mtawatch", password_file=hooks.secret("p", "hidden2"))
        tried = hooks.try_one("ops")
    assert tried.returncode == 1 and tried.stderr == ""
    lines = tried.stdout.splitlines()
    assert "> POST /hook?(hidden) HTTP/1.1" in lines and "> Authorization: Basic (hidden)" in lines
    assert any(line.startswith("> webhook-signature: v1,") for line in lines)
    assert any(line.startswith("> {\"version\":\"4\"") for line in lines)
    assert any(line.startswith("< HTTP/1.1 503") for line in lines)
    assert lines[-1].startswith("not delivered; a collector would try again, after ")
    assert "HTTP status 503: come back later?[2J" in lines[-1]
    for secret in ["hidden1", "hidden2", SECRET, "bXRhd2F0Y2g6"]:
        assert secret not in tried.stdout


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_try_of_a_heartbeat_beats_once(hooks, method):
    with Receiver() as receiver:
        hooks.add("alive", type="heartbeat", url=receiver.url + "?key=hidden1", method=method,
                  token_file=hooks.secret("t", "hidden2"))
        tried = hooks.try_one("alive")
        assert tried.returncode == 0, tried.stdout + tried.stderr
        (sent, path, headers, body), = receiver.requests
        assert (sent, path) == (method, "/hook?key=hidden1") and headers["Authorization"] == "Bearer hidden2"
        assert method == "GET" or json.loads(body)["hook"] == "alive"
        lines = tried.stdout.splitlines()
        assert f"> {method} /hook?(hidden) HTTP/1.1" in lines and "< HTTP/1.1 200 OK" in lines
        assert lines[-1].startswith("delivered") and "hidden1" not in tried.stdout and "hidden2" not in tried.stdout
        receiver.status = 410
        tried = hooks.try_one("alive")
    assert tried.returncode == 1 and "HTTP status 410" in tried.stdout.splitlines()[-1]


@pytest.mark.parametrize("status, end", [(0, "delivered, after "),
                                          (4, "not delivered; a collector would try again, after ")])
def test_a_try_of_a_program_shows_how_it_ended(hooks, status, end):
    program = hooks.folder / "program"
    program.write_text(f"#!/bin/sh\ncat > {hooks.folder}/kept; echo no route to the pager >&2; exit {status}\n")
    program.chmod(0o755)
    tried = hooks.add("ops", type="command", command=program).try_one("ops")
    first, last = tried.stdout.splitlines()
    assert tried.returncode == (1 if status else 0) and str(program) in first
    assert last.startswith(end) and (not status or "exit status 4: no route to the pager" in last)
    kept = json.loads((hooks.folder / "kept").read_text())
    assert kept["reason"] == "test" and kept["alerts"][0]["server"] == "TEST"


def test_hooks_are_listed_and_faults_have_lines(hooks):
    hooks.add("ops", type="webhook", url="https://h.example/", sites="ACME/*", conditions="failing,exposed")
    hooks.add("alive", type="heartbeat", url="https://h.example/")
    run = lambda *words: subprocess.run([BUILD / "collector/mtawatch-collector", *words, "--config",  # noqa: E731
                                         hooks.config], capture_output=True, text=True, timeout=60)
    lines = run("hook", "list").stdout.splitlines()
    assert lines[1].split() == ["ops", "webhook", "failing,exposed", "ACME/*"]
    assert lines[2].split()[:2] == ["alive", "heartbeat"]
    missing = run("hook", "test", "opps")
    assert missing.returncode == 2 and "there is no hook 'opps'" in missing.stderr
    hooks.add("bad", type="webhook", url="h.example", conditions="broken")
    checked = run("serve", "--check-config")
    assert checked.returncode == 2
    assert f"{hooks.config}, line 11: url \"h.example\"" in checked.stderr
    assert f"{hooks.config}, line 12: conditions \"broken\"" in checked.stderr
