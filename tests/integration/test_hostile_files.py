"""Stores with bytes that are not theirs, as a bad disk or somebody with an editor leaves them: whatever stands in
them, the collector says that its store is damaged or serves what is whole; it never crashes, and `check` ends.

MTAWATCH_HOSTILE=long: a thousand stores."""

import contextlib
import http.client
import os
import random
import signal
import sqlite3
import subprocess

import pytest
import stored_site
from running import PATIENCE, PROGRAM, bearer

DAMAGES = 1000 if os.environ.get("MTAWATCH_HOSTILE") == "long" else 16
VERSION = max(int(file.stem) for file in stored_site.STORES.glob("*.sql"))
CELLS = ["report.body", "report.encoding", "report.base_id", "report.stream_id", "host.key", "host.latest_id",
         "host.base_id", "server.verdict", "server.verdict_json", "server.adapters_json", "history.kind",
         "history.detail", "alert.state", "alert.notified", "alert.clocks", "alert.options", "alert.acknowledgements", "alert.condition", "alert.since_ms", "delivery.state",
         "delivery.body", "silence.ends_ms", "identity.kind", "identity.role", "identity.hash", "identity.id",
         "expected.since_ms", "removal.at_ms", "audit.kind", "meta.value"]
VALUES = [None, -1, 0, 2**63 - 1, -2**63, 1e308, "", "x" * 70000, "\x1b]0;\x07", "{", "[[", "[" * 5000, b"\xff" * 300,
          b"", '{"verdict":17}', "\ud7ff\u202e"]


def run(*words):
    ended = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, errors="replace",
                           timeout=PATIENCE)
    assert ended.returncode in (0, 1) and "Sanitizer" not in ended.stderr, ended.stderr
    return ended


def flip(data, dice):
    """A few bytes, or a stretch that is zero or another place's."""
    file = data / "mtawatch.db"
    content = bytearray(file.read_bytes())
    for _ in range(dice.choice([1, 1, 4, 64])):
        at, n = dice.randrange(len(content)), dice.choice([1, 2, 8, 600])
        other = dice.randrange(len(content))
        content[at:at + n] = dice.choice([bytes(n), dice.randbytes(n), content[other:other + n]])
    file.write_bytes(content)


def scribble(data, dice):
    """Values that SQLite takes and no collector wrote, in every row of a column."""
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        for cell in dice.sample(CELLS, 3):
            table, column = cell.split(".")
            with contextlib.suppress(sqlite3.IntegrityError):  # NOT NULL, UNIQUE
                db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (dice.choice(VALUES),))
        db.commit()


def look_at_everything(port, token):
    """Every answer is one, whatever it says."""
    for path in ("/v1/servers", "/v1/servers.csv", "/v1/servers/EXCH1", "/v1/servers/EXCH1/history",
                 "/v1/servers/EXCH1/report", "/v1/sites", "/v1/sites/ACME/HQ/matrix", "/v1/inventory", "/v1/agents",
                 "/v1/tokens", "/v1/secrets", "/v1/audit", "/v1/alerts", "/v1/silences", "/v1/deliveries", "/metrics",
                 "/readyz"):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers=bearer(token))
            answer = connection.getresponse()
            answer.read()
            assert 200 <= answer.status < 600, path


def serve(data, token):
    """Serves what it can; or has said why it does not."""
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", data],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        line = process.stdout.readline()
        if line:
            look_at_everything(int(line.rsplit(":", 1)[1]), token)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode in (0, 1) and "Sanitizer" not in errors and "runtime error" not in errors, errors
    assert line or "mtawatch.db" in errors or "store" in errors, errors


@pytest.mark.parametrize("damage", [flip, scribble])
@pytest.mark.parametrize("part", range(4))
def test_a_damaged_store_is_told_and_crashes_nothing(tmp_path, damage, part):
    for seed in range(part, DAMAGES, 4):
        data = tmp_path / f"data{seed}"
        who = stored_site.load(VERSION, data)
        damage(data, random.Random(seed))
        checked = run("check", "--data", data)
        serve(data, who["admin"])
        run("export", "--data", data)
        if checked.returncode == 1:
            assert checked.stderr


def text_columns(db, table):
    return [name for name, in db.execute(
        "SELECT name FROM pragma_table_info(?) WHERE type = 'TEXT' AND ([notnull] OR pk)", (table,))]


def blank(data, table, column):
    """NULL in a column that is NOT NULL, as it is where the type of a value has been overwritten."""
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        sql, = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
        for text, act in [(sql.replace(" NOT NULL", ""), f"UPDATE OR IGNORE {table} SET {column} = NULL"), (sql, "")]:
            version, = db.execute("PRAGMA schema_version").fetchone()
            db.execute("PRAGMA writable_schema = ON")
            db.execute("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (text, table))
            db.execute(f"PRAGMA schema_version = {version + 1}")
            db.execute("PRAGMA writable_schema = OFF")
            db.execute(act)
            db.commit()


@pytest.mark.parametrize("table", ["alert", "audit", "delivery", "expected", "history", "hook", "identity", "removal",
                                   "server", "silence", "stream"])
def test_a_text_that_has_become_null_crashes_nothing(tmp_path, table):
    who = stored_site.load(VERSION, tmp_path / "first")
    with contextlib.closing(sqlite3.connect(tmp_path / "first/mtawatch.db")) as db:
        columns = text_columns(db, table)
    assert columns
    for column in columns:
        data = tmp_path / column
        stored_site.load(VERSION, data)
        blank(data, table, column)
        serve(data, who["admin"])


@pytest.mark.parametrize("seed", [11, 538])
def test_an_export_of_servers_that_follow_themselves_ends(tmp_path, seed):
    """Damage of which a table gives the same server again and again."""
    who = stored_site.load(14, tmp_path / "data")
    flip(tmp_path / "data", random.Random(seed))
    serve(tmp_path / "data", who["admin"])
    assert "is damaged" in run("export", "--data", tmp_path / "data").stderr
