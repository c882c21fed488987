"""mtawatch in a laboratory: the collector on its host, an agent on each Exchange server.

The agents are real, and so is what they probe; those named in `windows` are the Windows executable, and
those of them in `installed` the service that the package for Windows Installer makes (installed_server.py).
Those in `governed` have all their settings from policies; an installed one has no others.
Each server's disk is a folder (exchange_disk.py). What the collector says is asked from its own
host, for nobody outside of the laboratory can reach it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import identity  # noqa: E402

from .exchange_disk import ExchangeDisk  # noqa: E402
from .group_policy import PolicyEditor, registry_file  # noqa: E402
from .installed_server import InstalledServer, make_package  # noqa: E402

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build" / "sanitize"))
WINDOWS_BUILD = Path(os.environ.get("MTAWATCH_WINDOWS_BUILD", ROOT / "build" / "windows"))
PORT = 8285
INTERVAL_S = 4
PROBE_LIMIT_S = 4  # above the 3.1 s after which Linux tells that nobody holds an address

# Prints an address's answer to a token; the collector's host runs it.
GET = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]})
with urllib.request.urlopen(request, timeout=10) as answer:
    sys.stdout.write(answer.read().decode())
"""

# The hook: notes what it is told, one JSON object a line.
HOOK = """#!/bin/sh
{{ cat; echo; }} >> {file}
"""


class Fleet:
    """Collector and agents on the hosts of a Site."""

    def __init__(self, site, windows=(), installed=(), governed=()):
        self.site = site
        self.windows = windows
        self.governed = governed
        self.by_hand = {}  # agents that run from a command line
        self.installed = {name: InstalledServer(site.hosts[name]) for name in installed}
        self.editor = PolicyEditor(BUILD / "agent/deploy/mtawatch.adm")
        self.folder = site.folder
        self.told = self.folder / "told.jsonl"
        self.disks = {name: ExchangeDisk(self.folder / f"disk-{name.lower()}", name, site=site.SITES[name])
                      for name in site.EXCHANGE}
        self.token = self.secret = None  # the admin's, and the agents', once the collector was started

    @property
    def url(self):
        return f"http://{self.site.collector.address('eth0')}:{PORT}"

    def log(self, name):
        return self.folder / f"{name.lower()}.log"

    def start_program(self, host, name, argv):
        with self.log(name).open("ab") as log:
            return host.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_collector(self):
        hook = self.folder / "hook"
        hook.write_text(HOOK.format(file=self.told))
        hook.chmod(0o755)
        program = BUILD / "collector" / "mtawatch-collector"
        self.token, self.secret = identity.set_up(program, self.folder / "data")
        config = self.folder / "collector.conf"
        config.write_text("[alerts]\ngroup-interval = 0s\n")
        listen = f"{self.site.collector.address('eth0')}:{PORT}"
        self.start_program(self.site.collector, "collector", [
            program, "serve", "--listen", listen,
            "--allow-plain", "--config", config, "--data", self.folder / "data", "--hook-command", hook])
        self.wait(lambda: self.site.collector.listening(PORT), 10, "the collector does not listen")

    def start_agent(self, name):
        identity.hand_out(self.secret, self.secret_file(name))
        if name in self.governed:
            self.govern(name, self.usual_policies(name))
        if name in self.installed:
            self.install(name)
        else:
            self.start_by_hand(name)

    def start_by_hand(self, name):
        host = self.site.hosts[name]
        arguments = ["run", "--state-dir", self.folder / f"state-{name.lower()}",
                     "--windows-root", self.disks[name].folder]
        if name not in self.governed:
            arguments += ["--collector", self.url, "--allow-plain", "--interval", INTERVAL_S,
                          "--probe-limit", PROBE_LIMIT_S, "--enroll-secret-file", self.secret_file(name)]
        if name in self.windows:
            program = WINDOWS_BUILD / "agent" / "mtawatch-agent.exe"
            argv = host.windows([program, *(self.path_on(name, word) if isinstance(word, Path) else word
                                            for word in arguments)], limit_s=0)
        else:
            argv = [BUILD / "agent" / "mtawatch-agent", *arguments]
        self.by_hand[name] = self.start_program(host, name, argv)

    def install(self, name):
        """Exchange, and the agent from its package."""
        server = self.installed[name]
        server.start()
        server.install_exchange(self.disks[name])
        server.install_agent(make_package(self.folder))

    def start(self):
        self.start_collector()
        with ThreadPoolExecutor() as pool:  # a Windows takes its time
            list(pool.map(self.start_agent, self.site.EXCHANGE))

    def hang(self, name):
        """Stops the agent as a debugger does."""
        os.killpg(self.by_hand[name].pid, signal.SIGSTOP)

    def go_on(self, name):
        os.killpg(self.by_hand[name].pid, signal.SIGCONT)

    def path_on(self, name, path):
        """What a file of this machine is called on the server."""
        return f"Z:{path}".replace("/", "\\") if name in self.windows else str(path)

    def secret_file(self, name):
        return self.folder / f"secret-{name.lower()}"

    def usual_policies(self, name):
        return {"Collector URLs": self.url, "Secrets over plain HTTP": "yes",
                "File of the enrolment secret": self.path_on(name, self.secret_file(name)),
                "Time between two reports": INTERVAL_S, "Time limit of a probe": PROBE_LIMIT_S,
                "Log file": self.path_on(name, self.log(name))}

    def govern(self, name, policies):
        """Sets the server's policies, and waits until its registry has them."""
        values = self.editor.values(policies)
        if name in self.installed:
            self.installed[name].apply(values)
        else:
            self.disks[name].put("policies.reg", registry_file(values))

    def get(self, path):
        done = self.site.collector.run(["/usr/bin/python3", "-c", GET, self.url + path, self.token])
        if done.returncode != 0:
            raise RuntimeError(f"GET {path}: {done.stderr.strip()}\n{self.logs()}")
        return json.loads(done.stdout)

    def servers(self):
        return {server["server"].upper(): server for server in self.get("/v1/servers")["servers"]}

    def verdicts(self):
        return {name: server["verdict"] for name, server in self.servers().items()}

    def probes(self, name):
        """What a server reported of its peers: no rows before it has heard of any."""
        return self.get(f"/v1/servers/{name}")["report"].get("probes", [])

    def notifications(self):
        if not self.told.exists():
            return []
        return [json.loads(line) for line in self.told.read_text().splitlines() if line]

    def logs(self):
        """The last words of every program, for the message of a failed test."""
        return "\n".join(f"--- {path.name}\n" + "\n".join(path.read_text("utf-8", "replace")
                                                          .splitlines()[-15:])
                         for path in sorted(self.folder.glob("*.log")))

    def wait(self, condition, limit_s, what):
        until = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(f"{what} within {limit_s} s\n{self.logs()}")
            time.sleep(0.25)

    def wait_for_verdicts(self, limit_s=60, **verdicts):
        """Waits until these servers stand so, and all others are clear."""
        want = {name: "clear" for name in self.site.EXCHANGE} | verdicts
        seen = {}

        def stands():
            seen.clear()
            seen.update(self.verdicts())
            return seen == want

        try:
            self.wait(stands, limit_s, f"not {want}")
        except AssertionError as failure:
            raise AssertionError(f"last seen: {seen}; {failure}") from None
