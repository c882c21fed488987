"""tests/pipes.sh finds what fails at random: a reader behind a pipe that ends before its writer."""

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[1] / "pipes.sh"


def check(tmp_path, text):
    script = tmp_path / "script"
    script.write_text(text)
    return subprocess.run([CHECK, script], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("reader", [
    "grep -q x", "grep -xqF -e x", "grep -E -q x", "grep -m 1 x", "grep --quiet x", "egrep -q x", "head -n 1", "head",
    "sed -n '1{p;q}'", "sed 3q", "sed '/x/q'", "awk '/x/ { print; exit }'"])
@pytest.mark.parametrize("joint", ["writer | ", "writer |\n\t", "writer \\\n\t| ", "a | b | ", "x && ! writer|"])
def test_a_reader_that_ends_early_is_found_with_its_line(tmp_path, joint, reader):
    done = check(tmp_path, f"#!/bin/bash\nset -o pipefail\nif {joint}{reader}; then\n\techo yes\nfi\n")
    assert done.returncode == 1
    assert done.stdout.startswith(f"{tmp_path}/script:3: ")


@pytest.mark.parametrize("line", [
    "grep -q x <<<\"$(writer)\"", "writer || grep -q x file", "# writer | grep -q x", "writer | grep x", "writer | tail -n 1",
    "writer | sed 's/q/x/'", "writer | sed -n 's/^Version: //p'", "writer | awk '{ n++ } END { print n }'",
    "writer | header", "grep -q x file | wc -l"])
def test_what_reads_to_the_end_passes(tmp_path, line):
    done = check(tmp_path, f"#!/bin/bash\nset -o pipefail\n{line}\n")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_scripts_are_free_of_it():
    done = subprocess.run([CHECK], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
