"""Programs of the Windows build, run under Wine on one Windows machine (a prefix).

MTAWATCH_WINDOWS_BUILD names the build folder (default: build/windows).
"""

import contextlib
import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MTAWATCH_WINDOWS_BUILD", ROOT / "build/windows"))
AGENT = BUILD / "agent/mtawatch-agent.exe"
EVENTS_DLL = BUILD / "agent/mtawatch-events.dll"
PROGRAMS = BUILD / "tests/windows_programs"


CLONE_NEWNET = 0x40000000  # sched.h


@contextlib.contextmanager
def network_of_its_own(wire):
    """This process, and what it starts from now on, in a network namespace with loopback alone.
    With `wire` everything else is sent, and vanishes: nobody listens at the other end; without it
    nothing else can be sent. Takes root."""
    commands = ["link set lo up"]
    if wire:
        commands += ["link add wire0 type veth peer name wire1", "link set wire1 up",
                     "link set wire0 arp off up", "address add 10.255.0.1/24 dev wire0",
                     "route add default dev wire0"]
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise PermissionError("a network namespace takes root; scripts/test has it")
        try:
            for command in commands:
                subprocess.run(["ip", *command.split()], check=True)
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


@functools.cache
def why_not():
    """Why this machine cannot run Wine; "" where it can."""
    check = subprocess.run([ROOT / "scripts/wine", "--check"], stdout=subprocess.PIPE, text=True)
    return check.stdout.strip()


def need_wine():
    if why_not():
        pytest.skip(why_not())


def events_name(library=EVENTS_DLL):
    """What the DLL with the words of the events is called beside the program."""
    return f"mtawatch-events-{hashlib.sha256(library.read_bytes()).hexdigest()[:12]}.dll"


def on_windows(path):
    return f"Z:{path}".replace("/", "\\")


class Wine:
    """One machine; its prefix lies in `folder`."""

    def __init__(self, folder):
        need_wine()
        self.folder = Path(folder)
        self.command = [ROOT / "scripts/wine", "--prefix", self.folder / "prefix"]

    def run(self, program, *arguments, **variables):
        """Exit status, output and errors of a program, with more environment variables. They go
        through files, for Wine's own services hold a pipe open for some seconds."""
        output, errors = self.folder / "output", self.folder / "errors"
        with output.open("wb") as out, errors.open("wb") as err:
            done = subprocess.run([*self.command, "--", program, *arguments],
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=180,
                                  env={**os.environ, **variables})
        return done.returncode, output.read_text("utf-8"), errors.read_text("utf-8")

    def close(self):
        subprocess.run([*self.command, "--kill"], timeout=60)

    def reg(self, key, *options):
        """The values of a registry key: name to text. None: there is no such key."""
        status, text, _ = self.run("reg", "query", key, *options)
        return None if status else dict(
            re.findall(r"^    (\S.*?)    REG_\w+    (.*?)\r?$", text, re.MULTILINE))

    def service_state(self):
        """"RUNNING", "STOPPED" ... of the agent's service; None: there is none."""
        _, text, _ = self.run("sc", "query", "mtawatch-agent")
        found = re.search(r"STATE\s*: \d+\s+(\w+)", text)
        return found and found[1]

    def create_service(self, name):
        """One that only runs, until it is stopped (any_service.c)."""
        status, text, _ = self.run("sc", "create", name, "binPath=", on_windows(PROGRAMS / "any_service.exe"))
        assert status == 0, text

    def put_exchange(self, disk):
        """What an ExchangeDisk holds: its files on C:, its registry, a service as its MTA. The service is created
        first, for the registry says more of it."""
        self.create_service("MSExchangeMTA")
        assert self.run("regedit", "/S", on_windows(disk.folder / "exchange.reg"))[0] == 0
        shutil.copytree(disk.folder / "C/exchsrvr", self.folder / "prefix/drive_c/exchsrvr")

    @contextlib.contextmanager
    def session(self):
        """Keeps Windows up: Wine stops services some seconds after the last program's end."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def start(self):
        with open(self.folder / "session", "wb") as out:
            self.holder = subprocess.Popen(
                [*self.command, "--timeout", "0", "--", PROGRAMS / "hold_session.exe"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def stop(self):
        """As if the power were cut."""
        self.close()
        self.holder.wait(timeout=30)


class Agent:
    """The Windows agent as cases call it that are those of both builds."""

    def __init__(self, machine, state):
        self.machine = machine
        self.state = state

    def path(self, file):
        return on_windows(file)

    def __call__(self, command, *arguments):
        return self.machine.run(AGENT, command, "--state-dir", on_windows(self.state), *arguments)
