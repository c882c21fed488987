"""The cases of ring_cases.py with the Linux build, and what takes an agent that runs for a while: it stays where it was
taken, comes back to the first after an hour (which libwrong_clock.so makes pass), and loses nothing on the way.
"""

import contextlib
import json
import socket
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from documents import blocks  # noqa: E402
from agent_rig import BUILD, Agent, StandIn, StandingBy, running  # noqa: E402
from ring_cases import *  # noqa: E402, F403 - the tests themselves
from running import PROGRAM, Collector, set_up  # noqa: E402
from waiting import until  # noqa: E402

HOUR_S = 3600
OFTEN = ["--interval", "1", "--probe-limit", "1"]
KEEP = ["--keep-reports", "1000"]


@pytest.fixture
def agent(tmp_path):
    return Agent(tmp_path / "state")


@pytest.fixture
def hour(tmp_path):
    """Lets an hour pass; within: what to run an agent in that shall see it."""
    class Hour:
        passed = 0
        file = tmp_path / "uptime"
        within = ["env", f"LD_PRELOAD={BUILD / 'tests/integration/libwrong_clock.so'}", f"WRONG_UPTIME={file}",
                  "ASAN_OPTIONS=verify_asan_link_order=0"]

        def __call__(self):
            self.passed += 1
            self.file.with_suffix(".new").write_text(str(self.passed * HOUR_S))
            self.file.with_suffix(".new").replace(self.file)
    return Hour()


def test_the_page_names_several_in_a_file(agent, tmp_path):
    block, = blocks("docs/agents.md", "run by test_agent_ring.py")
    (tmp_path / "agent.conf").write_text(block.text)
    _, told, _ = agent("config", "--json", "--config", tmp_path / "agent.conf")
    collector, = (setting for setting in json.loads(told)["settings"] if setting["name"] == "collector")
    assert collector["value"].replace(" ", "") == ",".join(f"https://c{n}.example:8285" for n in (1, 2, 3))


def test_it_stays_where_it_was_taken_and_comes_back_after_an_hour(agent, hour):
    first = StandIn()
    first.close()
    with contextlib.closing(StandIn()) as second, \
            running(agent.state, "--collector", first.url, "--collector", second.url, *OFTEN, within=hour.within) as run:
        until(lambda: len(second.reports) >= 2)
        with contextlib.closing(StandIn(first.port)) as back:
            seen = len(second.reports)
            until(lambda: len(second.reports) >= seen + 3)
            assert not back.requests
            hour()
            until(lambda: len(back.reports) >= 2)
            seen = len(second.reports)
            until(lambda: len(back.reports) >= 4)
            assert len(second.reports) == seen
        assert run.says(f"could not send reports to the collector {first.url}: ") == 1
        assert run.says(f"reports go to {second.url} now") == 1
        assert run.says(f"reports go to {first.url} now") == 1


def test_the_first_is_asked_once_an_hour_while_it_stands_by(agent, hour, standby):
    with contextlib.closing(StandIn()) as judge, \
            running(agent.state, "--collector", f"{standby.url},{judge.url}", *OFTEN, within=hour.within) as run:
        for asked in range(1, 3):
            until(lambda: len(standby.requests) == asked)
            seen = len(judge.reports)
            until(lambda: len(judge.reports) >= seen + 2)
            assert len(standby.requests) == asked
            hour()
        assert run.says(f"could not send reports to the collector {standby.url}: ") == 1
        assert run.says("reports go to ") == 1


def test_the_next_is_asked_at_once_when_the_one_in_use_stands_by(agent):
    """Not after a rest: each report is somewhere before the next one is made."""
    with contextlib.closing(StandIn()) as one, contextlib.closing(StandIn()) as other:
        with running(agent.state, "--collector", one.url, "--collector", other.url, "--interval", "8",
                     "--probe-limit", "1") as run:
            until(lambda: len(one.reports) == 1)
            one.refuse(503, "another collector judges", "not_the_judge")
            until(lambda: other.reports)
            assert run.says(f"reports go to {other.url} now") == 1
        assert one.reports[-1] == other.reports[0]
        assert {report["sequence"] for report in one.reports + other.reports} == {1, 2}


def test_no_report_is_lost_while_real_collectors_take_turns(agent, tmp_path):
    """Two of them over one store in turn, as a judge and its successor have it; between them nobody is there, and
    where one judges the other only stands by."""
    data = tmp_path / "collector"
    secret = tmp_path / "secret.txt"
    secret.write_text(set_up(PROGRAM, data)[1] + "\n")
    with socket.socket() as one, socket.socket() as other:
        for taken in (one, other):
            taken.bind(("127.0.0.1", 0))
        ports = [taken.getsockname()[1] for taken in (one, other)]
    acknowledged = set()
    with running(agent.state, "--collector", ",".join(f"http://127.0.0.1:{port}" for port in ports),
                 "--enroll-secret-file", secret, *OFTEN) as run:
        for turn in range(3):
            with Collector(data, *KEEP, port=ports[turn % 2]), \
                    contextlib.closing(StandingBy(ports[1 - turn % 2])):
                until(lambda: len(reports_of(data)) >= 3 + len(acknowledged))
            assert acknowledged < reports_of(data)
            acknowledged = reports_of(data)
        with Collector(data, *KEEP, port=ports[0]):
            until(lambda: not list((agent.state / "spool").iterdir()))
            run.stop()
    held = reports_of(data)
    for epoch in {epoch for epoch, _ in held}:
        sequences = [sequence for begun, sequence in held if begun == epoch]
        assert sorted(sequences) == list(range(1, len(sequences) + 1))
