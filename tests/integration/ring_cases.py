"""Several collectors of which one takes the reports: the cases, for the Linux build (test_agent_ring.py) and the
Windows build (test_windows_agent_ring.py), which bring the fixture `agent` as https_cases.py has it. The ones that
stand by are stand-ins, which answer that and nothing else; the others are real. Everything stays on loopback.
"""

import contextlib
import json
import socket

import pytest

from agent_rig import StandingBy
from running import Collector
from terminal import succeeds


@pytest.fixture
def judge(tmp_path):
    with Collector(tmp_path / "collector") as collector:
        yield collector


@pytest.fixture
def standby():
    with contextlib.closing(StandingBy()) as collector:
        yield collector


@contextlib.contextmanager
def nobody():
    """A URL where no connection comes about."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def once(agent, status, *arguments):
    got, _, said = agent("run", "--once", "--probe-limit", "1", *arguments)
    assert got == status, said
    return said


def secret_of(agent, judge, folder):
    file = folder / "secret.txt"
    file.write_text(judge.secret + "\n")
    return ["--enroll-secret-file", agent.path(file)]


def reports_of_export(*where):
    """(epoch, sequence) of all that a store holds, whose collector need not run."""
    reports = [json.loads(line) for line in succeeds("export", *where).splitlines()]
    return {(report["agent"]["epoch"], report["sequence"]) for report in reports}


def reports_of(data):
    return reports_of_export("--data", data)


def note_of(agent):
    return (agent.state / "collectors").read_text()


def test_an_agent_enrols_and_reports_where_a_collector_judges(agent, judge, standby, tmp_path):
    with nobody() as silent:
        said = once(agent, 0, "--collector", f"{silent},{standby.url}", "--collector", judge.url,
                    *secret_of(agent, judge, tmp_path))
    assert f"could not send reports to the collector {silent}: " in said
    assert f"could not send reports to the collector {standby.url}: HTTP status 503: another collector judges" in said
    assert f"reports go to {judge.url} now" in said
    assert len(reports_of(tmp_path / "collector")) == 1 and standby.enrolments and not standby.reports
    assert note_of(agent).endswith(f"; {standby.url}: HTTP status 503: another collector judges; "
                                   f"{judge.url}: takes the reports")


def test_one_that_is_enrolled_reports_to_whoever_judges(agent, judge, standby, tmp_path):
    once(agent, 0, "--collector", judge.url, *secret_of(agent, judge, tmp_path))
    once(agent, 0, "--collector", standby.url, "--collector-fallback", judge.url)
    assert len(reports_of(tmp_path / "collector")) == 2 and len(standby.reports) == 1


def test_a_report_that_none_takes_is_kept_for_the_one_that_will(agent, judge, standby, tmp_path):
    once(agent, 0, "--collector", judge.url, *secret_of(agent, judge, tmp_path))
    with nobody() as silent:
        said = once(agent, 2, "--collector", f"{standby.url},{silent}")
    assert said.count("they are kept until one takes them") == 2
    assert len(list((agent.state / "spool").iterdir())) == 1
    once(agent, 0, "--collector", f"{standby.url},{judge.url}")
    assert not list((agent.state / "spool").iterdir())
    assert len(reports_of(tmp_path / "collector")) == 3


def test_people_are_told_which_collector_is_in_use(agent, judge, standby, tmp_path):
    once(agent, 0, "--collector", f"{standby.url},{judge.url}", *secret_of(agent, judge, tmp_path))
    _, page, _ = agent("check", "--probe-limit", "1")
    words = " ".join(page.split())
    assert f"The collectors - {standby.url}: HTTP status 503: another collector judges; " \
           f"{judge.url}: takes the reports" in words
    status, page, _ = agent("doctor", "--collector", f"{standby.url},{judge.url}")
    assert status == 0 and page.endswith(f"\n\n[ok]      reports    {judge.url} takes them\n\nReports can be sent.\n")


def test_the_name_is_given_back_to_the_one_that_judges(agent, judge, standby, tmp_path):
    once(agent, 0, "--collector", judge.url, *secret_of(agent, judge, tmp_path))
    status, page, said = agent("forget", "--collector", f"{standby.url},{judge.url}")
    assert status == 0, said
    assert f"collector {judge.url}: this server's name is free" in page
    assert not agent.state.exists()
