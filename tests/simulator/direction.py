"""What happens in the demo besides reports: an operator's acts, and an incident from its beginning to its end."""

import http.client
import json
from datetime import timedelta
from urllib.parse import urlsplit

from .facts import beginning, mta_failed, mta_running, stamp

FAILS_AFTER = 60   # seconds, until the MTA of the exposed server is started again
MENDED_AFTER = 240 # until somebody has disabled the adapter and started it
HERO = "MAIL-HQ2"

NOT_MONITORED = ["MAIL-HQ7", "MAIL-BR6"]


class Operator:
    """Calls the API with an operator's token. A call that is refused raises OSError."""

    def __init__(self, collector, token):
        self._url = urlsplit(collector)
        self._token = token

    def expect(self, servers):
        """These, and some that nobody monitors yet, are what there should be."""
        rows = [(server.host, server.organization, server.site) for server in servers]
        rows += [(name, "DEMO", "HQ" if "-HQ" in name else "BRANCH") for name in NOT_MONITORED]
        text = "name,organization,site\n" + "".join(",".join(row) + "\n" for row in rows)
        self._call("PUT", "/v1/inventory", text, "text/csv")

    def acknowledge(self, server, comment):
        for alert in self._call("GET", "/v1/alerts?state=firing")["alerts"]:
            if alert["server"] == server and not alert.get("acknowledged"):
                self._call("POST", f"/v1/alerts/{alert['id']}/acknowledge", json.dumps({"comment": comment}))

    def silence(self, matchers, hours, comment):
        if self._call("GET", "/v1/silences")["silences"]:
            return
        ends = stamp(beginning() + timedelta(hours=hours))
        self._call("POST", "/v1/silences",
                   json.dumps({"matchers": matchers, "ends_at": ends, "comment": comment}))

    def _call(self, method, path, body=None, kind="application/json"):
        connection = http.client.HTTPConnection(self._url.hostname, self._url.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self._token}"} | ({"Content-Type": kind} if body else {})
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: no HTTP answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise OSError(f"{method} {path}: {answer.status}: {text}")
        return json.loads(text) if text else None


def open_the_stage(operator, servers):
    operator.expect(servers)
    operator.acknowledge("MAIL-HQ1", "new card is ordered, arrives on Monday")
    operator.silence({"server": "MAIL-BR2"}, 4, "the firewall there is being changed")


def act(play, elapsed):
    """Makes of the hero what it is `elapsed` seconds after the world's start."""
    hero = play.part(HERO).server
    if elapsed >= MENDED_AFTER and hero.mta["service"] != "running":
        del hero.adapters[1:]
        hero.mta = mta_running(-MENDED_AFTER)
        hero.mta_changed_ago = -MENDED_AFTER
    elif MENDED_AFTER > elapsed >= FAILS_AFTER and hero.mta["service"] == "running":
        hero.mta = mta_failed(-FAILS_AFTER, 40 * 86400)
        hero.mta_changed_ago = -FAILS_AFTER
