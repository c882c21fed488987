"""Endpoint mappers that mean no good, one an address, in a network namespace; the agent is in another. Run there
by test_hostile_mappers.py with the agent's program, its state directory and KINDS; prints what came of it as JSON.

The shapes of PDUs are those of C706, chapter 12, little-endian."""

import json
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

OURS = "10.77.0.1"
SECOND_LIMIT = 3  # of a probe
BIND, BIND_ACK, RESPONSE, FAULT = 11, 12, 2, 3
NDR = bytes.fromhex("045d888aeb1cc9119fe808002b10486002000000")
DREP = bytes([0x10, 0, 0, 0])
FIRST, LAST = 1, 2


def pdu(kind, body, call=1, flags=FIRST | LAST, length=None):
    size = 16 + len(body) if length is None else length
    return struct.pack("<BBBB4sHHI", 5, 0, kind, flags, DREP, size, 0, call) + body


def acknowledge(call=1, fragment=5840, address=b"135\0", results=1):
    body = struct.pack("<HHIH", fragment, fragment, 1, len(address)) + address
    body += b"\0" * (-len(body) % 4) + struct.pack("<BBH", results, 0, 0) + (struct.pack("<HH", 0, 0) + NDR) * results
    return pdu(BIND_ACK, body, call)


def respond(stub, call=2, flags=FIRST | LAST, hint=None):
    return pdu(RESPONSE, struct.pack("<IHH", len(stub) if hint is None else hint, 0, 0) + stub, call, flags)


def take(peer):
    """One PDU of the agent's: (kind, call), or OSError at the end."""
    head = b""
    while len(head) < 16:
        head += peer.recv(16 - len(head)) or end()
    size, rest = struct.unpack_from("<H", head, 8)[0], b""
    while len(rest) < size - 16:
        rest += peer.recv(size - 16 - len(rest)) or end()
    return head[2], struct.unpack_from("<I", head, 12)[0]


def end():
    raise OSError("the agent has gone")


def bound(peer):
    """Past a proper bind: the call number of the agent's question."""
    _, call = take(peer)
    peer.sendall(acknowledge(call))
    return take(peer)[1]


def closes_at_once(peer):
    peer.close()


def says_nothing(peer):
    peer.recv(1)
    time.sleep(60)


def drips(peer):
    for byte in acknowledge(take(peer)[1]):
        peer.sendall(bytes([byte]))
        time.sleep(0.2)
    time.sleep(60)


def never_ends(peer):
    take(peer)
    while True:
        peer.sendall(os.urandom(65536))


def nonsense(peer):
    take(peer)
    peer.sendall(os.urandom(4096))


def greeting_of_another_protocol(peer):
    peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 100)
    take(peer)


def fragment_of_no_length(peer):
    _, call = take(peer)
    peer.sendall(pdu(BIND_ACK, b"", call, length=0) * 1000)


def fragment_shorter_than_its_head(peer):
    _, call = take(peer)
    peer.sendall(pdu(BIND_ACK, b"x" * 64, call, length=15))


def largest_fragment_that_never_comes(peer):
    _, call = take(peer)
    peer.sendall(pdu(BIND_ACK, b"", call, length=65535))
    time.sleep(60)


def acknowledges_with_too_many_results(peer):
    _, call = take(peer)
    peer.sendall(acknowledge(call, results=255))
    take(peer)


def acknowledges_with_an_address_past_the_end(peer):
    _, call = take(peer)
    peer.sendall(pdu(BIND_ACK, struct.pack("<HHIH", 5840, 5840, 1, 65535) + b"135\0", call))
    take(peer)


def fragments_without_last(peer):
    call = bound(peer)
    first = FIRST
    while True:
        peer.sendall(respond(b"\0" * 4000, call, first, hint=2**32 - 1))
        first = 0


def promises_four_gigabytes(peer):
    peer.sendall(respond(struct.pack("<5sxxxI", b"\0" * 5, 2**32 - 1) * 8, bound(peer), hint=2**32 - 1))


def handle_and_towers(count, most, towers, status=0):
    """The stub of ept_map's answer (C706, appendix O)."""
    stub = b"\0" * 4 + b"\x11" * 16 + struct.pack("<IIII", count, most, 0, count)
    return stub + towers + struct.pack("<I", status)


def a_million_towers(peer):
    peer.sendall(respond(handle_and_towers(1000000, 1000000, b""), bound(peer)))


def pages_without_end(peer):
    """A handle that says each time that there is more."""
    call = bound(peer)
    while True:
        peer.sendall(respond(handle_and_towers(0, 4, b""), call))
        call = take(peer)[1]


def tower(address, port):
    interface = bytes.fromhex("30e88e9e5944ce11979b00aa005ffebe")

    def floor(left, right):
        return struct.pack("<H", len(left)) + left + struct.pack("<H", len(right)) + right

    floors = [floor(b"\x0d" + interface + struct.pack("<H", 2), b"\0\0"), floor(b"\x0d" + NDR[:16] + b"\2\0", b"\0\0"),
              floor(b"\x0b", b"\0\0"), floor(b"\x07", struct.pack(">H", port)),
              floor(b"\x09", socket.inet_aton(address))]
    text = struct.pack("<H", len(floors)) + b"".join(floors)
    return struct.pack("<III", 3, len(text), len(text)) + text + b"\0" * (-len(text) % 4)


def sends_it_to_another_machine(peer):
    """Its tower names a neighbour, which nobody named to the agent."""
    peer.sendall(respond(handle_and_towers(1, 4, tower(NEIGHBOUR, 445)), bound(peer)))
    take(peer)


def sends_it_to_another_service(peer):
    """Its tower names its own port 22, where something waits that is no MTA."""
    peer.sendall(respond(handle_and_towers(1, 4, tower(peer.getsockname()[0], 22)), bound(peer)))
    take(peer)


def faults(peer):
    peer.sendall(pdu(FAULT, struct.pack("<IHHII", 0, 0, 0, 0x1c010002, 0), bound(peer)) * 100)


def answers_another_call(peer):
    peer.sendall(respond(handle_and_towers(0, 4, b""), bound(peer) + 1000) * 1000)


KINDS = [closes_at_once, says_nothing, drips, never_ends, nonsense, greeting_of_another_protocol, fragment_of_no_length,
         fragment_shorter_than_its_head, largest_fragment_that_never_comes, acknowledges_with_too_many_results,
         acknowledges_with_an_address_past_the_end, fragments_without_last, promises_four_gigabytes, a_million_towers,
         pages_without_end, sends_it_to_another_machine, sends_it_to_another_service, faults, answers_another_call]
NEIGHBOUR = "10.77.0.250"


class Listener:
    """Counts who comes, and gives each to `serve`."""

    def __init__(self, address, port, serve):
        self.serve, self.visits = serve, 0
        self.socket = socket.create_server((address, port))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            peer, _ = self.socket.accept()
            self.visits += 1
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer):
        with peer:
            try:
                self.serve(peer)
            except OSError:
                pass


def network(mappers):
    """A wire to a namespace of the agent's; the words that enter it."""
    inside = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
    while os.readlink(f"/proc/{inside.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        time.sleep(0.01)
    enter = ["nsenter", "--target", str(inside.pid), "--net"]
    for words in ("ip link set lo up", f"ip link add lan type veth peer name lan netns {inside.pid}", "ip link set lan up",
                  *(f"ip addr add {address}/24 dev lan" for address in mappers)):
        subprocess.run(words.split(), check=True)
    for words in ("ip link set lo up", f"ip addr add {OURS}/24 dev lan", "ip link set lan up"):
        subprocess.run([*enter, *words.split()], check=True)
    return inside, enter


def main(agent, state, names):
    kinds = [kind for kind in KINDS if kind.__name__ in names]
    addresses = [f"10.77.0.{10 + i}" for i in range(len(kinds))]
    inside, enter = network([NEIGHBOUR, *addresses])
    mappers = [Listener(address, 135, kind) for address, kind in zip(addresses, kinds)]
    nobody = [Listener(NEIGHBOUR, 445, says_nothing), Listener(NEIGHBOUR, 135, says_nothing)]
    others = [Listener(address, 22, greeting_of_another_protocol) for address in addresses]
    peers = [word for address, kind in zip(addresses, kinds)
             for word in ("--peer", f"{kind.__name__.replace('_', '-')}={address}")]
    began = time.monotonic()
    asked = subprocess.run([*enter, agent, "report", "--state-dir", state, "--probe-limit", str(SECOND_LIMIT), *peers],
                           capture_output=True, text=True, timeout=300)
    print(json.dumps({
        "seconds": time.monotonic() - began, "status": asked.returncode, "out": asked.stdout, "errors": asked.stderr,
        "memory_kb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, "visits": [m.visits for m in mappers],
        "neighbour": [n.visits for n in nobody], "others": [o.visits for o in others]}))
    sys.stdout.flush()
    inside.kill()
    os._exit(0)  # with the threads that still send


if __name__ == "__main__":
    main(*sys.argv[1:3], sys.argv[3:])
