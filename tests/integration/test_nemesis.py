"""A pair of databases, three collectors, servers that report, a hook; and somebody who kills, stops, cuts and stalls
what there is. Seen from outside, nothing that was acknowledged is lost, and nothing is told or stored twice.

Every fault comes once, in an order that is always the same. MTAWATCH_NEMESIS_S goes on for so many seconds, with faults
in an order that MTAWATCH_SEED decides, which overlap: by hand, an hour of it."""

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import defaultdict
from statistics import median

import pytest
from cluster_rig import TAKEOVER_S, Load, Wired, cluster, exported, seconds_until, stopped
from postgres import Pair, programs
from receiver import Receiver
from running import exposed_site, minimal, row, server
from terminal import run, succeeds
from test_clock import Clock
from waiting import until
from wire import Wire

pytestmark = pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")

PLAY_S = int(os.environ.get("MTAWATCH_NEMESIS_S", "0"))
SEED = int(os.environ.get("MTAWATCH_SEED", "1"))
COMMIT_S = 10  # a collector waits for a commit
CLOCK_AHEAD_S = 300  # that of one collector
PLAN_S = 15  # a server is exposed for so long, and well for as long


class Unreliable(Receiver):
    """Answers every fifth notification badly; `told` are those that it took."""

    def __init__(self):
        super().__init__()
        self.told = []

    def _keep(self, request):
        super()._keep(request)
        if len(self.requests) % 5 == 0:
            return 503, {}
        self.told.append(json.loads(request[3]))
        return 200, {}


def planned(name, number):
    """EXCH1 is exposed and mended in turn; EXCH2 and EXCH3 are of its site, all others of none."""
    at = f"2026-11-22T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    of_site = {report["host"]["name"]: report for report in exposed_site()}
    if name == "EXCH1" and int(time.monotonic() / PLAN_S) % 2 == 0:
        rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3")]
        of_site[name] = server(name, "10.0.0.1", rows)
    return {**of_site.get(name, minimal(name)), "sequence": number, "collected_at": at}


class Feed(threading.Thread):
    """Reads along the rows of commits, of which the database keeps the last ones only."""

    def __init__(self, pair):
        super().__init__()
        self.pair, self.epochs, self.stopping = pair, {}, threading.Event()

    def read(self):
        last = max(self.epochs, default=0)
        rows = self.pair.primary.execute(f"SELECT id, epoch FROM mtawatch.feed WHERE id > {last - 100} ORDER BY id")
        self.epochs |= {int(id): int(epoch) for id, epoch in (line.split("|") for line in rows.split())}

    def run(self):
        while not self.stopping.wait(2):
            with contextlib.suppress(RuntimeError):
                self.read()

    def __exit__(self, *_):
        self.stopping.set()
        self.join()

    def __enter__(self):
        self.start()
        return self


class Alive(threading.Thread):
    """How long /livez takes, of each that is not stopped on purpose."""

    def __init__(self, members):
        super().__init__()
        self.members, self.late_s, self.spared, self.stopping = members, 0, set(), threading.Event()
        self.looking = threading.Lock()

    def _look(self, member):
        begin = time.monotonic()
        with contextlib.suppress(OSError):
            member.ask("/livez", headers={"Authorization": ""})
            if member.node not in self.spared:
                self.late_s = max(self.late_s, time.monotonic() - begin)

    def run(self):
        while not self.stopping.wait(0.5):
            for member in self.members:
                if member.node not in self.spared:
                    with self.looking:
                        self._look(member)

    __enter__ = Feed.__enter__
    __exit__ = Feed.__exit__


FAULTS = []


def fault(what):
    FAULTS.append(what.__name__)
    return what


class Nemesis:
    """Each fault is over when it returns, and all parts run; they may not have come to rest."""

    def __init__(self, members, pair, load, alive):
        self.members, self.pair, self.load, self.alive = members, pair, load, alive
        self.delays = defaultdict(list)  # seconds until reports were taken again, with the fault itself

    def tell(self):
        return "\n".join(f"{member.node}: {member.readiness()}" for member in self.members)

    def judge(self):
        return until(lambda: next((member for member in self.members if member.judges()), None), self.tell)

    def others(self, member):
        return [other for other in self.members if other is not member]

    def until_taken_over(self, judge):
        others = self.others(judge)
        self.delays["taken over"].append(seconds_until(lambda: any(other.judges() for other in others), self.tell))

    def has_rest(self):
        return sorted((m.judges(), m.stands_by()) for m in self.members) == [(False, True)] * 2 + [(True, False)]

    def rest(self):
        until(self.has_rest, self.tell)
        self.load.wait_for_more()

    def do(self, name):
        """Each server may have had a report under way that was acknowledged all the same."""
        begin, enough = time.monotonic(), self.load.n_taken() + len(self.load.taken)
        getattr(self, name)()
        until(lambda: self.load.n_taken() > enough, self.tell)
        self.delays[name].append(time.monotonic() - begin)
        print(f"{time.strftime('%H:%M:%S')} {name}: {self.delays[name][-1]:.1f} s", flush=True)

    @contextlib.contextmanager
    def stopped(self, member):
        self.alive.spared.add(member.node)
        with stopped(member):
            yield
        with self.alive.looking:  # the look that was under way is over
            self.alive.spared.remove(member.node)

    # Collectors.

    @fault
    def judge_is_killed(self):
        judge = self.judge()
        judge.stop(signal.SIGKILL)
        self.until_taken_over(judge)
        judge.start()

    @fault
    def judge_ends(self):
        judge = self.judge()
        assert judge.stop() == 0
        self.until_taken_over(judge)
        judge.start()

    @fault
    def judge_is_stopped_until_another_judges(self):
        judge = self.judge()
        with self.stopped(judge):
            self.until_taken_over(judge)
            time.sleep(1)

    @fault
    def judge_is_stopped_for_a_moment(self):
        with self.stopped(self.judge()):
            time.sleep(1)

    @fault
    def standby_is_killed(self):
        standby = self.others(self.judge())[-1]
        standby.stop(signal.SIGKILL)
        standby.start()

    @fault
    def judging_is_handed_over(self):
        judge = self.judge()
        other = self.others(judge)[0]
        until(other.stands_by, other.log)
        until(lambda: run("collectors", "handover", other.node, "--store", other.store).returncode == 0, self.tell)

    @fault
    def all_collectors_are_killed(self):
        for member in self.members:
            member.stop(signal.SIGKILL)
        for member in self.members:
            member.start()

    # The network.

    @fault
    def judge_is_cut_off(self):
        judge = self.judge()
        judge.each_wire(lambda wire: setattr(wire, "stalled", True))
        self.until_taken_over(judge)
        judge.each_wire(Wire.cut)

    @fault
    def standby_is_cut_off(self):
        """It says so, and goes on standing by when its way is open again."""
        standby = self.others(self.judge())[-1]
        standby.each_wire(lambda wire: setattr(wire, "stalled", True))
        until(lambda: standby.readiness()[0] == 503, self.tell)
        standby.each_wire(Wire.cut)

    @fault
    def answers_to_judge_are_lost(self):
        judge = self.judge()
        judge.each_wire(lambda wire: setattr(wire, "deaf", True))
        time.sleep(1)
        judge.each_wire(Wire.cut)

    @fault
    def connections_are_cut(self):
        for member in self.members:
            member.each_wire(Wire.cut)

    @fault
    def network_stalls_for_longer_than_a_commit_may_take(self):
        for member in self.members:
            member.each_wire(lambda wire: setattr(wire, "stalled", True))
        time.sleep(COMMIT_S + 2)
        for member in self.members:
            member.each_wire(lambda wire: setattr(wire, "stalled", False))

    # The databases.

    def wires_to(self, server):
        return [member.wires[server] for member in self.members]

    def kill_database(self, server, how=signal.SIGKILL):
        server.stop(how)
        for wire in self.wires_to(server):
            wire.close()

    def start_database(self, server):
        server.start()
        for wire in self.wires_to(server):
            wire.open()

    def fail_over(self, how):
        self.kill_database(self.pair.primary, how)
        self.pair.fail_over()

    def follow_again(self, how):
        how(self.pair.standby, self.pair.primary)
        self.start_database(self.pair.standby)

    @fault
    def primary_is_killed_and_follows_by_a_copy(self):
        self.fail_over(signal.SIGKILL)
        self.follow_again(type(self.pair.standby).copy)

    @fault
    def primary_is_killed_and_follows_by_rewinding(self):
        self.fail_over(signal.SIGKILL)
        self.follow_again(type(self.pair.standby).rewind)

    @fault
    def primary_ends_and_the_standby_takes_its_place(self):
        self.fail_over(signal.SIGINT)
        self.follow_again(type(self.pair.standby).rewind)

    @fault
    def primary_is_killed_and_starts_again(self):
        self.kill_database(self.pair.primary)
        self.start_database(self.pair.primary)

    @fault
    def standby_of_the_database_is_stopped_for_longer_than_a_commit_may_take(self):
        self.pair.standby.signal_all(signal.SIGSTOP)
        time.sleep(COMMIT_S + 2)
        self.pair.standby.signal_all(signal.SIGCONT)

    @fault
    def commit_is_cancelled_that_no_standby_has(self):
        """And the standby takes the place of the one server that has it."""
        self.kill_database(self.pair.standby)
        cancel_a_commit(self.pair.primary)
        self.kill_database(self.pair.primary)
        self.start_database(self.pair.standby)
        self.pair.fail_over()
        self.follow_again(type(self.pair.standby).rewind)

    @fault
    def there_is_no_database(self):
        for server in self.pair.servers:
            self.kill_database(server)
        time.sleep(COMMIT_S / 2)
        for server in self.pair.servers:
            self.start_database(server)

    @fault
    def judge_and_primary_are_killed(self):
        judge = self.judge()
        judge.stop(signal.SIGKILL)
        self.fail_over(signal.SIGKILL)
        judge.start()
        self.follow_again(type(self.pair.standby).copy)


WAITING = "application_name = 'mtawatch/writer' AND wait_event = 'SyncRep' AND query = 'COMMIT'"


def cancel_a_commit(primary):
    """One that waits for a standby: it is there, and its client is told so with a warning."""
    until(lambda: primary.execute(f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {WAITING}"),
          "a commit that waits for the standby")


@contextlib.contextmanager
def three_on_a_pair(tmp_path, pair, receiver):
    file = tmp_path / "collector.conf"
    file.write_text("[alerts]\nstorm-after = 0\ngroup-interval = 0s\nflap-changes = 0\n"
                    f"[hook ops]\ntype = webhook\nurl = {receiver.url}\n")
    with cluster(tmp_path, pair.servers, "c1", "c2", "c3", arguments=("--config", file), make=Wired) as members:
        clock = Clock(tmp_path)
        clock.set(CLOCK_AHEAD_S)
        members[-1].environment = clock.environment
        members[0].start()
        until(members[0].judges, members[0].log)
        for member in members[1:]:
            member.start()
        yield members


def assert_one_id_has_one_body(receiver):
    bodies = defaultdict(set)
    for _, _, headers, body in receiver.requests:
        bodies[headers["webhook-id"]].add(body)
    assert all(len(different) == 1 for different in bodies.values())


def assert_all_alerts_were_told(judge, receiver):
    """Each that fired, and the end of each that ended."""
    until(lambda: not judge.get("/v1/deliveries?state=waiting")["deliveries"],
          lambda: judge.get("/v1/deliveries?state=waiting"), seconds=120)
    told = {(alert["startsAt"], alert["status"]) for body in receiver.told for alert in body["alerts"]}
    alerts = judge.get("/v1/alerts?condition=exposed&limit=1000")["alerts"]
    fired = {alert["fired_at"] for alert in alerts if alert["fired_at"]}
    ended = {alert["fired_at"] for alert in alerts if alert["resolved_at"]}
    assert {at for at, _ in told} >= fired and {at for at, status in told if status == "resolved"} >= ended
    return len(fired)


def assert_verdicts_are_those_of_the_stored_reports(judge, folder):
    """As of a moment that no clock has reached."""
    latest = {report["host"]["name"]: report for report in exported(judge.store)}
    (folder / "latest.jsonl").write_text("".join(json.dumps(report) + "\n" for report in latest.values()))
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + CLOCK_AHEAD_S + 10))
    assessed = json.loads(run("assess", "--at", at, folder / "latest.jsonl").stdout)
    shown = judge.get("/v1/servers?limit=1000")["servers"]
    told = [sorted((each["server"], each["verdict"]) for each in servers) for servers in (assessed, shown)]
    assert told[0] == told[1] and len(told[0]) == len(latest), told


def test_whatever_dies_or_stops_nothing_is_lost_and_nothing_is_there_twice(tmp_path):
    chance = random.Random(SEED)
    with Unreliable() as receiver, Pair() as pair, three_on_a_pair(tmp_path, pair, receiver) as members:
        with Load(members, 6, pause_s=0.05, report_of=planned, patience_s={"EXCH6": 30}) as load, \
                Feed(pair) as feed, Alive(members) as alive:
            nemesis = Nemesis(members, pair, load, alive)
            nemesis.rest()
            for name in FAULTS:
                nemesis.do(name)
                nemesis.rest()
            end = time.monotonic() + PLAY_S
            while time.monotonic() < end:
                nemesis.do(chance.choice(FAULTS))
                time.sleep(chance.uniform(0, 2 * TAKEOVER_S))
            nemesis.rest()
        lost, twice = load.lost_and_twice(members[0].store)
        feed.read()
        print(f"seed {SEED}; {load.n_taken()} acknowledged, {lost} lost, {twice} twice; "
              f"{load.answers}; the longest answer {load.late_s:.1f} s, of /livez {alive.late_s:.1f} s")
        for kind, delays in nemesis.delays.items():
            print(f"{len(delays):4} {kind}: {min(delays):.1f} to {max(delays):.1f} s, median {median(delays):.1f}")
        assert (lost, twice) == (0, 0) and {status for status, _ in load.answers} == {200, 503}
        succeeds("check", "--store", members[0].store)
        assert_verdicts_are_those_of_the_stored_reports(nemesis.judge(), tmp_path)
        n_alerts = assert_all_alerts_were_told(nemesis.judge(), receiver)
        print(f"{n_alerts} alerts, {len(receiver.requests)} notifications, {len(receiver.told)} of them taken")
        assert_one_id_has_one_body(receiver)
        epochs = [epoch for _, epoch in sorted(feed.epochs.items())]
        assert len(epochs) == max(feed.epochs) - min(feed.epochs) + 1  # no commit is missing
        assert epochs == sorted(epochs)  # whoever was taken over from committed nothing more
