"""What the agent reads out of an Application log, and the verdict that follows from it: every row of the
rule's table "Reading the log", out of .evt files on a copied disk and (where Wine is) through the calls
of ReadEventLog. The adapters of the server all reach their peers.
"""

import json
import struct
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from lab.exchange_disk import ExchangeDisk, event_record  # noqa: E402
from agent_rig import AGENT
from test_rule import ALL_REACH, STANDING, assess, subject  # noqa: E402
from wine import PROGRAMS, Wine, on_windows  # noqa: E402

BEGAN = datetime(2026, 11, 20, tzinfo=timezone.utc)
EXPORT_KEY = r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\Application]"
FAILED = [(9321, "11004"), (9266, "4")]
STARTED = [(9298, "5.5 (build 2653.23)")]


def records(*events, computer="EXCH1", first=1, began=BEGAN):
    """[bytes]: one record an event, a minute apart."""
    return [event_record(first + i, began + timedelta(minutes=i), event, (text,), computer)
            for i, (event, text) in enumerate(events)]


def end_record(at, following, oldest=1):
    return struct.pack("<10I", 40, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 48, at,
                       following, oldest, 40)


def log(*parts, end=None, following=None, dirty=False, closing=True):
    """An .evt file of these records; `end` and `following` are what its header tells."""
    body = b"".join(parts)
    at = 48 + len(body)
    header = struct.pack("<12I", 48, 0x654C664C, 1, 1, 48, end or at, following or len(parts) + 1,
                         1, 0x10000, int(dirty), 0, 48)
    return header + body + (end_record(at, len(parts) + 1) if closing else b"")


def damaged(record):
    """With more strings than it has room for: its length is right."""
    return record[:26] + b"\xff\xff" + record[28:]


OWN = records(*FAILED)
OTHER = records(*FAILED, computer="node2")
LOST = damaged(records((1000, "x"), first=3)[0])
PLAIN = records(*STARTED, *FAILED)


def with_stale_end():
    """9298, the end record of then, 9321 and 9266, the newest end record; a dirty header of then."""
    old = 48 + len(PLAIN[0])
    body = PLAIN[0] + end_record(old, 2) + PLAIN[1] + PLAIN[2]
    header = struct.pack("<12I", 48, 0x654C664C, 1, 1, 48, old, 2, 1, 0x10000, 1, 0, 48)
    return header + body + end_record(48 + len(body), 4)


TABLE = [  # name, clustered, the file, outcome, part of the problem, lost, foreign, verdict
    ("the other node's failure", True, log(*OTHER), None, None, 0, 2, "clear"),
    ("own failure, then the other node's start", True,
     log(*OWN, *records(*STARTED, computer="NODE2", first=3)), "failed", None, 0, 1, "failing"),
    ("another machine's log", False, log(*OTHER), None, "that of node2", 0, 2, "unknown"),
    ("failed, the header's end behind the file", False,
     log(*OWN, end=1016, following=9, closing=False), "failed", "not read to its end", 0, 0,
     "unknown"),
    ("started, the header's end behind the file", False,
     log(*records(*STARTED), end=1016, following=9, closing=False), "started",
     "not read to its end", 0, 0, "unknown"),
    ("failed, then a damaged record", False, log(*OWN, LOST), "failed", "damaged", 1, 0, "unknown"),
    ("a damaged record, then a failure", False,
     log(damaged(records((1000, "x"))[0]), *records(*STARTED, *FAILED, first=2)), "failed", None,
     1, 0, "failing"),
    ("a newer end than the dirty header's", False, with_stale_end(), "failed", None, 0, 0,
     "failing"),
]
NAMES = [row[0] for row in TABLE]


def verdict(told, clustered):
    """Of a server whose report says this of its MTA."""
    found = subject(ALL_REACH, clustered=clustered, mta=told["mta"],
                    problems=told.get("problems", []))
    return assess([found, *STANDING])["s"]["verdict"]


def check_row(told, row):
    _, clustered, _, outcome, problem, lost, foreign, expected = row
    mta = told["mta"]
    assert mta.get("last_start", {}).get("outcome") == outcome
    assert (mta["log"]["lost"], mta["log"]["foreign"]) == (lost, foreign)
    messages = [p["message"] for p in told.get("problems", []) if p["fact"] == "mta.events"]
    assert bool(messages) == bool(problem), messages
    assert not problem or problem in messages[0]
    assert verdict(told, clustered) == expected


class Disk:
    def __init__(self, folder, clustered=False, extra=""):
        disk = ExchangeDisk(folder / "disk", "EXCH1")
        self.folder = disk.folder
        disk.service("stopped")
        (self.folder / "AppEvent.evt").unlink()
        cluster = "[HKEY_LOCAL_MACHINE\\Cluster]\n\"ClusterName\"=\"EXCLU\"\n" if clustered else ""
        with open(self.folder / "exchange.reg", "a", encoding="ascii", newline="\r\n") as export:
            export.write("\n" + cluster + extra)
        self.put = disk.put

    def report(self):
        done = subprocess.run([AGENT, "report", "--windows-root", self.folder, "--disk-only"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def page(self):
        done = subprocess.run([AGENT, "check", "--windows-root", self.folder, "--disk-only"],
                              capture_output=True, text=True, timeout=60, check=False)
        return " ".join(done.stdout.split())

    def problem(self):
        return next((p["message"] for p in self.report()["problems"] if p["fact"] == "mta.events"),
                    None)

    def outcome(self):
        return self.report()["mta"].get("last_start", {}).get("outcome")


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_log_on_a_disk_is_read_as_the_rule_says(tmp_path, row):
    disk = Disk(tmp_path, clustered=row[1])
    disk.put("AppEvent.Evt", row[2])
    check_row(disk.report(), row)


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    if not PROGRAMS.exists():
        pytest.skip("there is no Windows build")
    folder = tmp_path_factory.mktemp("seam")
    machine = Wine(folder)
    yield machine, folder
    machine.close()


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_the_system_s_log_is_read_as_the_rule_says_under_wine(windows, row):
    machine, folder = windows
    path = folder / "log.evt"
    # The service itself knows where its log ends.
    path.write_bytes(log(*PLAIN) if row[0] == NAMES[-1] else row[2])
    status, text, errors = machine.run(PROGRAMS / "event_log.exe", "row", on_windows(path), "EXCH1",
                                       "yes" if row[1] else "no")
    assert status == 0, errors
    told = json.loads(text)
    for problem in told.get("problems", []):  # the words for a log that breaks off are the system's
        problem["message"] = problem["message"].replace("ReadEventLog Application: ",
                                                        "not read to its end: ")
    check_row(told, row)


@pytest.mark.parametrize("content, told", [
    (log(*OWN)[:-20], "no end-of-file record"),
    (log(*OWN)[:-60], "behind the end of the file"),
    (log(*OWN, closing=False) + bytes(4096), "no end-of-file record"),
    (log(*OWN, following=9), "newest records"),
    (log(*OWN) + b"".join(records(*STARTED, first=3)), None),  # behind a closed log's end
    (log(*OWN, dirty=True) + b"".join(records(*STARTED, first=3)), "newest records"),
    (b"ElfFile\0" + bytes(4096), "(.evtx)"),
    (b"11/22/26,03:00:00,MSExchangeMTA,Error,None,9321,N/A,EXCH1,11004\r\n", "export as text"),
    ("11/22/26\t03:00:00\tMSExchangeMTA\tError\t9321".encode("utf-16"), "export as text"),
    (bytes(4096), "no event log that can be read"),
    (b"", "no event log that can be read"),
])
def test_what_is_no_whole_log_is_named(tmp_path, content, told):
    disk = Disk(tmp_path)
    disk.put("AppEvent.Evt", content)
    problem = disk.problem()
    assert (told in problem and "AppEvent.Evt" in problem) if told else problem is None, problem


@pytest.mark.parametrize("computer, counts", [
    ("exch1", True), ("EXCH1.acme.example", True), ("EXCH10", False), ("EXCH", False), ("", False),
    ("mail-server-of-the-site", True), ("MAIL-SERVER-OF-", True), ("mail", False),
])
def test_a_machine_has_its_names_without_case_and_domain(tmp_path, computer, counts):
    key = r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters]"
    names = key + '\n"Hostname"="mail-server-of-"\n'
    disk = Disk(tmp_path, extra=names)
    disk.put("AppEvent.Evt", log(*records(*FAILED, computer=computer)))
    assert (disk.outcome() == "failed") == counts
    assert (disk.problem() is None) == (counts or computer == "")


def test_saved_logs_are_read_in_order_and_no_record_twice(tmp_path):
    disk = Disk(tmp_path)
    numbered = records(*STARTED, *FAILED, *STARTED, *FAILED)
    disk.put("b.evt", log(*numbered[:4]))
    disk.put("a.evt", log(*numbered))
    disk.put("c.evt", log(*records(*STARTED, began=BEGAN - timedelta(days=30))))  # before a clearing
    told = disk.report()["mta"]
    assert told["last_start"]["outcome"] == "failed"
    assert told["log"]["records"] == len(numbered) + 1
    assert told["log"]["oldest_at"] == "2026-10-21T00:00:00Z"
    for name in "abc":
        assert f"{name}.evt" in told["log"]["path"]


def test_the_log_is_where_the_registry_says_below_any_system_root(tmp_path):
    root = ('[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n'
            '"SystemRoot"="C:\\\\WINNT.SBS"\n')
    disk = Disk(tmp_path, extra=root + EXPORT_KEY + '\n"File"="%SystemRoot%\\\\logs\\\\App.Evt"\n')
    disk.put("C/winnt.sbs/Logs/App.Evt", log(*OWN))
    disk.put("C/winnt/system32/config/AppEvent.Evt", log(*records(*STARTED)))
    assert disk.outcome() == "failed"
    assert disk.report()["mta"]["log"]["path"].endswith("C/winnt.sbs/Logs/App.Evt")


def test_the_system_and_the_security_log_are_never_taken(tmp_path):
    disk = Disk(tmp_path)
    source = "Service Control Manager"
    system = log(*records((7024, "x"))).replace("MSExchangeMTA".encode("utf-16-le"),
                                                source[:13].encode("utf-16-le"))
    disk.put("SysEvent.Evt", system)
    assert "only the System or the Security log" in disk.problem()
    disk.put("zz.evt", log(*OWN))
    assert disk.problem() is None and disk.outcome() == "failed"
    assert disk.report()["mta"]["log"]["path"].endswith("zz.evt")


def test_an_export_beside_a_log_matters_only_where_it_tells_of_the_mta(tmp_path):
    disk = Disk(tmp_path)
    disk.put("AppEvent.Evt", log(*OWN))
    disk.put("System.evtx", b"ElfFile\0" + bytes(4096))
    disk.put("notes.txt", b"MSExchangeMTA failed with 9321, we think\r\n")
    assert disk.problem() is None
    disk.put("App.csv", b"11/22/26,03:00:00,MSExchangeMTA,Information,None,9298,N/A,EXCH1\r\n")
    assert "App.csv" in disk.problem()


def test_the_page_tells_which_log_was_read_and_how_far_back_it_reaches(tmp_path):
    disk = Disk(tmp_path)
    disk.put("AppEvent.Evt", log(*records(*STARTED)))
    page = disk.page()
    assert "AppEvent.Evt: records: 1" in page
    assert "no failed start of the MTA since 2026-11-20, where the log begins" in page
    disk.put("AppEvent.Evt", log(*OWN))
    assert "no failed start" not in disk.page()
