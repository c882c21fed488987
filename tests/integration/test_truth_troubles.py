"""Fleets whose truth is known, while something is wrong with their collector, or two machines have one name: no report is
lost that was acknowledged, nothing wrong is shown for longer than two intervals, nothing is told that was not, or twice
(tests/simulator/troubles.py, cluster.py; docs/truth.md)."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from simulator import scenario, stage, trial  # noqa: E402
from simulator.cluster import Cluster  # noqa: E402
from simulator.stage import Stage  # noqa: E402

DUPLICATE, NOT_STORED, NOT_FOUND = 409, 503, None  # what agents are refused with
needs_postgresql = pytest.mark.skipif(not Cluster.can_be_had(), reason="there is no PostgreSQL (Debian: postgresql)")
THE_CLUSTER = "the-judge-and-the-database-are-lost"


@pytest.fixture(scope="module", autouse=True)
def certificates():
    with trial.prepare():
        yield


def trouble(name):
    return scenario.Scenario.read(ROOT / f"tests/simulator/scenarios/troubles/{name}.json")


def faults(one):
    return {(fault.kind, fault.what, fault.server) for fault in trial.play(one).faults}


@pytest.mark.parametrize("name, refused", [
    ("a-full-disk", NOT_STORED), ("a-full-disk-for-a-moment", NOT_STORED),
    ("a-certificate-that-ends-and-is-renewed", NOT_FOUND), ("a-collector-on-another-machine", NOT_FOUND),
    ("two-machines-of-one-name", DUPLICATE), pytest.param(THE_CLUSTER, NOT_STORED, marks=needs_postgresql)])
def test_of_what_agents_are_refused_nothing_is_lost_and_nothing_is_wrong(name, refused):
    result = trial.play(trouble(name))
    assert result.faults == []
    assert result.refused[refused] > 0


def test_of_a_full_spool_the_newest_reports_come():
    result = trial.play(trouble("spools-that-are-full"))
    assert result.faults == [] and result.dropped > 0


@pytest.mark.parametrize("name", ["a-clock-that-is-set-forward", "a-clock-that-is-set-back"])
def test_when_the_collectors_clock_is_set_nobody_is_silent_who_was_heard(name):
    assert trial.play(trouble(name)).faults == []


# Each of these comparisons can fail.

def test_a_report_is_missed_that_was_acknowledged_while_the_disk_was_full(monkeypatch):
    honest = Stage.post_report

    def lying(self, *arguments):
        answer = honest(self, *arguments)
        return (200, '{"peers": []}') if answer[0] == NOT_STORED else answer
    monkeypatch.setattr(Stage, "post_report", lying)
    assert ("missed", "report", "HQ1") in faults(trouble("a-full-disk"))


def test_agents_are_missed_that_do_not_trust_the_renewed_certificate(monkeypatch):
    monkeypatch.setattr(Stage, "do_renew", lambda self, *_: setattr(self, "is_over", False))
    assert ("missed", "report", "HQ1") in faults(trouble("a-certificate-that-ends-and-is-renewed"))


def test_a_certificate_whose_end_nobody_is_told_of_is_missed(monkeypatch):
    monkeypatch.setattr(stage, "CONFIG", stage.CONFIG.replace("[alerts]\n", "[alerts]\nhold-certificate = no\n"))
    assert faults(trouble("a-certificate-that-ends-and-is-renewed")) == {("missed", "alert", "")}


def test_agents_are_missed_that_do_not_find_the_collector_that_moved(monkeypatch):
    honest = Stage.finds_collector

    def stubborn(self, agent):
        known, found = agent.knows, honest(self, agent)
        agent.knows = agent.knows or known
        return found
    monkeypatch.setattr(Stage, "finds_collector", stubborn)
    assert ("missed", "report", "HQ1") in faults(trouble("a-collector-on-another-machine"))


def test_a_verdict_is_false_that_follows_from_another_machine_of_that_name(monkeypatch):
    monkeypatch.setattr(Stage, "do_end_double", lambda *_: None)
    assert ("false", "verdict", "HQ3") in faults(trouble("two-machines-of-one-name"))


@needs_postgresql
def test_a_report_is_missed_that_a_database_lost_since_it_was_acknowledged(monkeypatch):
    honest = Cluster.do_start_database

    def losing(self, *_):
        honest(self)
        self.database.execute("DELETE FROM mtawatch.report WHERE sequence = 3")
    monkeypatch.setattr(Cluster, "do_start_database", losing)
    one = trouble(THE_CLUSTER)
    one.events = [event for event in one.events if event["do"] in ("lose_database", "start_database")]
    one.intervals = 11
    assert ("missed", "report", "HQ1") in faults(one)
