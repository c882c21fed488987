"""How many servers there were of each verdict: kept once an hour, and worked out for the time before that."""

import contextlib
import datetime
import sqlite3
import time

import pytest
from running import PATIENCE, faulty, minimal
from stored_site import STORES
from test_clock import Clock, post, well
from test_store_upgrade import Site

HOUR_S, DAY_S = 3600, 86400
BEFORE_TRENDS = 15  # the last schema that had none


def moments(trend):
    """Unix time and counts of each row."""
    at = [datetime.datetime.fromisoformat(text).timestamp() for text in trend["at"]]
    return [(when, {name: counts[i] for name, counts in trend["counts"].items()}) for i, when in enumerate(at)]


def wait_for(collector, check, path="/v1/trend"):
    deadline = time.monotonic() + PATIENCE
    while not check(trend := collector.get(path)):
        assert time.monotonic() < deadline, trend
        time.sleep(0.2)
    return trend


def begin(collector, clock, off):
    """Sets the clock forward when it has seen its servers, for a trend begins a minute later."""
    time.sleep(6)
    clock.set(off + 61)


def stored(data):
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        return db.execute("SELECT area, at_ms, exposed, total FROM trend ORDER BY area, at_ms").fetchall()


def test_this_moment_is_the_last_row_also_before_anything_is_kept(tmp_path):
    with faulty(tmp_path / "data") as collector:
        empty = collector.get("/v1/trend")
        assert empty["counts"]["total"] == [0] and empty["gaps"] == []
        post(collector, well(), 1)
        trend = collector.get("/v1/trend")
        assert (trend["counts"]["total"][-1], trend["counts"]["at_risk"][-1]) == (3, 1)
        site = collector.get("/v1/sites/acme/hq/trend")  # whatever the case
        assert (site["organization"], site["site"], site["counts"]["total"][-1]) == ("acme", "hq", 3)
        assert collector.ask("/v1/sites/ACME/NOWHERE/trend")[0] == 404


@pytest.mark.parametrize("query", ["?since=yesterday", "?until=2026-01-01T00:00:00Z", "?since=", "?%"])
def test_a_query_that_is_wrong_is_refused(tmp_path, query):
    with faulty(tmp_path / "data") as collector:
        assert collector.ask("/v1/trend" + query)[0] == 400


def test_each_hour_is_kept_and_when_no_collector_was_at_work_is_a_gap(tmp_path):
    clock, data = Clock(tmp_path), tmp_path / "data"
    start = -2 * DAY_S
    clock.set(start)
    with faulty(data, environment=clock.environment) as collector:
        post(collector, well(), 1)
        begin(collector, clock, start)
        wait_for(collector, lambda _: len(stored(data)) == 2)
        clock.set(start + HOUR_S)
        wait_for(collector, lambda _: len(stored(data)) >= 3)
        # Nothing was heard of the servers for an hour, so the site has changed, too
        assert [row[0] for row in stored(data)].count("") == 2
    clock.set(start + 8 * HOUR_S)
    with faulty(data, environment=clock.environment) as collector:
        wait_for(collector, lambda _: [row[0] for row in stored(data)].count("") == 3)
        trend = collector.get("/v1/trend")
        rows = moments(trend)
        now = time.time() + start + 8 * HOUR_S
        gap, = trend["gaps"]
        left, right = (datetime.datetime.fromisoformat(gap[side]).timestamp() for side in ("from", "to"))
        assert left == rows[1][0] and abs(right - left - 7 * HOUR_S) < 120
        assert abs(rows[-1][0] - now) < 60 and rows[0][1]["at_risk"] == 1 and rows[-1][1]["silent"] == 3
        later = collector.get("/v1/trend?since=" + trend["at"][2])
        assert later["at"][0] == trend["at"][2] and later["gaps"] == []


def shift_history(data, days):
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        db.execute("UPDATE history SET at_ms = at_ms - ?", [days * DAY_S * 1000])
        db.commit()


def test_the_time_before_the_update_is_worked_out_of_the_history(tmp_path):
    site = Site(tmp_path, BEFORE_TRENDS)
    assert f"{BEFORE_TRENDS}.sql" in {file.name for file in STORES.iterdir()}
    shift_history(site.data, 100)
    with faulty(site.data, environment=site.clock.environment) as collector:
        begin(collector, site.clock, site.off)
        # It is stored by and by; until all of it is, what is left is a gap.
        rows = moments(wait_for(collector, lambda trend: len(trend["at"]) > 24 and trend["gaps"] == []))
        assert rows[0][1]["exposed"] == rows[-1][1]["exposed"] == 2
        whole = moments(collector.get("/v1/trend?since=2000-01-01T00:00:00Z"))
        assert 99 * DAY_S < rows[-1][0] - whole[0][0] < 101 * DAY_S
        steps = [b[0] - a[0] for a, b in zip(whole, whole[1:])]
        assert steps[0] == DAY_S and HOUR_S in steps and len(whole) > 60 * 24
        branch = moments(collector.get("/v1/sites/ACME/BRANCH/trend?since=2000-01-01T00:00:00Z"))
        assert len(branch) < 10 and branch[0][1]["exposed"] == 1
    kept = len(stored(site.data))
    with faulty(site.data, environment=site.clock.environment) as collector:  # the second time there is one already
        wait_for(collector, lambda trend: len(trend["at"]) > 24)
        time.sleep(1)
        assert len(stored(site.data)) <= kept + 2


def test_a_collector_that_ends_amid_the_past_ends_well(tmp_path):
    data = tmp_path / "data"
    with faulty(data) as collector:
        for number in range(450):  # of whom it reads 200 at a time
            assert collector.post(minimal(f"S{number}"))[0] == 200
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(history)") if name not in ("id", "at_ms")]
        of_all = ", ".join(columns)
        db.execute(f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
                       INSERT INTO history (at_ms, {of_all}) SELECT at_ms - i, {of_all} FROM history, n""")
        db.execute("DELETE FROM trend")
        db.commit()
    clock = Clock(tmp_path)
    with faulty(data, "--log-level", "debug", environment=clock.environment) as collector:
        time.sleep(6)  # it has seen its servers
        clock.set(61)
        assert any("is worked out" in line for line in collector.process.stderr)  # which takes longer than its end
