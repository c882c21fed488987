#!/usr/bin/python3
"""What benchmarks find: printed, kept as JSON beside the machine's description, compared, and put into documents.

    tests/bench/figures.py DOCUMENT FILE...    writes the tables of a document anew from files of --json
    tests/bench/figures.py --compare EARLIER LATER

In the document a table stands between the lines "<!-- figures: PART -->" and "<!-- end of figures -->". Of several
files, runs of different hours, it shows the median, and the least and the largest where they differ by a tenth.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = re.compile(r"(<!-- figures: ([a-z]+) -->\n).*?(<!-- end of figures -->\n)", re.S)
DIFFERS = 1.1  # the largest by the least, from which on both are shown


def shown(value, unit):
    """A number as people read it: three digits, or all that stand before the point."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}" if unit else text


def goal_of(figure):
    if figure["at_most"] is not None:
        return f"<= {shown(figure['at_most'], figure['unit'])}"
    return f">= {shown(figure['at_least'], figure['unit'])}" if figure["at_least"] is not None else ""


def is_met(figure):
    above = figure["at_most"] is not None and figure["value"] > figure["at_most"]
    below = figure["at_least"] is not None and figure["value"] < figure["at_least"]
    return not above and not below


class Figures:
    """Those of a run, printed as they come."""

    def __init__(self):
        self.part = None
        self.found = []

    def begin(self, part, title):
        self.part = part
        print(title, flush=True)

    def tell(self, what, value, unit="", at_most=None, at_least=None, note=""):
        figure = {"part": self.part, "what": what, "value": value, "unit": unit, "at_most": at_most,
                  "at_least": at_least, "note": note}
        self.found.append(figure)
        print(f"  {what:<78} {shown(value, unit):>14}  {goal_of(figure)}{'' if is_met(figure) else '  MISSED'}"
              f"{'  ' + note if note else ''}", flush=True)

    def missed(self):
        return [figure["what"] for figure in self.found if not is_met(figure)]

    def save(self, path, machine, words):
        Path(path).write_text(json.dumps({"machine": machine, "words": words, "figures": self.found}, indent=1) + "\n")


def durable_write_ms(folder, n=50):
    """The median of a write of 4 KB that is on the disk when it ends."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(n):
            file.write(bytes(4096))
            file.flush()
            began = time.monotonic()
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - began) * 1000)
    return round(statistics.median(times), 3)


def machine(folder):
    """What figures depend on; `folder` is where the stores lie."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.M)
    revision = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "revision": revision.stdout.strip(),
            "processor": model.group(1) if model else platform.machine(), "processors": os.cpu_count(),
            "memory_mb": int(memory.group(1)) // 1024, "kernel": platform.release(),
            "load_before": round(os.getloadavg()[0], 2), "durable_write_ms": durable_write_ms(folder)}


def read(path):
    return json.loads(Path(path).read_text())


def by_name(run):
    return {(figure["part"], figure["what"]): figure for figure in run["figures"]}


def compare(earlier, later):
    """Prints what both runs have."""
    before, now = by_name(earlier), by_name(later)
    for run, name in ((earlier, "earlier"), (later, "later")):
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in run["machine"].items()))
    for key in now:
        if key not in before or not before[key]["value"]:
            continue
        a, b, unit = before[key]["value"], now[key]["value"], now[key]["unit"]
        print(f"  {': '.join(key):<90} {shown(a, unit):>14} {shown(b, unit):>14}   x {b / a:.2f}")


def cell(figures):
    """Of one thing in several runs."""
    values, unit = [figure["value"] for figure in figures], figures[0]["unit"]
    low, high = min(values), max(values)
    spread = f" ({shown(low, '')} to {shown(high, '')})" if low > 0 and high / low >= DIFFERS else ""
    return shown(statistics.median(values), unit) + spread


def table(part, runs):
    """Rows of Markdown of what the runs say of a part."""
    rows = ["| what | figure | goal |", "|---|---|---|"]
    found = [by_name(run) for run in runs]
    for key in dict.fromkeys(key for one in found for key in one if key[0] == part):
        figures = [one[key] for one in found if key in one]
        rows.append(f"| {key[1]} | {cell(figures)} | {goal_of(figures[0]).replace('<=', '≤').replace('>=', '≥')} |")
    return "\n".join(rows) + "\n"


def write_tables(text, runs):
    """The document's text with the tables of what the runs measured."""
    measured = {figure["part"] for run in runs for figure in run["figures"]}
    return TABLE.sub(lambda m: m[1] + table(m[2], runs) + m[3] if m[2] in measured else m[0], text)


def main(words):
    if len(words) == 3 and words[0] == "--compare":
        compare(read(words[1]), read(words[2]))
    elif len(words) >= 2 and not words[0].startswith("-"):
        document = Path(words[0])
        document.write_text(write_tables(document.read_text(), [read(path) for path in words[1:]]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
