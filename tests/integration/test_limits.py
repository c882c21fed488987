"""Limits that are too far away for calls to get there: the store is filled up to one, and the next call
meets it. Those that are near are with what they limit."""

import contextlib
import json
import os
import resource
import sqlite3
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
from running import JSON, PROGRAM, Collector, minimal, set_up
from test_events import follow_by_many

AGENTS, TOKENS, AUDIT_LINES, STREAMS, MATRIX_SERVERS = 200_000, 256, 200_000, 2048, 2000
TEN_YEARS = 10 * 366 * 86400
AGENT, TOKEN, VIEWER = 1, 2, 2  # as the store writes kinds and roles


@contextlib.contextmanager
def store(data):
    """The database of a data directory that is set up and that nobody uses."""
    set_up(PROGRAM, data)
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as database, database:
        yield database


def fill_identities(database, kind, n):
    have, = database.execute("SELECT count(*) FROM identity WHERE kind = ?", (kind,)).fetchone()
    database.executemany(
        "INSERT INTO identity (kind, name, id, hash, role, made_by, made_at_ms, expires_at_ms) "
        "VALUES (?, ?, ?, ?, ?, 'test', 1, 0)",
        ((kind, f"filler{i}", str(uuid.uuid4()) if kind == AGENT else None, os.urandom(32),
          VIEWER if kind == TOKEN else 0) for i in range(n - have)))


def post(collector, path, body):
    status, headers, answer = collector.ask(path, "POST", json.dumps(body), JSON)
    return status, json.loads(answer).get("code"), headers


def enrol(collector, host):
    return post(collector, "/v1/enroll", {"secret": collector.secret, "host": host, "key": os.urandom(32).hex()})


def test_there_are_as_many_agents_as_there_may_be(tmp_path):
    with store(tmp_path / "data") as database:
        fill_identities(database, AGENT, AGENTS - 1)
    with Collector(tmp_path / "data") as collector:
        assert enrol(collector, "LAST")[0] == 200
        status, code, headers = enrol(collector, "ONE-MORE")
        assert (status, code, headers["Retry-After"]) == (503, "too_many_agents", "3600")
        assert collector.get("/v1/agents?limit=1")["enrolled"] == AGENTS
        agent, = collector.get("/v1/agents?limit=1")["agents"]
        assert collector.ask(f"/v1/agents/{agent['id']}", "DELETE")[0] == 204
        assert enrol(collector, "ONE-MORE")[0] == 200


def test_there_are_as_many_tokens_as_there_may_be(tmp_path):
    with store(tmp_path / "data") as database:
        fill_identities(database, TOKEN, TOKENS - 1)
    with Collector(tmp_path / "data") as collector:
        assert post(collector, "/v1/tokens", {"name": "last", "role": "viewer"})[0] == 201
        assert post(collector, "/v1/tokens", {"name": "x", "role": "viewer"})[:2] == (409, "too_many_tokens")
        told = subprocess.run([PROGRAM, "token", "add", "x", "--role", "viewer", "--data", tmp_path / "data"],
                              capture_output=True, text=True)
        assert told.returncode == 1 and "256" in told.stderr, told


def test_of_the_audit_log_the_oldest_lines_go(tmp_path):
    with store(tmp_path / "data") as database:
        first, = database.execute("SELECT max(id) + 1 FROM audit").fetchone()
        database.executemany("INSERT INTO audit (id, at_ms, who, origin, action, kind, object, object_id) "
                             "VALUES (?, 1, 'test', '', 'test', 0, '', NULL)",
                             ((first + i,) for i in range(AUDIT_LINES - 1)))
    with Collector(tmp_path / "data") as collector:
        assert post(collector, "/v1/tokens", {"name": "x", "role": "viewer"})[0] == 201
    with store(tmp_path / "data") as database:
        n, oldest = database.execute("SELECT count(*), min(id) FROM audit").fetchone()
        assert (n, oldest) == (AUDIT_LINES, first)


def test_as_many_streams_of_changes_are_served_as_may_be(tmp_path):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    with Collector(tmp_path / "data", "--max-connections-per-address", "4096") as collector, \
            contextlib.ExitStack() as held:
        peers = follow_by_many(collector, STREAMS, held)
        for peer in peers:
            assert peer.recv(12) == b"HTTP/1.1 200"
        status, headers, body = collector.ask("/v1/events")
        assert (status, json.loads(body)["code"]) == (503, "too_many_streams") and headers["Retry-After"]
        assert collector.ask("/livez")[0] == 200
    resource.setrlimit(resource.RLIMIT_NOFILE, files)


def test_a_site_has_a_matrix_up_to_its_limit():
    """In memory: to fill a store takes many commits."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        data = Path(folder) / "data"
        set_up(PROGRAM, data)
        n = str(MATRIX_SERVERS)
        subprocess.run([PROGRAM.parents[1] / "tests/bench/fill_store", data, n, n], stdout=subprocess.DEVNULL,
                       check=True)
        with Collector(data) as collector:
            site, = collector.get("/v1/sites")
            path = f"/v1/sites/{site['organization']}/{site['site']}/matrix"
            matrix = collector.get(path)
            assert len(matrix["adapters"]) == 2 * MATRIX_SERVERS and len(matrix["peers"]) == MATRIX_SERVERS
            assert len({cell["from"] for cell in matrix["cells"]}) == 2 * MATRIX_SERVERS
            plan = collector.get(path.replace("matrix", "plan"))
            assert sum(plan["before"].values()) == MATRIX_SERVERS and plan["steps"]
            exchange = {"organization": site["organization"], "site": site["site"], "server": "ONE-MORE"}
            assert collector.post(minimal("ONE-MORE", exchange=exchange))[0] == 200
            status, headers, body = collector.ask(path)
            problem = json.loads(body)
            assert (status, problem["code"]) == (422, "site_too_large") and str(MATRIX_SERVERS) in problem["detail"]
            assert headers["Content-Type"] == "application/problem+json"
            assert json.loads(collector.ask(path.replace("matrix", "plan"))[2])["code"] == "site_too_large"
            changes = json.dumps({"changes": [{"action": "install_fix", "server": "ONE-MORE"}]})
            _, _, body = collector.ask(path.replace("matrix", "what-if"), "POST", changes, JSON)
            assert json.loads(body)["code"] == "site_too_large"
            assert collector.ask("/v1/servers/ONE-MORE", "DELETE")[0] == 204
            assert len(collector.get(path)["peers"]) == MATRIX_SERVERS


@pytest.mark.parametrize("age, status", [(TEN_YEARS, 200), (TEN_YEARS + 1, 400)])
def test_a_report_may_be_ten_years_old(tmp_path, age, status):
    with Collector(tmp_path / "data") as collector:
        assert collector.post(minimal(), **{"Mtawatch-Report-Age": str(age)})[0] == status


@pytest.mark.parametrize("size, status", [(4096, 201), (4097, 413)])
def test_the_body_of_a_small_call_has_its_limit(tmp_path, size, status):
    with Collector(tmp_path / "data") as collector:
        body = json.dumps({"name": "x", "role": "viewer"})
        assert collector.ask("/v1/tokens", "POST", body.ljust(size), JSON)[0] == status


@pytest.mark.parametrize("name, least, most", [
    ("max-connections", 1, 16384), ("max-connections-per-address", 1, 16384), ("max-body-mb", 16, 65536),
    ("max-answer-mb", 16, 65536),
    ("keep-reports", 1, 1_000_000), ("keep-report-days", 1, 36500), ("keep-changes", 1, 1_000_000),
    ("keep-change-days", 1, 36500), ("keep-mb", 1, 1_000_000_000)])
def test_a_setting_that_is_a_number_has_limits_and_says_which(tmp_path, name, least, most):
    config = tmp_path / "collector.conf"
    for value, good in ((least, True), (most, True), (least - 1, False), (most + 1, False), ("1" * 30, False),
                        ("-1", False), ("1k", False)):
        config.write_text(f"\n{name} = {value}\n")
        checked = subprocess.run([PROGRAM, "serve", "--config", config, "--check-config"], capture_output=True,
                                 text=True)
        assert checked.returncode == (0 if good else 2), checked
        assert good or f'line 2: {name} "{value}": expected {least} to {most}\n' in checked.stderr, checked


@pytest.mark.parametrize("days, status", [(36500, 0), (36501, 2)])
def test_what_is_made_in_the_terminal_lasts_a_hundred_years_at_most(tmp_path, days, status):
    set_up(PROGRAM, tmp_path / "data")
    told = subprocess.run([PROGRAM, "secret", "add", "x", "--days", str(days), "--data", tmp_path / "data"],
                          capture_output=True, text=True)
    assert told.returncode == status and (status == 0 or "from 1 to 36500" in told.stderr), told


@pytest.mark.parametrize("size, words", [(512, "is no valid token"), (513, "holds no token")])
def test_a_file_with_a_token_is_not_any_file(tmp_path, size, words):
    (tmp_path / "token").write_text("t" * size)
    with Collector(tmp_path / "data") as collector:
        told = subprocess.run([PROGRAM, "servers", "--url", collector.url, "--token-file", tmp_path / "token"],
                              capture_output=True, text=True)
    assert told.returncode == 1 and words in told.stderr, told


def test_a_check_tells_so_many_faults_and_counts_the_others(tmp_path):
    with store(tmp_path / "data") as database:
        database.executemany("INSERT INTO server (key, silent, verdict, since_ms, verdict_json, adapters_json) "
                             "VALUES (?, 0, 'clear', 0, '{}', '[]')", ((f"s{i:03}",) for i in range(150)))
    told = subprocess.run([PROGRAM, "check", "--data", tmp_path / "data"], capture_output=True, text=True)
    lines = (told.stdout + told.stderr).splitlines()
    assert told.returncode == 1 and sum("has no latest report" in line for line in lines) == 100, told
    assert "150" in lines[-1], told
