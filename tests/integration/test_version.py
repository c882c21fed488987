"""The version stands in CMakeLists.txt; programs, changes and documents have the same."""

import re
import subprocess

import pytest
from agent_rig import AGENT
from running import PROGRAM, ROOT
from version import VERSION

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "agent/deploy").glob("*.md")]
OURS = re.compile(r"mtawatch-(?:collector|agent)(?:-windows)?[-_](\d+\.\d+\.\d+)")


@pytest.mark.parametrize("program", [PROGRAM, AGENT], ids=["collector", "agent"])
def test_a_program_says_it(program):
    assert subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1] == VERSION


def test_the_changes_begin_with_it():
    versions = re.findall(r"^## (\S+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == VERSION and len(set(versions)) == len(versions)


def test_files_are_named_by_it_in_the_documents():
    named = {(page.name, version) for page in PAGES if page.name != "CHANGELOG.md"
             for version in OURS.findall(page.read_text(encoding="utf-8"))}
    assert named and {version for _, version in named} == {VERSION}, named
