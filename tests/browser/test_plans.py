"""The page of plans, and of what any changes would bring."""

import json

import pytest
from conftest import picture, resize, scheme


@pytest.fixture
def stage(module_stage):
    return module_stage


def plan(stage, prefer="fix"):
    return json.loads(stage.collector.get(f"/v1/sites/DEMO/HQ/plan?prefer={prefer}")[2])


def steps(page):
    return page.run("return [...document.querySelectorAll('[data-step] .text-cell:nth-child(2)')].map((c) => c.innerText)")


def changed(page):
    """{server: [its verdict now, then]}"""
    return dict(page.run("return [...document.querySelectorAll('[data-changed]')].map((r) => [r.dataset.changed,"
                         "[...r.cells].slice(1, 3).map((c) => c.innerText.trim())])"))


def choose(page, field, value):
    page.run("const field = document.querySelector(`#field-${arguments[0]}`);"
             "field.value = arguments[1]; field.dispatchEvent(new Event('change', { bubbles: true }))", field, value)


@pytest.fixture
def plans(page, browser):
    browser.get(f"{page.url}/?page=plans&organization=DEMO&site=HQ")
    page.wait(lambda: steps(page) and page.run("return !!document.querySelector('#add-change')"), "the plan and the form")
    return page


def exposed(stage):
    found = json.loads(stage.collector.get("/v1/servers?site=HQ&organization=DEMO&verdict=exposed")[2])["servers"]
    return next((s["server"], option["steps"][0]["adapter"]) for s in found for option in s["remedy"]["options"]
                if option["steps"][0]["action"] == "disable_adapter")


def test_the_plan_is_the_collectors(plans, stage):
    assert steps(plans) == [step["text"] for step in plan(stage)["steps"]]
    assert plans.text("#plan-words").startswith(f"{plan(stage)['changes']} change")


def test_adapters_are_preferred_by_a_click(plans, stage):
    plans.run("document.querySelectorAll('#plan-title ~ .choices button')[1].click()")
    plans.wait(lambda: steps(plans) == [step["text"] for step in plan(stage, "adapters")["steps"]], "the other plan")
    assert "prefer=adapters" in plans.run("return location.search")


def test_the_steps_of_a_plan_are_tried(plans, stage):
    plans.click("#try-plan")
    wanted = {step["server"] for step in plan(stage)["steps"]}
    plans.wait(lambda: wanted <= set(changed(plans)), "what they bring")
    assert plans.run("return document.querySelectorAll('#changes li').length") == len(plan(stage)["steps"])
    plans.click("#clear-changes")
    plans.wait(lambda: changed(plans) == {}, "an empty list")


def test_a_change_is_added_by_hand_and_left_out_again(plans, stage):
    server, adapter = exposed(stage)
    choose(plans, "server", server)
    plans.wait(lambda: adapter in plans.run(
        "return [...document.querySelector('#field-adapter').options].map((o) => o.value)"), "its adapters")
    choose(plans, "adapter", adapter)
    plans.click("#add-change")
    plans.wait(lambda: server in changed(plans), "what it brings")
    assert changed(plans)[server] == ["Exposed", "Clear"]
    assert plans.text("#changes bdi") == f"Disable adapter {adapter} of {server}."
    plans.click("#changes button")
    plans.wait(lambda: changed(plans) == {}, "an empty list")


def test_what_cannot_be_is_said(plans, stage):
    server, _ = exposed(stage)
    choose(plans, "action", "connect_adapter")
    plans.wait(lambda: plans.run("return !!document.querySelector('#field-peers')"), "the field of peers")
    choose(plans, "server", server)
    plans.run("document.querySelector('#field-peers').value = 'NOBODY'")
    plans.click("#add-change")
    plans.wait(lambda: "NOBODY" in plans.text("#what-if-title ~ .error"), "the refusal")


def test_the_answer_can_be_seen_in_both_themes_on_paper_and_on_a_phone(plans, browser):
    plans.click("#try-plan")
    plans.wait(lambda: changed(plans), "what the steps bring")
    for colours in ("light", "dark"):
        scheme(browser, colours)
        assert plans.faint_texts() == []
        picture(browser, f"what-if-{colours}")
    resize(browser, 390, 844)
    assert plans.fits()
    picture(browser, "what-if-phone")


def test_a_plan_is_printed_without_what_only_a_screen_needs(plans, browser, stage):
    plans.click("#try-plan")
    plans.wait(lambda: changed(plans), "what the steps bring")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    picture(browser, "what-if-print")
    shown = plans.run("return [...document.querySelectorAll('[data-step], [data-changed] a, #change, .choices, #try-plan')]"
                      ".filter((e) => e.getClientRects().length > 0).map((e) => e.id || e.className || e.tagName)")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert len(shown) == len(plan(stage)["steps"]) + len(changed(plans)), shown
