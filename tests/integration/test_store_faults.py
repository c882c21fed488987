"""Disks that are full, cannot be written or are broken, a database that is locked or damaged: it is
said which, nothing that was acknowledged is lost, and the collector goes on by itself where it can."""

import contextlib
import errno
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from hook_rig import Hooks
from receiver import Receiver
from running import JSON, PATIENCE, PROGRAM, Collector, exposed_site, faulty, minimal
from test_export import Reader
from waiting import until

FAILING_DISK = PROGRAM.parents[1] / "tests/integration/libfailing_disk.so"
DISK_BYTES = 4 * 2**20

# Gives the collector a small disk of its own as its data directory; "$1" is its path.
SMALL_DISK = f"""cp -a "$1" "$1.copy" && mount -t tmpfs -o size={DISK_BYTES},mode=0700 small "$1" &&
cp -a "$1.copy/." "$1" && shift && exec "$@" """
READ_ONLY = """mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@" """


def in_a_namespace(script, data):
    return ["unshare", "--mount", "sh", "-c", script, "sh", data]


needs_mounts = pytest.mark.skipif(
    subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0,
    reason="needs the right to mount (root)")


def readiness(collector):
    status, _, body = collector.ask("/readyz")
    return status, body.decode()


def report_until_refused(collector, server, acknowledged, limit=20000):
    """Sends reports of some size; the answer that was not 200."""
    for sequence in range(len(acknowledged) + 1, limit):
        report = minimal(server, sequence)
        report["problems"] = [{"fact": "files/a", "code": 1, "message": os.urandom(500).hex()}
                              for _ in range(8)]
        status, answer = collector.post(report)
        if status != 200:
            return status, answer
        acknowledged.append(sequence)
    return None


def sequences_in(file):
    with contextlib.closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in db.execute("SELECT sequence FROM report ORDER BY sequence")]


@needs_mounts
def test_a_full_disk_is_told_and_reports_go_on_when_there_is_room_again(tmp_path):
    data, acknowledged = tmp_path / "data", []
    Collector(data).end()
    with faulty(data, "--keep-reports", "1000000", wrapper=in_a_namespace(SMALL_DISK, data)) as collector:
        disk = tmp_path / "disk"
        disk.symlink_to(f"/proc/{collector.process.pid}/root{data}")
        collector.agents.enrol("EXCH1")
        (disk / "ballast").write_bytes(bytes(DISK_BYTES // 2))
        assert report_until_refused(collector, "EXCH1", acknowledged)[0] == 503
        status, text = readiness(collector)
        assert status == 503 and "mtawatch.db" in text and "disk is full" in text
        assert acknowledged and collector.ask("/livez")[0] == 200
        shown = collector.get("/v1/servers/EXCH1")["report"]["sequence"]
        assert shown == acknowledged[-1]

        (disk / "ballast").unlink()
        until(lambda: readiness(collector)[0] == 200)
        assert collector.post(minimal("EXCH1", acknowledged[-1] + 2))[0] == 200
        acknowledged.append(acknowledged[-1] + 2)
        collector.process.send_signal(signal.SIGSTOP)
        for name in ("mtawatch.db", "mtawatch.db-wal"):
            shutil.copy(disk / name, tmp_path / name)
        collector.process.send_signal(signal.SIGCONT)
    assert collector.log.count("not ready: ") == 1 and "ready again" in collector.log
    assert set(acknowledged) <= set(sequences_in(tmp_path / "mtawatch.db"))


@pytest.mark.parametrize("reason, words", [(errno.EROFS, "Read-only file system"),
                                           (errno.EIO, "disk I/O error")])
def test_a_disk_that_fails_is_told_and_reports_go_on_when_it_works_again(tmp_path, reason, words):
    data, flag, acknowledged = tmp_path / "data", tmp_path / "failing", [1]
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    with faulty(data, environment={"LD_PRELOAD": str(FAILING_DISK), "FAILING_DISK": str(flag),
                                   "ASAN_OPTIONS": options}) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        flag.with_suffix(".new").write_text(str(reason))
        flag.with_suffix(".new").rename(flag)
        assert report_until_refused(collector, "EXCH1", acknowledged)[0] == 503
        status, text = readiness(collector)
        assert status == 503 and words in text, text
        flag.unlink()
        until(lambda: readiness(collector)[0] == 200)
        assert collector.post(minimal("EXCH1", 9))[0] == 200
    assert set(sequences_in(data / "mtawatch.db")) == {*acknowledged, 9}


@needs_mounts
def test_a_data_directory_that_cannot_be_written_is_told_at_the_start(tmp_path):
    data = tmp_path / "data"
    Collector(data).end()
    ended = subprocess.run([*in_a_namespace(READ_ONLY, data), PROGRAM, "serve", "--listen", "127.0.0.1:0",
                            "--data", data], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1
    assert str(data) in ended.stderr and "Read-only file system" in ended.stderr


def test_another_program_that_locks_the_database_is_waited_for_and_then_told(tmp_path):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        collector.agents.enrol("EXCH2")
        with contextlib.closing(sqlite3.connect(data / "mtawatch.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            status, answer = collector.post(minimal("EXCH1", 2))  # after ten seconds
            assert (status, answer["code"]) == (503, "not_stored")
            status, text = readiness(collector)
            assert status == 503 and "database is locked" in text
            begin = time.monotonic()
            assert collector.ask("/livez")[0] == 200 and collector.get("/v1/servers")["servers"]
            assert time.monotonic() - begin < 5  # the loop does not wait for the lock
            other.execute("ROLLBACK")
        until(lambda: readiness(collector)[0] == 200)
        assert collector.post(minimal("EXCH1", 2))[0] == 200
    assert sequences_in(data / "mtawatch.db") == [1, 2]


def scribble(file):
    """Over every page but the first, as a broken controller might."""
    with open(file, "r+b") as pages:
        pages.seek(4096)
        pages.write(b"\x5a" * (file.stat().st_size - 4096))


def test_a_damaged_database_is_told_and_not_written_again(tmp_path):
    data = tmp_path / "data"
    file, log = data / "mtawatch.db", data / "mtawatch.db-wal"
    with faulty(data) as collector:
        for sequence in range(1, 5):
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
        until(lambda: log.stat().st_size == 0)  # everything is in the database
        scribble(file)
        status, body = 200, ""
        for number in range(2, 40):
            report = minimal(f"EXCH{number}", 1)
            try:
                collector.agents.enrol(f"EXCH{number}")
            except Exception:  # it is refused in one way or another  # noqa: BLE001
                report = minimal("EXCH1", 10 + number)
            status, body = collector.post(report)
            if status != 200:
                break
        until(lambda: readiness(collector)[0] == 503)
        assert "malformed" in readiness(collector)[1], (status, body)
        assert collector.ask("/livez")[0] == 200
        time.sleep(1)  # some attempts to go on
        assert readiness(collector)[0] == 503
    assert "ready again" not in collector.log

    ended = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", data],
                           capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 1 and str(file) in ended.stderr and "malformed" in ended.stderr


def test_an_export_breaks_off_when_the_store_cannot_be_read_any_more(tmp_path):
    """What it would leave out nobody could see: who is expected and has never reported."""
    data = tmp_path / "data"
    with faulty(data) as collector:
        text = "".join(f"S{number:05},ORGANIZATION,{'SITE' * 30}\n" for number in range(20_000))
        assert collector.ask("/v1/inventory", "PUT", text)[0] == 200
        with Reader(collector) as reader:
            answer = reader.begin()
            with contextlib.closing(sqlite3.connect(data / "mtawatch.db", isolation_level=None)) as other:
                other.execute("ALTER TABLE meta RENAME TO lost")
                with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
                    answer.read()
                for path in ("/v1/servers.csv", "/v1/servers", "/v1/sites", "/v1/servers/S00000"):
                    status, headers, body = collector.ask(path)
                    assert (status, json.loads(body)["code"]) == (503, "not_readable"), path
                    assert headers["Content-Type"] == "application/problem+json"
                other.execute("ALTER TABLE lost RENAME TO meta")
        assert collector.ask("/v1/servers.csv")[2].count(b"\r\n") == 20_001
    assert "no such table" in collector.log


@contextlib.contextmanager
def unreadable(data, table):
    """Meanwhile a column of the table has another name, the last one or that of agents: the table itself is there for
    those who drop old rows of it. The alert that a server's first report gives rise to is stored after its answer, so it
    is waited for."""
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db", isolation_level=None)) as other:
        until(lambda: other.execute("SELECT 1 FROM alert").fetchall())
        column, = other.execute("SELECT name FROM pragma_table_info(?) ORDER BY name = 'agent_id' DESC, cid DESC",
                                [table]).fetchone()
        other.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO lost")
        yield
        other.execute(f"ALTER TABLE {table} RENAME COLUMN lost TO {column}")


@pytest.mark.parametrize("table, path", [("audit", "/v1/audit"), ("identity", "/v1/agents"),
                                         ("identity", "/v1/secrets"), ("identity", "/v1/tokens"),
                                         ("alert", "/v1/alerts"), ("delivery", "/v1/deliveries"),
                                         ("expected", "/v1/inventory"), ("history", "/v1/servers/EXCH1/history")])
def test_what_cannot_be_read_is_told_to_who_asks_and_stops_nothing_else(tmp_path, table, path):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        with unreadable(data, table):
            status, _, body = collector.ask(path)
            assert (status, json.loads(body)["code"]) == (503, "not_readable")
            if table == "expected":
                status, _, body = collector.ask("/v1/inventory?dry_run=true", "PUT", "S1\n")
                assert (status, json.loads(body)["code"]) == (503, "not_readable")
            assert readiness(collector)[0] == 200
        assert collector.ask(path)[0] == 200
        assert collector.post(minimal("EXCH1", 2))[0] == 200
    assert "no such column" in collector.log and "not ready" not in collector.log


ENROLMENT = {"host": "EXCH9", "key": "ab" * 32}
FILTER = json.dumps({"filter": {"server": "EXCH1"}})
SILENCE = json.dumps({"matchers": {"server": "EXCH1"}, "comment": "c", "ends_at": "2099-01-01T00:00:00Z"})


@pytest.mark.parametrize("table, method, path, body", [
    ("expected", "PUT", "/v1/inventory", "S1\nS2\n"),
    ("expected_former", "POST", "/v1/inventory/former/restore", None),
    ("expected", "DELETE", "/v1/inventory/S1", None),
    ("identity", "POST", "/v1/enroll", ENROLMENT),
    ("alert", "POST", "/v1/alerts/acknowledge", FILTER),
    ("alert", "POST", "/v1/alerts/acknowledge", json.dumps({"ids": ["1"]})),
    ("alert", "POST", "/v1/silences", SILENCE),
    ("stream", "GET", "/v1/servers/EXCH1", None),
    ("stream", "GET", "/v1/servers/EXCH1/report", None),
    ("report", "GET", "/v1/servers/EXCH1/report", None)])
def test_a_call_that_cannot_read_what_it_needs_stops_nothing_else(tmp_path, table, method, path, body):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        if table.startswith("expected"):
            assert collector.ask("/v1/inventory", "PUT", "S1\n")[0] == 200
        if body is ENROLMENT:
            body = json.dumps({**body, "secret": collector.secret})
        with unreadable(data, table):
            status, _, answer = collector.ask(path, method, body, JSON)
            assert (status, json.loads(answer)["code"]) == (503, "not_readable"), answer
            assert readiness(collector)[0] == 200
        assert collector.ask(path, method, body, JSON)[0] < 500
        assert collector.post(minimal("EXCH1", 2))[0] == 200
    assert "no such column" in collector.log and "not ready" not in collector.log


def test_a_change_that_cannot_be_read_back_is_known_later_and_stops_nothing_else(tmp_path):
    data = tmp_path / "data"
    body = json.dumps({"name": "ops", "role": "viewer"})
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        with contextlib.closing(sqlite3.connect(data / "mtawatch.db", isolation_level=None)) as other:
            other.execute("INSERT INTO audit (at_ms, who, origin, action, kind, object) VALUES (1, '', '', '', 99, '')")
            status, _, answer = collector.ask("/v1/tokens", "POST", body, JSON)
            assert (status, json.loads(answer)["code"]) == (503, "not_readable")
            assert readiness(collector)[0] == 200
            assert collector.post(minimal("EXCH1", 2))[0] == 200
            other.execute("UPDATE audit SET kind = 0 WHERE kind = 99")
        assert collector.ask("/v1/tokens", "POST", body, JSON)[0] == 409  # it is there
    assert "not ready" not in collector.log


@pytest.mark.parametrize("change, path", [("audit SET kind = 99", "/v1/audit"),
                                          ("identity SET role = 9", "/v1/agents"),
                                          ("identity SET role = -1", "/v1/tokens")])
def test_a_number_in_a_row_that_stands_for_nothing_is_damage(tmp_path, change, path):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        with contextlib.closing(sqlite3.connect(data / "mtawatch.db", isolation_level=None)) as other:
            other.execute(f"UPDATE {change}")
        status, _, body = collector.ask(path)
        assert (status, json.loads(body)["code"]) == (503, "not_readable")
    assert "mtawatch.db' is damaged: the " in collector.log


def test_while_nothing_can_be_stored_no_heart_beats_and_nothing_is_told(tmp_path):
    data, flag = tmp_path / "data", tmp_path / "failing"
    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    hooks = Hooks(tmp_path)
    with Receiver() as alive, Receiver() as ops:
        hooks.add("alive", type="heartbeat", url=alive.url, interval="1s")
        hooks.add("ops", type="webhook", url=ops.url)
        with faulty(data, "--config", hooks.config, environment={
                "LD_PRELOAD": str(FAILING_DISK), "FAILING_DISK": str(flag), "ASAN_OPTIONS": options}) as collector:
            assert collector.post(exposed_site()[1])[0] == 200
            collector.agents.enrol("EXCH1")
            alive.wait(2)
            flag.with_suffix(".new").write_text(str(errno.EIO))
            flag.with_suffix(".new").rename(flag)
            assert collector.post(exposed_site()[0])[0] == 503
            until(lambda: readiness(collector)[0] == 503)
            beats = len(alive.requests)
            time.sleep(3.5)  # as long as three beats
            assert len(alive.requests) <= beats + 1 and ops.requests == []
            flag.unlink()
            until(lambda: readiness(collector)[0] == 200)
            assert collector.post(exposed_site()[0])[0] == 200
            alive.wait(len(alive.requests) + 1)
            ops.wait(1)
            until(lambda: len(collector.get("/v1/deliveries?state=done")["deliveries"]) == 1)
            assert len(ops.requests) == 1


def removed(data):
    (data / "mtawatch.db").unlink()
    return None, "mtawatch.db' is not there any more"


def replaced(data):
    kept, other = data / "kept.db", data / "other.db"
    kept.hardlink_to(data / "mtawatch.db")
    shutil.copy(kept, other)
    other.rename(data / "mtawatch.db")
    return lambda: kept.rename(data / "mtawatch.db"), "mtawatch.db' is another one"


def directory_renamed(data):
    away = data.with_name("away")
    data.rename(away)
    return lambda: away.rename(data), f"{data}' is not there any more"


def directory_replaced(data):
    """By one of another store, whose log is not ours to remove."""
    away = data.with_name("away")
    Collector(data.with_name("other")).end()
    data.rename(away)
    data.with_name("other").rename(data)
    (data / "mtawatch.db-wal").write_bytes(b"of another")

    def put_back():
        data.rename(data.with_name("other"))
        away.rename(data)
    return put_back, f"{data}' is another one"


def log_removed(data):
    (data / "mtawatch.db-wal").unlink()
    return None, "mtawatch.db-wal' is not there any more"


@pytest.mark.parametrize("take_away", [removed, replaced, directory_renamed, directory_replaced, log_removed])
def test_a_store_that_is_not_in_its_place_any_more_acknowledges_nothing(tmp_path, take_away):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        put_back, words = take_away(data)
        status, answer = collector.post(minimal("EXCH1", 2))
        assert (status, answer["code"]) == (503, "not_stored")
        status, text = readiness(collector)
        assert status == 503 and words in text and "restart the collector" in text, text
        assert collector.ask("/livez")[0] == 200
        if put_back:
            put_back()
            until(lambda: readiness(collector)[0] == 200)
            assert collector.post(minimal("EXCH1", 2))[0] == 200
    assert words in collector.log and collector.log.count("not ready: ") == 1, collector.log
    if put_back:
        assert sequences_in(data / "mtawatch.db") == [1, 2]


@pytest.mark.parametrize("take_away", [removed, directory_renamed])
def test_without_any_report_it_is_told_within_a_second(tmp_path, take_away):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert readiness(collector)[0] == 200
        _, words = take_away(data)
        begin = time.monotonic()
        until(lambda: readiness(collector)[0] == 503, seconds=5)
        assert time.monotonic() - begin < 1.5 and words in readiness(collector)[1]


def test_the_log_of_a_store_that_took_the_place_is_left_alone(tmp_path):
    data = tmp_path / "data"
    with faulty(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        directory_replaced(data)
    assert (data / "mtawatch.db-wal").read_bytes() == b"of another"
    assert sequences_in(tmp_path / "away/mtawatch.db") == [1]


@needs_mounts
def test_a_file_system_that_is_mounted_over_the_store_is_told(tmp_path):
    data = tmp_path / "data"
    with faulty(data, wrapper=["unshare", "--mount"]) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        inside = ["nsenter", "--mount", "--target", str(collector.process.pid)]
        subprocess.run([*inside, "mount", "-t", "tmpfs", "over", data], check=True)
        assert collector.post(minimal("EXCH1", 2))[0] == 503
        assert f"{data}' is another one" in readiness(collector)[1]
        subprocess.run([*inside, "umount", data], check=True)
        until(lambda: readiness(collector)[0] == 200)
        assert collector.post(minimal("EXCH1", 2))[0] == 200
