"""Agents that are enrolled and lie: what the others are told to probe (collector/fleet/probe_mesh.h)."""

import contextlib
import sqlite3

from running import Collector, server

HONEST = 20
ROGUES = 20
DAY_MS = 86400 * 1000


def honest(number):
    return server(f"EXCH{number}", f"10.0.0.{number}")


def peers_of(collector, number, sequence, **fields):
    status, answer = collector.post({**honest(number), "sequence": sequence}, **fields)
    assert status == 200, answer
    return {peer["name"]: peer["addresses"] for peer in answer["peers"]}


def enrol_a_day_ago(data, *numbers, reports=None):
    """They have reported once, and the collector has ended."""
    with Collector(data) as collector:
        for report in reports or map(honest, numbers):
            assert collector.post(report)[0] == 200
    grow_older(data, 1)


def grow_older(data, days):
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db, db:
        db.execute("UPDATE identity SET made_at_ms = made_at_ms - ?", (days * DAY_MS,))


def test_twenty_rogue_agents_do_not_crowd_out_the_honest_peers(tmp_path):
    numbers = range(1, HONEST + 1)
    enrol_a_day_ago(tmp_path / "data", *numbers)
    with Collector(tmp_path / "data") as collector:
        for number in numbers:
            peers_of(collector, number, 2)
        for n in range(ROGUES):
            assert collector.post(server(f"ROGUE{n}", f"10.66.0.{n + 1}"))[0] == 200
        for number in numbers:
            peers = peers_of(collector, number, 3)
            assert len(peers) == 16 and sum(name.startswith("ROGUE") for name in peers) <= 4, peers


def test_a_rogue_agent_does_not_add_addresses_to_a_name_of_standing(tmp_path):
    enrol_a_day_ago(tmp_path / "data", 101, 102)
    with Collector(tmp_path / "data") as collector:
        assert peers_of(collector, 101, 2) == {"EXCH102": ["10.0.0.102"]}
        assert peers_of(collector, 102, 2) == {"EXCH101": ["10.0.0.101"]}
        twin = honest(102)
        twin["host"]["name"], twin["agent"]["id"] = "TWIN", "id-TWIN"
        twin["adapters"][0]["addresses"] = [f"10.0.0.{n}/24" for n in range(1, 17)]
        assert collector.post(twin)[0] == 200
        assert peers_of(collector, 101, 3) == {"EXCH102": ["10.0.0.102"]}


def test_in_a_new_fleet_nobody_is_held_back(tmp_path):
    with Collector(tmp_path / "data") as collector:
        for number in range(1, HONEST + 1):
            assert collector.post(honest(number))[0] == 200
        assert len(peers_of(collector, 1, 2)) == 16


def test_who_does_not_come_from_an_address_of_its_own_is_a_newcomer_for_a_week(tmp_path):
    """The collector believes a proxy here, which names every client's address."""
    rogues = [server(f"ROGUE{n}", f"10.66.0.{n + 1}") for n in range(ROGUES)]
    numbers = range(1, HONEST + 1)
    enrol_a_day_ago(tmp_path / "data", reports=[*map(honest, numbers), *rogues])

    def rogues_among_peers(sequence):
        with Collector(tmp_path / "data", "--trusted-proxies", "127.0.0.1") as collector:
            for number in numbers:
                peers_of(collector, number, sequence, **{"X-Forwarded-For": f"10.0.0.{number}"})
            for rogue in rogues:
                assert collector.post({**rogue, "sequence": sequence}, **{"X-Forwarded-For": "10.0.0.99"})[0] == 200
            return [sum(name.startswith("ROGUE") for name in
                        peers_of(collector, number, sequence + 1, **{"X-Forwarded-For": f"10.0.0.{number}"}))
                    for number in numbers]

    assert max(rogues_among_peers(2)) <= 4
    grow_older(tmp_path / "data", 6)
    assert max(rogues_among_peers(4)) > 4
