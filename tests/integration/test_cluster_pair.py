"""Collectors on a primary and its standby: what is acknowledged when the one that takes over may lack it."""

import contextlib
import http.client
import json
import select
import signal

import pytest
from cluster_rig import Load, Wired, cluster, exported
from postgres import Pair, programs
from receiver import Receiver
from running import JSON, PATIENCE, minimal, samples
from terminal import fails
from waiting import until
from wire import Wire, WithoutWarnings

pytestmark = pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")

# Not the sweep's, which nobody waits for.
WAITS = "application_name = 'mtawatch/writer' AND wait_event = 'SyncRep' AND query = 'COMMIT'"


def address_of(pair):
    """Over the unix sockets."""
    directories = ",".join(str(server.directory) for server in pair.servers)
    return f"postgresql://mtawatch@/mtawatch?host={directories}"


@contextlib.contextmanager
def judge_on(directory, store, *arguments):
    with cluster(directory, store, "c1", arguments=arguments) as (collector,):
        collector.start()
        until(collector.judges, collector.log)
        yield collector


@contextlib.contextmanager
def posted(collector, report):
    """Its answer is to be got. Whoever reports first enrols."""
    body, headers = collector.agents.sign(json.dumps(report))
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("POST", "/v1/reports", body, {**JSON, **headers})
        yield connection


def until_a_commit_waits(pair):
    until(lambda: pair.primary.execute(f"SELECT 1 FROM pg_stat_activity WHERE {WAITS}"), "a commit that waits")


def cancel_commits_until_answered(pair, connection):
    """They are there, and their client is told with a warning that no standby may have them. One of them is of the
    report that waits for this answer."""
    def is_answered():
        pair.primary.execute(f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {WAITS}")
        return select.select([connection.sock], [], [], 0.1)[0]
    until(is_answered)
    return connection.getresponse().status


def cancel_the_commit_of(report, pair, collector):
    """What its sender was answered. The standby is away then. Where a commit of the collector's own came first, and was
    cancelled, it takes nothing before it can commit again."""
    for _ in range(5):
        pair.standby.kill()
        with posted(collector, report) as connection:
            status = cancel_commits_until_answered(pair, connection)
        if pair.primary.execute(f"SELECT 1 FROM mtawatch.report WHERE sequence = {report['sequence']}"):
            return status
        assert status == 503
        pair.standby.start()
        until(collector.judges, collector.log)
    raise AssertionError(f"the report was never committed\n{collector.log()}")


def lose_the_primary(pair):
    """The standby, which is away, takes its place."""
    pair.primary.kill()
    pair.standby.start()
    pair.fail_over()
    pair.standby.rewind(pair.primary)
    pair.standby.start()


def sequences(store):
    return sorted(report["sequence"] for report in exported(store))


def lost_commits(collector):
    return samples(collector, "mtawatch_store_lost_commits_total")[""]


def until_heard(pair, judge, other):
    """The judge has told how far it is, and the other one knows: a beat is followed by a look."""
    def number(sql):
        return int(pair.primary.execute(sql))
    until(lambda: number("SELECT c.last_commit - (SELECT max(id) FROM mtawatch.feed) FROM mtawatch.collector c "
                         f"WHERE node = '{judge.node}'") == 0)
    beat = f"SELECT beat FROM mtawatch.collector WHERE node = '{other.node}'"
    first = number(beat)
    until(lambda: number(beat) >= first + 2)


@pytest.mark.parametrize("heeded", [True, False])
def test_a_commit_that_ends_with_a_warning_is_not_acknowledged(tmp_path, heeded):
    """Whoever ignores it acknowledges what is lost when the standby takes over: then it does not come again."""
    with Pair() as pair, contextlib.ExitStack() as at_the_end:
        filter = (lambda: lambda data: data) if heeded else WithoutWarnings
        wires = [Wire(server.directory / ".s.PGSQL.5432", filter) for server in pair.servers]
        for wire in wires:
            at_the_end.callback(wire.close)
        ports = ",".join(str(wire.port) for wire in wires)
        store = f"postgresql://mtawatch@/mtawatch?host=127.0.0.1,127.0.0.1&port={ports}&sslmode=disable" \
            "&gssencmode=disable"
        collector = at_the_end.enter_context(judge_on(tmp_path, store))
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        status = cancel_the_commit_of(minimal("EXCH1", 2), pair, collector)
        assert status == (503 if heeded else 200)  # it is there, for now
        assert not heeded or "answered COMMIT with a warning" in collector.log()
        lose_the_primary(pair)
        until(lambda: collector.post(minimal("EXCH1", 3))[0] == 200, collector.log)
        assert sequences(store) == [1, 3]
        assert lost_commits(collector) == 0 if heeded else lost_commits(collector) > 0


@pytest.mark.parametrize("synchronous", [True, False])
def test_what_was_acknowledged_without_a_synchronous_standby_is_lost_with_the_primary(tmp_path, synchronous):
    """And told: by those who compare, by the log, as a metric and an alert."""
    with Pair(synchronous) as pair, judge_on(tmp_path, address_of(pair)) as collector:
        with Load([collector], 2, pause_s=0.05) as load:
            load.wait_for_more()
            until(lambda: pair.primary.execute("SELECT sent_lsn = flush_lsn FROM pg_stat_replication") == "t")
            pair.standby.kill()
            if synchronous:
                until_a_commit_waits(pair)
            else:
                load.wait_for_more()  # the first of each may have been on its way to the standby
                load.wait_for_more()
            lose_the_primary(pair)
            load.wait_for_more()
        lost, twice = load.lost_and_twice(collector.store)
        assert twice == 0 and (lost == 0 if synchronous else lost >= 6)
        assert lost_commits(collector) == 0 if synchronous else lost_commits(collector) >= 1
        assert ("commits that it had confirmed" in collector.log()) == (not synchronous)


@pytest.mark.parametrize("synchronous", [True, False])
def test_whoever_takes_over_sees_that_confirmed_commits_are_gone(tmp_path, synchronous):
    """The one that they were confirmed to died with the database. It is seen once, whoever judges later."""
    with Pair(synchronous) as pair, cluster(tmp_path, address_of(pair), "c1", "c2") as (judge, other):
        judge.start()
        until(judge.judges, judge.log)
        other.start()
        until(other.stands_by, other.log)
        assert judge.post(minimal("EXCH1", 1))[0] == 200
        pair.standby.kill()
        for sequence in [] if synchronous else [2, 3, 4]:
            assert judge.post(minimal("EXCH1", sequence))[0] == 200
        until_heard(pair, judge, other)
        judge.stop(signal.SIGKILL)
        lose_the_primary(pair)
        until(other.judges, other.log)
        assert lost_commits(other) == 0 if synchronous else lost_commits(other) >= 3
        lacks = "commits that it had confirmed"
        assert (lacks in other.log()) == (not synchronous)
        assert other.post(minimal("EXCH1", 5))[0] == 200
        judge.start()
        until(judge.stands_by, judge.log)
        until_heard(pair, other, judge)
        assert other.stop() == 0
        until(judge.judges, judge.log)
        assert lost_commits(judge) == 0 and lacks not in judge.log()
        fired = judge.get("/v1/alerts?condition=store_lost&state=firing")["alerts"]
        assert len(fired) == (not synchronous)


def test_a_loss_that_the_judge_has_told_is_not_told_again_by_the_next_one(tmp_path):
    with Pair(synchronous=False) as pair, cluster(tmp_path, address_of(pair), "c1", "c2") as (judge, other):
        judge.start()
        until(judge.judges, judge.log)
        other.start()
        until(other.stands_by, other.log)
        assert judge.post(minimal("EXCH1", 1))[0] == 200
        pair.standby.kill()
        for sequence in range(2, 32):
            assert judge.post(minimal("EXCH1", sequence))[0] == 200
        until_heard(pair, judge, other)
        lose_the_primary(pair)
        until(lambda: judge.post(minimal("EXCH1", 32))[0] == 200, judge.log)
        assert judge.judges() and lost_commits(judge) >= 30
        until_heard(pair, judge, other)
        assert judge.stop() == 0
        until(other.judges, other.log)
        assert lost_commits(other) == 0


def demand_a_standby(pair, demand):
    pair.primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'" if demand
                         else "ALTER SYSTEM RESET synchronous_standby_names", "postgres")
    pair.primary.execute("SELECT pg_reload_conf()", "postgres")


@pytest.mark.parametrize("required", [True, False])
def test_a_commit_that_is_let_go_without_a_standby_is_not_acknowledged_where_one_is_required(tmp_path, required):
    """Without a word: the database answers as if a standby had it."""
    with Pair() as pair, judge_on(tmp_path, address_of(pair), *["--require-synchronous"] * required) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        pair.standby.kill()
        with posted(collector, minimal("EXCH1", 2)) as connection:
            until_a_commit_waits(pair)
            demand_a_standby(pair, False)
            assert connection.getresponse().status == (503 if required else 200)


def test_only_of_a_database_a_standby_can_be_required():
    assert "it is of a database: --store" in fails("serve", "--check-config", "--require-synchronous", status=2)


def hooked(tmp_path, receiver):
    file = tmp_path / "collector.conf"
    file.write_text("require-synchronous = yes\n[alerts]\nhold-store-async = 0s\ngroup-interval = 0s\n"
                    f"[hook ops]\ntype = webhook\nurl = {receiver.url}\n")
    return "--config", file


def test_nothing_is_promised_while_a_required_standby_is_not_waited_for_and_people_are_told(tmp_path):
    with Receiver() as receiver, Pair() as pair, \
            judge_on(tmp_path, address_of(pair), *hooked(tmp_path, receiver)) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        demand_a_standby(pair, False)
        until(lambda: collector.readiness()[0] == 503, collector.log)
        why = "no synchronous standby to wait for (synchronous_standby_names is empty), which " \
            "require-synchronous demands"
        assert why in collector.readiness()[1] and f"not ready: the database has {why}" in collector.log()
        status, problem = collector.post(minimal("EXCH1", 2))
        assert (status, problem["code"]) == (503, "not_stored")
        silence = {"matchers": {"server": "EXCH1"}, "ends_at": "2100-01-01T00:00:00Z", "comment": "c"}
        status, _, body = collector.ask("/v1/silences", "POST", json.dumps(silence), JSON)
        assert (status, why in json.loads(body)["detail"]) == (503, True)
        assert collector.get("/v1/servers")["matched"] == 1
        fired = until(lambda: collector.get("/v1/alerts?condition=store_async&state=firing")["alerts"])
        assert why in fired[0]["text"]
        receiver.wait(1)
        assert samples(collector, "mtawatch_store_asynchronous") == {"": 1}
        demand_a_standby(pair, True)
        until(lambda: collector.post(minimal("EXCH1", 2))[0] == 200, collector.log)
        until(lambda: not collector.get("/v1/alerts?condition=store_async&state=firing")["alerts"], seconds=90)
        assert [body["status"] for _, body in until(lambda: receiver.notifications()[1:])] == ["resolved"]
        assert samples(collector, "mtawatch_store_asynchronous") == {"": 0}
        assert sequences(collector.store) == [1, 2]


def test_who_takes_over_sees_at_once_that_a_required_standby_is_not_waited_for(tmp_path):
    with Pair(synchronous=False) as pair, cluster(
            tmp_path, address_of(pair), "c1", arguments=("--require-synchronous",)) as (collector,):
        collector.start()
        until(lambda: "not ready: the database has no synchronous standby" in collector.log(), collector.log)
        assert not collector.judges()
        demand_a_standby(pair, True)
        until(collector.judges, collector.log)


@pytest.mark.parametrize("synchronous", [True, False])
def test_of_two_primaries_the_one_without_its_standby_acknowledges_nothing(tmp_path, synchronous):
    """The network parts each database, with one of the collectors, from the other. Without synchronous standbys both
    sides acknowledge, and one of them will be thrown away."""
    with Pair(synchronous) as pair, cluster(tmp_path, pair.servers, "c1", "c2", make=Wired) as (judge, other):
        old, new = pair.primary, pair.standby
        judge.start()
        until(judge.judges, judge.log)
        other.start()
        until(other.stands_by, other.log)
        assert judge.post(minimal("EXCH1", 1))[0] == 200
        judge.wires[new].close()
        other.wires[old].close()
        pair.fail_over()
        demand_a_standby(pair, False)  # as people do who have one server left
        until(other.judges, other.log)
        assert other.post(minimal("EXCH1", 2))[0] == 200
        assert judge.judges()
        assert judge.post(minimal("EXCH1", 3))[0] == (503 if synchronous else 200)
        assert sequences(other.store) == [1, 2]
        old.kill()
        judge.wires[old].close()
        judge.wires[new].open()
        until(judge.stands_by, judge.log)
        assert other.judges()
