"""A copied disk whose registry is there as Windows keeps it: the hives system and software."""

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from lab.exchange_disk import ExchangeDisk  # noqa: E402
from lab.hives import number, text, write_hive  # noqa: E402

AGENT = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize")) / "agent/mtawatch-agent"
DN = "/o=ACME/ou=LAB/cn=Configuration/cn=Servers/cn=EXCH1/cn=Microsoft MTA"
SERVICE = "ControlSet002\\Services\\MSExchangeMTA"
SYSTEM = {
    "Select": {"Current": number(2)},
    "ControlSet001\\Services\\MSExchangeMTA": {"Start": number(4)},
    "ControlSet002\\Control\\ComputerName\\ComputerName": {"ComputerName": text("EXCH1")},
    SERVICE: {"Start": number(2), "ImagePath": text("C:\\exchsrvr\\bin\\emsmta.exe")},
    SERVICE + "\\Parameters": {"X500 DN": text(DN)},
}
SOFTWARE = {
    "Microsoft\\Exchange\\Setup": {"Services": text("C:\\exchsrvr"), "NewestBuild": number(2653)},
    "Microsoft\\Windows NT\\CurrentVersion": {"CurrentVersion": text("4.0")},
}


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    ExchangeDisk(folder, "EXCH1", build="5.5.2653.23")
    (folder / "exchange.reg").unlink()
    return folder


def put_hives(folder, system="system", software="software"):
    folder.mkdir(parents=True, exist_ok=True)
    write_hive(folder / system, SYSTEM)
    write_hive(folder / software, SOFTWARE)


def report(disk):
    done = subprocess.run([AGENT, "report", "--windows-root", disk, "--disk-only"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("place, system, software", [
    ("C/WINNT/system32/config", "system", "software"),
    ("D/WINNT.SRV/System32/Config", "SYSTEM", "Software"),
    ("WINNT/system32/config", "SYSTEM", "SOFTWARE"),
    ("system32/config", "system", "software"), ("config", "system", "software"),
    (".", "SYSTEM", "SOFTWARE"), (".", "exch1-a.hiv", "exch1-b.HIV"),
])
def test_hives_are_found_where_people_put_them(disk, place, system, software):
    put_hives(disk / place, system, software)
    told, _ = report(disk)
    assert told["host"]["name"] == "EXCH1"
    assert told["host"]["os"] == "Windows NT 4.0"
    assert told["exchange"]["site"] == "LAB"
    assert told["mta"]["start_type"] == "auto"


def test_where_exports_are_there_too_it_is_said_which_is_read(disk):
    put_hives(disk)
    (disk / "old.reg").write_text("REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet002\\Control"
                                  "\\ComputerName\\ComputerName]\n\"ComputerName\"=\"OTHER\"\n")
    told, said = report(disk)
    assert told["host"]["name"] == "EXCH1"
    assert "HKLM\\SYSTEM is read from the hive" in said and "not from the exports" in said


def test_an_export_stands_in_for_a_hive_that_is_not_there(disk):
    put_hives(disk)
    (disk / "software").unlink()
    (disk / "software.reg").write_text("REGEDIT4\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\"
                                       "Windows NT\\CurrentVersion]\n\"CurrentVersion\"=\"4.0\"\n")
    told, _ = report(disk)
    assert (told["host"]["name"], told["host"]["os"]) == ("EXCH1", "Windows NT 4.0")


def test_a_hive_that_windows_did_not_close_is_read_and_named(disk):
    put_hives(disk)
    hive = bytearray((disk / "system").read_bytes())
    struct.pack_into("<I", hive, 4, struct.unpack_from("<I", hive, 4)[0] + 1)
    checksum = 0
    for (word,) in struct.iter_unpack("<I", hive[:0x1FC]):
        checksum ^= word
    struct.pack_into("<I", hive, 0x1FC, checksum)
    (disk / "system").write_bytes(hive)
    told, said = report(disk)
    assert told["host"]["name"] == "EXCH1"
    assert "was not closed by Windows" in said


def test_what_is_no_hive_or_cut_off_is_named_and_does_no_harm(disk):
    put_hives(disk)
    whole = (disk / "system").read_bytes()
    for content in (b"", b"regf", whole[:4096], whole[:5000], whole[:-4096], b"x" * 9000):
        (disk / "system").write_bytes(content)
        done = subprocess.run([AGENT, "check", "--windows-root", disk, "--disk-only"],
                              capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1, 2), done.stderr
        assert "system" in done.stderr


def test_damage_anywhere_in_a_hive_does_no_harm(disk):
    put_hives(disk)
    whole = (disk / "system").read_bytes()
    for at in range(4096 + 32, len(whole), 397):
        damaged = bytearray(whole)
        damaged[at:at + 4] = b"\xff\xff\xff\x7f"
        (disk / "system").write_bytes(damaged)
        done = subprocess.run([AGENT, "check", "--windows-root", disk, "--disk-only"],
                              capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode in (0, 1, 2), (at, done.stderr)
    shutil.rmtree(disk)
