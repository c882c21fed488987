"""What the terminal asks of a collector that runs: reports carried by hand, servers taken out."""

import json
import socket
import subprocess

import pytest
from running import PROGRAM, Collector, server
from test_fleet import stamp


def run(*arguments, text=None):
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True,
                          timeout=120, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """(collector, arguments that name it)"""
    data = tmp_path_factory.mktemp("carried") / "data"
    with Collector(str(data)) as collector:
        token = data.with_name("token")
        token.write_text(f" {collector.token}\n")
        yield collector, ["--url", collector.url + "/", "--token-file", token]


def carried(name, number, age, **more):
    return {**server(name, f"10.0.1.{number}"), "sequence": number, "collected_at": stamp(age), **more}


def test_each_report_is_told_of(place, tmp_path):
    collector, where = place
    pretty, lines, broken = (tmp_path / name for name in ("exch1.json", "all.jsonl", "broken.json"))
    pretty.write_text("\n" + json.dumps(carried("EXCH1", 1, 600), indent=1) + "\n")
    older, other = carried("EXCH1", 2, 6000), carried("EXCH2", 3, 60)
    # In a text the brackets and quotes count for nothing.
    older["host"]["os"] = other["host"]["os"] = 'Windows "[{\\'
    wrong = carried("EXCH3", 4, 60, interval_s="often")
    lines.write_text("\n\n".join(json.dumps(report) for report in [older, other, other, wrong]) + "\n")
    broken.write_text('{"schema": ')
    done = run("import", pretty, lines, broken, tmp_path / "missing", *where)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"{pretty}: imported, EXCH1 is clear",
        f"{lines}:1: older than what is known of EXCH1, kept in its history",
        f"{lines}:3: imported, EXCH2 is clear",
        f"{lines}:5: known already, of EXCH2"]
    refused = [line.removeprefix("mtawatch-collector: ") for line in done.stderr.splitlines()]
    assert refused[0].startswith(f"{lines}:7: not imported: A member of the report is ")
    assert "/interval_s: expected" in refused[0]
    assert refused[1].startswith(f"{broken}: not imported: The body is not JSON.")
    assert refused[2] == f"{tmp_path}/missing: not imported: No such file or directory"
    assert {s["server"] for s in collector.get("/v1/servers")["servers"]} == {"EXCH1", "EXCH2"}


def test_what_a_collector_exports_another_imports(place, tmp_path):
    collector, where = place
    other = tmp_path / "other"
    with Collector(str(other)) as source:
        assert source.post(server("EXCH5", "10.0.1.5"))[0] == 200
        assert source.post({**server("EXCH5", "10.0.1.5"), "sequence": 2})[0] == 200
    exported = run("export", "--data", other).stdout
    done = run("import", "-", *where, text=exported)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": imported, EXCH5 is ") == 2
    done = run("import", "-", *where, text=exported)
    assert (done.returncode, done.stdout.count(": known already, of EXCH5")) == (0, 2), done.stderr
    again = run("export", "--data", collector.process.args[collector.process.args.index("--data") + 1],
                "--server", "EXCH5").stdout
    done = run("import", "-", *where, text=again)
    assert done.stdout.count(": known already, of EXCH5") == 2, done.stderr


def test_a_report_may_have_a_mebibyte(place, tmp_path):
    _, where = place
    text = json.dumps(carried("EXCH6", 6, 60))
    file = tmp_path / "long.json"
    file.write_text(text + " " * (1024 * 1024 - len(text)))
    assert run("import", file, *where).returncode == 0
    file.write_text(text + " " * (1024 * 1024 - len(text) + 1))
    done = run("import", file, *where)
    assert done.returncode == 1
    assert "longer than the 1 MiB" in done.stderr


def test_a_server_is_taken_out(place):
    collector, where = place
    assert collector.post(server("EXCH7", "10.0.1.7"))[0] == 200
    done = run("decommission", "exch7.acme.example", "--reason", "sold & gone, 100%", *where)
    assert (done.returncode, done.stdout) == (0, "exch7.acme.example is no longer watched\n"), done.stderr
    status, _, body = collector.ask("/v1/servers/EXCH7")
    assert status == 410
    assert "sold & gone, 100%" in json.loads(body)["detail"]
    done = run("decommission", "EXCH7", *where)
    assert done.returncode == 1
    assert "'EXCH7' out of the fleet: No server of this name has reported." in done.stderr


def test_what_cannot_be_asked_is_told(place, tmp_path):
    collector, where = place
    report = tmp_path / "report.json"
    report.write_text(json.dumps(carried("EXCH8", 8, 60)))
    for arguments, status, words in [
            (["import"], 2, "expected \"import FILE...\""),
            (["import", report, "--url", collector.url], 2, "--token-file names a file with one"),
            (["import", report, *where[2:], "--url", "http://collector.example.com"], 2, "https://"),
            (["import", report, *where[2:], "--url", "http://localhost.example.com"], 2, "https://"),
            (["import", report, *where[2:], "--url", "collector"], 2, "is no URL"),
            (["import", report, "--url", collector.url, "--token-file", tmp_path / "none"], 1, "No such file"),
            (["import", report, "--url", collector.url, "--token-file", report], 1, "holds no token"),
            (["decommission", "A", "B", *where], 2, "expected \"decommission NAME\"")]:
        done = run(*arguments)
        assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    token = tmp_path / "wrong"
    token.write_text("mtw_a0000")
    done = run("import", report, report, "--url", collector.url, "--token-file", token)
    assert done.returncode == 1
    assert done.stderr.count("not imported") == 1, "nobody goes on without an identity"


def test_no_collector_is_there(tmp_path):
    token = tmp_path / "token"
    token.write_text("mtw_a0000")
    report = tmp_path / "report.json"
    report.write_text("{}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = run("import", report, report, "--url", url, "--token-file", token)
    assert done.returncode == 1
    assert done.stderr.count(f"could not reach the collector at {url}: ") == 1
