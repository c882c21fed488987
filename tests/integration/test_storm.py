"""How much a hook is told, by a running collector: a storm of many incidents, the first day of a fleet, and a report
a day. The clock is set on where days have to go by (libwrong_clock.so)."""

import calendar
import contextlib
import json
import signal
import sqlite3
import subprocess
import time

import pytest
import test_clock
from hook_rig import Hooks
from running import PROGRAM, Collector, exposed_site, faulty, set_up
from waiting import until

SITES = [f"SITE{i}" for i in range(1, 10)]


@pytest.fixture
def hooks(tmp_path):
    hooks = Hooks(tmp_path)
    hooks.config.write_text("[alerts]\ngroup-interval = 1s\n")
    return hooks


@pytest.fixture
def clock(tmp_path):
    return test_clock.Clock(tmp_path)


def site_reports(site, sequence=1):
    """exposed_site() elsewhere: EXCH1 of that site is exposed."""
    for one in exposed_site():
        for part, key in ((one["host"], "name"), (one["exchange"], "server")):
            part[key] = f"{site}-{part[key]}"
        for probe in one["probes"]:
            probe["peer"] = f"{site}-{probe['peer']}"
        one["agent"]["id"] += site
        one["exchange"]["site"] = site
        yield {**one, "sequence": sequence}


def expose(collector, sites):
    for site in sites:
        for one in site_reports(site):
            assert collector.post(one)[0] == 200


def set_clock(clock, collector, seconds, sequence):
    """A collector that sleeps notices it when a report comes."""
    clock.set(seconds)
    _, second, _ = site_reports(SITES[0])
    test_clock.post(collector, [second], sequence)


def fail(collector, site):
    first, *_ = site_reports(site, 2)
    first["mta"] = {"service": "stopped", "start_type": "auto", "last_start": {
        "at": "2026-11-22T19:31:00Z", "outcome": "failed", "events": [
            {"id": 9321, "at": "2026-11-22T19:31:00Z", "nt_error": 11004}, {"id": 9266, "at": "2026-11-22T19:31:00Z"}]}}
    assert collector.post(first)[0] == 200


def bodies(receiver):
    return [json.loads(body) for *_, body in receiver.requests]


def reasons(receiver):
    return [body["reason"] for body in bodies(receiver)]


def servers(body):
    return [alert["labels"].get("server") for alert in body["alerts"]]


def test_a_storm_is_five_messages_and_a_summary(hooks, receiver, tmp_path):
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        expose(collector, SITES)
        receiver.wait(6)
        assert reasons(receiver) == ["opened"] * 5 + ["summary"]
        assert sorted(servers(bodies(receiver)[-1])) == [f"{site}-EXCH1" for site in SITES]
        about = collector.get("/v1/deliveries")["deliveries"][0]["about"]
        assert about["alerts"] == len(SITES) and about["server"] == "SITE1-EXCH1"


@pytest.mark.parametrize("moment", [0, 0.3, 3])
def test_what_a_summary_stands_for_survives_a_kill(hooks, receiver, tmp_path, moment):
    hooks.add("ops", type="webhook", url=receiver.url)
    with Collector(tmp_path / "data", "--config", hooks.config) as collector:
        expose(collector, SITES)
        time.sleep(moment)
        collector.end(signal.SIGKILL)
    with Collector(tmp_path / "data", "--config", hooks.config):
        until(lambda: "summary" in reasons(receiver))
    heard = [name for body in bodies(receiver) for name in servers(body)]
    assert set(heard) == {f"{site}-EXCH1" for site in SITES}
    assert reasons(receiver).count("summary") == 1


def day_from_now(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))


@pytest.mark.parametrize("said_by", ["the settings", "init"])
def test_the_first_day_is_one_digest_but_for_what_fails(hooks, receiver, tmp_path, clock, said_by):
    hooks.add("ops", type="webhook", url=receiver.url)
    data = tmp_path / "data"
    set_up(PROGRAM, data)
    if said_by == "init":
        (data / "digest-until").write_text(day_from_now(1) + "\n")
    else:
        hooks.config.write_text(hooks.config.read_text().replace(
            "[alerts]\n", f"[alerts]\ndigest-until = {day_from_now(1)}\n"))
    with faulty(data, "--config", hooks.config, environment=clock.environment) as collector:
        expose(collector, SITES)
        fail(collector, SITES[0])
        (*_, body), = receiver.wait(1)
        assert json.loads(body)["reason"] == "escalated" and servers(json.loads(body)) == ["SITE1-EXCH1"]
        set_clock(clock, collector, 86400 + 60, 2)
        until(lambda: "digest" in reasons(receiver))
    digest = bodies(receiver)[reasons(receiver).index("digest")]
    assert set(servers(digest)) >= {f"{site}-EXCH1" for site in SITES}


def test_init_begins_with_a_day_of_digests(tmp_path):
    data = tmp_path / "data"
    said = subprocess.run([PROGRAM, "init", "--data", data, "--no-certificate"], capture_output=True, text=True,
                          check=True).stdout
    until_text = (data / "digest-until").read_text().strip()
    assert until_text in said and "first day of alerts" in said
    assert abs(calendar.timegm(time.strptime(until_text, "%Y-%m-%dT%H:%M:%SZ")) - time.time() - 86400) < 120
    (data / "digest-until").write_text("tomorrow\n")
    done = subprocess.run([PROGRAM, "serve", "--data", data, "--check-config"], capture_output=True, text=True)
    assert done.returncode != 0 and "digest-until: \"tomorrow\" is no time" in done.stderr
    (data / "digest-until").unlink()
    subprocess.run([PROGRAM, "init", "--data", data, "--no-certificate"], check=True, stdout=subprocess.DEVNULL)
    assert not (data / "digest-until").exists(), "the fleet is known by now"


def counts_for_daily_reports(data):
    """A collector begins to some 100 ms after its start; a clock that is set before is the clock that it knows."""
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as store:
        return store.execute("SELECT count(*) FROM summary WHERE reported_ms IS NOT NULL").fetchone()[0]


def test_a_report_comes_once_a_day(hooks, receiver, tmp_path, clock):
    in_an_hour = time.strftime("%H:%M", time.gmtime(time.time() + 3600))
    hooks.add("ops", type="webhook", url=receiver.url, conditions="exposed", daily_report=in_an_hour)
    with faulty(tmp_path / "data", "--config", hooks.config, environment=clock.environment) as collector:
        expose(collector, SITES[:1])
        receiver.wait(1)
        until(lambda: counts_for_daily_reports(tmp_path / "data"))
        set_clock(clock, collector, 3660, 2)
        until(lambda: "daily report" in reasons(receiver))
        set_clock(clock, collector, 3660 + 86400, 3)
        until(lambda: reasons(receiver).count("daily report") == 2)
    first, second = (body for body in bodies(receiver) if body["reason"] == "daily report")
    assert servers(first) == servers(second) == ["SITE1-EXCH1"]
