"""Several collectors on one database: one judges, the others stand by and take over."""

import contextlib
import functools
import http.client
import json
import re
import select
import signal
import socket
import time
from pathlib import Path

import pytest
from cluster_rig import TAKEOVER_S, Load, Wired, cluster, hooked, seconds_until, states, stopped
from postgres import Postgres, programs
from receiver import Receiver
from running import JSON, PATIENCE, Collector, exposed_site, minimal, samples
from terminal import fails, succeeds
from test_openapi import check
from waiting import until

pytestmark = [pytest.mark.usefixtures("own_scratch"),
              pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")]


@pytest.fixture(scope="module")
def shared_server():
    with Postgres() as server:
        yield server


def started(first, second):
    """The first one judges."""
    first.start()
    until(first.judges, first.log)
    second.start()
    until(second.stands_by, second.log)
    until(lambda: states(first) == {"c1": "judging", "c2": "standby"}, lambda: states(first))
    return first, second


@pytest.fixture
def pair(tmp_path, shared_server):
    with cluster(tmp_path, shared_server.make_database(), "c1", "c2") as members:
        yield started(*members)


def database_of(store):
    return store.split("?")[0].rsplit("/", 1)[1]


@pytest.fixture
def wired_pair(tmp_path, shared_server):
    make = functools.partial(Wired, database=database_of(shared_server.make_database()))
    with cluster(tmp_path, [shared_server], "c1", "c2", make=make) as members:
        yield started(*members)


def test_one_judges_and_the_other_stands_by_and_says_so(pair):
    judge, standby = pair
    time.sleep(TAKEOVER_S + 1)
    assert judge.judges() and standby.stands_by()
    assert judge.readiness() == (200, "[+]store ok\n[+]judge: this collector, c1, judges\n")
    said = f"[+]store ok\n[+]standby: this collector, c2, stands by; the collector c1 judges, at {judge.url}\n"
    assert standby.readiness() == (200, said) and standby.readiness("?judge") == (503, said)
    assert standby.ask("/livez", headers={"Authorization": ""})[0] == 200
    for path, method in (("/v1/servers", "GET"), ("/v1/reports", "POST"), ("/v1/enroll", "POST"), ("/", "GET")):
        status, headers, body = standby.ask(path, method, "{}" if method == "POST" else None, {"Authorization": ""})
        problem = json.loads(body)
        assert (status, problem["code"], problem["judge"]) == (503, "not_the_judge", judge.url), path
        assert problem["detail"] == f"This collector stands by; the collector c1 judges, at {judge.url}."
    status, headers, body = standby.ask("/metrics", headers={"Authorization": ""})
    assert status == 200 and b"mtawatch_judges 0" in body
    assert b"mtawatch_servers" not in body and b"mtawatch_ready" not in body
    assert samples(judge, "mtawatch_judges") == {"": 1}


def test_a_browser_is_led_to_the_judge(pair):
    judge, standby = pair
    page = {"Accept": "text/html,application/xhtml+xml", "Authorization": ""}
    status, headers, _ = standby.ask("/login?next=%2Falerts", headers=page)
    assert (status, headers["Location"]) == (307, judge.url + "/login?next=%2Falerts")
    assert standby.ask("/v1/reports", "POST", "{}", page)[0] == 503
    through = {**page, "Host": judge.url.removeprefix("http://")}  # a proxy that leads to the wrong one
    assert standby.ask("/", headers=through)[0] == 503


def test_a_judge_that_is_killed_is_taken_over_from(pair):
    judge, standby = pair
    with Load(pair) as load:
        load.wait_for_more()
        judge.stop(signal.SIGKILL)
        took = seconds_until(standby.judges, standby.log)
        load.wait_for_more()
        judge.start()
        until(judge.stands_by, judge.log)
    assert took > TAKEOVER_S - 1
    print(f"taken over {took:.1f} s after the kill")
    assert (503, "not_the_judge") in load.answers
    load.assert_nothing_lost(judge.store)


def test_a_judge_that_ends_orderly_is_taken_over_from_at_once(pair):
    judge, standby = pair
    with Load(pair) as load:
        load.wait_for_more()
        assert judge.stop() == 0
        took = seconds_until(standby.judges, standby.log)
        load.wait_for_more()
    print(f"taken over {took:.1f} s after its end")
    assert took < TAKEOVER_S
    load.assert_nothing_lost(judge.store)


def test_a_judge_that_starts_again_takes_up_its_own_lease(pair):
    judge, standby = pair
    judge.stop(signal.SIGKILL)
    judge.start()
    assert seconds_until(judge.judges, judge.log) < TAKEOVER_S
    assert standby.stands_by()


def test_a_judge_that_was_stopped_judges_no_more_when_it_goes_on(pair):
    judge, standby = pair
    with Load(pair) as load:
        load.wait_for_more()
        with stopped(judge):
            took = seconds_until(standby.judges, standby.log)
            load.wait_for_more()
        until(judge.stands_by, judge.log)
        load.wait_for_more()
        assert standby.judges()
    print(f"taken over {took:.1f} s after the stop")
    assert "judges no more: c2 took over" in judge.log()
    assert judge.process.poll() is None  # it is the same process
    load.assert_nothing_lost(judge.store)


@contextlib.contextmanager
def commit_under_way(judge, report):
    """A report that the judge stores: its commit comes to the database when it is let go."""
    connection = http.client.HTTPConnection("127.0.0.1", judge.port, timeout=PATIENCE)
    wire, = judge.wires.values()

    def send():
        body, headers = judge.agents.sign(json.dumps(report))
        connection.request("POST", "/v1/reports", body, {**JSON, **headers})

    def is_held():
        if select.select([connection.sock], [], [], 0)[0]:  # a busy machine's judge may be unsure of its lease
            assert connection.getresponse().read() and not wire.held
            send()
        return wire.held

    with contextlib.closing(connection), contextlib.ExitStack() as held:
        held.enter_context(wire.holding(b"\0add_reports_"))  # the statement, amid its transaction
        send()
        until(is_held, judge.log)
        yield connection, held.close


@pytest.mark.parametrize("fenced", [True, False])
def test_a_commit_that_another_judge_overtook_is_refused_by_the_fence_alone(wired_pair, shared_server, fenced):
    """Without the fence it is stored, so that nothing else can have refused it with the fence."""
    judge, standby = wired_pair
    database = database_of(judge.store)

    def stored():
        return shared_server.execute("SELECT array_agg(sequence) FROM mtawatch.report", database)

    assert judge.post(minimal("EXCH1", 1))[0] == 200
    if not fenced:
        shared_server.execute("CREATE OR REPLACE FUNCTION mtawatch.fence(mine uuid) RETURNS void LANGUAGE plpgsql AS "
                              "$$ BEGIN END $$", database)
    so_far = len(shared_server.log())
    with commit_under_way(judge, minimal("EXCH1", 2)) as (answer, let_go):
        with stopped(judge):
            until(standby.judges, standby.log)
            shared_server.execute("DELETE FROM mtawatch.feed WHERE epoch > 1", database)  # else a number is taken twice
            let_go()
            if fenced:
                until(lambda: "another collector judges" in shared_server.log()[so_far:])
            else:
                until(lambda: stored() == "{1,2}", stored)
        if fenced:
            assert answer.getresponse().status == 503 and stored() == "{1}"
            until(judge.stands_by, judge.log)


def test_one_that_is_asked_to_end_while_it_begins_anew_ends(wired_pair, shared_server):
    """And stores what waits before."""
    judge, standby = wired_pair
    assert judge.post(minimal("EXCH1", 1))[0] == 200
    with commit_under_way(judge, minimal("EXCH1", 2)) as (answer, let_go):
        shared_server.execute("UPDATE mtawatch.lease SET next = 'c2'", database_of(judge.store))
        until(lambda: "hands over to c2" in judge.log(), judge.log)
        judge.process.send_signal(signal.SIGTERM)
        let_go()
        assert answer.getresponse().status == 200
    assert judge.process.wait(PATIENCE) == 0
    until(standby.judges, standby.log)


CHECK_ONLY = """
CREATE OR REPLACE FUNCTION mtawatch.fence(mine uuid) RETURNS void LANGUAGE plpgsql SET search_path = mtawatch
AS $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM lease WHERE scope = 'judge' AND token = mine) THEN
    RAISE EXCEPTION 'another collector judges' USING ERRCODE = 'MW001';
  END IF;
  PERFORM set_config('lock_timeout', '60s', true); -- on a busy machine somebody takes over later than within ten
  END $$"""
UNDER_WAY = """
SELECT l.epoch, (SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE relation = 'mtawatch.feed'::regclass AND NOT granted AND query LIKE 'INSERT%')::int,
  (SELECT max(sequence) FROM mtawatch.report) FROM mtawatch.lease l"""


@pytest.mark.parametrize("locks", [True, False])
def test_nobody_takes_over_in_the_midst_of_a_commit(pair, shared_server, locks):
    """A fence that only checks lets a commit through that began before the takeover and ends after it."""
    judge, standby = pair
    database = database_of(judge.store)

    def under_way():
        """The lease, whether the commit waits (not the sweep), and what is stored, as of one moment."""
        return tuple(map(int, shared_server.execute(UNDER_WAY, database).split("|")))

    assert judge.post(minimal("EXCH1", 1))[0] == 200
    if not locks:
        shared_server.execute(CHECK_ONLY, database)
    body, headers = judge.agents.sign(json.dumps(minimal("EXCH1", 2)))
    connection = http.client.HTTPConnection("127.0.0.1", judge.port, timeout=PATIENCE)
    with contextlib.ExitStack() as at_the_end:
        with shared_server.holding("LOCK TABLE mtawatch.feed IN EXCLUSIVE MODE", database):
            connection.request("POST", "/v1/reports", body, {**JSON, **headers})
            until(lambda: under_way()[1] == 1, under_way)
            at_the_end.enter_context(stopped(judge))
            if locks:
                end = time.monotonic() + TAKEOVER_S + 1  # of ten seconds that the commit waits
                while time.monotonic() < end:
                    assert under_way() == (1, 1, 1)
            else:
                until(lambda: under_way()[0] == 2, under_way)
                assert under_way()[1:] == (1, 1)
        until(lambda: under_way()[2] == 2, under_way)
        until(standby.judges, standby.log)
    until(judge.stands_by, judge.log)


def test_a_judge_that_was_stopped_tells_nothing_that_another_has_told(tmp_path, shared_server):
    with Receiver(first=[(503, {})]) as receiver, cluster(
            tmp_path, shared_server.make_database(), "c1", "c2", arguments=hooked(tmp_path, receiver)) as (judge, standby):
        judge.start()
        until(judge.judges, judge.log)
        standby.start()
        until(standby.stands_by, standby.log)
        for report in exposed_site():
            assert judge.post(report)[0] == 200
        receiver.wait(1)  # that it is exposed; tried again in five seconds
        with stopped(judge):
            until(standby.judges, standby.log)
            receiver.wait(2)
            time.sleep(5)
        until(judge.stands_by, judge.log)
        time.sleep(2)
        assert len(receiver.requests) == 2
        assert receiver.notifications()[0] == receiver.notifications()[1]


def test_two_that_start_at_once_agree(tmp_path, shared_server):
    with cluster(tmp_path, shared_server.make_database(), "c1", "c2", "c3") as members:
        for member in members:
            member.start()
        until(lambda: sum(member.judges() for member in members) == 1)
        until(lambda: sum(member.stands_by() for member in members) == 2)
        time.sleep(TAKEOVER_S)
        assert [sum(member.judges() for member in members), sum(member.stands_by() for member in members)] == [1, 2]


def test_a_second_process_of_one_name_ends_the_first(tmp_path, shared_server):
    with cluster(tmp_path, shared_server.make_database(), "c1", "c2") as (first, second):
        first.start()
        until(first.judges, first.log)
        second.node = "c1"
        second.start()
        assert first.process.wait(PATIENCE) == 1
        assert "another process works on the database" in first.log()
        until(second.judges, second.log)
        first.process = None


def test_all_end_whose_database_becomes_another_fleets(pair, shared_server, tmp_path):
    """By a backup that is restored there while they run, over connections that stay."""
    judge, standby = pair
    database = database_of(judge.store)
    succeeds("backup", tmp_path / "backup.db", "--store", judge.store)
    shared_server.drop_store(database)
    succeeds("restore", "--data", tmp_path / "other", "--store", judge.store, tmp_path / "backup.db")
    for member in pair:
        assert member.process.wait(PATIENCE) == 1
        member.process = None
        assert "has the store of another fleet" in member.log()
    assert shared_server.execute("SELECT count(*) FROM mtawatch.collector", database) == "0"


def test_judging_is_handed_over_in_order(pair):
    judge, standby = pair
    with Load(pair) as load:
        load.wait_for_more()
        begin = time.monotonic()
        succeeds("collectors", "handover", "c2", "--store", judge.store)
        took = time.monotonic() - begin
        assert standby.judges()
        until(lambda: states(standby)["c1"] == "standby", judge.log)
        load.wait_for_more()
        assert judge.ask("/v1/collectors/c2/handover", "POST")[0] == 503  # it does not judge
        assert standby.ask("/v1/collectors/c9/handover", "POST")[0] == 404
        status, _, body = standby.ask("/v1/collectors/c2/handover", "POST")
        assert (status, json.loads(body)["code"]) == (409, "not_standing_by")
        assert standby.ask("/v1/collectors/c1/handover", "POST")[0] == 204
        until(judge.judges, judge.log)
        until(standby.stands_by, standby.log)
        load.wait_for_more()
    print(f"handed over in {took:.1f} s")
    assert "hands over to c2" in judge.log() and "hands over to c1" in standby.log()
    lines = judge.get("/v1/audit")["lines"]
    assert [(line["action"], line["object"]) for line in lines if line["action"] == "collector.handover"] == \
        [("collector.handover", "c1"), ("collector.handover", "c2")]
    load.assert_nothing_lost(judge.store)


def test_the_service_manager_hears_of_a_new_beginning_and_of_no_end(tmp_path, shared_server, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, cluster(
            tmp_path, shared_server.make_database(), "c1", "c2") as (judge, standby):
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        judge.start()
        until(judge.judges, judge.log)
        monkeypatch.delenv("NOTIFY_SOCKET")
        standby.start()
        until(lambda: states(judge).get("c2") == "standby")
        pid = judge.process.pid
        succeeds("collectors", "handover", "c2", "--store", judge.store)
        until(judge.stands_by, judge.log)
        told = []
        while not (told and told[-1].endswith(", stands by") and any("RELOADING=1" in text for text in told)):
            told.append(manager.recv(512).decode())
        anew = next(i for i, text in enumerate(told) if "RELOADING=1" in text)
        assert all(text.startswith("READY=1\n") for text in told[:anew] + told[anew + 1:]), told
        assert judge.process.poll() is None and judge.process.pid == pid


# Nobody can store anything with the first lease, although the database answers.
REFUSE_THE_FIRST = """
CREATE FUNCTION mtawatch.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON mtawatch.feed FOR EACH ROW WHEN (NEW.epoch = 1)
  EXECUTE FUNCTION mtawatch.refuse()"""


def test_who_cannot_store_for_a_minute_gives_the_lease_to_another(pair, shared_server):
    judge, standby = pair
    assert judge.post(minimal("EXCH1", 1))[0] == 200
    shared_server.execute(REFUSE_THE_FIRST, database_of(judge.store))
    assert judge.post(minimal("EXCH1", 2))[0] == 503
    assert "said: not this one" in judge.readiness()[1]
    until(standby.judges, standby.log, seconds=120)
    assert "has not been ready for a minute: c2 is to judge" in judge.log()
    assert standby.post(minimal("EXCH1", 2))[0] == 200
    until(judge.stands_by, judge.log)


def test_what_is_handed_over_to_one_that_died_is_taken_by_another(pair, shared_server):
    judge, standby = pair
    with stopped(standby):
        database = database_of(judge.store)
        shared_server.execute("UPDATE mtawatch.lease SET next = 'c2'", database)
        until(judge.stands_by, judge.log)
        took = seconds_until(judge.judges, judge.log)
    assert took > TAKEOVER_S - 2
    until(standby.stands_by, standby.log)


def test_the_list_tells_who_judges_and_who_does_not_run(pair):
    judge, standby = pair
    check("GET /v1/collectors", *judge.ask("/v1/collectors"))
    said = judge.get("/v1/collectors")
    assert (said["judge"], said["lease"]) == ("c1", 1)
    assert [(row["node"], row["state"], row["judges"], row["runs"], row["url"], row["settings_differ"])
            for row in said["collectors"]] == [("c1", "judging", True, True, judge.url, ""),
                                               ("c2", "standby", False, True, standby.url, "")]
    assert all(abs(row["clock_ahead_ms"]) < 2000 for row in said["collectors"])
    listed = succeeds("collectors", "list", "--store", judge.store).splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["c1", "judging"], ["c2", "standby"]]
    assert judge.ask("/v1/collectors/c2", "DELETE")[0] == 409
    assert "c2 runs" in fails("collectors", "forget", "c2", "--store", judge.store)
    standby.arguments = ("--keep-changes", "17")
    standby.stop(signal.SIGKILL)
    standby.start()
    until(standby.stands_by, standby.log)
    until(lambda: judge.get("/v1/collectors")["collectors"][1]["settings_differ"] == "keep-changes")
    assert "has other settings: keep-changes" in succeeds("collectors", "list", "--store", judge.store)
    assert standby.stop() == 0
    until(lambda: judge.get("/v1/collectors")["collectors"][1]["state"] == "ended")
    assert judge.ask("/v1/collectors/c2", "DELETE")[0] == 204
    line = judge.get("/v1/audit?limit=1")["lines"][0]
    assert (line["action"], line["object"]) == ("collector.forget", "c2")
    assert "no collector 'c2'" in fails("collectors", "forget", "c2", "--store", judge.store)
    until(lambda: [row["node"] for row in judge.get("/v1/collectors")["collectors"]] == ["c1"])


def test_one_that_died_is_an_alert_until_it_is_forgotten(tmp_path, shared_server):
    """The collector looks for its own ills once a minute."""
    file = tmp_path / "alerts.conf"
    file.write_text("[alerts]\nhold-collector = 0s\n")
    with cluster(tmp_path, shared_server.make_database(), "c1", "c2", arguments=("--config", file)) as (judge, second):
        second.start()
        until(second.judges, second.log)
        second.stop(signal.SIGKILL)
        judge.start()
        until(judge.judges, judge.log)
        until(lambda: not judge.get("/v1/collectors")["collectors"][1]["runs"])
        judge.stop()  # the look at its start finds it
        judge.start()
        until(judge.judges, judge.log)
        fired = until(lambda: judge.get("/v1/alerts?condition=collector")["alerts"], seconds=90)
        assert "had not ended: c2." in fired[0]["text"]
        succeeds("collectors", "forget", "c2", "--store", judge.store)
        until(lambda: not judge.get("/v1/alerts?condition=collector&state=firing")["alerts"], seconds=90)


# What one of them says of its clock, as if that were so far ahead.
CLOCK_AHEAD = """
CREATE FUNCTION mtawatch.ahead() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.clock_ms := NEW.clock_ms + {ms}; RETURN NEW; END $$;
CREATE TRIGGER ahead BEFORE INSERT ON mtawatch.collector FOR EACH ROW WHEN (NEW.node = 'c2')
  EXECUTE FUNCTION mtawatch.ahead()"""


@pytest.mark.parametrize("ms", [1000, 30000])
def test_clocks_that_are_apart_are_an_alert(tmp_path, shared_server, ms):
    """The one that is handed over to looks at once."""
    file = tmp_path / "alerts.conf"
    file.write_text("[alerts]\nhold-collector = 0s\n")
    with cluster(tmp_path, shared_server.make_database(), "c1", "c2", arguments=("--config", file)) as (first, second):
        database = database_of(first.store)
        shared_server.execute(CLOCK_AHEAD.format(ms=ms), database)
        first.start()
        until(first.judges, first.log)
        second.start()
        until(lambda: states(first).get("c2") == "standby")
        succeeds("collectors", "handover", "c2", "--store", first.store)
        until(second.judges, second.log)
        until(first.stands_by, first.log)
        if ms < 5000:
            time.sleep(2)
            assert second.get("/v1/alerts?condition=collector")["alerts"] == []
            return
        fired = until(lambda: second.get("/v1/alerts?condition=collector&state=firing")["alerts"], seconds=90)
        said = fired[0]["text"]
        assert re.search(r"clocks of the collectors are apart; .*: c1 -?[01]\.\d s, c2 (29|30)\.\d s\.", said), said
        shared_server.execute("DROP TRIGGER ahead ON mtawatch.collector", database)
        until(lambda: all(row["clock_ahead_ms"] < 5000 for row in second.get("/v1/collectors")["collectors"]))
        succeeds("collectors", "handover", "c1", "--store", first.store)
        until(first.judges, first.log)
        until(lambda: not first.get("/v1/alerts?condition=collector&state=firing")["alerts"], seconds=90)


def test_confirmed_commits_that_are_gone_are_an_alert(tmp_path, shared_server):
    """As of a standby that took over without them. The collector that looks is another run than the one that saw it."""
    with cluster(tmp_path, shared_server.make_database(), "c1") as (collector,):
        database = database_of(collector.store)
        collector.start()
        until(collector.judges, collector.log)
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        kept = shared_server.execute("SELECT max(id) FROM mtawatch.feed", database)
        for sequence in (2, 3, 4):
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
        shared_server.execute(f"DELETE FROM mtawatch.feed WHERE id > {kept}; "
                              "DELETE FROM mtawatch.report WHERE sequence > 1; "
                              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                              f"application_name = 'mtawatch/writer' AND datname = '{database}'", database)
        lost = until(lambda: samples(collector, "mtawatch_store_lost_commits_total")[""])
        until(lambda: collector.post(minimal("EXCH1", 5))[0] == 200)
        assert lost >= 3
        assert collector.stop() == 0
        collector.start()
        until(collector.judges, collector.log)
        fired = until(lambda: collector.get("/v1/alerts?condition=store_lost&state=firing")["alerts"], seconds=90)
        assert f"has lacked the last {lost:.0f} commits that it had confirmed" in fired[0]["text"]


def test_the_embedded_store_knows_of_no_other_collector(tmp_path):
    with Collector(tmp_path / "data") as collector:
        nobody = {"judge": None, "judges_since": None, "lease": 0, "collectors": []}
        assert collector.get("/v1/collectors") == nobody
        assert collector.ask("/readyz?judge")[2] == b"[+]store ok\n"
        assert "only collectors whose store is in a database" in fails("collectors", "list", "--data", tmp_path / "data")


# The tables of an older version

MIGRATING = """SELECT l.epoch, (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND
  state = 'active' AND query LIKE 'SELECT fence(%CREATE TABLE%'), (SELECT value FROM mtawatch.meta WHERE name = 'schema')
  FROM mtawatch.lease l"""
OLDER = max((Path(__file__).parent / "stores/postgresql").glob("*.sql"), key=lambda file: int(file.stem))
GATE = """CREATE TABLE public.gate (is_shut boolean);
CREATE FUNCTION public.wait_at_gate() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN WHILE EXISTS (SELECT 1 FROM public.gate) LOOP PERFORM pg_sleep(0.05); END LOOP; END $$;
CREATE EVENT TRIGGER gate ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.wait_at_gate()"""


class Migration:
    """Two collectors, not started yet, on a database whose tables the version before this one has made."""

    def __init__(self, members, server):
        self.members, self.server, self.database = members, server, database_of(members[0].store)
        self.older = int(OLDER.stem)
        text = OLDER.read_text()
        server.drop_store(self.database)
        server.execute(text, self.database)
        server.execute(GATE, self.database)
        for member in members:
            (member.directory / "fleet").unlink()  # of the tables that were there

    def state(self):
        """(epoch of the lease, migrations that wait, the tables' version), as of one moment."""
        return tuple(map(int, self.server.execute(MIGRATING, self.database).split("|")))

    @contextlib.contextmanager
    def held(self):
        """Amid it, when the first of its tables is made, for the half a minute that a statement may take; the epoch."""
        self.server.execute("INSERT INTO public.gate VALUES (true)", self.database)
        first = self.members[0].start()
        until(lambda: self.state()[1] == 1, first.log)
        yield self.state()[0]
        self.server.execute("DELETE FROM public.gate", self.database)

    def assert_finished_by(self, judge):
        until(judge.judges, judge.log)
        assert self.state()[1:] == (0, self.older + 1)
        succeeds("check", "--store", judge.store, "--data", judge.directory)


@pytest.fixture
def migration(tmp_path, shared_server):
    with cluster(tmp_path, shared_server.make_database(), "c1", "c2") as members:
        yield Migration(members, shared_server)


def test_nobody_takes_over_in_the_midst_of_a_migration(migration):
    """Whose collector is killed: the database completes it, and only then somebody else has the lease."""
    killed, other = migration.members
    with migration.held() as epoch:
        killed.stop(signal.SIGKILL)
        other.start()
        end = time.monotonic() + TAKEOVER_S + 3
        while time.monotonic() < end:
            assert migration.state() == (epoch, 1, migration.older)
    migration.assert_finished_by(other)
    assert migration.state()[0] > epoch


def test_without_the_fences_lock_somebody_takes_over_in_the_midst_of_a_migration(migration, shared_server):
    killed, other = migration.members
    shared_server.execute(CHECK_ONLY, migration.database)
    with migration.held() as epoch:
        killed.stop(signal.SIGKILL)
        other.start()
        until(lambda: migration.state() in ((epoch + 1, 1, migration.older), (epoch + 1, 2, migration.older)), other.log)
        other.stop(signal.SIGKILL)


def test_a_migration_that_is_cut_off_leaves_nothing_behind_and_the_next_judge_finishes_it(migration, shared_server):
    killed, other = migration.members
    with migration.held() as epoch:
        killed.stop(signal.SIGKILL)
        shared_server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                              "AND query LIKE 'SELECT fence(%CREATE TABLE%' AND pid <> pg_backend_pid()", migration.database)
        until(lambda: migration.state() == (epoch, 0, migration.older), migration.state)
        assert shared_server.execute("SELECT to_regclass('mtawatch.remark') IS NULL", migration.database) == "t"
    other.start()
    migration.assert_finished_by(other)
    assert migration.state()[0] == epoch + 1


def test_of_two_that_start_at_once_on_older_tables_one_brings_them_up_to_date(migration):
    for member in migration.members:
        member.start()
    until(lambda: sum(member.judges() for member in migration.members) == 1)
    until(lambda: sum(member.stands_by() for member in migration.members) == 1)
    judge, = (member for member in migration.members if member.judges())
    migration.assert_finished_by(judge)
