"""An agent and the terminal that know both collectors of one database: they find the one that judges, and no report is
lost while they take turns."""

import json
import re
import subprocess

import pytest
from agent_rig import AGENT, running
from documents import blocks
from fronts import Front, block, program
from postgres import programs
from ring_cases import reports_of_export
from terminal import run
from test_cluster import pair, shared_server  # noqa: F401 - fixtures
from waiting import until

pytestmark = pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")


def test_an_agent_goes_where_a_collector_judges_and_loses_nothing(pair, tmp_path):
    judge, other = pair
    state, secret = tmp_path / "state", tmp_path / "secret.txt"
    secret.write_text(judge.secret + "\n")
    urls = f"{other.url},{judge.url}"  # the one that stands by is asked first

    def held():
        return reports_of_export("--data", judge.directory, "--store", judge.store)

    with running(state, "--collector", urls, "--enroll-secret-file", secret, "--interval", "1", "--probe-limit", "1") as agent:
        until(lambda: len(held()) >= 2)
        assert agent.says(f"could not send reports to the collector {other.url}: HTTP status 503: ") == 1
        asked = run("servers", "--json", "--url", urls, MTAWATCH_TOKEN=judge.token)
        assert json.loads(asked.stdout)["matched"] == 1 and asked.stderr == ""
        doctor = subprocess.run([AGENT, "doctor", "--state-dir", state, "--collector", urls], capture_output=True,
                                text=True, timeout=60)
        assert doctor.returncode == 0, doctor.stdout
        assert f"[ok]      reports    {judge.url} takes them" in doctor.stdout
        acknowledged = held()
        judge.stop()
        until(other.judges)
        until(lambda: agent.says(f"reports go to {other.url} now"))
        until(lambda: len(held()) >= len(acknowledged) + 2)
        until(lambda: not list((state / "spool").iterdir()))
        agent.stop()
    assert acknowledged < held()
    for epoch in {epoch for epoch, _ in held()}:
        sequences = sorted(sequence for begun, sequence in held() if begun == epoch)
        assert sequences == list(range(1, len(sequences) + 1))


@pytest.mark.skipif(not program("haproxy"), reason="MTAWATCH_HAPROXY names no haproxy")
def test_a_balancer_sends_an_agent_to_the_one_that_judges(pair, tmp_path):
    judge, other = pair
    backend, = blocks("docs/scale.md", "run by test_cluster_agents.py")
    frontend = re.sub(r"^backend collector\n.*", "", block("haproxy"), flags=re.MULTILINE | re.DOTALL)
    text = frontend + backend.text.replace("10.0.0.11:8285", "127.0.0.1:8285").replace(
        "10.0.0.12:8285", f"127.0.0.1:{other.port}")
    secret = tmp_path / "secret.txt"
    secret.write_text(judge.secret + "\n")

    def held():
        return reports_of_export("--data", judge.directory, "--store", judge.store)

    with Front("haproxy", tmp_path / "front", judge.port, text=text) as front:
        # It takes all for well until it has asked them.
        until(lambda: all(front.ask("/readyz?judge")[0] == 200 for _ in range(4)))
        with running(tmp_path / "state", "--collector", f"https://localhost:{front.port}", "--ca-file",
                     front.authority.certificate, "--enroll-secret-file", secret, "--interval", "1", "--probe-limit",
                     "1") as agent:
            until(lambda: len(held()) >= 4)
            assert agent.says("could not send reports") == 0
            seen = len(held())
            judge.stop()
            until(other.judges)
            until(lambda: len(held()) >= seen + 2)
