"""Drift: what changed about a server that is no trouble yet, in the API, in the terminal, as an alert."""

import copy
import json
import random
import signal
import sqlite3
import subprocess

import pytest
from running import PATIENCE, PROGRAM, Collector, exposed_site, row, server
from waiting import until

WEEK_S = 7 * 86400
FIXED, OLDER = "5.5.2657.55", "5.5.2653.23"


def healthy():
    """EXCH1 with what a report can tell of it, all well."""
    rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3")]
    report = server("EXCH1", "10.0.0.1", rows, build=FIXED)
    report["host"]["name_resolves_to"] = ["10.0.0.1"]
    report["bindings"] = {"tcpip": ["\\Device\\A", "\\Device\\B"], "rpc": ["ncacn_ip_tcp", "ncacn_np"]}
    report["agent"]["version"] = "1.0.0"
    return report


def with_second_adapter(report):
    report["adapters"].append({"id": "B", "enabled": True, "link": "up", "addresses": ["10.9.0.1/24"]})


def with_other_order(report):
    report["bindings"]["tcpip"].reverse()


def with_other_answer(report):
    report["host"]["name_resolves_to"] = ["192.0.2.7"]


def with_older_file(report):
    report["files"] = [{"name": "Emsmta.exe", "state": "versioned", "version": OLDER}]


CHANGES = {
    "new_adapter": (with_second_adapter, "B", [], ["10.9.0.1/24"], "Adapter B has become active: 10.9.0.1/24."),
    "binding_order": (with_other_order, "tcpip", ["\\Device\\A", "\\Device\\B"], ["\\Device\\B", "\\Device\\A"],
                      "The binding order of TCP/IP is now B, A; before A, B."),
    "own_name": (with_other_answer, "", ["10.0.0.1"], ["192.0.2.7"],
                 "The server's own name resolves now to 192.0.2.7; before 10.0.0.1."),
    "older_file": (with_older_file, "Emsmta.exe", [FIXED], [OLDER],
                   f"Emsmta.exe was replaced by an older one, {OLDER}; before {FIXED}."),
}


class Reporter:
    """Posts reports of EXCH1, one after another."""

    def __init__(self, collector):
        self.collector = collector
        self.sequence = 0

    def post(self, change=None, age_s=0):
        report = healthy()
        if change:
            change(report)
        self.sequence += 1
        report["sequence"] = self.sequence
        status, answer = self.collector.post(report, **{"Mtawatch-Report-Age": str(age_s)})
        assert status == 200, answer


def marks(collector):
    of_list = collector.get("/v1/servers?q=EXCH1")["servers"][0]["drift"]
    assert collector.get("/v1/servers/EXCH1")["drift"] == of_list
    return of_list


def history(collector):
    """[(began, ended)] by kinds, the oldest first."""
    changes = reversed(collector.get("/v1/servers/EXCH1/history")["changes"])
    return [tuple([mark["kind"] for mark in change["detail"][part]] for part in ("began", "ended"))
            for change in changes if change["kind"] == "drift"]


def test_each_kind_is_marked_filtered_for_told_in_the_history_and_gone_when_undone(tmp_path):
    with Collector(tmp_path / "data") as collector:
        for report in exposed_site()[1:]:
            assert collector.post(report)[0] == 200
        reporter = Reporter(collector)
        reporter.post()
        assert marks(collector) == []
        for kind, (change, of, before, after, text) in CHANGES.items():
            reporter.post(change)
            mark, = marks(collector)
            assert mark.pop("at") and mark == {
                "kind": kind, "of": of, "before": before, "after": after, "text": text}
            assert [s["server"] for s in collector.get("/v1/servers?drift=true")["servers"]] == ["EXCH1"]
            assert len(collector.get("/v1/servers?drift=false")["servers"]) == 2
            assert len(collector.get("/v1/servers?drift=false&drift=true")["servers"]) == 3
            reporter.post()
            assert marks(collector) == []
            assert collector.get("/v1/servers?drift=true")["servers"] == []
        assert history(collector) == [part for kind in CHANGES for part in (([kind], []), ([], [kind]))]
        assert collector.ask("/v1/servers?drift=maybe")[0] == 400
        reported_at = collector.get("/v1/servers/EXCH1")["reported_at"]
        assert collector.ask(f"/v1/servers?drift=true&at={reported_at}")[0] == 400
        assert collector.ask(f"/v1/servers?at={reported_at}")[0] == 200
        assert collector.get("/v1/servers/EXCH1")["verdict"] == "protected"
        assert collector.get("/v1/alerts?state=firing")["alerts"] == []


def test_marks_outlive_kill_9_and_are_usual_after_a_week(tmp_path):
    with Collector(tmp_path / "data") as collector:
        reporter = Reporter(collector)
        reporter.post(age_s=WEEK_S + 600)
        reporter.post(with_other_order, age_s=WEEK_S + 300)
        reporter.post(lambda report: (with_other_order(report), with_other_answer(report)), age_s=WEEK_S - 60)
        shown = marks(collector)
        assert [mark["kind"] for mark in shown] == ["binding_order", "own_name"]
        collector.end(signal.SIGKILL)
    with Collector(tmp_path / "data") as collector:
        assert marks(collector) == shown
        reporter.collector = collector
        reporter.post(lambda report: (with_other_order(report), with_other_answer(report)))
        assert marks(collector) == shown[1:]
        assert history(collector)[-1] == ([], ["binding_order"])


def alerts_of_drift(collector, state="firing"):
    return collector.get(f"/v1/alerts?state={state}&condition=drift")["alerts"]


def configured(tmp_path, hold):
    config = tmp_path / "collector.conf"
    config.write_text(f"[alerts]\nhold-drift = {hold}\n")
    return Collector(tmp_path / "data", "--config", str(config))


def test_it_is_an_alert_where_that_is_wanted_only(tmp_path):
    with configured(tmp_path, "no") as collector:
        reporter = Reporter(collector)
        reporter.post()
        reporter.post(with_older_file)
        assert marks(collector) and alerts_of_drift(collector) == []
    with configured(tmp_path, "0s") as collector:
        reporter.collector = collector
        reporter.post(with_older_file)
        alert, = alerts_of_drift(collector)
        assert (alert["server"], alert["reason"], alert["verdict"]) == ("EXCH1", "older_file", "clear")
        assert alert["text"] == CHANGES["older_file"][-1] and "seven days" in alert["remedy"]
        assert alert["since"] == marks(collector)[0]["at"]
        reporter.post()
        assert alerts_of_drift(collector) == [] and len(alerts_of_drift(collector, "resolved")) == 1
        reporter.post(with_other_order)
        assert len(alerts_of_drift(collector)) == 1
    with configured(tmp_path, "no") as collector:  # switched off again
        until(lambda: not alerts_of_drift(collector), "it still fires")
        assert marks(collector)


def test_the_terminal_shows_it(tmp_path):
    token = tmp_path / "token"
    with Collector(tmp_path / "data") as collector:
        token.write_text(collector.token)

        def show(*words):
            ended = subprocess.run([PROGRAM, *words, "--url", collector.url, "--token-file", token],
                                   capture_output=True, text=True, timeout=PATIENCE)
            assert ended.stderr == ""
            return ended.stdout

        reporter = Reporter(collector)
        reporter.post()
        assert "Drift" not in show("server", "EXCH1") and "(drift)" not in show("servers")
        assert "EXCH1" not in show("servers", "--drift")
        reporter.post(with_other_order)
        lines = show("servers", "--drift").splitlines()
        assert lines[1].split()[:3] == ["protected", "(drift)", "EXCH1"]
        mark, = marks(collector)
        page = show("server", "EXCH1").splitlines()
        assert page[page.index("Drift:") + 1] == f"  {mark['at']}  {mark['text']}"


@pytest.mark.parametrize("damage", ['"x"', '[7]', '[{"kind":"own_name"}]', '{}', '[{"kind":"own_name","of":7,"after":["x"]}]'])
def test_a_damaged_row_of_the_store_is_no_drift_and_no_harm(tmp_path, damage):
    with Collector(tmp_path / "data") as collector:
        reporter = Reporter(collector)
        reporter.post()
        reporter.post(with_other_order)
    with sqlite3.connect(tmp_path / "data/mtawatch.db") as store:
        text, = store.execute("SELECT verdict_json FROM server").fetchone()
        begin = text.index(',"drift":')
        store.execute("UPDATE server SET verdict_json = ?", (f'{text[:begin]},"drift":{damage}}}',))
    store.close()
    with Collector(tmp_path / "data") as collector:
        reporter.collector = collector
        reporter.post(with_other_order)
        assert marks(collector) == []
        reporter.post()
        assert [mark["kind"] for mark in marks(collector)] == ["binding_order"]


# What the documents say, once more and by itself: from one report to the next, of a server that was well.

def judged(before, after):
    """{(kind, of)} of the marks after two reports."""
    found = set()

    def active(report):
        return {a["id"]: a["addresses"] for a in report.get("adapters", []) if a["enabled"] and a["addresses"]}

    if "adapters" in before and "adapters" in after:
        then, now = active(before), active(after)
        cards = {a["mac"] for a in before["adapters"] if a["id"] in then and a["id"] not in
                 {b["id"] for b in after["adapters"]}}
        places = [then[a["id"]] for a in before["adapters"] if a["id"] in then and a["id"] not in
                  {b["id"] for b in after["adapters"]}]
        for adapter in after["adapters"]:
            name = adapter["id"]
            known = name in {a["id"] for a in before["adapters"]}
            renamed = not known and (adapter["mac"] in cards or adapter["addresses"] in places)
            if name in now and name not in then and not renamed:
                found.add(("new_adapter", name))
        held = [{a.split("/")[0] for addresses in one.values() for a in addresses} for one in (then, now)]
        answers = [set(r["host"].get("name_resolves_to", [])) for r in (before, after)]
        if all(answers) and (answers[0] - answers[1] - (held[0] - held[1]) or
                             answers[1] - answers[0] - (held[1] - held[0])):
            found.add(("own_name", ""))
    for which in ("tcpip", "rpc"):
        orders = [r.get("bindings", {}).get(which, []) for r in (before, after)]
        common = [[name for name in order if name in other] for order, other in (orders, orders[::-1])]
        if common[0] != common[1]:
            found.add(("binding_order", which))
    versions = [{f["name"]: tuple(map(int, f["version"].split("."))) for f in r.get("files", []) if "version" in f}
                for r in (before, after)]
    for name in versions[0].keys() & versions[1].keys():
        if versions[0][name] >= (5, 5, 2654, 54) and versions[1][name] < versions[0][name]:
            found.add(("older_file", name))
    return found


def drawn(random_):
    """A report with some facts, some of them not told."""
    report = server("EXCH1", "10.0.0.1", [])
    report["agent"]["version"] = "1.0.0"
    ids = random_.sample(["A", "B", "C"], random_.randint(1, 3))
    report["adapters"] = [{
        "id": name, "mac": f"00-0{'ABC'.index(name)}", "enabled": random_.random() < 0.7, "link": "up",
        "addresses": [f"10.0.{'ABC'.index(name)}.{random_.randint(1, 2)}/24"] if random_.random() < 0.8 else []}
        for name in ids]
    answers = ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2", "192.0.2.7"]
    if random_.random() < 0.8:
        report["host"]["name_resolves_to"] = random_.sample(answers, random_.randint(1, 3))
    report["bindings"] = {
        "tcpip": random_.sample(["\\Device\\A", "\\Device\\B", "\\Device\\C"], random_.randint(0, 3)),
        "rpc": random_.sample(["ncacn_ip_tcp", "ncacn_np"], random_.randint(0, 2))}
    report["files"] = [
        {"name": name, "state": "versioned", "version": random_.choice(["5.5.2650.24", OLDER, "5.5.2654.54", FIXED])}
        if random_.random() < 0.8 else {"name": name, "state": "missing"} for name in ("Emsmta.exe", "Mtamsg.dll")]
    if random_.random() < 0.1:
        del report["adapters"]
    return report


def test_random_pairs_of_reports_are_marked_as_the_documents_say(tmp_path):
    """A server of its own for each pair: what came before the first report is nothing."""
    random_ = random.Random(21)
    expected = {}
    with Collector(tmp_path / "data") as collector:
        for i in range(400):
            name = f"RANDOM{i}"
            before = drawn(random_)
            after = copy.deepcopy(before) if random_.random() < 0.2 else drawn(random_)
            for part in ("adapters", "bindings", "files"):  # most things stay
                if part in before and random_.random() < 0.5:
                    after[part] = copy.deepcopy(before[part])
            for sequence, report in enumerate((before, after), 1):
                report["host"]["name"] = report["exchange"]["server"] = name
                report["agent"]["id"], report["sequence"] = f"id-{name}", sequence
                status, answer = collector.post(report)
                assert status == 200, answer
            expected[name] = judged(before, after), before, after
        found = collector.get("/v1/servers?limit=1000")["servers"]
    kinds = set()
    for one in found:
        wanted, before, after = expected.pop(one["server"])
        got = {(mark["kind"], mark["of"]) for mark in one["drift"]}
        assert got == wanted, json.dumps([before, after])
        kinds |= {kind for kind, _ in got}
    assert not expected and kinds == set(CHANGES)
