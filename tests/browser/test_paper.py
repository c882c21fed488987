"""A site on paper: the button that opens the page, and what a browser prints of it."""

import base64
import re
import subprocess
from urllib.parse import quote

from page import PATIENCE, Page
from selenium.webdriver.common.print_page_options import PrintOptions

from simulator import facts

ODD = "<script>alert(1)</script>\"'</style>\\ & \u00fcnits"


def sheets(browser, file):
    """The text of each sheet of what the browser would print."""
    file.write_bytes(base64.b64decode(browser.print_page(PrintOptions())))
    text = subprocess.run(["pdftotext", "-layout", file, "-"], check=True, capture_output=True, text=True,
                          timeout=PATIENCE).stdout
    return text.split("\f")[:-1]


def test_a_site_has_a_button_that_opens_it_as_a_page_to_print(browser, stage):
    page = Page(browser, stage.collector, "?page=matrix&organization=DEMO&site=HQ")
    page.wait(lambda: "On paper" in page.text("main"), "the button")
    before = browser.current_window_handle
    page.run("[...document.querySelectorAll('main a')].find((a) => a.innerText === 'On paper').click()")
    page.wait(lambda: len(browser.window_handles) == 2, "the page in a tab of its own")
    browser.switch_to.window(next(one for one in browser.window_handles if one != before))
    page.wait(lambda: page.text("h1") == "Site report: DEMO/HQ", "the page")
    assert "MAIL-HQ1: failing" in page.text("body") and "Servers that are well" in page.text("body")
    browser.close()
    browser.switch_to.window(before)


def test_each_sheet_has_its_site_its_moment_and_its_source(browser, stage, tmp_path):
    """Whatever the site is called: its name stands in the style of the page."""
    for part in stage.play.parts:
        report, age = stage.play.report(part, facts.beginning())
        report["exchange"]["site"] = ODD
        assert stage.sender.post(report, age)[0] == 200
    page = Page(browser, stage.collector)
    browser.get(f"{stage.collector.url}/v1/sites/DEMO/{quote(ODD, safe='')}/report")
    page.wait(lambda: page.text("h1") == f"Site report: DEMO/{ODD}", "the page")
    printed = sheets(browser, tmp_path / "page.pdf")
    assert len(printed) > 2
    for number, sheet in enumerate(printed, 1):
        head = sheet.strip().splitlines()[0]
        assert head.startswith(f"Site report: DEMO/{ODD}"), sheet
        assert re.search(r"as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", head), sheet
        assert stage.collector.url in sheet and f"page {number} of {len(printed)}" in sheet
        assert not re.search(r":\s+(failing|exposed|at risk|cannot tell)\n+\s*http", sheet)  # nothing of a server but its name
