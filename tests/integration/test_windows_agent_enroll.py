"""The Windows agent gets and keeps a key of its own, under Wine; the collector is a stand-in with the roll
of PROTOCOL.md.

Wine keeps the access list of a file as the mode of a Linux file: SYSTEM and Administrators are
its owner and group. Lists of registry keys it keeps as they are.
"""

import contextlib
import stat
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from agent_rig import Roll, StandIn  # noqa: E402
from wine import AGENT, PROGRAMS, Wine, on_windows  # noqa: E402

SECRET = "mtw_e" + "0123456789abcdef" * 4
SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Wine(tmp_path_factory.mktemp("wine"))
    yield machine
    machine.close()


@pytest.fixture
def collector():
    with contextlib.closing(StandIn(roll=Roll(SECRET))) as stand_in:
        yield stand_in


def test_a_key_is_read_by_system_and_administrators_alone(machine, tmp_path):
    status, text, errors = machine.run(PROGRAMS / "key_store.exe", on_windows(tmp_path))
    assert status == 0, errors
    lines = text.splitlines()
    assert lines[0] == "lists yes"
    assert lines[1:3] == [f"{place} mtawatch-key/1 abc - EXCH1" for place in ("file", "value")]
    assert lines[3].startswith(f"file for {SYSTEM} ") and "S-1-1-0" not in lines[3]
    assert lines[4] == f"value for {SYSTEM} {ADMINISTRATORS}"
    assert lines[5] == "gone"
    assert not (tmp_path / "key").exists()


def test_it_enrols_and_reports_with_its_key_and_erases_the_secret(machine, tmp_path, collector):
    secret, state = tmp_path / "secret.txt", tmp_path / "state"
    secret.write_text(SECRET + "\r\n")

    def once():
        return machine.run(AGENT, "run", "--once", "--probe-limit", "1", "--collector", collector.url,
                           "--state-dir", on_windows(state), "--enroll-secret-file",
                           on_windows(secret))
    status, _, said = once()
    assert status == 0 and "enrolled this server as agent" in said, said
    assert SECRET not in said and not secret.exists()
    (agent, (host, key)), = collector.roll.agents.items()
    assert (state / "key").read_text().split()[1:3] == [key, agent]
    assert not stat.S_IMODE((state / "key").stat().st_mode) & 0o007, "for others"
    assert once()[0] == 0 and len(collector.enrolments) == 1
    for _, headers, report in collector.requests:
        assert headers["Authorization"] == f"Bearer {agent}.{key}"
        assert (report["agent"]["id"], report["host"]["name"].lower()) == (agent, host)

    collector.roll.agents.clear()
    status, _, said = once()
    assert status == 2 and "an operator has released or revoked this agent" in said
    assert key not in said
