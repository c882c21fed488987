"""The rules for Prometheus and the dashboard for Grafana that are installed: over the metrics of a real collector."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from hook_rig import Hooks
from receiver import Receiver
from running import Collector, exposed_site, minimal

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "collector/deploy"
RULES = DEPLOY / "prometheus-rules.yml"
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
PROMTOOL = os.environ.get("MTAWATCH_PROMTOOL") or shutil.which("promtool")
pytestmark = pytest.mark.skipif(not PROMTOOL, reason="no promtool: neither MTAWATCH_PROMTOOL nor on the path")


def promtool(*words):
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def scrape(tmp_path, *reports):
    """What Prometheus reads of a collector that has these reports, and a hook."""
    receiver = Receiver()
    try:
        hooks = Hooks(tmp_path)
        hooks.add("ops", type="webhook", url=receiver.url)
        with Collector(tmp_path / "data", "--config", hooks.config) as collector:
            for report in reports:
                assert collector.post(report)[0] == 200
            return collector.ask("/metrics")[2].decode()
    finally:
        receiver.close()


def samples(metrics):
    return [line.rsplit(" ", 1) for line in metrics.splitlines() if line and not line.startswith("#")]


def firing(tmp_path, series, minutes):
    """The alerts of the rules after so long, (name, server): what promtool says is not as nothing was expected."""
    test = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [{
        "interval": "1m", "input_series": [{"series": name, "values": f"{value}x{minutes + 1}"} for name, value in series],
        "promql_expr_test": [{"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minutes}m", "exp_samples": []}]}]}
    path = tmp_path / "test.yml"
    path.write_text(json.dumps(test))  # JSON is YAML
    done = subprocess.run([PROMTOOL, "test", "rules", path], capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode == 0:
        return set()
    got = said[said.index("got:"):]
    alerts = re.findall(r"\{([^}]*alertname[^}]*)\}", got)
    assert alerts, said
    labels = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in alerts]
    return {(one["alertname"], one.get("server") or one.get("hook")) for one in labels}


def constant(metrics, **changed):
    """Series that stay as they were scraped, but for those changed."""
    return [(name, changed.get(name.split("{")[0], value)) for name, value in samples(metrics)]


def test_the_rules_are_rules():
    promtool("check", "rules", RULES)


def test_a_fleet_that_is_well_alarms_nobody(tmp_path):
    assert firing(tmp_path, constant(scrape(tmp_path, *exposed_site()[1:])), 120) == set()


def test_an_exposed_server_alarms(tmp_path):
    metrics = scrape(tmp_path, *exposed_site())
    assert firing(tmp_path, constant(metrics), 1) == {("MtawatchServerExposed", "EXCH1")}
    silent = metrics.replace('silent="false"', 'silent="true"')
    assert firing(tmp_path, constant(silent), 20) == {("MtawatchServerExposed", "EXCH1"), ("MtawatchServerSilent", "EXCH1")}
    failing = metrics.replace('verdict="exposed",silent', 'verdict="failing",silent')
    assert firing(tmp_path, constant(failing), 1) == {("MtawatchServerFailing", "EXCH1")}


def test_a_server_that_falls_silent_goes_on_alarming(tmp_path):
    series = [(name, value) for name, value in constant(scrape(tmp_path, *exposed_site()))
              if not name.startswith("mtawatch_server_verdict")]
    labels = 'organization="ACME",site="HQ",server="EXCH1",verdict="exposed"'
    series += [(f'mtawatch_server_verdict{{{labels},silent="false"}}', "1 1 1 stale _"),
               (f'mtawatch_server_verdict{{{labels},silent="true"}}', "_ _ _ 1")]
    assert ("MtawatchServerExposed", "EXCH1") in firing(tmp_path, series, 5)


@pytest.mark.parametrize("changed, minutes, alert", [
    ({"mtawatch_ready": "0"}, 5, ("MtawatchCollectorNotReady", None)),
    ({"mtawatch_store_lost_commits_total": "0+1"}, 5, ("MtawatchStoreLost", None)),
    ({"mtawatch_store_asynchronous": "1"}, 5, ("MtawatchStoreAsync", None)),
    ({"mtawatch_hook_dead_letters_total": "0+1"}, 5, ("MtawatchNotDelivered", "ops")),
    ({"mtawatch_hook_queue_length": "3"}, 40, ("MtawatchNotificationsWait", "ops")),
])
def test_the_collectors_own_troubles_alarm(tmp_path, changed, minutes, alert):
    assert firing(tmp_path, constant(scrape(tmp_path, minimal()), **changed), minutes) == {alert}


def test_a_certificate_that_ends_and_a_collector_that_is_away_alarm(tmp_path):
    ends = [("mtawatch_certificate_expiry_timestamp_seconds", str(13 * 86400)), ("mtawatch_ready", "1")]
    assert firing(tmp_path, ends, 1) == {("MtawatchCertificateEnds", None)}
    assert firing(tmp_path, [("up", "1")], 10) == {("MtawatchCollectorAbsent", None)}


def expressions():
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_every_expression_of_the_dashboard_is_one(tmp_path):
    rules = [{"record": f"panel_{i}", "expr": re.sub(r"\$\w+", ".*", expr)} for i, expr in enumerate(expressions())]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", path)


def test_rules_and_dashboard_name_only_metrics_that_there_are(tmp_path):
    metrics = scrape(tmp_path, *exposed_site())
    there = {re.sub(r"_(bucket|sum|count)$", "", name.split("{")[0]) for name, _ in samples(metrics)}
    there.add("mtawatch_certificate_expiry_timestamp_seconds")  # with HTTPS; test_tls.py sees it
    named = set(re.findall(r"\b(?:mtawatch|process)_\w+", " ".join([RULES.read_text(), *expressions()])))
    assert {re.sub(r"_bucket$", "", name) for name in named} - there == set()


def test_the_dashboards_panels_do_not_overlap():
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
