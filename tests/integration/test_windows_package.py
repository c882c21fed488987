"""The package for Windows Installer, from its first installation to its removal, under Wine.

What Wine does not do as Windows Installer does: it puts no quotes around a service's path; it does not
wait for a service that it stops, so that the program may be replaced only at the next start of Windows;
it forgets the upgrade code of a product that has taken another one's place, so that a downgrade is
tried on one that was installed anew; its msiexec /f knows no package. Exit codes are cut to eight bits.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from busy_collector import busy_collector  # noqa: E402
from documents import blocks  # noqa: E402
from wine import AGENT, EVENTS_DLL, Wine, events_name, network_of_its_own, on_windows  # noqa: E402
from version import VERSION  # noqa: E402
from waiting import until  # noqa: E402

SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\mtawatch-agent"
SOURCE = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\mtawatch"
SETTINGS = r"HKLM\Software\mtawatch"
FAILURE = 1603 % 256  # ERROR_INSTALL_FAILURE, as Wine cuts it
RESTART = 3010 % 256  # ERROR_SUCCESS_REBOOT_REQUIRED
MAX_SIZE = 285 * 1024  # bytes

PEERS = "EXCH2=10.255.0.2;EXCH3=10.255.0.3,10.255.1.3"
OLDER, NEWER, NEXT = "0.0.9", "90.0.0", "91.0.0"  # packages that call themselves so
PIN = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Version to package; the later one has another program, and one has other words for the events."""
    folder = tmp_path_factory.mktemp("packages")
    newer = folder / "newer.exe"
    newer.write_bytes(AGENT.read_bytes() + b"newer")
    made = {}
    words = folder / "words.dll"
    words.write_bytes(EVENTS_DLL.read_bytes() + b"newer")
    for version, program, events in ((OLDER, AGENT, EVENTS_DLL), (VERSION, AGENT, EVENTS_DLL), (NEWER, newer, EVENTS_DLL),
                                     (NEXT, newer, words)):
        made[version] = folder / f"{version}.msi"
        subprocess.run([ROOT / "scripts/package", "--version", version, "--program", program,
                        "--events", events, "--out", made[version]], check=True, stdout=subprocess.DEVNULL)
    return made


def table(package, name):
    """The rows of a table, as mappings."""
    text = subprocess.run(["msiinfo", "export", package, name], check=True, capture_output=True,
                          text=True).stdout
    head, _, _, *rows = [line.rstrip("\r").split("\t") for line in text.splitlines()]
    return [dict(zip(head, row)) for row in rows]


def test_it_is_small(packages):
    assert packages[VERSION].stat().st_size < MAX_SIZE


def test_it_is_made_for_windows_installer_2(packages):
    told = subprocess.run(["msiinfo", "suminfo", packages[VERSION]], check=True,
                          capture_output=True, text=True).stdout
    assert "Version: 200 (c8)" in told and "Template: Intel;1033" in told
    # ExtendedType came with Windows Installer 4.5.
    assert set(table(packages[VERSION], "CustomAction")[0]) == {"Action", "Type", "Source",
                                                               "Target"}


def test_what_decides_is_in_its_tables(packages):
    package = packages[VERSION]
    values = {row["Property"]: row["Value"] for row in table(package, "Property")}
    assert values["UpgradeCode"] == "{C41E7E0B-5B6A-4D0B-9F7C-2D7A6A5C8F10}"
    assert {"COLLECTORURL", "ENROLLSECRETFILE", "PEERS", "CAFILE", "PIN", "KEEPSTATE",
            "OLDCOLLECTORURL", "NEWERFOUND"} <= set(values["SecureCustomProperties"].split(";"))
    assert values["REBOOT"] == "ReallySuppress"  # with a file in use and /qn it would restart the server
    assert values["ALLUSERS"] == "1" and values["ARPHELPLINK"] and values["ARPCOMMENTS"]
    assert {row["Component"]: (row["Condition"], int(row["Attributes"]))
            for row in table(package, "Component")} == {
        "Agent": ("", 0), "Events": ("", 128), "CollectorUrl": ("COLLECTORURL", 68),
        "EnrollSecretFile": ("ENROLLSECRETFILE", 68), "Peers": ("PEERS", 68),
        "CaFile": ("CAFILE", 68), "Pin": ("PIN", 68)}
    words = {row["Condition"]: row["Description"] for row in table(package, "LaunchCondition")}
    assert "A newer version of mtawatch agent is installed" in words["Installed OR NOT NEWERFOUND"]
    assert any("Service Pack 6" in text for text in words.values())
    assert any("Windows Installer 2.0" in text for text in words.values())
    sequence = {row["Action"]: int(row["Sequence"])
                for row in table(package, "InstallExecuteSequence")}
    assert sequence["AppSearch"] < sequence["KeepCollectorUrl"] < sequence["CostInitialize"]
    assert sequence["AppSearch"] < sequence["RunAgain"] < sequence["CostInitialize"]
    assert sequence["StopServices"] < sequence["Forget"] < sequence["RemoveRegistryValues"]
    assert sequence["InstallExecute"] < sequence["RemoveExistingProducts"]
    assert sequence["RemoveExistingProducts"] < sequence["InstallFinalize"]
    service, = table(package, "ServiceInstall")
    assert (service["Name"], service["Arguments"], service["StartType"]) == (
        "mtawatch-agent", "service", "2")
    registry = {row["Registry"]: row["Name"] for row in table(package, "Registry")}
    locks = {(registry.get(row["LockObject"], row["LockObject"]), row["Table"], row["User"]): int(row["Permission"])
             for row in table(package, "LockPermissions")}
    everything, read_and_run, read_key = 0x10000000, 0x1200A9, 0x20019
    assert locks == {
        (what, where, who): everything if who == "Administrators" else others
        for what, where, others in (("INSTALLDIR", "CreateFolder", read_and_run),
                                    ("AgentExe", "File", read_and_run), ("EventsDll", "File", read_and_run),
                                    ("Package", "Registry", read_key))
        for who in ("Administrators", "Everyone")}
    assert [row["Directory_"] for row in table(package, "CreateFolder")] == ["INSTALLDIR"]
    assert 0 < sequence["CreateFolders"] < sequence["InstallFiles"]
    program, events = table(package, "File")
    assert program["Version"] == f"{VERSION}.0" and events["FileName"] == f"MTAWAT~1.DLL|{events_name()}"


def test_the_file_of_the_events_words_is_left_alone_unless_they_are_others(packages):
    """Event Viewer may hold it open. The same content is the same component and the same file, which Windows
    Installer does not write again (128: never overwrite); another content is another file beside it."""
    def events(version):
        component, = (row for row in table(packages[version], "Component") if row["Component"] == "Events")
        name, = (row["FileName"] for row in table(packages[version], "File") if row["Component_"] == "Events")
        source, = (row["Value"] for row in table(packages[version], "Registry") if row["Name"] == "EventMessageFile")
        assert source == f"#%[INSTALLDIR]{name.partition('|')[2]}"
        assert (component["Attributes"], component["KeyPath"]) == ("128", "EventsDll")
        return component["ComponentId"], name
    assert events(VERSION) == events(NEWER)
    assert all(before != after for before, after in zip(events(NEWER), events(NEXT), strict=True))


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with network_of_its_own(wire=False), \
            Wine(tmp_path_factory.mktemp("package")).session() as machine:
        # Wine has other folders for services than for people; this one is named for both.
        machine.state = machine.folder / "state"
        machine.run("reg", "add", SETTINGS, "/v", "StateDir", "/d", on_windows(machine.state), "/f")
        yield machine


@pytest.fixture(scope="module")
def collectors(machine):
    with busy_collector() as first, busy_collector() as second:
        yield first, second


def msiexec(machine, action, package, *properties):
    return machine.run("msiexec", action, on_windows(package), "/qn", *properties)[0]


def program(machine):
    return machine.folder / "prefix/drive_c/Program Files/mtawatch/mtawatch-agent.exe"


def settings(machine):
    values = machine.reg(SETTINGS)
    return {name: values.get(name) for name in ("CollectorUrl", "Peers", "Pin", "CaFile",
                                                "EnrollSecretFile")}


def log_of(machine):
    path = machine.state / "mtawatch-agent.log"
    return path.read_text() if path.exists() else ""


def identity(machine):
    """Waits for the agent to be somebody."""
    until((machine.state / "sequence").exists)
    return (machine.state / "identity").read_text()


@pytest.fixture(scope="module")
def installed(machine, packages, collectors):
    """The first installation; the tests below go on from each other's end."""
    assert msiexec(machine, "/i", packages[VERSION], f"COLLECTORURL={collectors[0]}",
                   f"PEERS={PEERS}") == 0
    return identity(machine)


def test_an_installation_with_properties(machine, collectors, installed):
    assert settings(machine) == {"CollectorUrl": collectors[0], "Peers": PEERS, "Pin": None,
                                 "CaFile": None, "EnrollSecretFile": None}
    assert program(machine).read_bytes() == AGENT.read_bytes()
    assert program(machine).with_name(events_name()).read_bytes() == EVENTS_DLL.read_bytes()
    assert machine.service_state() == "RUNNING"
    service = machine.reg(SERVICE)
    assert service["ImagePath"].replace('"', "").endswith(r"\mtawatch\mtawatch-agent.exe service")
    assert service["Start"] == "0x2" and "Q285350" in service["Description"]
    assert machine.reg(SOURCE) == {
        "EventMessageFile": rf"C:\Program Files\mtawatch\{events_name()}",
        "TypesSupported": "0x7"}
    assert f"event 100: mtawatch-agent {VERSION} has started. It reports to {collectors[0]}." in (
        log_of(machine))


def test_the_same_package_again_takes_new_values(machine, packages, collectors, installed):
    assert msiexec(machine, "/i", packages[VERSION], f"COLLECTORURL={collectors[1]},{collectors[0]}",
                   f"PIN={PIN}", r"CAFILE=C:\ca.pem") == 0
    assert settings(machine) == {"CollectorUrl": f"{collectors[1]},{collectors[0]}", "Peers": PEERS, "Pin": PIN,
                                 "CaFile": r"C:\ca.pem", "EnrollSecretFile": None}
    assert machine.service_state() == "RUNNING"
    until(lambda: f"It reports to {collectors[1]}, {collectors[0]}." in log_of(machine))


@pytest.mark.parametrize("how", [[], ["REINSTALL=ALL", "REINSTALLMODE=amus"]])
def test_the_same_package_again_without_values_is_a_repair(machine, packages, installed, how):
    before = settings(machine)
    machine.run("net", "stop", "mtawatch-agent")
    until(lambda: machine.service_state() == "STOPPED")
    program(machine).unlink()
    machine.run("reg", "delete", SOURCE, "/f")
    assert msiexec(machine, "/i", packages[VERSION], *how) == 0
    assert program(machine).read_bytes() == AGENT.read_bytes()
    assert settings(machine) == before and machine.reg(SOURCE)["TypesSupported"] == "0x7"
    assert machine.service_state() == "RUNNING"
    assert identity(machine) == installed


@contextlib.contextmanager
def run_beside_the_service(machine, folder):
    """A command of the installed program, which is in use for as long as it runs."""
    with (folder / "run").open("wb") as out:
        beside = subprocess.Popen([*machine.command, "--", r"C:\Program Files\mtawatch\mtawatch-agent.exe", "run",
                                   "--collector", "http://127.0.0.1:9", "--state-dir", on_windows(folder / "state")],
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until((folder / "state/sequence").exists)
        yield beside
    finally:
        beside.terminate()
        beside.wait(timeout=30)


def test_an_upgrade_of_a_program_in_use_restarts_nothing_and_keeps_settings_and_key(machine, packages, installed,
                                                                                    tmp_path):
    before = settings(machine)
    old = machine.reg(SETTINGS)["Package"]
    with run_beside_the_service(machine, tmp_path) as beside:
        assert msiexec(machine, "/i", packages[NEWER]) in (0, RESTART)
        assert beside.poll() is None and machine.holder.poll() is None
    machine.stop()
    machine.start()
    until(lambda: machine.service_state() == "RUNNING")
    assert program(machine).read_bytes() == AGENT.read_bytes() + b"newer"
    assert settings(machine) == before and machine.reg(SETTINGS)["Package"] != old
    assert identity(machine) == installed
    assert machine.reg(SOURCE)["TypesSupported"] == "0x7"


def test_a_removal_leaves_the_spool_where_that_is_asked(machine, packages, installed):
    reports = until(lambda: list((machine.state / "spool").glob("*.report")))
    assert msiexec(machine, "/x", packages[NEWER], "KEEPSTATE=1") == 0
    assert machine.service_state() is None
    assert machine.reg(SETTINGS) is None and machine.reg(SOURCE) is None
    assert not program(machine).parent.exists()
    assert sorted(path.name for path in machine.state.iterdir()) == ["rejected", "spool"]
    assert {path.name for path in reports} <= {path.name for path in
                                               (machine.state / "spool").iterdir()}


def test_a_removal_leaves_nothing(machine, packages, collectors, installed):
    machine.run("reg", "add", SETTINGS, "/v", "StateDir", "/d", on_windows(machine.state), "/f")
    assert msiexec(machine, "/i", packages[VERSION], f"COLLECTORURL={collectors[0]}") == 0
    identity(machine)
    assert msiexec(machine, "/x", packages[VERSION]) == 0
    assert machine.service_state() is None
    assert machine.reg(SETTINGS) is None and machine.reg(SOURCE) is None
    assert not program(machine).parent.exists() and not machine.state.exists()


def test_a_downgrade_is_refused_and_changes_nothing(machine, packages, collectors):
    assert msiexec(machine, "/i", packages[NEWER], f"COLLECTORURL={collectors[1]}") == 0
    for version in (VERSION, OLDER):
        assert msiexec(machine, "/i", packages[version],
                       f"COLLECTORURL={collectors[0]}") == FAILURE
    assert program(machine).read_bytes() == AGENT.read_bytes() + b"newer"
    assert settings(machine)["CollectorUrl"] == collectors[1]
    assert machine.service_state() == "RUNNING"
    assert msiexec(machine, "/x", packages[NEWER]) == 0


def test_without_any_property_it_is_installed_and_waits_for_a_policy(machine, packages):
    machine.run("reg", "add", SETTINGS, "/v", "StateDir", "/d", on_windows(machine.state), "/f")
    assert msiexec(machine, "/i", packages[VERSION]) == 0
    assert machine.service_state() == "RUNNING"
    assert settings(machine) == dict.fromkeys(settings(machine))
    assert msiexec(machine, "/x", packages[VERSION]) == 0


def test_the_lines_of_the_pages_are_taken_word_for_word(machine, packages):
    lines = [blocks(page, "run by test_windows_package.py")[0].text.split()
             for page in ("docs/agents.md", "agent/deploy/GROUP-POLICY.md")]
    machine.run("reg", "add", SETTINGS, "/v", "StateDir", "/d", on_windows(machine.state), "/f")
    for program_name, action, package, quiet, *properties in lines:
        assert (program_name, action, quiet, properties[0]) == ("msiexec", "/i", "/qn", "REBOOT=ReallySuppress")
        assert "mtawatch-agent-" in package
        assert msiexec(machine, action, packages[VERSION], *properties) == 0
    given = dict(words.split("=", 1) for words in lines[0][4:])
    assert settings(machine) == {"CollectorUrl": given["COLLECTORURL"], "CaFile": given["CAFILE"],
                                 "EnrollSecretFile": given["ENROLLSECRETFILE"], "Peers": None, "Pin": None}
    assert msiexec(machine, "/x", packages[VERSION]) == 0
