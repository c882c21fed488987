"""What pictures cost a browser at 1,000 servers: the plot, the network of a site, the time machine, a server's bands.

Counted is the processor time of the page's thread, parted into scripts and the rest (style, layout, painting) by the
profiler's samples: Chromium's own count of scripts leaves out microtasks, in which Preact draws.
"""

import contextlib
import sqlite3
import statistics
from dataclasses import replace
from datetime import timedelta

from conftest import Stage
from page import Page
from simulator import crowd, facts
from simulator.collector import Collector
from simulator.world import DAY

SERVERS, SITES = 1000, 10
WATCHED = "MX000-00000"  # whose second adapter comes and goes
CHANGES = 100
KEPT_DAYS = 365
MAX_MS = 100
SAMPLE_US = 500
FOLDED = "localStorage.setItem('mtawatch', JSON.stringify({trend: 'folded', network: 'folded'}))"
DRAWN = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));"


# ---- the fleet ----

def report_of(stage, part, ago):
    """As it was `ago` seconds before now; with every second one it has its first adapter alone."""
    part.sequence += 1
    one = replace(part.server, adapters=part.server.adapters[:1 + part.sequence % 2])
    now = stage.play.born - timedelta(seconds=ago)
    body = facts.report(one, part.peers, born=now, now=now, epoch=part.epoch, sequence=part.sequence, interval=DAY)
    status, answer = stage.sender.post(body, ago)
    assert status == 200, f"{part.server.host}: {status} {answer}"


def live_through(stage):
    """A year, of which each server tells at three moments and now, and one of them more often."""
    for days in (KEPT_DAYS, 50, 1):
        for part in stage.play.parts:
            report_of(stage, part, days * DAY)
    watched = stage.part(WATCHED)
    for k in range(CHANGES, 0, -1):
        report_of(stage, watched, k * DAY // (CHANGES + 1))
    stage.send()


def trend_rows(now_ms):
    """Of the fleet, as they are kept: by the hour for 60 days, by the day before; no two are the same."""
    for n in range(KEPT_DAYS * 24):
        if n <= 60 * 24 or n % 24 == 0:
            exposed, silent = 80 + n * 7 % 41, n * 3 % 17
            yield ("", now_ms - n * 3600000, n % 3, exposed, n % 11, n % 5, 800 - exposed, 150, 20, SERVERS, 12, silent)


def write_trend(folder, now_ms):
    with contextlib.closing(sqlite3.connect(folder / "data/mtawatch.db")) as db:
        db.executemany("INSERT OR REPLACE INTO trend VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", trend_rows(now_ms))
        db.commit()


# ---- the measure ----

def busy_ms(driver):
    """Of the page's thread, without what it does for the driver."""
    found = {m["name"]: m["value"] for m in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return 1000 * (found["TaskDuration"] - found["DevToolsCommandDuration"])


def script_share(profile):
    """Of the samples in which the thread was at work."""
    kinds = {node["id"]: node["callFrame"]["functionName"] for node in profile["nodes"]}
    at_work = [kind for kind in map(kinds.get, profile["samples"]) if kind not in ("(idle)", "(root)")]
    return sum(kind != "(program)" for kind in at_work) / len(at_work)


def cost(page, act, shown):
    """(of scripts, of all) in ms, from the script `act` on until the condition `shown` holds and is drawn."""
    driver = page.driver
    driver.execute_async_script(DRAWN)
    driver.execute_cdp_cmd("Profiler.start", {})
    before = busy_ms(driver)
    page.run(f"setTimeout(() => {{ {act} }})")  # as a task of the page's own
    page.wait(lambda: page.run(f"return Boolean({shown})"), shown)
    driver.execute_async_script(DRAWN)
    spent = busy_ms(driver) - before
    return spent * script_share(driver.execute_cdp_cmd("Profiler.stop", {})["profile"]), spent


def click(selector):
    return f"document.querySelector({selector!r}).click()"


ROWS = "document.querySelectorAll('#rows tr').length === 200"
PLOT = "document.querySelector('#trend canvas') && document.querySelector('.trend-legend')"
YEAR = "[...document.querySelectorAll('{} button')].find((b) => b.innerText === 'Year')"
PAST = "document.querySelector('#past-frame')?.getAttribute('aria-busy') === 'false'"
STEP = """
window.before = location.search;
const slider = document.querySelector('#past-slider');
slider.stepDown(1);
slider.dispatchEvent(new Event('input', {bubbles: true}));
"""
STEPPED = f"(window.before ?? location.search) !== location.search && {PAST}"
MATRIX = "page=matrix&organization=CROWD&site=SITE000"


def open_page(page, query, shown):
    page.run(FOLDED)
    page.driver.get(f"{page.url}/?{query}")
    page.wait(lambda: page.run(f"return Boolean({shown})"), shown)


def plot(page):
    open_page(page, "", f"{ROWS} && document.querySelector('#trend .fold')")
    yield "the plot over the list opened: a month by the hour", cost(page, click("#trend .fold"), PLOT)
    year = YEAR.format(".trend-tools")
    yield "a year in it", cost(page, f"window.canvas = document.querySelector('#trend canvas'); {year}.click()",
                               "document.querySelector('#trend canvas') !== window.canvas && " + PLOT)


def network(page):
    open_page(page, MATRIX, "document.querySelector('#matrix') && document.querySelector('#network .fold')")
    yield "the network of a site of 100 opened", cost(
        page, click("#network .fold"), "document.querySelectorAll('.network .host').length === 100")
    yield "a server in it pointed at", cost(page, "document.querySelector('.host a').focus()",
                                            "document.querySelector('.host.pointed')")


def time_machine(page):
    open_page(page, "", ROWS)
    yield "the time machine entered at the list", cost(page, click("#past"), f"{PAST} && {ROWS}")
    yield "a step of its slider", cost(page, STEP, f"{STEPPED} && {ROWS}")
    open_page(page, f"{MATRIX}&at=" + page.run("return new URLSearchParams(location.search).get('at')"),
              f"{PAST} && document.querySelector('#matrix')")
    yield "a step of its slider at the matrix of a site of 100", cost(page, STEP, STEPPED)


def bands(page):
    open_page(page, f"server={WATCHED}", "document.querySelector('.bands.reach .band.r-isolated')")
    year = YEAR.format(".choices")
    yield "the bands of a server over a year", cost(page, f"{year}.click()",
                                                     f"{year}.getAttribute('aria-pressed') === 'true'")
    open_page(page, "", ROWS)
    yield "a server's page opened, its bands included", cost(
        page, click(f"[data-server='{WATCHED}'] .name"), "document.querySelectorAll('.bands.reach .band').length > 50")


def fill(folder):
    with Collector(folder) as collector:
        stage = Stage(collector, crowd.servers(SERVERS, SITES))
        stage.play.interval = 3600  # nobody falls silent meanwhile
        live_through(stage)
        stage.sender.close()
    write_trend(folder, int(facts.beginning().timestamp() * 1000))


def measure(driver, folder, tell, rounds):
    fill(folder)
    found = {}
    driver.execute_cdp_cmd("Profiler.enable", {})
    driver.execute_cdp_cmd("Profiler.setSamplingInterval", {"interval": SAMPLE_US})
    with Collector(folder) as collector:
        page = Page(driver, collector)
        for _ in range(rounds):
            for part in (plot, network, time_machine, bands):
                for what, spent in part(page):
                    found.setdefault(what, []).append(spent)
    for what, times in found.items():
        script, whole = (statistics.median(column) for column in zip(*times))
        tell(f"script of {what}", script, "ms", at_most=MAX_MS, note=f"{whole:.0f} ms with layout and painting")
