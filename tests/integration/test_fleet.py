"""The fleet as an administrator changes it: servers that leave it, and that come back."""

import json

from running import Collector, exposed_site, server


def removed(collector, name, query=""):
    status, _, body = collector.ask(f"/v1/servers/{name}{query}", "DELETE")
    return status, json.loads(body) if body else None


def test_a_removed_server_is_gone_until_it_reports_again(tmp_path):
    with Collector(str(tmp_path)) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        assert removed(collector, "EXCH9")[0] == 404
        assert removed(collector, "EXCH3", "?why=x")[0] == 400
        assert removed(collector, "exch3.acme.example", "?reason=sold%20off") == (204, None)
        assert [s["server"] for s in collector.get("/v1/servers")["servers"]] == ["EXCH1", "EXCH2"]
        status, _, body = collector.ask("/v1/servers/EXCH3")
        assert status == 410
        assert "sold off" in json.loads(body)["detail"]
        assert removed(collector, "EXCH3")[0] == 404
        line = collector.get("/v1/audit")["lines"][0]
        assert (line["action"], line["object"]) == ("server.remove", "exch3")
    with Collector(str(tmp_path)) as collector:
        assert collector.ask("/v1/servers/EXCH3")[0] == 410
        late = {**server("EXCH3", "10.0.0.3"), "sequence": 2}
        assert collector.post(late, **{"Mtawatch-Report-Age": "3600"})[1]["verdict"] is None
        assert collector.ask("/v1/servers/EXCH3")[0] == 410
        assert collector.post({**late, "sequence": 3})[1]["verdict"] is not None
        detail = collector.get("/v1/servers/EXCH3")
        assert detail["removed"]["reason"] == "sold off"
        assert collector.get("/v1/servers/EXCH1")["removed"] is None
