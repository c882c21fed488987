"""Sites, their matrices, and why a server is judged as it is; at the running collector."""

import json
from urllib.parse import quote

import pytest
from running import Collector, exposed_site, minimal, row, server


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        yield running


def test_servers_are_found_by_the_state_of_an_adapter(tmp_path):
    def found(collector, query):
        return [s["server"] for s in collector.get("/v1/servers?" + query)["servers"]]

    with Collector(tmp_path / "data") as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        assert found(collector, "adapter=isolated") == ["EXCH1"]
        assert found(collector, "adapter=good&sort=server") == ["EXCH1", "EXCH2", "EXCH3"]
        assert found(collector, "adapter=partial&adapter=borrowed") == []
        assert collector.ask("/v1/servers?adapter=bad")[0] == 400
        assert collector.post(server("EXCH4", "10.0.0.4"), **{"Mtawatch-Report-Age": "5000"})[0] == 200
        silent = found(collector, "silent=true&adapter=" + collector.get("/v1/servers/EXCH4")["adapters"][0]["state"])
        assert silent == ["EXCH4"]
    with Collector(tmp_path / "data") as collector:  # out of the store
        assert found(collector, "adapter=isolated") == ["EXCH1"]
        assert found(collector, "silent=true&adapter=" + collector.get("/v1/servers/EXCH4")["adapters"][0]["state"]) == silent


def cells(matrix):
    """(server, adapter, peer): cell"""
    rows, columns = matrix["adapters"], matrix["peers"]
    return {(rows[c["from"]]["server"], rows[c["from"]]["adapter"], columns[c["to"]]["name"]): c
            for c in matrix["cells"]}


def test_sites_have_their_numbers(collector):
    assert collector.post(minimal("LONE"))[0] == 200
    assert collector.ask("/v1/inventory", "PUT", "server,organization,site\nNEW,acme,hq\nFAR,ACME,Pole\n")[0] == 200
    sites = {(s["organization"], s["site"]): s["counts"] for s in collector.get("/v1/sites")}
    assert list(sites) == [("", ""), ("ACME", "HQ"), ("ACME", "Pole")]
    hq = sites["ACME", "HQ"]
    assert (hq["exposed"], hq["clear"], hq["not_monitored"], hq["silent"]) == (1, 2, 1, 0)
    assert sites["ACME", "Pole"]["not_monitored"] == 1
    total = collector.get("/v1/servers")["counts"]
    assert {name: sum(counts[name] for counts in sites.values()) for name in total} == total


def test_a_matrix_has_every_path_in_its_direction(collector):
    matrix = collector.get("/v1/sites/acme/hq/matrix")
    assert [(a["server"], a["adapter"], a["state"], a["addresses"]) for a in matrix["adapters"]] == [
        ("EXCH1", "A", "good", ["10.0.0.1/24"]), ("EXCH1", "B", "isolated", ["10.9.0.1/24"]),
        ("EXCH2", "A", "good", ["10.0.0.2/24"]), ("EXCH3", "A", "good", ["10.0.0.3/24"])]
    assert sorted((p["name"], tuple(p["servers"])) for p in matrix["peers"]) == [
        (name, (name,)) for name in ("EXCH1", "EXCH2", "EXCH3")]
    found = cells(matrix)
    assert sorted(found) == [("EXCH1", "A", "EXCH2"), ("EXCH1", "A", "EXCH3"), ("EXCH1", "B", "EXCH2"),
                             ("EXCH1", "B", "EXCH3"), ("EXCH2", "A", "EXCH3"), ("EXCH3", "A", "EXCH2")]
    bad = found["EXCH1", "B", "EXCH2"]
    assert (bad["grade"], bad["proven"], bad["error"], bad["via"], bad["for_s"], bad["ms"]) == \
        ("none", "mta", "timeout", "A", 3600, 3)
    assert found["EXCH3", "A", "EXCH2"]["grade"] == "mta"
    assert bad["at"] == collector.get("/v1/servers/EXCH1")["reported_at"]


def test_names_of_sites_may_hold_anything(collector):
    name = "a/b?c#d%2f é<b>\"'"
    report = server("ODD", "10.1.0.1", [row("A", "ODD2", "10.1.0.1", "10.1.0.2", "none", error="refused")], site=name)
    assert collector.post(report)[0] == 200
    matrix = collector.get(f"/v1/sites/ACME/{quote(name, safe='')}/matrix")
    assert matrix["site"] == name and list(cells(matrix)) == [("ODD", "A", "ODD2")]
    assert collector.ask("/v1/sites/ACME/Nowhere/matrix")[0] == 404


def test_a_matrix_of_a_large_site_is_made_in_turns(collector):
    for number in range(40):
        rows = [row("A", f"M{peer:02}", f"10.5.0.{number + 1}", f"10.5.0.{peer + 1}") for peer in range(40)
                if peer != number]
        assert collector.post(server(f"M{number:02}", f"10.5.0.{number + 1}", rows, site="Large"))[0] == 200
    matrix = collector.get("/v1/sites/ACME/Large/matrix")
    assert len(matrix["adapters"]) == 40 and len(matrix["peers"]) == 40 and len(matrix["cells"]) == 40 * 39


def test_a_client_that_does_not_wait_for_its_matrix_does_no_harm(collector):
    for _ in range(5):
        head = f"GET /v1/sites/ACME/HQ/matrix HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {collector.token}\r\n\r\n"
        collector.dial().sendall(head.encode())
    assert collector.get("/v1/sites/ACME/HQ/matrix")["cells"]


def fact(facts, name):
    return next(f for f in facts if f["fact"] == name)


def test_the_facts_say_why(collector):
    shown = collector.get("/v1/servers/EXCH1")
    exchange, fix, adapters, mta = shown["facts"]
    assert exchange["value"] is True and fact(exchange["facts"], "exchange.version")["value"] == "5.5"
    assert fix["value"] is False and "5.5.2654.54" in fix["label"]
    assert fix["facts"][0]["value"] == "5.5.2653.23"
    assert adapters["value"] == 1
    assert [(a["label"], a["value"], len(a["facts"])) for a in adapters["facts"]] == [("A", "good", 2), ("B", "isolated", 2)]
    path = adapters["facts"][1]["facts"][0]
    assert path["label"].startswith("EXCH2, proven to answer: mta") and path["value"] == "none"
    assert "timeout" in path["source"] and path["at"] == shown["reported_at"]
    assert mta["value"] == "running"


def test_what_is_not_known_says_why(collector):
    report = minimal("DARK", problems=[{"fact": "exchange.installed", "code": 5, "message": "RegOpenKeyEx: Access is denied."}])
    assert collector.post(report)[0] == 200
    exchange = collector.get("/v1/servers/DARK")["facts"][0]
    assert exchange["value"] is None and exchange["source"] == "RegOpenKeyEx: Access is denied."
    assert exchange["facts"][0]["source"] == "not reported"


def test_the_twelve_files_are_held_against_what_is_required(collector):
    files = {f["name"]: f for f in collector.get("/v1/servers/EXCH1")["files"]}
    assert len(files) == 12
    assert files["Emsmta.exe"]["meets"] is False and files["Emsmta.exe"]["required"] == "5.5.2654.54"
    assert files["P2.xv2"] == {"name": "P2.xv2", "state": None, "version": None, "required": None, "meets": None,
                               "size": None, "modified": None}


def test_the_raw_report_is_what_assess_reads(collector):
    raw = collector.get("/v1/servers/exch1/report")
    assert raw == collector.get("/v1/servers/EXCH1")["report"] and raw["received_at"]
    assert raw["probes"] == exposed_site()[0]["probes"]
