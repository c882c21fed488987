"""python3 tests/browser/pictures.py FOLDER: the documents' pictures, from the demo."""

import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from conftest import open_chromium, resize, scheme
from page import Page

from simulator import catcher, demo, direction, facts, past
from simulator.collector import Collector, free_port
from simulator.play import Play
from simulator.send import Sender

DAYS = 21
PAGES = {"dashboard": "", "server": "?server=MAIL-HQ2", "alerts": "?page=alerts",
         "network": "?page=matrix&organization=DEMO&site=HQ", "time-machine": "?at={past}"}
FOLDED = {"network": "#trend .fold"}  # what would stand in the way
SETTINGS = """[alerts]
group-wait = 0s
[hook chat]
type = webhook
url = {0}/chat
[hook refused]
type = webhook
url = {0}/refuse
conditions = exposed
"""


def play_the_demo(collector):
    play = Play(demo.servers(), interval=60)
    sender = Sender(collector.url, collector.secret)
    for report, age in past.reports(play, DAYS):
        sender.post(report, age)
    for part in play.parts:
        sender.post(*play.report(part, facts.beginning()))
    sender.close()
    direction.open_the_stage(direction.Operator(collector.url, collector.token),
                             [part.server for part in play.parts])


def take(driver, collector, folder, past):
    for name, query in PAGES.items():
        resize(driver, 1366, 900)
        scheme(driver, "light")
        page = Page(driver, collector, query.format(past=past))
        page.wait(lambda: driver.find_elements("css selector", "main h1, main h2, main table"), f"page {name}")
        time.sleep(2)  # until what the page asks for later stands
        if name in FOLDED:
            page.click(FOLDED[name])
        driver.save_screenshot(str(folder / f"{name}.png"))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        receivers = catcher.Catcher(free_port(), free_port())
        receivers.start()
        (scratch / "collector.conf").write_text(SETTINGS.format(receivers.url))
        with Collector(scratch / "collector", "--config", scratch / "collector.conf") as collector:
            play_the_demo(collector)
            time.sleep(1)
            past = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # when nobody was silent
            time.sleep(70)  # for a trend begins a minute after the first report
            with open_chromium(scratch / "chromium") as driver:
                take(driver, collector, folder, past)
        receivers.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
