"""A TCP proxy between a collector and a database, for faults of the network: it stalls, cuts, holds, loses answers."""

import contextlib
import select
import socket
import struct
import threading
import time

from ports import free_port

PAUSE_S = 0.02
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is thrown away, and the peer is told


class Wire:
    """Leads to a unix socket. While it is `stalled` nothing passes; while it is `deaf` nothing comes back, and what
    came meanwhile is lost with its connection. `filter`, a function of what comes back, is made for each connection.
    What has `holds` in it stays here, and its connection stalls, until `holds` is None; `held`: there is some."""

    def __init__(self, target, filter=lambda: lambda data: data):
        self.target, self.filter = target, filter
        self.port = free_port()
        self.stalled = self.deaf = False
        self.holds = None
        self.held = False
        self.listener = None
        self.sockets = set()
        self.lock = threading.Lock()
        self.open()

    def open(self):
        if not self.listener:
            self.listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def close(self):
        """As where no machine is: whoever connects is refused."""
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        self.cut()

    def cut(self):
        """Ends all connections, in the midst of whatever they carry."""
        with self.lock:
            for one in self.sockets:
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    one.shutdown(socket.SHUT_RDWR)
        self.stalled = self.deaf = False

    @contextlib.contextmanager
    def holding(self, what):
        self.holds = what
        try:
            yield
        finally:
            self.holds = None

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        server = socket.socket(socket.AF_UNIX)
        with self.lock:
            self.sockets |= {client, server}
        with contextlib.suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.connect(str(self.target))
            self._pump(client, server)
        with self.lock:
            self.sockets -= {client, server}
        for one in (client, server):
            one.close()

    def _pump(self, client, server):
        clean = self.filter()
        while True:
            readable, _, _ = select.select([client] if self.deaf else [client, server], [], [], PAUSE_S)
            while self.stalled:
                time.sleep(PAUSE_S)
            for source in readable:
                if source is server and self.deaf:
                    continue
                data = source.recv(65536)
                if not data:
                    return
                if source is client:
                    while self.holds and self.holds in data:
                        self.held = True
                        time.sleep(PAUSE_S)
                    self.held = False
                    server.sendall(data)
                else:
                    client.sendall(clean(data))


class WithoutWarnings:
    """Takes the messages of severity WARNING out of what a PostgreSQL server says (its protocol 3.0: NoticeResponse).
    It knows no TLS."""

    def __init__(self):
        self.rest = b""

    def __call__(self, data):
        self.rest += data
        passed = b""
        while len(self.rest) >= 5:
            end = 1 + int.from_bytes(self.rest[1:5], "big")
            if len(self.rest) < end:
                break
            message, self.rest = self.rest[:end], self.rest[end:]
            if not (message[:1] == b"N" and b"VWARNING\0" in message):
                passed += message
        return passed
