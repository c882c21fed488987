"""A site whose collector has lived a little: what the stores in stores/ hold, a file a version of the schema.

Each was written by the collector of its time. A new version of the schema needs its own:
    /usr/bin/python3 tests/integration/stored_site.py > tests/integration/stores/N.sql
Its first lines say when that was, and with which secrets it is entered."""

import contextlib
import datetime
import json
import re
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from running import JSON, Collector, bearer, exposed_site, row, server
from test_hook import Hook

STORES = Path(__file__).with_name("stores")
TOLD = {"EXCH1", "EXCH7"}  # exposed, and somebody was told; EXCH1's alert is acknowledged
UNTOLD = "EXCH10"  # was exposed and told, is not any more, and the hook failed when that was to be told
VERDICTS = {"EXCH1": "exposed", "EXCH2": "clear", "EXCH3": "clear", "EXCH7": "exposed", "EXCH8": "clear",
            "EXCH10": "at_risk", "EXCH11": "clear"}
REMOVED = "GONE"
CARRIED = "EXCH6"
NOT_MONITORED = "EXCH9"
FORMER = "OLD"  # stands in the former inventory
SEQUENCES = {**dict.fromkeys(("EXCH1", "EXCH2", "EXCH3", "EXCH10", REMOVED), 3),
             **dict.fromkeys(("EXCH7", "EXCH8", "EXCH11"), 2)}


def two_cards(name, number, site, peer, isolated):
    """A server whose second adapter reaches nobody, or its peer by the first one."""
    here, card, there = f"10.0.{number}.1", f"10.9.{number}.1", f"10.0.{number}.2"
    second = row("B", peer, card, there, "none", error="timeout") if isolated else row("B", peer, card, there)
    return server(name, here, [row("A", peer, here, there), second], second=card, site=site)


def one_card(name, number, site, peer):
    here, there = f"10.0.{number}.2", f"10.0.{number}.1"
    return server(name, here, [row("A", peer, here, there)], site=site)


def sees_exch2(name, address):
    return server(name, address, [row("A", "EXCH2", address, "10.0.0.2")])


def branch(isolated=True):
    return two_cards("EXCH7", 7, "BRANCH", "EXCH8", isolated), one_card("EXCH8", 7, "BRANCH", "EXCH7")


def late(isolated):
    return two_cards("EXCH10", 10, "LATE", "EXCH11", isolated), one_card("EXCH11", 10, "LATE", "EXCH10")


def headquarters(sequence):
    """EXCH1 is exposed from the second report on."""
    rows = [row(card, peer, origin, to) for card, origin in (("A", "10.0.0.1"), ("B", "10.9.0.1"))
            for peer, to in (("EXCH2", "10.0.0.2"), ("EXCH3", "10.0.0.3"))]
    first = server("EXCH1", "10.0.0.1", rows, second="10.9.0.1") if sequence == 1 else exposed_site()[0]
    return first, *exposed_site()[1:], sees_exch2(REMOVED, "10.0.0.9")


def stamped(report, sequence, off_s=0):
    """As collected now, by a clock that is `off_s` off."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=off_s)
    return {**report, "sequence": sequence, "collected_at": now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def expect(answer, status):
    assert answer[0] == status, answer
    return json.loads(answer[2] or "null")


def reports(collector):
    for sequence in (1, 2):
        for report in branch() + late(True):
            assert collector.post(stamped(report, sequence))[0] == 200
    for sequence in (1, 2, 3):
        for report in headquarters(sequence):
            assert collector.post(stamped(report, sequence))[0] == 200


def people(collector):
    """The first lines of the file: who may come in."""
    def token(name, role):
        made = collector.ask("/v1/tokens", "POST", json.dumps({"name": name, "role": role}), JSON)
        return expect(made, 201)["token"]

    watcher, shifts = token("watcher", "viewer"), token("shifts", "operator")
    token("former", "viewer")
    expect(collector.ask("/v1/tokens/former", "DELETE"), 204)
    session = collector.ask("/v1/session", "POST", json.dumps({"token": watcher}),
                            {**JSON, **bearer(""), "Origin": collector.url})
    expect(session, 200)
    cookie = session[1]["Set-Cookie"].split(";")[0].split("=")[1]
    collector.agents.enrol("SPARE")
    return {"admin": collector.token, "watcher": watcher, "shifts": shifts, "session": cookie,
            "secret": collector.secret}


def rule(collector, shifts):
    """What people do who are on duty."""
    def call(path, method, body, status, kind="application/json"):
        text = body if isinstance(body, str) else json.dumps(body)
        return expect(collector.ask(path, method, text, {"Content-Type": kind, **bearer(shifts)}), status)

    call("/v1/servers/" + REMOVED, "DELETE", "", 204)
    for names in (("EXCH1", FORMER), ("EXCH1", "EXCH2", NOT_MONITORED)):
        lines = ["server,organization,site", *(f"{name},ACME,HQ" for name in names)]
        call("/v1/inventory", "PUT", "\n".join(lines), 200, "text/csv")
    carried = stamped(sees_exch2(CARRIED, "10.0.0.6"), 1)
    call("/v1/reports/import", "POST", carried, 200)
    alert, = (a for a in collector.get("/v1/alerts?condition=exposed")["alerts"] if a["server"] == "EXCH1")
    call(f"/v1/alerts/{alert['id']}/acknowledge", "POST", {"comment": "on it"}, 200)
    call("/v1/silences", "POST", {"matchers": {"server": "LAB*"}, "comment": "moving", "allow_empty": True,
                                  "ends_at": "2100-01-01T00:00:00Z"}, 201)
    call("/v1/servers/EXCH1/remark", "PUT", {"owner": "Mail", "note": "rack 3"}, 200)
    call("/v1/sites/ACME/HQ/remark", "PUT", {"owner": "Headquarters"}, 200)


def live(folder):
    """(who may come in, the data directory) of a collector that has ended."""
    hook = Hook(folder / "hook")
    (folder / "collector.conf").write_text("[alerts]\ngroup-interval = 0s\n")
    collector = Collector(folder / "data", "--config", folder / "collector.conf", "--hook-command", hook.program)
    reports(collector)
    who = people(collector)
    hook.told(3)
    rule(collector, who["shifts"])
    hook.told(4)  # of the acknowledgement, too
    hook.write("exit 1")
    assert collector.post(stamped(late(False)[0], 3))[0] == 200
    time.sleep(2)
    who |= {f"agent {host}": bearer for host, (_, bearer) in collector.agents._known.items()}
    collector.process.terminate()
    collector.process.communicate()
    return who, folder / "data"


def dump(who, data):
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        pragmas = [f"PRAGMA {name} = {db.execute(f'PRAGMA {name}').fetchone()[0]};"
                   for name in ("application_id", "user_version")]
        lines = [f"-- now {int(time.time())}", *(f"-- {name} {secret}" for name, secret in who.items())]
        return "\n".join([*lines, *pragmas, *db.iterdump(), ""])


def load(version, data):
    """The store of that version as a data directory; returns what the file's first lines say."""
    text = (STORES / f"{version}.sql").read_text()
    data.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        db.executescript(text)
    return dict(re.findall(r"^-- (.*) (\S+)$", text, re.MULTILINE))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(dump(*live(Path(folder))))
