"""The page of who may be restarted, by site."""

import json

import pytest


@pytest.fixture
def stage(module_stage):
    return module_stage


def servers(stage, path):
    return json.loads(stage.collector.get(path)[2])["servers"]


def groups(page):
    """{answer: the servers below it, in their order}"""
    return {answer: page.run(f"return [...document.querySelectorAll('#restart-{answer}-title ~ * tbody tr')]"
                             ".map((r) => r.dataset.server)") for answer in ("no", "cannot_tell", "yes")}


@pytest.fixture
def maintenance(page, browser):
    browser.get(f"{page.url}/?page=maintenance&organization=DEMO&site=HQ")
    page.wait(lambda: groups(page)["no"], "the servers")
    return page


def test_each_server_of_a_site_stands_where_the_collector_says(maintenance, stage):
    there = servers(stage, "/v1/servers?site=HQ&organization=DEMO")
    wanted = {answer: [s["server"] for s in there if s["restart"] == answer] for answer in ("no", "cannot_tell", "yes")}
    assert all(wanted.values()) and groups(maintenance) == wanted
    title = maintenance.run("return document.querySelector('#restart-no-title').textContent")
    assert title == f"Not to be restarted ({len(wanted['no'])})"


def test_no_name_breaks_inside(maintenance):
    heights = maintenance.run("return [...document.querySelectorAll('main tbody a')].map((a) => a.getClientRects().length)")
    assert heights and set(heights) == {1}


def test_another_site_is_a_choice_away(maintenance, stage):
    maintenance.run("const site = document.querySelector('#maintenance-site');"
                    "site.selectedIndex = [...site.options].findIndex((o) => o.innerText.includes('BRANCH'));"
                    "site.dispatchEvent(new Event('change'))")
    maintenance.wait(lambda: "site=BRANCH" in maintenance.run("return location.search"), "the address")
    names = {s["server"] for s in servers(stage, "/v1/servers?site=BRANCH")}
    maintenance.wait(lambda: set(sum(groups(maintenance).values(), [])) == names, "the servers of the branch")


def test_a_servers_page_leads_there(page, browser, stage):
    exposed = servers(stage, "/v1/servers?verdict=exposed")[0]["server"]
    browser.get(f"{page.url}/?server={exposed}")
    page.wait(lambda: page.text("#restart") != "", "the server")
    assert page.text("#restart") == "May it be restarted? No: its MTA would not start again"
    page.click("#restart a")
    page.wait(lambda: exposed in groups(page)["no"], "the page of its site")
