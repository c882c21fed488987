"""`truth`: plays scenarios whose truth is known, and says what the collector got wrong."""

import argparse
import concurrent.futures
import math
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from . import scenario, shrink
from .cluster import Cluster
from .stage import Stage, prepare
from .truth import Watcher
from .verify import Result, Verification


def play(one, folder=None):
    """The Result of a scenario."""
    with tempfile.TemporaryDirectory(prefix="mtawatch-truth-", dir=folder) as place:
        with (Stage if one.collectors == 1 else Cluster)(Path(place), one) as stage:
            watcher = Watcher()
            stage.play(watcher)
            return Verification(stage, watcher).run()


def percentile(values, share):
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)] if values else 0


class Figures:
    def __init__(self):
        self.n = 0
        self.faults = []
        self.early = []
        self.delays = []
        self.starts = Counter()

    def add(self, result):
        self.n += 1
        self.faults += result.faults
        self.early += result.early
        self.delays += result.delays
        self.starts.update(outcome for outcome, *_ in result.starts)

    def lines(self):
        kinds = Counter(fault.kind for fault in self.faults)
        yield f"{self.n} scenarios: {kinds['false']} false, {kinds['missed']} missed"
        yield (f"{len(self.early)} times a harmful verdict was early, for {percentile(self.early, 0.5):.2f} intervals (median), "
               f"{percentile(self.early, 1):.2f} (at most)")
        yield (f"{len(self.delays)} changes of a verdict, known after {percentile(self.delays, 0.5):.2f} intervals "
               f"(median), {percentile(self.delays, 0.95):.2f} (p95), {percentile(self.delays, 1):.2f} (at most)")
        yield "starts of an MTA: " + ", ".join(f"{n} {what}" for what, n in sorted(self.starts.items()))


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="simulator truth", description="Plays random fleets, and what is done to them, to a collector of its own, "
        "and holds all that it says against what is true.")
    parser.add_argument("--scenarios", metavar="N", type=int, default=20, help="how many (%(default)s)")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="of the first one; the next is S+1 (%(default)s)")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="so many at a time (%(default)s)")
    parser.add_argument("--collectors", metavar="N", type=int, default=1,
                        help="so many on one database, of which one judges (%(default)s)")
    parser.add_argument("--play", metavar="FILE", action="append", default=[], help="play this one instead")
    parser.add_argument("--failures", metavar="DIRECTORY", default="build/truth",
                        help="where what failed is written, shrunk (%(default)s)")
    parser.add_argument("--no-shrink", action="store_true", help="write it as it is")
    return parser.parse_args(arguments)


def keep(one, result, options):
    """Writes the smallest scenario that fails alike. Returns its file."""
    if not options.no_shrink:
        one = shrink.smallest(one, shrink.fails_alike(play, result))
    folder = Path(options.failures)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{one.seed}.json"
    file.write_text(one.text())
    return file


def main(arguments=None):
    options = parse(arguments)
    scenarios = [scenario.Scenario.read(file) for file in options.play] or [
        scenario.draw(seed, options.collectors) for seed in range(options.seed, options.seed + options.scenarios)]
    figures, began = Figures(), time.monotonic()
    with prepare(), concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        for one, result in zip(scenarios, pool.map(play, scenarios)):
            figures.add(result)
            if result.faults:
                print(f"scenario {one.seed}:", *(fault.line(one.interval_s * 1000) for fault in result.faults[:5]),
                      sep="\n  ")
                if not options.play:
                    print(f"  kept as {keep(one, result, options)}", flush=True)
            if figures.n % 50 == 0:
                print(f"after {time.monotonic() - began:.0f} s:", next(figures.lines()), flush=True)
    print(*figures.lines(), sep="\n")
    return 1 if figures.faults else 0


__all__ = ["Figures", "Result", "main", "play"]


if __name__ == "__main__":
    sys.exit(main())
