"""tests/arrows.sh finds every kind of include that the architecture forbids, and names it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("proto", "agent", "collector")


class Tree:
    """A copy of what arrows.sh looks at, for faults to be put into."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part,
                            ignore=lambda at, names: [name for name in names if not (Path(at) / name).is_dir()
                                                      and Path(name).suffix not in (".c", ".h", ".def")])
        self.script = folder / "tests/arrows.sh"
        self.script.parent.mkdir()
        shutil.copy(ROOT / "tests/arrows.sh", self.script)

    def add(self, file, text):
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as end:
            end.write(text + "\n")

    def include(self, file, header, opening='""'):
        self.add(file, f"#include {opening[0]}{header}{opening[1]}")

    def change_script(self, old, new):
        text = self.script.read_text()
        assert old in text
        self.script.write_text(text.replace(old, new, 1))

    def complaints(self):
        """What is wrong, by line; the exit status must say the same."""
        done = subprocess.run([self.script], capture_output=True, text=True, timeout=120)
        assert done.stderr == "" and done.returncode in (0, 1)
        lines = done.stdout.splitlines()
        assert (lines == ["every include follows the arrows"]) == (done.returncode == 0)
        return lines if done.returncode else []


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def floors():
    """Folder to what its row names, in the order of the table."""
    text = (ROOT / "tests/arrows.sh").read_text()
    table = re.search(r"^floors\(\) \{\n\tcat <<'END'\n(.*?)^END$", text, re.M | re.S)[1]
    return {row[0]: row[1:] for row in map(str.split, table.splitlines()) if row}


def test_the_tree_as_it_is_passes(tree):
    assert tree.complaints() == []


def test_an_include_against_the_floors_or_from_another_part(tree):
    faults = [("proto/base/arena.c", "proto/report/report.h"),
              ("proto/json/check.c", "proto/rpc/pdu.h"),
              ("agent/host/moment.c", "agent/run/cycle.h"),
              ("agent/platform/log.c", "agent/collect/collect.h"),
              ("agent/https/url.c", "agent/uplink/spool.h"),
              ("collector/base/log.c", "collector/http/http.h"),
              ("collector/fleet/fleet.h", "collector/api/api.h"),
              ("collector/store/pack.c", "collector/store/sqlite/writer_cache.h"),
              ("collector/store/store.h", "collector/net/conn.h"),
              ("proto/base/arena.c", "agent/host/host.h"),
              ("proto/base/arena.c", "collector/base/log.h"),
              ("agent/host/moment.c", "collector/base/log.h"),
              ("collector/base/log.c", "agent/host/host.h")]
    for fault in faults:
        tree.include(*fault)
    assert sorted(tree.complaints()) == sorted(
        f"{file}: {file.rpartition('/')[0]}/ may not include {header}" for file, header in faults)


def test_a_row_of_the_floors_that_names_one_below_it(tree):
    tree.change_script("\nproto/json\n", "\nproto/json proto/rpc\n")
    assert tree.complaints() == ["floors: proto/json names proto/rpc, which is no row above it"]


def test_no_circle_of_folders_can_be_written_down(tree):
    """A circle has a row that names one below it, wherever it begins: fleet includes store, and
    store shall include fleet."""
    assert "collector/store" in floors()["collector/fleet"]
    tree.change_script("\ncollector/store ", "\ncollector/store collector/fleet ")
    assert tree.complaints() == [
        "floors: collector/store names collector/fleet, which is no row above it"]


def test_a_private_header_of_another_folder(tree):
    faults = [("collector/query/site_tally.c", "collector/fleet/internal.h"),
              ("agent/run/cycle.c", "agent/collect/internal.h"),
              ("agent/run/cycle.c", "proto/exposure/internal.h"),
              ("collector/net/channel.c", "collector/crypto/tls_internal.h")]
    for fault in faults:
        tree.include(*fault)
    assert sorted(tree.complaints()) == sorted(
        f"{file}: {header} is private to its folder" for file, header in faults)


def test_a_header_of_a_platform_from_elsewhere(tree):
    faults = [("agent/platform/posix/files.c", "agent/platform/win32/text.h", "win32"),
              ("agent/commands/help.c", "agent/platform/win32/text.h", "win32"),
              ("agent/host/win32/net.c", "agent/host/posix/internal.h", "posix"),
              ("agent/commands/help.c", "agent/host/posix/internal.h", "posix")]
    for file, header, _ in faults:
        tree.include(file, header)
    complaints = tree.complaints()
    for file, header, platform in faults:
        assert f"{file}: {header} is for {platform} files only" in complaints


def test_a_header_of_the_system_outside_of_its_folders(tree):
    faults = [("agent/commands/help.c", header) for header in (
        "windows.h", "winsock2.h", "winsvc.h", "winreg.h", "iphlpapi.h", "unistd.h", "sys/socket.h",
        "sys/wait.h", "poll.h", "dirent.h", "netdb.h", "linux/netlink.h")]
    faults += [("agent/host/posix/net.c", "windows.h"), ("agent/host/win32/net.c", "unistd.h"),
               ("collector/base/log.c", "windows.h")]
    for fault in faults:
        tree.include(*fault, opening="<>")
    assert sorted(tree.complaints()) == sorted(
        f"{file}: may not include {header}" for file, header in faults)


def test_proto_does_without_the_system(tree):
    headers = ("sys/time.h", "time.h", "fcntl.h", "pthread.h", "netinet/in.h", "arpa/inet.h", "errno.h")
    for header in headers:
        tree.include("proto/base/arena.c", header, "<>")
    assert sorted(tree.complaints()) == sorted(
        f"proto/base/arena.c: proto/ may not include {header}" for header in headers)


@pytest.mark.parametrize("opening", ["<>", '""'])
def test_a_library_outside_of_its_owner(tree, opening):
    faults = {
        "cjson/cJSON.h": ["agent/uplink/spool.c", "collector/base/log.c", "proto/json/check.c"],
        "mbedtls/ssl.h": ["agent/uplink/enroll.c", "collector/crypto/tls.c", "agent/https/url.c"],
        "curl/curl.h": ["agent/uplink/uplink.c", "collector/hooks/http.c"],
        "sqlite3.h": ["collector/store/pack.c", "collector/fleet/judge.c", "agent/host/moment.c"],
        "zstd.h": ["collector/store/sqlite/write.c", "collector/http/answer.c"],
        "llhttp.h": ["collector/api/reports.c", "collector/net/conn.c"],
        "openssl/ssl.h": ["collector/net/channel.c", "collector/hooks/http.c", "agent/https/send.c"],
        "uv.h": ["collector/api/health.c", "collector/fleet/judge.c", "agent/run/cycle.c"]}
    for header, files in faults.items():
        for file in files:
            tree.include(file, header, opening)
    assert sorted(tree.complaints()) == sorted(
        f"{file}: may not include {header}" for header, files in faults.items() for file in files)


@pytest.mark.parametrize("line", ["#ifdef _WIN32", "#if defined(__linux__)", "#  ifndef __MINGW32__",
                                  "#if X\n#elif defined(_WIN32)"])
def test_a_platform_conditional(tree, line):
    tree.add("agent/host/moment.c", f"{line}\n#endif")
    where, rule = tree.complaints()
    assert re.fullmatch(rf"agent/host/moment.c:\d+:{re.escape(line.splitlines()[-1])}", where)
    assert rule == "a platform conditional; make it two files"


@pytest.mark.parametrize("header", ["proto/base/status.h", "collector/base/log.h"])
def test_a_folder_without_a_row(tree, header):
    tree.include("collector/attic/chest.c", header)
    assert tree.complaints() == [f"collector/attic/chest.c: collector/attic/ may not include {header}",
                                 "floors: there is no row for collector/attic"]


def test_a_row_without_a_folder(tree):
    tree.change_script("\nproto/json\n", "\nproto/json\nproto/attic\n")
    assert tree.complaints() == ["floors: proto/attic is no folder with sources"]


def test_an_include_that_is_not_from_the_root(tree):
    headers = ("judge.h", "../model/view.h", "fleet/fleet.h")
    for header in headers:
        tree.include("collector/fleet/judge.c", header)
    assert sorted(tree.complaints()) == sorted(
        f"collector/fleet/judge.c: there is no {header} below the root" for header in headers)
