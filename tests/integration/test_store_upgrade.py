"""The stores that collectors of each older schema left: stored_site.py says what lives in them. What runs here
is the present collector, at the time when the store was written."""

import contextlib
import hashlib
import json
import re
import sqlite3
import subprocess
import time

import pytest
import stored_site
from postgres import Postgres, programs
from running import JSON, PATIENCE, PROGRAM, Collector, ask, bearer
from stored_site import STORES, UNTOLD, VERDICTS, branch, stamped
from test_clock import Clock
from test_hook import Hook
from waiting import until

VERSIONS = sorted(int(file.stem) for file in STORES.glob("*.sql"))
# The schemas since which there is what
IDENTITIES, FLEET, HISTORY, IMPORTS, ALERTS, FORMER, REMARKS = 2, 4, 5, 6, 7, 11, 17
ALERTS_OF_A_DEGREE = 13  # the last schema that had them


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)


class Site:
    """The store of `version`, its secrets, and a clock that stands where the store was left."""

    def __init__(self, folder, version):
        self.version, self.data = version, folder / "data"
        self.who = stored_site.load(version, self.data)
        self.clock, self.hook, self.config = Clock(folder), Hook(folder / "hook"), folder / "collector.conf"
        self.off = int(self.who["now"]) + 30 - int(time.time())
        self.clock.set(self.off)
        self.config.write_text("[alerts]\ngroup-interval = 0s\n")
        if version >= IDENTITIES:
            (folder / "data.admin-token").write_text(self.who["admin"])
            (folder / "data.enroll-secret").write_text(self.who["secret"])

    def open(self):
        collector = Collector(self.data, "--config", self.config, "--hook-command", self.hook.program,
                              environment=self.clock.environment)
        for name, key in self.who.items():
            if name.startswith("agent "):
                collector.agents.know(name.removeprefix("agent "), key)
        return collector

    def stamp(self, report, sequence):
        return stamped(report, sequence, self.off)

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.data / "mtawatch.db")) as db:
            return db.execute(sql).fetchall()


@pytest.fixture(params=VERSIONS)
def site(request, tmp_path):
    return Site(tmp_path, request.param)


def shown(collector):
    return {server["server"]: server["verdict"] for server in collector.get("/v1/servers")["servers"]}


def expected(version):
    wanted = dict(VERDICTS)
    if version < FLEET:
        wanted[stored_site.REMOVED] = "clear"
    else:
        wanted[stored_site.NOT_MONITORED] = "not_monitored"
    if version >= IMPORTS:
        wanted[stored_site.CARRIED] = "clear"
    return wanted


def names(collector, path, member, name="name"):
    return {entry[name] for entry in collector.get(path)[member]}


def test_each_version_has_its_store(tmp_path):
    """Who adds a migration has the collector before it write stores/N.sql first."""
    with Collector(tmp_path / "data"):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / "data/mtawatch.db")) as db:
        now, = db.execute("PRAGMA user_version").fetchone()
    assert VERSIONS == list(range(1, now + 1))


def test_servers_and_reports_are_there_and_the_store_is_whole(site):
    texts_before = site.rows("SELECT count(*) FROM report")
    for _ in range(2):  # the second time nothing is left to do
        with site.open() as collector:
            assert shown(collector) == expected(site.version)
            for name, sequence in stored_site.SEQUENCES.items():
                if name in shown(collector):
                    assert collector.get("/v1/servers/" + name)["report"]["sequence"] == sequence
            for name in VERDICTS:
                report = collector.get(f"/v1/servers/{name}/report")
                assert (report["host"]["name"], report["sequence"]) == (name, stored_site.SEQUENCES[name])
        checked = run("check", "--data", site.data)
        assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
        assert site.rows("SELECT count(*) FROM report") == texts_before
        exported = run("export", "--data", site.data)
        assert exported.returncode == 0 and len(exported.stdout.splitlines()) == texts_before[0][0]


def test_a_report_is_taken_and_judged_by_what_its_site_has_proven(site):
    with site.open() as collector:
        assert shown(collector)["EXCH7"] == "exposed"
        status, answer = collector.post(site.stamp(branch(isolated=False)[0], 3))
        assert (status, answer["verdict"]) == (200, "at_risk")
        assert shown(collector) == expected(site.version) | {"EXCH7": "at_risk"}


def test_what_was_told_is_not_told_again_and_its_end_is_told_once(site):
    with site.open() as collector:
        untold, = site.hook.told(1)
        alert, = untold["alerts"]
        assert alert["server"] == UNTOLD
        if ALERTS <= site.version <= ALERTS_OF_A_DEGREE:  # it waited in the store, as that version wrote it
            assert (untold["status"], alert["condition"]) == ("resolved", "exposed")
        else:  # it goes on as what is left of it
            assert (untold["reason"], alert["before"], alert["condition"]) == ("eased", "exposed", "at_risk")
        firing = {(a["server"], a["condition"]) for a in collector.get("/v1/alerts?state=firing")["alerts"]}
        assert {("EXCH1", "exposed"), ("EXCH7", "exposed")} <= firing
        assert collector.post(site.stamp(branch()[0], 3))[0] == 200
        site.hook.told(1)
        assert collector.post(site.stamp(branch(isolated=False)[0], 4))[0] == 200
        end = site.hook.told(2)[1]
        assert (end["reason"], [(a["server"], a["before"]) for a in end["alerts"]]) == ("eased", [("EXCH7", "exposed")])
    with site.open():
        site.hook.told(2)


def test_alerts_about_one_exposure_become_one_incident(tmp_path):
    """Until schema 13 a degree was an alert of its own: the worst that fired stays, and nothing is told twice."""
    site = Site(tmp_path, ALERTS_OF_A_DEGREE)
    with contextlib.closing(sqlite3.connect(site.data / "mtawatch.db")) as db:
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(alert)")]
        row = dict(zip(columns, db.execute(
            "SELECT * FROM alert WHERE server = 'EXCH7' AND condition = 'exposed' AND state = 2").fetchone()))
        for extra, (condition, state, told) in enumerate([
                ("at_risk", 2, 1), ("failing", 3, 1), ("unknown", 1, 0)], start=1):
            more = row | {"id": row["id"] + extra, "condition": condition, "state": state, "told": told,
                          "resolved_ms": row["since_ms"] if state == 3 else None}
            db.execute(f"INSERT INTO alert VALUES ({', '.join('?' * len(columns))})", list(more.values()))
        db.commit()
    with site.open() as collector:
        site.hook.told(1)  # of another server, which waited
        firing, = (a for a in collector.get("/v1/alerts?state=firing")["alerts"] if a["server"] == "EXCH7")
        assert (firing["id"], firing["condition"]) == (str(row["id"]), "exposed")
        assert not [a for a in collector.get("/v1/alerts?state=pending")["alerts"] if a["server"] == "EXCH7"]
        acknowledged, = collector.get("/v1/alerts?acknowledged=true")["alerts"]
        assert [a["comment"] for a in acknowledged["acknowledgements"]] == ["on it"]
    assert site.rows("SELECT count(*) FROM alert WHERE state IN (1, 2) AND server = 'EXCH7'") == [(1,)]
    assert site.rows("SELECT count(*) FROM alert WHERE state = 3 AND notified = 1") == [(0,)]
    assert run("check", "--data", site.data).returncode == 0


def test_who_could_come_in_still_can_and_nobody_else(site):
    if site.version < IDENTITIES:
        pytest.skip("it had no identities")
    hashes = site.rows("SELECT kind, name, hash FROM identity")
    audit = site.rows("SELECT id, who, action, object FROM audit")
    with site.open() as collector:
        for name, may in (("watcher", False), ("shifts", True)):
            fields = bearer(site.who[name])
            assert collector.ask("/v1/servers", headers=fields)[0] == 200
            assert collector.ask("/v1/audit", headers=fields)[0] == (200 if may else 403)
        assert collector.ask("/v1/servers", headers={"Cookie": "mtawatch_session=" + site.who["session"]})[0] == 200
        assert names(collector, "/v1/tokens", "tokens") == {"admin", "watcher", "shifts"}
        assert names(collector, "/v1/agents", "agents", "host") >= {"exch1", "exch7", "spare"}
        assert collector.post(site.stamp(branch()[0], 3))[0] == 200
        with contextlib.closing(collector.connect(identified=False)) as new:
            body = json.dumps({"secret": site.who["secret"], "host": "NEW", "key": "1" * 64})
            assert ask(new, "/v1/enroll", "POST", body, JSON)[0] == 200
    assert set(hashes) <= set(site.rows("SELECT kind, name, hash FROM identity"))
    assert site.rows("SELECT id, who, action, object FROM audit")[:len(audit)] == audit


def test_what_people_said_of_servers_and_alerts_is_there(site):
    with site.open() as collector:
        if site.version >= HISTORY:
            kinds = [c["kind"] for c in collector.get("/v1/servers/EXCH1/history")["changes"]]
            assert kinds.count("verdict") == 2 and "reported" in kinds
        if site.version >= FLEET:
            assert names(collector, "/v1/inventory", "servers", "server") == {"EXCH1", "EXCH2", "EXCH9"}
            status, _, body = collector.ask("/v1/servers/" + stored_site.REMOVED)
            assert status == 410 and json.loads(body)["detail"].endswith(" by token shifts.")
        if site.version >= IMPORTS:
            assert collector.get("/v1/servers/EXCH6")["imported"]["by"] == "token shifts"
        if site.version >= ALERTS:
            alert, = collector.get("/v1/alerts?acknowledged=true")["alerts"]
            assert (alert["server"], alert["acknowledged"]["comment"]) == ("EXCH1", "on it")
            silence, = collector.get("/v1/silences")["silences"]
            assert (silence["matchers"], silence["comment"]) == ({"server": "LAB*"}, "moving")
            deliveries = collector.get("/v1/deliveries?limit=100")["deliveries"]
            assert len([d for d in deliveries if d["state"] == "done"]) >= 3
        owner, of_site = (collector.get("/v1/servers/" + name)["owner"] for name in ("EXCH1", "EXCH2"))
        if site.version >= REMARKS:
            assert (owner["name"], owner["by"], of_site["name"]) == ("Mail", "token shifts", "Headquarters")
        else:
            assert owner is of_site is None
            status, _, body = collector.ask("/v1/servers/EXCH1/remark", "PUT", '{"owner": "Mail"}', JSON)
            assert (status, json.loads(body)["owner"]["name"]) == (200, "Mail")
        if site.version >= FORMER:
            assert collector.ask("/v1/inventory/former/restore", "POST", "")[0] == 200
            assert names(collector, "/v1/inventory", "servers", "server") == {"EXCH1", stored_site.FORMER}


def digest(data):
    return hashlib.sha256((data / "mtawatch.db").read_bytes()).hexdigest()


@pytest.mark.parametrize("words", [
    ["serve", "--listen", "127.0.0.1:0"], ["check"], ["export"], ["token", "list"],
    ["token", "add", "new", "--role", "viewer"], ["agents", "list"], ["backup"], ["init", "--no-certificate"]],
    ids=" ".join)
def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path, words):
    site = Site(tmp_path, VERSIONS[-1])
    with contextlib.closing(sqlite3.connect(site.data / "mtawatch.db")) as db:
        db.execute(f"PRAGMA user_version = {VERSIONS[-1] + 1}")
    before = digest(site.data)
    more = [tmp_path / "copy.db"] if words == ["backup"] else []
    ended = run(*words, *more, "--data", site.data)
    assert ended.returncode == 1, ended.stdout
    assert re.search(r"mtawatch\.db' was written by a newer version of mtawatch-collector \(its schema is "
                     rf"{VERSIONS[-1] + 1}, this program knows {VERSIONS[-1]}\)", ended.stderr), ended.stderr
    assert digest(site.data) == before and not (tmp_path / "copy.db").exists()


# In PostgreSQL

OLDER = sorted(int(file.stem) for file in (STORES / "postgresql").glob("*.sql"))


@pytest.fixture(scope="module")
def databases():
    if not programs():
        pytest.skip("there is no PostgreSQL (Debian: postgresql)")
    with Postgres() as server:
        yield server


class Shared(Site):
    """The same in a database."""

    def __init__(self, folder, version, databases):
        super().__init__(folder, VERSIONS[0])
        self.databases, self.address = databases, databases.make_database()
        self.database = self.address.split("///")[1].split("?")[0]
        text = (STORES / f"postgresql/{version}.sql").read_text()
        databases.execute(text, self.database)
        self.who = dict(re.findall(r"^-- (.*) (\S+)$", text, re.MULTILINE))
        (self.data / "mtawatch.db").unlink()
        self.off = int(self.who["now"]) + 30 - int(time.time())
        self.clock.set(self.off)
        for name, key in (("admin-token", "admin"), ("enroll-secret", "secret")):
            (folder / f"data.{name}").write_text(self.who[key])

    def open(self, *arguments):
        return Collector(self.data, "--store", self.address, "--config", self.config, "--hook-command",
                         self.hook.program, *arguments, environment=self.clock.environment)

    def schema(self):
        return int(self.databases.execute("SELECT value FROM mtawatch.meta WHERE name = 'schema'", self.database))


@pytest.fixture(params=OLDER)
def shared(request, tmp_path, databases):
    return Shared(tmp_path, request.param, databases)


def test_each_version_of_the_tables_has_its_store(tmp_path, databases):
    """Who adds a step has the collector before it fill a database first: 1.sql is schema 16 of the other engine,
    restored, and what `pg_dump --schema=mtawatch --no-owner --no-privileges --inserts` prints of that."""
    shared = Shared(tmp_path, OLDER[-1], databases)
    with shared.open():
        assert OLDER == list(range(1, shared.schema()))


def test_a_database_of_an_older_version_is_brought_up_to_date_by_whoever_judges(shared):
    for _ in range(2):  # the second time nothing is left to do
        with shared.open() as collector:
            assert shown(collector) == expected(VERSIONS[-1])
            alert, = collector.get("/v1/alerts?acknowledged=true")["alerts"]
            assert (alert["server"], alert["acknowledged"]["comment"]) == ("EXCH1", "on it")
            status, _, body = collector.ask("/v1/servers/EXCH1/remark", "PUT", '{"note": "rack 3"}', JSON)
            assert (status, json.loads(body)["note"]["text"]) == (200, "rack 3")
        assert shared.schema() == OLDER[-1] + 1
        checked = run("check", "--store", shared.address, "--data", shared.data)
        assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout


@pytest.mark.parametrize("words", [["check"], ["token", "list"], ["export"], ["init", "--no-certificate"]], ids=" ".join)
def test_the_terminal_leaves_a_database_of_an_older_version_alone(shared, words):
    before = shared.schema()
    ended = run(*words, "--store", shared.address, "--data", shared.data)
    assert ended.returncode == 1, ended.stdout
    assert f"(its schema is {before}, this program knows {OLDER[-1] + 1}): a collector of this version brings it up" in (
        ended.stderr), ended.stderr
    assert shared.schema() == before


def test_a_collector_that_does_not_judge_leaves_an_older_database_alone(shared):
    """It stands by beside a judge of the older version, which says so once a second."""
    shared.databases.execute(
        "SET search_path = mtawatch; INSERT INTO collector VALUES ('old', gen_random_uuid(), 1, '', '0.1.9', '', 'judges',"
        " now_ms(), now_ms(), 0, now_ms()); UPDATE lease SET token = gen_random_uuid(), node = 'old', epoch = epoch + 1",
        shared.database)
    before = shared.schema()
    collector = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", shared.data, "--store",
                                  shared.address, "--takeover-after", "4"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(20):
            shared.databases.execute("UPDATE mtawatch.collector SET beat = beat + 1 WHERE node = 'old'", shared.database)
            assert shared.schema() == before and collector.poll() is None
            time.sleep(0.3)
        until(lambda: shared.schema() == OLDER[-1] + 1)  # it judges: nobody else gives a sign
    finally:
        collector.terminate()
        _, log = collector.communicate()
    assert log.index("stands by: old judges") < log.index("info: judges"), log
