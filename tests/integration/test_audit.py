"""The audit log has a line of every change: each call that can change something is made here, once as it
should be and once so that it changes nothing, and each command that writes to the store."""

import datetime
import json
import os
import subprocess

import pytest
from receiver import Receiver
from running import JSON, PATIENCE, PROGRAM, ROOT, Collector, exposed_site, minimal
from waiting import until

LATER = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
AGO = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

# In their order: the call, its body, the action and the object of its line. {} are names of what is there.
CHANGES = [
    ("POST /v1/enroll", {"secret": "{secret}", "host": "EXCH7", "key": "ab" * 32}, "agent.enroll", "exch7"),
    ("DELETE /v1/agents/{agent}", None, "agent.release", "exch7"),
    ("POST /v1/tokens", {"name": "t1", "role": "viewer"}, "token.add", "t1"),
    ("DELETE /v1/tokens/t1", None, "token.revoke", "t1"),
    ("POST /v1/secrets", {"name": "s1"}, "secret.add", "s1"),
    ("DELETE /v1/secrets/s1", None, "secret.revoke", "s1"),
    ("PUT /v1/inventory", "EXCH8\nEXCH9\n", "inventory.replace", ""),
    ("PUT /v1/inventory?yes=true", "EXCH10\n", "inventory.replace", ""),
    ("POST /v1/inventory/former/restore", None, "inventory.restore", ""),
    ("DELETE /v1/inventory/EXCH9", None, "inventory.remove", "exch9"),
    ("POST /v1/reports/import", {**minimal("EXCH6"), "collected_at": AGO}, "report.import", "exch6"),
    ("POST /v1/alerts/{alert}/acknowledge", {"comment": "mine"}, "alert.acknowledge", "{alert}"),
    ("DELETE /v1/alerts/{alert}/acknowledge", None, "alert.unacknowledge", "{alert}"),
    ("POST /v1/alerts/acknowledge", {"ids": ["{alert}"], "comment": "ours"}, "alert.acknowledge", "{alert}"),
    ("POST /v1/alerts/silence", {"ids": ["{alert}"], "ends_at": LATER}, "silence.add", None),
    ("POST /v1/silences", {"matchers": {"server": "EXCH2"}, "comment": "c", "ends_at": LATER}, "silence.add",
     "{silence}"),
    ("DELETE /v1/silences/{silence}", None, "silence.end", "{silence}"),
    ("POST /v1/deliveries/{delivery}/retry", {}, "delivery.retry", "{delivery}"),
    ("PUT /v1/servers/{server}/remark", {"owner": "Mail"}, "server.remark", "{server}"),
    ("PUT /v1/sites/{org}/{site}/remark", {"note": "noted"}, "site.remark", "{org}/{site}"),
    ("DELETE /v1/servers/EXCH6?reason=sold", None, "server.remove", "exch6"),
    ("POST /v1/session", {"token": "{token}"}, "session.begin", None),
    ("DELETE /v1/session", None, "session.end", None),
]
# Reports change what is known, not what somebody decided; a question changes nothing.
# Of several collectors on one database: test_cluster.py
OF_SEVERAL = ["POST /v1/collectors/{node}/handover", "DELETE /v1/collectors/{node}"]
# A viewer's bookmarks would push what others did out of the log.
NO_LINE = ["POST /v1/reports", "PUT /v1/bookmarks/{name}", "DELETE /v1/bookmarks/{name}", "POST /v1/sites/{org}/{site}/what-if"]


def newest(collector):
    return collector.get("/v1/audit?limit=1")["lines"][0]


def filled(value, names):
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
    elif isinstance(value, dict):
        value = {key: filled(item, names) for key, item in value.items()}
    elif isinstance(value, list):
        value = [filled(item, names) for item in value]
    return value


def make(collector, call, body, cookie):
    method, _, path = call.partition(" ")
    headers = {"Content-Type": "text/csv" if isinstance(body, str) else "application/json", **cookie}
    data = body if isinstance(body, str) or body is None else json.dumps(body)
    return collector.ask(path, method, data, headers)


def learn(collector, names, call, headers, body):
    """What a call has made, for those that follow."""
    if call == "POST /v1/enroll":
        names["agent"] = json.loads(body)["id"]
    elif call == "POST /v1/silences":
        names["silence"] = str(json.loads(body)["id"])
    elif call == "POST /v1/session":
        names["cookie"] = headers["Set-Cookie"].split(";")[0]


@pytest.fixture
def collector(tmp_path):
    """With an alert that fires, and a notification that its receiver has refused."""
    config = tmp_path / "collector.conf"
    with Receiver(status=400) as receiver:
        config.write_text(f"[hook ops]\ntype = webhook\nurl = {receiver.url}\n")
        running = Collector(tmp_path / "data", "--config", str(config))
        try:
            for report in exposed_site():
                assert running.post(report)[0] == 200
            yield running
        finally:
            running.process.terminate()
            running.process.communicate(timeout=PATIENCE)  # the log tells of the dead letter
        assert running.process.returncode == 0


def what_is_there(collector):
    dead = until(lambda: collector.get("/v1/deliveries?state=dead")["deliveries"], "nothing is a dead letter")
    alert = next(a for a in collector.get("/v1/alerts")["alerts"] if a["server"] == "EXCH1")
    return {"alert": str(alert["id"]), "delivery": str(dead[0]["id"]), "secret": collector.secret,
            "token": collector.token, "server": "EXCH2", "org": "ACME", "site": "HQ"}


def test_every_call_that_changes_something_has_its_line(collector):
    names = what_is_there(collector)
    for call, body, action, target in CHANGES:
        cookie = {"Cookie": names["cookie"], "Sec-Fetch-Site": "same-origin"} if "cookie" in names else {}
        before = newest(collector)["id"]
        status, headers, answer = make(collector, filled(call, names), filled(body, names), cookie)
        assert status in (200, 201, 204), (call, status, answer)
        learn(collector, names, call, headers, answer)
        line = newest(collector)
        assert (line["id"], line["action"]) == (before + 1, action), (call, line)
        assert target is None or line["object"].split(" ")[0] == filled(target, names), (call, line)
        assert line["from"] == "127.0.0.1" and line["who"] in ("token admin", "secret first", "session admin"), line


def test_what_changes_nothing_has_none(collector):
    before = newest(collector)["id"]
    for call, body, *_ in CHANGES:
        path = call.replace("t1", "nobody").replace("s1", "nobody").replace("EXCH6", "NOBODY").replace("EXCH9", "X")
        wrong = {**body, "schema": 7, "secret": 7, "role": 7, "comment": 7, "token": "x"} \
            if isinstance(body, dict) and "retry" not in call else "a,b,c,d\n" if body else None
        names = {"agent": "0" * 8, "alert": "999999", "silence": "999999", "delivery": "999999"}
        if "/alerts/" in call and "{" not in call:
            wrong = {**body, "ids": []}
        if call in ("POST /v1/secrets", "POST /v1/tokens"):
            wrong = {"name": ""}
        if call == "DELETE /v1/session":
            continue  # with a token it is no session's end
        status = make(collector, filled(path, names), wrong, {})[0]
        assert 400 <= status < 500, (call, status)
        assert newest(collector)["id"] == before, call


def test_every_call_that_can_change_something_is_in_the_table_above():
    paths = json.loads((ROOT / "collector/api/openapi.json").read_text())["paths"]
    can = {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method in
           ("post", "put", "delete", "patch")}
    made = {call.split("?")[0] for call, *_ in CHANGES}
    shape = lambda call: tuple("*" if "{" in part or part in ("t1", "s1", "EXCH6", "EXCH9") else part  # noqa: E731
                               for part in call.replace(" ", "/").split("/"))
    assert {shape(call) for call in can} - {shape(call) for call in NO_LINE + OF_SEVERAL} == {shape(call) for call in made}


@pytest.mark.parametrize("words, action, target", [
    (["token", "add", "t1", "--role", "viewer"], "token.add", "t1"), (["token", "revoke", "admin"], "token.revoke", "admin"),
    (["secret", "add", "s1"], "secret.add", "s1"), (["secret", "revoke", "first"], "secret.revoke", "first"),
    (["agents", "release", "EXCH1"], "agent.release", "exch1"), (["inventory", "import", "-", "--yes"], "inventory.replace", ""),
    (["inventory", "remove", "EXCH9"], "inventory.remove", "exch9")])
def test_every_command_that_changes_something_has_its_line(tmp_path, words, action, target):
    with Collector(tmp_path / "data") as collector:
        assert collector.post(minimal("EXCH1"))[0] == 200
        assert collector.ask("/v1/inventory", "PUT", "EXCH9\n", {"Content-Type": "text/csv"})[0] == 200
        # A token of its own reads: the first one may be revoked.
        status, _, answer = collector.ask("/v1/tokens", "POST", json.dumps({"name": "x", "role": "admin"}), JSON)
        assert status == 201
        bearer = {"Authorization": f"Bearer {json.loads(answer)['token']}"}
        done = subprocess.run([PROGRAM, *words, "--data", tmp_path / "data"], input="EXCH3\n", text=True,
                              capture_output=True, timeout=PATIENCE, env=os.environ | {"SUDO_USER": "mallory"})
        assert done.returncode == 0, done
        line = json.loads(collector.ask("/v1/audit?limit=1", headers=bearer)[2])["lines"][0]
    assert (line["action"], line["object"], line["from"]) == (action, target, "terminal"), line
    assert line["who"].startswith("terminal (") and (os.geteuid() != 0 or "sudo by mallory" in line["who"])
