"""The network of a site as a picture, above its matrix: subnets, servers, adapters as they were judged."""

import json

import axe
import pytest
from conftest import picture, resize, scheme
from page import Page
from simulator import facts

SITE = "?page=matrix&organization=DEMO&site=HQ"


@pytest.fixture
def stage(module_stage):
    return module_stage


@pytest.fixture
def page(browser, stage):
    resize(browser, 1366, 900)
    page = Page(browser, stage.collector, SITE)
    page.wait(lambda: page.run("return document.querySelectorAll('.network .host').length === 7"), "the picture")
    return page


def matrix(stage):
    return json.loads(stage.collector.get("/v1/sites/DEMO/HQ/matrix")[2])


def buses(page):
    return page.run("return [...document.querySelectorAll('.network .bus')].map((b) =>"
                    " [...b.querySelectorAll('text')].map((t) => t.textContent))")


def classes(page, server):
    return page.run("return [...document.querySelectorAll('.network .host')].find((h) =>"
                    " h.querySelector('.host-name').textContent === arguments[0]).getAttribute('class')", server).split()


def test_each_subnet_is_a_bus_and_who_is_alone_there_is_told(page):
    there = dict(buses(page))
    assert there["10.0.0.0/24"] == "7 servers" and there["192.168.60.0/24"] == "leads to no other server"
    assert buses(page)[0][0] == "10.0.0.0/24" and len(there) == 7


def test_every_adapter_is_drawn_as_it_was_judged(page, stage):
    drawn = page.run("return [...document.querySelectorAll('.network .wire')].map((w) => w.getAttribute('class'))")
    states = [next(word[2:] for word in kind.split() if word.startswith("s-")) for kind in drawn]
    assert sorted(states) == sorted(adapter["state"] for adapter in matrix(stage)["adapters"])
    assert "v-exposed" in classes(page, "MAIL-HQ2") and "v-protected" in classes(page, "MAIL-HQ3")


def test_who_is_pointed_at_shows_whom_it_reached_and_its_rows_of_the_matrix(page):
    page.run("[...document.querySelectorAll('.host a')].find((a) => a.textContent.includes('MAIL-HQ2')).focus()")
    page.wait(lambda: page.text("#reach-words") == "MAIL-HQ2: El90x1 reached 6 of 6, E100B2 reached 0 of 6.", "the words")
    assert "pointed" in classes(page, "MAIL-HQ2") and "reached" in classes(page, "MAIL-HQ1")
    rows = page.run("return [...document.querySelectorAll('#matrix .pointed')].map((r) => r.innerText)")
    assert len(rows) == 2 and rows[0].startswith("MAIL-HQ2")


def test_a_screen_reader_hears_each_server_with_its_adapters(page):
    words = page.run("return [...document.querySelectorAll('.host a')].map((a) => a.getAttribute('aria-label'))")
    assert ("MAIL-HQ2, exposed. El90x1 (10.0.0.12/24) on 10.0.0.0/24: good. "
            "E100B2 (192.168.60.12/24) on 192.168.60.0/24: isolated") in words


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_everybody_can_read_it(page, browser, colours):
    scheme(browser, colours)
    assert axe.findings(browser, axe.fetch()) == [] and page.faint_texts() == []
    picture(browser, f"network-{colours}")
    resize(browser, 390, 844)
    assert page.fits() and page.complaints() == []


def test_an_adapter_that_has_no_address_is_on_no_subnet(page, stage):
    report, age = stage.play.report(stage.part("MAIL-HQ2"), facts.beginning())
    report["adapters"][1]["addresses"] = ["0.0.0.0/32"]
    report["probes"] = [row for row in report["probes"] if row["adapter"] != report["adapters"][1]["id"]]
    assert stage.sender.post(report, age)[0] == 200
    page.wait(lambda: dict(buses(page)).get("no address") == "1 server", "the adapter without an address")
    assert not {subnet for subnet, _ in buses(page)} & {"0.0.0.0/32", "192.168.60.0/24"}
