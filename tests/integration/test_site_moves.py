"""A server that becomes a member of another site, or of another organization, and takes along what is known of it."""

import pytest
from running import Collector, exposed_site, row, server


def moved(sequence, organization="ACME", site="BRANCH", mended=False):
    """EXCH1 among the servers of the other site."""
    rows = [row("A", "EXCH8", "10.0.0.1", "10.8.0.8"), row("A", "EXCH9", "10.0.0.1", "10.8.0.9"),
            row("B", "EXCH8", "10.9.0.1", "10.8.0.8", "none", error="timeout"),
            row("B", "EXCH9", "10.9.0.1", "10.8.0.9", "none", error="timeout")]
    report = server("EXCH1", "10.0.0.1", rows[:2] if mended else rows, site=site, second=None if mended else "10.9.0.1")
    report["exchange"]["organization"] = organization
    return {**report, "sequence": sequence}


def branch(sequence, organization="ACME"):
    reports = [server(name, address, [row("A", other, address, to)], site="BRANCH") for name, address, other, to in (
        ("EXCH8", "10.8.0.8", "EXCH9", "10.8.0.9"), ("EXCH9", "10.8.0.9", "EXCH8", "10.8.0.8"))]
    for report in reports:
        report["exchange"]["organization"] = organization
    return [{**report, "sequence": sequence} for report in reports]


def dealt(collector, reports):
    """{server: names of its peers} after they reported."""
    return {report["host"]["name"]: {peer["name"] for peer in answer["peers"]}
            for report in reports for status, answer in [collector.post(report)] if status == 200}


def verdicts(collector, site):
    return {one["server"]: (one["verdict"], one["organization"]) for one in
            collector.get(f"/v1/servers?site={site}")["servers"]}


@pytest.mark.parametrize("organization", ["ACME", "OTHER"])
def test_a_server_moves_to_another_site_with_all_that_is_known_of_it(tmp_path, receiver, organization):
    """Whoever stays behind is not dealt it any more, its incident goes on and ends as the one that it was."""
    config = tmp_path / "collector.conf"
    config.write_text(f"[alerts]\ngroup-interval = 0s\nflap-changes = 0\n[hook ops]\ntype = webhook\nurl = {receiver.url}\n")
    with Collector(tmp_path / "data", "--config", config) as collector:
        assert collector.ask("/v1/inventory", "PUT", "server,organization,site\nEXCH1,ACME,HQ\n")[0] == 200
        old = exposed_site()
        assert set(dealt(collector, [*branch(1, organization), *old])) == {"EXCH1", "EXCH2", "EXCH3", "EXCH8", "EXCH9"}
        receiver.wait(1)
        assert verdicts(collector, "HQ")["EXCH1"] == ("exposed", "ACME")
        assert collector.post(moved(2, organization))[0] == 200
        assert dealt(collector, [{**report, "sequence": 2} for report in old[1:]]) == {"EXCH2": {"EXCH3"}, "EXCH3": {"EXCH2"}}
        assert dealt(collector, [*branch(2, organization), moved(3, organization)]) == {
            "EXCH8": {"EXCH1", "EXCH9"}, "EXCH9": {"EXCH1", "EXCH8"}, "EXCH1": {"EXCH8", "EXCH9"}}
        assert verdicts(collector, "HQ") == {"EXCH2": ("clear", "ACME"), "EXCH3": ("clear", "ACME")}
        assert verdicts(collector, "BRANCH")["EXCH1"] == ("exposed", organization)
        sites = {(one["organization"], one["site"]): one["counts"] for one in collector.get("/v1/sites")}
        assert [(counts["exposed"], counts["not_monitored"]) for counts in (
            sites["ACME", "HQ"], sites[organization, "BRANCH"])] == [(0, 0), (1, 0)]
        history = collector.get("/v1/servers/EXCH1/history?limit=100")["changes"]
        assert [change["detail"]["after"] for change in history if change["kind"] == "verdict"][-1] == "exposed"  # of HQ
        alert, = collector.get("/v1/alerts?server=EXCH1&limit=10")["alerts"]
        assert (alert["condition"], alert["state"]) == ("exposed", "firing")
        assert collector.post(moved(4, organization, mended=True))[0] == 200
        receiver.wait(2)
        over, = collector.get("/v1/alerts?server=EXCH1&limit=10")["alerts"]
        assert (over["id"], over["state"]) == (alert["id"], "resolved")
    first, last = [body for _, body in receiver.notifications()]
    assert (first["status"], last["status"], first["groupKey"]) == ("firing", "resolved", last["groupKey"])
    assert first["alerts"][0]["fingerprint"] == last["alerts"][0]["fingerprint"]
