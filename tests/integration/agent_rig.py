"""What the tests of the Linux agent share: the program while it runs, and a stand-in for a collector.

MTAWATCH_BUILD names the build folder (default: build/sanitize).
"""

import contextlib
import ctypes
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import uuid

import pytest
from leaks import searched_for_leaks

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize"))
AGENT = BUILD / "agent/mtawatch-agent"
CLONE_NEWNET = 0x40000000
ENDS_WITHIN = 2  # seconds, which the agent promises; what it is not to wait for lasts 30 and more


class Agent:
    """The Linux agent as cases call it that are those of both builds."""

    def __init__(self, state):
        self.state = state

    def path(self, file):
        return str(file)

    def __call__(self, command, *arguments):
        done = subprocess.run([AGENT, command, "--state-dir", self.state, *arguments],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def network_of_its_own(*lines):
    """Moves this thread, and with it all that it starts, into a network that these lines of ip(8) set up."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip("no right to make a network namespace")
        try:
            for line in lines:
                subprocess.run(["ip", *line.split()], check=True)
            yield
        finally:
            assert libc.setns(before.fileno(), CLONE_NEWNET) == 0


class Roll:
    """The enrolled agents of a stand-in, as PROTOCOL.md has it."""

    def __init__(self, secret):
        self.secret = secret
        self.agents = {}  # id: (host, key)

    def enroll(self, asked):
        if asked["secret"] != self.secret:
            return problem(403, "unknown_secret", "no such enrolment secret")
        for agent, (host, key) in self.agents.items():
            if host == asked["host"].lower():
                return ok({"id": agent}) if key == asked["key"] else problem(
                    409, "host_enrolled", "this name is enrolled")
        agent = str(uuid.uuid4())
        self.agents[agent] = asked["host"].lower(), asked["key"]
        return ok({"id": agent})

    def refuses(self, headers, report):
        """The answer to a report that is not this agent's, else None."""
        agent, _, key = headers.get("Authorization", "").removeprefix("Bearer ").partition(".")
        if agent not in self.agents or self.agents[agent][1] != key:
            return problem(401, "unknown_agent", "this agent is not enrolled")
        if (agent, self.agents[agent][0]) != (report["agent"]["id"], report["host"]["name"].lower()):
            return problem(403, "wrong_agent", "this report is another agent's")
        return None

    def release(self, agent):
        return (204, "application/json", b"") if self.agents.pop(agent, None) else problem(
            401, "unknown_agent", "this agent is not enrolled")


def ok(answer):
    return 200, "application/json", json.dumps(answer).encode()


def problem(status, code, detail):
    body = {"title": "refused", "status": status, "detail": detail, "code": code}
    return status, "application/problem+json", json.dumps(body).encode()


class StandIn:
    """A stand-in for the collector. `answers` are used up first, then every report is accepted, with
    a `roll` only those of its agents. `tls` is a server's ssl.SSLContext."""

    def __init__(self, port=0, tls=None, roll=None, host="127.0.0.1"):
        self.requests = []
        self.answers = []
        self.peers = []
        self.interval_s = 300
        self.enrolments = []
        self.connections = []
        self.roll = roll
        self.live = 200    # of GET
        self.date = None   # of its clock, as the header tells it; None: the true one
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # as in receiver.py

            def respond(self, status, kind, answer):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                if status == 503:
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(answer)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/v1/enroll":
                    self.respond(*stand_in.enroll(body))
                    return
                stand_in.requests.append((self.path, dict(self.headers), body))
                self.respond(*stand_in.answer(body, self.headers))

            def do_DELETE(self):
                self.respond(*stand_in.roll.release(self.path.rpartition("/")[2]))

            def do_GET(self):
                self.respond(*stand_in.get(self.path))

            def date_time_string(self, timestamp=None):
                return stand_in.date or super().date_time_string(timestamp)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def process_request(self, request, client_address):
                stand_in.connections.append(request)
                super().process_request(request, client_address)

            def handle_error(self, request, client_address):
                pass  # handshakes that fail on purpose

            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self.server = Server((host, port), Handler)
        self.port = self.server.server_port
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def answer(self, report, headers):
        if self.answers:
            return self.answers.pop(0)
        refusal = self.roll.refuses(headers, report) if self.roll and report else None
        return refusal or ok({"accepted": report.get("sequence", 0), "verdict": "exposed",
                              "peers": self.peers, "interval_s": self.interval_s})

    def get(self, path):
        return self.live, "text/plain", b"ok\n"

    def enroll(self, asked):
        self.enrolments.append(asked)
        if self.answers:
            return self.answers.pop(0)
        if asked.get("check"):
            return (204, "application/json", b"") if asked["secret"] == self.roll.secret else problem(
                403, "unknown_secret", "no such enrolment secret")
        return self.roll.enroll(asked)

    def refuse(self, status, detail, code=None):
        """As the collector says it; without a code by what it says of a report."""
        said = {400: "malformed_json", 409: "conflicting_report", 413: "body_too_large", 422: "invalid_report"}
        self.answers.append(problem(status, code or said.get(status, "x"), detail))

    def answer_as_proxy(self, status, page="<html><body>nginx</body></html>"):
        self.answers.append((status, "text/html", page.encode()))

    @property
    def reports(self):
        return [report for _, _, report in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:  # as a program's end ends them, those that are kept open too
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.thread.join()


class StandingBy(StandIn):
    """A stand-in for a collector that leaves all but its health to the one that judges, as PROTOCOL.md has it."""

    def answer(self, report, headers):
        return problem(503, "not_the_judge", "another collector judges")

    def get(self, path):
        return super().get(path) if path == "/livez" else self.answer(None, None)

    def enroll(self, asked):
        self.enrolments.append(asked)
        return self.answer(None, None)


class Running:
    """`mtawatch-agent run` in the background, with its messages."""

    def __init__(self, state, *arguments, within=()):
        self.process = subprocess.Popen(
            [*within, str(AGENT), "run", "--state-dir", str(state), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=searched_for_leaks())
        self.messages = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.messages.append(line)

    def says(self, words):
        return sum(words in line for line in self.messages)

    def stop(self):
        """Ends it; returns the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        took = time.monotonic() - begun
        self.reader.join()
        assert self.process.stdout.read() == ""
        self.process.stdout.close()
        self.process.stderr.close()
        assert code == 0, "".join(self.messages)
        return took

    def stop_in_time(self):
        """Ends it, and holds it to its promise."""
        expect_within(ENDS_WITHIN, self.stop, start_of_an_agent)


@contextlib.contextmanager
def running(state, *arguments, **options):
    agent = Running(state, *arguments, **options)
    try:
        yield agent
    finally:
        if agent.process.returncode is None:
            agent.stop()


def start_of_an_agent():
    """The seconds that an agent takes now that has nothing to do."""
    begun = time.monotonic()
    subprocess.run([AGENT, "--version"], check=True, capture_output=True, timeout=60)
    return time.monotonic() - begun


def expect_within(seconds, act, start):
    """`act` takes no longer than `seconds`; a busy machine may take from it what it takes from a program
    that has nothing to do, whose time `start` measures. Both give seconds."""
    took = act()
    if took < seconds:
        return
    limit = seconds + 4 * max(start() for _ in range(6))
    assert took < limit, f"{took:.2f} s, and {limit:.2f} s were allowed"
