"""One collector whose store is in a PostgreSQL of the test's own, which is stopped, killed and mistaken."""

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from certificates import Authority
from postgres import Postgres, programs
from running import PATIENCE, PROGRAM, Collector, exposed_site, faulty, minimal, set_up
from terminal import fails, run, succeeds
from waiting import until

pytestmark = pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)")


@pytest.fixture(scope="module")
def shared_server():
    with Postgres() as server:
        yield server


@pytest.fixture
def database(shared_server):
    return shared_server.make_database()


@pytest.fixture
def server():
    """One that the test may stop."""
    with Postgres() as server:
        yield server


def readiness(collector):
    status, _, body = collector.ask("/readyz")
    return status, body.decode()


def wait_until_ready(collector):
    """It judges: for a moment it stands by, which is ready, too."""
    until(lambda: collector.ask("/readyz?judge")[0] == 200, lambda: readiness(collector)[1])


def verdicts(collector):
    return {row["server"]: row["verdict"] for row in collector.get("/v1/servers")["servers"]}


def test_a_collector_works_on_a_database_and_finds_everything_again(tmp_path, database):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", database)
    with Collector(data, "--store", database) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        seen = verdicts(collector)
        assert seen["EXCH1"] == "exposed"
        status, text = readiness(collector)
        assert status == 200 and text.startswith("[+]store ok\n[+]judge: this collector, ")
    assert not (data / "mtawatch.db").exists()
    with Collector(data, "--store", database) as collector:
        assert verdicts(collector) == seen
        assert collector.post(exposed_site()[1])[0] == 200  # known: taken before


def test_a_database_without_a_store_ends_the_start_with_what_helps(tmp_path, database):
    data = tmp_path / "data"
    set_up(PROGRAM, data)
    why = fails("serve", "--listen", "127.0.0.1:0", "--data", data, "--store", database)
    first = f"mtawatch-collector init --data {data} --store '{database}' --host NAME"
    assert f"is not set up yet; first run: {first}" in why
    assert "there is no store in the database" in fails("token", "list", "--store", database)


def test_init_makes_what_is_not_there_and_says_what_is(tmp_path, database):
    data, other = tmp_path / "data", tmp_path / "other"
    first = succeeds("init", "--data", data, "--no-certificate", "--store", database)
    assert f"store                  {database}\n" in first and f"serve --config {data}/collector.conf" in first
    assert f"\nstore = {database}\n" in (data / "collector.conf").read_text()
    for place in (data, other):  # the second one is another collector's of the same store
        again = succeeds("init", "--data", place, "--no-certificate", "--store", database)
        assert f"store                  {database}  (was there already)\n" in again
        assert "admin token            not shown again  (was there already)\n" in again
        assert "it is shown only now" not in again


def test_commands_work_from_any_machine_that_has_the_address(tmp_path, database):
    data, inventory, file = tmp_path / "data", tmp_path / "servers.txt", tmp_path / "collector.conf"
    set_up(PROGRAM, data, "--store", database)
    inventory.write_text("EXCH1\nEXCH9\n")
    file.write_text(f"store = {database}\ndata = {tmp_path / 'nowhere'}\n")
    with Collector(data, "--store", database) as collector:
        assert collector.post(minimal("EXCH1"))[0] == 200
        for place in (("--store", database, "--data", tmp_path / "nowhere"), ("--config", file)):
            name = place[0].strip("-")
            token = tmp_path / f"{name}.token"
            succeeds("token", "add", name, "--role", "viewer", "--file", token, *place)
            headers = {"Authorization": "Bearer " + token.read_text().strip()}
            until(lambda: collector.ask("/v1/servers", headers=headers)[0] == 200)
            assert name in succeeds("token", "list", *place)
            succeeds("token", "revoke", name, *place)
            until(lambda: collector.ask("/v1/servers", headers=headers)[0] == 401)
            succeeds("secret", "add", name, "--file", tmp_path / f"{name}.secret", *place)
            assert "exch1" in succeeds("agents", "list", *place)
            succeeds("inventory", "import", inventory, "--yes", *place)
            assert "EXCH9" in succeeds("inventory", "list", *place)
            assert json.loads(succeeds("export", *place))["host"]["name"] == "EXCH1"
            assert succeeds("check", *place).startswith("ok: 1 servers, 1 reports")
        until(lambda: "EXCH9" in {row["server"] for row in collector.get("/v1/servers")["servers"]})
        assert collector.ask("/v1/servers", headers={})[0] == 200
    assert not (tmp_path / "nowhere").exists()


def test_a_database_of_another_fleet_is_refused(tmp_path, shared_server, database):
    data, inventory = tmp_path / "data", tmp_path / "servers.txt"
    inventory.write_text("EXCH9\n")
    shared_server.execute("CREATE DATABASE of_others", "postgres")
    other = shared_server.address("of_others")
    set_up(PROGRAM, data, "--store", database)
    set_up(PROGRAM, tmp_path / "others", "--store", other)
    said = ("--data", data, "--store", other)
    for command in (("serve", "--listen", "127.0.0.1:0"), ("token", "list"), ("inventory", "import", inventory),
                    ("backup", tmp_path / "backup.db"), ("init", "--no-certificate")):
        why = fails(*command, *said)
        assert "has the store of another fleet" in why and f"remove '{data}/fleet' if it is meant" in why
    assert "EXCH9" not in succeeds("inventory", "list", "--store", other)
    for command in (("serve", "--listen", "127.0.0.1:0"), ("token", "list")):
        assert "its store is in a database, which --store or --config has to name" in fails(*command, "--data", data)
    (data / "fleet").unlink()
    with Collector(data, "--store", other):
        pass
    assert "has the store of another fleet" in fails("token", "list", "--data", data, "--store", database)


def test_a_store_of_a_newer_version_is_refused(tmp_path, shared_server, database):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", database)
    name = database.split("?")[0].rsplit("/", 1)[1]
    shared_server.execute("UPDATE mtawatch.meta SET value = '1000' WHERE name = 'schema'", name)
    for command in (("serve", "--listen", "127.0.0.1:0"), ("token", "list"), ("backup", tmp_path / "backup.db"),
                    ("init", "--no-certificate"), ("check",)):
        why = fails(*command, "--data", data, "--store", database)
        assert "was written by a newer version of mtawatch-collector (its schema is '1000', this program knows 2)" in why


@contextlib.contextmanager
def waiting(data, *arguments):
    with faulty(data, *arguments) as collector:
        status, why = readiness(collector)
        assert status == 503 and why.startswith("[-]store failed"), why
        yield collector


def test_a_database_that_is_away_at_the_start_is_waited_for(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    server.stop()
    with waiting(data, "--store", server.url) as collector:
        assert "could not connect to the database at" in readiness(collector)[1]
        assert collector.ask("/livez")[0] == 200
        for path, method in (("/", "GET"), ("/v1/servers", "GET"), ("/metrics", "GET"), ("/v1/enroll", "POST")):
            sent = "{}" if method == "POST" else None
            status, headers, body = collector.ask(path, method, sent, {"Authorization": ""})
            assert (status, json.loads(body)["code"], headers["Retry-After"]) == (503, "starting", "10"), path
        server.start()
        wait_until_ready(collector)
        assert collector.post(minimal("EXCH1"))[0] == 200
    assert "the collector waits for its store: could not connect" in collector.log
    assert "info: judges\n" in collector.log


def test_a_collector_that_waits_ends_when_it_is_asked_to(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    server.stop()
    with waiting(data, "--store", server.url) as collector:
        time.sleep(1)
    server.start()
    server.drop_store()
    server.stop()
    with contextlib.suppress(AssertionError), waiting(data, "--store", server.url) as collector:
        server.start()
        assert collector.process.wait(PATIENCE) == 1
    assert "is not set up yet" in collector.log


class Load:
    """Servers that report as fast as they can, each with the sequences that were acknowledged."""

    def __init__(self, collector, servers=4):
        self.collector = collector
        self.taken = {f"EXCH{number}": [] for number in range(servers)}
        self.statuses = set()
        self.stopping = False
        self.threads = [threading.Thread(target=self._report, args=(name,)) for name in self.taken]

    def _report(self, name):
        sequence = 1
        while not self.stopping:
            status, _ = self.collector.post(minimal(name, sequence))
            self.statuses.add(status)
            if status == 200:
                self.taken[name].append(sequence)
                sequence += 1
            else:
                time.sleep(0.1)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def wait_for_more(self):
        goal = {name: len(taken) + 3 for name, taken in self.taken.items()}
        until(lambda: all(len(self.taken[name]) >= n for name, n in goal.items()), lambda: readiness(self.collector)[1])

    def assert_nothing_lost(self, store):
        stored = {}
        for line in succeeds("export", "--store", store).splitlines():
            report = json.loads(line)
            stored.setdefault(report["host"]["name"], []).append(report["sequence"])
        for name, taken in self.taken.items():
            assert set(taken) <= set(stored[name]) and len(stored[name]) == len(set(stored[name]))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
def test_a_database_that_goes_and_comes_back_loses_nothing_that_was_acknowledged(tmp_path, server, how):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    with faulty(data, "--store", server.url) as collector, Load(collector) as load:
        for _ in range(2):
            load.wait_for_more()
            server.stop(how)
            until(lambda: readiness(collector)[0] == 503)
            assert collector.ask("/livez")[0] == 200
            server.start()
            load.wait_for_more()
        assert readiness(collector)[0] == 200
    assert load.statuses == {200, 503}
    load.assert_nothing_lost(server.url)
    succeeds("check", "--store", server.url)


def test_a_database_that_answers_nothing_holds_nobody_up(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    with faulty(data, "--store", server.url) as collector, Load(collector) as load:
        load.wait_for_more()
        waits = []

        def is_ready_no_more():
            began = time.monotonic()
            assert collector.ask("/livez")[0] == 200
            waits.append(time.monotonic() - began)
            return readiness(collector)[0] == 503

        server.signal_all(signal.SIGSTOP)
        try:
            until(is_ready_no_more)
            assert "whether this collector judges still" in readiness(collector)[1]
            until(lambda: "did not answer within" in readiness(collector)[1])
        finally:
            server.signal_all(signal.SIGCONT)
        assert max(waits) < 5
        load.wait_for_more()


def test_a_database_that_goes_while_nobody_reports_is_noticed(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    with faulty(data, "--store", server.url) as collector:
        assert collector.post(minimal("EXCH1"))[0] == 200
        assert readiness(collector)[0] == 200
        server.stop()
        until(lambda: readiness(collector)[0] == 503)
        assert "the database at" in readiness(collector)[1]
        server.start()
        wait_until_ready(collector)
        assert verdicts(collector).keys() == {"EXCH1"}


def restart(server, **settings):
    """In order: else what the test has just set up may be gone, for its commits are not waited for."""
    server.stop(signal.SIGINT)
    server.settings.update(settings)
    server.start()


def test_a_collector_is_not_ready_on_a_database_that_keeps_nothing(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    restart(server, full_page_writes="off")
    assert "it runs with full_page_writes = off" in fails("token", "list", "--store", server.url)
    restart(server, full_page_writes="on", fsync="off")
    with waiting(data, "--store", server.url) as collector:
        assert "would lose what it has stored in a power failure: it runs with fsync = off" in readiness(collector)[1]
        restart(server, fsync="on")
        wait_until_ready(collector)


def set_in(server, setting):
    """Holds from the next statement of each session on."""
    server.execute(f"ALTER SYSTEM {setting}", "postgres")
    server.execute("SELECT pg_reload_conf()", "postgres")


@contextlib.contextmanager
def full(server):
    """No table can grow; the log of the database has room still."""
    reason = server.directory / "full"
    reason.write_text(str(errno.ENOSPC))
    yield "could not extend file"  # "wrote only 4096 of 8192 bytes"
    reason.unlink()


@contextlib.contextmanager
def read_only(server):
    set_in(server, "SET default_transaction_read_only = on")
    yield "read-only"
    set_in(server, "RESET default_transaction_read_only")


@pytest.mark.parametrize("trouble", [full, read_only])
def test_a_database_that_takes_nothing_says_why_and_loses_nothing(tmp_path, server, trouble):
    server.environment = {"LD_PRELOAD": str(PROGRAM.parents[1] / "tests/integration/libfailing_disk.so"),
                          "FAILING_DISK": str(server.directory / "full"), "FAILING_FILES": "/base/"}
    restart(server)
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    with faulty(data, "--store", server.url) as collector, Load(collector) as load:
        load.wait_for_more()
        with trouble(server) as words:
            until(lambda: words in readiness(collector)[1], lambda: readiness(collector)[1])
            assert collector.ask("/livez")[0] == 200
        load.wait_for_more()
        wait_until_ready(collector)
    assert load.statuses == {200, 503}
    load.assert_nothing_lost(server.url)


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory):
    """One that is reached over TLS, and asks for passwords."""
    address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
    authority = Authority(tmp_path_factory.mktemp("authority"))
    files = authority.sign("database", f"subjectAltName=IP:{address}")
    with Postgres(listen_addresses=address) as server:
        for name, file in zip(("server.crt", "server.key"), files):
            server.own(shutil.copy(file, server.data / name))
        rules = "local all all trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n"
        (server.data / "pg_hba.conf").write_text(rules)
        server.execute("CREATE ROLE watch LOGIN PASSWORD 'hunter2'", "postgres")
        restart(server, ssl="on")
        yield SimpleNamespace(server=server, host=address, authority=authority.certificate)


@pytest.fixture
def strict(strict_server):
    """With a database that is each test's own: what one has set up is there for no other."""
    strict_server.database = f"watched{random.getrandbits(40)}"
    strict_server.server.execute(f"CREATE DATABASE {strict_server.database} OWNER watch", "postgres")
    return strict_server


def strict_address(strict, more=""):
    """What is tested is no limit of time, which a busy machine passes."""
    return f"postgresql://{strict.host}/{strict.database}?user=watch&sslrootcert={strict.authority}&connect_timeout=60{more}"


@pytest.fixture
def password(tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    file.chmod(0o600)
    return file


def test_a_password_comes_from_a_file_and_tls_is_verified(tmp_path, strict, password):
    data = tmp_path / "data"
    said = ("--store", strict_address(strict), "--store-password-file", password)
    set_up(PROGRAM, data, *said)
    with Collector(data, *said, "--takeover-after", "60") as collector:
        assert collector.post(minimal("EXCH1"))[0] == 200
        how = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'watch'"
        assert strict.server.execute(how, "postgres") == "t"
    stranger = Authority(tmp_path / "stranger").certificate
    other = said[1].replace(str(strict.authority), str(stranger))
    assert "certificate verify failed" in fails("token", "list", "--store", other, *said[2:])
    password.write_text("hunter3\n")
    assert "password authentication failed" in fails("token", "list", *said)
    with waiting(data, *said) as collector:  # who mends the file mends the collector
        assert "password authentication failed" in readiness(collector)[1]
        password.write_text("hunter2\n")
        wait_until_ready(collector)
    assert "hunter" not in collector.log


def test_a_database_that_has_no_connection_left_says_so(tmp_path, strict, password):
    """It is that of a user that may have no more, for the tests' own user always may."""
    data = tmp_path / "data"
    said = ("--store", strict_address(strict), "--store-password-file", password)
    set_up(PROGRAM, data, *said)
    with faulty(data, *said) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        strict.server.execute("ALTER ROLE watch CONNECTION LIMIT 0", "postgres")
        strict.server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'watch'",
                                     "postgres")
        until(lambda: "too many connections for role" in readiness(collector)[1], lambda: readiness(collector)[1])
        assert collector.post(minimal("EXCH1", 2))[0] == 503
        strict.server.execute("ALTER ROLE watch CONNECTION LIMIT -1", "postgres")
        wait_until_ready(collector)
        assert collector.post(minimal("EXCH1", 2))[0] == 200


def test_a_home_that_cannot_be_looked_into_does_no_harm(tmp_path, strict, password):
    said = ("--store", strict_address(strict), "--store-password-file", password)
    succeeds("init", "--data", tmp_path / "data", "--no-certificate", *said)
    home = tmp_path / "home"
    home.symlink_to(home)
    ended = run("token", "list", *said, HOME=str(home))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_password_is_kept_from_whom_it_does_not_concern(tmp_path, strict, password):
    for address in (f"postgresql://watch:hunter2@{strict.host}/{strict.database}",
                    strict_address(strict, "&password=hunter2")):
        why = fails("serve", "--check-config", "--store", address, status=2)
        assert "without a password, which everybody could read here" in why and "hunter2" not in why
    password.chmod(0o644)
    said = ("--store", strict_address(strict), "--store-password-file", password)
    assert "a file that others cannot read or write" in fails("serve", "--check-config", *said, status=2)
    assert "no password supplied" in fails("token", "list", *said[:2])


def test_a_report_that_the_database_does_not_take_is_refused_and_holds_up_nobody(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    refusing = ("CREATE FUNCTION mtawatch.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.sequence = 666 "
                "THEN RAISE EXCEPTION 'not this one' USING ERRCODE = '22P05'; END IF; RETURN NEW; END $$")
    with faulty(data, "--store", server.url) as collector:
        assert collector.post(minimal("EXCH1", 1))[0] == 200
        server.execute(refusing)
        server.execute("CREATE TRIGGER refuse BEFORE INSERT ON mtawatch.report FOR EACH ROW EXECUTE FUNCTION "
                       "mtawatch.refuse()")
        with Load(collector) as load:
            load.wait_for_more()
            for _ in range(3):
                status, answer = collector.post(minimal("EXCH9", 666))
                assert (status, answer["code"]) == (422, "not_storable")
            load.wait_for_more()
            assert collector.post(minimal("EXCH9", 667))[0] == 200
    assert collector.log.count("the report 666 of the server 'exch9' is refused from now on: could not store a report: "
                               "the database at ") == 1
    assert collector.log.count("said: not this one") == 2  # and that it was not ready
    exported = [json.loads(line) for line in succeeds("export", "--store", server.url).splitlines()]
    kept = {(report["host"]["name"], report["sequence"]) for report in exported}
    assert {(name, sequence) for name, taken in load.taken.items() for sequence in taken} <= kept
    assert ("EXCH9", 666) not in kept and ("EXCH9", 667) in kept


def processes(server):
    """The server's own and those of its connections, youngest last."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [server.process.pid, *map(int, children)]


@contextlib.contextmanager
def stopped(server):
    """It neither answers nor closes, nor takes connections: as a machine whose disk hangs."""
    pids = processes(server)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


class Pulse(threading.Thread):
    """Asks on and on, and keeps how long the slowest answer took."""

    def __init__(self, collector, path, expected):
        super().__init__()
        self.collector, self.path, self.expected = collector, path, expected
        self.slowest_s, self.n, self.stopping, self.wrong = 0, 0, False, []

    def run(self):
        while not self.stopping:
            begin = time.monotonic()
            status = self.collector.ask(self.path)[0]
            self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
            self.n += 1
            if status != self.expected:
                self.wrong.append(status)
            time.sleep(0.02)


def test_a_database_that_is_stopped_holds_up_no_answer(tmp_path, server):
    data = tmp_path / "data"
    set_up(PROGRAM, data, "--store", server.url)
    with faulty(data, "--store", server.url) as collector:
        pulses = [Pulse(collector, path, 200) for path in ("/livez", "/v1/servers", "/metrics", "/v1/servers/EXCH1/report")]
        with Load(collector, 2) as load:
            load.wait_for_more()
            for pulse in pulses:
                pulse.start()
            with stopped(server):
                until(lambda: readiness(collector)[0] == 503, lambda: readiness(collector)[1])
                time.sleep(8)  # it tries to connect meanwhile
            load.wait_for_more()
        for pulse in pulses:
            pulse.stopping = True
            pulse.join()
    assert load.statuses == {200, 503}
    for pulse in pulses:
        assert pulse.n > 20 and not pulse.wrong, (pulse.path, pulse.n, set(pulse.wrong))
        assert pulse.slowest_s < 1, (pulse.path, pulse.slowest_s)
    print({pulse.path: round(pulse.slowest_s, 3) for pulse in pulses})
