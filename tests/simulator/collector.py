"""A collector of our own for a test: the real program on a port of its own.

MTAWATCH_BUILD names the build directory that holds it (default: build/sanitize)."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import identity  # noqa: E402
from ports import free_port  # noqa: E402

BUILD = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize"))
PROGRAM = BUILD / "collector/mtawatch-collector"
STARTS_WITHIN = 60  # seconds; a sanitized program on a busy machine is slow
ENDS_WITHIN = 60


class Collector:
    """Keeps port and data over stop() and start(). `token` is an admin's, `secret` is what agents
    enrol with; `arguments` are further ones of `serve`."""

    def __init__(self, folder, *arguments):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arguments = arguments
        self._process = None
        self.token, self.secret = identity.set_up(PROGRAM, self.folder / "data")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}",
                 "--data", self.folder / "data", *self.arguments], stdout=log, stderr=log)
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError("the collector did not start:\n" + self.log())
            time.sleep(0.05)

    def stop(self):
        """Ends it as an administrator would; it must end well, sanitizers included."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            status = process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        assert status == 0, f"the collector ended with {status}:\n{self.log()}"

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def get(self, path, headers=None):
        """(status, headers, body as text); as the admin, unless the headers say who."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers or identity.bearer(self.token))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def post(self, path, value):
        """What the collector answers the admin, who must not be refused."""
        return self._change("POST", path, json.dumps(value))

    def put(self, path, text, content_type="text/csv"):
        return self._change("PUT", path, text, content_type)

    def delete(self, path):
        return self._change("DELETE", path)

    def try_post(self, path, value):
        """(status, text) of what the collector answers the admin."""
        return self._try("POST", path, json.dumps(value), "application/json")

    def _change(self, method, path, body=None, content_type="application/json"):
        status, text = self._try(method, path, body, content_type)
        assert status in (200, 201, 204), text
        return json.loads(text) if text else None

    def _try(self, method, path, body, content_type):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Content-Type": content_type} if body else {}
            connection.request(method, path, body, headers | identity.bearer(self.token))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def session(self, token=None):
        """The cookie of a new browser session of a token, the admin's by default: (name, value)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/v1/session", json.dumps({"token": token or self.token}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            return answer.headers["Set-Cookie"].split(";")[0].split("=")
        finally:
            connection.close()

    def servers(self):
        """Server name: server object."""
        return {server["server"]: server for server in json.loads(self.get("/v1/servers")[2])["servers"]}

    def _is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False
