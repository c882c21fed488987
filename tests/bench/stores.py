"""What the store costs in each engine, by bench_store: both in turn, and the embedded one of an earlier build beside."""

import os
import statistics
import subprocess

import load

REPORTS = 20_000
WAITING = 64
MAX_OF_EMBEDDED, MAX_OF_DATABASE, MIN_RATE, MAX_OF_BEFORE = 0.6, 1.0, 0.8, 1.03
FIRST_LATER_ROUND = 2  # reports that are stored as what differs

# As docs/postgresql.md has them.
SETTINGS = {"wal_compression": "pglz", "checkpoint_timeout": "30min", "max_wal_size": "8GB"}


def program(build):
    return os.path.join(build, "tests/bench/bench_store")


def run(build, folder, rounds, server=None):
    """Of each later round: (CPU us a report, reports/s, the database's CPU us a report)."""
    environment = {name: value for name, value in os.environ.items() if name != "MTAWATCH_TEST_STORE"}
    if server:
        environment["MTAWATCH_TEST_STORE"] = server.make_database()
    found, before = [], 0
    with subprocess.Popen([program(build), str(REPORTS), str(rounds + 1), folder, str(WAITING)], text=True,
                          stdout=subprocess.PIPE, env=environment) as process:
        for line in process.stdout:
            words = line.split()
            if not words[0].isdigit():
                continue
            used = load.database_cpu_us(server) if server else 0
            if int(words[0]) >= FIRST_LATER_ROUND:
                found.append((float(words[2]), float(words[1]), (used - before) / REPORTS))
            before = used
    if process.returncode != 0 or len(found) != rounds:
        raise RuntimeError(f"{program(build)} failed: {process.returncode}")
    return found


class Engines:
    """What each has cost in each round."""

    def __init__(self, folder, server, before):
        build = os.environ["MTAWATCH_BUILD"]
        self.of = {"embedded": lambda: run(build, folder, 2)}
        if server:
            self.of["PostgreSQL"] = lambda: run(build, folder, 2, server)
        if before:
            self.of["embedded, before"] = lambda: run(before, folder, 2)
        self.found = {name: [] for name in self.of}

    def round(self):
        for name, measure in self.of.items():
            self.found[name] += measure()

    def median(self, name, place):
        return statistics.median(figure[place] for figure in self.found[name])

    def ratio(self, name, place, of_name, of_place):
        ratios = [a[place] / b[of_place] for a, b in zip(self.found[name], self.found[of_name])]
        return statistics.median(ratios), f"({min(ratios):.2f} to {max(ratios):.2f})"


def measure(folder, server, before, rounds, tell):
    """`server`, a PostgreSQL, and `before`, an earlier build, may be None."""
    engines = Engines(folder, server, before)
    for _ in range(rounds):
        engines.round()
    for name in engines.of:
        tell(f"storing a report, {name}", engines.median(name, 0), "us", note=f"{engines.median(name, 1):,.0f}/s")
    if server:
        tell("the database's share of it", engines.median("PostgreSQL", 2), "us")
        ratio, spread = engines.ratio("PostgreSQL", 0, "embedded", 0)
        tell("storing a report, PostgreSQL / embedded", ratio, at_most=MAX_OF_EMBEDDED, note=spread)
        ratio, spread = engines.ratio("PostgreSQL", 2, "embedded", 0)
        tell("the database's share / storing it embedded", ratio, at_most=MAX_OF_DATABASE, note=spread)
        ratio, spread = engines.ratio("PostgreSQL", 1, "embedded", 1)
        tell("reports a second, PostgreSQL / embedded", ratio, at_least=MIN_RATE, note=spread)
    if before:
        ratio, spread = engines.ratio("embedded", 0, "embedded, before", 0)
        tell("storing a report, embedded / before", ratio, at_most=MAX_OF_BEFORE, note=spread)
