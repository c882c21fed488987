"""Network namespaces as the machines of a laboratory: hosts on LANs that have no router.

Everything lives in namespaces of the laboratory's own, also the bridges that play the switches, so
nothing of the machine's own network is touched and the end of the namespaces is the end of it all.
Their names carry the process id of the laboratory; those of a laboratory that was killed are swept
up by the next one. All this takes root.
"""

import contextlib
import ipaddress
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WINE = Path(__file__).parents[2] / "scripts" / "wine"
NAME = re.compile(r"mtalab-(\d+)-")

# What a host is on top of its network namespace: its name and its file of host names. `ip netns
# exec` has made a mount namespace for the program already; the exec chain keeps the process id.
AS_HOST = 'hostname "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"'


def run(argv, **options):
    """Runs a command of the laboratory itself; its failure is an exception with its words."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, **options)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise RuntimeError(f"{' '.join(map(str, argv))}: exit {done.returncode}: {words}")
    return done.stdout


def namespaces():
    """The names of all network namespaces of this machine."""
    return [line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line]


def end_processes(namespace):
    """Ends what runs in a namespace: politely, then not."""
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        until = time.monotonic() + patience
        told = set()
        while pids := set(run(["ip", "netns", "pids", namespace]).split()):
            for pid in pids - told:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), number)
            told |= pids
            if time.monotonic() > until:
                break
            time.sleep(0.05)
        else:
            return


def end_sessions(processes):
    """Ends programs that each began a session of its own, with their children in those sessions."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        running = [process for process in processes if process.poll() is None]
        for process in running:
            os.killpg(process.pid, number)
        until = time.monotonic() + 5
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0, until - time.monotonic()))


def end_session(process):
    end_sessions([process])


def remove_namespace(namespace):
    end_processes(namespace)
    # Two laboratories that begin at once may sweep up the same namespace.
    with contextlib.suppress(RuntimeError):
        run(["ip", "netns", "delete", namespace])
    if namespace in namespaces():
        raise RuntimeError(f"the network namespace {namespace} cannot be removed")


def abandoned(name):
    """True for the name of a thing whose laboratory's process is gone."""
    owner = NAME.match(name)
    return bool(owner) and not Path(f"/proc/{owner[1]}").exists()


def sweep():
    """Removes the namespaces and folders of laboratories that were killed."""
    for namespace in filter(abandoned, namespaces()):
        remove_namespace(namespace)
    for folder in Path(tempfile.gettempdir()).iterdir():
        if abandoned(folder.name) and folder.lstat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)  # another one may be at it


class Host:
    """One machine: a namespace with adapters on LANs, a host name, a file of host names."""

    def __init__(self, network, name):
        self.network = network
        self.name = name
        self.ns = network.make_namespace(name.lower())
        self.adapters = {}
        self.processes = []

    def attach(self, adapter, lan, address):
        """Plugs the new adapter into the LAN. The address is written 10.0.0.1/24."""
        port = f"{self.name.lower()}-{adapter}"
        self.network.command("link", "add", port, "type", "veth",
                             "peer", "name", adapter, "netns", self.ns)
        self.network.command("link", "set", port, "master", lan, "up")
        self.adapters[adapter] = ipaddress.ip_interface(address)
        self.add_address(adapter)
        self.enable(adapter)

    def address(self, adapter):
        return str(self.adapters[adapter].ip)

    def ip(self, *words):
        return run(["ip", "-n", self.ns, *words])

    def enable(self, adapter):
        self.ip("link", "set", adapter, "up")

    def disable(self, adapter):
        """What the administrator does in the control panel: link down, address gone."""
        self.ip("link", "set", adapter, "down")
        self.remove_address(adapter)

    def add_address(self, adapter):
        self.ip("address", "add", str(self.adapters[adapter]), "dev", adapter)

    def remove_address(self, adapter):
        self.ip("address", "del", str(self.adapters[adapter]), "dev", adapter)

    def unplug(self, adapter):
        """Pulls the cable: the adapter stays enabled and loses its carrier."""
        self.network.command("link", "set", f"{self.name.lower()}-{adapter}", "down")

    def plug(self, adapter):
        self.network.command("link", "set", f"{self.name.lower()}-{adapter}", "up")

    def drop_tcp(self, port, source=None):
        """A firewall on this host that swallows what arrives for a port (from one address)."""
        match = f"ip saddr {source} " if source else ""
        self.nft("add table inet lab; "
                 "add chain inet lab input { type filter hook input priority 0; policy accept; }; "
                 f"add rule inet lab input {match}tcp dport {port} drop")

    def drop_nothing(self):
        self.nft("add table inet lab; delete table inet lab")

    def nft(self, rules):
        run(["ip", "netns", "exec", self.ns, "nft", "-f", "-"], input=rules)

    def argv(self, argv):
        """The command line that runs another command line on this host."""
        return ["ip", "netns", "exec", self.ns, "unshare", "--uts", "sh", "-c", AS_HOST, "sh",
                self.name, str(self.network.hosts_file), *map(str, argv)]

    def run(self, argv, timeout=60, **options):
        """Runs a program on this host to its end; as subprocess.run, with its output as text."""
        options = {"capture_output": True, "text": True, **options}
        return subprocess.run(self.argv(argv), timeout=timeout, **options)

    def popen(self, argv, **options):
        """Starts a program on this host; as subprocess.Popen. It ends with the network at last."""
        process = subprocess.Popen(self.argv(argv), start_new_session=True, **options)
        self.processes.append(process)
        return process

    def windows(self, argv, limit_s=120):
        """The command line of a Windows program on this host, for run() and popen().

        The host is one Windows machine: all its programs share a disk and a registry. What they
        write is better led into a file than captured, for Wine's own services hold a captured
        output open for some seconds.
        """
        return [WINE, "--prefix", self.windows_folder / "prefix", "--timeout", limit_s, "--", *argv]

    @property
    def windows_folder(self):
        return self.network.folder / f"wine-{self.name.lower()}"

    def listening(self, port):
        """True if a program of this host listens on the TCP port, on whatever address."""
        return bool(run(["ip", "netns", "exec", self.ns, "ss", "-Hltn", f"sport = :{port}"]))


class Network:
    """LANs and hosts, from `with Network() as network:` to the end of that block."""

    numbers = itertools.count()

    def __init__(self):
        self.number = next(Network.numbers)
        self.hosts = {}
        self.folder = None  # for files of this laboratory, gone with it
        self.hosts_file = None
        self.switches = None
        self.cleanup = contextlib.ExitStack()

    def __enter__(self):
        if os.geteuid() != 0:
            raise PermissionError("network namespaces take root")
        sweep()
        try:
            folder = self.cleanup.enter_context(tempfile.TemporaryDirectory(prefix=self.name("")))
            self.folder = Path(folder)
            self.hosts_file = self.folder / "hosts"
            self.hosts_file.write_text("127.0.0.1 localhost\n")
            self.switches = self.make_namespace("switches")
        except BaseException:
            self.cleanup.close()
            raise
        try:
            self.build()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def build(self):
        """The hosts and LANs of a kind of network: for those that derive from this."""

    def __exit__(self, *exception):
        # Programs first, by what started them: one that has just been started may not have entered
        # its namespace yet. Then the namespaces, with what the programs left behind in them.
        end_sessions([process for host in self.hosts.values() for process in host.processes])
        self.remove_wine_sockets()
        self.cleanup.close()

    def remove_wine_sockets(self):
        """Debian's Wine never removes the folder in /tmp that a prefix names for its socket."""
        for file in self.folder.glob("wine-*/prefix/wineserver"):
            if re.fullmatch(r"wine-\w+", name := file.read_text()):
                shutil.rmtree(Path("/tmp", name), ignore_errors=True)

    def name(self, what):
        return f"mtalab-{os.getpid()}-{self.number}-{what}"

    def make_namespace(self, name):
        namespace = self.name(name)
        run(["ip", "netns", "add", namespace])
        self.cleanup.callback(remove_namespace, namespace)
        run(["ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
             "net.ipv6.conf.default.disable_ipv6=1"])
        run(["ip", "-n", namespace, "link", "set", "lo", "up"])
        return namespace

    def command(self, *words):
        """`ip` in the namespace of the switches."""
        return run(["ip", "-n", self.switches, *words])

    def add_lan(self, name):
        self.command("link", "add", name, "type", "bridge", "forward_delay", "0")
        self.command("link", "set", name, "up")

    def add_host(self, name):
        self.hosts[name] = Host(self, name)
        return self.hosts[name]

    def name_address(self, address, *names):
        """Adds a line to the file of host names that all hosts have."""
        with self.hosts_file.open("a") as file:
            print(address, *names, file=file)
