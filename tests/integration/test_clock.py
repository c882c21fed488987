"""The system's clock is set back, by an hour or by days, under a collector and between two runs."""

import os
import time

import pytest
from running import PATIENCE, PROGRAM, exposed_site, faulty, row, server

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
