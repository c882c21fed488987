"""backup, restore, check and export, beside a collector that runs and takes reports."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest
from running import JSON, PATIENCE, PROGRAM, Collector, bearer, minimal
from test_access import session_of
from waiting import until

pytestmark = pytest.mark.usefixtures("own_scratch")

SERVERS = 6


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=6 * PATIENCE)


def check(*arguments):
    ended = run("check", *arguments)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    return ended.stdout


def change(data, sql):
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        db.execute(sql)
        db.commit()


def query(data, sql):
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        return db.execute(sql).fetchone()[0]


class Load:
    """Servers that report as fast as they can, each remembering its last accepted sequence."""

    def __init__(self, collector):
        self.collector = collector
        self.last = {}
        self.stopping = False
        self.threads = [threading.Thread(target=self._report, args=(number,))
                        for number in range(SERVERS)]

    def _report(self, number):
        sequence = 0
        while not self.stopping:
            sequence += 1
            status, answer = self.collector.post(minimal(f"EXCH{number}", sequence))
            assert status == 200, answer
            self.last[f"EXCH{number}"] = sequence

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait_for(3)
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def wait_for(self, sequence):
        """Until every server has come so far."""
        until(lambda: len(self.last) == SERVERS and min(self.last.values()) >= sequence)


def latest_sequences(collector):
    return {server["server"]: collector.get("/v1/servers/" + server["server"])["report"]["sequence"]
            for server in collector.get("/v1/servers")["servers"]}


def test_a_backup_under_load_is_one_moment_and_can_be_restored(tmp_path):
    data, copy, backup = tmp_path / "data", tmp_path / "copy", tmp_path / "backup.db"
    with Collector(data) as collector, Load(collector) as load:
        before = dict(load.last)
        assert run("backup", "--data", data, backup).returncode == 0
        load.wait_for(max(load.last.values()) + 1)  # nobody was held up
        check("--data", data)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert f"ok: {SERVERS} servers" in check(backup)

    copy.mkdir()
    ended = run("restore", "--data", copy, backup)
    assert (ended.returncode, ended.stderr) == (0, "") and "token admin: may call again" in ended.stdout
    assert sorted(file.name for file in copy.iterdir()) == ["mtawatch.db", "mtawatch.lock"]
    for name in ("admin-token", "enroll-secret"):  # what the test knows of the identities
        shutil.copy(tmp_path / f"data.{name}", tmp_path / f"copy.{name}")
    with Collector(copy) as collector:
        restored = latest_sequences(collector)
    assert all(restored[server] >= sequence for server, sequence in before.items())
    # Of each server everything up to its latest report is there, and nothing twice.
    with contextlib.closing(sqlite3.connect(copy / "mtawatch.db")) as db:
        rows = db.execute("SELECT count(*), count(DISTINCT sequence), max(sequence) FROM report "
                          "GROUP BY host_id").fetchall()
    assert all(count == distinct for count, distinct, _ in rows) and len(rows) == SERVERS


def test_a_backup_replaces_backups_alone(tmp_path):
    data, backup, other = tmp_path / "data", tmp_path / "backup.db", tmp_path / "notes.txt"
    with Collector(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        assert run("backup", "--data", data, backup).returncode == 0
        ended = run("backup", "--data", data, backup)
        assert ended.returncode == 1 and "exists already" in ended.stderr
        assert run("backup", "--replace", "--data", data, backup).returncode == 0
        other.write_text("of somebody else")
        for file, why in ((other, "is no backup"), (data / "mtawatch.db", "is the store itself")):
            ended = run("backup", "--replace", "--data", data, file)
            assert ended.returncode == 1 and why in ended.stderr
        assert other.read_text() == "of somebody else"
        ended = run("backup", "--data", data, tmp_path / "missing/backup.db")
        assert ended.returncode == 1 and "missing/backup.db.new': No such file" in ended.stderr
    ended = run("backup", "--data", tmp_path / "nowhere", tmp_path / "x.db")
    assert ended.returncode == 1 and "there is no store" in ended.stderr
    assert not list(tmp_path.glob("*.new")) and not list(tmp_path.glob("x.db*"))


def test_restore_overwrites_nothing_and_takes_no_damage_over(tmp_path):
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    with Collector(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        assert run("backup", "--data", data, backup).returncode == 0
        ended = run("restore", "--data", data, backup)
        assert ended.returncode == 1 and "in use by another collector" in ended.stderr
    ended = run("restore", "--data", data, backup)
    assert ended.returncode == 1 and "is there already; move it away first" in ended.stderr

    ended = run("restore", "--data", tmp_path / "nowhere", backup)
    assert ended.returncode == 1 and "the data directory is not there" in ended.stderr

    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "mtawatch.db-wal").write_bytes(b"left alone")
    ended = run("restore", "--data", empty, backup)
    assert ended.returncode == 1 and "mtawatch.db-wal' is there already" in ended.stderr
    (empty / "mtawatch.db-wal").unlink()

    for damage, why in ((lambda file: file.write_bytes(b"no database" * 1000), "not a database"),
                        (lambda file: file.write_bytes(b""), "holds no store"),
                        (lambda file: os.truncate(file, file.stat().st_size // 2), "malformed"),
                        (lambda file: change_file(file, "UPDATE report SET body_hash = 1"),
                         "is damaged"),
                        (lambda file: file.unlink(), "unable to open")):
        bad = tmp_path / "bad.db"
        bad.write_bytes(backup.read_bytes())
        damage(bad)
        ended = run("restore", "--data", empty, bad)
        assert ended.returncode == 1 and why in ended.stderr, ended.stderr
        assert [file.name for file in empty.iterdir()] == ["mtawatch.lock"]


def names_of(collector, path, member, name):
    return {row[name] for row in collector.get(path)[member]}


@pytest.mark.parametrize("is_at_hand", [True, False])
def test_restore_revokes_again_what_was_revoked_since_the_backup(tmp_path, is_at_hand):
    data, before, backup = tmp_path / "data", tmp_path / "before", tmp_path / "backup.db"

    def make(name, role):
        body = json.dumps({"name": name, "role": role})
        status, _, answer = collector.ask("/v1/tokens", "POST", body, JSON)
        assert status == 201
        return bearer(json.loads(answer)["token"])

    with Collector(data) as collector:
        for server in ("EXCH1", "EXCH2", "EXCH3"):
            assert collector.post(minimal(server, 1))[0] == 200
        stays, gone, anew = make("stays", "viewer"), make("gone", "admin"), make("anew", "operator")
        assert run("secret", "add", "branch", "--data", data).returncode == 0
        session = session_of(collector)
        assert run("backup", "--data", data, backup).returncode == 0
        assert collector.ask("/v1/tokens/gone", "DELETE")[0] == 204
        assert collector.ask("/v1/tokens/anew", "DELETE")[0] == 204
        make("anew", "operator")
        assert run("secret", "revoke", "branch", "--data", data).returncode == 0
        for server in ("EXCH2", "EXCH3"):
            assert collector.ask(f"/v1/servers/{server}", "DELETE")[0] == 204
        assert run("agents", "release", "EXCH2", "--data", data).returncode == 0
        assert collector.post(minimal("EXCH3", 2))[0] == 200  # has come back
    before.mkdir()
    for file in data.glob("mtawatch.db*"):
        file.rename(before / file.name)
    more = ["--present", before] if is_at_hand else []
    ended = run("restore", "--data", data, *more, backup)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    for line in ("token gone", "token anew", "enrolment secret branch", "agent exch2"):
        assert f"{line}: " in ended.stdout
    assert ("token stays" in ended.stdout) != is_at_hand
    with Collector(data) as collector:
        revoked = 401 if is_at_hand else 200
        asked = [collector.ask("/v1/servers", headers=who)[0] for who in (stays, gone, anew, session)]
        assert asked == [200, revoked, revoked, 401]
        servers = {"EXCH1", "EXCH3"} | (set() if is_at_hand else {"EXCH2"})
        assert names_of(collector, "/v1/servers", "servers", "server") == servers
        assert ("branch" in names_of(collector, "/v1/secrets", "secrets", "name")) != is_at_hand
        lines = names_of(collector, "/v1/audit", "lines", "action")
        assert ("agent.release" in lines) == ("server.remove" in lines) == is_at_hand


def test_restore_keeps_agents_enrolled_where_the_store_before_is_at_hand(tmp_path):
    """They have erased the secret that they enrolled with. One that was released, and enrolled anew, has its new key."""
    data, before, backup = tmp_path / "data", tmp_path / "before", tmp_path / "backup.db"
    with Collector(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        _, old = collector.agents.enrol("EXCH1")
        assert run("backup", "--data", data, backup).returncode == 0
        assert run("agents", "release", "EXCH1", "--data", data).returncode == 0
        body = {"secret": collector.secret, "host": "EXCH1", "key": "ab" * 32}
        until(lambda: collector.ask("/v1/enroll", "POST", json.dumps(body), JSON)[0] == 200)
        _, since = collector.agents.enrol("EXCH2")
    before.mkdir()
    for file in data.glob("mtawatch.db*"):
        file.rename(before / file.name)
    ended = run("restore", "--data", data, "--present", before, backup)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    for name in ("exch1", "exch2"):
        assert f"agent {name}: enrolled since the backup, so it stays enrolled" in ended.stdout
    with Collector(data) as collector:
        assert collector.ask("/v1/reports", "POST", json.dumps(minimal("EXCH1", 2)), {**JSON, **bearer(old)})[0] == 401
        report = {**minimal("EXCH2", 1), "agent": {**minimal("EXCH2")["agent"], "id": since.split(".")[0]}}
        assert collector.ask("/v1/reports", "POST", json.dumps(report), {**JSON, **bearer(since)})[0] == 200
        assert collector.ask("/v1/enroll", "POST", json.dumps(body), JSON)[0] == 200  # with the key that it has
        assert names_of(collector, "/v1/agents", "agents", "host") == {"exch1", "exch2"}


def change_file(file, sql):
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute(sql)
        db.commit()


def test_restore_brings_an_older_backup_up_to_date(tmp_path):
    backup, data = tmp_path / "old.db", tmp_path / "data"
    data.mkdir()
    body = json.dumps(minimal("EXCH1", 7)).encode()
    with contextlib.closing(sqlite3.connect(backup)) as db:
        db.executescript("""
            CREATE TABLE report (id INTEGER PRIMARY KEY, key TEXT NOT NULL, ordinal INTEGER NOT NULL,
              agent_id TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL,
              at_ms INTEGER NOT NULL, received_at_ms INTEGER NOT NULL, age_s INTEGER NOT NULL,
              body_hash INTEGER NOT NULL, encoding INTEGER NOT NULL, body BLOB NOT NULL);
            CREATE UNIQUE INDEX report_identity ON report (agent_id, epoch, sequence);
            CREATE UNIQUE INDEX report_ordinal ON report (key, ordinal);
            CREATE INDEX report_time ON report (key, at_ms, sequence);
            CREATE TABLE server (key TEXT PRIMARY KEY NOT NULL, report_id INTEGER NOT NULL,
              silent INTEGER NOT NULL, verdict TEXT NOT NULL, since_ms INTEGER NOT NULL,
              verdict_json TEXT NOT NULL, adapters_json TEXT NOT NULL);
            CREATE TABLE told (key TEXT PRIMARY KEY NOT NULL, verdict TEXT,
              number INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value) WITHOUT ROWID;
            INSERT INTO meta VALUES ('resumed', 0);
            PRAGMA application_id = 1836343671; PRAGMA user_version = 1;""")
        db.execute("INSERT INTO report VALUES (1, 'exch1', 1, 'a', 'e', 7, 1000, 1000, 0, 0, 0, ?)", (body,))
        db.execute("INSERT INTO server VALUES ('exch1', 1, 0, 'unknown', 0, ?, '[]')",
                   (json.dumps({"server": "EXCH1", "organization": None, "site": None,
                                "verdict": "unknown", "silent": False, "reasons": [],
                                "remedy": {"options": []}}),))
        db.commit()
    ended = run("check", backup)
    assert ended.returncode == 1 and "written by an older version" in ended.stderr
    ended = run("restore", "--data", data, backup)
    assert (ended.returncode, ended.stderr) == (0, "") and ended.stdout.startswith("Servers that were removed")
    assert check("--data", data) == "ok: 1 servers, 1 reports, 0 changes\n"
    with Collector(data) as collector:
        assert latest_sequences(collector) == {"EXCH1": 7}


@pytest.mark.parametrize("sql, fault", [
    ("UPDATE report SET body_hash = body_hash + 1 WHERE id = 2", "report number 2 is not what was"),
    ("UPDATE report SET body = zeroblob(20) WHERE id = 1", "report number 1 in "),
    ("DELETE FROM report WHERE id = (SELECT base_id FROM report WHERE base_id)",
     "has lost the report that it is based on"),
    ("UPDATE report SET host_id = 99 WHERE id = 1", "report number 1 is of a server that is not"),
    ("UPDATE report SET stream_id = 99 WHERE id = 1", "report number 1 is of an agent that is"),
    ("UPDATE report SET host_id = 2 WHERE id = 1", "report number 1 is of another server than its"),
    ("UPDATE host SET latest_id = 99", "server number 1 has no latest report"),
    ("UPDATE host SET latest_id = (SELECT max(id) FROM report WHERE host_id = 1) "
     "WHERE key = 'exch1'", "another server's report as its latest"),
    ("UPDATE host SET base_id = 1 WHERE id = 2", "server number 2 would be based on another"),
    ("INSERT INTO history VALUES (7, 99, 0, 'x', '{}')", "change number 7 is of a server that is"),
])
def test_check_finds_what_sqlite_does_not(tmp_path, sql, fault):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence in range(1, 4):
            for server in range(2):
                report = minimal(f"EXCH{server}", sequence)
                report["problems"] = [{"fact": "files/a", "code": 1, "message": "x" * 500 + str(n)}
                                      for n in range(5)]
                assert collector.post(report)[0] == 200
    assert check("--data", data).startswith("ok: 2 servers, 6 reports, ")
    change(data, sql)
    ended = run("check", "--data", data)
    assert ended.returncode == 1
    assert fault in ended.stdout and "is damaged" in ended.stderr


def hash_of_older_stores(text):
    """Of a body, as an integer of SQLite: FNV-1a, eight bytes at a time."""
    value, words = 0xcbf29ce484222325 ^ len(text), len(text) // 8 * 8
    for at in range(0, words, 8):
        value = (value ^ int.from_bytes(text[at:at + 8], "little")) * 0x100000001b3 % 2**64
        value ^= value >> 32
    for byte in text[words:]:
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return (value ^ value >> 29) - (2**64 if (value ^ value >> 29) >= 2**63 else 0)


def test_a_report_in_an_older_store_is_whole_and_is_known_again(tmp_path):
    data = tmp_path / "data"
    with Collector(data) as collector:
        body, _ = collector.signed(minimal("EXCH1", 1))
        assert collector.post(minimal("EXCH1", 1))[0] == 200
    hash_then = hash_of_older_stores(body)
    assert hash_then != query(data, "SELECT body_hash FROM report")
    change(data, f"UPDATE report SET body_hash = {hash_then}")
    check("--data", data)
    with Collector(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        assert collector.post({**minimal("EXCH1", 1), "duration_ms": 1})[0] == 409
    assert query(data, "SELECT count(*) FROM report") == 1


@pytest.mark.parametrize("faults", [100, 101])
def test_check_tells_a_hundred_faults_and_counts_the_others(tmp_path, faults):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence in range(1, 102):
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
    change(data, f"UPDATE report SET body_hash = body_hash + 1 WHERE id <= {faults}")
    ended = run("check", "--data", data)
    assert ended.returncode == 1
    assert len(ended.stdout.splitlines()) == 100 and f"damaged: {faults} faults" in ended.stderr


def test_an_export_of_several_pages_is_whole(tmp_path):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence in range(1, 130):
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
        lines = run("export", "--data", data).stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == list(range(1, 130))


MANY_AGENTS = """WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 3000)
INSERT INTO identity (kind, name, id, hash, role, made_by, made_at_ms, expires_at_ms)
SELECT kind, name || n, id, hash, role, made_by, made_at_ms, expires_at_ms FROM identity, number
WHERE kind = (SELECT kind FROM identity WHERE name = 'exch1')"""


@pytest.mark.parametrize("words", [["export"], ["agents", "list"], ["inventory", "list"]])
def test_a_listing_that_nobody_reads_keeps_the_log_from_nothing(tmp_path, words):
    data = tmp_path / "data"
    log = data / "mtawatch.db-wal"
    with Collector(data) as collector:
        for sequence in range(1, 40):
            problems = [{"fact": "files/a", "code": 1, "message": os.urandom(500).hex()} for _ in range(8)]
            assert collector.post(minimal("EXCH1", sequence, problems=problems))[0] == 200
        text = "".join(f"S{number:05},ORGANIZATION,SITE\n" for number in range(5000))
        assert collector.ask("/v1/inventory", "PUT", text)[0] == 200
        change(data, MANY_AGENTS)
        whole = run(*words, "--data", data).stdout
        with subprocess.Popen([PROGRAM, *words, "--data", data], stdout=subprocess.PIPE, text=True) as unread:
            assert unread.stdout.read(1)
            time.sleep(1)  # until the pipe is full
            assert unread.poll() is None
            assert collector.post(minimal("EXCH1", 40))[0] == 200
            until(lambda: log.stat().st_size == 0, lambda: f"the log has {log.stat().st_size} bytes", seconds=10)
            assert unread.poll() is None
            assert whole[1:] == unread.stdout.read() and unread.wait(PATIENCE) == 0


def test_what_a_foreign_file_would_do_is_not_done(tmp_path):
    """A backup with a trigger and a view in it, such as somebody might hand out."""
    data, backup, copy = tmp_path / "data", tmp_path / "backup.db", tmp_path / "copy"
    with Collector(data) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        assert run("backup", "--data", data, backup).returncode == 0
    change_file(backup, "CREATE TRIGGER bad AFTER INSERT ON meta BEGIN DELETE FROM report; END")
    change_file(backup, "CREATE TRIGGER worse AFTER DELETE ON meta BEGIN DELETE FROM report; END")
    change_file(backup, "CREATE TRIGGER late AFTER INSERT ON report BEGIN DELETE FROM server; END")
    copy.mkdir()
    assert run("restore", "--data", copy, backup).returncode == 0
    for name in ("admin-token", "enroll-secret"):
        shutil.copy(tmp_path / f"data.{name}", tmp_path / f"copy.{name}")
    with Collector(copy) as collector:
        assert collector.post(minimal("EXCH1", 2))[0] == 200
    assert check("--data", copy).startswith("ok: 1 servers, 2 reports")


def test_check_says_where_pages_are_damaged(tmp_path):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence in range(1, 40):
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
    file = data / "mtawatch.db"
    with contextlib.closing(sqlite3.connect(file)) as database:
        roots = [root for root, in database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name IN ('report', 'history', 'report_identity')")]
    pages = bytearray(file.read_bytes())
    for page in roots:  # numbered from 1; the schema itself stays readable
        pages[(page - 1) * 4096:(page - 1) * 4096 + 100] = b"\x5a" * 100
    file.write_bytes(pages)
    ended = run("check", file)
    assert ended.returncode == 1
    assert ended.stdout and str(file) in ended.stderr


def test_what_is_exported_is_what_came_and_assess_reads_it(tmp_path):
    data, folder = tmp_path / "data", tmp_path / "reports"
    with Collector(data) as collector:
        for sequence in range(1, 4):
            for server in ("EXCH1", "Exch-2.acme.example"):
                report = minimal(server, sequence)
                report["x_unknown"] = {"kept": [1, "\n", None]}
                assert collector.post(report, **{"Mtawatch-Report-Age": str(3 - sequence)})[0] == 200
        ended = run("export", "--data", data)
    assert (ended.returncode, ended.stderr) == (0, "")
    reports = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(report["host"]["name"], report["sequence"], report["age_s"]) for report in reports] == [
        (server, sequence, 3 - sequence)
        for server in ("EXCH1", "Exch-2.acme.example") for sequence in range(1, 4)]
    assert all(report["x_unknown"] == {"kept": [1, "\n", None]} for report in reports)
    assert all(report["received_at"].endswith("Z") for report in reports)

    one = run("export", "--data", data, "--server", "exch-2.ACME.example").stdout.splitlines()
    assert len(one) == 3
    at = reports[1]["received_at"]
    assert len(run("export", "--data", data, "--until", "2020-01-01T00:00:00Z").stdout) == 0
    assert len(run("export", "--data", data, "--since", at).stdout.splitlines()) < 6

    ended = run("export", "--data", data, "--directory", folder)
    assert (ended.returncode, ended.stdout) == (0, "")
    files = sorted(folder.iterdir())
    assert len(files) == 6 and files[0].name.startswith("exch-2-20")
    ended = run("assess", *files)
    assert ended.returncode == 0, ended.stderr
    assert len(json.loads(ended.stdout)) == 2


def test_wrong_usage_is_told(tmp_path):
    for arguments in (["backup"], ["restore"], ["check", "a", "b"], ["export", "x"],
                      ["export", "--since", "yesterday"], ["restore", "--replace", "x"]):
        ended = run(*arguments, "--data", tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("mtawatch-collector: ")
