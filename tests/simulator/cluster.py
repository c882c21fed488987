"""A stage with several collectors on one database: the one that judges is killed, hangs or leaves it to another one, and
the database is lost and comes back.

All have the simulation's clock, and it does not go on before each has seen it: who judges has its lease confirmed, the
others have looked."""

import contextlib
import json
import shutil
import signal

from ports import free_port
from postgres import Postgres, programs

from .line import Line
from .stage import PATIENCE, Stage

JUDGE, STANDBY = "judge", "standby"
TAKEOVER_S = 5
TAKEN_OVER_WITHIN_S = 600  # of the simulation
STEP_S = 0.12              # of the world, from one second of the simulation to the next: for a look of one that stands by
REST_S = 0.5               # likewise, for the lease to be confirmed, which is not for long


class Node:
    """One of the collectors; it keeps port and data when it begins anew."""

    def __init__(self, stage, name, data):
        self.stage, self.name, self.data = stage, name, data
        self.line = Line(free_port(), stage.line.tls, stage.token, PATIENCE)
        self.process = None
        self.is_frozen = False

    def start(self):
        self.process = self.stage.serve(self.line, self.data, "--store", self.stage.database.url, "--node", self.name,
                                        "--takeover-after", str(TAKEOVER_S), "--external-url",
                                        f"https://{self.line.NAME}:{self.line.port}")

    def end(self, number):
        process, self.process = self.process, None
        self.line.close()
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        return process.returncode

    def freeze(self):
        self.line.close()
        self.is_frozen = True
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
        self.is_frozen = False

    @property
    def answers(self):
        return self.process is not None and not self.is_frozen

    def role(self):
        """What it is ready for, as it says; None: nothing yet."""
        with contextlib.suppress(OSError):
            if self.answers:
                status, text = self.line.call("GET", "/readyz")
                return next((role for role in (JUDGE, STANDBY) if status == 200 and f"[+]{role}: " in text), None)
        return None

    def judges(self):
        return self.role() == JUDGE

    def stands_by(self):
        return self.role() == STANDBY


class Cluster(Stage):
    def __init__(self, folder, scenario):
        self.database = Postgres()
        self.nodes = []
        try:
            super().__init__(folder, scenario)
        except BaseException:
            self.database.remove()
            raise
        for number in range(scenario.collectors):
            data = self.data if number == 0 else folder / f"data {number + 1}"
            if number:
                shutil.copytree(self.data, data)
            self.nodes.append(Node(self, f"c{number + 1}", data))

    @staticmethod
    def can_be_had():
        return bool(programs())

    def set_up_options(self):
        return "--store", self.database.url

    def start(self):
        for node in self.nodes:
            node.start()
            self.pass_until(node.judges if node is self.nodes[0] else node.stands_by, TAKEN_OVER_WITHIN_S, STEP_S)
        self._ask_who_judges()

    def __exit__(self, *_):
        try:
            for node in self.nodes:
                if node.process:
                    node.thaw()
                    status = node.end(signal.SIGTERM)
                    assert status == 0, f"the collector {node.name} ended with {status}:\n{self.log()}"
        finally:
            self.database.remove()
            self.receiver.close()

    def judge(self):
        return next((node for node in self.nodes if node.judges()), None)

    def _ask_who_judges(self):
        self.line = self.judge().line

    # --- time

    def is_at_rest(self):
        return sorted(node.role() or "" for node in self.nodes) == [JUDGE] + [STANDBY] * (len(self.nodes) - 1)

    def turn_over(self):
        for node in self.nodes:
            for _ in range(2 * node.answers):
                with contextlib.suppress(OSError):  # it begins anew
                    node.line.call("GET", "/livez")

    def wait_for_deliveries(self):
        """Nobody is told anything while the lease is not confirmed, and after that a moment later."""
        if not self.is_full:
            self.pass_until(self._all_is_told, TAKEN_OVER_WITHIN_S, REST_S)

    def wait_a_moment(self):
        """It may have learnt from that very call that its connection to the database is gone."""
        self._pass_to(self.now + 1000)
        self._until_all_rest()

    def go_to(self, ms):
        super().go_to(ms)
        if not self.is_full:
            self._until_all_rest()

    # --- what is done

    def can_happen(self, event, machine):
        if event["do"] in ("backup", "restore", "fill_disk", "expire", "stop_collector", "set_clock"):
            return False
        if event["do"] in ("freeze_judge", "hand_over"):
            return not self.is_full
        return super().can_happen(event, machine)

    def _until_taken_over_from(self, judge):
        self.pass_until(lambda: any(node.judges() for node in self.nodes if node is not judge), TAKEN_OVER_WITHIN_S, STEP_S)
        self._ask_who_judges()

    def _until_all_rest(self, step_s=REST_S):
        self.pass_until(self.is_at_rest, TAKEN_OVER_WITHIN_S, step_s)
        self._ask_who_judges()

    @contextlib.contextmanager
    def _judges_another(self):
        self.since, judge = self.now, self.judge()
        yield judge
        self._until_all_rest()
        self._hears_again()

    def do_kill_collector(self, *_):
        with self._judges_another() as judge:
            judge.end(signal.SIGKILL)
            self._until_taken_over_from(judge)
            judge.start()

    def do_freeze_judge(self, *_):
        with self._judges_another() as judge:
            judge.freeze()
            self._until_taken_over_from(judge)
            judge.thaw()

    def do_hand_over(self, *_):
        with self._judges_another() as judge:
            other = next(node for node in self.nodes if node is not judge)
            self.pass_until(lambda: self._hands_over_to(other), TAKEN_OVER_WITHIN_S, REST_S)
            self._until_taken_over_from(judge)

    def _hands_over_to(self, other):
        """A judge learns with its next look that another one has begun to stand by."""
        status, text = self.call("POST", f"/v1/collectors/{other.name}/handover")
        assert status < 300 or (status, json.loads(text)["code"]) == (409, "not_standing_by"), text
        return status < 300

    def do_lose_database(self, *_):
        if not self.is_full:
            self.wait_for_deliveries()
            self.is_full, self.since = True, self.now
            self.database.stop(signal.SIGKILL)

    def do_start_database(self, *_):
        if self.is_full:
            self.database.start()
            self.is_full = False
            self._until_all_rest(STEP_S)  # it is tried again after a while, and then after a longer one
            self._hears_again()

    def mend(self):
        self.do_start_database()

    def stored_reports(self):
        rows = self.database.execute("""SELECT stream.epoch, report.sequence FROM mtawatch.report
            JOIN mtawatch.stream ON stream.id = report.stream_id""")
        return {(epoch, int(sequence)) for epoch, sequence in (row.split("|") for row in rows.split())}
