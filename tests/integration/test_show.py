"""The commands that show a running collector in a terminal: servers, server, sites, matrix, alerts."""

import json
import re
import subprocess

import pytest
from certificates import Authority, arguments, client_of
from running import PATIENCE, PROGRAM, Collector, exposed_site, minimal, server
from terminal import at_a_terminal

CONCERN, EXPOSED, FAILED, USAGE = 3, 4, 1, 2


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    folder = tmp_path_factory.mktemp("show")
    with Collector(folder / "data") as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        token = folder / "token"
        token.write_text(running.token + "\n")
        running.token_file = token
        yield running


def show(collector, *words, **more):
    return subprocess.run([PROGRAM, *words, "--url", collector.url, "--token-file", collector.token_file],
                          capture_output=True, text=True, timeout=PATIENCE, **more)


def on_a_terminal(collector, *words, **how):
    return at_a_terminal([PROGRAM, *words, "--url", collector.url, "--token-file", collector.token_file], **how)


def test_servers_stand_worst_first_and_the_status_tells_the_worst(collector):
    shown = show(collector, "servers")
    assert (shown.returncode, shown.stderr) == (EXPOSED, "")
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["VERDICT", "SERVER", "SITE", "SINCE", "REPORT", "MTA", "REASON"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["exposed", "EXCH1", "HQ"], ["clear", "EXCH2", "HQ"], ["clear", "EXCH3", "HQ"]]
    reason = collector.get("/v1/servers/EXCH1")["reasons"][0]["text"]
    assert lines[1].endswith(reason)
    shown = show(collector, "servers", "--verdict", "clear", "--verdict=protected", "exch", "3")
    assert shown.returncode == 0 and [line.split()[1] for line in shown.stdout.splitlines()[1:]] == ["EXCH3"]
    shown = show(collector, "servers", "--sort", "-server", "--limit", "2", "--site", "HQ")
    assert [line.split()[1] for line in shown.stdout.splitlines()[1:3]] == ["EXCH3", "EXCH2"]
    assert "1 more" in shown.stdout and shown.returncode == 0
    assert show(collector, "servers", "--silent").stdout.count("\n") == 1


def test_json_is_the_answer_as_it_came(collector):
    for words, path in ((["servers", "--site", "HQ"], "/v1/servers?site=HQ"), (["sites"], "/v1/sites"),
                        (["server", "exch2"], "/v1/servers/EXCH2"), (["matrix", "ACME/HQ"], "/v1/sites/ACME/HQ/matrix")):
        shown = show(collector, *words, "--json")
        assert shown.returncode == (0 if "server" in words else EXPOSED), words
        got, wanted = json.loads(shown.stdout), collector.get(path)
        assert type(got) is type(wanted) and len(got) == len(wanted)


def test_a_server_is_shown_with_why_and_what_to_do(collector):
    shown = show(collector, "server", "EXCH1")
    assert shown.returncode == EXPOSED
    detail = collector.get("/v1/servers/EXCH1")
    assert shown.stdout.startswith("EXCH1: exposed\n")
    for option in detail["remedy"]["options"]:
        for step in option["steps"]:
            assert step["text"] in shown.stdout and f"(then: {step['verdict_after']})" in shown.stdout
    assert detail["reasons"][0]["text"] in shown.stdout
    assert re.search(r"isolated +B +EXCH2 +none +mta +timeout", shown.stdout)
    assert show(collector, "server", "EXCH2").returncode == 0


def test_sites_and_a_matrix_are_shown(collector):
    shown = show(collector, "sites")
    assert shown.returncode == EXPOSED
    assert shown.stdout.splitlines()[1].split() == "exposed HQ ACME 3 1 exposed, 2 clear -".split()
    shown = show(collector, "matrix", "acme/hq")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert shown.returncode == EXPOSED
    assert lines[0][:3] == ["STATE", "SERVER", "ADAPTER"] and set(lines[0][3:]) == {"EXCH1", "EXCH2", "EXCH3"}
    assert lines[2][:3] == ["isolated", "EXCH1", "B"] and sorted(lines[2][3:]) == ["-", "none!", "none!"]


SITES = ["A site whose name has a lot of letters", "Bern", "Z comes last"]
ORGANIZATION = "An organization with a long name"


def names_at(place):
    """As long as Windows lets names of computers be."""
    return [f"MAIL-SERVER-{place}-{number}" for number in range(3)]


@pytest.fixture(scope="module")
def long_names(tmp_path_factory):
    """Three sites, the last of which has an exposed server."""
    folder = tmp_path_factory.mktemp("long")
    with Collector(folder / "data") as running:
        running.token_file = folder / "token"
        running.token_file.write_text(running.token)
        for place, site in enumerate(SITES):
            for report in exposed_site():
                text = json.dumps(report).replace('"10.', f'"1{place}.').replace('"HQ"', json.dumps(site))
                text = text.replace('"ACME"', json.dumps(ORGANIZATION))
                for number, name in enumerate(names_at(place)):
                    text = text.replace(f'"EXCH{number + 1}"', f'"{name}"')
                report = json.loads(text)
                if place < 2:
                    report["adapters"] = report["adapters"][:1]
                    report["probes"] = [probe for probe in report["probes"] if probe["adapter"] == "A"]
                assert running.post(report)[0] == 200
        yield running


@pytest.mark.parametrize("words", [["servers"], ["sites"], ["alerts"], ["matrix", f"{ORGANIZATION}/{SITES[2]}"],
                                   ["agents", "list"], ["server", names_at(2)[0]]], ids=" ".join)
def test_at_80_columns_headings_and_names_of_servers_are_whole(long_names, words):
    _, text = on_a_terminal(long_names, *words, "--no-color")
    lines = text.splitlines()
    table = lines[next(i for i, line in enumerate(lines) if re.match(r"[A-Z]{4,} .*[A-Z]{2}$", line)):]
    assert max(len(line) for line in table) <= 80, text
    assert "..." not in table[0]
    if words != ["sites"]:
        assert names_at(2)[0].lower() in text.lower(), text


def test_the_worst_site_is_the_first(long_names):
    shown = show(long_names, "sites")
    assert [line[:20].split()[0] for line in shown.stdout.splitlines()] == ["WORST", "exposed", "clear", "clear"]
    sites = [re.split(r"  +", line)[1] for line in shown.stdout.splitlines()[1:]]
    assert sites == [SITES[2], SITES[0], SITES[1]]
    assert re.split(r"  +", shown.stdout.splitlines()[1])[-3:] == ["3", "1 exposed, 2 clear", "-"]


def test_a_table_fits_the_terminal(collector):
    for columns in (60, 80, 120):
        _, text = on_a_terminal(collector, "servers", "--no-color", columns=columns)
        assert max(len(line) for line in text.splitlines()) <= columns
    _, text = on_a_terminal(collector, "matrix", "ACME/HQ", "--no-color", columns=30)
    assert "4 adapters, 6 paths, 2 of them shorter than proven" in text


def test_colours_are_for_terminals_that_want_them(collector):
    assert "\x1b[" not in show(collector, "servers").stdout
    status, text = on_a_terminal(collector, "servers")
    assert status == EXPOSED and "\x1b[1;31mexposed\x1b[0m" in text and "\x1b[32mclear\x1b[0m" in text
    for words, environment in ((["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})):
        assert "\x1b" not in on_a_terminal(collector, "servers", *words, **environment)[1]


def test_values_of_reports_cannot_write_to_the_terminal(tmp_path):
    evil = "x\x1b]0;owned\x07\r\n\u202eabc\u2028\x9b31m" + "w" * 900
    with Collector(tmp_path / "data") as collector:
        collector.token_file = tmp_path / "token"
        collector.token_file.write_text(collector.token)
        report = server("EVIL", "10.0.0.1", site=evil)
        report["host"]["os"] = report["exchange"]["server"] = report["adapters"][0]["id"] = evil
        report["problems"] = [{"fact": "mta.service", "code": 5, "message": evil}]
        assert collector.post(report)[0] == 200
        for words in (["servers"], ["server", "EVIL"], ["sites"], ["matrix", "ACME/" + evil]):
            shown = show(collector, *words)
            assert shown.returncode in (0, CONCERN, EXPOSED), (words, shown.stderr)
            assert not re.search("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\u200e\u200f\u202a-\u202e\u2028\u2029]", shown.stdout)
            assert "x?]0;owned" in shown.stdout


def test_what_is_not_known_and_old_is_a_concern(tmp_path):
    with Collector(tmp_path / "data") as collector:
        collector.token_file = tmp_path / "token"
        collector.token_file.write_text(collector.token)
        assert show(collector, "servers").returncode == 0
        assert collector.ask("/v1/inventory", "PUT", "NEW1\n")[0] == 200
        assert show(collector, "servers").returncode == CONCERN
        assert re.search(r"^not monitored +NEW1 ", show(collector, "servers").stdout, re.M)
        assert show(collector, "sites").returncode == CONCERN
        assert collector.ask("/v1/inventory/NEW1", "DELETE")[0] == 204
        old = server("OLD1", "10.0.0.1")
        assert collector.post(old, **{"Mtawatch-Report-Age": "5000"})[0] == 200
        assert re.search(r"^clear, silent +OLD1 ", show(collector, "servers").stdout, re.M)
        assert show(collector, "servers").returncode == CONCERN
        assert show(collector, "server", "OLD1").returncode == CONCERN
        assert collector.post(minimal("DARK"))[0] == 200


def test_the_matrix_is_of_the_only_site_there_is(collector, long_names):
    assert show(collector, "matrix").stdout == show(collector, "matrix", "ACME/HQ").stdout != ""
    several = show(long_names, "matrix")
    assert (several.returncode, several.stdout) == (USAGE, "") and "there are 3 sites" in several.stderr


def test_where_nobody_reports_it_is_said_what_to_do(tmp_path):
    with Collector(tmp_path / "data") as running:
        running.token_file = tmp_path / "token"
        running.token_file.write_text(running.token)
        shown = show(running, "servers")
        assert shown.returncode == 0 and shown.stdout.count("\n") == 1
        assert "no server has reported yet" in shown.stderr and "mtawatch-agent install" in shown.stderr
        assert show(running, "servers", "--silent").stderr == show(running, "servers", "--json").stderr == ""
        matrix = show(running, "matrix")
        assert matrix.returncode == FAILED and "no site yet" in matrix.stderr


def test_errors_say_what_is_wrong(collector, tmp_path):
    shown = show(collector, "server", "NOBODY")
    assert (shown.returncode, shown.stdout) == (FAILED, "") and "No server of this name" in shown.stderr
    shown = show(collector, "matrix", "ACME/None")
    assert shown.returncode == FAILED and "No server of this site" in shown.stderr
    shown = show(collector, "servers", "--verdict", "good")
    assert shown.returncode == FAILED and "is not a verdict" in shown.stderr
    for words in (["server"], ["server", "A", "B"], ["matrix", "HQ"], ["sites", "x"], ["servers", "--colour"],
                  ["alerts", "x"]):
        shown = show(collector, *words)
        assert shown.returncode == USAGE and "--help" in shown.stderr, words
    wrong = tmp_path / "wrong"
    wrong.write_text("mtw_v" + "0" * 64)
    shown = subprocess.run([PROGRAM, "servers", "--url", collector.url, "--token-file", wrong], capture_output=True,
                           text=True)
    assert shown.returncode == FAILED and "token" in shown.stderr
    shown = subprocess.run([PROGRAM, "servers", "--url", "http://127.0.0.1:1", "--token-file", collector.token_file],
                           capture_output=True, text=True)
    assert shown.returncode == FAILED and "could not reach the collector at http://127.0.0.1:1" in shown.stderr


@pytest.mark.parametrize("command", ["servers", "server", "sites", "matrix", "alerts"])
def test_help_tells_statuses_and_options(command):
    shown = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0 and shown.stderr == ""
    for word in ("--json", "--no-color", "--url", "--token-file", "--ca-file", "4 exposed, 5 failing", "Examples:"):
        assert word in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()) <= 90


def test_it_asks_over_tls(tmp_path):
    authority = Authority(tmp_path)
    with Collector(tmp_path / "data", *arguments(authority.sign_server()), tls=client_of(authority)) as collector:
        collector.token_file = tmp_path / "token"
        collector.token_file.write_text(collector.token)
        shown = show(collector, "servers", "--ca-file", authority.certificate)
        assert shown.returncode == 0, shown.stderr
        assert show(collector, "servers").returncode == FAILED
