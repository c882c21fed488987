"""Bash completes commands, their second words and options of both programs, as --help has them."""

import re
import subprocess

import pytest
from running import PROGRAM, ROOT

AGENT = PROGRAM.parents[1] / "agent/mtawatch-agent"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for program in (PROGRAM, AGENT):
        made = subprocess.run([ROOT / "scripts/packaging/completion", program], check=True, capture_output=True, text=True)
        (folder / program.name).write_text(made.stdout)
    return folder


def complete(scripts, *words):
    """What bash offers for the last word."""
    program = words[0]
    done = subprocess.run(
        ["bash", "-c", f'. "{scripts}/{program}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
         f'_{program.replace("-", "_")}; printf "%s\\n" "${{COMPREPLY[@]}}"', "bash", *words],
        check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_their_actions_and_their_options_are_completed(scripts):
    assert complete(scripts, "mtawatch-collector", "serv") == ["serve", "servers", "server"]
    assert complete(scripts, "mtawatch-collector", "token", "") == ["add", "list", "revoke"]
    assert complete(scripts, "mtawatch-collector", "silence", "ACME/HQ", "--co") == ["--comment", "--condition"]
    assert complete(scripts, "mtawatch-collector", "serve", "--keep-rep") == ["--keep-report-days", "--keep-reports"]
    assert complete(scripts, "mtawatch-agent", "doc") == ["doctor"]
    assert complete(scripts, "mtawatch-agent", "run", "--enr") == ["--enroll-secret-file"]
    assert complete(scripts, "mtawatch-collector", "assess", "rep") == []  # names of files, which bash knows


def test_every_action_is_completed(scripts):
    actions = {tuple(form.split()[:2]) for file in (ROOT / "collector/commands").glob("*.c")
               for form in re.findall(r'"([a-z]+ [a-z]+\b[^"]*)"', "".join(
                   re.findall(r"forms\[\] = \{(.*?)\};", file.read_text(encoding="utf-8"), re.DOTALL)))}
    assert len(actions) > 10
    for command, action in actions:
        assert action in complete(scripts, "mtawatch-collector", command, ""), \
            f"the examples of `{command} --help` do not show `{action}`"
