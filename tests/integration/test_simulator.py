"""The demo organisation: its reports are well-formed and get exactly the verdicts it is made for."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import crowd, demo, facts  # noqa: E402
from simulator.collector import PROGRAM, Collector, free_port  # noqa: E402
from simulator.play import PEERS_DEALT, Play  # noqa: E402

SCHEMA = json.loads((ROOT / "proto/report/report.schema.json").read_text())
VERDICTS = {"failing", "exposed", "at_risk", "unknown", "clear", "protected", "not_applicable"}


@pytest.fixture
def reports():
    play = Play(demo.servers(), interval=10)
    return [play.report(part, play.born)[0] for part in play.parts], play.born


def simulate(*arguments):
    return subprocess.run([sys.executable, ROOT / "tests/simulator", *arguments],
                          capture_output=True, text=True, timeout=60)


def test_the_demo_has_twelve_servers_and_means_to_show_every_verdict():
    assert {server.host for server in demo.servers()} == set(demo.INTENDED)
    assert len(demo.INTENDED) == 12
    assert {verdict for verdict, _ in demo.INTENDED.values()} == VERDICTS
    assert any(silent for _, silent in demo.INTENDED.values())


def test_every_report_fits_the_schema(reports):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for report in reports[0]:
        validator.validate(report)


def test_a_crowd_fits_the_schema_and_stays_at_the_peers_that_are_dealt():
    play = Play(crowd.servers(120, 3), interval=300)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for part in play.parts:
        report, _ = play.report(part, play.born)
        validator.validate(report)
        peers = {row["peer"] for row in report["probes"]}
        assert len(peers) == PEERS_DEALT
        assert report["host"]["name"] not in peers


def test_the_rule_gives_each_server_the_verdict_it_is_made_for(reports, tmp_path):
    bodies, born = reports
    paths = []
    for body in bodies:
        paths.append(tmp_path / f"{body['host']['name']}.json")
        paths[-1].write_text(json.dumps(body))
    done = subprocess.run([PROGRAM, "assess", "--at", facts.stamp(born), *paths],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr  # there are exposed ones
    judged = {server["server"]: (server["verdict"], server["silent"])
              for server in json.loads(done.stdout)}
    assert judged == demo.INTENDED


def test_played_once_every_report_is_accepted_and_judged_as_meant(tmp_path):
    with Collector(tmp_path) as collector:
        done = simulate("--once", "--collector", collector.url,
                        "--enroll-secret-file", collector.folder / "data/enroll-secret")
        assert done.returncode == 0, done.stderr
        judged = {name: (server["verdict"], server["silent"])
                  for name, server in collector.servers().items()}
    assert judged == demo.INTENDED


def test_once_fails_where_no_collector_answers(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mtw_e")
    done = simulate("--once", "--collector", f"http://127.0.0.1:{free_port()}",
                    "--enroll-secret-file", secret)
    assert done.returncode == 1
    assert "0 of 12 reports accepted" in done.stderr


def test_print_sends_nothing_and_prints_all_reports():
    done = simulate("--print", "--collector", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 12
