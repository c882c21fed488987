"""Alertmanager from Debian takes what the collector tells it, and its amtool agrees.

MTAWATCH_ALERTMANAGER names the folder with prometheus-alertmanager and amtool (scripts/test gets them)."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from hook_rig import HOSTILE, PATIENCE, ROOT, Hooks, alert, hostile, notification, resolved
from ports import free_port
from waiting import until

FOLDER = os.environ.get("MTAWATCH_ALERTMANAGER")
pytestmark = pytest.mark.skipif(not FOLDER, reason="MTAWATCH_ALERTMANAGER does not name the programs")

CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"

# Debian's reads its template from a fixed place; in a mount namespace of its own it finds it there.
RUN = """mount -t tmpfs none /usr/share && mkdir -p /usr/share/prometheus &&
cp -r "$0/../share/prometheus/alertmanager" /usr/share/prometheus/ && exec "$0/prometheus-alertmanager" "$@"
"""


class Alertmanager:
    """One that runs on loopback, without peers."""

    def __init__(self, folder, config=CONFIG):
        folder.mkdir()
        (folder / "config.yml").write_text(config)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", RUN, FOLDER,
             f"--config.file={folder}/config.yml",
             f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}",
             "--cluster.listen-address="], stdout=self.log, stderr=self.log)
        until(self.is_ready)

    def is_ready(self):
        try:
            return urllib.request.urlopen(self.url + "/-/ready", timeout=5).status == 200
        except OSError:
            assert self.process.poll() is None, "it ended"
            return False

    def alerts(self):
        """By the label `server`: those that are active."""
        with urllib.request.urlopen(self.url + "/api/v2/alerts", timeout=PATIENCE) as answer:
            return {one["labels"]["server"]: one for one in json.load(answer)}

    def amtool(self, *words):
        return json.loads(subprocess.run(
            [Path(FOLDER) / "amtool", f"--alertmanager.url={self.url}", "-o", "json", *words],
            check=True, capture_output=True, timeout=PATIENCE).stdout)

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()


@pytest.fixture
def alertmanager(tmp_path):
    one = Alertmanager(tmp_path / "alertmanager")
    yield one
    one.close()


@pytest.fixture
def hooks(tmp_path, alertmanager):
    return Hooks(tmp_path).add("am", type="alertmanager", url=alertmanager.url)


def send(hooks, message):
    (_, outcome, _, text), = hooks.send(message, "am")
    assert outcome == "delivered", text


def test_it_shows_what_fires_until_that_is_resolved(hooks, alertmanager):
    send(hooks, notification(alert("EXCH1"), alert("EXCH2", condition="silent")))
    shown = alertmanager.alerts()
    assert set(shown) == {"EXCH1", "EXCH2"}
    one = shown["EXCH1"]
    assert one["labels"] == {"alertname": "ExchangeMtaExposed", "severity": "warning", "organization": "ACME",
                             "site": "HQ", "server": "EXCH1", "adapter": "El90x2", "condition": "exposed"}
    assert one["annotations"] == {"summary": "the MTA of EXCH1 will not start the next time",
                                  "description": "Adapter El90x2 reaches none of 2 peers.",
                                  "remedy": "Disable adapter El90x2: then clear.", "since": "2026-11-24T09:00:00Z",
                                  "runbook_url": "https://collector.example/servers/EXCH1"}
    assert one["startsAt"].startswith("2026-11-24T09:05:00")
    assert one["generatorURL"] == "https://collector.example/servers/EXCH1"
    told, = alertmanager.amtool("alert", "query", "alertname=ExchangeMtaExposed", "server=EXCH1")
    assert told["labels"] == one["labels"] and told["status"]["state"] == "active"
    send(hooks, notification(resolved(server="EXCH1"), alert("EXCH2", condition="silent")))
    assert set(alertmanager.alerts()) == {"EXCH2"}
    told, = alertmanager.amtool("alert", "query")
    assert told["labels"]["alertname"] == "ExchangeServerSilent"


def test_the_rules_of_the_documentation_let_an_escalation_not_look_like_an_end(tmp_path):
    config = CONFIG + (ROOT / "docs/alertmanager-inhibition.yml").read_text()
    one = Alertmanager(tmp_path / "alertmanager", config)
    try:
        subprocess.run([Path(FOLDER) / "amtool", "check-config", tmp_path / "alertmanager/config.yml"], check=True,
                       capture_output=True, timeout=PATIENCE)
        hooks = Hooks(tmp_path).add("am", type="alertmanager", url=one.url)
        send(hooks, notification(alert("EXCH1", condition="failing"), resolved(server="EXCH1"), alert("EXCH2")))
        send(hooks, notification(alert("EXCH1", condition="silent"), alert("EXCH2", condition="at_risk")))
        until(lambda: len(one.amtool("alert", "query", "--inhibited")) == 2)
        active = {(a["labels"]["server"], a["labels"]["condition"]) for a in one.amtool("alert", "query")}
        assert active == {("EXCH1", "failing"), ("EXCH2", "exposed")}
    finally:
        one.close()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_stay_values(hooks, alertmanager, text):
    send(hooks, hostile(text))
    one = alertmanager.alerts()[text]
    assert one["annotations"]["description"] == text and one["labels"]["site"] == text
    told, = alertmanager.amtool("alert", "query", "alertname=ExchangeMtaExposed")
    assert told["labels"]["server"] == text


def test_each_of_several_is_told(hooks, alertmanager, tmp_path):
    other = Alertmanager(tmp_path / "other")
    try:
        both = Hooks(tmp_path).add("am", type="alertmanager", url=[alertmanager.url, other.url + "/"])
        send(both, notification())
        assert set(alertmanager.alerts()) == set(other.alerts()) == {"EXCH1"}
    finally:
        other.close()


def test_a_try_shows_the_exchange(hooks, alertmanager):
    tried = hooks.try_one("am")
    assert tried.returncode == 0
    assert "> POST /api/v2/alerts HTTP/1.1" in tried.stdout and "< HTTP/1.1 200 OK" in tried.stdout
    assert set(alertmanager.alerts()) == {"TEST"}
