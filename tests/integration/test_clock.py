"""The system's clock is set back, by an hour or by days, under a collector and between two runs."""

import contextlib
import json
import os
import time

import pytest
from running import JSON, PATIENCE, PROGRAM, ask, bearer, exposed_site, faulty, row, server

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
    for report in reports:
        assert collector.post({**report, "sequence": sequence})[0] == 200


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
        deadline = time.monotonic() + PATIENCE
        while collector.post({**well()[0], "sequence": 3})[0] != 200:  # until it has caught up
            assert time.monotonic() < deadline
            time.sleep(0.1)
        post(collector, well()[1:], 3)
        assert shown(collector) == (3, "at_risk", False)
    assert "has caught up" in collector.log


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
