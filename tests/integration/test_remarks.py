"""Owners and notes of servers and sites, over each engine of the store: who may write them, who is told, what stays."""

import contextlib
import csv
import email
import email.policy
import io
import json

import pytest
from postgres import Postgres, programs
from running import JSON, PROGRAM, Collector, bearer, exposed_site, faulty, minimal, set_up
from test_hook_email import Mailbox, serve
from terminal import run, succeeds
from waiting import until

ENGINES = ["sqlite", "postgresql"] if programs() else ["sqlite"]


@pytest.fixture(scope="module")
def databases():
    if not programs():
        yield None
        return
    with Postgres() as server:
        yield server


class Place:
    """A store, and the collectors that work on it one after another."""

    def __init__(self, data, *arguments):
        self.data, self.arguments = data, arguments
        set_up(PROGRAM, data, *arguments)

    def collector(self, **settings):
        return Collector(self.data, *self.arguments, **settings)


@pytest.fixture(params=ENGINES)
def place(request, tmp_path, databases):
    more = ("--store", databases.make_database()) if request.param == "postgresql" else ()
    return Place(tmp_path / "data", *more)


@pytest.fixture
def collector(place):
    with place.collector() as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        yield running


def put(collector, path, body, status=200, headers=None):
    got, _, text = collector.ask(path, "PUT", json.dumps(body), {**JSON, **(headers or {})})
    assert got == status, (got, text)
    return json.loads(text)


def remark(collector, name, **body):
    return put(collector, f"/v1/servers/{name}/remark", body)


def site_remark(collector, site="HQ", **body):
    return put(collector, f"/v1/sites/ACME/{site}/remark", body)


def held(page):
    """(owner, of, note, of)"""
    return tuple(part for member, name in (("owner", "name"), ("note", "text"))
                 for part in ((page[member][name], page[member]["of"]) if page[member] else (None, None)))


def listed(collector, query=""):
    return {row["server"]: row for row in collector.get("/v1/servers" + query)["servers"]}


def names(collector, query):
    return set(listed(collector, query))


def operator(collector):
    made = collector.ask("/v1/tokens", "POST", json.dumps({"name": "shifts", "role": "operator"}), JSON)
    return bearer(json.loads(made[2])["token"])


def test_a_server_has_its_own_or_its_sites_and_says_which(collector):
    shifts = operator(collector)
    put(collector, "/v1/sites/acme/hq/remark", {"owner": "HQ", "note": "two\nlines"}, headers=shifts)
    put(collector, "/v1/servers/exch1.acme.example/remark", {"owner": " Mail team \n"}, headers=shifts)
    of_one, of_two = ("Mail team", "server", "two\nlines", "site"), ("HQ", "site", "two\nlines", "site")
    for page in (collector.get("/v1/servers/EXCH1"), listed(collector)["EXCH1"]):
        assert held(page) == of_one
        assert (page["owner"]["by"], page["note"]["by"]) == ("token shifts", "token shifts")
        assert page["owner"]["at"].rstrip("Z") >= page["note"]["at"].rstrip("Z")  # a whole second has no fraction
    assert held(listed(collector)["EXCH2"]) == of_two
    site, = collector.get("/v1/sites")
    assert held(site) == of_two
    assert held(remark(collector, "EXCH1", owner="")) == of_two  # the latest wins, and what is not named stays
    assert held(site_remark(collector, owner="Post")) == ("Post", "site", "two\nlines", "site")
    assert collector.get("/v1/sites")[0]["owner"]["by"] == "token admin"


def test_every_change_is_a_line_of_the_audit_log(collector):
    remark(collector, "EXCH1", owner="Mail", note="rack 3")
    remark(collector, "EXCH1", note="")
    site_remark(collector, owner="HQ")
    lines = [(line["action"], line["object"], line["who"]) for line in collector.get("/v1/audit")["lines"][:3]]
    assert lines == [("site.remark", "ACME/HQ owner: HQ", "token admin"),
                     ("server.remark", "EXCH1 note: -", "token admin"),
                     ("server.remark", "EXCH1 owner: Mail; note: rack 3", "token admin")]


def test_lists_are_selected_by_owner(collector):
    assert collector.post(minimal("ALONE"))[0] == 200
    site_remark(collector, owner="Zürich")
    remark(collector, "EXCH2", owner="Mail & Post")
    assert names(collector, "?owner=Z%C3%9CRICH") == {"EXCH1", "EXCH3"}
    assert names(collector, "?owner=mail%20%26%20post") == {"EXCH2"}
    assert names(collector, "?owner=mail%20%26%20post&owner=z%C3%BCrich") == {"EXCH1", "EXCH2", "EXCH3"}
    assert names(collector, "?owner=") == {"ALONE"}
    assert names(collector, "?owner=nobody") == set()
    assert names(collector, "?owner=z%C3%BCrich&verdict=exposed") == {"EXCH1"}
    status, headers, _ = collector.ask("/v1/servers?owner=z%C3%BCrich&limit=1")
    assert status == 200 and "owner=z%C3%BCrich" in headers["Link"]


def test_owners_are_counted(collector):
    assert collector.get("/v1/owners") == {"owners": [], "without": 3}
    assert collector.post(minimal("ALONE"))[0] == 200
    site_remark(collector, owner="Zürich")
    remark(collector, "EXCH2", owner="mail")
    remark(collector, "ALONE", owner="MAIL", note="x")
    found = collector.get("/v1/owners")
    assert [(o["name"].lower(), o["servers"]) for o in found["owners"]] == [("mail", 2), ("zürich", 2)]
    assert found["without"] == 0


def test_a_page_that_was_seen_is_another_one_after_a_change(collector):
    for path in ("/v1/servers", "/v1/servers/EXCH1", "/v1/sites", "/v1/owners"):
        etag = {"If-None-Match": collector.ask(path)[1]["ETag"]}
        assert collector.ask(path, headers=etag)[0] == 304
        site_remark(collector, owner=path, note="n")
        assert collector.ask(path, headers=etag)[0] == 200


@pytest.mark.parametrize("body", [
    {"owner": "x" * 101}, {"note": "x" * 1001}, {"owner": "two\nlines"}, {"note": "bell \x07"}, {"note": "\u202egpj.exe"},
    {"owner": "tab\tbed"}, {"owner": None}, {"note": 7}, {}], ids=str)
def test_what_is_no_plain_text_is_refused_and_changes_nothing(collector, body):
    before = remark(collector, "EXCH1", owner="Mail", note="rack 3")
    assert put(collector, "/v1/servers/EXCH1/remark", body, 422)["code"] == "invalid_member"
    assert collector.get("/v1/servers/EXCH1")["note"] == before["note"]


def test_the_longest_texts_fit(collector):
    page = remark(collector, "EXCH1", owner="ü" * 100, note="\U0001f4e7" * 1000)
    assert held(page) == ("ü" * 100, "server", "\U0001f4e7" * 1000, "server")


def test_they_outlive_the_collector_and_a_removal(place):
    with place.collector() as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        remark(collector, "EXCH2", owner="Mail", note="rack 3")
        site_remark(collector, owner="HQ")
        assert collector.ask("/v1/servers/EXCH2", "DELETE")[0] == 204
        assert collector.ask("/v1/servers/EXCH2/remark", "PUT", '{"owner": "x"}', JSON)[0] == 410
    with place.collector() as collector:
        assert held(listed(collector)["EXCH3"]) == ("HQ", "site", None, None)
        assert collector.post({**exposed_site()[1], "sequence": 9})[0] == 200
        assert held(collector.get("/v1/servers/EXCH2")) == ("Mail", "server", "rack 3", "server")


def test_a_server_that_is_only_expected_may_have_them(collector):
    listing = "server,organization,site\nEXCH9,ACME,HQ\n"
    assert collector.ask("/v1/inventory", "PUT", listing, {"Content-Type": "text/csv"})[0] == 200
    assert held(remark(collector, "EXCH9", note="to be installed")) == (None, None, "to be installed", "server")
    assert held(listed(collector)["EXCH9"])[2] == "to be installed"


def test_they_are_in_exports_and_are_no_formulas(collector):
    site_remark(collector, owner="=HQ", note="first\n\nlast \"quoted\"")
    remark(collector, "EXCH1", owner="Mail")
    for path, headers in (("/v1/servers.csv", {}), ("/v1/servers?owner=mail", {"Accept": "text/csv"})):
        _, _, text = collector.ask(path, headers=headers)
        rows = {row["server"]: row for row in csv.DictReader(io.StringIO(text.decode("utf-8-sig")))}
        assert [rows["EXCH1"][name] for name in ("owner", "owner_of", "note", "note_of")] == [
            "Mail", "server", 'first /  / last "quoted"', "site"]
        assert "EXCH2" not in rows or rows["EXCH2"]["owner"] == "'=HQ"
    assert list(rows) == ["EXCH1"]


def test_whoever_follows_the_fleet_is_told_to_ask_again(collector):
    with contextlib.closing(collector.connect()) as connection:
        connection.request("GET", "/v1/events")
        stream = connection.getresponse()
        while (line := stream.readline().strip()) and not line.startswith(b"event:"):
            pass
        remark(collector, "EXCH1", owner="Mail")
        found = []
        while b"event: reset" not in found:
            found.append(stream.readline().strip())
            assert len(found) < 100, found


def test_the_terminal_writes_and_shows_them(collector, tmp_path):
    token = tmp_path / "token"
    token.write_text(collector.token)
    token.chmod(0o600)
    who = ("--url", collector.url, "--token-file", token)
    assert succeeds("remark", "EXCH1", "--owner", "Mail team", "--note", "rack 3\nMr. Ito", *who) == (
        "written of EXCH1: the owner and the note\n")
    assert succeeds("remark", "--site", "ACME/HQ", "--owner", "Headquarters", *who) == "written of ACME/HQ: the owner\n"
    shown = run("server", "EXCH1", *who).stdout
    assert "\nowner      Mail team\n" in shown and "\n  rack 3\n  Mr. Ito\n" in shown
    assert "\nNote, written by token admin " in shown
    assert "\nowner      Headquarters (of the site)\n" in run("server", "EXCH2", *who).stdout
    assert "Headquarters" in run("sites", *who).stdout
    found = json.loads(run("servers", "--owner", "headquarters", "--json", *who).stdout)
    assert {row["server"] for row in found["servers"]} == {"EXCH2", "EXCH3"}
    assert run("servers", "--no-owner", *who).stdout.count("\n") == 1  # the headings
    succeeds("remark", "EXCH1", "--no-note", *who)
    assert "Note, written" not in run("server", "EXCH1", *who).stdout
    for words, why in ((("EXCH7", "--owner", "x"), "could not write that of 'EXCH7': "),
                       (("EXCH1",), "expected --owner or --note"),
                       (("EXCH1", "--owner", "x", "--no-owner"), "--owner and --no-owner together"),
                       (("--owner", "x"), "expected a server, or --site"),
                       (("--site", "HQ", "--owner", "x"), '--site "HQ": expected ORGANIZATION/SITE')):
        ended = run("remark", *words, *who)
        assert ended.returncode in (1, 2) and why in ended.stderr, ended


def test_a_change_that_cannot_be_stored_is_told_and_not_shown(tmp_path, databases):
    if not databases:
        pytest.skip("there is no PostgreSQL (Debian: postgresql)")
    address = databases.make_database()
    database = address.split("///")[1].split("?")[0]
    place = Place(tmp_path / "data", "--store", address)
    with faulty(place.data, *place.arguments) as collector:
        assert collector.post(minimal("EXCH1"))[0] == 200
        remark(collector, "EXCH1", owner="Mail")
        databases.execute("ALTER TABLE mtawatch.remark RENAME TO away", database)
        assert collector.ask("/v1/servers/EXCH1/remark", "PUT", '{"owner": "Post"}', JSON)[0] == 503
        databases.execute("ALTER TABLE mtawatch.away RENAME TO remark", database)
        until(lambda: collector.ask("/readyz")[0] == 200)
        assert held(collector.get("/v1/servers/EXCH1"))[0] == "Mail"


def test_whoever_takes_over_knows_what_was_written(tmp_path, databases):
    if not databases:
        pytest.skip("there is no PostgreSQL (Debian: postgresql)")
    first = Place(tmp_path / "first", "--store", databases.make_database())
    second = tmp_path / "second"
    second.mkdir(mode=0o700)
    for name in ("admin-token", "enroll-secret"):  # what the test knows of the identities
        second.with_name(f"second.{name}").write_text(first.data.with_name(f"first.{name}").read_text())
    with first.collector() as judge, Collector(second, *first.arguments, "--node", "second") as standby:
        assert judge.post(minimal("EXCH1"))[0] == 200
        remark(judge, "EXCH1", owner="Mail", note="rack 3")
        assert standby.ask("/v1/servers/EXCH1/remark", "PUT", '{"owner": "x"}', JSON)[0] == 503
        judge.end()
        until(lambda: standby.ask("/readyz?judge")[0] == 200)
        assert held(standby.get("/v1/servers/EXCH1")) == ("Mail", "server", "rack 3", "server")
        assert held(remark(standby, "EXCH1", note="")) == ("Mail", "server", None, None)


@contextlib.contextmanager
def mails():
    mailbox = Mailbox()
    server = serve(mailbox)
    try:
        yield server, mailbox
    finally:
        server.stop()


def test_an_alert_says_whose_the_server_is(place, tmp_path):
    config = tmp_path / "collector.conf"
    with mails() as (server, mailbox):
        config.write_text(f"[alerts]\ngroup-wait = 0s\n[hook mail]\ntype = email\nstarttls = never\n"
                          f"smtp = smtp://127.0.0.1:{server.port}\nfrom = c@example.com\nto = ops@example.com\n")
        place.arguments += ("--config", config)
        with faulty(place.data, *place.arguments) as collector:
            for report in exposed_site()[1:]:
                assert collector.post(report)[0] == 200
            site_remark(collector, owner="Headquarters", note="Mr. Ito has\nthe key")
            assert collector.post(exposed_site()[0])[0] == 200
            until(lambda: mailbox.mails)
            found = {a["server"]: a for a in collector.get("/v1/alerts")["alerts"]}
            assert held(found["EXCH1"]) == ("Headquarters", "site", "Mr. Ito has\nthe key", "site")
            remark(collector, "EXCH1", owner="Mail team")
            assert held(collector.get("/v1/alerts?server=EXCH1")["alerts"][0])[:2] == ("Mail team", "server")
            assert all(held(a) == (None,) * 4 for a in found.values() if not a["server"])
        body = email.message_from_bytes(mailbox.mails[0][2], policy=email.policy.default).get_body(("plain",))
        text = " ".join(body.get_content().split())
        assert "Owner Headquarters (of the site) Note Mr. Ito has / the key (of the site, by token admin, " in text
        assert not [mail for mail in mailbox.mails[1:] if b"Mail team" in mail[2]]  # to be told so is no news


def keep(collector, name, query, headers=None):
    status, _, body = collector.ask(f"/v1/bookmarks/{name}", "PUT", json.dumps({"query": query}), {**JSON, **(headers or {})})
    assert status == 200, body


def kept(collector, headers=None):
    body = collector.ask("/v1/bookmarks", headers=headers or {})[2]
    return {bookmark["name"]: bookmark["query"] for bookmark in json.loads(body)["bookmarks"]}


def test_bookmarks_are_each_persons_own_and_outlive_the_collector(place):
    with place.collector() as collector:
        shifts = operator(collector)
        keep(collector, "mine", "site=HQ")
        keep(collector, "mine", "verdict=exposed&owner=Z%C3%BCrich")
        keep(collector, "a%20%2F%20b", "", shifts)
        lines = [line["action"] for line in collector.get("/v1/audit")["lines"]]
        assert not [action for action in lines if "bookmark" in action]
    with place.collector() as collector:
        assert kept(collector) == {"mine": "verdict=exposed&owner=Z%C3%BCrich"}
        assert kept(collector, shifts) == {"a / b": ""}
        assert collector.ask("/v1/bookmarks/mine", "DELETE", headers=shifts)[0] == 404
        assert collector.ask("/v1/tokens/shifts", "DELETE")[0] == 204
        assert kept(collector, operator(collector)) == {}  # of another token of that name
        login = collector.ask("/v1/session", "POST", json.dumps({"token": collector.token}),
                              {**JSON, **bearer(""), "Origin": collector.url})
        cookie = {"Cookie": login[1]["Set-Cookie"].split(";")[0], "Sec-Fetch-Site": "same-origin"}
        assert kept(collector, cookie) == {"mine": "verdict=exposed&owner=Z%C3%BCrich"}
