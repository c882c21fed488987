"""mtawatch-agent as a program: its commands, and its reports on their way to a collector.

Runs in a network namespace of its own (root) whose only adapter is `v0` with 192.0.2.1/24, where
192.0.2.2 swallows everything. The collector is a stand-in here: a few lines of HTTP that record
what comes and answer what the test wants.

MTAWATCH_BUILD names the build folder (default: build/sanitize).
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

import identity  # noqa: E402
from agent_rig import (  # noqa: E402
    AGENT, BUILD, StandIn, expect_within, network_of_its_own, running, start_of_an_agent)
from lab.exchange_disk import ExchangeDisk  # noqa: E402 - the folder is on the path only now
from wine import need_wine  # noqa: E402
from waiting import until  # noqa: E402

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "proto/report/report.schema.json").read_text()))
SWALLOWED = "192.0.2.2"


@pytest.fixture(scope="module", autouse=True)
def namespace():
    with network_of_its_own("link set lo up", "link add v0 type veth peer name v1", "addr add 192.0.2.1/24 dev v0",
                            "link set v0 up", "link set v1 up",
                            f"neigh add {SWALLOWED} lladdr 02:00:00:00:00:02 dev v0"):
        yield


@pytest.fixture
def collector():
    with contextlib.closing(StandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def agent(tmp_path):
    """Runs the agent to its end: agent("check", "--json") gives exit status, output, messages."""
    def call(*arguments, ok=None, limit="1"):
        command = [str(AGENT), *arguments]
        if arguments and arguments[0] in ("run", "report", "check"):
            command += ["--state-dir", str(tmp_path / "state"), "--probe-limit", limit]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if ok is not None:
            assert done.returncode == ok, done.stderr
        return done
    call.state = tmp_path / "state"
    return call


def spooled(agent):
    return sorted((agent.state / "spool").glob("*.report"))


def test_report_prints_the_report_and_nothing_else(agent):
    done = agent("report", "--peer", f"EXCH2={SWALLOWED}", ok=0)
    report = json.loads(done.stdout)
    SCHEMA.validate(report)
    assert done.stdout.count("\n") == 1
    row, = report["probes"]
    assert (row["adapter"], row["peer"], row["from"], row["to"]) == (
        "v0", "EXCH2", "192.0.2.1", SWALLOWED)
    assert (row["grade"], row["error"], row["attempts"], row["for_s"]) == ("none", "timeout", 3, 0)
    assert row["via"] == "v0"
    assert 900 <= row["ms"] <= 1300
    own, = report["self_probes"]
    assert (own["to"], own["grade"], own["error"]) == ("192.0.2.1", "none", "refused")
    assert not agent.state.exists()


def test_the_server_itself_is_never_probed_as_a_peer(agent):
    name = json.loads(agent("report", ok=0).stdout)["host"]["name"]
    done = agent("report", "--peer", "ALIAS=192.0.2.1", "--peer", f"{name.lower()}=192.0.2.77",
                 ok=0)
    assert json.loads(done.stdout).get("probes", []) == []


def test_help_and_version_go_to_standard_output(agent):
    told = agent("--version", ok=0).stdout
    assert told.startswith("mtawatch-agent ") and "Windows NT 4.0 SP6a" in told
    for command in ([], ["run"], ["report"], ["check"]):
        done = agent(*command, "--help", ok=0)
        assert "Examples" in done.stdout
        assert done.stderr == ""


def test_a_wrong_command_line_suggests_help_and_exits_2(agent):
    done = agent("--verbose", ok=2)
    assert "--help" in done.stderr
    assert done.stdout == ""
    assert "unknown option --verbose" in agent("check", "--verbose", ok=2).stderr


def test_check_tells_people_and_programs(agent):
    done = agent("check", "--peer", f"EXCH2={SWALLOWED}", ok=0)
    assert ": not applicable\n" in done.stdout.splitlines(keepends=True)[0]
    assert "\033" not in done.stdout
    verdict = json.loads(agent("check", "--json", ok=0).stdout)
    assert verdict["verdict"] == "not_applicable"


def test_a_cycle_reaches_the_collector_and_takes_its_answer(agent, collector):
    collector.peers = [{"name": "EXCH2", "addresses": [SWALLOWED, "127.0.0.1"]}]
    collector.interval_s = 77
    agent("run", "--once", "--collector", collector.url + "/", ok=0)
    (path, headers, first), = collector.requests
    assert path == "/v1/reports"
    assert headers["Content-Type"] == "application/json"
    assert headers["Mtawatch-Report-Age"] in ("0", "1", "2")
    assert headers["User-Agent"].startswith("mtawatch-agent/")
    SCHEMA.validate(first)
    assert (first["sequence"], first["interval_s"]) == (1, 300)
    assert first.get("probes", []) == []
    assert spooled(agent) == []

    agent("run", "--once", "--collector", collector.url, "--peer", f"exch2={SWALLOWED}", ok=0)
    second = collector.reports[1]
    assert (second["sequence"], second["interval_s"]) == (2, 77)
    assert second["agent"]["id"] == first["agent"]["id"]
    assert second["agent"]["epoch"] == first["agent"]["epoch"]
    assert [(row["peer"], row["to"]) for row in second["probes"]] == [("EXCH2", SWALLOWED)]


def test_a_grade_stands_over_a_restart(agent, collector):
    peer = ["--peer", f"EXCH2={SWALLOWED}"]
    agent("run", "--once", "--collector", collector.url, *peer, ok=0)
    time.sleep(1.1)
    agent("run", "--once", "--collector", collector.url, *peer, ok=0)
    first, second = (report["probes"][0] for report in collector.reports)
    assert first["for_s"] == 0
    assert 2 <= second["for_s"] <= 10
    # `report` looks at the same history and leaves it as it is.
    assert json.loads(agent("report", *peer, ok=0).stdout)["probes"][0]["for_s"] >= second["for_s"]


def test_a_lost_sequence_begins_a_new_epoch(agent, collector):
    def once():
        agent("run", "--once", "--collector", collector.url, ok=0)
        return collector.reports[-1]
    first = once()
    (agent.state / "sequence").write_text("nonsense")
    second = once()
    assert second["agent"]["id"] == first["agent"]["id"]
    assert second["agent"]["epoch"] != first["agent"]["epoch"]
    assert second["sequence"] == 1
    (agent.state / "identity").unlink()
    third = once()
    assert third["agent"]["id"] != first["agent"]["id"]
    assert third["agent"]["epoch"] != second["agent"]["epoch"]


def test_reports_wait_for_a_collector_that_is_away_and_the_newest_goes_first(agent, collector):
    url, port = collector.url, collector.port
    collector.close()
    for _ in range(3):
        done = agent("run", "--once", "--collector", url, ok=2)
        assert done.stderr.count("could not send reports") == 1
    assert len(spooled(agent)) == 3
    until(lambda: time.time() - spooled(agent)[0].stat().st_mtime > 2)
    back = StandIn(port)
    try:
        agent("run", "--once", "--collector", url, ok=0)
    finally:
        back.close()
        collector.__init__()  # the fixture closes what is there
    assert [report["sequence"] for report in back.reports] == [4, 3, 2, 1]
    ages = [int(headers["Mtawatch-Report-Age"]) for _, headers, _ in back.requests]
    assert ages == sorted(ages) and ages[-1] > ages[0]
    assert spooled(agent) == []


def test_away_is_said_once_and_back_is_said_once(agent, collector):
    url, port = collector.url, collector.port
    collector.close()
    with running(agent.state, "--collector", url, "--interval", "1", "--probe-limit", "1") as run:
        until(lambda: len(spooled(agent)) >= 3)
        collector.__init__(port)
        until(lambda: len(collector.reports) >= 5)
        assert run.says("could not send reports to the collector") == 1
        assert run.says(f"reports go to {url} now") == 1
        assert run.says("error: event 220: ") == 1
        run.stop_in_time()
    sequences = sorted(report["sequence"] for report in collector.reports)
    assert sequences == list(range(1, len(sequences) + 1))


def sockets_that_wait_for_others(pid):
    """Of a process: TCP ports that listen, UDP ports that are bound."""
    own = set()
    for file in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            own.add(os.readlink(file))
    found = []
    for table, states in (("tcp", {"0A"}), ("tcp6", {"0A"}), ("udp", {"07"}), ("udp6", {"07"}), ("raw", {"07"})):
        rows = [line.split() for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
        found += [(table, row[1]) for row in rows if row[3] in states and f"socket:[{row[9]}]" in own]
    return found


def test_it_listens_nowhere(agent, collector):
    seen, looks = [], 0
    with running(agent.state, "--collector", collector.url, "--interval", "1", "--probe-limit", "1", "--peer",
                 f"EXCH2={SWALLOWED}") as run:
        while len(collector.reports) < 3:
            seen += sockets_that_wait_for_others(run.process.pid)
            looks += 1
        run.stop_in_time()
    assert seen == [] and looks > 10
    with socket.create_server(("127.0.0.1", 0)):
        assert sockets_that_wait_for_others(os.getpid()) != []  # so that this can fail


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_report_is_put_aside_and_blocks_nothing(agent, collector, status):
    collector.refuse(status, "probes/0/grade: expected\ta grade\n\033[31m")
    done = agent("run", "--once", "--collector", collector.url, ok=2)
    assert f"HTTP status {status}: probes/0/grade: expected a grade  [31m" in done.stderr
    assert len(list((agent.state / "rejected").iterdir())) == 1
    assert spooled(agent) == []
    agent("run", "--once", "--collector", collector.url, ok=0)
    assert [report["sequence"] for report in collector.reports] == [1, 2]


def test_a_conflict_begins_a_new_epoch(agent, collector):
    collector.refuse(409, "another report has this sequence")
    agent("run", "--once", "--collector", collector.url, ok=2)
    with running(agent.state, "--collector", collector.url, "--interval", "1"):
        until(lambda: len(collector.reports) >= 2)
        before = {report["agent"]["epoch"] for report in collector.reports}
        collector.refuse(409, "again")
        until(lambda: collector.reports[-1]["agent"]["epoch"] not in before)
    first = next(report for report in collector.reports
                 if report["agent"]["epoch"] not in before)
    assert first["sequence"] == 1
    assert first["agent"]["id"] == collector.reports[0]["agent"]["id"]


@pytest.mark.parametrize("answer", [
    (200, "text/html", b"<html>please log in</html>"),
    (200, "application/json", b'{"accepted": 1, "verdict": "exposed", "peers": [], '
                              b'"interval_s": 0}'),
    (200, "application/json", b'{"accepted": 1, "verdict": "fine", "peers": [], '
                              b'"interval_s": 9}'),
    (200, "application/json", b"[" * 100000),
    (200, "application/json", b" " * 300000),
    (301, "text/html", b""),
    (401, "application/problem+json", b'{"title": "Unauthorized", "detail": "no such agent", "code": "unknown_agent"}'),
    (500, "text/plain", b"oops"),
    (503, "text/plain", b"later"),
])
def test_what_is_no_acceptance_loses_no_report(agent, collector, answer):
    collector.answers.append(answer)
    done = agent("run", "--once", "--collector", collector.url, ok=2)
    assert done.stderr.count("could not send reports") == 1
    if answer[0] == 401:
        assert "HTTP status 401: no such agent" in done.stderr
    assert len(spooled(agent)) == 1
    agent("run", "--once", "--collector", collector.url, ok=0)
    assert [report["sequence"] for report in collector.reports] == [1, 2, 1]
    assert collector.reports[0] == collector.reports[2]


@contextlib.contextmanager
def silent_listener():
    """A stand-in for a collector that hangs: it accepts, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def collected(agent):
    """When the spooled reports were collected, in order."""
    return [datetime.datetime.fromisoformat(
        json.loads(path.read_text().split("\n", 1)[1])["collected_at"].replace("Z", "+00:00"))
        for path in spooled(agent)]


def expect_cycles_and_a_quick_end(run, agent):
    until(lambda: len(spooled(agent)) >= 5)
    times = collected(agent)
    gaps = [(b - a).total_seconds() for a, b in zip(times, times[1:])]
    expect_within(5, lambda: max(gaps), start_of_an_agent)
    run.stop_in_time()
    assert run.says("left the sending") <= 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_collector_that_hangs_delays_no_cycle_and_no_end(agent, scheme):
    with silent_listener() as port:
        with running(agent.state, "--collector", f"{scheme}://127.0.0.1:{port}",
                     "--interval", "1", "--probe-limit", "1") as run:
            expect_cycles_and_a_quick_end(run, agent)


def test_a_send_ends_although_the_clock_of_libcurl_began_anew(agent, tmp_path):
    """GetTickCount() does after 49.7 days. A clock that stands still stands for one that went back."""
    anew = tmp_path / "anew"
    within = ["env", f"LD_PRELOAD={BUILD / 'tests/integration/libwrong_ticks.so'}", f"WRONG_TICKS={anew}",
              f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        with running(agent.state, "--collector", f"http://127.0.0.1:{listener.getsockname()[1]}",
                     "--probe-limit", "1", within=within) as run:
            hanging, _ = listener.accept()
            assert hanging.recv(10)
            anew.touch()
            until(lambda: run.says("could not send reports"))
            run.stop_in_time()


def test_cycles_go_on_when_the_clock_is_set(agent, collector, tmp_path):
    """By hand, or where somebody takes an hour of summer time for one of the clock: back, forward, back."""
    clock = tmp_path / "clock"
    within = ["env", f"LD_PRELOAD={BUILD / 'tests/integration/libwrong_clock.so'}", f"WRONG_CLOCK={clock}",
              f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"]
    log = tmp_path / "agent.log"
    with running(agent.state, "--collector", collector.url, "--interval", "1", "--probe-limit", "1",
                 "--log-file", str(log), within=within) as run:
        until(lambda: len(collector.reports) >= 2)
        for seconds in (-40 * 86400, 3600, -3600):
            before = len(collector.reports)
            clock.write_text(str(seconds))
            until(lambda: len(collector.reports) >= before + 3)
            told = datetime.datetime.fromisoformat(collector.reports[-1]["collected_at"].replace("Z", "+00:00"))
            off = (told - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
            assert abs(off - seconds) < 30
        run.stop_in_time()
    sequences = [report["sequence"] for report in collector.reports]
    assert sequences == sorted(set(sequences))


def test_the_collectors_name_is_looked_up_for_each_connection(agent, tmp_path):
    """libcurl would keep the address by the system's clock: for forty days more where that is set back."""
    hosts, clock = tmp_path / "hosts", tmp_path / "clock"
    hosts.write_text("127.0.0.1 collector.example\n")
    within = ["unshare", "--mount", "sh", "-c", f"mount --bind {hosts} /etc/hosts && exec \"$@\"", "sh",
              "env", f"LD_PRELOAD={BUILD / 'tests/integration/libwrong_clock.so'}", f"WRONG_CLOCK={clock}",
              f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"]
    with contextlib.closing(StandIn()) as first, contextlib.closing(
            StandIn(first.port, host="127.0.0.2")) as second:
        first.server.RequestHandlerClass.protocol_version = "HTTP/1.0"  # a connection for each report
        with running(agent.state, "--collector", f"http://collector.example:{first.port}", "--interval", "1",
                     "--probe-limit", "1", within=within):
            until(lambda: first.reports)
            with hosts.open("r+") as file:  # never empty, so that no name server is asked meanwhile
                file.write("127.0.0.2 collector.example\n")
            clock.write_text(str(-40 * 86400))
            until(lambda: second.reports, lambda: (len(first.reports), (agent.state / "collectors").read_text()))


def test_a_name_server_that_hangs_delays_no_cycle_and_no_end(agent, tmp_path):
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(f"nameserver {SWALLOWED}\noptions timeout:30 attempts:5\n")
    within = ["unshare", "--mount", "sh", "-c",
              f"mount --bind {resolver} /etc/resolv.conf && exec \"$@\"", "sh"]
    with running(agent.state, "--collector", "https://collector.example", "--interval", "1",
                 "--probe-limit", "1", within=within) as run:
        expect_cycles_and_a_quick_end(run, agent)


def test_a_damaged_spool_file_is_skipped_with_a_message(agent, collector):
    collector.answers.append((500, "text/plain", b""))
    agent("run", "--once", "--collector", collector.url, ok=2)
    file, = spooled(agent)
    file.write_bytes(file.read_bytes()[:-1])
    done = agent("run", "--once", "--collector", collector.url, ok=0)
    assert f"skipped the spooled report {file}" in done.stderr
    assert [report["sequence"] for report in collector.reports] == [1, 2]


class Collector:
    """The real collector, on a port that stays the same over restarts."""

    def __init__(self, folder, listen="127.0.0.1:0"):
        program = BUILD / "collector/mtawatch-collector"
        self.token, secret = identity.set_up(program, folder)
        self.secret_file = identity.hand_out(secret, folder / "for-the-agent")
        self.process = subprocess.Popen(
            [program, "serve", "--listen", listen,
             "--data", str(folder)], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.address = re.search(r"127\.0\.0\.1:\d+", line).group()
        self.url = f"http://{self.address}"

    def server(self, name):
        request = urllib.request.Request(f"{self.url}/v1/servers/{name}", headers=identity.bearer(self.token))
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def test_the_real_collector_takes_reports_and_those_of_while_it_was_away(agent, tmp_path):
    name = json.loads(agent("report", ok=0).stdout)["host"]["name"]
    with contextlib.closing(Collector(tmp_path / "data")) as collector:
        agent("run", "--once", "--collector", collector.url,
              "--enroll-secret-file", collector.secret_file, ok=0)
        assert collector.server(name)["verdict"] == "not_applicable"
        address = collector.address
    for _ in range(2):
        agent("run", "--once", "--collector", f"http://{address}", ok=2)
    assert len(spooled(agent)) == 2
    with contextlib.closing(Collector(tmp_path / "data", address)) as collector:
        done = agent("run", "--once", "--collector", collector.url, ok=0)
        assert "refused" not in done.stderr
        assert collector.server(name)["verdict"] == "not_applicable"
    assert spooled(agent) == []


def test_check_warns_of_a_failing_server(agent, tmp_path):
    disk = ExchangeDisk(tmp_path / "disk", "EXCH1")
    disk.failed_to_start()
    disk.service("stopped")
    done = agent("check", "--windows-root", str(tmp_path / "disk"), "--disk-only", ok=1)
    assert done.stdout.startswith("EXCH1: failing\n")
    assert "event 9321" in done.stdout
    assert "What to do" in done.stdout
    lines = [line for line in done.stdout.splitlines() if str(tmp_path) not in line]  # a path is not broken
    assert max(map(len, lines)) <= 80
    verdict = json.loads(agent("check", "--json", "--windows-root", str(tmp_path / "disk"),
                               "--disk-only", ok=1).stdout)
    assert verdict["verdict"] == "failing"


@pytest.mark.parametrize("phase", ["probing", "sending", "waiting"])
def test_it_ends_within_two_seconds_whatever_it_does(agent, collector, phase):
    arguments = ["--collector", collector.url, "--probe-limit", "60"]
    held = threading.Event()
    if phase == "probing":
        arguments += ["--peer", f"EXCH2={SWALLOWED}"]
    if phase == "sending":
        answer = collector.answer
        collector.answer = lambda report: held.wait(30) and answer(report) or answer(report)
    with running(agent.state, *arguments) as run:
        if phase == "probing":
            until(lambda: run.says("reports to"))
            time.sleep(0.5)
        else:
            until(lambda: collector.requests, seconds=40)
            time.sleep(0.5)
        run.stop_in_time()
        held.set()


def test_a_state_directory_that_cannot_be_used_is_named(agent, collector):
    agent.state.write_text("a file is in the way")
    done = agent("run", "--once", "--collector", collector.url, ok=2)
    assert f"could not make the state directory {agent.state}" in done.stderr


def test_a_full_disk_stops_no_report(agent, collector):
    """On a small file system that is full: the reports go out though nothing can be kept."""
    agent.state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", agent.state],
                      capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system")
    try:
        agent("run", "--once", "--collector", collector.url, ok=0)
        with contextlib.suppress(OSError), open(agent.state / "ballast", "wb", 0) as ballast:
            while True:
                ballast.write(b"x" * 4096)
        done = agent("run", "--once", "--collector", collector.url, ok=0)
        assert "there is no room left" in done.stderr
        first, second = collector.reports
        assert second["agent"]["epoch"] != first["agent"]["epoch"]
        assert second["sequence"] == 1
    finally:
        subprocess.run(["umount", agent.state], check=True)


def test_a_configuration_file_works_and_its_mistakes_have_lines(agent, collector, tmp_path):
    file = tmp_path / "agent.conf"
    file.write_text(f"# where to\ncollector = {collector.url}\npeer = EXCH2={SWALLOWED}\n")
    agent("run", "--once", "--config", str(file), ok=0)
    assert collector.reports[0]["probes"][0]["peer"] == "EXCH2"
    file.write_text("\ncolector = x\n")
    done = agent("run", "--once", "--config", str(file), ok=2)
    assert f"{file}:2: unknown key colector" in done.stderr


def test_the_windows_agent_does_the_same_under_wine(collector, tmp_path):
    """The real 32-bit executable: a cycle, an away collector, the spool, the restart."""
    executable = pathlib.Path(os.environ.get("MTAWATCH_WINDOWS_BUILD", ROOT / "build/windows"))
    executable /= "agent/mtawatch-agent.exe"
    if not executable.exists():
        pytest.skip(f"{executable} is not built")
    need_wine()
    prefix = tmp_path / "wine"

    def call(*arguments):
        return subprocess.run(
            [ROOT / "scripts/wine", "--prefix", prefix, "--", executable, "run", "--once",
             "--state-dir", "Z:" + str(tmp_path / "state").replace("/", "\\"),
             "--probe-limit", "1", "--peer", f"EXCH2={SWALLOWED}", *arguments],
            capture_output=True, text=True, timeout=170)
    try:
        done = call("--collector", "http://127.0.0.1:9")
        assert done.returncode == 2 and done.stderr.count("could not send reports") == 1
        assert re.search(r"Failed to connect to 127\.0\.0\.1 port 9 .*: .*refused", done.stderr), done.stderr
        done = call("--collector", collector.url)
        assert done.returncode == 0, done.stderr
    finally:
        subprocess.run([ROOT / "scripts/wine", "--prefix", prefix, "--kill"], check=True)
    second, first = collector.reports
    for report in (first, second):
        SCHEMA.validate(report)
        row, = report["probes"]
        assert (row["from"], row["to"], row["grade"], row["error"], row["attempts"]) == (
            "192.0.2.1", SWALLOWED, "none", "timeout", 3)
        assert report["agent"]["platform"] == "windows-x86"
        assert report["self_probes"][0]["error"] == "refused"
    assert (first["sequence"], second["sequence"]) == (1, 2)
    assert first["agent"]["epoch"] == second["agent"]["epoch"]
    assert second["probes"][0]["for_s"] >= 1 and first["probes"][0]["for_s"] == 0
    assert list((tmp_path / "state/spool").iterdir()) == []


def test_a_disk_that_names_no_server_is_told_so(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "some.reg").write_text('REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\X]\n"A"="b"\n')
    done = subprocess.run([AGENT, "report", "--windows-root", disk, "--disk-only"],
                          capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert "name of the server is not known" in done.stderr
    assert "ComputerName" in done.stderr


def test_damaged_records_of_an_event_log_are_counted(tmp_path):
    disk = ExchangeDisk(tmp_path / "disk", "EXCH1")
    disk.failed_to_start()
    log = tmp_path / "disk" / "AppEvent.evt"
    content = bytearray(log.read_bytes())
    second = content.index(b"LfLe", content.index(b"LfLe", 48) + 4)
    content[second - 4:second] = b"\xff\xff\xff\x7f"  # its length
    log.write_bytes(content)
    done = subprocess.run([AGENT, "report", "--windows-root", tmp_path / "disk", "--disk-only"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    mta = json.loads(done.stdout)["mta"]
    assert [event["id"] for event in mta["last_start"]["events"]] == [9266]
    assert (mta["log"]["lost"], mta["log"]["records"]) == (1, 2)
