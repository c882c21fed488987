"""What hooks keep to themselves: secrets that a receiver repeats, sockets, the way past a proxy; and what holds
up nobody: answers without end, pipes in the place of files."""

import base64
import json
import os
import socket
import subprocess
import threading
import time

import pytest
from hook_rig import PATIENCE, PROGRAM, Hooks, Silence, notification
from receiver import Receiver

TOKEN = "t0ken-of-the-pager"
PASSWORD = 'pass"word\\of us'
LOGIN = base64.b64encode(f"mtawatch:{PASSWORD}".encode()).decode()


@pytest.fixture
def hooks(tmp_path):
    return Hooks(tmp_path)


def expect_hidden(hooks, name, *secrets):
    (_, outcome, _, text), = hooks.send(notification(), name)
    shown = hooks.try_one(name).stdout
    assert outcome == "refused" and "(hidden)" in text and "HTTP status 400" in text
    for secret in secrets:
        assert secret not in text and secret not in shown, (text, shown)
    return shown


def test_a_token_that_a_receiver_repeats_is_struck_out(hooks):
    with Receiver(400, {"X-Heard": f"Bearer {TOKEN}"}, f"Bearer {TOKEN}? {TOKEN}!".encode()) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, token_file=hooks.secret("t", TOKEN))
        shown = expect_hidden(hooks, "ops", TOKEN)
    assert "< X-Heard: Bearer (hidden)" in shown and "Bearer (hidden)? (hidden)!" in shown


def test_a_login_that_a_receiver_repeats_is_struck_out_in_every_form(hooks):
    body = f"Basic {LOGIN} {json.dumps(PASSWORD)} {PASSWORD}".encode()
    with Receiver(400, {"X-Heard": f"Basic {LOGIN}"}, body) as receiver:
        hooks.add("ops", type="webhook", url=receiver.url, user="mtawatch", password_file=hooks.secret("p", PASSWORD))
        expect_hidden(hooks, "ops", PASSWORD, json.dumps(PASSWORD)[1:-1], LOGIN)


def test_what_is_a_token_in_a_url_is_struck_out(hooks):
    part, value = "T0123456789ABCDEFGH", "k3y-in-the-query"
    with Receiver(400, {"X-Heard": f"/services/{part}?key={value}"}, f"no {part} {value}".encode()) as receiver:
        hooks.add("ops", type="webhook", url=f"http://127.0.0.1:{receiver.port}/services/{part}?key={value}")
        expect_hidden(hooks, "ops", part, value)


def test_a_token_that_is_cut_at_the_end_of_a_line_leaves_no_half(hooks):
    for fill in range(380, 520, 4):
        with Receiver(400, {}, b"x" * fill + TOKEN.encode()) as receiver:
            hooks.config.write_text("")
            hooks.add("ops", type="webhook", url=receiver.url, token_file=hooks.secret("t", TOKEN))
            (*_, text), = hooks.send(notification(), "ops")
            assert TOKEN[:6] not in text


def faults(hooks):
    ended = subprocess.run([PROGRAM, "hook", "list", "--config", hooks.config], capture_output=True, text=True,
                           timeout=20)
    return ended.stderr if ended.returncode else ""


@pytest.mark.parametrize("login", ["token", "password"])
def test_a_secret_never_goes_in_clear_through_a_proxy(hooks, login):
    keys = {"token_file": hooks.secret("t", TOKEN)} if login == "token" else \
        {"user": "u", "password_file": hooks.secret("p", PASSWORD)}
    hooks.add("ops", type="webhook", url="http://127.0.0.1:1/", proxy="http://127.0.0.1:3128", **keys)
    assert "would go where others can read it" in faults(hooks)


def test_a_login_for_the_proxy_has_keys_of_its_own(hooks):
    from proxy import Proxy
    hooks.add("ops", type="webhook", url="https://127.0.0.1:1/", proxy="http://u:s3cret@127.0.0.1:3128")
    said = faults(hooks)
    assert "say proxy-user and proxy-password-file instead" in said and "s3cret" not in said
    proxy = Proxy()
    try:
        with Receiver() as receiver:
            hooks.config.write_text("")
            hooks.add("ops", type="webhook", url=receiver.url, proxy=proxy.url, proxy_user="u",
                      proxy_password_file=hooks.secret("p", PASSWORD))
            assert faults(hooks) == ""
            hooks.send(notification(), "ops")
            assert proxy.asked
    finally:
        proxy.close()


def test_no_proxy_of_the_environment_leads_past_no_proxy_of_ours(hooks, monkeypatch):
    from proxy import Proxy
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    proxy = Proxy()
    try:
        with Receiver() as receiver:
            hooks.add("ops", type="webhook", url=receiver.url, proxy=proxy.url)
            hooks.send(notification(), "ops")
            assert proxy.asked
    finally:
        proxy.close()


def test_a_command_gets_three_files_and_no_socket(hooks):
    program = hooks.folder / "look"
    program.write_text(f"#!/bin/sh\nsleep 1\nreadlink /proc/$$/fd/* > {hooks.folder}/fds\n"
                       f"echo /proc/$$/fd/* > {hooks.folder}/names\n")
    program.chmod(0o755)
    with Silence() as silence:
        for name in ("one", "two", "three"):
            hooks.add(name, type="webhook", url=f"http://127.0.0.1:{silence.port}/", time_limit="3s")
        hooks.add("mail", type="email", smtp=f"smtp://127.0.0.1:{silence.port}", time_limit="3s",
                  **{"from": "a@example.com"}, to="b@example.com")
        hooks.add("program", type="command", command=program)
        hooks.send(notification(), "one", "two", "mail", "program", "three")
    numbers = {int(name.rsplit("/", 1)[1]) for name in (hooks.folder / "names").read_text().split()}
    # The shell holds its script as number 10 or so.
    open_ones = (hooks.folder / "fds").read_text().split("\n")
    ours = [one for one in open_ones if one and str(program) not in one]
    assert len(ours) == 3 or len(numbers) == 3, (numbers, open_ones)


class Endless:
    """Answers each request by a head and bytes without end; counts them."""

    def __init__(self, head, block):
        self.head, self.block, self.sent = head, block, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()
        except OSError:
            return

    def _talk(self, peer):
        with peer:
            peer.recv(65536)
            try:
                peer.sendall(self.head)
                while self.sent < 1 << 31:
                    peer.sendall(self.block)
                    self.sent += len(self.block)
            except OSError:
                return

    def close(self):
        self.listener.close()


@pytest.mark.parametrize("head, block, outcome", [
    (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, "delivered"),
    (b"HTTP/1.1 500 no\r\n\r\n", b"x" * 65536, "retry"),
    (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 10000, "retry"),
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000, "retry")],
    ids=["body", "failure", "long head", "continue"])
def test_an_answer_without_end_ends_at_its_limit(hooks, head, block, outcome):
    endless = Endless(head, block)
    hooks.add("ops", type="webhook", url=f"http://127.0.0.1:{endless.port}/", time_limit="12s")
    began = time.monotonic()
    (_, got, _, text), = hooks.send(notification(), "ops")
    endless.close()
    assert got == outcome, text
    assert time.monotonic() - began < 5 and endless.sent < 32 << 20


@pytest.mark.parametrize("key", ["secret-file", "token-file", "password-file", "ca-file", "client-cert", "client-key",
                                 "proxy-password-file"])
@pytest.mark.parametrize("kind", ["pipe", "directory", "/dev/zero"])
def test_what_is_no_file_is_refused_and_not_waited_for(hooks, key, kind):
    path = "/dev/zero" if kind == "/dev/zero" else hooks.folder / "named"
    if kind == "pipe":
        os.mkfifo(path, 0o600)
    elif kind == "directory":
        path.mkdir()
    hooks.add("ops", type="webhook", url="https://127.0.0.1:1/", **{key: path})
    assert "it is no file, but a directory, a pipe or a device" in faults(hooks)


@pytest.mark.parametrize("option", ["--config", "--cert", "--key", "--client-ca"])
def test_a_pipe_for_a_file_of_serve_is_refused_and_not_waited_for(tmp_path, option):
    from certificates import Authority
    pair = Authority(tmp_path / "ca").sign_server()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    files = {"--cert": pair[0], "--key": pair[1], option: pipe}
    ended = subprocess.run([PROGRAM, "serve", "--check-config", "--data", tmp_path / "data",
                            *(word for pair in files.items() for word in pair)],
                           capture_output=True, text=True, timeout=PATIENCE / 3)
    assert ended.returncode != 0
    assert f"{pipe}: it is no file, but a directory, a pipe or a device" in ended.stderr
