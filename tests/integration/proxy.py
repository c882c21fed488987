"""Proxies on the way of an agent or a hook: a stand-in, and tinyproxy, a real one."""

import base64
import contextlib
import os
import select
import socket
import socketserver
import subprocess
import threading
import time

TINYPROXY = os.environ.get("MTAWATCH_TINYPROXY")


class Proxy:
    """It does CONNECT on loopback, and nothing else. `asked` are the places that clients wanted to go
    to; with `refusal` (a status line's end) it lets nobody through, with `login` (user, password) only
    who gives these; `ways` are those to log in that it names."""

    def __init__(self, refusal=None, login=None, ways=('Basic realm="Corp"',)):
        self.asked = []
        expected = login and "Basic " + base64.b64encode(":".join(login).encode()).decode()
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                method, place, _ = self.rfile.readline().decode().split()
                head = {}
                while line := self.rfile.readline().strip():
                    name, _, value = line.decode().partition(": ")
                    head[name] = value
                self.rfile.read(int(head.get("Content-Length", 0)))
                proxy.asked.append((method, place))
                if login and head.get("Proxy-Authorization") != expected:
                    named = "".join(f"Proxy-Authenticate: {way}\r\n" for way in ways)
                    self.wfile.write(f"HTTP/1.1 407 Who\r\n{named}Content-Length: 0\r\n\r\n".encode())
                    return
                if refusal or method != "CONNECT":
                    self.wfile.write(f"HTTP/1.1 {refusal or '405 No'}\r\nContent-Length: 0\r\n\r\n"
                                     .encode())
                    return
                host, _, port = place.rpartition(":")
                with socket.create_connection((host, int(port)), timeout=10) as server:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    pump(self.connection, server)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def pump(one, other):
    """Carries bytes both ways until either side ends."""
    while True:
        readable, _, _ = select.select([one, other], [], [], 30)
        if not readable:
            return
        for source in readable:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)


class TinyProxy:
    """The real one, which asks for a user and a password of letters and digits."""

    def __init__(self, folder, user, password):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "tinyproxy.log"
        (folder / "tinyproxy.conf").write_text(
            f'Port {port}\nListen 127.0.0.1\nMaxClients 20\nTimeout 60\nLogFile "{self.log}"\n'
            f"LogLevel Info\nBasicAuth {user} {password}\n")
        self.process = subprocess.Popen([TINYPROXY, "-d", "-c", folder / "tinyproxy.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=60)
