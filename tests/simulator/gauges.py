"""What a collector takes of its machine, looked at from outside, again and again; and whether that grows."""

import contextlib
import re
import sqlite3
import statistics
import struct
from pathlib import Path

LAG_MS = 10
# Tables of what is kept for longer than any of these runs takes, or in numbers that it does not reach: in a server's row
# what drifted stands for a week.
LONG_KEPT = ("history", "alert", "delivery", "trend", "audit", "server")
# Growth that is none, in an hour of a soak: a share of what there is, and so much besides.
NONE = {"rss_kb": (0.02, 1024), "own_kb": (0.03, 0), "files": (0, 1), "threads": (0, 0.5),
        "passing_kb": (0.02, 1024)}


class Process:
    """A collector's: `pid`, its data directory and the file of its heap gauge (tests/integration/heap_gauge.c)."""

    def __init__(self, pid, data, heap):
        self.proc = Path(f"/proc/{pid}")
        self.data, self.heap, self.pid = Path(data), Path(heap), pid

    def look(self):
        """`own_kb` is what is asked for without that of SQLite, whose pages come and go by megabytes."""
        status = dict(re.findall(r"^(VmRSS|VmHWM|Threads):\s+(\d+)", (self.proc / "status").read_text(), re.M))
        fields = (self.proc / "stat").read_text().rpartition(") ")[2].split()
        # Of the thread of the loop, which is the first one: ns that it ran, and that it was ready and had no processor.
        ran, waited, _ = map(int, (self.proc / f"task/{self.pid}/schedstat").read_text().split())
        asked_for, by_sqlite = struct.unpack("=qq", self.heap.read_bytes())
        return {"rss_kb": int(status["VmRSS"]), "own_kb": (asked_for - by_sqlite) // 1024, "sqlite_kb": by_sqlite // 1024,
                "open_files": len(list((self.proc / "fd").iterdir())), "threads": int(status["Threads"]),
                "database_kb": self._size("mtawatch.db"), "passing_kb": self._passing_kb(),
                "wal_kb": self._size("mtawatch.db-wal"), "cpu_ms": 10 * (int(fields[11]) + int(fields[12])),
                "loop_ran_ms": ran / 1e6, "loop_waited_ms": waited / 1e6}

    def _size(self, name):
        file = self.data / name
        return file.stat().st_size // 1024 if file.exists() else 0

    def _passing_kb(self):
        """What the database has in use, without what it keeps for long."""
        marks = ",".join("?" * len(LONG_KEPT))
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/mtawatch.db?mode=ro", uri=True)) as database:
            return database.execute(f"""
                SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name NOT IN (
                    SELECT name FROM sqlite_master WHERE tbl_name IN ({marks}))""", LONG_KEPT).fetchone()[0] // 1024


class Lag:
    """The histogram of the loop's turns: {bound in ms: how many took no longer}."""

    def __init__(self, metrics):
        self.counts = {float(bound) * 1000: int(float(n)) for bound, n in re.findall(
            r'^mtawatch_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', metrics, re.M)}

    def since(self, before):
        return {bound: n - before.counts[bound] for bound, n in self.counts.items()}


def percentile_ms(counts, share):
    """Between the bounds of the bucket that has it, as Prometheus reckons; the last bound where it is past that."""
    total, low, below = max(counts.values(), default=0), 0, 0
    for bound, n in sorted(counts.items()):
        if total and n >= share * total:
            return low if bound == float("inf") else low + (bound - low) * (share * total - below) / max(n - below, 1)
        low, below = bound, n
    return 0


def longer_than(counts, ms):
    """The share of the turns that took longer than one of the bounds."""
    total = max(counts.values(), default=0)
    return 1 - counts[ms] / total if total else 0


def second_half(samples):
    middle = (samples[0]["s"] + samples[-1]["s"]) / 2
    return [sample for sample in samples if sample["s"] >= middle]


def growth(samples, name, unit_s):
    """In that time, of a line through the medians of its sixtieths."""
    parts = {}
    for sample in samples:
        parts.setdefault(sample["s"] * 60 // unit_s, []).append(sample[name])
    if len(parts) < 2:
        return 0
    slope, _ = statistics.linear_regression(list(parts), [statistics.median(values) for values in parts.values()])
    return slope * 60


def growths(samples, unit_s=3600):
    """Of the second half: (name, median, growth in that time, what is none, whether it is; None: too short to say)."""
    late = second_half(samples)
    is_judged = late[-1]["s"] - late[0]["s"] >= unit_s / 2
    for name, (share, more) in NONE.items():
        median = statistics.median(sample[name] for sample in late)
        grown, allowed = growth(late, name, unit_s), share * median + more
        yield name, median, grown, allowed, grown <= allowed if is_judged else None


def tell_of_growths(samples, tell, unit_s=3600, unit="an hour", unjudged=None):
    """Returns whether nothing grows. `unjudged`: name: why it is told only."""
    good = True
    for name, median, grown, allowed, is_none in growths(samples, unit_s):
        verdict = {True: "ok", False: "GROWS", None: "not judged, too short"}[is_none]
        if why := (unjudged or {}).get(name):
            verdict, is_none = why, None
        tell(f"{name}: {median:,.0f} (median of the second half), {grown:+,.1f} {unit}, at most {allowed:,.1f}: {verdict}")
        good = good and is_none is not False
    return good


def table(samples, unit_s, words=None):
    """Lines of Markdown: the medians of each such time."""
    columns = {"rss_kb": "resident, MB", "own_kb": "asked for, MB", "sqlite_kb": "by SQLite, MB", "files": "files",
               "threads": "threads", "database_kb": "database, MB",
               "passing_kb": "of that not kept for long, MB"} | (words or {})
    yield "| after | " + " | ".join(columns.values()) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    every = samples[-1]["s"] / max(len(samples) - 1, 1)
    for part in range(int((samples[-1]["s"] + every) // unit_s)):
        rows = [sample for sample in samples if sample["s"] // unit_s == part]
        values = [statistics.median(row[name] for row in rows) / (1024 if name.endswith("_kb") else 1)
                  for name in columns]
        minutes = (part + 1) * unit_s // 60
        yield f"| {minutes // 60}:{minutes % 60:02d} | " + " | ".join(f"{value:.4g}" for value in values) + " |"


def metric(metrics, name):
    """The sum of one family's samples."""
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", metrics, re.M))
