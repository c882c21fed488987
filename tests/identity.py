"""Identities for the tests and the demo: sets up a data directory, enrols agents, signs reports."""

import atexit
import functools
import hashlib
import http.client
import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

# A collector takes 60 enrolments a minute of one address; a loopback network has many.
ENROLMENTS_PER_ADDRESS = 50


def set_up(program, data, *options, host=None):
    """Gives a data directory what `init` does, once. Returns (admin token, enrolment secret); both
    are kept beside it. With a certificate for `host`, where one is named."""
    data = Path(data)
    token, secret = _beside(data)
    options = (*options, "--host", host) if host else (*options, "--no-certificate")
    if not token.exists():
        if len(options) > 2 or data.exists():
            _init(program, data, *options)
        else:
            _copy(_initialized(program, *options), data)
    return token.read_text().strip(), secret.read_text().strip()


def _beside(data):
    return [data.with_name(f"{data.name}.{name}") for name in ("admin-token", "enroll-secret")]


def _init(program, data, *options):
    token, secret = _beside(data)
    subprocess.run([program, "init", "--data", data, "--token-file", token, *options],
                   check=True, stdout=subprocess.DEVNULL, timeout=60)
    (data / "digest-until").unlink(missing_ok=True)  # alerts are told at once, as of a fleet that is known
    secret.write_bytes((data / "enroll-secret").read_bytes())


def _copy(data, copy):
    shutil.copytree(data, copy)
    for own, other in zip(_beside(data), _beside(copy)):
        shutil.copy2(own, other)


@functools.cache
def _initialized(program, *options):
    """A new data directory that stays as `init` made it: a thousand tests want one, and a sanitized
    program takes longer to start than a directory to copy."""
    folder = tempfile.TemporaryDirectory(prefix="mtawatch-data-")
    atexit.register(folder.cleanup)
    data = Path(folder.name) / "data"
    _init(program, data, *options)
    return data


def hand_out(secret, file):
    """A file with the secret for one agent, which removes it when it has enrolled."""
    file.write_text(secret + "\n")
    return file


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


class Refused(Exception):
    """The collector does not enrol an agent."""


class Agents:
    """Agents by the names of their hosts; each is enrolled when it is first needed.

    `connect(source)` gives an http.client connection from that local address. Keys are made from
    the secret, so that another run is the same agents."""

    def __init__(self, connect, secret):
        self._connect = connect
        self._secret = secret
        self._known = {}
        self._lock = threading.Lock()

    def enrol(self, host):
        """(id, bearer). Raises Refused, or OSError where the collector is not there."""
        name = host.split(".")[0].lower()
        with self._lock:
            if name not in self._known:
                key = hashlib.sha256(f"{self._secret} {name}".encode()).hexdigest()
                agent = self._ask(host, key)
                self._known[name] = agent, f"{agent}.{key}"
            return self._known[name]

    def know(self, host, bearer):
        """An agent that enrolled elsewhere."""
        self._known[host.lower()] = bearer.split(".")[0], bearer

    def sign(self, body):
        """(body, headers): the report as the enrolled agent of its host sends it. What is no
        report with a host is left as it is and goes out in the name of an agent of its own."""
        body = body.encode() if isinstance(body, str) else body or b""
        try:
            report = json.loads(body)
            agent, key = self.enrol(report["host"]["name"])
            old = json.dumps(report["agent"]["id"]).encode()
            return body.replace(old, json.dumps(agent).encode()), bearer(key)
        except (ValueError, KeyError, TypeError, AttributeError, Refused):
            return body, bearer(self.enrol("nobody")[1])

    def _ask(self, host, key):
        number = len(self._known) // ENROLMENTS_PER_ADDRESS
        connection = self._connect(f"127.0.0.{1 + number}")
        try:
            body = {"secret": self._secret, "host": host, "key": key}
            connection.request("POST", "/v1/enroll", json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise Refused(f"{host} could not enrol: {answer.status} {text}")
        return json.loads(text)["id"]


class Signed:
    """Mixed into an http.client connection: calls go out with the right identity, unless the
    caller gives one. Needs `collector`, which has `token` and `agents`."""

    collector = None

    def request(self, method, url, body=None, headers=None, **more):
        headers = dict(headers or {})
        if "Authorization" not in headers and "Cookie" not in headers:
            if url.split("?")[0] == "/v1/reports":
                body, own = self.collector.agents.sign(body)
            else:
                own = bearer(self.collector.token)
            headers |= own
        super().request(method, url, body, headers, **more)


class SignedConnection(Signed, http.client.HTTPConnection):
    pass


class SignedTlsConnection(Signed, http.client.HTTPSConnection):
    pass
