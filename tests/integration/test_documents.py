"""The documents: everything is reached from the README, and every link leads somewhere."""

import re
from urllib.parse import unquote

import pytest
from running import ROOT

PAGES = sorted(file.relative_to(ROOT).as_posix() for file in
               [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "agent/deploy").glob("*.md")])
README_LINES = 150


def prose(page):
    """Without blocks of code."""
    return re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page):
    """(file from the root, anchor) of each link that stays in the repository."""
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose(page))):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = unquote(target).partition("#")
            file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
            found.append((file.relative_to(ROOT).as_posix(), anchor))
    return found


def anchors(page):
    """As the sites make them that show Markdown."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for file, anchor in links(page):
        assert (ROOT / file).exists(), f"{page}: there is no {file}"
        assert not anchor or anchor in anchors(file), f"{page}: {file} has no heading for #{anchor}"


def test_the_readme_is_short_and_leads_to_every_page():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES
    missing = set(PAGES) - {"README.md"} - {file for file, _ in links("README.md")}
    assert not missing, f"README.md does not lead to {sorted(missing)}"


def test_every_picture_is_shown():
    shown = {file for page in PAGES for file, _ in links(page)}
    unused = {file.relative_to(ROOT).as_posix() for file in (ROOT / "docs/pictures").iterdir()} - shown
    assert not unused, f"no page shows {sorted(unused)}"
