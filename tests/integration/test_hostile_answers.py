"""Collectors that mean no good, to the agent and to the terminal's commands: whatever they answer, the program
ends in its time, says what is wrong, keeps its memory, believes nothing, and steers no terminal.

MTAWATCH_HOSTILE=long: every command of the terminal."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

import pytest
from agent_rig import AGENT
from running import PROGRAM

SECRET = "mtw_e" + "5" * 64
LIMIT_S = 300  # of a program's whole run, on a busy machine
# With AddressSanitizer; the terminal takes answers of 256 MB (API_CLIENT_MAX_ANSWER), twice while they grow.
AGENT_KB, TERMINAL_KB = 128 * 1024, 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def closes(peer, _):
    peer.close()


def endless_head(peer, _):
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.sendall(b"X: " + b"y" * 4000 + b"\r\n")


def endless_status_line(peer, _):
    while True:
        peer.sendall(b"HTTP/1.1 200 " + b"y" * 65536)


def endless_body(peer, _):
    peer.sendall(OK + b"\r\n")
    while True:
        peer.sendall(b" " * 65536)


def endless_chunks(peer, _):
    peer.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        peer.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def promises_more_than_there_is(peer, _):
    peer.sendall(OK + b"Content-Length: 99999999999\r\n\r\n{")


def length_that_is_none(peer, _):
    peer.sendall(OK + b"Content-Length: -1\r\n\r\n{}")


def no_http(peer, _):
    peer.sendall(b"\x00\xff220 mail.example.com ESMTP\r\n" * 100)


def escapes(peer, _):
    body = json.dumps({"title": "\x1b]0;owned\x07", "detail": "\x1b[2J\u202eevil\x9b31m", "code": "\x1b[31m"}).encode()
    peer.sendall(b"HTTP/1.1 403 \x1b[2Jno\r\nContent-Type: application/problem+json\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)


def deep(peer, _):
    body = b"[" * 500000
    peer.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def wrong_types(peer, _):
    body = b'{"verdict":{"a":[1e999]},"peers":"x","interval_s":-5,"servers":{"a":1},"id":[],"alerts":7,"next":5}'
    peer.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def many_peers(peer, _):
    rows = [{"name": f"P{i}", "addresses": [f"8.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"]} for i in range(20000)]
    body = json.dumps({"verdict": "clear", "interval_s": 1, "peers": rows}).encode()
    peer.sendall(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def sends_elsewhere(peer, elsewhere):
    peer.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % elsewhere)


def asks_for_a_login(peer, _):
    peer.sendall(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"" + b"x" * 9000 + b"\"\r\n"
                 b"Content-Length: 0\r\n\r\n")


def a_thousand_interim_answers(peer, _):
    while True:
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def packed(peer, _):
    peer.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x08\x00\x00")


KINDS = [closes, endless_head, endless_status_line, endless_body, endless_chunks, promises_more_than_there_is,
         length_that_is_none, no_http, escapes, deep, wrong_types, many_peers, sends_elsewhere, asks_for_a_login,
         a_thousand_interim_answers, packed]


class Server:
    """Takes requests whole; enrols everybody where `enrols`, and is `kind` to all else."""

    def __init__(self, kind, enrols=False):
        self.kind, self.enrols, self.elsewhere_visits = kind, enrols, 0
        self.socket, self.elsewhere = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._run, args=(self.socket, self._serve), daemon=True).start()
        threading.Thread(target=self._run, args=(self.elsewhere, self._note), daemon=True).start()

    def _run(self, where, serve):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(where.accept()[0],), daemon=True).start()

    def _note(self, peer):
        self.elsewhere_visits += 1
        peer.close()

    def _serve(self, peer):
        with peer, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += peer.recv(65536) or closes(peer, 0) or b"\r\n\r\n"
            head, _, body = head.partition(b"\r\n\r\n")
            size = int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1])
            while len(body) < size:
                body += peer.recv(65536) or b" " * size
            if self.enrols and b" /v1/enroll " in head:
                body = b'{"id":"00000000-0000-4000-8000-000000000001"}'
                peer.sendall(OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                return
            self.kind(peer, self.elsewhere.getsockname()[1])
            time.sleep(0.2)

    def close(self):
        for one in (self.socket, self.elsewhere):
            one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextlib.contextmanager
def served(kind, **settings):
    server = Server(kind, **settings)
    try:
        yield server
    finally:
        server.close()


# Runs what follows and says, on a line of its own, how much memory it took.
MEASURED = [sys.executable, "-c", "import resource, subprocess, sys; "
            "r = subprocess.run(sys.argv[1:]).returncode; "
            "print('\\npeak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(r & 255)"]


def run(most_kb, *words):
    ended = subprocess.run([*MEASURED, *map(str, words)], capture_output=True, timeout=LIMIT_S)
    said = (ended.stdout + ended.stderr).decode("utf-8", "surrogateescape")
    assert "Sanitizer" not in said and "runtime error" not in said, said
    peak = int(re.search(r"^peak (\d+)$", said, re.MULTILINE)[1])
    assert peak < most_kb, (peak, said[:500])
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said), repr(said[:800])
    return ended.returncode, said


LONG = os.environ.get("MTAWATCH_HOSTILE") == "long"
COMMANDS = ["servers", "import", "server", "alerts", "matrix", "report"] if LONG else ["servers"]
# many_peers could be an answer; what endless_body tries, endless_chunks does
TO_THE_TERMINAL = [kind for kind in KINDS if kind is not many_peers and (LONG or kind is not endless_body)]
OPERANDS = {"import": ["{report}"], "server": ["EXCH1"], "matrix": ["ACME", "HQ"], "report": ["--site", "ACME/HQ"]}


@pytest.mark.parametrize("kind", TO_THE_TERMINAL)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_terminal_says_what_is_wrong(tmp_path, kind, command):
    token, report = tmp_path / "token", tmp_path / "report"
    report.write_text('{"schema":"mtawatch.report/1"}')
    token.write_text("mtw_v" + "6" * 64 + "\n")
    token.chmod(0o600)
    words = [word.format(report=report) for word in OPERANDS.get(command, [])]
    with served(kind) as server:
        status, said = run(TERMINAL_KB, PROGRAM, command, *words, "--url", f"http://127.0.0.1:{server.port}",
                           "--token-file", token)
        assert status not in (0, 3) and "mtawatch-collector: " in said, said
        assert server.elsewhere_visits == 0, "the token's request was sent elsewhere"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("enrols", [False, True], ids=["at enrolment", "at a report"])
def test_the_agent_keeps_its_report_and_says_why(tmp_path, kind, enrols):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    with served(kind, enrols=enrols) as server:
        status, said = run(AGENT_KB, AGENT, "run", "--once", "--collector", f"http://127.0.0.1:{server.port}", "--state-dir",
                           tmp_path / "state", "--enroll-secret-file", secret)
        assert server.elsewhere_visits == 0, "key or secret was sent elsewhere"
    assert secret.exists() != enrols  # it is gone once it was used, and not before
    if kind is not many_peers or not enrols:
        assert status == 2 and ("error" in said or "warning" in said), said
