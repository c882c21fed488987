"""The Windows executable is one that Windows NT 4.0 SP6a loads and a Pentium Pro runs: its header, its
calls, which are agent/deploy/nt-calls's rows, and its instructions are held against what is known of them,
and each check is shown to refuse.

Wine cannot say this: it has every import, and the processor here every instruction.
"""

import fnmatch
import functools
import re
import shlex
import struct
import subprocess
from pathlib import Path

import pytest
from test_selftest import trials
from wine import AGENT

ROOT = Path(__file__).resolve().parents[2]
CALLS = ROOT / "agent/deploy/nt-calls"
LOOKED_INTO = ("advapi32", "iphlpapi", "kernel32", "ntdll", "ws2_32")  # libraries that may be asked by name
CC = "i686-w64-mingw32-gcc"
MAX_SIZE = 425_000  # bytes of the executable

LISTS = 32  # instructions that objdump makes of the lists behind the code, at most

# What a 386 with a 387 executes, as objdump spells it. GCC writes "rep bsf" where a newer processor may
# do TZCNT, which objdump tells then: an older one passes the prefix by, and only the index of no bit differs.
BASE = re.compile(r"""
    (mov|add|adc|sub|sbb|cmp|test|and|or|xor|not|neg|inc|dec|mul|imul|div|idiv|shl|sar|shr|rol|ror|rcl|rcr
      |lea|push|pop|xchg|stos|lods|scas|cmps|movs|bt|bts|btr|btc|bsf|tzcnt|bsr|shld|shrd|call|jmp|ret|leave)[bwl]?
    | mov[sz][bw][wl] | j[a-z]{1,4} | set[a-z]{1,3} | nop | cwtl | cltd | cwtd | cld | std | sahf | lahf
    | rep | repz | repnz | lock | hlt | int3 | enter | pusha | popa
    | f(ld|st|stp|ild|ist|istp)(s|l|t|ll)? | f(add|sub|subr|mul|div|divr)[pls]? | fi(add|sub|mul|div)[ls]?
    | f(com|comp|compp|ucom|ucomp|ucompp)[ls]? | fld(1|z|pi|l2e|l2t|lg2|ln2|cw|env) | fn?st(cw|sw|env)
    | f(xch|chs|abs|xam|tst|sqrt|scale|rndint|prem|prem1|2xm1|yl2x|yl2xp1|sin|cos|sincos|ptan|patan|xtract)
    | fn?init | fn?clex | fnop | fincstp | fdecstp | ffree | fwait
    """, re.VERBOSE)
# What the 386 and 387 do not have. The Pentium Pro is the oldest processor: our own code keeps to the
# Pentium, libgcc of Debian's compiler need not (Intel Architecture Software Developer's
# Manual, volume 2, 1997, order number 243191).
NEWER = (
    "bswap",  # the 486
    "ud2",  # the Pentium Pro; abort() in the C runtime
    "fucomi*",  # the Pentium Pro
    "pause",  # its bytes are REP NOP, and NOP ignores the prefix
)
PAGE = 0x1000
FRAME = re.compile(r"sub +\$0x([0-9a-f]+),%esp")
VECTOR = re.compile(r"%([xyz]?mm\d)")

# Entries of the data directory (Microsoft PE/COFF specification), and those an executable of ours has.
DIRECTORIES = ("exports", "imports", "resources", "exceptions", "certificates", "relocations", "debug",
               "architecture", "global pointer", "thread storage", "load configuration",
               "bound imports", "import addresses", "delay imports", "CLR header", "reserved")
EXPECTED_DIRECTORIES = {"imports", "resources", "import addresses"}


def calls_of(text):
    """{call: tests that hold it}; a row that says less than it has to is refused."""
    rows = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        call, *fields = [field.strip() for field in line.split("|")]
        assert len(fields) == 4 and all(fields), f"{call}: five columns, none empty"
        assert call not in rows, f"{call}: twice"
        rows[call] = fields[3].split()
    return rows


def row_faults(rows):
    """Tests and lines of the selftest that rows name and that are not there; lines that no row names."""
    sources = {path.name: path.read_text() for pattern in ("test_*.c", "test_*.py", "*_cases.py")
               for path in (ROOT / "tests").rglob(pattern)}
    lines = {f"selftest:{name}" for name in trials()}
    for call, tests in rows.items():
        for test in tests:
            file, _, name = test.partition("::")
            is_test = name and re.search(rf"\b{re.escape(name)}\(", sources.get(file, ""))
            if not is_test and test not in lines:
                yield f"{call}: there is no test {test}"
    for line in sorted(lines - {test for tests in rows.values() for test in tests}):
        yield f"no row names {line}"


def header_faults(image):
    """What a loader of NT 4.0 minds in the header of an executable's bytes."""
    at, = struct.unpack_from("<I", image, 0x3c)
    assert image[at:at + 4] == b"PE\0\0"
    machine, = struct.unpack_from("<H", image, at + 4)
    magic, = struct.unpack_from("<H", image, at + 24)
    versions = struct.unpack_from("<6H", image, at + 64)
    subsystem, characteristics = struct.unpack_from("<HH", image, at + 92)
    directories = struct.unpack_from("<32I", image, at + 120)
    present = {name for name, address in zip(DIRECTORIES, directories[::2]) if address}
    if (machine, magic) != (0x14c, 0x10b):
        yield "no 32-bit x86 executable"
    if versions[0:2] != (4, 0) or versions[4:6] != (4, 0):
        yield f"made for system {versions[0]}.{versions[1]}, subsystem {versions[4]}.{versions[5]}"
    if subsystem != 3:
        yield f"subsystem {subsystem} is not the console"
    if characteristics:
        yield f"DllCharacteristics {characteristics:#x}"
    for name in sorted(present - EXPECTED_DIRECTORIES):
        yield f"it has {name}"


def imports(path):
    dll = None
    for line in objdump("-p", path):
        words = line.split()
        if words[:2] == ["DLL", "Name:"]:
            dll = words[2].lower()
        elif dll and len(words) == 3 and re.fullmatch(r"\t[0-9a-f]+\t +\d+ +\S+ *", line):
            yield f"{dll}!{words[2]}"
        elif dll and re.match(r"\t[0-9a-f]+\t", line):
            yield f"{dll}!{line.strip()}"  # by number: never among the allowed ones


@functools.cache
def exports(library):
    """What the compiler's import library of that name has: nearly all of the newest Windows."""
    archive = subprocess.run([CC, f"-print-file-name=lib{library}.a"], capture_output=True, text=True,
                             check=True).stdout.strip()
    symbols = subprocess.run([CC.replace("gcc", "nm"), archive], capture_output=True, text=True).stdout
    return set(re.findall(r" T _(\w+?)(?:@\d+)?$", symbols, re.MULTILINE))


def calls(path):
    """What it imports, and what it may look up: each text in it that is the name of a call."""
    texts = {text.decode() for text in re.findall(rb"(?<!\w)([A-Za-z_]\w+)\0", Path(path).read_bytes())}
    imported = set(imports(path))
    names = {call.partition("!")[2] for call in imported}
    return imported | {f"{library}.dll!{name}" for library in LOOKED_INTO
                       for name in exports(library) & texts - names}


def instructions(path):
    """Mnemonics, and in place of one that uses vector registers the register."""
    for _, text in code(path):
        vector = VECTOR.search(text)
        yield vector[1] if vector else text.split()[0]


def code(path):
    """(bytes, instruction) without the end: there lie the lists of constructors and destructors, words
    of ones and addresses, which objdump takes for code."""
    lines = [line.split("\t")[1:] for line in objdump("-d", path)]
    lines = [line for line in lines if len(line) == 2 and line[1].strip()]
    for i, (content, text) in enumerate(lines[-LISTS:], max(0, len(lines) - LISTS)):
        if text.startswith("(bad)") and set(content.split()) == {"ff"}:
            return lines[:i]
    return lines


def unprobed_frames(lines):
    """Stack frames of a page or more that are taken without touching the pages in between: the system
    ends a program that steps over its guard page. A frame with a probe is subtracted as a register."""
    for line in lines:
        frame = FRAME.search(line)
        if frame and PAGE <= int(frame[1], 16) < 0x80000000:
            yield line.split(":")[0].strip()


@functools.cache
def objdump(*arguments):
    return subprocess.run(["i686-w64-mingw32-objdump", *arguments], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def faults(path, rows):
    """Everything in the executable that is not known, and what is known of it in vain."""
    wanted = calls(path)
    assert any(call.startswith("kernel32.dll!") for call in wanted)
    yield from header_faults(Path(path).read_bytes())
    for call in sorted(wanted - set(rows)):
        yield f"no row for {call}"
    for call in sorted(set(rows) - wanted):
        yield f"not needed: {call}"
    found = set(instructions(path))
    for mnemonic in sorted(found):
        if not BASE.fullmatch(mnemonic) and not any(fnmatch.fnmatchcase(mnemonic, new) for new in NEWER):
            yield f"instruction {mnemonic}"
    for new in NEWER:
        if not fnmatch.filter(found, new):
            yield f"not needed: {new}"


@pytest.fixture(scope="module")
def rows():
    return calls_of(CALLS.read_text())


def test_it_asks_nothing_that_nt_4_does_not_have(rows):
    assert list(faults(AGENT, rows)) == []


def test_what_is_relied_on_is_held_by_tests_that_are_there(rows):
    assert list(row_faults(rows)) == []
    for test in ("test_gone.py::test_it", "test_windows_executable.py::test_gone", "test_windows_executable.py",
                 "test_windows_executable.py::test_it", "selftest:gone"):
        assert list(row_faults({**rows, "ws2_32.dll!bind": [test]})) == [
            f"ws2_32.dll!bind: there is no test {test}"]
    fewer = {call: tests for call, tests in rows.items() if "selftest:route" not in tests}
    assert list(row_faults(fewer)) == ["no row names selftest:route"]


def test_every_large_frame_is_probed(tmp_path):
    assert list(unprobed_frames(objdump("-d", AGENT))) == []
    large = "int main(int n, char **v) { volatile char room[9000]; room[n] = **v; return room[n]; }"
    for flags, found in (["-mstack-arg-probe", "-maccumulate-outgoing-args"], 0), ([], 1):
        program = build(tmp_path, large, *own_flags(), "-O1", *flags)
        assert len(list(unprobed_frames(objdump("-d", program)))) == found


def test_it_is_small():
    assert AGENT.stat().st_size < MAX_SIZE


def build(folder, source, *flags):
    folder.joinpath("program.c").write_text(source)
    program = folder / f"program{len(list(folder.iterdir()))}.exe"  # objdump()'s answers are kept
    subprocess.run([CC, *flags, "-o", program, folder / "program.c", "-lws2_32"], check=True)
    return program


def own_flags():
    """The flags of the toolchain file for compiling and linking, and the agent's start."""
    text = (AGENT.parents[1] / "CMakeCache.txt").read_text()
    cache = dict(re.findall(r"^(CMAKE_C_FLAGS|CMAKE_EXE_LINKER_FLAGS):STRING=(.*)$", text, re.M))
    start = [str(ROOT / "agent/deploy/start.c"), "-Wl,-e,_agent_start"]
    return [*shlex.split(f"{cache['CMAKE_C_FLAGS']} {cache['CMAKE_EXE_LINKER_FLAGS']}"), *start]


NAIVE = """
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
int main(void)
{
	struct addrinfo *found = NULL;
	ULONGLONG began = GetTickCount64();
	int code = getaddrinfo("example.invalid", "443", NULL, &found);
	return code + (int)(GetTickCount64() - began);
}
"""

SUMS = """
#include <stdlib.h>
#include <windows.h>
int main(int argc, char **argv)
{
	float sums[64];
	for (int i = 0; i < 64; i++)
		sums[i] = (float)atoi(argv[argc - 1]) * i;
	return (int)sums[argc] + (int)GetTickCount() + %s;
}
"""


def test_a_naive_build_is_refused_for_imports_and_header(tmp_path, rows):
    program = build(tmp_path, NAIVE, "-O2", "-s", "-D_WIN32_WINNT=0x0600")
    found = list(faults(program, rows))
    assert "no row for kernel32.dll!GetTickCount64" in found
    assert "no row for ws2_32.dll!getaddrinfo" in found
    assert any(fault.startswith("DllCharacteristics 0x") for fault in found)
    assert "it has relocations" in found


@pytest.mark.parametrize("flags, expression, refused", [
    (["-O2", "-march=pentium3", "-msse", "-mfpmath=sse"], "0", "instruction xmm0"),
    (["-O1", "-mpopcnt"], "__builtin_popcount(argc)", "instruction popcnt"),
    (["-O1", "-march=prescott", "-msse3", "-mfpmath=387"], "(int)(sums[0] * 3.5f)", "instruction fisttp"),
    (["-O1", "-march=pentium-mmx"], '({ __asm__ volatile("pxor %%mm0, %%mm0; emms"); 0; })',
     "instruction mm0"),
])
def test_newer_instructions_are_refused(tmp_path, rows, flags, expression, refused):
    source = SUMS.replace("%s", expression).replace("%%", "%")
    program = build(tmp_path, source, *own_flags(), *flags)
    found = [fault for fault in faults(program, rows) if not fault.startswith("not needed")]
    assert any(fault.startswith(refused) for fault in found), found
    assert not any(fault.startswith(("made for", "DllCharacteristics", "it has")) for fault in found)


def test_our_flags_alone_make_a_program_that_passes(tmp_path, rows):
    program = build(tmp_path, SUMS.replace("%s", "0"), *own_flags(), "-Os", "-s")
    ends = {"msvcrt.dll!exit": []}  # the agent's main() does not come back
    assert [fault for fault in faults(program, {**rows, **ends}) if not fault.startswith("not needed")] == []


@pytest.mark.parametrize("offset, size, value, refused", [
    (64, "<H", 5, "made for system 5.0, subsystem 4.0"),
    (72, "<H", 5, "made for system 4.0, subsystem 5.0"),
    (74, "<H", 1, "made for system 4.0, subsystem 4.1"),
    (94, "<H", 0x140, "DllCharacteristics 0x140"),
    (92, "<H", 2, "subsystem 2 is not the console"),
    (120 + 8 * 13, "<I", 0x1000, "it has delay imports"),
    (120 + 8 * 5, "<I", 0x1000, "it has relocations"),
    (4, "<H", 0x8664, "no 32-bit x86 executable"),
])
def test_each_field_of_the_header_counts(offset, size, value, refused):
    image = bytearray(AGENT.read_bytes())
    assert list(header_faults(image)) == []
    at, = struct.unpack_from("<I", image, 0x3c)
    struct.pack_into(size, image, at + offset, value)
    assert list(header_faults(image)) == [refused]


@pytest.mark.parametrize("call", ["kernel32.dll!MoveFileExW", "iphlpapi.dll!GetAdaptersInfo",
                                  "ntdll.dll!NtQuerySystemInformation", "msvcrt.dll!qsort"])
def test_a_call_without_a_row_is_named_whether_imported_or_looked_up(rows, call):
    fewer = {**rows}
    del fewer[call]
    assert list(faults(AGENT, fewer)) == [f"no row for {call}"]


def test_a_row_that_no_call_needs_or_that_says_too_little_is_refused(rows):
    assert list(faults(AGENT, {**rows, "kernel32.dll!Beep": []})) == ["not needed: kernel32.dll!Beep"]
    for text in ("kernel32.dll!Beep", "kernel32.dll!Beep | by 4.0 | - | | a::b", "x | 4.0 | - | s | t\n" * 2):
        with pytest.raises(AssertionError):
            calls_of(text)
