"""What if? The collector and its command say what changes of a site would bring."""

import json
import subprocess

import pytest
from running import JSON, PATIENCE, PROGRAM, Collector, exposed_site, faulty, row, server
from test_clock import Clock, post
from waiting import until

SITE = "/v1/sites/ACME/HQ/what-if"


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("what-if") / "data") as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        yield running


def change(action, name="EXCH1", **more):
    return {"action": action, "server": name, **more}


def ask(collector, *changes, path=SITE):
    status, _, body = collector.ask(path, "POST", json.dumps({"changes": list(changes)}), JSON)
    return status, json.loads(body)


def verdicts(answer):
    return {s["server"]: (s["before"]["verdict"], s["after"] and s["after"]["verdict"]) for s in answer["servers"]}


def run(collector, *words):
    return subprocess.run([PROGRAM, "what-if", *words], capture_output=True, text=True, timeout=PATIENCE,
                          env={"MTAWATCH_URL": collector.url, "MTAWATCH_TOKEN": collector.token, "HOME": "/nonexistent"})


@pytest.mark.parametrize("changes, after", [
    ([change("disable_adapter", adapter="B")], "clear"),
    ([change("disable_adapter", adapter="A")], "clear"),
    ([change("connect_adapter", adapter="B")], "clear"),
    ([change("connect_adapter", adapter="B", peers=["EXCH2"])], "at_risk"),
    ([change("install_fix")], "protected"),
    ([change("start_mta")], "exposed"),
    ([change("add_adapter", adapter="C", addresses=["10.7.0.1/24"])], "exposed"),
    ([change("disable_adapter", adapter="B"), change("add_adapter", adapter="C", addresses=["10.7.0.1/24"])], "clear"),
])
def test_a_change_of_a_server_is_judged(collector, changes, after):
    status, answer = ask(collector, *changes)
    assert status == 200, answer
    assert verdicts(answer) == {"EXCH1": ("exposed", after)}
    assert answer["before"] == {"exposed": 1, "clear": 2}
    assert answer["servers"][0]["after"]["reasons"][0]["text"]


def test_nothing_is_changed_or_stored(collector):
    before = collector.get("/v1/servers/EXCH1")
    audit = collector.get("/v1/audit")
    assert ask(collector, change("remove_server"))[0] == 200
    after = collector.get("/v1/servers/EXCH1")
    assert {**after, "age_s": 0} == {**before, "age_s": 0}
    assert collector.get("/v1/audit") == audit


def test_the_remedys_steps_bring_the_verdicts_that_it_names(collector):
    for option in collector.get("/v1/servers/EXCH1")["remedy"]["options"]:
        changes = []
        for step in option["steps"]:
            changes.append(change(step["action"], **({"adapter": step["adapter"]} if "adapter" in step else {})))
            assert verdicts(ask(collector, *changes)[1])["EXCH1"][1] == step["verdict_after"]


def test_it_tells_what_a_change_costs_others(tmp_path):
    """EXCH3 reaches EXCH1 alone, by its second adapter; nobody else reaches EXCH4."""
    rows = {"EXCH1": [row("A", "EXCH4", "10.0.0.1", "10.0.0.4")],
            "EXCH3": [row("A", "EXCH1", "10.0.0.3", "10.0.0.1"), row("B", "EXCH1", "10.9.0.3", "10.0.0.1")],
            "EXCH4": [row("A", "EXCH3", "10.0.0.4", "10.0.0.3")]}
    site = [server(name, f"10.0.0.{name[-1]}", of, second="10.9.0.3" if name == "EXCH3" else None)
            for name, of in rows.items()]
    with Collector(tmp_path / "data") as collector:
        for report in site:
            for one in report["probes"]:
                one["via"] = one["adapter"]
            assert collector.post(report)[0] == 200
        status, answer = ask(collector, change("remove_server"))
        assert status == 200
        assert verdicts(answer) == {"EXCH1": ("clear", None), "EXCH3": ("clear", "unknown")}
        costs = {(c["server"], c["adapter"]): c["text"] for c in answer["costs"]}
        assert set(costs) == {("EXCH3", "A"), ("EXCH3", "B"), ("EXCH4", None)}
        assert costs["EXCH3", "B"] == ("Adapter B would be unjudged instead of good: nothing would be known any more "
                                       "of its way to EXCH1.")


@pytest.mark.parametrize("changes, status, code, pointer", [
    ([change("disable_adapter", "EXCH9", adapter="B")], 422, "unknown_server", "/changes/0"),
    ([change("install_fix"), change("disable_adapter", adapter="X")], 422, "unknown_adapter", "/changes/1"),
    ([change("disable_adapter", adapter="B")] * 2, 422, "inactive_adapter", "/changes/1"),
    ([change("disable_adapter", adapter="B"), change("connect_adapter", adapter="B")], 422, "inactive_adapter", None),
    ([change("add_adapter", adapter="B", addresses=["10.7.0.1/24"])], 422, "adapter_exists", None),
    ([change("connect_adapter", adapter="B", peers=["EXCH1"])], 422, "unknown_peer", None),
    ([change("connect_adapter", adapter="B", peers=["NOBODY"])], 422, "unknown_peer", None),
    ([change("remove_server"), change("install_fix")], 422, "removed_server", "/changes/1"),
    ([], 422, "invalid_member", "/changes"),
    ([change("install_fix")] * 501, 422, "invalid_member", "/changes"),
    ([change("buy_a_new_one")], 422, "invalid_member", "/changes/0/action"),
    ([change("disable_adapter")], 422, "invalid_member", "/changes/0/adapter"),
    ([change("install_fix", peers=["EXCH2"])], 422, "invalid_member", "/changes/0/peers"),
    ([change("connect_adapter", adapter="B", peers=[])], 422, "invalid_member", "/changes/0/peers"),
    ([change("add_adapter", adapter="C")], 422, "invalid_member", "/changes/0/addresses"),
    ([change("add_adapter", adapter="C", addresses=["10.7.0.1"])], 422, "invalid_member", "/changes/0/addresses"),
    ([change("add_adapter", adapter="C", addresses=["0.0.0.0/0"])], 422, "invalid_member", "/changes/0/addresses"),
])
def test_wrong_changes_are_refused(collector, changes, status, code, pointer):
    got, problem = ask(collector, *changes)
    assert (got, problem["code"]) == (status, code)
    if pointer:
        assert problem["errors"][0]["pointer"].removeprefix("#") == pointer


def test_wrong_calls_are_refused(collector):
    assert ask(collector, change("install_fix"), path="/v1/sites/ACME/None/what-if")[1]["code"] == "unknown_site"
    assert ask(collector, change("install_fix"), path="/v1/sites/-/-/what-if")[1]["code"] == "unknown_site"
    for body, headers, status in ((b"{", JSON, 400), (b"[]", JSON, 422), (b"{}", JSON, 422), (b"{}", None, 415),
                                  (b" " * (128 * 1024 + 1), JSON, 413)):
        assert collector.ask(SITE, "POST", body, headers)[0] == status


def test_a_build_without_the_service_pack_needs_it_first(tmp_path):
    site = exposed_site()
    site[0]["files"] = [{"name": "Emsmta.exe", "state": "versioned", "version": "5.5.2651.96"}]
    with Collector(tmp_path / "data") as collector:
        for report in site:
            assert collector.post(report)[0] == 200
        assert ask(collector, change("install_fix"))[1]["code"] == "needs_service_pack"
        pack, fix = change("install_service_pack"), change("install_fix")
        assert verdicts(ask(collector, pack)[1])["EXCH1"] == ("exposed", "exposed")
        assert verdicts(ask(collector, pack, fix)[1])["EXCH1"] == ("exposed", "protected")


def test_a_silent_server_can_only_be_taken_out(tmp_path):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        clock.set(3600)
        post(collector, exposed_site()[2:], 2)  # by which it notices
        until(lambda: collector.get("/v1/servers/EXCH1")["silent"])
        assert ask(collector, change("install_fix"))[1]["code"] == "silent_server"
        status, answer = ask(collector, change("remove_server"))
        assert (status, verdicts(answer)) == (200, {"EXCH1": ("exposed", None)})


def test_the_command_asks_a_collector(collector):
    shown = run(collector, "--disable", "exch1/B", "--no-color")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("ACME/HQ: now 1 exposed, 2 clear; then 3 clear.\n")
    assert [line.split()[:3] for line in shown.stdout.splitlines()[1:]] == [
        ["SERVER", "BEFORE", "AFTER"], ["EXCH1", "exposed", "clear"]]
    assert run(collector, "--start", "EXCH1").returncode == 4
    answer = json.loads(run(collector, "--install-fix", "EXCH1", "--remove", "EXCH3", "--json").stdout)
    assert [c["text"] for c in answer["changes"]] == [
        "Bring Emsmta.exe and the other files of the set to 5.5.2654.54 or later on EXCH1.", "Take EXCH3 out."]


def test_the_command_judges_report_files(tmp_path, collector):
    files = []
    for report in exposed_site():
        files.append(tmp_path / f"{report['host']['name']}.json")
        files[-1].write_text(json.dumps(report))
    at = ["--at", exposed_site()[0]["collected_at"]]
    offline = run(collector, "--connect", "EXCH1/B=EXCH2,EXCH3", "--json", *at, *files)
    assert offline.returncode == 0, offline.stderr
    online = json.loads(run(collector, "--connect", "EXCH1/B=EXCH2,EXCH3", "--json").stdout)
    assert json.loads(offline.stdout) == [{k: v for k, v in online.items() if k != "as_of"}]
    changes = tmp_path / "changes"
    changes.write_text(json.dumps({"changes": [change("disable_adapter", adapter="B")]}))
    assert run(collector, "--changes", changes, *at, *files).returncode == 0
    unknown = run(collector, "--remove", "EXCH9", *at, *files)
    assert (unknown.returncode, unknown.stderr) == (1, "mtawatch-collector: there is no report of 'EXCH9'\n")
    refused = run(collector, "--disable", "EXCH1/X", *at, *files)
    assert (refused.returncode, refused.stderr) == (
        1, "mtawatch-collector: Disable adapter X of EXCH1. EXCH1 has no adapter 'X'\n")


@pytest.mark.parametrize("words", [[], ["--disable", "EXCH1"], ["--disable", "EXCH1/B=EXCH2"], ["--add", "EXCH1/B"],
                                   ["--install-fix", "EXCH1/B"], ["--at", "2026-01-01T00:00:00Z", "--start", "EXCH1"],
                                   ["--changes", "x", "--start", "EXCH1"]])
def test_wrong_usage_is_told(collector, words):
    assert run(collector, *words).returncode == 2
