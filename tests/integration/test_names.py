"""Names without case for every letter: organizations, sites and Exchange servers; hosts without ASCII case alone."""

import contextlib
import copy
import json
import sqlite3
import subprocess
import unicodedata
from urllib.parse import quote

import pytest
from running import PROGRAM, ROOT, Collector, exposed_site, server

# (as one server writes it, as another one does): Latin, Greek, Cyrillic.
PLACES = [("M\u00fcller AG", "M\u00dcLLER AG"), ("\u0391\u03b8\u03ae\u03bd\u03b1\u03c2", "\u0391\u0398\u0389\u039d\u0391\u03a3"),
          ("\u041c\u043e\u0441\u043a\u0432\u0430", "\u041c\u041e\u0421\u041a\u0412\u0410"),
          ("\u0141\u00f3d\u017a", "\u0142\u00d3D\u0179")]


def spelt(organization, other):
    """The exposed site, whose second and third servers write its names otherwise."""
    reports = exposed_site()
    for report, name in zip(reports, (organization, other, other), strict=True):
        report["exchange"].update(organization=name, site=name)
    return reports


@pytest.mark.parametrize(("one", "other"), PLACES)
def test_a_site_is_one_however_it_is_spelt(one, other, tmp_path):
    with Collector(tmp_path / "data") as collector:
        for report in spelt(one, other):
            assert collector.post(report)[0] == 200
        shown = collector.get("/v1/servers")["servers"]
        assert {s["server"]: s["verdict"] for s in shown} == {"EXCH1": "exposed", "EXCH2": "clear", "EXCH3": "clear"}
        assert len(collector.get("/v1/sites")) == 1
        for name in (one, other):
            for query in (f"site={quote(name)}", f"organization={quote(name)}", f"q={quote(name)}",
                          f"q={quote(name[1:4])}"):
                assert len(collector.get("/v1/servers?" + query)["servers"]) == 3, query
            matrix = collector.get(f"/v1/sites/{quote(name)}/{quote(name)}/matrix")
            assert len(matrix["peers"]) == 3


def test_an_exchange_server_is_one_however_it_is_spelt(tmp_path):
    """The rows name their peers otherwise than these name themselves."""
    reports = copy.deepcopy(exposed_site())
    text = json.dumps(reports, ensure_ascii=False)
    reports = json.loads(text.replace('"peer": "EXCH2"', '"peer": "B\u00dcRO2"').replace('"peer": "EXCH3"', '"peer": "B\u00dcRO3"'))
    for number, report in enumerate(reports, 1):
        report["exchange"]["server"] = f"b\u00fcro{number}"
    with Collector(tmp_path / "data") as collector:
        for report in reports:
            assert collector.post(report)[0] == 200
        shown = collector.get("/v1/servers")["servers"]
        assert {s["server"]: s["verdict"] for s in shown} == {"EXCH1": "exposed", "EXCH2": "clear", "EXCH3": "clear"}
        assert [s["server"] for s in collector.get("/v1/servers?q=" + quote("B\u00dcRO3"))["servers"]] == ["EXCH3"]


def test_a_host_is_stored_without_ascii_case_alone(tmp_path):
    """So every key that a store holds stays what it is."""
    data = tmp_path / "data"
    with Collector(data) as collector:
        assert collector.post(server("B\u00dcRO", "10.0.0.1"))[0] == 200
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        assert {key for key, in db.execute("SELECT key FROM host")} == {"b\u00dcro"}
    with Collector(data) as collector:
        assert collector.ask("/v1/servers/" + quote("b\u00fcro"))[0] == 404
        assert collector.get("/v1/servers/" + quote("b\u00dcRO"))["server"] == "B\u00dcRO"


def test_the_table_is_what_unicode_says():
    table = (ROOT / "proto/base/casefold_table.h").read_text()
    if f"Unicode {unicodedata.unidata_version} " not in table:
        pytest.skip("this Python knows another Unicode")
    assert subprocess.run([ROOT / "scripts/casefold"], capture_output=True, text=True, check=True).stdout == table


def test_assess_judges_the_same(tmp_path):
    lines = "".join(json.dumps(report) + "\n" for report in spelt(*PLACES[0]))
    for number, line in enumerate(lines.splitlines()):
        (tmp_path / f"{number}.json").write_text(line)
    done = subprocess.run([PROGRAM, "assess", "--at", exposed_site()[0]["collected_at"], *sorted(tmp_path.glob("*.json"))],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, [s["verdict"] for s in json.loads(done.stdout)]) == (1, ["exposed", "clear", "clear"])
