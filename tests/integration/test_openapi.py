"""collector/openapi.json against the real collector: the calls for identities and their answers."""

import json
import re

import jsonschema
import pytest
from running import JSON, ROOT, Collector
from test_access import MAY, routes

DOCUMENT = json.loads((ROOT / "collector/openapi.json").read_text())
OPERATIONS = {f"{method.upper()} {path}": operation
              for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()}


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


def test_the_calls_for_identities_are_described_and_nothing_else_than_there_is():
    about = [route for route in routes()
             if re.search("/v1/(enroll|agents|tokens|secrets|session|audit)", route)]
    assert set(about) <= set(OPERATIONS) <= set(routes())


def test_the_roles_are_those_that_the_collector_serves():
    for route, operation in OPERATIONS.items():
        people = [who for who in MAY[route] if who in ("agent", "viewer", "operator", "admin")]
        everybody = "nobody" in MAY[route]
        assert operation["x-roles"] == ("everybody" if everybody else people), route
        assert (operation["security"] == []) == everybody


def answer(collector, route, body=None, status=200, **parameters):
    """Calls, and holds the answer against its description; of a problem, the code, too."""
    method, path = route.split(" ")
    got, headers, text = collector.ask(path.format(**parameters), method, json.dumps(body) if body else b"", JSON)
    described = OPERATIONS[route]["responses"]
    assert got == status and str(got) in described, text
    content = described[str(got)].get("content")
    if content is None:
        assert text == b""
        return None
    kind, = content
    assert headers["Content-Type"] == kind
    schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(json.loads(text))
    if status >= 400:
        assert f"{json.loads(text)['code']}" in described[str(got)]["description"]
    return json.loads(text)


def test_answers_are_as_described(collector):
    enrolment = {"secret": collector.secret, "host": "EXCH1", "key": "a1" * 32}
    agent = answer(collector, "POST /v1/enroll", enrolment)["id"]
    answer(collector, "POST /v1/enroll", {**enrolment, "key": "b2" * 32}, 409)
    answer(collector, "POST /v1/enroll", {**enrolment, "secret": "x"}, 403)
    answer(collector, "POST /v1/enroll", {"host": 7}, 422)
    answer(collector, "POST /v1/enroll", None, 400)
    answer(collector, "GET /v1/agents")
    for kind in ("token", "secret"):
        more = {"role": "viewer"} if kind == "token" else {}
        made = {"name": "x", "expires_at": "2100-01-01T00:00:00Z", **more}
        answer(collector, f"POST /v1/{kind}s", made, 201)
        answer(collector, f"POST /v1/{kind}s", made, 409)
        assert len(answer(collector, f"GET /v1/{kind}s")[f"{kind}s"]) == 2
        answer(collector, f"DELETE /v1/{kind}s/{{name}}", None, 204, name="x")
        answer(collector, f"DELETE /v1/{kind}s/{{name}}", None, 404, name="x")
    answer(collector, "POST /v1/session", {"token": collector.token})
    answer(collector, "POST /v1/session", {"token": "x"}, 403)
    answer(collector, "GET /v1/session")
    answer(collector, "DELETE /v1/session", None, 204)
    answer(collector, "DELETE /v1/agents/{id}", None, 204, id=agent)
    answer(collector, "DELETE /v1/agents/{id}", None, 404, id=agent)
    assert len(answer(collector, "GET /v1/audit")["lines"]) == 9
