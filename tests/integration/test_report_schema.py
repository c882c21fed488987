"""proto/report/report.schema.json and the C reader describe the same reports.

Every value of the example reports is replaced, one at a time, by values of all kinds; schema and
reader must agree on each of them, and on the place of what is wrong. What the C writer prints must
fit the schema.

MTAWATCH_BUILD names the build folder with the program report_echo.c (default: build/sanitize).
"""

import copy
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = json.loads((HERE.parents[1] / "proto/report/report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EXAMPLES = sorted((HERE / "reports").glob("*.json"))
FULL = json.loads((HERE / "reports/full.json").read_text())

BUILD = pathlib.Path(os.environ.get("MTAWATCH_BUILD", HERE.parents[1] / "build/sanitize"))
ECHO = BUILD / "tests/integration/report_echo"
STATUS_INVALID, STATUS_LIMIT, STATUS_UNSUPPORTED = "3", "4", "5"

REMOVED = object()

# Replacements for any member. Where the schema takes one, the reader must, and the other way round.
VALUES = [None, True, 0, -1, 1, 1.5, 5.0, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 1e300,
          86400, 86401, "", "x", ".x", "unknown", "up", "none", "mta", "timeout", "running", "auto",
          "failed", "versioned", "UP", "ok", "2026-11-22T10:45:23Z", "2026-11-22T10:45:23",
          "2026-13-22T10:45:23Z", "mtawatch.report/2", "x" * 1024, "x" * 1025, [], {}, [None],
          ["x"], [{}], [[]], {"id": 1}, {"name": 1}, {"events": [{"id": 70000}]}]


def pointer_of(path):
    return "".join(f"/{step}" for step in path)


@pytest.fixture(scope="module")
def echo():
    """Gives a document, or its text, to the C reader and returns the line that it answers."""
    with subprocess.Popen([ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        def ask(document):
            text = document if isinstance(document, str) else json.dumps(document)
            process.stdin.write(text.replace("\n", " ").encode() + b"\n")
            process.stdin.flush()
            return process.stdout.readline().decode().rstrip("\n")

        yield ask
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def refusal(line):
    """[status, pointer, detail] of a refused report, None of one that was read."""
    return line[1:].split("\t") if line.startswith("!") else None


def places(value, path=()):
    """The paths of all values below `value`."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) \
        if isinstance(value, list) else ()
    for step, child in steps:
        yield path + (step,)
        yield from places(child, path + (step,))


def changed(path, value):
    document = copy.deepcopy(FULL)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    if value is REMOVED:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return document


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_fit_the_schema(path):
    VALIDATOR.validate(json.loads(path.read_text()))


def test_the_full_example_has_every_member_of_the_schema():
    def named(schema):
        for key, child in schema.items():
            if key == "properties":
                yield from child
            if isinstance(child, dict):
                yield from named(child)

    present = {path[-1] for path in places(FULL)}
    assert set(named(SCHEMA)) - present == set()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_the_writer_prints_fits_the_schema_and_stays(echo, path):
    first = echo(path.read_text())
    assert refusal(first) is None
    VALIDATOR.validate(json.loads(first))
    assert echo(first) == first


def test_nothing_of_the_full_example_is_lost(echo):
    assert json.loads(echo(FULL)) == FULL


@pytest.mark.parametrize("path", list(places(FULL)), ids=pointer_of)
def test_schema_and_reader_agree_on_every_value(echo, path):
    for value in [*VALUES, REMOVED]:
        document = changed(path, value)
        fits = VALIDATOR.is_valid(document)
        refused = refusal(echo(document))
        shown = "removed" if value is REMOVED else repr(value)[:60]
        assert fits == (refused is None), (pointer_of(path), shown, refused)
        if refused:
            assert refused[1].startswith(pointer_of(path)), (shown, refused)
            assert refused[2]


@pytest.mark.parametrize("kind", ["link", "service", "start_type", "outcome", "state", "grade",
                                  "error"])
def test_every_enumerator_of_the_schema_is_read_and_written(echo, kind):
    names = {
        "link": SCHEMA["$defs"]["adapter"]["properties"]["link"],
        "service": SCHEMA["properties"]["mta"]["properties"]["service"],
        "start_type": SCHEMA["properties"]["mta"]["properties"]["start_type"],
        "outcome": SCHEMA["$defs"]["start"]["properties"]["outcome"],
        "state": SCHEMA["$defs"]["file"]["properties"]["state"],
        "grade": SCHEMA["$defs"]["grade"],
        "error": SCHEMA["$defs"]["probe"]["properties"]["error"],
    }[kind]["enum"]
    path = next(path for path in places(FULL) if path[-1] == kind)
    for name in names:
        document = changed(path, name)
        assert json.loads(echo(document)) == document


@pytest.mark.parametrize("path", [("adapters",), ("probes",), ("self_probes",)], ids=pointer_of)
def test_lists_are_refused_one_past_their_limit(echo, path):
    limit = SCHEMA["properties"][path[0]]["maxItems"]
    assert refusal(echo(changed(path, [{}] * limit))) is None
    refused = refusal(echo(changed(path, [{}] * (limit + 1))))
    assert refused[:2] == [STATUS_LIMIT, pointer_of(path)]


def test_another_schema_is_told_apart_from_a_wrong_value(echo):
    refused = refusal(echo(changed(("schema",), "mtawatch.report/2")))
    assert refused[:2] == [STATUS_UNSUPPORTED, "/schema"]
    assert refusal(echo(changed(("schema",), 1)))[:2] == [STATUS_INVALID, "/schema"]
