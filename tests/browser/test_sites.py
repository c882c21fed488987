"""Sites, and who reaches whom in one of them."""

import pytest
from conftest import resize
from page import Keys


@pytest.fixture
def stage(module_stage):
    return module_stage


def cells(page):
    """(server and adapter): [what a cell says of the peer, in the order of the columns]"""
    return dict(page.run("return [...document.querySelectorAll('#matrix tbody tr')].map((r) => {"
                         " const cells = [...r.querySelectorAll('td.cell')];"
                         " return [cells[0].getAttribute('aria-label').split(' to ')[0], cells.map((c) => c.innerText)]})"))


@pytest.fixture
def matrix(page, browser):
    browser.get(f"{page.url}/?page=sites")
    page.wait(lambda: "HQ" in page.text("#sites"), "the sites")
    page.run("[...document.querySelectorAll('.row-action')].find((a) => a.innerText === 'HQ').click()")
    page.wait(lambda: page.text("#matrix") != "", "the matrix")
    return page


def test_sites_are_worst_first_and_lead_to_their_servers(page, browser):
    browser.get(f"{page.url}/?page=sites")
    page.wait(lambda: "BRANCH" in page.text("#sites"), "the sites")
    assert page.run("return [...document.querySelectorAll('#sites tbody th')].map((h) => h.innerText)") == ["HQ", "BRANCH"]
    page.click("#sites .v-failing a")
    page.wait(lambda: page.rows() == ["MAIL-HQ1"], "the failing one of the site")


def test_the_heading_of_a_matrix_needs_one_line(matrix):
    assert matrix.run("return document.querySelector('#headline').getClientRects()[0].height") < 30


def test_a_phone_shows_the_cells_of_a_matrix(matrix, browser):
    try:
        resize(browser, 390, 844)
        seen = matrix.run("const wide = document.querySelector('#matrix').closest('.wide').getBoundingClientRect();"
                          "return [...document.querySelectorAll('#matrix tbody tr:first-child td.cell')]"
                          ".filter((c) => c.getBoundingClientRect().right <= wide.right).length")
        assert seen >= 5
        columns = matrix.run("return [...document.querySelectorAll('#matrix thead .peer, #matrix tfoot td')]"
                             ".filter((c) => c.checkVisibility()).map((c) => Math.round(c.getBoundingClientRect().left))")
        assert columns[:len(columns) // 2] == columns[len(columns) // 2:]  # sums stand below their columns
    finally:
        resize(browser, 1366, 768)


def test_a_bad_row_is_an_isolated_adapter(matrix):
    rows = cells(matrix)
    assert set(rows["MAIL-HQ2 E100B2"]) == {"✕", ""}
    assert set(rows["MAIL-HQ2 El90x1"]) == {"✓", ""}
    bad = matrix.run("return [...document.querySelectorAll('#matrix .bad-row')].map((r) => r.innerText)")
    assert any("E100B2" in row and "Isolated" in row and "0/6" in row for row in bad)


def test_a_bad_column_is_a_dead_peer(page, browser):
    browser.get(f"{page.url}/?page=matrix&organization=DEMO&site=BRANCH")
    page.wait(lambda: page.text("#matrix") != "", "the matrix")
    assert page.run("return [...document.querySelectorAll('#matrix .peer.bad')].map((h) => h.textContent)") == ["MAIL-BR5 ✕ down"]
    assert "1 of 5 peers is reached by nobody" in page.main()


def test_both_directions_are_told_at_the_keyboard(matrix):
    assert matrix.run("return document.querySelectorAll('td.cell[tabindex=\"0\"]').length") == 1
    matrix.run("document.querySelector('td.cell[tabindex=\"0\"]').focus()")
    matrix.press(Keys.ARROW_DOWN)
    matrix.press(Keys.ARROW_RIGHT)
    label = matrix.run("return document.activeElement.getAttribute('aria-label')")
    assert matrix.run("return document.querySelectorAll('td.cell[tabindex=\"0\"]').length") == 1
    server, adapter = label.split(" to ")[0].split(" ")
    matrix.wait(lambda: f"{server} {adapter} →" in matrix.text("#cell-facts"), "the way there")
    assert f"→ {server}:" in matrix.text("#cell-facts")  # the way back
    matrix.press("m", Keys.ESCAPE)
    matrix.wait(lambda: matrix.text("#sites") != "", "back to the sites")


def test_a_site_that_is_not_known_is_said_to_be(page, browser):
    browser.get(f"{page.url}/?page=matrix&organization=DEMO&site=NOWHERE")
    page.wait(lambda: "No server of this site has reported" in page.main(), "the page says so")
