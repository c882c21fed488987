"""Every page, dark and light: contrast, and nothing serious for axe-core. Keeps a picture of each."""

from datetime import datetime, timezone

import axe
import pytest
from conftest import picture, resize, scheme

PAGES = {
    "list": ("", "MAIL-HQ1"),
    "server": ("?server=MAIL-HQ1", "Host and report"),
    "sites": ("?page=sites", "Sites"),
    "matrix": ("?page=matrix&organization=DEMO&site=HQ", "HQ"),
    "maintenance": ("?page=maintenance", "May be restarted"),
    "plans": ("?page=plans&organization=DEMO&site=HQ", "No step makes another server worse"),
    "alerts": ("?page=alerts", "Alerts"),
    "silences": ("?page=alerts&tab=silences", "told to nobody"),
    "deliveries": ("?page=alerts&tab=deliveries", "Not delivered"),
    "agents": ("?page=operator", "enrolled"),
    "inventory": ("?page=operator&tab=inventory", "expected"),
    "tokens": ("?page=operator&tab=tokens", "New token"),
    "secrets": ("?page=operator&tab=secrets", "New secret"),
    "audit": ("?page=operator&tab=audit", "agent.enroll"),
}


@pytest.fixture
def stage(module_stage):
    return module_stage


@pytest.fixture(scope="session")
def source():
    return axe.fetch()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_can_be_read_by_everybody(page, browser, source, name):
    query, words = PAGES[name]
    browser.get(f"{page.url}/{query}")
    page.wait(lambda: words.lower() in page.main().lower() and "Asking" not in page.main(), f"the page {name}")
    page.run("scrollTo(0, 0)")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == []
        assert page.faint_texts() == []
        picture(browser, f"{name}-{colours}")
    resize(browser, 390, 844)
    assert page.fits()
    picture(browser, f"{name}-phone")


def test_help_and_dialogs_can_be_read_by_everybody(page, browser, source):
    page.press("?")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == []
        picture(browser, f"help-{colours}")
    browser.get(f"{page.url}/?page=operator&tab=tokens")
    page.wait(lambda: "New token" in page.main(), "the tokens")
    page.click("#add")
    page.wait(lambda: page.run("return document.querySelector('dialog.ask')?.open"), "the dialog")
    assert axe.findings(browser, source) == []
    picture(browser, "dialog")
    browser.get(f"{page.url}/?page=alerts")
    page.wait(lambda: page.run("return !!document.querySelector('#alerts .c-choose input')"), "alerts to choose")
    page.run("document.querySelector('#alerts .c-choose input').click()")
    page.run("document.querySelector('#alerts summary').click()")
    page.wait(lambda: page.text("#bar") != "", "the bar")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert axe.findings(browser, source) == []
        assert page.faint_texts() == []
    page.click("#add-silence")
    page.wait(lambda: page.text("#matches") != "", "the dialog")
    assert axe.findings(browser, source) == []


def test_the_list_can_be_read_without_colours(page, browser):
    """Each verdict has a glyph and a word of its own."""
    glyphs = page.run("return [...document.querySelectorAll('.tile')].map((t) =>"
                      " t.querySelector('svg').innerHTML + '|' + t.querySelector('.word').innerText)")
    assert len(set(g.split("|")[0] for g in glyphs)) == len(set(g.split("|")[1] for g in glyphs)) == 9
    browser.execute_cdp_cmd("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
    picture(browser, "list-grey")
    browser.execute_cdp_cmd("Emulation.setEmulatedVisionDeficiency", {"type": "none"})


def test_it_prints_the_list_without_what_only_a_screen_needs(page, browser):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for gone in (".tools", ".tabs", "#filters"):
            assert not page.run("return document.querySelector(arguments[0]).checkVisibility()", gone)
        assert page.run("return document.querySelector('#rows .why').checkVisibility()")
        assert str(datetime.now(timezone.utc).year) in page.run("return document.querySelector('#printed').innerText")
        picture(browser, "print")
        resize(browser, 794, 1123)  # A4
        assert page.run("return document.querySelector('#rows .c-site').checkVisibility()")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
