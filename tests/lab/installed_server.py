"""A server whose Windows has Exchange and the agent installed, under Wine: Exchange's files are on C:, its keys in the
registry, its MTA a service that only runs; and the agent is the service that its package for Windows Installer makes.

Wine's event log keeps nothing, so that no start of the MTA is known of it.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from version import VERSION  # noqa: E402
from wine import AGENT, EVENTS_DLL, PROGRAMS, Wine, on_windows  # noqa: E402

from .group_policy import registry_file  # noqa: E402


def make_package(folder):
    """The agent's package for Windows Installer, of this build."""
    package = folder / f"mtawatch-agent-{VERSION}.msi"
    subprocess.run([ROOT / "scripts/package", "--version", VERSION, "--program", AGENT, "--events", EVENTS_DLL,
                    "--out", package], check=True, stdout=subprocess.DEVNULL)
    return package


class InstalledServer(Wine):
    """The Windows of one host."""

    def __init__(self, host):
        host.windows_folder.mkdir()
        super().__init__(host.windows_folder)
        self.host = host
        self.command = host.argv(self.command)
        self.policies = {}

    def start(self):
        self.holder = self.host.popen(self.host.windows([PROGRAMS / "hold_session.exe"], limit_s=0),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def check(self, *argv):
        status, text, errors = self.run(*argv)
        if status != 0:
            words = (errors or text).strip()
            raise RuntimeError(f"{' '.join(map(str, argv))} on {self.host.name}: exit {status}: {words}")
        return text

    def install_exchange(self, disk):
        self.put_exchange(disk)
        self.check("net", "start", "MSExchangeMTA")

    def install_agent(self, package):
        """The line of the startup script (agent/deploy/GROUP-POLICY.md)."""
        self.check("msiexec", "/i", on_windows(package), "/qn", "REBOOT=ReallySuppress")

    def apply(self, policies):
        """As the client of Group Policy does: takes out what it wrote before, and writes what is set now."""
        file = self.folder / "policies.reg"
        file.write_bytes(registry_file(policies, removed=self.policies))
        self.check("regedit", "/S", on_windows(file))
        self.policies = policies
