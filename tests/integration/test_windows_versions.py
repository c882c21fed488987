"""Our reader of file versions beside Windows' own, GetFileVersionInfo as Wine has it.

On damaged files Wine and we need not agree: it takes a file as a loader would, we refuse what
contradicts itself. What each may answer there is told by the material's own table.
"""

import csv
import gzip
import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from lab.exchange_disk import UNVERSIONED, VERSIONED, ExchangeDisk  # noqa: E402
from wine import PROGRAMS, Wine, on_windows  # noqa: E402

MATERIAL = Path(os.environ.get("MTAWATCH_TESTDATA", ROOT / "../shared/testdata")).resolve() / "pe"


CRASHED = 3  # exit status of file_versions

# Their version resource bears the name 102. GetFileVersionInfo asks for name 1 (VS_VERSION_INFO of
# winver.h) and sees none; we take the first there is, as the other tools of the table do.
OTHER_NAME = {"deb_distlib_t32.exe", "deb_distlib_t64_amd64.exe"}

# Where Wine 8.0 is not what the table expects of Windows. It holds the resource directory against
# the size that the header gives (Windows' loaders ignore it), and follows data out of all sections.
WINE_REFUSES = {"m22_rsrc_size_1.dll"}
WINE_CRASHES = {"m29_data_rva_out.dll", "m30_data_rva_wrap.dll"}


def ask(machine, paths):
    """What file_versions says of each file: pairs of our answer and Windows'. It is started anew
    behind a file on which GetFileVersionInfo crashes."""
    answers = []
    while len(answers) < len(paths):
        left = paths[len(answers):]
        status, text, errors = machine.run(PROGRAMS / "file_versions.exe", *map(on_windows, left))
        lines = [line.split("\t") for line in text.splitlines()]
        assert status == (CRASHED if lines and lines[-1][-1] == "crash" else 0), errors
        assert [name for name, *_ in lines] == [on_windows(path) for path in left[:len(lines)]]
        assert len(lines) == len(left) if status == 0 else lines
        answers += [(ours, windows) for _, ours, windows in lines]
    return answers


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Wine(tmp_path_factory.mktemp("versions"))
    yield machine
    machine.close()


def sample(row, folder):
    """The file of a row, unpacked if need be."""
    path = MATERIAL / row["file"]
    if path.suffix != ".gz":
        return path
    plain = folder / path.stem
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


@pytest.fixture(scope="module")
def answers(machine, tmp_path_factory):
    """The rows of the material's table, each with both answers."""
    if not MATERIAL.is_dir():
        pytest.skip(f"no material in {MATERIAL}")
    folder = tmp_path_factory.mktemp("samples")
    with (MATERIAL / "expected.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    both = ask(machine, [sample(row, folder) for row in rows])
    return [(row, *pair) for row, pair in zip(rows, both, strict=True)]


def version(answer):
    """None where the answer is a reason instead of a version."""
    return answer if re.fullmatch(r"\d+(\.\d+){3}", answer) else None


def of(answers, folder):
    """The answers on the files of one folder: name, versions that are right (None: there need not
    be one), ours, Windows' own word."""
    rows = []
    for row, ours, windows in answers:
        place, name = row["file"].split("/")
        if place == folder:
            wanted = {None if text == "none" else text for text in row["wanted"].split(" or ")}
            rows.append((name, wanted, version(ours), windows))
    assert rows
    return rows


def test_we_and_windows_read_the_same_version_of_good_files(answers):
    for name, wanted, ours, windows in of(answers, "good"):
        assert {ours} == wanted, name
        if name not in OTHER_NAME:
            assert windows == ours, name
        else:
            assert windows == "none", name


def test_neither_finds_a_version_where_there_is_none(answers):
    for name, _, ours, windows in of(answers, "noversion"):
        assert (ours, windows) == (None, "none"), name


def test_on_damaged_files_each_says_what_the_table_allows(answers):
    for name, wanted, ours, windows in of(answers, "mutated"):
        assert ours in wanted, name
        if name in WINE_REFUSES:
            assert windows == "none", name
        elif windows != "crash" or name not in WINE_CRASHES:
            assert version(windows) in wanted and windows != "crash", name


def test_the_labs_exchange_files_have_the_version_that_they_are_made_with(machine, tmp_path):
    disk = ExchangeDisk(tmp_path / "disk", "EXCH1", build="5.5.2654.54")
    versioned = [disk.folder / "C/exchsrvr" / place / name
                 for place, names in VERSIONED.items() for name in names]
    assert ask(machine, versioned) == [("5.5.2654.54", "5.5.2654.54")] * len(versioned)
    others = [disk.folder / "C/exchsrvr" / place / name
              for place, names in UNVERSIONED.items() for name in names]
    assert {(version(ours), windows) for ours, windows in ask(machine, others)} == {(None, "none")}
