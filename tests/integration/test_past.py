"""`at=`: the fleet as it was known at a moment. What the API said live at each of several moments of a played fleet is
kept, and has to be what it says of them later, over every store."""

import datetime
import itertools
import json
import re
import time

import pytest
from postgres import Postgres, programs
from running import PROGRAM, Collector, exposed_site, minimal, row, server, set_up
from terminal import run
from test_clock import well
from waiting import until

NOW_ONLY = {"as_of", "past"}
OF_THE_LIST = {"server", "organization", "site", "verdict", "silent", "exchange_server", "since", "reported_at", "os",
               "build", "mta", "interval_s", "clock_skew_s"}


@pytest.fixture(scope="module")
def database():
    if not programs():
        yield None
        return
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, tmp_path_factory, database):
    """The data directory, and the arguments for a store."""
    data = tmp_path_factory.mktemp("past") / "data"
    if request.param == "sqlite":
        return data, []
    if database is None:
        pytest.skip("there is no PostgreSQL (Debian: postgresql)")
    store = ["--store", database.make_database()]
    set_up(PROGRAM, data, *store)
    return data, store


def at(path, moment):
    return path + ("&" if "?" in path else "?") + "at=" + moment


class Play:
    """A fleet that changes, and what was said of it on the way."""

    def __init__(self, collector):
        self.collector = collector
        self.said = {}  # name of a moment: (the moment, path: answer)
        self.sequences = itertools.count(1)

    def post(self, *reports):
        for report in reports:
            assert self.collector.post({**report, "sequence": next(self.sequences)})[0] == 200

    def remove(self, name):
        assert self.collector.ask(f"/v1/servers/{name}?reason=scrapped", "DELETE")[0] in (200, 204)

    def listen(self, name, *paths):
        time.sleep(0.01)
        moment = self.collector.get("/v1/servers")["as_of"]
        paths = ["/v1/servers", "/v1/servers?site=HQ", "/v1/servers?verdict=exposed&verdict=at_risk", "/v1/sites",
                 "/v1/servers/EXCH1", "/v1/sites/ACME/HQ/matrix", *paths]
        self.said[name] = moment, {path: self.collector.get(path) for path in paths}
        time.sleep(0.01)


def branch(name="EXCH7", site="BRANCH"):
    return server(name, "10.0.7.1", site=site)


def play(collector):
    told = Play(collector)
    told.post(*well())
    told.listen("well")
    told.post(exposed_site()[0])
    told.listen("exposed")
    told.post(branch(), {**minimal("QUIET"), "interval_s": 1})
    told.listen("more", "/v1/servers/EXCH7", "/v1/sites/ACME/BRANCH/matrix", "/v1/servers/QUIET")
    until(lambda: collector.get("/v1/servers/QUIET")["silent"])
    told.listen("silent", "/v1/servers/QUIET")
    told.post({**exposed_site()[1], "interval_s": 1})  # which others then do not hear of
    until(lambda: collector.get("/v1/servers/EXCH2")["silent"])
    told.listen("silent_in_site", "/v1/servers/EXCH2")
    told.post(exposed_site()[1])
    told.listen("back", "/v1/servers/EXCH2")
    moved = server("EXCH7", "10.0.0.7", [row("A", "EXCH2", "10.0.0.7", "10.0.0.2")], build="5.5.2657.1")
    told.post(moved)
    told.listen("moved", "/v1/servers/EXCH7")
    told.remove("EXCH7")
    told.listen("removed")
    told.remove("EXCH3")
    told.post(*well()[:1])
    told.listen("removed_two")
    told.post({**moved, "mta": {"service": "stopped", "start_type": "auto"}})
    told.listen("come_back", "/v1/servers/EXCH7")
    return told


@pytest.fixture(scope="module")
def played(place):
    data, store = place
    with Collector(data, *store) as collector:
        yield play(collector)


MOMENTS = ["well", "exposed", "more", "silent", "silent_in_site", "back", "moved", "removed", "removed_two",
           "come_back"]


def without(answer, *members):
    return {name: value for name, value in answer.items() if name not in NOW_ONLY.union(members)}


def codes(view):
    return [reason["code"] for reason in view["reasons"]]


@pytest.mark.parametrize("name", MOMENTS)
def test_a_list_of_then_is_what_was_said_then(played, name):
    moment, said = played.said[name]
    for path in (path for path in said if path.startswith("/v1/servers") and path.count("/") == 2):
        live, past = said[path], played.collector.get(at(path, moment))
        assert past["as_of"] == past["past"]["at"] == moment
        assert past["counts"] == live["counts"] and past["matched"] == live["matched"]
        pick = [[{member: view[member] for member in OF_THE_LIST} for view in answer["servers"]]
                for answer in (past, live)]
        assert pick[0] == pick[1]
        assert [view["verdict"] for view in past["servers"]] == [view["verdict"] for view in live["servers"]]
        # The report that was read then is some milliseconds older than the moment at most
        for then, now in zip(past["servers"], live["servers"], strict=True):
            assert abs(then["age_s"] - now["age_s"]) <= 1


@pytest.mark.parametrize("name", MOMENTS)
def test_sites_of_then_are_what_was_said_then(played, name):
    moment, said = played.said[name]
    assert played.collector.get(at("/v1/sites", moment))["sites"] == said["/v1/sites"]


@pytest.mark.parametrize("name", MOMENTS)
def test_a_server_of_then_is_what_was_said_then(played, name):
    moment, said = played.said[name]
    for path in (path for path in said if path.startswith("/v1/servers/")):
        live, past = said[path], played.collector.get(at(path, moment))
        assert past["past"]["not_kept"] == []
        assert without(past, "age_s", "removed", "other_names") == without(live, "age_s", "removed", "other_names")


@pytest.mark.parametrize("name", MOMENTS)
def test_a_matrix_of_then_is_what_was_said_then(played, name):
    moment, said = played.said[name]
    for path in (path for path in said if path.endswith("/matrix")):
        past = played.collector.get(at(path, moment))
        assert past["past"]["not_kept"] == []
        assert without(past) == without(said[path])


def test_all_that_was_said_differs(played):
    """Else a comparison would prove nothing."""
    lists = [json.dumps([without(view, "age_s") for view in said["/v1/servers"]["servers"]])
             for _, said in played.said.values()]
    assert len(set(lists)) == len(MOMENTS)


def problem(collector, path, status):
    got, _, body = collector.ask(path)
    assert got == status, body
    return json.loads(body)


def test_what_was_not_known_then_is_said_to_be_so(played):
    first, moved, removed = (played.said[name][0] for name in ("well", "moved", "removed"))
    answer = problem(played.collector, at("/v1/servers/EXCH7", first), 404)
    assert answer["code"] == "not_known_then" and "it first reported at 2" in answer["detail"]
    answer = problem(played.collector, at("/v1/servers/EXCH7", removed), 404)
    assert answer["code"] == "not_known_then" and "had been removed" in answer["detail"]
    assert problem(played.collector, at("/v1/servers/NOBODY", moved), 404)["code"] == "unknown_server"
    assert problem(played.collector, at("/v1/sites/ACME/BRANCH/matrix", removed), 404)["code"] == "unknown_site"


def test_a_server_that_is_gone_now_is_there_in_the_past(played):
    moment = played.said["removed_two"][0]
    assert played.collector.ask("/v1/servers/EXCH3")[0] == 410
    assert played.collector.ask(at("/v1/servers/EXCH3", moment))[0] == 404
    gone = played.collector.get(at("/v1/servers/EXCH3", played.said["back"][0]))
    assert gone["verdict"] == "clear" and gone["site"] == "HQ" and gone["report"] and gone["removed"] is None


@pytest.mark.parametrize("path", ["/v1/servers", "/v1/servers?site=hq", "/v1/sites", "/v1/servers/EXCH1",
                                  "/v1/sites/ACME/HQ/matrix"])
def test_the_arrows_lead_from_change_to_change(played, path):
    """From the first one that is kept to the last, and back the same way."""
    moment, forth = played.said["well"][0], []
    while moment:
        forth.append(moment)
        past = played.collector.get(at(path, moment))["past"]
        moment = past["after"]
        assert moment is None or moment > forth[-1]
    assert len(forth) >= 3
    back, moment = [], past["before"]
    while moment and moment > forth[0]:
        back.append(moment)
        moment = played.collector.get(at(path, moment))["past"]["before"]
    assert back == forth[1:-1][::-1]
    history = {change["at"] for change in played.collector.get("/v1/servers/EXCH1/history?limit=1000")["changes"]}
    assert {at for at in history if at > forth[0]} <= set(forth) or path != "/v1/servers/EXCH1"


def test_a_moment_that_cannot_be_told_of_is_refused(played):
    for path in ("/v1/servers", "/v1/sites", "/v1/servers/EXCH1", "/v1/sites/ACME/HQ/matrix"):
        answer = problem(played.collector, at(path, "2999-01-01T00:00:00Z"), 422)
        assert answer["code"] == "not_past" and "has not come" in answer["detail"]
        answer = problem(played.collector, at(path, "2001-01-01T00:00:00Z"), 422)
        assert answer["code"] == "before_history" and "begins at 2" in answer["detail"]
        assert problem(played.collector, at(path, "noon"), 400)["code"] == "invalid_query"
        assert problem(played.collector, at(at(path, "2001-01-01T00:00:00Z"), "2001-01-01T00:00:00Z"), 400)


def test_an_empty_fleet_has_no_past(tmp_path):
    with Collector(tmp_path / "data") as collector:
        assert problem(collector, at("/v1/servers", "2025-01-01T00:00:00Z"), 422)["code"] == "before_history"


def test_what_the_past_cannot_tell_is_refused(played):
    moment = played.said["moved"][0]
    for query in ("adapter=isolated", "owner=me", "sort=build", "sort=-reported_at"):
        assert "of the past" in problem(played.collector, at("/v1/servers?" + query, moment), 400)["detail"]
    for path, headers in (("/v1/servers.csv", {}), ("/v1/servers", {"Accept": "text/csv"})):
        status, _, body = played.collector.ask(at(path, moment), headers=headers)
        assert status == 400 and b"application/json alone" in body


def test_pages_of_then_hold_every_server_once(played):
    moment, said = played.said["moved"]
    path, names = at("/v1/servers?limit=2&sort=-server", moment), []
    while path:
        status, headers, body = played.collector.ask(path)
        assert status == 200
        names += [view["server"] for view in json.loads(body)["servers"]]
        path = (headers.get("Link") or "").partition(">")[0].removeprefix("<")
        assert not path or "at=" in path
    assert names == sorted((view["server"] for view in said["/v1/servers"]["servers"]), reverse=True)


def test_the_past_stays_the_same_while_nothing_new_is_known_of_it(played):
    path = at("/v1/sites/ACME/HQ/matrix", played.said["silent"][0])
    _, headers, body = played.collector.ask(path)
    assert played.collector.ask(path, headers={"If-None-Match": headers["ETag"]})[0] == 304
    played.post({**minimal("QUIET"), "interval_s": 60})
    assert played.collector.ask(path)[2] == body


def test_reports_that_are_not_kept_any_more_are_said_to_be_so(place, tmp_path):
    _, store = place
    if store:
        pytest.skip("a database keeps reports by days")
    with Collector(tmp_path / "data", "--keep-reports", "2") as collector:
        told = Play(collector)
        quick = [{**report, "interval_s": 1} for report in exposed_site()]
        for n in range(80):  # the first one outlives the others, which are packed as what differs from it
            told.post(*quick)
            if n in (20, 45):
                told.listen(str(n))
            time.sleep(0.1)
        for name in ("20", "45"):
            until(lambda: collector.get(at("/v1/servers/EXCH1", told.said[name][0]))["report"] is None)
        moment, said = told.said["45"]
        past = collector.get(at("/v1/servers/EXCH1", moment))
        sentence, = past["past"]["not_kept"]
        assert "the last 2 reports are kept, for 30 days at most" in sentence
        live = said["/v1/servers/EXCH1"]
        assert [past[name] for name in ("verdict", "since", "silent", "site")] == [
            live[name] for name in ("verdict", "since", "silent", "site")]
        assert past["adapters"] == past["facts"] == past["files"] == []
        assert past["age_s"] is past["reported_at"] is past["interval_s"] is None
        assert past["reasons"][0]["code"] == live["reasons"][0]["code"]
        listed = collector.get(at("/v1/servers", moment))
        assert listed["counts"] == said["/v1/servers"]["counts"]
        assert any("for 3 of these servers" in text for text in listed["past"]["not_kept"])
        matrix = collector.get(at("/v1/sites/ACME/HQ/matrix", moment))
        assert matrix["adapters"] == []
        assert "3 of 3 servers of this site (EXCH1, EXCH2, EXCH3)" in matrix["past"]["not_kept"][0]


# The terminal

def shown(played, *words):
    token = played.collector.token
    return run(*words, "--url", played.collector.url, MTAWATCH_TOKEN=token)


def test_the_terminal_shows_the_past_and_says_so(played):
    moment, said = played.said["exposed"]
    for words, seen in ((["servers"], "EXCH1"), (["server", "EXCH1"], "EXCH1: exposed"), (["sites"], "HQ"),
                        (["matrix", "ACME/HQ"], "EXCH2")):
        then = shown(played, *words, "--at", moment)
        assert (then.returncode, then.stderr) == (4, ""), then.stderr
        head = then.stdout.splitlines()[0]
        assert head.startswith(f"THE PAST, as it was known at {moment}; the change before: 2") and "after: 2" in head
        assert seen in then.stdout
        assert "THE PAST" not in shown(played, *words).stdout
    answer = json.loads(shown(played, "servers", "--at", moment, "--json").stdout)
    assert answer["counts"] == said["/v1/servers"]["counts"] and answer["past"]["at"] == moment
    assert "QUIET" not in shown(played, "servers", "--at", moment).stdout
    refused = shown(played, "sites", "--at", "2001-01-01T00:00:00Z")
    assert refused.returncode == 1 and "the history that is kept begins at" in refused.stderr


def test_ages_in_the_terminal_are_those_of_then(played):
    moment = played.said["exposed"][0]
    line = next(line for line in shown(played, "server", "EXCH2", "--at", moment).stdout.splitlines()
                if line.startswith("since"))
    assert re.fullmatch(r"since +[0-2] s", line), line
