"""The demo organisation: its reports are well-formed and get exactly the verdicts it is made for."""

import html
import json
import re
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import jsonschema
import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import catcher, crowd, demo, direction, facts, past  # noqa: E402
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


def test_the_past_tells_how_each_server_got_where_it_is(tmp_path):
    with Collector(tmp_path) as collector:
        done = simulate("--once", "--past", "4", "--collector", collector.url,
                        "--enroll-secret-file", collector.folder / "data/enroll-secret")
        assert done.returncode == 0, done.stderr
        assert {name: (server["verdict"], server["silent"])
                for name, server in collector.servers().items()} == demo.INTENDED
        history = json.loads(collector.get("/v1/servers/MAIL-HQ2/history")[2])["changes"]
    told = [(change["detail"]["before"], change["detail"]["after"])
            for change in history if change["kind"] == "verdict"]
    assert told[0] == ("clear", "exposed")
    assert "adapters" in {change["kind"] for change in history}


def test_reports_of_the_past_fit_the_schema():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    ages = set()
    for report, age in past.reports(Play(demo.servers(), interval=10), days=1):
        validator.validate(report)
        ages.add(age)
    assert min(ages) == past.INTERVAL and max(ages) == 86400


def test_the_hero_fails_and_is_mended():
    play = Play(demo.servers(), interval=10)
    hero = play.part(direction.HERO).server
    states = []
    for elapsed in (0, direction.FAILS_AFTER, direction.MENDED_AFTER):
        direction.act(play, elapsed)
        states.append((hero.mta["service"], len(hero.adapters)))
    assert states == [("running", 2), ("stopped", 2), ("running", 1)]


@pytest.fixture
def caught():
    port = free_port()
    receivers = catcher.Catcher(port, free_port())
    receivers.start()
    yield receivers
    receivers.stop()


def test_the_catcher_shows_mail_and_webhooks(caught):
    mail = EmailMessage()
    mail["Subject"] = "<b>MAIL-HQ1</b> is failing"
    mail.set_content("as text\n")
    mail.add_alternative("<p>as HTML", subtype="html")
    with smtplib.SMTP("127.0.0.1", caught.mail_port) as smtp:
        smtp.send_message(mail, "mtawatch@demo.example", ["postmaster@demo.example"])
    for path, status in (("/chat", 204), ("/refuse", 400)):
        answer = requests.post(caught.url + path, json={"status": "firing"}, timeout=60)
        assert answer.status_code == status
    page = requests.get(caught.url, timeout=60).text
    assert "&lt;b&gt;MAIL-HQ1&lt;/b&gt; is failing" in page and "refused: firing" in page
    parts = {part: requests.get(caught.url + html.unescape(link), timeout=60).text
             for link, part in re.findall(r'href="(/message[^"]*part=(\w+))"', page)}
    assert parts["text"].strip() == "as text" and "<p>as HTML" in parts["html"]
