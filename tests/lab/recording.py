"""What passes the adapters of a host, recorded and read by tshark.

    with Recording(host, "tcp port 135") as recording:
        ...
    recording.read("dcerpc", "dcerpc.opnum")
"""

import os
import signal
import subprocess
import time

# A port on which nobody listens (discard): a try to connect to it is the mark of the end.
MARK_PORT = 9
CONNECT = "import socket, sys; socket.socket().connect_ex((sys.argv[1], int(sys.argv[2])))"
LIMIT_S = 30


class Recording:
    """From `with` to its end, on the adapters of a host; the filter is one of pcap's."""

    def __init__(self, host, capture_filter, adapters=("eth0", "lo"), decode_as=()):
        self.host = host
        self.capture_filter = f"({capture_filter}) or tcp port {MARK_PORT}"
        self.adapters = adapters
        self.decode_as = [word for rule in decode_as for word in ("-d", rule)]
        self.file = host.network.folder / f"{host.name.lower()}-{time.monotonic_ns()}.pcapng"
        self.process = None

    def __enter__(self):
        adapters = [word for adapter in self.adapters for word in ("-i", adapter)]
        with self.log.open("wb") as log:
            self.process = self.host.popen(
                ["tshark", *adapters, "-f", self.capture_filter, "-w", self.file],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait(lambda: self.file.exists() and self.file.stat().st_size > 0)
        self.mark()
        return self

    def __exit__(self, *exception):
        if exception[0] is None:
            self.mark()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=LIMIT_S)

    @property
    def log(self):
        return self.file.with_suffix(".log")

    def wait(self, condition):
        until = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"tshark does not record: {self.log.read_text()}")
            time.sleep(0.05)

    def mark(self):
        """Connects from the host to itself until that is recorded, and all before it with it."""
        before = self.marks()

        def marked():
            self.host.run(["/usr/bin/python3", "-c", CONNECT, "127.0.0.1", MARK_PORT])
            return self.marks() > before

        self.wait(marked)

    def marks(self):
        """How many marks the file has; it may end within a packet, about which tshark complains."""
        return len(self.tshark(f"tcp.dstport == {MARK_PORT}", "frame.number").stdout.splitlines())

    def tshark(self, display_filter, *fields):
        words = [word for field in fields for word in ("-e", field)]
        return subprocess.run(
            ["tshark", "-r", self.file, *self.decode_as, "-Y", display_filter, "-T", "fields",
             *words], capture_output=True, text=True, timeout=LIMIT_S)

    def read(self, display_filter, *fields):
        """The fields of each packet that the filter lets pass, a list of words each."""
        done = self.tshark(display_filter, *fields)
        if done.returncode != 0:
            raise RuntimeError(f"tshark -Y '{display_filter}': {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]
