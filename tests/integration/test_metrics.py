"""/metrics: what Prometheus reads, judged by its own checker."""

import os
import shutil
import subprocess

import pytest

from running import JSON, Collector, exposed_site, minimal, samples

PROMTOOL = os.environ.get("MTAWATCH_PROMTOOL") or shutil.which("promtool")


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


def test_servers_are_counted_by_site_and_verdict(collector):
    for report in exposed_site():
        collector.post(report)
    counts = samples(collector, "mtawatch_servers")
    assert counts['organization="ACME",site="HQ",verdict="exposed"'] == 1
    assert sum(counts.values()) == 3
    assert samples(collector, "mtawatch_servers_silent") == {'organization="ACME",site="HQ"': 0}


def test_only_servers_that_need_a_look_have_samples_of_their_own(collector):
    for report in exposed_site():
        collector.post(report)
    alarming = samples(collector, "mtawatch_server_verdict")
    assert list(alarming) == [
        'organization="ACME",site="HQ",server="EXCH1",verdict="exposed",silent="false"']
    assert len(samples(collector, "mtawatch_server_report_timestamp_seconds")) == 1


def test_answers_are_counted(collector):
    collector.post(minimal())
    collector.ask("/v1/reports", method="POST", body=b"no json", headers=JSON)
    reports = samples(collector, "mtawatch_reports_total")
    assert (reports['result="accepted"'], reports['result="malformed"']) == (1, 1)
    assert samples(collector, "mtawatch_http_requests_total")[
        'method="POST",route="/v1/reports",code="400"'] == 1
    assert samples(collector, "mtawatch_ready") == {"": 1}
    assert samples(collector, "mtawatch_store_lost_commits_total") == {"": 0}
    assert samples(collector, "mtawatch_store_asynchronous") == {"": 0}
    assert samples(collector, "process_resident_memory_bytes")[""] > 1e6


def test_the_loop_tells_how_long_it_was_held(collector):
    collector.post(minimal())
    bounds = samples(collector, "mtawatch_loop_lag_seconds_bucket")
    assert list(bounds.values()) == sorted(bounds.values())
    assert bounds['le="+Inf"'] >= 2
    assert 0 < samples(collector, "mtawatch_loop_lag_seconds_sum")[""] < 60


@pytest.mark.skipif(not PROMTOOL, reason="no promtool: neither MTAWATCH_PROMTOOL nor on the path")
def test_promtool_finds_nothing_to_say(collector):
    hostile = minimal()
    hostile["host"]["name"] = 'a"b\\c\nd'
    for report in [*exposed_site(), hostile]:
        collector.post(report)
    text = collector.ask("/metrics")[2]
    checked = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
