"""Every page at every width from a phone to a wall: nothing sticks out, and no column is too narrow to be read."""

import pytest
from conftest import resize
from test_accessibility import PAGES

WIDTHS = [*range(320, 1400, 40), 761, 1001, 1366, 1536, 1920, 2240, 2560]

# Cells that break a text into lines although they are narrower than 80 px, or show almost nothing of it.
NARROW = """
const narrow = [];
for (const cell of document.querySelectorAll('main td, main th')) {
  if (!cell.checkVisibility() || cell.closest('.matrix, .visually-hidden') || cell.innerText.trim() === '') continue;
  const style = getComputedStyle(cell);
  const inside = cell.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const range = document.createRange();
  range.selectNodeContents(cell);
  const lines = new Set([...range.getClientRects()].map((r) => Math.round(r.top / 8))).size;
  const longest = Math.max(...cell.innerText.split(/\\s+/).map((word) => word.length));
  if (inside < 80 && lines > 3 && longest > 4) narrow.push(`${Math.round(inside)} px: ${cell.innerText.slice(0, 40)}`);
  else if (inside < 20) narrow.push(`${Math.round(inside)} px: ${cell.innerText.slice(0, 40)}`);
}
return narrow;
"""


@pytest.fixture
def stage(module_stage):
    return module_stage


@pytest.mark.parametrize("name", PAGES)
def test_no_column_is_too_narrow_at_any_width(page, browser, name):
    query, words = PAGES[name]
    browser.get(f"{page.url}/{query}")
    page.wait(lambda: words.lower() in page.main().lower() and "Asking" not in page.main(), f"the page {name}")
    for width in sorted(WIDTHS):
        resize(browser, width, 900)
        assert page.fits(), f"{name} sticks out at {width} px"
        assert page.run(NARROW) == [], f"{name} at {width} px"
