"""A collector that runs, for tests: the real program over real sockets, and reports to give it.

MTAWATCH_BUILD names the build directory that holds it (default: build/sanitize)."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import identity  # noqa: E402
from identity import bearer, set_up  # noqa: E402
from leaks import searched_for_leaks  # noqa: E402
from waiting import until  # noqa: E402

PROGRAM = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize")) / "collector/mtawatch-collector"
PATIENCE = 60  # seconds; a sanitized program on a busy machine is slow
JSON = {"Content-Type": "application/json"}


class Collector:
    """One run of `serve`; ends with the block, and must end well.

    With `tls`, the client's ssl.SSLContext, everything here goes over HTTPS; the certificates are
    among the arguments. Calls are made with an admin's `token`, reports by an agent that enrols
    when it first has one, its id put in (`agents`); an Authorization of the test's own stays. A
    connection of connect(identified=False) adds nothing. `errors` is what the collector has logged, known once it has ended.
    `program` is another version's."""

    def __init__(self, data, *arguments, port=0, tls=None, environment=None, wrapper=(), program=PROGRAM):
        self.tls = tls
        self.token, self.secret = set_up(program, data)
        self.agents = identity.Agents(self._connect_from, self.secret)
        self.process = subprocess.Popen(
            [*wrapper, program, "serve", "--listen", f"127.0.0.1:{port}", "--data", data, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=searched_for_leaks(environment))
        line = self.process.stdout.readline()
        scheme = "https" if tls else "http"
        assert line.startswith(f"listening on {scheme}://127.0.0.1:"), line + self.process.stderr.read()
        self.port = int(line.rsplit(":", 1)[1])
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.ended = False
        self.errors = None
        if "--store" in arguments:
            until(self._judges_or_cannot, lambda: self.ask("/readyz", headers={"Authorization": ""})[2])

    def _judges_or_cannot(self):
        """Where others might judge it listens before it knows."""
        status, _, body = self.ask("/readyz?judge", headers={"Authorization": ""})
        return status == 200 or b"[-]store failed" in body or b"stands by; the collector" in body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, number=signal.SIGTERM):
        if self.ended:
            return
        self.ended = True
        self.process.send_signal(number)
        try:
            _, self.errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        if number != signal.SIGKILL:
            assert self.process.returncode == 0, self.errors
            expected = ("warning: refused a", "what hooks tell has no links", "info: stands by", "info: judges")
            others = [line for line in self.errors.splitlines() if not any(words in line for words in expected)]
            assert self.tls or others == []
            assert "error: " not in self.errors

    def connect(self, identified=True):
        if not identified:
            return self._connect_from("127.0.0.1")
        if self.tls:
            connection = identity.SignedTlsConnection("127.0.0.1", self.port, timeout=PATIENCE,
                                                      context=self.tls)
        else:
            connection = identity.SignedConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.collector = self
        return connection

    def _connect_from(self, source):
        where = {"timeout": PATIENCE, "source_address": (source, 0)}
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, **where)
        return http.client.HTTPConnection("127.0.0.1", self.port, **where)

    def dial(self, source="127.0.0.1"):
        """A socket, with TLS around it where that is spoken."""
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE,
                                        source_address=(source, 0))
        if not self.tls:
            return peer
        return self.tls.wrap_socket(peer, server_hostname="127.0.0.1", suppress_ragged_eofs=False)

    def ask(self, path, method="GET", body=None, headers=None):
        """(status, headers, body) on a connection of its own"""
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, path, method, body, headers)

    def get(self, path):
        status, _, body = self.ask(path)
        assert status == 200, body
        return json.loads(body)

    def post(self, report, **fields):
        status, _, body = self.ask("/v1/reports", "POST", json.dumps(report), {**JSON, **fields})
        return status, json.loads(body)

    def signed(self, report):
        """(body, the line of an Authorization field): for requests that are put together by hand."""
        body, headers = self.agents.sign(json.dumps(report))
        return body, headers["Authorization"].join(("Authorization: ", "\r\n")).encode()

    def raw(self, data):
        """Everything that comes back until the collector closes."""
        with self.dial() as peer:
            with contextlib.suppress(OSError):
                peer.sendall(data)
            answer = b""
            while chunk := peer.recv(65536):
                answer += chunk
            return answer


@contextlib.contextmanager
def faulty(data, *arguments, **settings):
    """A collector that may complain; afterwards `log` says of what."""
    collector = Collector(data, *arguments, **settings)
    try:
        yield collector
    finally:
        collector.ended = True
        collector.process.send_signal(signal.SIGTERM)
        _, collector.log = collector.process.communicate(timeout=PATIENCE)
    assert collector.process.returncode == 0, collector.log


def ask(connection, path, method="GET", body=None, headers=None):
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    endless = answer.headers["Content-Type"] == "text/event-stream"
    return answer.status, answer.headers, b"" if endless else answer.read()


def samples(collector, name):
    """{labels as text: value} of one family of /metrics."""
    _, headers, body = collector.ask("/metrics")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", body.decode(), re.M)
    return {labels: float(value) for labels, value in found}


def statuses(answer):
    """The status codes of a run of answers with bodies of known length."""
    found = []
    while answer:
        head, _, answer = answer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        found.append(int(lines[0].split()[1]))
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                answer = answer[int(value):]
    return found


def minimal(name="EXCH1", sequence=1, **more):
    return {"schema": "mtawatch.report/1",
            "agent": {"id": "id-" + name, "epoch": "e", "version": "1.0.0", "platform": "linux"},
            "sequence": sequence, "collected_at": "2026-11-22T10:45:23Z", "interval_s": 300,
            "host": {"name": name, "os": "Windows NT 4.0 Service Pack 6"}, **more}


def server(name, address, peer_rows=(), build="5.5.2653.23", site="HQ", second=None):
    """A running Exchange server with one or two adapters."""
    adapters = [{"id": "A", "enabled": True, "link": "up", "addresses": [address + "/24"]}]
    if second:
        adapters.append({"id": "B", "enabled": True, "link": "up", "addresses": [second + "/24"]})
    return minimal(
        name,
        exchange={"installed": True, "version": "5.5", "service_pack": 4, "build": build,
                  "organization": "ACME", "site": site, "server": name, "clustered": False},
        adapters=adapters, probes=list(peer_rows), self_probes=[],
        mta={"service": "running", "start_type": "auto"},
        files=[{"name": "Emsmta.exe", "state": "versioned", "version": build}])


def row(adapter, peer, origin, to, grade="mta", via="A", **more):
    return {"adapter": adapter, "peer": peer, "from": origin, "to": to, "via": via, "grade": grade,
            "for_s": 3600, "ms": 3, "attempts": 1, **more}


def exposed_site():
    """EXCH1's second adapter reaches nobody; EXCH2 and EXCH3 are well."""
    rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3"),
            row("B", "EXCH2", "10.9.0.1", "10.0.0.2", "none", error="timeout"),
            row("B", "EXCH3", "10.9.0.1", "10.0.0.3", "none", error="timeout")]
    return [server("EXCH1", "10.0.0.1", rows, second="10.9.0.1"),
            server("EXCH2", "10.0.0.2", [row("A", "EXCH3", "10.0.0.2", "10.0.0.3")]),
            server("EXCH3", "10.0.0.3", [row("A", "EXCH2", "10.0.0.3", "10.0.0.2")])]


__all__ = ["JSON", "PATIENCE", "PROGRAM", "Collector", "ask", "bearer", "exposed_site", "minimal", "row",
           "samples", "server", "set_up", "statuses"]
