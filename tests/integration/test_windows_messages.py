"""The words of the MTA's events, out of a message file that Windows' registry names, under Wine.

Exchange's own Mtamsg.dll cannot be had: the compilers make one here of the articles' sentences.
"""

import struct
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from lab.exchange_disk import event_log  # noqa: E402
from wine import PROGRAMS, Wine, on_windows  # noqa: E402

SOURCE_KEY = (r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\EventLog\Application"
              r"\MSExchangeMTA")
TEXTS = """
SeverityNames=(Success=0x0 Information=0x1 Warning=0x2 Error=0x3)
LanguageNames=(English=0x409:MSG00409)

MessageId=9266
Severity=Warning
Language=English
A fatal system error occurred while initializing the MTA.
Reboot the computer. [%1 %2 %3 %4] (%5)
.

MessageId=9321
Severity=Warning
Language=English
An attempt to listen over RPC has failed. NT Error: %1!d!. [%2 %3 %4 %5] (%6) \xfc %12
.

MessageId=9322
Severity=Error
Language=English
An error, not a warning.
.
"""
EVENTS = [(9321, ("11004", "", "BASE IL MAIN", "1", "504", "14")),
          (9266, ("%1%99 50%", "x\r\ny", "1", "173", "16")),
          (9322, ("1", "1722"))]
RENDERED = [
    "9321\t11004\tAn attempt to listen over RPC has failed. NT Error: 11004. "
    "[ BASE IL MAIN 1 504] (14) \u00fc %12",
    "9266\t-\tA fatal system error occurred while initializing the MTA. "
    "Reboot the computer. [%1%99 50% x y 1 173] (16)",
    "9322\t1722\t-",  # the table's 9322 has another severity
]
PLAIN = ["9321\t11004\t-", "9266\t-\t-", "9322\t1722\t-"]


def compile_messages(folder, *options):
    """A message DLL; `options` are windmc's, above all in which form it stores the texts."""
    folder.mkdir()
    (folder / "m.mc").write_bytes(TEXTS.replace("\n", "\r\n").encode("latin-1"))
    for command in (["windmc", *options, "m.mc"], ["windres", "m.rc", "m.o"],
                    ["gcc", "-shared", "-nostdlib", "-Wl,-e,0", "-o", "m.dll", "m.o"]):
        command[0] = "i686-w64-mingw32-" + command[0]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "m.dll"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("messages")
    now = datetime.now(timezone.utc)
    (folder / "events.evt").write_bytes(
        event_log([(now, number, texts) for number, texts in EVENTS], "EXCH1"))
    compile_messages(folder / "utf16", "-C", "1252", "-U")
    compile_messages(folder / "ansi", "-C", "1252", "-A")
    return folder


@pytest.fixture(scope="module")
def texts(folder):
    """What the agent says of the events once `EventMessageFile` names these files."""
    machine = Wine(folder)
    registered = (None, None)

    def register(files, kind):
        status, _, errors = machine.run("reg", "add", SOURCE_KEY, "/v", "EventMessageFile", "/t",
                                        kind, "/d", files, "/f")
        assert status == 0, errors

    def texts(files, kind="REG_EXPAND_SZ"):
        nonlocal registered
        if files is not None and registered != (files, kind):
            register(files, kind)
            registered = (files, kind)
        status, text, errors = machine.run(PROGRAMS / "event_texts.exe",
                                           on_windows(folder / "events.evt"))
        assert status == 0, errors
        return text.splitlines()

    assert texts(None) == PLAIN  # nothing is registered yet
    yield texts
    machine.close()


@pytest.mark.parametrize("form", ["utf16", "ansi"])
def test_the_words_are_those_of_the_registered_file(texts, folder, form):
    assert texts(on_windows(folder / form / "m.dll")) == RENDERED
    assert texts(on_windows(folder / form / "m.dll"), kind="REG_SZ") == RENDERED


def test_each_file_of_a_list_is_asked(texts, folder):
    assert texts(r"C:\no\such.dll; ;%SystemRoot%\system32\kernel32.dll;"
                 + on_windows(folder / "utf16/m.dll")) == RENDERED


def test_variables_in_the_files_path_are_expanded(texts, folder):
    place = folder / "prefix/drive_c/windows/mtamsg.dll"
    place.write_bytes((folder / "utf16/m.dll").read_bytes())
    assert texts(r"%SystemRoot%\mtamsg.dll") == RENDERED


def test_without_a_file_that_can_be_loaded_the_strings_speak_for_themselves(texts, folder):
    assert texts(r"C:\no\such.dll") == PLAIN
    assert texts("") == PLAIN
    assert texts(r"%SystemRoot%\x" * 60) == PLAIN  # longer than any path
    (folder / "none.dll").write_bytes(b"no program")
    assert texts(on_windows(folder / "none.dll")) == PLAIN


def test_a_file_that_ends_early_does_no_harm(texts, folder):
    whole = (folder / "utf16/m.dll").read_bytes()
    for size in range(len(whole) - 1, 0, -len(whole) // 6):
        (folder / "cut.dll").write_bytes(whole[:size])
        for line, plain, rendered in zip(texts(on_windows(folder / "cut.dll")), PLAIN, RENDERED,
                                         strict=True):
            assert line in (plain, rendered), size


def test_a_damaged_table_does_no_harm(texts, folder):
    """Its first words are the number of blocks, then ids and place of the first: 9266. Its size
    stands in the resource's entry; Windows believes that."""
    whole = (folder / "utf16/m.dll").read_bytes()
    table = whole.index(struct.pack("<II", 0x80002432, 0x80002432)) - 4
    size = (folder / "utf16/MSG00409.bin").stat().st_size
    entry = whole.index(struct.pack("<III", size, 0, 0))
    for changes in ({table: 0}, {table: 2**32 - 1}, {table + 8: 2**32 - 1},
                    {table + 12: 2**31, entry: 2**32 - 1}, {table + 12: 2**20, entry: 2**31},
                    {entry - 4: 2**31}):
        damaged = bytearray(whole)
        for at, value in changes.items():
            struct.pack_into("<I", damaged, at, value)
        (folder / "damaged.dll").write_bytes(damaged)
        assert texts(on_windows(folder / "damaged.dll"))[1] in (PLAIN[1], RENDERED[1]), changes
