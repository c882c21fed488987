"""The fleet as an administrator changes it: servers that leave it, and that come back."""

import json
import subprocess
import time

import pytest
from hook_rig import Hooks
from receiver import Receiver
from running import JSON, PROGRAM, Collector, bearer, exposed_site, server
from waiting import until


def removed(collector, name, query=""):
    status, _, body = collector.ask(f"/v1/servers/{name}{query}", "DELETE")
    return status, json.loads(body) if body else None


def test_a_removed_server_is_gone_until_it_reports_again(tmp_path):
    with Collector(str(tmp_path)) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        assert removed(collector, "EXCH9")[0] == 404
        assert removed(collector, "EXCH3", "?why=x")[0] == 400
        assert removed(collector, "exch3.acme.example", "?reason=sold%20off") == (204, None)
        assert [s["server"] for s in collector.get("/v1/servers")["servers"]] == ["EXCH1", "EXCH2"]
        status, _, body = collector.ask("/v1/servers/EXCH3")
        assert status == 410
        assert "sold off" in json.loads(body)["detail"]
        assert removed(collector, "EXCH3")[0] == 404
        line = collector.get("/v1/audit")["lines"][0]
        assert (line["action"], line["object"]) == ("server.remove", "exch3")
        story = collector.get("/v1/servers/exch3/history")
        assert story["server"] == "EXCH3" and story["changes"][-1]["kind"] == "reported"
        assert (story["changes"][0]["kind"], story["changes"][0]["detail"]) == (
            "removed", {"by": "token admin", "reason": "sold off"})
        assert collector.ask("/v1/servers/EXCH9/history")[0] == 404
    with Collector(str(tmp_path)) as collector:
        assert collector.ask("/v1/servers/EXCH3")[0] == 410
        late = {**server("EXCH3", "10.0.0.3"), "sequence": 2}
        assert collector.post(late, **{"Mtawatch-Report-Age": "3600"})[1]["verdict"] is None
        assert collector.ask("/v1/servers/EXCH3")[0] == 410
        assert carry(collector, {**late, "sequence": 7, "collected_at": stamp(3600)})[0] == 200
        assert collector.ask("/v1/servers/EXCH3")[0] == 410 and len(collector.get("/v1/servers")["servers"]) == 2
        assert collector.get("/v1/servers/EXCH3/history") == story
        assert collector.post({**late, "sequence": 3})[1]["verdict"] is not None
        detail = collector.get("/v1/servers/EXCH3")
        assert detail["removed"]["reason"] == "sold off"
        assert collector.get("/v1/servers/EXCH1")["removed"] is None
        kinds = [change["kind"] for change in collector.get("/v1/servers/EXCH3/history")["changes"]]
        assert kinds.count("reported") == 2 and kinds.index("removed") > kinds.index("reported")


SERVERS = "name,organization,site\nEXCH1,ACME,HQ\nEXCH7.acme.example,ACME,\"Branch, east\"\n# old\nEXCH8\n"
TEXT = {"Content-Type": "text/csv"}


def put(collector, text):
    status, _, body = collector.ask("/v1/inventory", "PUT", text, TEXT)
    return status, json.loads(body)


def test_what_is_expected_is_shown_until_it_reports(tmp_path):
    with Collector(str(tmp_path)) as collector:
        collector.post(exposed_site()[0])
        assert put(collector, SERVERS) == (200, {"expected": 3})
        answer = collector.get("/v1/servers")
        assert answer["counts"]["not_monitored"] == 2
        assert [(s["server"], s["verdict"], s["site"]) for s in answer["servers"]] == [
            ("EXCH1", "exposed", "HQ"), ("EXCH7", "not_monitored", "Branch, east"),
            ("EXCH8", "not_monitored", None)]
        assert answer["servers"][1]["age_s"] is None
        query = "/v1/servers?verdict=not_monitored&q=east&limit=1"
        assert [s["server"] for s in collector.get(query)["servers"]] == ["EXCH7"]
        assert collector.get("/v1/servers?verdict=clear")["matched"] == 0
        assert collector.get("/v1/servers/exch8")["verdict"] == "not_monitored"
        collector.post(server("EXCH8", "10.0.0.8"))
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 1
        assert collector.ask("/v1/inventory/exch7", "DELETE")[0] == 204
        assert collector.ask("/v1/inventory/exch7", "DELETE")[0] == 404
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 0
        assert len(collector.get("/v1/inventory")["servers"]) == 2
        status, problem = put(collector, "EXCH1\nexch1.b\n")
        assert (status, problem["code"]) == (422, "invalid_inventory")
        assert problem["detail"] == "line 2: 'exch1' is named in line 1 already"
        assert len(collector.get("/v1/inventory")["servers"]) == 2


def test_a_cluster_that_is_listed_by_its_exchange_name_is_monitored_by_its_node(tmp_path):
    node = server("NODE-A", "10.0.0.1")
    node["exchange"] |= {"server": "MAIL-CLU", "clustered": True}
    with Collector(str(tmp_path)) as collector:
        assert put(collector, "MAIL-CLU\nEXCH9\n") == (200, {"expected": 2})
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 2
        assert collector.post(node)[0] == 200
        assert [s["server"] for s in collector.get("/v1/servers?verdict=not_monitored")["servers"]] == ["EXCH9"]


def test_who_never_reports_is_alerted_of_and_who_does_is_resolved(tmp_path):
    hooks = Hooks(tmp_path)
    hooks.config.write_text("[alerts]\nhold-not-monitored = 0s\ngroup-interval = 0s\n")
    with Receiver() as receiver:
        hooks.add("ops", type="webhook", url=receiver.url)
        with Collector(str(tmp_path / "data"), "--config", hooks.config) as collector:
            assert put(collector, "EXCH7,ACME,HQ\nEXCH8,ACME,HQ\n")[0] == 200
        with Collector(str(tmp_path / "data"), "--config", hooks.config) as collector:  # looks at its start
            receiver.wait(1)
            told = json.loads(receiver.requests[0][3])
            assert sorted((a["labels"]["server"], a["labels"]["condition"]) for a in told["alerts"]) == [
                ("EXCH7", "not_monitored"), ("EXCH8", "not_monitored")]
            assert "install the agent" in told["alerts"][0]["annotations"]["description"]
            assert collector.post(server("EXCH8", "10.0.0.8"))[0] == 200
            receiver.wait(2)
            assert [(a["status"], a["labels"]["server"]) for a in json.loads(receiver.requests[1][3])["alerts"]] == [
                ("firing", "EXCH7"), ("resolved", "EXCH8")]
            assert collector.ask("/v1/inventory/exch7", "DELETE")[0] == 204
            until(lambda: not collector.get("/v1/deliveries?state=waiting")["deliveries"])
        with Collector(str(tmp_path / "data"), "--config", hooks.config):
            receiver.wait(3)
        last, = json.loads(receiver.requests[2][3])["alerts"]
        assert last["status"] == "resolved"


def inventory(data, *arguments, text=None):
    return subprocess.run([PROGRAM, "inventory", *arguments, "--data", data], input=text,
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_terminal_changes_the_inventory_of_a_collector_that_runs(tmp_path):
    with Collector(str(tmp_path)) as collector:
        done = inventory(str(tmp_path), "import", "-", text=SERVERS)
        assert (done.returncode, done.stdout) == (0, "adds 3 (EXCH1, EXCH7, EXCH8), drops 0, changes 0, 0 stay as they "
                                                  "are\n3 servers are expected\n"), done.stderr
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 3
        assert inventory(str(tmp_path), "remove", "EXCH8").returncode == 0
        assert inventory(str(tmp_path), "remove", "EXCH8").returncode == 1
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 2
        assert "Branch, east" in inventory(str(tmp_path), "list").stdout
        bad = inventory(str(tmp_path), "import", "-", text="a,b,c,d\n")
        assert bad.returncode == 1
        assert "line 1: more than the columns name, organization, site" in bad.stderr
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 2


LISTS = [b"name;organization;site\r\nEXCH1;M\xc3\xbcller AG;HQ\r\nEXCH2;M\xc3\xbcller AG;HQ\r\n",
         "\ufeffname\torganization\tsite\r\nEXCH1\tM\u00fcller AG\tHQ\r\nEXCH2\tM\u00fcller AG\tHQ".encode("utf-16-le"),
         'Site,Server,Organization\n"HQ",exch1.acme.example,M\u00fcller AG\nHQ,EXCH2,M\u00fcller AG\n,,\n'.encode()]


@pytest.mark.parametrize("number", range(len(LISTS)))
def test_a_list_is_read_as_people_have_it(number, tmp_path):
    with Collector(str(tmp_path)) as collector:
        assert put(collector, LISTS[number]) == (200, {"expected": 2})
        found = [(s["server"].upper(), s["organization"], s["site"]) for s in collector.get("/v1/inventory")["servers"]]
        assert found == [("EXCH1", "M\u00fcller AG", "HQ"), ("EXCH2", "M\u00fcller AG", "HQ")]


def test_our_own_table_is_a_list(tmp_path):
    with Collector(str(tmp_path)) as collector:
        for report in exposed_site():
            report["exchange"]["organization"] = "=M\u00fcller"
            assert collector.post(report)[0] == 200
        table = collector.ask("/v1/servers.csv")[2]
        assert table.startswith(b"\xef\xbb\xbfserver,")
        assert put(collector, table) == (200, {"expected": 3})
        assert {s["organization"] for s in collector.get("/v1/inventory")["servers"]} == {"=M\u00fcller"}


def test_what_drops_most_of_the_list_has_to_be_meant(tmp_path):
    data = str(tmp_path)
    first = "".join(f"EXCH{number}\n" for number in range(1, 7))
    with Collector(data) as collector:
        assert put(collector, first) == (200, {"expected": 6})
        assert collector.ask("/v1/inventory", "PUT", "EXCH1\n\n")[0] == 409
        refused = inventory(data, "import", "-", text="EXCH1\nEXCH2\n")
        assert refused.returncode == 1 and "--yes" in refused.stderr and "drops 4 (EXCH3, EXCH4, EXCH5, EXCH6)" in refused.stdout
        assert inventory(data, "import", "-", text="").returncode == 1
        assert len(collector.get("/v1/inventory")["servers"]) == 6
        tried = collector.ask("/v1/inventory?dry_run=true", "PUT", "EXCH1\nNEW,ACME\n")
        assert (tried[0], json.loads(tried[2])) == (200, {"expected": 2, "added": ["NEW"], "changed": 0,
                                                          "dropped": ["EXCH2", "EXCH3", "EXCH4", "EXCH5", "EXCH6"]})
        tried = inventory(data, "import", "-", "--dry-run", "--yes", text="EXCH1\nNEW,ACME\n")
        assert tried.returncode == 0 and "nothing was changed" in tried.stdout and "adds 1 (NEW)" in tried.stdout
        assert len(collector.get("/v1/inventory")["servers"]) == 6
        assert collector.ask("/v1/inventory?yes=maybe", "PUT", "EXCH1\n")[0] == 400
        assert put(collector, "EXCH1\nEXCH2\nEXCH3\n")[0] == 200  # half of it
        assert collector.ask("/v1/inventory?yes=true", "PUT", "")[0] == 200
        assert collector.get("/v1/inventory")["servers"] == []


def test_the_former_list_is_brought_back(tmp_path):
    data = str(tmp_path)
    with Collector(data) as collector:
        assert collector.ask("/v1/inventory/former/restore", "POST")[0] == 404
        assert inventory(data, "restore").returncode == 1
        put(collector, "EXCH1,ACME,HQ\nEXCH2\n")
        before = collector.get("/v1/inventory")
        assert inventory(data, "import", "-", "--yes", text="WRONG\n").returncode == 0
        assert inventory(data, "import", "-", "--yes", text="WRONG\n").returncode == 0  # nothing new: the former one stays
        tried = inventory(data, "restore", "--dry-run")
        assert "adds 2 (EXCH1, EXCH2), drops 1 (WRONG)" in tried.stdout
        assert inventory(data, "restore").returncode == 0
        assert collector.get("/v1/inventory") == before
        status, _, body = collector.ask("/v1/inventory/former/restore", "POST")  # and back again
        assert (status, json.loads(body)) == (200, {"expected": 1})
        assert [s["server"] for s in collector.get("/v1/inventory")["servers"]] == ["WRONG"]


def carry(collector, report):
    status, _, body = collector.ask("/v1/reports/import", "POST", json.dumps(report), JSON)
    return status, json.loads(body)


def stamp(age):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))


def test_a_report_that_was_carried_by_hand_never_replaces_a_newer_one(tmp_path):
    with Collector(str(tmp_path)) as collector:
        carried = {**server("EXCH5", "10.0.0.5"), "collected_at": stamp(600)}
        assert carry(collector, carried)[0] == 200
        detail = collector.get("/v1/servers/EXCH5")
        assert detail["reported_at"] == carried["collected_at"]
        older = {**carried, "sequence": 9, "collected_at": stamp(7200)}
        assert carry(collector, older)[0] == 200
        assert collector.get("/v1/servers/EXCH5")["reported_at"] == carried["collected_at"]
        exported = {**carried, "sequence": 10, "received_at": stamp(60), "age_s": 30}
        assert carry(collector, exported)[0] == 200
        assert 85 <= collector.get("/v1/servers/EXCH5")["age_s"] <= 150
        status, problem = carry(collector, {**carried, "sequence": 11, "collected_at": stamp(-3600)})
        assert (status, problem["code"]) == (422, "time_of_report")
        assert carry(collector, {"schema": "x"})[0] == 422
        lines = collector.get("/v1/audit")["lines"]
        assert [(l["action"], l["object"]) for l in lines[:3]] == [("report.import", "exch5")] * 3


def detail_of(collector, name):
    return collector.get(f"/v1/servers/{name}")


def test_a_wrong_clock_is_told_of_and_decides_nothing(tmp_path):
    with Collector(str(tmp_path)) as collector:
        for name, age in ("EXCH1", 0), ("EXCH2", -7500), ("EXCH3", 4000000):
            assert collector.post({**server(name, "10.0.0." + name[-1]), "collected_at": stamp(age)})[0] == 200
        spooled = {**server("EXCH4", "10.0.0.4"), "collected_at": stamp(600)}
        assert collector.post(spooled, **{"Mtawatch-Report-Age": "600"})[0] == 200
    with Collector(str(tmp_path)) as collector:
        listed = {s["server"]: s for s in collector.get("/v1/servers")["servers"]}
        assert abs(listed["EXCH1"]["clock_skew_s"]) < 30 and listed["EXCH1"]["notes"] == []
        assert abs(listed["EXCH4"]["clock_skew_s"]) < 30 and listed["EXCH4"]["notes"] == []
        note, = listed["EXCH2"]["notes"]
        assert note["code"] == "clock_wrong"
        assert note["text"].startswith("The clock of this server is 2 h ahead of the collector's: ")
        assert "is 46 days behind the collector's: " in detail_of(collector, "EXCH3")["notes"][0]["text"]
        assert 7470 <= detail_of(collector, "EXCH2")["clock_skew_s"] <= 7500
        assert not any(s["silent"] for s in listed.values()), "the collector's clock decides"


def test_a_carried_report_is_shown_as_that(tmp_path):
    with Collector(str(tmp_path)) as collector:
        carried = {**server("EXCH5", "10.0.0.5"), "collected_at": stamp(600)}
        assert carry(collector, carried)[0] == 200
    with Collector(str(tmp_path)) as collector:
        detail = detail_of(collector, "EXCH5")
        assert detail["imported"]["by"] == "token admin"
        assert stamp(120) <= detail["imported"]["at"] <= stamp(-1)
        assert (detail["clock_skew_s"], detail["notes"]) == (None, []), "nobody knows that clock"
        exported = {**carried, "sequence": 2, "received_at": stamp(60), "age_s": 0, "collected_at": stamp(-140)}
        assert carry(collector, exported)[0] == 200
        assert 190 <= detail_of(collector, "EXCH5")["clock_skew_s"] <= 210
        assert collector.post({**carried, "sequence": 3})[0] == 200
        assert detail_of(collector, "EXCH5")["imported"] is None


def test_a_machine_that_was_renamed_is_seen_to_be_the_same(tmp_path):
    with Collector(str(tmp_path)) as collector:
        before = {**server("OLD", "10.0.0.5"), "collected_at": stamp(6000)}
        after = {**server("NEW", "10.0.0.5"), "agent": before["agent"], "sequence": 2,
                 "collected_at": stamp(600)}
        for report in before, after, {**server("EXCH9", "10.0.0.9"), "collected_at": stamp(600)}:
            assert carry(collector, report)[0] == 200
        assert detail_of(collector, "NEW")["other_names"] == [
            {"server": "old", "reported_at": before["collected_at"], "because": "agent"}]
        assert detail_of(collector, "OLD")["other_names"] == [
            {"server": "new", "reported_at": after["collected_at"], "because": "agent"}]
        assert detail_of(collector, "EXCH9")["other_names"] == []


def with_card(report, mac):
    report["adapters"][0]["mac"] = mac
    return report


def test_a_machine_that_enrolled_anew_under_another_name_is_told_of(tmp_path):
    """As an agent does whose server was renamed: it makes another key, and reports as another server."""
    old = with_card({**server("OLD", "10.0.0.5"), "interval_s": 60}, "00-50-04-a1-b2-c3")
    new = with_card(server("NEW", "10.0.0.5"), "00-50-04-a1-b2-c3")
    with Collector(str(tmp_path)) as collector:
        assert collector.post(old, **{"Mtawatch-Report-Age": "600"})[0] == 200
        assert collector.post(server("EXCH9", "10.0.0.9"))[0] == 200
        tag = collector.ask("/v1/servers/OLD")[1]["ETag"]
        assert collector.post(new)[0] == 200
        assert collector.agents.enrol("OLD")[0] != collector.agents.enrol("NEW")[0]
        listed = {s["server"]: s for s in collector.get("/v1/servers")["servers"]}
        assert [(name, s["silent"], s["renamed_to"]) for name, s in sorted(listed.items())] == [
            ("EXCH9", False, None), ("NEW", False, None), ("OLD", True, "NEW")]
        assert collector.ask("/v1/servers/OLD", headers={"If-None-Match": tag})[0] == 200
        note = detail_of(collector, "OLD")["notes"][0]
        assert note["code"] == "renamed" and "probably renamed to NEW" in note["text"]
        (tmp_path / "token").write_text(collector.token)
        shown = subprocess.run([PROGRAM, "server", "OLD", "--url", collector.url, "--token-file",
                                tmp_path / "token"], capture_output=True, text=True, timeout=60)
        assert shown.returncode == 3 and note["text"] in " ".join(shown.stdout.split()), shown
    with Collector(str(tmp_path)) as collector:
        old_name, new_name = ({"server": name, "because": "network_card"} for name in ("old", "new"))
        for name, other in ("OLD", new_name), ("NEW", old_name):
            found, = detail_of(collector, name)["other_names"]
            assert found.pop("reported_at") and found == other
        assert detail_of(collector, "OLD")["renamed_to"] == "NEW"
        assert removed(collector, "OLD", "?reason=renamed%20to%20NEW")[0] == 204
        assert detail_of(collector, "NEW")["other_names"] == []


def test_two_machines_with_one_key_are_seen(tmp_path):
    """A disk was copied with the agent on it, and both go on with the next sequence."""
    with Collector(str(tmp_path)) as collector:
        report = server("EXCH1", "10.0.0.1")
        assert collector.post(report)[0] == 200
        assert collector.post({**report, "duration_ms": 5})[0] == 409
        refused = detail_of(collector, "EXCH1")["refused"]
        assert (refused["count"], refused["code"]) == (1, "conflicting_report")


def test_two_machines_of_one_name_are_seen(tmp_path):
    with Collector(str(tmp_path)) as collector:
        report = server("EXCH1", "10.0.0.1")
        assert collector.post(report)[0] == 200
        assert put(collector, "EXCH2\n")[0] == 200
        assert detail_of(collector, "EXCH1")["refused"] is None
        tag = collector.ask("/v1/servers/EXCH1")[1]["ETag"]
        body = {"secret": collector.secret, "host": "exch1.other.example", "key": "ab" * 32}
        for _ in range(2):
            status, _, answer = collector.ask("/v1/enroll", "POST", json.dumps(body), JSON)
            assert (status, json.loads(answer)["code"]) == (409, "host_enrolled")
        refused = detail_of(collector, "EXCH1")["refused"]
        assert (refused["count"], refused["from"], refused["code"]) == (2, "127.0.0.1", "host_enrolled")
        assert stamp(120) <= refused["since"] <= refused["last_at"] <= stamp(-1)
        assert collector.ask("/v1/servers/EXCH1", headers={"If-None-Match": tag})[0] == 200
        other = collector.agents.enrol("EXCH3")[1]
        stranger = {**server("EXCH2", "10.0.0.2"), "sequence": 2}
        assert collector.ask("/v1/reports", "POST", json.dumps(stranger), {**JSON, **bearer(other)})[0] == 403
        assert detail_of(collector, "EXCH2")["refused"]["code"] == "wrong_agent"
