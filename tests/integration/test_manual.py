"""The manual pages say what --help says, and every setting; nothing of them is written by hand twice."""

import re
import subprocess

import pytest
from running import PROGRAM, ROOT

AGENT = PROGRAM.parents[1] / "agent/mtawatch-agent"
SECTIONS = ROOT / "collector/deploy/sections.conf"
HEADING = r"Options.*:|Examples:?|Everywhere|[A-Z][A-Za-z ]+$"


def page(*arguments):
    """(in scdoc, as man shows it in one wide line a paragraph)."""
    source = subprocess.run([ROOT / "scripts/packaging/manual", *arguments], check=True, capture_output=True, text=True).stdout
    roff = subprocess.run(["scdoc"], input=source, check=True, capture_output=True, text=True).stdout
    return source, roff


def help_of(*words):
    return subprocess.run([*words, "--help"], check=True, capture_output=True, text=True).stdout


def commands(program):
    return re.findall(r"^  ([a-z-]+) ", re.split("Commands:?\n", help_of(program))[1].split("\n\n")[0], re.MULTILINE)


def flat(text):
    """Its words alone: without what scdoc's marks and line ends are."""
    return re.sub(r"[\s\\*_]+", "", text)


@pytest.mark.parametrize("program, own", [(PROGRAM, True), (AGENT, False)], ids=["collector", "agent"])
def test_a_page_has_every_line_of_every_help(program, own):
    source, roff = page(program)
    words = flat(source)
    assert roff.startswith(".") and f'"{program.name}" "8"' in roff
    listed = commands(program)
    assert len(listed) > 9
    for command in listed:
        text = help_of(program, command)
        assert f"\n## {command}\n" in source
        for line in text.splitlines()[1:]:
            if line and not re.match(HEADING, line) and (own or not line.startswith("  ")):
                assert flat(re.sub(r"^mtawatch-\w+ [a-z-]+: ", "", line)) in words, f"{command}: {line}"
        for option in re.findall(r"^  (?:-h, )?(--[a-z0-9-]+)", text, re.MULTILINE):
            assert re.search(rf"^\*\\(-h, )?{option}\*", source, re.MULTILINE), f"{command}: {option}"


def test_the_page_of_the_configuration_has_every_setting_and_section():
    source, roff = page(PROGRAM, "--settings", SECTIONS)
    assert '"mtawatch-collector.conf" "5"' in roff
    printed = subprocess.run([PROGRAM, "serve", "--print-config"], check=True, capture_output=True, text=True).stdout
    settings = re.findall(r"^#([a-z-]+) =", printed, re.MULTILINE)
    assert re.findall(r"^\*([a-z-]+)\* = _", source, re.MULTILINE) == settings
    assert f"\n```\n{SECTIONS.read_text(encoding='utf-8')}```\n" in source
