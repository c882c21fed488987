"""What comes out of reports, answers and names of files never steers the terminal that it is shown on."""

import json
import subprocess

import pytest
from receiver import Receiver
from running import PROGRAM, Collector, minimal, server
from terminal import at_a_terminal

# An escape sequence, C1's CSI, bidirectional controls, isolates, a tag: what printable() knows.
STEERING = "\x1b[31m", "\x9b31m", "\u202e", "\u2066", "\u200f", "\U000e0041"
HOSTILE = "EV" + "".join(STEERING) + "IL"
FORBIDDEN = {*"\x1b\x9b\u202e\u2066\u200f\U000e0041"}


def expect_harmless(*texts):
    for text in texts:
        assert not FORBIDDEN & set(text), repr(text)
    assert any("EV" in text for text in texts), texts


def run(*arguments):
    ended = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    return ended.stdout, ended.stderr


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        running.token_file = tmp_path / "token"
        running.token_file.write_text(running.token)
        yield running


def test_lists_of_the_terminal(collector, tmp_path):
    for name in STEERING:
        collector.ask("/v1/enroll", "POST", json.dumps(
            {"secret": collector.secret, "host": f"EV{name}IL", "key": "0" * 63 + str(STEERING.index(name))}))
    expect_harmless(*run("agents", "list", "--data", tmp_path / "data"), "EV")
    listed = tmp_path / "list"
    listed.write_text("EXCH9,EV\u202eIL,EV\u2066IL\n")
    expect_harmless(*run("inventory", "import", listed, "--data", tmp_path / "data", "--yes"), "EV")
    expect_harmless(*run("inventory", "list", "--data", tmp_path / "data"))


def test_an_import_and_its_errors(collector, tmp_path):
    report = minimal("EXCH1")
    report["host"]["name"] = "EV\u202eIL\u2066"
    for name, text in (("good.json", json.dumps(report)), (f"{HOSTILE}.json", json.dumps(report)),
                       (f"{HOSTILE}2.json", '{"\u202eEV": 1}')):
        (tmp_path / name).write_text(text)
        expect_harmless(*run("import", tmp_path / name, "--url", collector.url, "--token-file", collector.token_file),
                        "EV")
        expect_harmless(*run("assess", tmp_path / name), "EV") if "2" in name else None


@pytest.mark.parametrize("arguments", [[HOSTILE], ["assess", "--" + HOSTILE], ["assess", HOSTILE],
                                       ["serve", "--" + HOSTILE], ["serve", "--config", HOSTILE],
                                       ["hook", "test", "x", "--config", HOSTILE]])
def test_words_of_the_command_line(arguments):
    expect_harmless(*run(*arguments))


def test_answers_of_something_that_is_no_collector(tmp_path):
    problem = {"type": "about:blank", "title": HOSTILE, "detail": HOSTILE, "status": 400}
    kind = {"Content-Type": "application/problem+json"}
    (tmp_path / "token").write_text("t0ken")
    (tmp_path / "report.json").write_text(json.dumps(minimal("EXCH1")))
    with Receiver(400, kind, json.dumps(problem).encode()) as stranger:
        to = ["--url", stranger.origin, "--token-file", tmp_path / "token"]
        expect_harmless(*run("servers", *to))
        expect_harmless(*run("import", tmp_path / "report.json", *to))


def test_json_is_harmless_on_a_terminal_and_as_it_is_in_a_pipe(collector, tmp_path):
    report = server("EXCH1", "10.0.0.1")
    report["exchange"]["organization"] = "EV\u202eIL"
    assert collector.post(report)[0] == 200
    to = ["--url", collector.url, "--token-file", collector.token_file]
    (tmp_path / "report.json").write_text(json.dumps(report))
    for command in (["servers", "--json", *to], ["assess", "--json", tmp_path / "report.json"],
                    ["export", "--data", tmp_path / "data"]):
        piped, _ = run(*command)
        assert "EV\u202eIL" in piped or "EV\\u202eIL" in piped, command
        _, shown = at_a_terminal([PROGRAM, *command], columns=200, NO_COLOR="1")
        expect_harmless(shown)
