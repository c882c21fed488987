"""How mtawatch-agent gets and keeps a key of its own: enrolment, what loses it, what gives it back.

The collector is a stand-in with the roll of PROTOCOL.md; everything stays on loopback.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration")]

from agent_rig import AGENT, Roll, StandIn, running  # noqa: E402
from waiting import until  # noqa: E402

SECRET = "mtw_e" + "0123456789abcdef" * 4
KEY_LINE = re.compile(r"mtawatch-key/1 ([0-9a-f]{64}) ([0-9a-f-]{36}|-) (\S+)\n")


class Machine:
    """A server with an agent that has a secret to enrol with."""

    def __init__(self, folder, collector):
        self.state = folder / "state"
        self.secret = folder / "secret.txt"
        self.collector = collector
        self.give_secret()

    def give_secret(self, text=SECRET):
        self.secret.write_text(f"\n  {text} \r\n")

    def arguments(self, secret=True):
        named = ["--enroll-secret-file", str(self.secret)] if secret else []
        return ["--collector", self.collector.url, "--probe-limit", "1", *named]

    def once(self, ok, *more, secret=True):
        done = subprocess.run([AGENT, "run", "--once", "--state-dir", self.state,
                               *self.arguments(secret), *more],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == ok, done.stderr
        assert SECRET not in done.stderr
        if self.key:
            assert self.key not in done.stderr
        return done.stderr

    @property
    def credentials(self):
        """Key, id ("-" before the enrolment) and host name, or None."""
        file = self.state / "key"
        return KEY_LINE.fullmatch(file.read_text()).groups() if file.exists() else None

    @property
    def key(self):
        return self.credentials[0] if self.credentials else None

    def spooled(self):
        return list((self.state / "spool").glob("*.report"))


@pytest.fixture
def collector():
    with contextlib.closing(StandIn(roll=Roll(SECRET))) as stand_in:
        yield stand_in


@pytest.fixture
def machine(tmp_path, collector):
    return Machine(tmp_path, collector)


def test_it_enrols_once_and_reports_with_its_key(machine, collector):
    said = machine.once(0)
    (asked,) = collector.enrolments
    assert asked["secret"] == SECRET
    key, agent, host = machine.credentials
    assert (asked["key"], asked["host"]) == (key, host)
    assert f"enrolled this server as agent {agent}" in said
    machine.once(0)
    assert len(collector.enrolments) == 1
    for _, headers, report in collector.requests:
        assert headers["Authorization"] == f"Bearer {agent}.{key}"
        assert report["agent"]["id"] == agent
    first, second = (report["agent"]["epoch"] for report in collector.reports)
    assert first != second, "the id is new, so its epoch is"
    printed = subprocess.run([AGENT, "report", "--state-dir", machine.state], capture_output=True,
                             text=True, timeout=60, check=True).stdout
    assert json.loads(printed)["agent"]["id"] == agent


def test_only_the_agent_reads_its_key(machine):
    machine.once(0)
    assert stat.S_IMODE((machine.state / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(machine.state.stat().st_mode) == 0o700


def test_the_secret_is_erased_when_it_is_used_and_not_before(machine, collector):
    collector.refuse(503, "later")
    machine.once(2)
    assert machine.secret.exists()
    assert "erased the enrolment secret" in machine.once(0)
    assert not machine.secret.exists()


@pytest.mark.parametrize("text", [
    "root:$6$salt$hash:19000:0:99999:7:::\n", "root:$6$salt$hash:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
    "hunter2\n", SECRET[:-1] + "\n", SECRET + "0\n", SECRET.upper() + "\n", f"{SECRET}\n{SECRET}\n",
    f"secret = {SECRET}\n", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_secret_is_neither_sent_nor_touched(machine, collector, text):
    machine.secret.write_text(text)
    collector.roll.enroll = lambda asked: pytest.fail(f"it was sent: {asked}")
    said = machine.once(2)
    assert f"could not read the enrolment secret {machine.secret}" in said and collector.enrolments == []
    assert machine.secret.read_text() == text
    assert not any(line in said for line in text.split("\n") if line)


def test_a_secret_in_a_collectors_data_directory_is_never_erased(machine):
    (machine.secret.parent / "mtawatch.lock").write_text("")
    assert "it lies in a collector's data directory" in machine.once(0)
    assert machine.secret.read_text().strip() == SECRET


def test_a_secret_with_a_second_name_or_behind_a_link_keeps_what_is_in_it(machine):
    (machine.secret.parent / "other").hardlink_to(machine.secret)
    assert "could not erase the enrolment secret" in machine.once(0)
    assert (machine.secret.parent / "other").read_text().strip() == SECRET


def test_a_pipe_for_a_secret_is_refused_at_once(machine, collector):
    machine.secret.unlink()
    os.mkfifo(machine.secret)
    assert "could not read the enrolment secret" in machine.once(2)
    assert collector.enrolments == [] and machine.secret.is_fifo()


def test_an_answer_that_is_lost_locks_nobody_out(machine, collector):
    lost = collector.roll.enroll
    collector.roll.enroll = lambda asked: (lost(asked), (502, "text/html", b"bad gateway"))[1]
    machine.once(2)
    assert machine.credentials[1] == "-"
    collector.roll.enroll = lost
    machine.once(0)
    assert len(collector.roll.agents) == 1
    first, second = collector.enrolments
    assert first == second


def test_reports_from_before_the_enrolment_arrive_as_the_agents_own(machine, collector):
    machine.secret.unlink()
    for _ in range(2):
        assert "could not read the enrolment secret" in machine.once(2)
    assert collector.requests == [] and len(machine.spooled()) == 2
    machine.give_secret()
    machine.once(0)
    assert [report["sequence"] for report in collector.reports] == [3, 2, 1]
    assert {report["agent"]["id"] for report in collector.reports} == set(collector.roll.agents)
    assert machine.spooled() == []


@pytest.mark.parametrize("status, code, words", [
    (403, "unknown_secret", "does not know the enrolment secret in"),
    (409, "host_enrolled", "an operator has to release the name"),
    (422, "invalid", "refuses to enrol this server"),
    (429, "too_many_enrolments", "refuses to enrol this server"),
    (404, "not_found", "refuses to enrol this server"),
])
def test_a_refusal_says_what_to_do_and_loses_nothing(machine, collector, status, code, words):
    collector.refuse(status, "said the collector", code)
    said = machine.once(2)
    assert words in said
    assert len(machine.spooled()) == 1
    assert machine.secret.exists()
    machine.once(0)
    assert machine.spooled() == []


def test_what_answers_an_enrolment_and_is_no_collector_is_told(machine, collector):
    collector.answers.append((200, "text/html", b"<html>please log in</html>"))
    assert "what answers the enrolment is no collector" in machine.once(2)


def test_a_name_that_is_taken_is_asked_for_again_when_it_is_released(machine, collector):
    machine.once(0)
    (machine.state / "key").unlink()  # set up anew
    machine.give_secret()
    assert "is enrolled there with another key" in machine.once(2)
    collector.roll.agents.clear()
    machine.once(0)
    assert list(collector.roll.agents) == [machine.credentials[1]]


def test_refusals_make_the_pauses_longer(machine, collector):
    collector.roll.secret = "another"
    with running(machine.state, *machine.arguments(), "--interval", "1") as run:
        until(lambda: len(machine.spooled()) >= 4)
        assert len(collector.enrolments) == 1, "the pause after a refusal is a minute"
        assert run.says("does not know the enrolment secret") == 1


def test_an_agent_that_was_released_enrols_again(machine, collector):
    machine.once(0)
    old = machine.credentials[1]
    collector.roll.agents.clear()
    said = machine.once(2)
    assert "an operator has released or revoked this agent" in said
    assert "--enroll-secret-file" in said
    assert machine.credentials[1] == old
    machine.give_secret()
    machine.once(0)
    new = machine.credentials[1]
    assert list(collector.roll.agents) == [new] and new != old
    *_, before, after = [report["agent"] for report in collector.reports]
    assert before["id"] == after["id"] == new


def test_a_collector_that_enrols_and_forgets_is_not_asked_without_end(machine, collector, tmp_path):
    kept = tmp_path / "kept.txt"
    machine.secret.rename(kept)
    machine.secret.symlink_to(kept)  # is not ours to erase, like a file on a share
    collector.roll.refuses = lambda *_: (401, "application/problem+json",
                                         b'{"code": "unknown_agent", "detail": "who?"}')
    assert "HTTP status 401: who?" in machine.once(2)
    assert len(collector.enrolments) == 2 and kept.read_text().strip() == SECRET


def test_a_running_agent_goes_on_under_its_new_id(machine, collector):
    with running(machine.state, *machine.arguments(), "--interval", "1"):
        until(lambda: len(collector.reports) >= 2)
        machine.give_secret()
        collector.roll.agents.clear()
        until(lambda: len(collector.roll.agents) == 1)
        (new,) = collector.roll.agents
        until(lambda: any(report["agent"]["id"] == new and report["sequence"] == 1
                               for report in collector.reports))


def test_a_server_with_another_name_gets_a_key_of_its_own(machine, collector):
    machine.once(0)
    key, agent, host = machine.credentials
    (machine.state / "key").write_text(f"mtawatch-key/1 {key} {agent} ORIGINAL\n")
    machine.give_secret()
    collector.roll.agents = {agent: ("original", key)}
    assert "the key that it has was made for ORIGINAL" in machine.once(0)
    assert machine.key != key and machine.credentials[2] == host
    assert set(collector.roll.agents) == {agent, machine.credentials[1]}


def test_what_was_spooled_under_another_name_costs_a_server_neither_key_nor_reports(machine, collector):
    """Its machine was renamed, or its disk copied, while no collector took its reports."""
    machine.once(0)
    url, collector.url = collector.url, "http://127.0.0.1:1"
    machine.once(2)
    collector.url = url
    host = machine.credentials[2]
    spooled, = machine.spooled()
    text = spooled.read_text().replace(f'"name":"{host}"', '"name":"ORIGINAL"', 1)
    assert "ORIGINAL" in text
    head, _, rest = text.partition("\n")
    digest = hashlib.sha256(f"{' '.join(head.split(' ')[2:])}\n{rest}".encode()).hexdigest()
    spooled.write_text(" ".join([head.split(" ")[0], digest, *head.split(" ")[2:]]) + "\n" + rest)
    key, agent, _ = machine.credentials
    (machine.state / "key").write_text(f"mtawatch-key/1 {key} {agent} ORIGINAL\n")
    collector.roll.agents = {agent: ("original", key)}
    machine.give_secret()
    said = machine.once(0)
    enrolled = machine.credentials
    assert enrolled[2] == host and enrolled[1] in collector.roll.agents, said
    for _ in range(2):
        machine.once(0)
    assert machine.credentials == enrolled and not machine.spooled(), said
    assert [rejected.name for rejected in (machine.state / "rejected").iterdir()] == [spooled.name]


def test_a_collector_that_wants_enrolment_is_told_apart(machine):
    said = machine.once(2, secret=False)
    assert "it wants agents to be enrolled" in said and "--enroll-secret-file" in said
    assert len(machine.spooled()) == 1


def test_a_report_of_another_server_is_put_aside(machine, collector):
    machine.once(0)
    collector.refuse(403, "this report is another agent's", "wrong_agent")
    machine.once(2)
    assert len(list((machine.state / "rejected").iterdir())) == 1


def test_a_renamed_copy_without_a_secret_is_told_what_it_needs(machine, collector):
    machine.once(0)
    key, agent, host = machine.credentials
    (machine.state / "key").write_text(f"mtawatch-key/1 {key} {agent} ORIGINAL\n")
    collector.refuse(403, "this report is another agent's", "wrong_agent")
    said = machine.once(2, secret=False)
    assert f"key was made for a server named ORIGINAL, this one is named {host}" in said
    assert "It needs an enrolment secret of its own" in said


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 502])
def test_a_page_of_a_proxy_is_not_the_collectors_word(machine, collector, status):
    machine.once(0)
    collector.answer_as_proxy(status)
    said = machine.once(2)
    assert f"a proxy answered, not the collector: HTTP status {status} (text/html)" in said
    assert "they are kept until one takes them" in said
    assert len(machine.spooled()) == 1 and not list((machine.state / "rejected").iterdir())
    machine.once(0)
    assert not machine.spooled(), "it was sent after all"


@pytest.mark.parametrize("status", [200, 400, 403, 409, 413])
def test_a_page_of_a_proxy_is_no_refusal_to_enrol(machine, collector, status):
    collector.answer_as_proxy(status)
    machine.once(2)
    assert len(machine.spooled()) == 1
    machine.once(0)
    assert machine.credentials[1] in collector.roll.agents


@pytest.mark.parametrize("status, code", [(400, "malformed_json"), (409, "conflicting_report"),
                                          (413, "body_too_large"), (422, "invalid_report")])
def test_one_run_tells_by_its_status_that_its_report_was_refused(machine, collector, status, code):
    machine.once(0)
    collector.refuse(status, "it is no good", code)
    assert "it is no good" in machine.once(2)
    assert not machine.spooled() and len(list((machine.state / "rejected").iterdir())) == 1


@pytest.mark.parametrize("damage", [
    "", "mtawatch-key/1", "mtawatch-key/1 abc - X\n", "\0" * 120,
    f"mtawatch-key/1 {'0' * 64} not-an-id X\n", f"mtawatch-key/1 {'0' * 64} - \n",
    f"mtawatch-key/1 {'A' * 64} - X\n", "x" * 600])
def test_a_damaged_key_is_told_and_made_anew(machine, collector, damage):
    machine.state.mkdir()
    (machine.state / "key").write_text(damage)
    assert "could not read the agent's key" in machine.once(0)
    assert list(collector.roll.agents) == [machine.credentials[1]]


def test_power_that_is_lost_while_the_key_is_written_loses_no_key(machine, collector):
    """The key file is whole or absent at every byte: what is cut is the file beside it."""
    machine.once(0)
    whole = (machine.state / "key").read_bytes()
    for cut in range(0, len(whole), 7):
        (machine.state / "key.tmp").write_bytes(whole[:cut])
        machine.once(0)
    assert len(collector.enrolments) == 1
    assert (machine.state / "key").read_bytes() == whole
