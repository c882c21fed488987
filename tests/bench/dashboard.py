#!/usr/bin/python3
"""What the dashboard costs a browser, of a large fleet and of a small one, in one run.

    MTAWATCH_BUILD=build/bench tests/bench/dashboard.py [--only rows|pages] [--servers N] [--rounds N] [--json FILE]

Rows: the large fleet is an inventory of N servers, of which a thousand report; the small one has the
thousand only. Both answer with pages of the same length, so the ratio should stay near one: the page
must not feel how large the fleet is. Pages: what the plot, the network, the time machine and a server's bands cost
(pages.py). Needs Chromium and its driver.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "browser"), str(HERE.parent)]
import figures  # noqa: E402
import pages  # noqa: E402
from conftest import WHOLE, Stage, open_chromium, resize  # noqa: E402
from page import Page  # noqa: E402
from simulator import crowd  # noqa: E402
from simulator.collector import Collector  # noqa: E402

REPORTING = 1000
SITES = 20
CHANGED = 100
MAX_FIRST_ROW_MS = 245

FIRST_ROW = """
new MutationObserver((_, watcher) => {
  if (!document.querySelector('#rows tr')) return;
  window.firstRowMs = performance.now();
  watcher.disconnect();
}).observe(document, {childList: true, subtree: true});
"""

# Until the frame after the change: what a reader waits for.
CHANGE_ROWS = """
const [count, done] = arguments;
import('/fleet.js').then(({fleet}) => {
  const servers = fleet.get().servers.map((s, i) => i < count
    ? {...s, verdict: s.verdict === 'clear' ? 'exposed' : 'clear', reasons: []} : s);
  fleet.set({servers});
  requestAnimationFrame(() => setTimeout(done));
});
"""


def busy_ms(driver):
    """CPU time of the page's thread: scripts, style, layout, painting; others' load is not in it."""
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def change(driver):
    before = busy_ms(driver)
    driver.execute_async_script(CHANGE_ROWS, CHANGED)
    return busy_ms(driver) - before


def load(driver, page):
    """Milliseconds from the navigation to the first row, with nothing in the browser's cache."""
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(f"{page.url}/")
    page.wait(lambda: page.run("return window.firstRowMs"), "the first row")
    return page.run("return window.firstRowMs")


def measure(driver, folder, inventory, rounds):
    """(first row, change of a hundred rows): medians in ms"""
    with Collector(folder) as collector:
        stage = Stage(collector, crowd.servers(REPORTING, SITES))
        stage.send()
        if inventory:
            collector.put("/v1/inventory", "".join(f"INV{n:06d},CROWD,SITE{n % SITES:03d}\n"
                                                   for n in range(inventory - REPORTING)))
        page = Page(driver, collector)
        loads = [load(driver, page) for _ in range(rounds)]
        page.wait_for_rows(200)
        changes = [change(driver) for _ in range(rounds)]
        stage.sender.close()
    return statistics.median(loads), statistics.median(changes)


def rows(driver, folder, tell, options):
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FIRST_ROW})
    small = measure(driver, folder / "small", 0, options.rounds)
    large = measure(driver, folder / "large", options.servers, options.rounds)
    goals = (MAX_FIRST_ROW_MS, None)
    for name, a, b, at_most in zip(("first row", f"processor time of {CHANGED} rows that change"), small, large, goals):
        tell(f"{name}, {options.servers:,} servers", b, "ms", at_most=at_most)
        tell(f"{name}, against {REPORTING:,} servers", b / a, note=f"{a:.0f} ms of them")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("rows", "pages"))
    parser.add_argument("--servers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", help="keeps what was found there")
    options = parser.parse_args()
    found = figures.Figures()
    with tempfile.TemporaryDirectory() as name, open_chromium(Path(name) / "chromium", WHOLE) as driver:
        machine = figures.machine(name)
        resize(driver, 1366, 768)
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        if options.only != "rows":
            found.begin("pages", f"Pictures, {pages.SERVERS:,} servers:")
            pages.measure(driver, Path(name) / "pages", found.tell, options.rounds)
        if options.only != "pages":
            found.begin("rows", "The list:")
            rows(driver, Path(name), found.tell, options)
    if options.json:
        found.save(options.json, machine, sys.argv[1:])


if __name__ == "__main__":
    main()
