"""GET /v1/alerts: worst first, or as it is asked for, page by page."""

import json
import re

import pytest
from running import Collector, exposed_site, minimal
from stored_site import stamped
from waiting import until
WORST = ["exposed", "silent", "unknown"]
QUIET = ("SILENT1", "silent2")
SORTS = {"worst": lambda a: WORST.index(a["condition"]), "newest": lambda a: -int(a["id"]),
         "server": lambda a: a["server"].lower(), "site": lambda a: (a["site"] or "").lower()}


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    folder = tmp_path_factory.mktemp("order")
    config = folder / "collector.conf"
    config.write_text("[alerts]\nhold-unknown = 0s\n")
    with Collector(folder / "data", "--config", config) as collector:
        for name in QUIET:
            assert collector.post({**minimal(name), "interval_s": 1})[0] == 200
        for report in exposed_site():
            assert collector.post(stamped(report, 1))[0] == 200
        for name in ("ALONE", "alone2", "Alone3"):
            assert collector.post(minimal(name))[0] == 200
        until(lambda: sum(a["condition"] == "silent" for a in firing(collector)) == len(QUIET))
        yield collector


def firing(collector, query=""):
    return collector.get(f"/v1/alerts?state=firing{query}")["alerts"]


def pages(collector, query):
    path, found = f"/v1/alerts?{query}", []
    while path:
        _, headers, body = collector.ask(path)
        found += json.loads(body)["alerts"]
        path = re.search("<(.*)>", headers["Link"])[1] if headers["Link"] else None
    return found


def test_the_worst_stands_first_unless_it_is_asked_otherwise(collector):
    shown = [alert["condition"] for alert in firing(collector)]
    assert set(shown) == set(WORST) and shown == sorted(shown, key=WORST.index)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_are_the_whole_in_order(collector, sort, limit):
    found = pages(collector, f"state=firing&sort={sort}&limit={limit}")
    assert sorted(a["id"] for a in found) == sorted(a["id"] for a in firing(collector))
    keys = [(SORTS[sort](a), -int(a["id"])) for a in found]
    if sort == "site":  # and within it by organization
        keys = [key for key, _ in keys]
    assert keys == sorted(keys)


def test_an_order_that_there_is_not_is_refused(collector):
    for query in ("sort=", "sort=best", "sort=worst&sort=newest", "cursor=0.x.y", "cursor=9.1.failing", "cursor=0"):
        assert collector.ask(f"/v1/alerts?{query}")[0] == 400, query
