"""Clients that mean no good, many at a time, and always back again when they are thrown out."""

import contextlib
import random
import socket
import ssl
import threading
import time

TICK_S = 0.25  # between two bytes of a slow one
READS_EACH_S = 9
HEAD = b"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"


class Hostile:
    """One of them, who has not come yet. `what` it does is one of KINDS or KINDS_WITH_A_KEY; those send `report`,
    a request with the key of an agent."""

    def __init__(self, what, source, port, context, patience=20, report=b""):
        self.patience = patience
        self.report = report
        self.what, self.source, self.port, self.context = what, source, port, context
        self.peer = None
        self.reads_at = 0

    def come(self):
        self.peer = socket.socket()
        if self.what == "reads slowly":
            self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.peer.settimeout(self.patience)
        self.peer.bind((self.source, 0))
        self.peer.connect(("127.0.0.1", self.port))
        getattr(self, "begin_" + self.what.replace(" ", "_"))()
        self.peer.setblocking(False)

    def shake(self):
        self.peer = self.context.wrap_socket(self.peer, server_hostname="127.0.0.1")

    def begin_sends_its_head_slowly(self):
        self.shake()
        self.peer.sendall(b"GET /livez HTTP/1.1\r\nX: ")

    def begin_sends_its_body_slowly(self):
        self.shake()
        self.peer.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n{")

    def begin_reads_slowly(self):
        self.shake()
        self.peer.sendall(b"GET /style.css HTTP/1.1\r\nHost: c\r\n\r\n" * 200)

    def begin_leaves_the_handshake_halfway(self):
        out = ssl.MemoryBIO()
        client = self.context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="127.0.0.1")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = out.read()
        self.peer.sendall(hello if random.random() < 0.5 else hello[:len(hello) // 2])

    def begin_idles(self):
        self.shake()

    def begin_idles_with_a_key(self):
        """As one whom the collector knows from then on."""
        self.shake()
        self.peer.sendall(self.report)
        answer = self.peer.recv(65536)
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 429", b"HTTP/1.1 503")):
            raise ConnectionResetError(f"the report was answered with {answer[:80]!r}")

    def begin_never_begins(self):
        pass

    def begin_sends_half_a_record(self):
        """All but the last byte of the largest one."""
        incoming, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = self.context.wrap_bio(incoming, out, server_hostname="127.0.0.1")
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.peer.sendall(out.read())
                incoming.write(self.peer.recv(65536))
        self.peer.sendall(out.read())
        client.write(b"x" * 16384)
        self.peer.sendall(out.read()[:-1])

    def begin_asks_on_without_reading(self):
        """More requests than are read of who does not take the answers."""
        self.shake()
        self.peer.sendall(b"GET /style.css HTTP/1.1\r\nHost: c\r\nAccept-Encoding: identity\r\n\r\n" * 1500)

    def begin_talks_nonsense(self):
        self.peer.sendall(b"\x16\x03\x01" + random.randbytes(60))

    def nudge(self):
        """A byte more, in the direction in which it is slow."""
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if self.what in ("sends its head slowly", "sends its body slowly"):
                self.peer.send(b"x")
            elif self.what == "reads slowly" and time.monotonic() >= self.reads_at:
                self.reads_at = time.monotonic() + READS_EACH_S
                self.peer.recv(1)

    def tick(self):
        """A little more of it; comes back if it was thrown out."""
        try:
            if self.what == "talks nonsense" and self.peer.recv(4096) == b"":
                raise ConnectionResetError
            self.nudge()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.peer.close()
            self.come()


KINDS = ["sends its head slowly", "sends its body slowly", "reads slowly", "leaves the handshake halfway",
         "talks nonsense", "idles", "never begins", "sends half a record",
         "asks on without reading"]
KINDS_WITH_A_KEY = ["idles with a key"]


class Crowd:
    """`n` of all kinds, from `sources`, on a thread of their own until the block ends."""

    def __init__(self, n, port, context, sources=10):
        self.members = [Hostile(KINDS[i % len(KINDS)], f"127.0.0.{2 + i // len(KINDS) % sources}", port, context)
                        for i in range(n)]
        for member in self.members:
            member.come()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        for member in self.members:
            member.peer.close()

    def _run(self):
        pause = TICK_S / len(self.members) * 10
        while not self.ending.is_set():
            for i, member in enumerate(self.members):
                member.tick()
                if i % 10 == 0:
                    time.sleep(pause)
                if self.ending.is_set():
                    return
