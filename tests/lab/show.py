"""Shows the laboratory: a site whose EXCH2 hangs on another LAN, watched by mtawatch, until Ctrl-C.

python3 tests/lab/show.py [--port N]; scripts/run --lab calls it. Takes root.
"""

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.fleet import Fleet  # noqa: E402
from lab.network import end_session  # noqa: E402
from lab.site import Site  # noqa: E402

RELAY = Path(__file__).with_name("relay.py")


def start_relay(fleet, port):
    """Makes the collector's page reachable on this machine's loopback."""
    socket = fleet.folder / "collector.sock"
    inner = fleet.url.removeprefix("http://")
    fleet.start_program(fleet.site.collector, "relay", ["/usr/bin/python3", RELAY, socket, inner])
    return subprocess.Popen(["/usr/bin/python3", RELAY, f"127.0.0.1:{port}", socket],
                            start_new_session=True)


def tell(site, fleet, port):
    print(f"""The laboratory runs: EXCH1, EXCH2, EXCH3 on one LAN, EXCH2 also on another.
Dashboard: http://127.0.0.1:{port}/
Log in with: {fleet.token}
Try, as root in another terminal:
  ip -n {site.exch2.ns} link set eth1 down; ip -n {site.exch2.ns} addr flush dev eth1
  ip -n {site.exch2.ns} addr add 10.99.0.12/24 dev eth1; ip -n {site.exch2.ns} link set eth1 up
Ctrl-C ends it.""", flush=True)


def follow(fleet, relay):
    """Prints each change of a verdict."""
    known = {}
    while relay.poll() is None:
        for name, server in fleet.servers().items():
            if known.get(name) != server["verdict"]:
                known[name] = server["verdict"]
                why = server["reasons"][0]["text"] if server["reasons"] else ""
                print(f"{time.strftime('%H:%M:%S')} {name}: {server['verdict']}. {why}", flush=True)
        time.sleep(1)
    raise RuntimeError("the relay ended; is the port taken? (--port N chooses another)")


def show(port):
    with Site() as site:
        site.start()
        fleet = Fleet(site)
        fleet.start()
        relay = start_relay(fleet, port)
        try:
            tell(site, fleet, port)
            follow(fleet, relay)
        finally:
            end_session(relay)


def main():
    parser = argparse.ArgumentParser(prog="show.py", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8285, help="on 127.0.0.1 (%(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        show(options.port)
    except KeyboardInterrupt:
        pass
    except (RuntimeError, PermissionError) as failure:
        sys.exit(f"show.py: {failure}")


if __name__ == "__main__":
    main()
