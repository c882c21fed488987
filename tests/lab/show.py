"""Shows the laboratory: two Exchange sites of eight servers, watched by mtawatch, in which things can be broken.

python3 tests/lab/show.py [--port N] [--no-windows]; scripts/run --lab calls it. Takes root.
"""

import argparse
import contextlib
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.breakages import breakages  # noqa: E402
from lab.fleet import Fleet  # noqa: E402
from lab.network import WINE, end_session  # noqa: E402
from lab.two_sites import TwoSites  # noqa: E402

RELAY = Path(__file__).with_name("relay.py")
WINDOWS = ("N3", "N4", "S1")

SERVERS = {
    "N1": ("one adapter", "clear"),
    "N2": ("a second adapter on a LAN behind the router; what it sends goes out by the first", "at risk"),
    "N3": ("a second adapter on a LAN where nobody else is; what it reaches, the first reaches for it", "at risk"),
    "N4": ("one adapter; all settings of its agent are policies", "clear"),
    "N5": ("a second adapter, the heartbeat to N6, on which there is nobody else", "at risk"),
    "N6": ("a second adapter, the heartbeat to N5", "at risk"),
    "S1": ("one adapter", "clear"),
    "S2": ("one adapter", "clear"),
}


def start_relay(fleet, port):
    """Makes the collector's page reachable on this machine's loopback."""
    socket = fleet.folder / "collector.sock"
    inner = fleet.url.removeprefix("http://")
    fleet.start_program(fleet.site.collector, "relay", ["/usr/bin/python3", RELAY, socket, inner])
    return subprocess.Popen(["/usr/bin/python3", RELAY, f"127.0.0.1:{port}", socket],
                            start_new_session=True)


def system_of(fleet, name):
    if name in fleet.installed:
        return "Windows, MSI"
    return "Windows" if name in fleet.windows else "Linux"


def tell(fleet, port, things):
    print("\nEach server is a network namespace with an endpoint mapper and an agent; site NORTH:")
    for name, (what, verdict) in SERVERS.items():
        if name == "S1":
            print("Site SOUTH, behind a router:")
        print(f"  {name}  {system_of(fleet, name):13} {verdict:8} {what}")
    print(f"""
  The dashboard:  http://127.0.0.1:{port}/
  Log in with:    {fleet.token}

Type a number and Enter, and it is done; the same number takes it back. It takes up to a minute to be seen.""")
    for number, thing in enumerate(things, start=1):
        print(f"  {number}  {thing.what}\n     -> {thing.seen}")
    hosts = fleet.site.hosts
    print(f"""
Or do it yourself, as root in another terminal: the namespaces are {hosts['N1'].ns}, and so on
  (ip netns exec {hosts['N1'].ns} ip address); logs and disks are in {fleet.folder}
Ctrl-C ends it all.
""", flush=True)


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Changes:
    """Prints what has changed since the last look: what is known of each server, and which settings N4 has."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.known = {}
        self.settings = 0

    def look(self):
        for name, server in self.fleet.servers().items():
            stands = server["verdict"].replace("_", " "), server["silent"]
            if self.known.get(name) != stands:
                self.known[name] = stands
                self.tell(name, server, *stands)
        log = self.fleet.log("N4")
        changed = [line for line in log.read_text().splitlines() if "the setting" in line] if log.exists() else []
        for line in changed[self.settings:]:
            say(f"N4's log: {line.partition('info: ')[2]}")
        self.settings = len(changed)

    def tell(self, name, server, verdict, silent):
        why = server["reasons"][0]["text"].partition(". ")[0] if server["reasons"] else ""
        say(f"{name}: {'silent; known last: ' if silent else ''}{verdict}. {why}")


class Hands:
    """Does what is typed, and takes it back."""

    def __init__(self, things):
        self.things = things
        self.done = set()

    def obey(self, line):
        word = line.strip()
        if not word.isdecimal() or not 0 < int(word) <= len(self.things):
            say(f"there is no '{word}': type a number from 1 to {len(self.things)}")
            return
        number = int(word)
        thing = self.things[number - 1]
        if number in self.done:
            thing.mend()
            say(f"TAKEN BACK: {thing.what}")
        else:
            thing.make()
            say(f"DONE: {thing.what}; watch for: {thing.seen}")
        self.done ^= {number}


def what_is_typed():
    """A queue of lines."""
    lines = queue.SimpleQueue()
    threading.Thread(target=lambda: [lines.put(line) for line in sys.stdin], daemon=True).start()
    return lines


def follow(fleet, relay, things):
    changes, hands, lines = Changes(fleet), Hands(things), what_is_typed()
    while relay.poll() is None:
        changes.look()
        with contextlib.suppress(queue.Empty):
            hands.obey(lines.get(timeout=1))
    raise RuntimeError("the relay ended; is the port taken? (--port N chooses another)")


def show(port, windows):
    with TwoSites() as site:
        site.start()
        fleet = Fleet(site, windows=windows, installed=("N4",) if windows else (), governed=("N4",))
        say("the servers start" + ("; a Windows for each of " + ", ".join(windows) if windows else ""))
        fleet.start()
        relay = start_relay(fleet, port)
        try:
            things = breakages(fleet)
            tell(fleet, port, things)
            follow(fleet, relay, things)
        finally:
            end_session(relay)


def main():
    parser = argparse.ArgumentParser(prog="show.py", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8285, help="on 127.0.0.1 (%(default)s)")
    parser.add_argument("--no-windows", action="store_true", help="all agents are the Linux program")
    options = parser.parse_args()
    windows = () if options.no_windows or subprocess.run([WINE, "--check"]).returncode else WINDOWS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        show(options.port, windows)
    except KeyboardInterrupt:
        pass
    except (RuntimeError, PermissionError) as failure:
        sys.exit(f"show.py: {failure}")


if __name__ == "__main__":
    main()
