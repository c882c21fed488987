"""The system's clock is set back, by an hour or by days, under a collector and between two runs."""

import contextlib
import json
import os
import sqlite3
import subprocess
import time

import pytest
from hook_rig import Hooks
from receiver import Receiver
from running import JSON, PATIENCE, PROGRAM, ask, bearer, exposed_site, faulty, row, server
from waiting import until

WRONG_CLOCK = PROGRAM.parents[1] / "tests/integration/libwrong_clock.so"


class Clock:
    """Of a collector's system; `set` says by how many seconds it is off."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.environment = {"LD_PRELOAD": str(WRONG_CLOCK), "WRONG_CLOCK": str(self.file),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set(self, seconds):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self.file)


def well():
    """The site of exposed_site() while both adapters reach everybody."""
    rows = [row(adapter, peer, origin, to) for adapter, origin in (("A", "10.0.0.1"), ("B", "10.9.0.1"))
            for peer, to in (("EXCH2", "10.0.0.2"), ("EXCH3", "10.0.0.3"))]
    return [server("EXCH1", "10.0.0.1", rows, second="10.9.0.1"), *exposed_site()[1:]]


def post(collector, reports, sequence):
    """A collector whose clock was set forward is not ready until it has judged the fleet again."""
    deadline = time.monotonic() + PATIENCE
    for report in reports:
        while (status := collector.post({**report, "sequence": sequence})[0]) == 503:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert status == 200


def shown(collector):
    answer = collector.get("/v1/servers/EXCH1")
    return answer["report"]["sequence"], answer["verdict"], answer["silent"]


@pytest.mark.parametrize("back_s", [5, 3600, 3 * 86400])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_the_newer_report_counts_when_the_clock_is_set_back(tmp_path, back_s, is_restarted):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        post(collector, well(), 1)
        assert shown(collector) == (1, "at_risk", False)
        if not is_restarted:
            clock.set(-back_s)
            post(collector, exposed_site(), 2)
            assert shown(collector) == (2, "exposed", False)
    if is_restarted:
        clock.set(-back_s)
        with faulty(tmp_path / "data", environment=clock.environment) as collector:
            post(collector, exposed_site(), 2)
            assert shown(collector) == (2, "exposed", False)
    assert "the system's clock is " in collector.log and "behind the reports" in collector.log


def test_the_clock_is_set_forward_and_back_again(tmp_path):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        clock.set(7 * 86400)
        post(collector, well(), 1)
        clock.set(0)
        post(collector, exposed_site(), 2)
        assert shown(collector) == (2, "exposed", False)
        clock.set(8 * 86400)
        post(collector, well(), 3)
        assert shown(collector) == (3, "at_risk", False)
    assert "has caught up" in collector.log


def damage_times(tmp_path, change):
    """Of a store that has a report: the largest number that there is, for a time."""
    with faulty(tmp_path / "data") as collector:
        post(collector, well(), 1)
    with contextlib.closing(sqlite3.connect(tmp_path / "data/mtawatch.db")) as database:
        assert database.execute(change, (2**63 - 1,)).rowcount > 0
        database.commit()


def test_a_latest_time_that_no_calendar_has_does_not_count(tmp_path):
    damage_times(tmp_path, "INSERT OR REPLACE INTO meta (name, value) VALUES ('latest_ms', ?)")
    with faulty(tmp_path / "data") as collector:
        year = int(collector.get("/v1/servers")["as_of"][:4])
        assert abs(year - time.gmtime().tm_year) <= 1


def test_a_report_of_a_time_that_no_calendar_has_is_told(tmp_path):
    damage_times(tmp_path, "UPDATE report SET received_at_ms = ?")
    ended = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data"],
                           capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1 and "has a time that no calendar has" in ended.stderr


STEPS = [-3 * 86400, -3600, 3600, 3 * 86400]


def step(collector, clock, seconds):
    """Sets it, and sees to it that the collector has seen that."""
    clock.set(seconds)
    status, _, ready = collector.ask("/readyz")
    direction = "forward" if seconds > 0 else "back"
    assert status == 200 and f"[!]clock: the system's clock was set {direction} by " in ready.decode(), ready


def session_of(collector):
    with contextlib.closing(collector.connect(identified=False)) as connection:
        status, headers, _ = ask(connection, "/v1/session", "POST", json.dumps({"token": collector.token}),
                                 {**JSON, "Origin": collector.url})
        assert status == 200, status
        return headers["Set-Cookie"].split(";")[0]


def status_with(collector, cookie):
    with contextlib.closing(collector.connect(identified=False)) as connection:
        return ask(connection, "/v1/servers", headers={"Cookie": cookie})[0]


def test_a_clock_that_nobody_sets_is_well(tmp_path):
    with faulty(tmp_path / "data", environment=Clock(tmp_path).environment) as collector:
        assert collector.ask("/readyz")[2] == b"[+]store ok\n"


@pytest.mark.parametrize("seconds", STEPS)
def test_a_step_of_the_clock_is_shown_and_logged(tmp_path, seconds):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        collector.ask("/readyz")
        step(collector, clock, seconds)
    assert f"the system's clock was set {'forward' if seconds > 0 else 'back'} by " in collector.log


@pytest.mark.parametrize("seconds", STEPS)
def test_a_session_ends_when_its_time_is_over_and_not_before(tmp_path, seconds):
    """It lasts twelve hours. One that has ended does not come back with the clock."""
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        cookie = session_of(collector)
        step(collector, clock, seconds)
        expected = 401 if seconds > 12 * 3600 else 200
        assert status_with(collector, cookie) == expected
        clock.set(0)
        assert status_with(collector, cookie) == expected


@pytest.mark.parametrize("seconds", STEPS)
def test_a_token_that_has_ended_does_not_come_back_when_the_clock_is_set_back(tmp_path, seconds):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
        status, _, body = collector.ask("/v1/tokens", "POST", json.dumps(
            {"name": "short", "role": "viewer", "expires_at": ends}), JSON)
        assert status == 201, body
        short = bearer(json.loads(body)["token"])
        step(collector, clock, seconds)
        over = seconds > 7200
        assert collector.ask("/v1/servers", headers=short)[0] == (401 if over else 200)
        clock.set(0)
        assert collector.ask("/v1/servers", headers=short)[0] == (401 if over else 200)


@pytest.mark.parametrize("seconds", STEPS)
def test_limits_of_rate_do_not_follow_the_clock(tmp_path, seconds):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        wrong = json.dumps({"token": "x"})

        def log_in(connection):
            return ask(connection, "/v1/session", "POST", wrong, {**JSON, "Origin": collector.url})[0]

        with contextlib.closing(collector.connect(identified=False)) as connection:
            while log_in(connection) != 429:
                pass
            step(collector, clock, seconds)
            assert 429 in [log_in(connection) for _ in range(3)]


@contextlib.contextmanager
def over_a_step(tmp_path, clock, seconds, is_restarted, *arguments):
    """A function that sets the clock, between two runs or within one, and gives the collector that runs then."""
    with contextlib.ExitStack() as runs:
        def run():
            return runs.enter_context(faulty(tmp_path / "data", *arguments, environment=clock.environment))

        first = run()

        def go(seconds=seconds):
            if not is_restarted:
                step(first, clock, seconds)
                return first
            runs.close()
            clock.set(seconds)
            return run()
        yield first, go


SWEPT_S = 3  # longer than between two sweeps


@pytest.mark.parametrize("seconds", [-40 * 86400, 40 * 86400])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_is_kept_for_days_is_kept_when_the_clock_is_set(tmp_path, seconds, is_restarted):
    """Reports go after thirty days. A clock that is wrong for a while must not cost a site its history."""
    clock = Clock(tmp_path)
    with over_a_step(tmp_path, clock, seconds, is_restarted) as (collector, go):
        for sequence in range(1, 5):
            post(collector, well()[:1], sequence)
        time.sleep(SWEPT_S)
        collector = go()
        post(collector, well()[:1], 5)
        time.sleep(SWEPT_S)
        clock.set(0)
        post(collector, well()[:1], 6)
        time.sleep(SWEPT_S)
    with contextlib.closing(sqlite3.connect(tmp_path / "data/mtawatch.db")) as database:
        assert database.execute("SELECT count(*) FROM report").fetchone() == (6,)


@pytest.mark.parametrize("seconds", [-3 * 86400, 3 * 86400])
def test_a_heartbeat_beats_on_when_the_clock_is_set(tmp_path, seconds):
    clock, hooks = Clock(tmp_path), Hooks(tmp_path)
    with Receiver() as receiver:
        hooks.add("alive", type="heartbeat", url=receiver.url, interval="1s")
        with faulty(tmp_path / "data", "--config", hooks.config, environment=clock.environment) as collector:
            for offset in (seconds, 0):
                step(collector, clock, offset) if offset else clock.set(0)
                heard, since = len(receiver.requests), time.monotonic()
                receiver.wait(heard + 4)
                assert time.monotonic() - since > 2  # and not all at once


def test_nobody_is_told_of_silence_in_a_time_that_the_clock_left_out(tmp_path):
    """All are shown as silent until they report again, for there is no knowing how long the clock was wrong."""
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        post(collector, well(), 1)
        step(collector, clock, 7200)
        until(lambda: shown(collector)[2])
        time.sleep(1)  # an alert would have fired with that
        assert collector.get("/v1/alerts?condition=silent&condition=surroundings")["alerts"] == []
        post(collector, well(), 2)
        assert shown(collector) == (2, "at_risk", False)


def token_for(collector, hours):
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + hours * 3600))
    status, _, body = collector.ask("/v1/tokens", "POST", json.dumps(
        {"name": "short", "role": "viewer", "expires_at": ends}), JSON)
    assert status == 201, body
    return bearer(json.loads(body)["token"])


@pytest.mark.parametrize("seconds", [-3 * 86400, 3 * 86400])
def test_a_session_and_a_token_over_a_restart_with_a_step(tmp_path, seconds):
    """They end when their time is over and not before, and then do not come back in the next run."""
    clock = Clock(tmp_path)
    with over_a_step(tmp_path, clock, seconds, is_restarted=True) as (collector, restart):
        cookie, short = session_of(collector), token_for(collector, 2)
        time.sleep(SWEPT_S)
        collector = restart()
        session_then, token_then = (401 if seconds > hours * 3600 else 200 for hours in (12, 2))
        for _ in range(2):
            assert status_with(collector, cookie) == session_then
            assert collector.ask("/v1/servers", headers=short)[0] == token_then
            time.sleep(SWEPT_S)
            collector = restart(0)
