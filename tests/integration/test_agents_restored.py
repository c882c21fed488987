"""Agents that run while their collector's store is lost, and one from an earlier backup takes its place.

The real collector, over each engine of the store, and real agents, each under a host name of its own (root)."""

import contextlib
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from agent_rig import running  # noqa: E402
from lab.exchange_disk import ExchangeDisk  # noqa: E402
from postgres import Postgres, programs  # noqa: E402
from ring_cases import reports_of_export  # noqa: E402
from running import PROGRAM, Collector, set_up  # noqa: E402
from terminal import succeeds  # noqa: E402
from waiting import until  # noqa: E402

if subprocess.run(["unshare", "--uts", "true"], capture_output=True).returncode != 0:
    pytest.skip("no right to give an agent a host name of its own", allow_module_level=True)


class Store:
    """Where the store is: the arguments that say so, and how it is lost."""

    def __init__(self, data, database=None, lost=None):
        self.data = data
        self.options = ["--store", database] if database else []
        self.lost = lost or self._remove

    def _remove(self):
        for file in self.data.glob("mtawatch.db*"):
            file.unlink()

    def command(self, name, *more):
        return succeeds(name, "--data", self.data, *self.options, *more)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    data = tmp_path / "data"
    if request.param == "sqlite":
        yield Store(data)
        return
    if not programs():
        pytest.skip("there is no PostgreSQL (Debian: postgresql)")
    with Postgres() as server:
        database = server.make_database()
        set_up(PROGRAM, data, "--store", database)
        yield Store(data, database, lambda: server.drop_store(re.search(
            r"/([^/?]+)(\?|$)", database).group(1)))


class Server:
    """One whose MTA does not start, with an agent that reports every second."""

    def __init__(self, folder, name, secret):
        self.name, self.folder, self.secret = name, folder, secret
        self.state = folder / f"{name}.state"
        disk = ExchangeDisk(folder / name, name)
        disk.failed_to_start()
        disk.service("stopped")

    def runs(self, url):
        within = ["unshare", "--uts", "sh", "-c", f'hostname {self.name} && exec "$@"', "sh"]
        return running(self.state, "--collector", url, "--windows-root", str(self.folder / self.name), "--interval", "1",
                       "--probe-limit", "1", "--enroll-secret-file", str(self.secret), within=within)

    def epoch(self):
        return (self.state / "sequence").read_text().split()[0]

    def spooled(self):
        return list((self.state / "spool").glob("*.report"))


def reported_at(collector):
    return {server["server"]: server["reported_at"] for server in collector.get("/v1/servers")["servers"]}


def wait_for_reports(collector, names):
    """Until each of them reported twice from now on."""
    for _ in range(2):
        before = reported_at(collector)
        until(lambda before=before: all(reported_at(collector).get(name, "") > before.get(name, "") for name in names))


def restored(store, backup, old):
    """The collector on its old address, with the store of the backup."""
    old.end(signal.SIGKILL)
    store.lost()
    store.command("restore", backup)
    return Collector(store.data, *store.options, port=old.port)


@pytest.mark.usefixtures("own_scratch")
def test_agents_go_on_over_a_store_from_an_earlier_backup(store, tmp_path):
    """By themselves: who was enrolled then with what it has, who enrolled since with the secret that its file still has.
    A secret that was for one agent alone is erased when it is used: that one keeps its reports until it gets another."""
    own = tmp_path / "own.secret"
    with contextlib.ExitStack() as stack:
        collector = stack.enter_context(Collector(store.data, *store.options))
        shared = store.data / "enroll-secret"
        own.write_text(collector.secret)
        before, since, alone = (Server(tmp_path, name, secret) for name, secret in (
            ("BEFORE", shared), ("SINCE", shared), ("ALONE", own)))
        stack.enter_context(before.runs(collector.url))
        wait_for_reports(collector, ["BEFORE"])
        backup = tmp_path / "yesterday.db"
        store.command("backup", backup)
        epoch = before.epoch()
        for server in (since, alone):
            stack.enter_context(server.runs(collector.url))
        wait_for_reports(collector, ["BEFORE", "SINCE", "ALONE"])
        assert not own.exists()
        collector = stack.enter_context(restored(store, backup, collector))
        assert set(reported_at(collector)) == {"BEFORE"}
        wait_for_reports(collector, ["BEFORE", "SINCE"])
        until(alone.spooled)
        own.write_text(collector.secret)
        wait_for_reports(collector, ["ALONE"])
        assert before.epoch() == epoch
        verdicts = {server["server"]: server["verdict"] for server in collector.get("/v1/servers")["servers"]}
        assert verdicts == {"BEFORE": "failing", "SINCE": "failing", "ALONE": "failing"}
        alerts = collector.get("/v1/alerts?limit=1000")["alerts"]
        assert sorted((alert["server"], alert["condition"], alert["state"]) for alert in alerts) == [
            (name, "failing", "firing") for name in ("ALONE", "BEFORE", "SINCE")]
        until(lambda: not any(server.spooled() for server in (before, since, alone)))
    held = reports_of_export("--data", store.data, *store.options)
    for server in (before, since, alone):
        sent = int((server.state / "sequence").read_text().split()[1]) - len(server.spooled())
        missing = [number for number in range(1, sent + 1) if (server.epoch(), number) not in held]
        assert sent not in missing and (server is before or not missing)
        # What is missing lies together: it was acknowledged between the backup and the loss.
        assert not missing or missing == list(range(missing[0], missing[-1] + 1))
