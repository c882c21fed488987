"""collector/api/openapi.json against the running collector: every route of its table is described and
every description has a route; every answer that a test here gets is held against it; and every
answer that is described was seen, but for those named in UNSEEN."""

import contextlib
import json
import re

import jsonschema
import pytest
from running import JSON, ROOT, Collector, ask, bearer, exposed_site, minimal
from test_access import MAY, routes

DOCUMENT = json.loads((ROOT / "collector/api/openapi.json").read_text())
OPERATIONS = {f"{method.upper()} {path}": operation
              for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()}
PROBLEM = "application/problem+json"

# Described, and not there yet.
PLANNED = set()

# Answers that need a broken disk, a flood or a limit that other tests reach.
UNSEEN = {"429", "503"}
UNSEEN_OF = {("POST /v1/deliveries/{id}/retry", "204"),
             # Of several collectors: test_cluster.py.
             *((route, status) for route in ("POST /v1/collectors/{node}/handover", "DELETE /v1/collectors/{node}")
               for status in ("204", "409")),
             ("POST /v1/deliveries/{id}/retry", "409"), ("GET /v1/sites/{org}/{site}/matrix", "422"), ("GET /v1/sites/{org}/{site}/plan", "422"),
             ("GET /v1/sites/{org}/{site}/report", "422")}

seen = set()  # (route, status)


def resolve(node):
    while "$ref" in node:
        found = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def walk(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def closed(node):
    """The schema, but that objects have no member that it does not name: clients are told that
    members may be added; here that has to be described."""
    if isinstance(node, list):
        return [closed(child) for child in node]
    if not isinstance(node, dict):
        return node
    node = {key: closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


COMPONENTS = closed(DOCUMENT["components"])


# The document itself

def test_it_is_what_the_collector_serves(collector):
    assert collector.get("/openapi.json") == DOCUMENT


def test_it_is_an_openapi_document():
    """What the OpenAPI 3.1 schema and text demand of the parts that are used here."""
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert set(DOCUMENT) <= {"openapi", "info", "servers", "paths", "components", "webhooks"}
    assert DOCUMENT["info"]["title"] and DOCUMENT["info"]["version"]
    assert set(DOCUMENT["components"]) <= {"schemas", "responses", "parameters", "securitySchemes"}
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))
    for node in walk(DOCUMENT):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            assert node["$ref"].startswith("#/") and resolve(node)
        if isinstance(node, dict) and isinstance(node.get("schema"), dict):
            jsonschema.Draft202012Validator.check_schema(node["schema"])
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("route", OPERATIONS)
def test_an_operation_is_well_formed(route):
    operation = OPERATIONS[route]
    allowed = {"operationId", "summary", "description", "security", "parameters", "requestBody", "responses"}
    assert {key for key in operation if not key.startswith("x-")} <= allowed
    parameters = [resolve(parameter) for parameter in operation.get("parameters", [])]
    assert len({(p["in"], p["name"]) for p in parameters}) == len(parameters)
    for parameter in parameters:
        assert set(parameter) <= {"name", "in", "required", "description", "schema", "style", "explode"}
        assert parameter["in"] in ("path", "query", "header") and parameter["schema"]
        assert parameter["in"] != "path" or parameter["required"] is True
    in_path = [p["name"] for p in parameters if p["in"] == "path"]
    assert in_path == re.findall(r"\{(\w+)\}", route)
    assert operation["responses"]
    for status, response in operation["responses"].items():
        response = resolve(response)
        assert re.fullmatch(r"[2-5]\d\d", status)
        assert response["description"] and set(response) <= {"description", "headers", "content"}
        if int(status) >= 400 and "text/plain; charset=utf-8" not in response["content"]:
            assert list(response["content"]) == [PROBLEM] and "`code`: " in response["description"]
    for requirement in operation["security"]:
        assert set(requirement) <= set(DOCUMENT["components"]["securitySchemes"])


def test_what_is_described_is_there_and_the_reverse():
    assert set(routes()) | PLANNED == set(OPERATIONS)
    assert not set(routes()) & PLANNED


@pytest.mark.parametrize("route", sorted(set(OPERATIONS) - PLANNED))
def test_the_roles_are_those_that_the_collector_serves(route):
    operation = OPERATIONS[route]
    people = [who for who in MAY[route] if who in ("agent", "viewer", "operator", "admin")]
    everybody = "nobody" in MAY[route]
    assert operation["x-roles"] == ("everybody" if everybody else people)
    assert (operation["security"] == []) == everybody


# Its answers

@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("openapi") / "data") as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        yield running


@pytest.fixture(scope="module")
def viewer(collector):
    body = json.dumps({"name": "a-viewer", "role": "viewer"})
    return bearer(json.loads(collector.ask("/v1/tokens", "POST", body, JSON)[2])["token"])


def check(route, status, headers, text):
    """Holds an answer against its description; of a problem its code, too. Returns it."""
    described = OPERATIONS[route]["responses"]
    assert str(status) in described, (route, status, text)
    seen.add((route, str(status)))
    response = resolve(described[str(status)])
    paged = {"Link"} if headers["Content-Type"] == "application/json" else {"Link", "ETag"}
    for name in set(response.get("headers", ())) - paged:
        assert name in headers, (route, status, name)
    if "content" not in response:
        assert text == b""
        return None
    kind = headers["Content-Type"]
    assert kind in response["content"] or kind.split(";")[0] in response["content"], (route, kind)
    if not kind.startswith(("application/json", PROBLEM)):
        return text.decode()
    schema = response["content"][kind]["schema"] if kind in response["content"] else {}
    validator = jsonschema.Draft202012Validator({**closed(schema), "components": COMPONENTS},
                                                format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    answer = json.loads(text)
    validator.validate(answer)
    if status >= 400:
        assert re.search(rf"[ ,]{answer['code']}[,.]", response["description"]), (route, status, answer)
    return answer


def answer(collector, route, body=None, status=200, query="", headers=None, **parameters):
    """Calls, and holds the answer against its description."""
    method, path = route.split(" ")
    fields = {**JSON, **(headers or {})}
    data = json.dumps(body) if isinstance(body, dict) else body
    got, answer_headers, text = collector.ask(path.format(**parameters) + query, method, data or b"", fields)
    assert got == status, (route, got, text)
    return check(route, got, answer_headers, text)


def filled(route):
    """Its path, for an object that is there."""
    public = {route.split("/")[-1] for route in OPERATIONS}
    file = next(path.name for path in (ROOT / "dashboard").glob("*.js") if path.name not in public)
    names = {"name": "EXCH1", "file": file, "org": "ACME", "site": "HQ", "id": "0", "node": "c1"}
    return route.split(" ")[1].format(**names)


THERE = [route for route in OPERATIONS if route not in PLANNED]


@pytest.mark.parametrize("route", [route for route in THERE if "401" in OPERATIONS[route]["responses"]])
def test_a_stranger_is_refused_as_described(collector, viewer, route):
    method = route.split(" ")[0]
    with contextlib.closing(collector.connect(identified=False)) as connection:
        assert check(route, *ask(connection, filled(route), method, b"", JSON))["code"] == "unauthenticated"
        who = viewer if "viewer" not in OPERATIONS[route]["x-roles"] else bearer(collector.agents.enrol("EXCH1")[1])
        check(route, *ask(connection, filled(route), method, b"", JSON | who))


@pytest.mark.parametrize("route", [route for route in THERE if "requestBody" in OPERATIONS[route] and route.startswith("POST ")])
def test_a_body_that_is_none_is_refused_as_described(collector, route):
    path = filled(route)
    for body, headers in ((b"{}", {"Content-Type": "text/plain"}), (b"{", JSON), (b"{}", JSON), (b"[]", JSON),
                          (b" " * 1100000, JSON)):
        check(route, *collector.ask(path, "POST", body, headers))
    assert {(route, "400"), (route, "413"), (route, "415"), (route, "422")} <= seen


@pytest.mark.parametrize("route", [route for route in THERE if route.startswith("GET ")])
def test_a_query_that_is_none_is_refused_as_described(collector, route):
    if "400" in OPERATIONS[route]["responses"]:
        check(route, *collector.ask(filled(route) + "?no=such", "GET"))
        assert (route, "400") in seen


@pytest.mark.parametrize("route", [route for route in THERE if route.startswith("GET ")])
def test_what_is_known_already_is_not_sent_again(collector, route):
    status, headers, text = collector.ask(filled(route))
    check(route, status, headers, text)
    if "304" in OPERATIONS[route]["responses"]:
        check(route, *collector.ask(filled(route), headers={"If-None-Match": headers["ETag"]}))
        assert (route, "304") in seen


def test_reports_are_answered_as_described(collector):
    report = minimal("EXCH7")
    assert answer(collector, "POST /v1/reports", report)["accepted"] == 1
    answer(collector, "POST /v1/reports", report)
    answer(collector, "POST /v1/reports", {**report, "interval_s": 60}, 409)
    answer(collector, "POST /v1/reports", {**report, "interval_s": "often"}, 422)
    answer(collector, "POST /v1/reports", {**report, "schema": "other/1"}, 422)
    answer(collector, "POST /v1/reports", report, 400, headers={"Mtawatch-Report-Age": "old"})
    other = collector.agents.enrol("EXCH8")[1]
    answer(collector, "POST /v1/reports", report, 403, headers=bearer(other))


def test_owners_and_notes_are_answered_as_described(collector):
    server, site = "PUT /v1/servers/{name}/remark", "PUT /v1/sites/{org}/{site}/remark"
    place = {"org": "ACME", "site": "HQ"}
    assert answer(collector, site, {"owner": "HQ team"}, **place)["owner"]["of"] == "site"
    assert answer(collector, server, {"note": "rack 3"}, name="EXCH2")["owner"]["name"] == "HQ team"
    assert answer(collector, "GET /v1/servers/{name}", name="EXCH2")["note"]["of"] == "server"
    assert [row["note"] for row in answer(collector, "GET /v1/servers", query="?owner=hq%20team")["servers"]
            if row["server"] == "EXCH2"][0]["text"] == "rack 3"
    assert "HQ team" in [site["owner"] and site["owner"]["name"] for site in answer(collector, "GET /v1/sites")]
    for route, names, unknown in ((server, {"name": "EXCH2"}, {"name": "NOBODY"}), (site, place, {**place, "site": "X"})):
        answer(collector, route, {"owner": "x"}, 404, **unknown)
        answer(collector, route, {}, 422, **names)
        answer(collector, route, "{", 400, **names)
        answer(collector, route, {"owner": ""}, 415, headers={"Content-Type": "text/plain"}, **names)
        answer(collector, route, " " * 100000, 413, **names)
    answer(collector, server, {"owner": "", "note": ""}, name="EXCH2")
    assert answer(collector, site, {"owner": ""}, **place) == {"owner": None, "note": None}
    assert collector.post(minimal("LEFT"))[0] == 200
    answer(collector, "DELETE /v1/servers/{name}", None, 204, name="LEFT")
    answer(collector, server, {"owner": "x"}, 410, name="LEFT")


def test_bookmarks_are_answered_as_described(collector):
    put, drop = "PUT /v1/bookmarks/{name}", "DELETE /v1/bookmarks/{name}"
    made = answer(collector, put, {"query": "verdict=exposed&limit=7&q=a%20b"}, name="mine")
    assert (made["name"], made["query"]) == ("mine", "verdict=exposed&q=a%20b")
    assert answer(collector, "GET /v1/bookmarks")["bookmarks"] == [made]
    answer(collector, put, {"query": "no=such"}, 422, name="mine")
    answer(collector, put, {}, 422, name="mine")
    answer(collector, put, {"query": ""}, 422, name="two%0Alines")
    answer(collector, put, "{", 400, name="mine")
    answer(collector, put, {"query": ""}, 415, headers={"Content-Type": "text/plain"}, name="mine")
    answer(collector, put, " " * 100000, 413, name="mine")
    for number in range(99):
        assert collector.ask(f"/v1/bookmarks/{number}", "PUT", '{"query": ""}', JSON)[0] == 200
    answer(collector, put, {"query": ""}, 409, name="one-too-many")
    answer(collector, put, {"query": "site=HQ"}, name="mine")
    answer(collector, drop, None, 204, name="mine")
    answer(collector, drop, None, 404, name="mine")


def test_servers_are_answered_as_described(collector):
    listed = answer(collector, "GET /v1/servers")
    assert "EXCH1" in [server["server"] for server in listed["servers"]]
    assert answer(collector, "GET /v1/servers/{name}", name="EXCH1")["adapters"]
    answer(collector, "GET /v1/servers/{name}", None, 404, name="EXCH9")
    assert answer(collector, "GET /v1/servers/{name}/history", name="EXCH1")["changes"]
    answer(collector, "GET /v1/servers/{name}/history", None, 404, name="EXCH9")
    answer(collector, "GET /v1/servers/{name}/history", None, 400, name="EXCH1", query="?since=x")
    assert answer(collector, "GET /v1/servers", headers={"Accept": "text/csv"}).count("\r\n") > 3
    answer(collector, "GET /v1/servers", None, 406, headers={"Accept": "text/html"})
    assert answer(collector, "GET /v1/servers/{name}", name="EXCH1")["facts"][2]["facts"]
    assert answer(collector, "GET /v1/servers/{name}/report", name="EXCH1")["received_at"]
    answer(collector, "GET /v1/servers/{name}/report", None, 404, name="EXCH9")
    assert answer(collector, "GET /v1/servers/{name}/restart", name="EXCH1")["restart"] in ("yes", "no", "cannot_tell")
    answer(collector, "GET /v1/servers/{name}/restart", None, 404, name="EXCH9")
    assert answer(collector, "GET /v1/sites/{org}/{site}/matrix", org="ACME", site="HQ")["cells"]
    assert answer(collector, "GET /v1/sites/{org}/{site}/matrix", org="-", site="-")["cells"] == []
    answer(collector, "GET /v1/sites/{org}/{site}/matrix", None, 404, org="ACME", site="None")
    assert answer(collector, "GET /v1/trend")["counts"]["total"][-1] > 2
    answer(collector, "GET /v1/trend", None, 400, query="?since=yesterday")
    assert answer(collector, "GET /v1/sites/{org}/{site}/trend", org="ACME", site="HQ")["site"] == "HQ"
    answer(collector, "GET /v1/sites/{org}/{site}/trend", None, 404, org="ACME", site="None")
    answer(collector, "GET /v1/sites/{org}/{site}/trend", None, 400, org="ACME", site="HQ", query="?until=x")
    changes = {"changes": [{"action": "disable_adapter", "server": "EXCH1", "adapter": "B"},
                           {"action": "remove_server", "server": "EXCH3"}]}
    route = "POST /v1/sites/{org}/{site}/what-if"
    assert answer(collector, route, changes, org="ACME", site="HQ")["servers"]
    answer(collector, route, changes, 404, org="ACME", site="None")
    answer(collector, route, {"changes": []}, 422, org="ACME", site="HQ")
    answer(collector, route, changes, 400, org="ACME", site="HQ", query="?colour=red")
    assert answer(collector, "GET /v1/sites/{org}/{site}/plan", org="ACME", site="HQ")["steps"]
    answer(collector, "GET /v1/sites/{org}/{site}/plan", None, 404, org="ACME", site="None")
    answer(collector, "GET /v1/sites/{org}/{site}/plan", None, 400, org="ACME", site="HQ", query="?prefer=luck")
    assert answer(collector, "GET /v1/sites/{org}/{site}/report", org="ACME", site="HQ").startswith("<!DOCTYPE html>")
    answer(collector, "GET /v1/sites/{org}/{site}/report", None, 404, org="ACME", site="None")
    answer(collector, "GET /v1/sites/{org}/{site}/report", None, 400, org="ACME", site="HQ", query="?until=x")
    assert collector.post(minimal("GONE"))[0] == 200
    answer(collector, "DELETE /v1/servers/{name}", None, 204, name="GONE")
    answer(collector, "DELETE /v1/servers/{name}", None, 404, name="GONE")
    answer(collector, "GET /v1/servers/{name}/report", None, 410, name="GONE")
    answer(collector, "GET /v1/servers/{name}/restart", None, 410, name="GONE")
    answer(collector, "DELETE /v1/servers/{name}", None, 400, name="GONE?colour=red")


def test_the_past_is_answered_as_described(collector):
    now = answer(collector, "GET /v1/servers")["as_of"]
    then, early, late = f"?at={now}", "?at=2000-01-01T00:00:00Z", "?at=2100-01-01T00:00:00Z"
    site = {"org": "ACME", "site": "HQ"}
    assert answer(collector, "GET /v1/servers", query=then)["past"]["before"]
    assert answer(collector, "GET /v1/sites", query=then)["sites"]
    assert answer(collector, "GET /v1/servers/{name}", query=then, name="EXCH1")["past"]["after"] is None
    assert answer(collector, "GET /v1/sites/{org}/{site}/matrix", query=then, **site)["cells"]
    for route, names in (("GET /v1/servers", {}), ("GET /v1/sites", {}), ("GET /v1/servers/{name}", {"name": "EXCH1"}),
                         ("GET /v1/sites/{org}/{site}/matrix", site)):
        assert answer(collector, route, None, 422, query=early, **names)["code"] == "before_history"
        assert answer(collector, route, None, 422, query=late, **names)["code"] == "not_past"
        answer(collector, route, None, 400, query="?at=yesterday", **names)
    assert collector.post(minimal("LATER"))[0] == 200
    assert answer(collector, "GET /v1/servers/{name}", None, 404, query=then, name="LATER")["code"] == "not_known_then"
    answer(collector, "DELETE /v1/servers/{name}", None, 204, name="LATER")


def test_changes_of_the_fleet_are_answered_as_described(collector):
    carried = minimal("EXCH5")
    collected = {**carried, "collected_at": "2026-01-01T00:00:00Z"}
    assert answer(collector, "POST /v1/reports/import", collected)["accepted"] == 1
    answer(collector, "POST /v1/reports/import", {**collected, "interval_s": 60}, 409)
    answer(collector, "POST /v1/reports/import", {**carried, "collected_at": "2999-01-01T00:00:00Z"}, 422)
    answer(collector, "DELETE /v1/servers/{name}", None, 204, query="?reason=sold", name="EXCH5")
    answer(collector, "GET /v1/servers/{name}", None, 410, name="EXCH5")
    answer(collector, "DELETE /v1/servers/{name}", None, 404, name="EXCH5")
    answer(collector, "DELETE /v1/servers/{name}", None, 400, query="?why=1", name="EXCH1")


def test_the_inventory_is_answered_as_described(collector):
    answer(collector, "POST /v1/inventory/former/restore", None, 404)
    assert answer(collector, "PUT /v1/inventory", b"EXCH6,ACME,HQ\nEXCH1\n")["expected"] == 2
    answer(collector, "PUT /v1/inventory", b"a,b,c,d", 422)
    answer(collector, "PUT /v1/inventory", b"", 409)
    answer(collector, "PUT /v1/inventory", b"EXCH1", 400, query="?yes=perhaps")
    assert answer(collector, "PUT /v1/inventory", b"EXCH7", query="?dry_run=true")["added"] == ["EXCH7"]
    assert answer(collector, "PUT /v1/inventory", b"EXCH7", query="?yes=true")["expected"] == 1
    answer(collector, "POST /v1/inventory/former/restore", None, 400, query="?why=1")
    assert answer(collector, "POST /v1/inventory/former/restore", None, query="?dry_run=true")["dropped"] == ["EXCH7"]
    assert answer(collector, "POST /v1/inventory/former/restore", None)["expected"] == 2
    answer(collector, "PUT /v1/inventory", b"\n" * (8 * 1024 * 1024 + 1), 413)
    assert len(answer(collector, "GET /v1/inventory")["servers"]) == 2
    assert answer(collector, "GET /v1/servers", query="?verdict=not_monitored")["matched"] == 1
    answer(collector, "GET /v1/servers/{name}", name="EXCH6")
    answer(collector, "DELETE /v1/inventory/{name}", None, 204, name="EXCH6")
    answer(collector, "DELETE /v1/inventory/{name}", None, 404, name="EXCH6")


def test_alerts_are_answered_as_described(collector):
    alert, = answer(collector, "GET /v1/alerts", query="?state=firing&server=exch1")["alerts"]
    assert alert["condition"] == "exposed" and alert["acknowledged"] is None
    acknowledge = "POST /v1/alerts/{id}/acknowledge"
    until = "2100-01-01T00:00:00Z"
    acknowledged = answer(collector, acknowledge, {"comment": "on it", "until": until}, id=alert["id"])
    assert acknowledged["acknowledged"]["comment"] == "on it"
    answer(collector, acknowledge, {"until": "2000-01-01T00:00:00Z"}, 422, id=alert["id"])
    answer(collector, acknowledge, {}, 404, id="0")
    answer(collector, "DELETE /v1/alerts/{id}/acknowledge", None, 204, id=alert["id"])
    answer(collector, "DELETE /v1/alerts/{id}/acknowledge", None, 404, id="x")
    silence = answer(collector, "POST /v1/silences",
                     {"matchers": {"server": "EXCH*"}, "comment": "moving", "ends_at": until}, 201)
    assert answer(collector, "GET /v1/silences")["silences"] == [silence]
    answer(collector, "POST /v1/silences", {"matchers": {}, "ends_at": until}, 422)
    nowhere = {"matchers": {"sites": "NO/*"}, "ends_at": until}
    answer(collector, "POST /v1/silences", nowhere, 409)
    assert answer(collector, "POST /v1/silences", {**nowhere, "dry_run": True})["servers"]["count"] == 0
    many = answer(collector, "POST /v1/alerts/acknowledge", {"filter": {"condition": "exposed"}})
    assert many == {"matched": 1, "done": [alert["id"]], "failed": []}
    answer(collector, "POST /v1/alerts/acknowledge", {"filter": {}}, 422)
    answer(collector, "DELETE /v1/alerts/{id}/acknowledge", None, 204, id=alert["id"])
    many = answer(collector, "POST /v1/alerts/silence", {"ids": ["7"], "ends_at": until})
    assert many["failed"] == [{"id": "7", "code": "unknown_alert"}]
    answer(collector, "POST /v1/alerts/silence", {"ids": ["7"]}, 422)
    shown, = answer(collector, "GET /v1/alerts", query="?server=EXCH1&condition=exposed")["alerts"]
    assert shown["silenced_by"] == [silence["id"]] and shown["acknowledged"] is None
    answer(collector, "DELETE /v1/silences/{id}", None, 204, id=silence["id"])
    answer(collector, "DELETE /v1/silences/{id}", None, 404, id=silence["id"])
    assert answer(collector, "GET /v1/deliveries")["deliveries"] == []
    answer(collector, "POST /v1/deliveries/{id}/retry", None, 404, id="1")


def test_enrolments_are_answered_as_described(collector):
    enrolment = {"secret": collector.secret, "host": "NEW1", "key": "a1" * 32}
    agent = answer(collector, "POST /v1/enroll", enrolment)["id"]
    answer(collector, "POST /v1/enroll", {**enrolment, "key": "b2" * 32}, 409)
    answer(collector, "POST /v1/enroll", {**enrolment, "secret": "x"}, 403)
    answer(collector, "POST /v1/enroll", {"secret": enrolment["secret"], "host": "NEW", "check": True}, 204)
    answer(collector, "POST /v1/enroll", {"secret": "x", "host": "NEW", "check": True}, 403)
    answer(collector, "POST /v1/enroll", {"host": 7}, 422)
    answer(collector, "POST /v1/enroll", None, 400)
    assert answer(collector, "GET /v1/agents", query="?limit=1")["enrolled"] > 1
    answer(collector, "DELETE /v1/agents/{id}", None, 204, id=agent)
    answer(collector, "DELETE /v1/agents/{id}", None, 404, id=agent)
    answer(collector, "POST /v1/collectors/{node}/handover", None, 404, node="c9")
    answer(collector, "DELETE /v1/collectors/{node}", None, 404, node="c9")


@pytest.mark.parametrize("kind", ["token", "secret"])
def test_secrets_are_answered_as_described(collector, kind):
    made = {"name": "x", "expires_at": "2100-01-01T00:00:00Z", **({"role": "viewer"} if kind == "token" else {})}
    before = len(answer(collector, f"GET /v1/{kind}s")[f"{kind}s"])
    answer(collector, f"POST /v1/{kind}s", made, 201)
    answer(collector, f"POST /v1/{kind}s", made, 409)
    assert len(answer(collector, f"GET /v1/{kind}s")[f"{kind}s"]) == before + 1
    answer(collector, f"DELETE /v1/{kind}s/{{name}}", None, 204, name="x")
    answer(collector, f"DELETE /v1/{kind}s/{{name}}", None, 404, name="x")


def test_sessions_are_answered_as_described(collector):
    answer(collector, "POST /v1/session", {"token": collector.token})
    answer(collector, "POST /v1/session", {"token": "x"}, 403)
    answer(collector, "GET /v1/session")
    answer(collector, "DELETE /v1/session", None, 204)
    lines = answer(collector, "GET /v1/audit")["lines"]
    assert {"agent.enroll", "session.begin"} <= {line["action"] for line in lines}


def test_the_dashboard_is_answered_as_described(collector):
    with contextlib.closing(collector.connect(identified=False)) as connection:
        check("GET /", *ask(connection, "/"))
    check("GET /{file}", *collector.ask("/nothing.js"))


def test_every_answer_that_is_described_was_seen():
    """Last in this file: what the tests above have got."""
    for route in THERE:
        missing = {s for s in OPERATIONS[route]["responses"] if (route, s) not in seen | UNSEEN_OF} - UNSEEN
        assert not missing, (route, missing)
