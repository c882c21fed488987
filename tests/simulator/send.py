"""Sends reports over one connection that is kept alive, each as the agent of its host."""

import http.client
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from identity import Agents  # noqa: E402


class Sender:
    """Enrols with `secret` the agents whose reports it is given.

    Not for use by two threads at once; make one for each."""

    def __init__(self, collector, secret, timeout=10):
        url = urlsplit(collector)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"not the address of a collector: {collector}")
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(url.hostname, url.port, timeout=timeout)
        local = url.hostname == "127.0.0.1"
        self._agents = Agents(lambda source: kind(url.hostname, url.port, timeout=timeout,
                                                  source_address=(source, 0) if local else None), secret)

    def post(self, report, age=0):
        """(status, answer as text). Raises OSError where there was no answer at all."""
        agent, bearer = self._agents.enrol(report["host"]["name"])
        report["agent"]["id"] = agent
        body = json.dumps(report, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "Mtawatch-Report-Age": str(int(age)),
                   "Authorization": f"Bearer {bearer}"}
        try:
            return self._exchange(body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The collector may close a connection that was idle; that is no failure yet.
            self.close()
            return self._exchange(body, headers)

    def _exchange(self, body, headers):
        try:
            self._connection.request("POST", "/v1/reports", body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if isinstance(error, OSError):
                raise
            raise OSError(f"no HTTP answer: {error!r}") from error

    def close(self):
        self._connection.close()
