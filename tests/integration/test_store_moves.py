"""Backups between the engines of the store: a site that has lived a little goes into PostgreSQL and back."""

import contextlib
import json
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from postgres import Postgres, programs
from running import PROGRAM, faulty, minimal
from stored_site import NOT_MONITORED, live, stamped
from terminal import fails, run, succeeds
from waiting import until

pytestmark = [pytest.mark.usefixtures("own_scratch"),
              pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")]

MANY = 300  # more than one commit of a copy has
TABLES = {
    "report": "SELECT h.key, s.agent_id, s.epoch, r.sequence, r.at_ms, r.received_at_ms, r.age_s, r.body_hash, "
              "r.imported_by FROM report r JOIN stream s ON s.id = r.stream_id JOIN host h ON h.id = s.host_id",
    "history": "SELECT h.key, d.at_ms, row_number() OVER (PARTITION BY h.key ORDER BY d.at_ms, d.id), d.kind, d.detail "
               "FROM history d JOIN host h ON h.id = d.host_id",
    "latest_ms": "SELECT value FROM meta WHERE name = 'latest_ms'",
    **{name: f"SELECT * FROM {name}"
       for name in ("server", "removal", "expected", "expected_former", "alert", "delivery", "silence", "hook",
                    "summary", "identity", "audit", "trend", "remark", "bookmark")},
}
ALERTS = ("/v1/alerts", "/v1/alerts?state=pending", "/v1/alerts?state=resolved")
PAGES = (*ALERTS, "/v1/servers", "/v1/sites", "/v1/deliveries?state=dead", "/v1/deliveries?state=done", "/v1/silences",
         "/v1/inventory", "/v1/agents", "/v1/tokens", "/v1/secrets", "/v1/audit")
UNLIKE = ("as_of", "age_s", "ended_at")  # between two runs


@pytest.fixture(scope="module")
def server():
    with Postgres() as server:
        yield server


@pytest.fixture
def database(server):
    return server.make_database()


def at(database):
    """A command's arguments that name it, and no data directory of this machine."""
    return "--store", database, "--data", "/nonexistent"


def rows(file):
    with contextlib.closing(sqlite3.connect(file)) as db:
        return {name: sorted(db.execute(query).fetchall(), key=repr) for name, query in TABLES.items()}


def reports(*place):
    return sorted(succeeds("export", *place).splitlines())


def pages(collector):
    until(lambda: not collector.get("/v1/deliveries?state=waiting")["deliveries"])  # nobody takes them any more
    found = {path: collector.ask(path) for path in PAGES}
    for row in collector.get("/v1/servers")["servers"]:
        for path in ("/v1/servers/" + row["server"], f"/v1/servers/{row['server']}/history"):
            found[path] = collector.ask(path)
    return {path: (status, json.loads(body)) for path, (status, _, body) in found.items()}


def timeless(page):
    """Without what depends on when it is asked for."""
    if isinstance(page, dict):
        return {key: timeless(value) for key, value in page.items() if key not in UNLIKE}
    return [timeless(value) for value in page] if isinstance(page, list) else page


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """(data directory, backup) of a site with rows of every kind."""
    folder = tmp_path_factory.mktemp("site")
    _, data = live(folder)
    with faulty(data) as collector:  # it has no hooks, and one of them was to be told something
        for sequence in (*range(1, MANY), MANY + 3, MANY + 1):  # the last one is late
            assert collector.post(stamped(minimal("BUSY", sequence), sequence, off_s=sequence - MANY - 10))[0] == 200
    backup = folder / "backup.db"
    succeeds("backup", "--data", data, backup)
    found = rows(backup)
    assert not [name for name, table in found.items() if not table and name not in ("summary", "trend", "bookmark")], found
    with contextlib.closing(sqlite3.connect(backup)) as db:  # this site has had no storm, nor lived for an hour
        db.executemany("INSERT INTO trend VALUES (?, ?, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)",
                       [("", 1), ("", 2), ("acme\nzürich", 1)])
        db.executemany("INSERT INTO bookmark VALUES (?, ?, 'site=HQ&q=z%C3%BC', 7)",
                       [("token shifts", "mine"), ("user ada", "mine"), ("user ada", "Zürich")])
        db.execute("INSERT INTO summary (hook, kind, held, opened, resolved, report_opened, report_resolved, since_ms) "
                   "VALUES ('command', 1, 2, 3, 4, 5, 6, 7)")
        db.execute("DELETE FROM audit WHERE id < 5")  # nor so many changes that the first lines would be gone
        db.commit()
    return data, backup


def test_a_site_that_goes_through_a_database_comes_back_row_by_row(tmp_path, site, database):
    _, backup = site
    again = tmp_path / "again.db"
    told = succeeds("restore", *at(database), backup)
    assert "token admin: may call again, also if it was revoked since the backup" in told
    expected = rows(backup)
    sessions = [row for row in expected["identity"] if row[0] == 4]
    expected["identity"] = [row for row in expected["identity"] if row[0] != 4]  # everybody has to log in again
    succeeds("backup", *at(database), again)
    found = rows(again)
    ended = [row for row in found["audit"] if "session.end" in row]
    assert len(sessions) == len(ended) == 1
    found["audit"].remove(ended[0])
    for name, table in expected.items():
        assert found[name] == table, name
    assert succeeds("check", *at(database)) == succeeds("check", backup) == succeeds("check", again)
    plain = tmp_path / "plain"
    plain.mkdir(mode=0o700)
    succeeds("restore", "--data", plain, again)
    assert reports("--data", plain) == reports(*at(database)) == reports("--data", site[0])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["again.db", "plain"]  # nothing is left beside them


def test_what_was_moved_into_a_database_is_shown_as_it_was(tmp_path, site, database):
    data, backup = site
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    succeeds("restore", "--data", copy, backup)
    succeeds("restore", "--store", database, "--data", copy, "--present", data, backup)
    for name in ("admin-token", "enroll-secret"):  # what the test knows of the identities
        shutil.copy(data.with_name(f"{data.name}.{name}"), copy.with_name(f"{copy.name}.{name}"))
    with faulty(copy) as collector:
        before = pages(collector)
    with faulty(copy, "--store", database) as collector:
        after = pages(collector)
    assert (copy / "fleet").exists() and not (data / "fleet").exists()
    assert before.keys() == after.keys()
    with contextlib.closing(sqlite3.connect(backup)) as db:  # what the collector has of its own it looks at anew
        known = {str(row[0]) for row in db.execute("SELECT id FROM alert WHERE server <> ''")}
    assert known
    for page in (before, after):
        assert page["/v1/audit"][1]["lines"].pop(0)["action"] == "session.end"  # by the restore
        for path in ALERTS:  # others are of these two runs
            page[path][1]["alerts"] = [alert for alert in page[path][1]["alerts"] if alert["id"] in known]
    assert known == {alert["id"] for path in ALERTS for alert in after[path][1]["alerts"]}
    for path, page in before.items():
        assert page[0] == after[path][0] and (page[0] == 200 or path == f"/v1/servers/{NOT_MONITORED}/history"), path
        assert timeless(after[path][1]) == timeless(page[1]), path


def cut_off(restore, server, name):
    """Kills a restore that has made its tables; it runs in short pieces, so that it does not get far beyond that."""
    with subprocess.Popen(restore, stdout=subprocess.DEVNULL) as running:
        while server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'mtawatch'", name) == "0":
            assert running.poll() is None
            running.send_signal(signal.SIGCONT)
            time.sleep(0.01)
            running.send_signal(signal.SIGSTOP)
        running.kill()


def test_a_restore_is_whole_or_not_at_all(tmp_path, site, server, database):
    _, backup = site
    name = database.split("?")[0].rsplit("/", 1)[1]
    damaged = tmp_path / "damaged.db"
    shutil.copy(backup, damaged)
    with contextlib.closing(sqlite3.connect(damaged)) as db:
        db.execute("UPDATE report SET body_hash = 1")
        db.commit()
    assert "the backup is damaged" in fails("restore", *at(database), damaged)
    assert "there is no store in the database" in fails("check", *at(database))

    # One that is cut off is known to be that, and another one takes its place.
    cut_off([PROGRAM, "restore", *at(database), backup], server, name)
    while run("token", "list", *at(database)).returncode == 0:  # on a busy machine a short piece may be the whole rest
        server.drop_store(name)
        cut_off([PROGRAM, "restore", *at(database), backup], server, name)
    why = fails("token", "list", *at(database))
    assert "a backup is being restored into the database" in why and "if that was cut off, restore it again" in why
    succeeds("restore", *at(database), backup)
    assert "there is a store already in the database" in fails("restore", *at(database), backup)
    assert "admin" in succeeds("token", "list", *at(database))


def test_a_backup_of_a_database_replaces_backups_alone(tmp_path, database):
    data, file, other = tmp_path / "data", tmp_path / "backup.db", tmp_path / "notes.txt"
    succeeds("init", "--data", data, "--no-certificate", "--store", database)
    succeeds("backup", *at(database), file)
    assert "exists already" in fails("backup", *at(database), file)
    succeeds("backup", "--replace", *at(database), file)
    other.write_text("of somebody else")
    assert "is no backup" in fails("backup", "--replace", *at(database), other)
    assert other.read_text() == "of somebody else"
    assert file.stat().st_mode & 0o777 == 0o600
