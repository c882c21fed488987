"""The fleet as an administrator changes it: servers that leave it, and that come back."""

import json
import subprocess
import time

from running import JSON, PROGRAM, Collector, exposed_site, server


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
    with Collector(str(tmp_path)) as collector:
        assert collector.ask("/v1/servers/EXCH3")[0] == 410
        late = {**server("EXCH3", "10.0.0.3"), "sequence": 2}
        assert collector.post(late, **{"Mtawatch-Report-Age": "3600"})[1]["verdict"] is None
        assert collector.ask("/v1/servers/EXCH3")[0] == 410
        assert collector.post({**late, "sequence": 3})[1]["verdict"] is not None
        detail = collector.get("/v1/servers/EXCH3")
        assert detail["removed"]["reason"] == "sold off"
        assert collector.get("/v1/servers/EXCH1")["removed"] is None


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


def inventory(data, *arguments, text=None):
    return subprocess.run([PROGRAM, "inventory", *arguments, "--data", data], input=text,
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_terminal_changes_the_inventory_of_a_collector_that_runs(tmp_path):
    with Collector(str(tmp_path)) as collector:
        done = inventory(str(tmp_path), "import", "-", text=SERVERS)
        assert (done.returncode, done.stdout) == (0, "3 servers are expected\n"), done.stderr
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 3
        assert inventory(str(tmp_path), "remove", "EXCH8").returncode == 0
        assert inventory(str(tmp_path), "remove", "EXCH8").returncode == 1
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 2
        assert "Branch, east" in inventory(str(tmp_path), "list").stdout
        bad = inventory(str(tmp_path), "import", "-", text="a,b,c,d\n")
        assert bad.returncode == 1
        assert "line 1: more than the columns name, organization, site" in bad.stderr
        assert collector.get("/v1/servers")["counts"]["not_monitored"] == 2


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
