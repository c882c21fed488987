"""The documents: everything is reached from the README, every link leads somewhere, every block is run or says why not,
and settings are such that the programs take."""

import os
import re
import subprocess
from urllib.parse import unquote

import pytest
from documents import PAGES, blocks
from running import PROGRAM, ROOT
from terminal import succeeds

AGENT = PROGRAM.parents[1] / "agent/mtawatch-agent"
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


# ---- blocks of commands and settings ----

SECRETS = {"pagerduty.key": "0123456789abcdef" * 2}


def settled(block, folder):
    """The text of a file, in a folder with what it names."""
    (folder / "page").write_text("#!/bin/sh\n")
    (folder / "page").chmod(0o755)
    text = re.sub(r"/etc/(mtawatch|prometheus)/|/usr/local/bin/", f"{folder}/", block.text)
    for named in re.findall(rf"{folder}/([\w.-]+)", text):
        if not (folder / named).exists():
            (folder / named).write_text(SECRETS.get(named, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") + "\n")
            (folder / named).chmod(0o600)
    (folder / "settled").write_text(text)
    return folder / "settled"


def check_collector_conf(file):
    succeeds("serve", "--check-config", "--data", file.parent, "--config", file)


def check_prometheus_yml(file):
    promtool = os.environ.get("MTAWATCH_PROMTOOL") or pytest.skip("MTAWATCH_PROMTOOL names no promtool")
    (file.parent / "mtawatch-rules.yml").write_text((ROOT / "collector/deploy/prometheus-rules.yml").read_text())
    checked = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True)
    assert checked.returncode == 0 and "SUCCESS" in checked.stdout, checked.stdout + checked.stderr


FILES = {"run: collector.conf": check_collector_conf, "run: prometheus.yml": check_prometheus_yml}
BLOCKS = [block for page in PAGES for block in blocks(page)]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.how in FILES], ids=str)
def test_settings_that_a_page_shows_are_taken(block, tmp_path):
    FILES[block.how](settled(block, tmp_path))


def names_the_page(test, page):
    """Is there a test in a file of that name which reads the page?"""
    return any(page in file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob(test))


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_is_run_or_says_why_not(block):
    by = re.fullmatch(r"run by (\w+\.py)", block.how)
    if by:
        assert names_the_page(by[1], block.page), f"{block}: {by[1]} does not read this page"
    elif block.how != "run: fresh" and block.how not in FILES:
        assert re.fullmatch(r"not run: .{6,}", block.how), f"{block}: what runs it? (tests/documents.py)"


def test_every_page_with_commands_for_a_fresh_debian_is_walked():
    pages = {block.page for block in BLOCKS if block.how == "run: fresh"}
    walked = (ROOT / "tests/packages/test_walk.py").read_text(encoding="utf-8")
    missing = [page for page in pages if f'"{page}"' not in walked]
    assert len(pages) > 8 and not missing, f"tests/packages/test_walk.py does not walk {missing}"


def test_the_tables_of_settings_and_commands_say_what_help_says():
    stale = subprocess.run([ROOT / "scripts/packaging/reference", "--check"], capture_output=True, text=True)
    assert stale.returncode == 0, f"scripts/packaging/reference writes these anew: {stale.stdout}{stale.stderr}"
