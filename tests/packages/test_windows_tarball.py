"""The tarball of the Windows agent: what is in it, and that the same source gives the same bytes."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from conftest import ROOT, as_owner
from documents import blocks
from version import VERSION

NAME = f"mtawatch-agent-windows-{VERSION}"


@pytest.fixture(scope="module")
def tarball():
    command, = blocks("docs/agents.md", "run by test_windows_tarball.py")
    made, = as_owner("bash", "-c", command.text)
    assert made == f"build/packages/{NAME}.tar.gz"
    return ROOT / made


@pytest.fixture(scope="module")
def folder(tarball, tmp_path_factory):
    place = tmp_path_factory.mktemp("a path with blanks")
    subprocess.run(["tar", "-xzf", tarball, "-C", place], check=True)
    return place / NAME


def test_it_has_what_people_carry_to_windows_and_sums_of_it(folder):
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == {"mtawatch-agent.exe", f"mtawatch-agent-{VERSION}.msi", "mtawatch.adm", "mtawatch.admx", "en-US/mtawatch.adml",
                     "GROUP-POLICY.md", "maintenance.md", "nt-checklist.md", "LICENSE", "mtawatch-agent.spdx.json", "SHA256SUMS"}
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0 and checked.stdout.count(": OK") == len(files) - 1
    inside = subprocess.run(["msiextract", "-C", folder / "msi", folder / f"mtawatch-agent-{VERSION}.msi"], check=True,
                            capture_output=True, text=True)
    assert "mtawatch-agent.exe" in inside.stdout
    program, = (folder / "msi").rglob("mtawatch-agent.exe")
    assert program.read_bytes() == (folder / "mtawatch-agent.exe").read_bytes()


def test_what_its_pages_lead_to_is_in_it(folder):
    pages = list(folder.glob("*.md"))
    led = {link.partition("#")[0] for page in pages for link in re.findall(r"\]\(([^)]*)\)", page.read_text(encoding="utf-8"))
           if not link.startswith(("http", "#"))}
    assert led == {"maintenance.md", "nt-checklist.md"} and led <= {page.name for page in pages}


def test_what_it_is_linked_of_is_told_with_debians_versions(folder):
    told = json.loads((folder / "mtawatch-agent.spdx.json").read_text())
    assert told["spdxVersion"] == "SPDX-2.3" and told["creationInfo"]["created"].endswith("Z")
    packages = {package["name"]: package for package in told["packages"]}
    pins = (ROOT / "agent/deploy/windows-deps.pins").read_text(encoding="utf-8")
    for name in ("mbedtls", "curl", "cjson"):
        assert f"  {name}_{packages[name]['versionInfo']}.dsc\n" in pins
    assert {"mingw-w64", "gcc-mingw-w64"} <= set(packages)
    ours = packages["mtawatch-agent-windows"]["checksums"][0]["checksumValue"]
    assert ours == hashlib.sha256((folder / "mtawatch-agent.exe").read_bytes()).hexdigest()
    ids = {package["SPDXID"] for package in told["packages"]}
    assert {relation["relatedSpdxElement"] for relation in told["relationships"]} == ids


def test_packed_again_later_it_is_the_same(tarball, tmp_path):
    first = tmp_path / "first"
    shutil.copy(tarball, first)
    time.sleep(2.1)  # as far apart as times of FAT, and of cabinets, can be told
    as_owner("scripts/package", "--windows", TZ="Asia/Tokyo")
    assert tarball.read_bytes() == first.read_bytes()


def test_built_in_another_folder_the_program_is_the_same(tarball, folder, tmp_path):
    """Also by ccache, where it is installed: it makes the sources' paths relative to the folder of the build, and asserts
    tell them."""
    source = tmp_path / "another folder with blanks"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns("build", ".git", "node_modules"))
    cached = {"CMAKE_C_COMPILER_LAUNCHER": "ccache", "CCACHE_BASEDIR": str(tmp_path), "CCACHE_NOHASHDIR": "1"}
    for command in (["cmake", "--preset", "windows"], ["cmake", "--build", "--preset", "windows", "--target", "mtawatch-agent"]):
        subprocess.run(command, cwd=source, check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | (cached if shutil.which("ccache") else {}))
    made = source / "build/windows/agent"
    assert not re.search(rb"\.\./[a-z/_]+\.c\b", (made / "mtawatch-agent.exe").read_bytes())
    assert (made / "mtawatch-agent.exe").read_bytes() == (folder / "mtawatch-agent.exe").read_bytes()
    assert (made / "mtawatch-events.dll").read_bytes() == (ROOT / "build/windows/agent/mtawatch-events.dll").read_bytes()


def test_another_content_is_another_product(folder, tmp_path):
    def product(program, version):
        package = tmp_path / "x.msi"
        subprocess.run([ROOT / "scripts/package", "--version", version, "--program", program, "--events",
                        ROOT / "build/windows/agent/mtawatch-events.dll", "--out", package], check=True, stdout=subprocess.DEVNULL)
        table = subprocess.run(["msiinfo", "export", package, "Property"], check=True, capture_output=True, text=True).stdout
        return re.search(r"ProductCode\t(\{[0-9A-F-]{36}\})", table)[1]

    program = folder / "mtawatch-agent.exe"
    other = tmp_path / "other.exe"
    other.write_bytes(program.read_bytes() + b"x")
    codes = [product(program, "0.1.0"), product(program, "0.1.1"), product(other, "0.1.0"), product(program, "0.1.0")]
    assert codes[0] == codes[3] and len(set(codes)) == 3
