"""A collector, the demo played to it, and Chromium to look at the dashboard."""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from page import Page  # noqa: E402
from simulator import demo, facts  # noqa: E402
from simulator.collector import Collector  # noqa: E402
from simulator.play import Play  # noqa: E402
from simulator.send import Sender  # noqa: E402

PICTURES = ROOT / "build/pictures"
# Chromium's engine alone takes half of the processor's time; but all of its tabs count as seen.
ENGINE = {"binary": "/usr/lib/chromium/chromium-headless-shell", "name": "chrome-headless-shell", "switches": []}
WHOLE = {"binary": "/usr/bin/chromium", "name": "chrome", "switches": ["--headless=new"]}
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--hide-scrollbars"]
INTERVAL = 60  # so that nothing falls silent while a slow test looks at it


class Stage:
    """The demo, played to a collector of its own."""

    def __init__(self, collector, servers=None):
        self.collector = collector
        self.play = Play(servers or demo.servers(), INTERVAL)
        self.sender = Sender(collector.url, collector.secret)

    def part(self, host):
        return self.play.part(host)

    def send(self, *hosts):
        """A report of each of the named servers, or of all."""
        for part in self.play.parts:
            if not hosts or part.server.host in hosts:
                status, answer = self.sender.post(*self.play.report(part, facts.beginning()))
                assert status == 200, f"{part.server.host}: {status} {answer}"


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "collector") as running:
        yield running


@pytest.fixture
def stage(collector):
    with playing(collector) as stage:
        yield stage


@pytest.fixture(scope="module")
def module_stage(tmp_path_factory):
    """For tests that change nothing: as `stage`, one for all of a module."""
    with Collector(tmp_path_factory.mktemp("demo") / "collector") as collector, playing(collector) as stage:
        yield stage


@contextmanager
def playing(collector):
    stage = Stage(collector)
    stage.send()
    yield stage
    stage.sender.close()


def open_chromium(profile, kind=ENGINE):
    """A driver; a context manager that ends the browser."""
    options = webdriver.ChromeOptions()
    options.binary_location = kind["binary"]
    for switch in SWITCHES + kind["switches"]:
        options.add_argument(switch)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("browserName", kind["name"])
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    return driver


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    with open_chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def whole_browser(tmp_path):
    with open_chromium(tmp_path / "chromium", WHOLE) as driver:
        yield driver


@pytest.fixture
def browser(chromium):
    """Chromium at 1366 x 768, light, with an empty log."""
    chromium.get("about:blank")
    chromium.get_log("browser")
    resize(chromium, 1366, 768)
    scheme(chromium, "light")
    return chromium


@pytest.fixture
def page(browser, stage):
    """The dashboard of the demo, logged in as its admin."""
    return Page(browser, stage.collector).wait_for_rows(12)


def resize(driver, width, height):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})


def scheme(driver, name):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": name},
        {"name": "prefers-reduced-motion", "value": "reduce"}]})


def picture(driver, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    driver.save_screenshot(str(PICTURES / f"{name}.png"))
