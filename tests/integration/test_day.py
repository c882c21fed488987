"""A day of a fleet's traffic in less than a minute: what is allocated is freed, what was sent is there.

The program under test is built with AddressSanitizer, whose leak check at its end is the point."""

import contextlib
import json
import random

from running import JSON, Collector, ask, bearer, row, server

INTERVAL_S = 300
REPORTS = 288  # one every five minutes
SITES = ["HQ", "East", "West"]
PER_SITE = 6
MISSED = 0.02  # of the reports
SEED = 20261124


def address(site, number):
    return f"10.{SITES.index(site)}.0.{number}"


def report_of(site, number, tick, chance):
    """Server `number` of a site: mostly as it always was, now and then something changes."""
    name, others = f"{site}-{number}", [n for n in range(1, PER_SITE + 1) if n != number]
    trouble = chance.random() < 0.02
    rows = [row("A", f"{site}-{n}", address(site, number), address(site, n), for_s=tick * INTERVAL_S,
                **({"grade": "none", "error": "timeout"} if trouble else {})) for n in others]
    made = server(name, address(site, number), rows, site=site,
                  build="5.5.2654.54" if tick > REPORTS // 2 and number == 1 else "5.5.2653.23")
    made["sequence"] = tick + 1
    if chance.random() < 0.01:
        made["mta"]["service"] = "stopped"
    return made


def play_a_day(collector, chance):
    """Returns what was sent: {server: its last sequence}."""
    sent = {}
    with contextlib.closing(collector.connect()) as agents:
        for tick in range(REPORTS):
            age = {"Mtawatch-Report-Age": str((REPORTS - 1 - tick) * INTERVAL_S)}
            for site in SITES:
                for number in range(1, PER_SITE + 1):
                    if chance.random() < MISSED and tick < REPORTS - 1:
                        continue
                    body = json.dumps(report_of(site, number, tick, chance))
                    status, _, answer = ask(agents, "/v1/reports", "POST", body, {**JSON, **age})
                    assert status == 200, answer
                    sent[f"{site}-{number}"] = json.loads(answer)["accepted"]
            look_around(collector, tick)
    return sent


def look_around(collector, tick):
    """What people, scrapers and strangers do meanwhile."""
    ticks = {0: "/v1/servers", 1: "/v1/servers?q=HQ&limit=3", 2: "/v1/servers/HQ-1", 3: "/metrics",
             4: "/readyz", 5: "/v1/audit", 6: "/nowhere", 7: "/v1/servers/nobody"}
    collector.ask(ticks[tick % len(ticks)])
    if tick % 48 == 0:
        status, headers, _ = collector.ask("/v1/session", "POST", json.dumps({"token": collector.token}), JSON)
        assert status in (200, 204) and "HttpOnly" in headers["Set-Cookie"]
        assert collector.ask("/v1/reports", "POST", "{", JSON)[0] == 400
        assert collector.ask("/v1/servers", headers=bearer("mtw_vnobody"))[0] == 401


def test_a_day_leaves_nothing_behind(tmp_path):
    data, chance = tmp_path / "data", random.Random(SEED)
    with Collector(data) as collector:
        sent = play_a_day(collector, chance)
        listed = collector.get("/v1/servers?limit=100")["servers"]
        assert len(sent) == len(listed) == len(SITES) * PER_SITE
        for name in sent:
            assert collector.get(f"/v1/servers/{name}")["report"]["sequence"] == sent[name] == REPORTS
    with Collector(data) as again:  # the first one ended with status 0: nothing leaked
        assert len(again.get("/v1/servers?limit=100")["servers"]) == len(sent)
