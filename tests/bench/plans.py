"""What a what-if and a plan cost at a site of 500 servers, over HTTP and in the collector's processor time."""

import contextlib
import json
import statistics
import threading
import time

import load
from running import JSON, Collector, row, server

SERVERS = 500
PEERS = 16  # that each of them probes
DENSE = 250  # servers of a site where each probes all others
MAX_WHAT_IF_MS = 20
MAX_HELD_UP_MS = 100  # who asks for a history while a long plan is made


def name(number):
    return f"MX{number % SERVERS:04}"


def address(network, number):
    number %= SERVERS
    return f"10.{network}.{number // 250}.{number % 250 + 1}"


def rows(number, adapter, network, grade):
    return [{**row(adapter, name(number + k), address(network, number), address(0, number + k), grade), "via": adapter,
             **({"error": "timeout"} if grade == "none" else {})} for k in range(1, PEERS + 1)]


def site(cut_off_every=50):
    """Each has a second adapter; of some it hangs on another LAN."""
    for number in range(SERVERS):
        cut_off = number % cut_off_every == 0
        yield server(name(number), address(0, number),
                     rows(number, "A", 0, "mta") + rows(number, "B", 9, "none" if cut_off else "mta"),
                     second=address(9, number))


def questions():
    yield "an adapter of one disabled", [{"action": "disable_adapter", "server": name(0), "adapter": "B"}]
    yield "an adapter that others rely on", [{"action": "disable_adapter", "server": name(1), "adapter": "A"}]
    yield "ten servers taken out", [{"action": "remove_server", "server": name(n)} for n in range(0, SERVERS, 50)]
    yield "a way to all 499 others", [{"action": "connect_adapter", "server": name(0), "adapter": "B"}]
    yield "the fix on ten", [{"action": "install_fix", "server": name(n)} for n in range(0, SERVERS, 50)]
    yield "the fix on all 500", [{"action": "install_fix", "server": name(n)} for n in range(SERVERS)]


def ask_often(collector, changes, n=20):
    body = json.dumps({"changes": changes})
    times = []
    with contextlib.closing(collector.connect(identified=False)) as connection:
        headers = {**JSON, "Authorization": f"Bearer {collector.token}"}
        before = load.cpu_us(collector.process.pid)
        for _ in range(n):
            began = time.monotonic()
            connection.request("POST", "/v1/sites/ACME/HQ/what-if", body, headers)
            answer = connection.getresponse()
            text = answer.read()
            times.append((time.monotonic() - began) * 1000)
            assert answer.status == 200, text
        return statistics.median(times), (load.cpu_us(collector.process.pid) - before) / n / 1000


def plan(collector):
    before, began = load.cpu_us(collector.process.pid), time.monotonic()
    found = collector.get("/v1/sites/ACME/HQ/plan")
    took_ms = (time.monotonic() - began) * 1000
    return found, took_ms, (load.cpu_us(collector.process.pid) - before) / 1000


def dense_site():
    """Everybody probes everybody, and every second adapter hangs on another LAN."""
    for number in range(DENSE):
        probes = [{**row(adapter, name(k), address(network, number), address(0, k), grade), "via": adapter,
                   **({"error": "timeout"} if grade == "none" else {})}
                  for adapter, network, grade in (("A", 0, "mta"), ("B", 9, "none"))
                  for k in range(DENSE) if k != number]
        yield server(name(number), address(0, number), probes, second=address(9, number))


def plan_while_others_read(collector):
    """(the plan, how long it took, the longest that a history took meanwhile), in milliseconds."""
    made = []
    maker = threading.Thread(target=lambda: made.append(plan(collector)))
    longest = 0
    maker.start()
    while maker.is_alive():
        began = time.monotonic()
        collector.get(f"/v1/servers/{name(0)}/history")
        longest = max(longest, (time.monotonic() - began) * 1000)
        time.sleep(0.01)
    maker.join()
    return made[0][0], made[0][1], longest


def measure(folder, tell):
    with Collector(folder / "data") as collector:
        for report in site():
            assert collector.post(report)[0] == 200
        for what, changes in questions():
            took_ms, cpu_ms = ask_often(collector, changes)
            tell(f"processor time of a what-if at {SERVERS} servers, {what}", cpu_ms, "ms", at_most=MAX_WHAT_IF_MS,
                 note=f"{took_ms:.1f} ms with client")
        found, took_ms, cpu_ms = plan(collector)
        assert found["exact"] and found["changes"] == SERVERS // 50
        tell(f"processor time of a plan for {found['changes']} of {SERVERS} servers, exact", cpu_ms, "ms",
             note=f"{took_ms:.0f} ms with client")
    with Collector(folder / "broken") as collector:
        for report in site(cut_off_every=1):
            assert collector.post(report)[0] == 200
        found, took_ms, cpu_ms = plan(collector)
        assert not found["exact"] and not found["left"]
        tell(f"processor time of a plan for all {SERVERS} servers, one by one", cpu_ms, "ms",
             note=f"{took_ms:.0f} ms with client")
    with Collector(folder / "dense") as collector:
        for report in dense_site():
            assert collector.post(report)[0] == 200
        found, took_ms, longest_ms = plan_while_others_read(collector)
        tell(f"a history while a plan for {DENSE} servers that probe each other is made", longest_ms, "ms",
             at_most=MAX_HELD_UP_MS, note=f"{took_ms:.0f} ms for the plan")
