"""Whatever a report says, the page shows it as text."""

import pytest
from conftest import Stage, picture, resize
from page import Keys
from simulator import facts
from simulator.world import Adapter, Lan, Server

HOSTILE = ["<img src=x onerror=pwned=1>", "\"'><script>pwned=1</script>",
           "EVIL\u202eEMAN\u2066 line\nbreak", "javascript:alert(1)", "W" * 900]


def host_of(name):
    """What an agent may enrol of it: a label without control characters."""
    return name.replace("\n", " ")[:60]


def hostile_server(name):
    lan = Lan("10.8.0.0/24", "wan")
    adapter = Adapter(name, name, name, lan, ["10.8.0.77"], gateway=True)
    mta = facts.mta_running(86400)
    return Server(host_of(name), [adapter], organization="DEMO", site=name, os=name, name=name,
                  files=facts.files("5.5.2653.23"), mta=mta,
                  problems=[{"fact": name, "code": 5, "message": name}])


def spelled(name):
    """As the page shows it: what could disguise it is spelled out."""
    return name.replace("\u202e", "‹U+202E›").replace("\u2066", "‹U+2066›")


def nothing_happened(page):
    assert page.run("return window.pwned") is None
    assert page.run("return document.querySelectorAll('img, iframe, object, script:not([src])').length") == 0


@pytest.fixture
def hostile(page, stage):
    Stage(stage.collector, [hostile_server(name) for name in HOSTILE]).send()
    return page.wait_for_rows(12 + len(HOSTILE))


def test_hostile_names_are_text(hostile, browser):
    page = hostile
    for name in HOSTILE:
        page.run("[...document.querySelectorAll('#rows tr')].find((r) => r.dataset.server === arguments[0])"
                 ".querySelector('.name').click()", host_of(name))
        page.wait_for_server(spelled(host_of(name)))
        shown = page.run("return document.querySelector('main').textContent")
        assert shown.count(spelled(name)) >= 4, name
        assert page.fits(), name
        nothing_happened(page)
        page.press(Keys.ESCAPE)
        page.wait_for_rows(12 + len(HOSTILE))
    assert page.complaints() == []
    picture(browser, "hostile")


def test_hostile_sites_are_text_in_every_page(hostile, browser, stage):
    page = hostile
    for name in HOSTILE:
        stage.collector.post("/v1/silences", {"matchers": {"server": name[:200]}, "comment": name,
                                              "ends_at": "2099-01-01T00:00:00Z", "allow_empty": True})
    for query in ("?page=sites", "?page=alerts", "?page=alerts&tab=silences", "?page=operator", "?page=alerts&server=%3Cimg%20src%3Dx%20onerror%3Dpwned%3D1%3E",
                  "?page=matrix&organization=DEMO&site=%3Cimg%20src%3Dx%20onerror%3Dpwned%3D1%3E",
                  "?q=%3Cimg%20src%3Dx%20onerror%3Dpwned%3D1%3E"):
        browser.get(f"{stage.collector.url}/{query}")
        page.wait(lambda: page.main() != "" and "Asking" not in page.main(), f"{query} is there")
        assert page.fits(), query
        resize(browser, 390, 844)
        assert page.fits(), query
        resize(browser, 1366, 768)
        nothing_happened(page)
    assert page.complaints() == []
