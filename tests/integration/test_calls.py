"""What holds for every call of the API: methods, unknown keys, cursors that were never given, Accept."""

import json
import re

import pytest
from running import JSON, Collector, exposed_site, minimal
from test_openapi import OPERATIONS, filled

GETS = [route for route in OPERATIONS if route.startswith("GET ")]
PAGED = ["/v1/servers", "/v1/servers/EXCH1/history", "/v1/alerts", "/v1/silences", "/v1/deliveries", "/v1/agents",
         "/v1/audit"]
NUMBERED = ["/v1/audit", "/v1/silences"]


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("calls") / "data") as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        assert running.ask("/v1/inventory", "PUT", "NEVER1\n")[0] == 200
        yield running


def refused(collector, path, status=400, code="invalid_query", **more):
    got, headers, body = collector.ask(path, **more)
    assert (got, headers["Content-Type"]) == (status, "application/problem+json"), (path, got, body)
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code) and problem["title"] and problem["detail"]
    return problem, headers


@pytest.mark.parametrize("route", GETS)
def test_a_head_is_a_get_without_its_body(collector, route):
    path = filled(route)
    status, headers, _ = collector.ask(path)
    head_status, head, body = collector.ask(path, "HEAD")
    assert (head_status, body) == (status, b"")
    for name in ("Content-Type", "ETag", "Vary", "Content-Disposition"):
        assert head[name] == headers[name], name


@pytest.mark.parametrize("path", sorted({route.split(" ")[1] for route in OPERATIONS}))
def test_a_method_that_is_not_there_is_refused_with_those_that_are(collector, path):
    methods = {route.split(" ")[0] for route in OPERATIONS if route.split(" ")[1] == path}
    for method in ("OPTIONS", "PATCH", "TRACE"):
        _, headers = refused(collector, filled("X " + path), 405, "method_not_allowed", method=method)
        assert set(headers["Allow"].split(", ")) == methods | ({"HEAD"} if "GET" in methods else set())


@pytest.mark.parametrize("route", [route for route in GETS if " /v1/" in route])
def test_a_key_that_no_call_knows_is_refused(collector, route):
    for query in ("colour=red", "limit2=1", "=", "q=%zz", "%00=1"):
        refused(collector, f"{filled(route)}?{query}")


@pytest.mark.parametrize("path", PAGED)
def test_what_can_be_meant_once_may_come_once(collector, path):
    for query in ("limit=1&limit=2", "cursor=1.1&cursor=1.1", "limit=0", "limit=1001", "limit=-1", "limit=", "limit=1e2",
                  "limit=" + "9" * 30):
        refused(collector, f"{path}?{query}")
    assert collector.ask(path + "?limit=1000")[0] == 200
    refused(collector, "/v1/servers?sort=site&sort=server")


@pytest.mark.parametrize("path", NUMBERED)
def test_a_cursor_that_was_never_given_is_refused(collector, path):
    for cursor in ("", "x", "-1", "1.5", "7x", "%20", "9" * 20):
        refused(collector, f"{path}?cursor={cursor}")
    assert collector.ask(path + "?cursor=0")[0] == 200


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/deliveries", "/v1/servers"])
def test_a_cursor_of_another_list_is_refused(collector, path):
    for cursor in ("x", "", "9.1", "0.-1", "0.x", "1", "by%3Dverdict", "1795525306543.2x"):
        refused(collector, f"{path}?cursor={cursor}")


def test_a_cursor_that_was_changed_is_still_only_a_place(collector):
    """It carries no right and no filter: whatever a client makes of it, it gets servers of its own query."""
    _, headers, _ = collector.ask("/v1/servers?limit=1&sort=server")
    link = re.fullmatch(r'<([^>]+)>; rel="next"', headers["Link"])[1]
    for key in ("", "zzz", "exch1", "%2527", "e" * 1024):
        changed = re.sub("key%3D[^%]*", "key%3D" + key, link)
        assert collector.ask(changed)[0] == 200, changed
    refused(collector, link.replace("sort=server", "sort=site"))
    refused(collector, link.replace("sort=server", "sort=-server"))


@pytest.mark.parametrize("accept, kind", [
    (None, "json"), ("*/*", "json"), ("application/json", "json"), ("text/csv", "csv"), ("TEXT/CSV", "csv"),
    ("text/*", "csv"), ("application/*", "json"), ("text/csv, application/json", "json"),
    ("text/csv, application/json;q=0.9", "csv"), ("text/csv;q=0.1, application/json;q=0.9", "json"),
    ("application/json;q=0, text/csv", "csv"), ("text/csv;q=0, */*", "json"), ("*/*;q=0.1, text/csv", "csv"),
    ("text/html,application/xhtml+xml,*/*;q=0.8", "json"), ("text/csv;header=present;q=0.5,*/*;q=0.4", "csv"),
    ("text/csv ; q=0.25 , application/json ; q=0.125", "csv"), ("*/*;q=0", None), ("text/html", None),
    ("text/csv;q=0", None), ("text/csv;q=0.000, application/json;q=0", None), ("", None), ("csv", None), ("text/csvx", None)])
def test_accept_chooses_between_json_and_csv(collector, accept, kind):
    headers = {} if accept is None else {"Accept": accept}
    if kind is None:
        refused(collector, "/v1/servers", 406, "not_acceptable", headers=headers)
        return
    status, headers, _ = collector.ask("/v1/servers", headers=headers)
    assert status == 200 and headers["Content-Type"].split(";")[0].endswith(kind) and headers["Vary"] == "Accept"


def test_what_has_not_changed_is_not_sent_again_until_it_changes(collector):
    paths = ["/v1/servers", "/v1/servers?q=exch&sort=-since", "/v1/servers/EXCH1", "/v1/servers/NEVER1", "/v1/sites",
             "/v1/sites/ACME/HQ/matrix", "/v1/servers/EXCH1/report"]

    def known(path, tags):
        return collector.ask(path, headers={"If-None-Match": tags})[0]

    tags = {path: collector.ask(path)[1]["ETag"] for path in paths}
    for path, tag in tags.items():
        assert known(path, tag) == known(path, f'"other", {tag}') == known(path, "*") == 304
        assert known(path, '"other"') == 200
    report = {**exposed_site()[0], "sequence": 2}
    report["probes"] = [row for row in report["probes"] if row["adapter"] == "A"]
    assert collector.post(report)[0] == 200
    for path, tag in tags.items():
        assert known(path, tag) == (304 if "NEVER1" in path else 200), path


def test_there_is_a_problem_for_everything_that_is_not_there(collector):
    for path, code in (("/v1/servers/NOBODY", "unknown_server"), ("/v1/servers/NOBODY/history", "unknown_server"),
                       ("/v1/sites/No/Where/matrix", "unknown_site"), ("/v1/nothing", "not_found"), ("/v1/", "not_found"),
                       ("/v1/servers/", "not_found"), ("/v2/servers", "not_found")):
        refused(collector, path, 404, code)
    for path in ("/v1/servers/%zz", "/v1/servers/%00", "/v1/sites/%/x/matrix"):
        refused(collector, path, 400, "malformed_path")


def test_names_of_a_kilobyte_are_names(collector):
    name = "x" * 1024
    report = minimal("LONG")
    report["exchange"] = {"installed": True, "organization": name, "site": name, "server": name}
    assert collector.post(report)[0] == 200
    assert [s["server"] for s in collector.get(f"/v1/servers?site={name}&organization={name}&q={name}")["servers"]] == ["LONG"]
    assert collector.get(f"/v1/sites/{name}/{name}/matrix")["site"] == name
    _, headers, _ = collector.ask("/v1/servers?sort=-site&limit=1")
    page = re.fullmatch(r'<([^>]+)>; rel="next"', headers["Link"])[1]
    assert "LONG" not in [s["server"] for s in collector.get(page)["servers"]]
    assert collector.ask("/v1/inventory", "PUT", "NEVER1\n", JSON)[0] == 200
