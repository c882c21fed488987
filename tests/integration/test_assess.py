"""`mtawatch-collector assess`: report files in, verdicts out, as the running collector has them."""

import datetime
import json
import subprocess

import pytest
from running import PROGRAM, Collector, exposed_site, minimal, row, server
from terminal import at_a_terminal

T0 = datetime.datetime(2026, 11, 22, 10, 0, 0, tzinfo=datetime.timezone.utc)


def moment(seconds):
    return (T0 + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def collected(report, seconds, **more):
    return {**report, "collected_at": moment(seconds), **more}


class Files:
    """Report files of one test, and what assess says of them."""

    def __init__(self, folder):
        self.folder = folder
        self.names = []

    def add(self, report, name=None):
        path = self.folder / (name or f"{len(self.names)}.json")
        path.write_bytes(report if isinstance(report, bytes) else json.dumps(report).encode())
        self.names.append(str(path))
        return str(path)

    def assess(self, *arguments, at=0, **more):
        times = [] if at is None else ["--at", moment(at)]
        return subprocess.run([PROGRAM, "assess", *times, *arguments, *self.names],
                              capture_output=True, text=True, timeout=60, check=False, **more)

    def verdicts(self, **more):
        """{server: (verdict, silent)}, in the order of the answer, and the exit status"""
        done = self.assess(**more)
        found = {s["server"]: (s["verdict"], s["silent"]) for s in json.loads(done.stdout)}
        return found, done.returncode


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def test_people_at_a_terminal_get_a_table_and_programs_json(files):
    for report in exposed_site():
        files.add(collected(report, 0))
    status, said = at_a_terminal([PROGRAM, "assess", "--at", moment(10), *files.names],
                                 columns=200, NO_COLOR="1")
    lines = said.splitlines()
    assert status == 1 and lines[0].split() == ["VERDICT", "SERVER", "ORGANIZATION", "SITE", "WHY", "WHAT", "TO", "DO"]
    assert [line.split()[:4] for line in lines[1:4]] == [
        ["exposed", "EXCH1", "ACME", "HQ"], ["clear", "EXCH2", "ACME", "HQ"], ["clear", "EXCH3", "ACME", "HQ"]]
    assert "Adapter B (" in lines[1] and "reaches no server of the site over RPC" in lines[1]
    assert "Only one adapter is active." in lines[2]
    status, said = at_a_terminal([PROGRAM, "assess", "--json", "--at", moment(10), *files.names],
                                 columns=200, NO_COLOR="1")
    assert status == 1 and [s["server"] for s in json.loads(said)] == ["EXCH1", "EXCH2", "EXCH3"]


def test_the_exposed_server_is_named_with_reason_and_remedy(files):
    for report in reversed(exposed_site()):
        files.add(collected(report, 0))
    done = files.assess(at=10)
    assert (done.returncode, done.stderr) == (1, "")
    servers = json.loads(done.stdout)
    assert [s["server"] for s in servers] == ["EXCH1", "EXCH2", "EXCH3"]
    assert [s["verdict"] for s in servers] == ["exposed", "clear", "clear"]
    first = servers[0]
    assert (first["organization"], first["site"], first["silent"]) == ("ACME", "HQ", False)
    isolated = [r for r in first["reasons"] if r["code"] == "adapter_isolated"]
    assert [r["evidence"]["adapter"] for r in isolated] == ["B"]
    steps = first["remedy"]["options"][0]["steps"]
    assert [(s["action"], s["adapter"], s["verdict_after"]) for s in steps] == \
        [("disable_adapter", "B", "clear")]


def test_nothing_alarming_is_exit_status_0(files):
    for report in exposed_site()[1:]:
        files.add(collected(report, 0))
    assert files.verdicts() == ({"EXCH2": ("clear", False), "EXCH3": ("clear", False)}, 0)


def test_several_sites_are_judged_apart(files):
    """The same names of adapters and addresses, another site: no proof for HQ."""
    for report in exposed_site():
        files.add(collected(report, 0))
    files.add(collected(server("B1", "10.0.0.1", [row("A", "B2", "10.0.0.1", "10.0.0.2")],
                               site="Branch", second="10.9.0.1"), 0))
    found, code = files.verdicts()
    assert found["EXCH1"] == ("exposed", False) and found["B1"] == ("unknown", False)
    assert list(found) == ["B1", "EXCH1", "EXCH2", "EXCH3"] and code == 1


def test_the_latest_report_until_the_time_counts_and_later_ones_are_named(files):
    bad, *others = exposed_site()
    good = server("exch1.acme.example", "10.0.0.1", [row("A", "EXCH2", "10.0.0.1", "10.0.0.2")])
    later = files.add(collected(good, 300, sequence=2), "later.json")
    files.add(collected(bad, 0))
    for report in others:
        files.add(collected(report, 0))
    assert files.verdicts(at=299)[0]["EXCH1"] == ("exposed", False)
    assert files.verdicts(at=300)[0]["exch1"] == ("clear", False)
    notice = files.assess(at=299).stderr
    assert later in notice and moment(300) in notice and notice.count("\n") == 1


def test_a_silent_server_keeps_what_was_known_when_it_was_fresh(files):
    """EXCH1 fails everywhere; only EXCH3 proves that EXCH2 was alive. Intervals of 300 s."""
    rows = [row(a, "EXCH2", "10.0.0.1", "10.0.0.2", "none", error="timeout") for a in "AB"]
    files.add(collected(server("EXCH1", "10.0.0.1", rows, second="10.9.0.1"), 0))
    proof = server("EXCH3", "10.0.0.3", [row("A", "EXCH2", "10.0.0.3", "10.0.0.2")])
    name = files.add(collected(proof, 899))
    assert files.verdicts(at=899)[0]["EXCH1"] == ("exposed", False)
    assert files.verdicts(at=900)[0]["EXCH1"] == ("exposed", True)
    assert files.verdicts(at=100000) == ({"EXCH1": ("exposed", True), "EXCH3": ("clear", True)}, 1)
    files.names.remove(name)
    files.add(collected(proof, 900))
    assert files.verdicts(at=900)[0]["EXCH1"] == ("unknown", True)


@pytest.mark.parametrize("age, silent", [(899, False), (900, True)])
def test_an_exported_report_counts_by_its_receipt_minus_its_age(files, age, silent):
    """The server's own clock is years off."""
    files.add({**minimal(), "collected_at": "1999-01-01T00:00:00Z", "received_at": moment(0),
               "age_s": age})
    assert files.verdicts(at=0)[0] == {"EXCH1": (files.verdicts()[0]["EXCH1"][0], silent)}


def test_what_is_no_report_is_named_and_the_others_are_judged(files):
    for report in exposed_site():
        files.add(collected(report, 0))
    bad = files.add({**minimal("BAD"), "interval_s": "often"}, "bad.json")
    cut = files.add(b'{"schema"', "cut.json")
    gone = str(files.folder / "gone.json")
    done = files.assess(gone)
    assert done.returncode == 2
    assert len(json.loads(done.stdout)) == 3
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert gone in lines[0] and "No such file" in lines[0]
    assert bad in lines[1] and "/interval_s" in lines[1]
    assert cut in lines[2]


def test_a_report_over_the_limit_is_refused(files):
    files.add(json.dumps(minimal()).encode() + b" " * (1024 * 1024))
    done = files.assess()
    assert (done.returncode, done.stdout) == (2, "[]\n")


def test_standard_input_is_a_file_named_dash(files):
    report = json.dumps(collected(exposed_site()[0], 0))
    done = files.assess("-", input=report)
    assert done.returncode == 1 and json.loads(done.stdout)[0]["server"] == "EXCH1"


def test_without_a_time_it_is_now(files):
    files.add(collected(minimal(), 0))
    files.add({**minimal("EXCH2"),
               "collected_at": datetime.datetime.now(datetime.timezone.utc).isoformat()})
    found, _ = files.verdicts(at=None)
    assert {name: silent for name, (_, silent) in found.items()}["EXCH2"] is False


@pytest.mark.parametrize("arguments, words", [
    (["--at", "yesterday", "x.json"], "yesterday"), (["x.json", "--at"], "--at"),
    (["--at=2026-11-22", "x.json"], "2026-11-22"), ([], "report files"),
    (["--in", "x.json"], "--in")])
def test_wrong_usage_is_exit_status_2_and_nothing_is_printed(arguments, words):
    done = subprocess.run([PROGRAM, "assess", *arguments], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


def test_it_says_what_the_running_collector_said(files, tmp_path):
    """What the API shows of each server, exported and read again, gives the same verdicts."""
    with Collector(tmp_path / "data") as running:
        for age, report in zip((0, 1000, 30), exposed_site()):
            assert running.post(report, **{"Mtawatch-Report-Age": str(age)})[0] == 200
        shown = {}
        for summary in running.get("/v1/servers")["servers"]:
            detail = running.get("/v1/servers/" + summary["server"])
            files.add(detail["report"])
            shown[detail["server"]] = detail
    judged = json.loads(files.assess(at=None).stdout)
    assert {s["server"]: s["silent"] for s in judged} == \
        {"EXCH1": False, "EXCH2": True, "EXCH3": False}
    for server_object in judged:
        same = shown[server_object["server"]]
        assert server_object == {key: same[key] for key in server_object}
