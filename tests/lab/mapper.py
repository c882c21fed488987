"""A real endpoint mapper on a host of the laboratory: Samba's, with the MTA's interface in its map.

samba-dcerpcd alone serves TCP 135, without smbd. Its map is a small database that it reads at each
call, so the interface of a program that is not Samba's can be entered with tdbtool. The database is
begun anew at each start of Samba; start() therefore enters the interface again.
"""

import subprocess
import time
from pathlib import Path

from .network import end_session, run

MTA_INTERFACE = "9e8ee830-4459-11ce-979b-00aa005ffebe"
MTA_ANNOTATION = "MS Exchange MTA 'Mta' Interface"
MTA_VERSION = 2
MAPPER_PORT = 135
START_TIMEOUT_S = 30

# Every folder is this mapper's own, and no service but the RPC ones is wanted.
CONFIGURATION = """\
[global]
  server role = standalone server
  workgroup = LAB
  netbios name = {name}
  bind interfaces only = no
  disable netbios = yes
  rpc start on demand helpers = no
  lock directory = {folder}/lock
  state directory = {folder}/state
  cache directory = {folder}/cache
  pid directory = {folder}/run
  private dir = {folder}/private
  ncalrpc dir = {folder}/run/ncalrpc
  log file = {folder}/log/%m.log
"""


def samba_dcerpcd():
    """Where the package has put the program; it is on no path."""
    files = run(["dpkg", "-L", "samba-common-bin"]).splitlines()
    return next(file for file in files if file.endswith("/samba-dcerpcd"))


class Mapper:
    """The endpoint mapper of one host. It names `mta_port` for the MTA's interface."""

    def __init__(self, host, folder, mta_port):
        self.host = host
        self.folder = Path(folder)
        self.mta_port = mta_port
        self.process = None
        for name in ("run", "cache", "log", "private", "state", "lock"):
            (self.folder / name).mkdir(parents=True)
        self.configuration = self.folder / "smb.conf"
        self.configuration.write_text(CONFIGURATION.format(name=host.name, folder=self.folder))

    def start(self):
        """Starts the mapper; returns when it answers and knows the MTA."""
        self.launch()
        self.register()

    def launch(self):
        """Starts the mapper without the MTA's interface: the server is up, its MTA is not."""
        log = (self.folder / "log" / "stdout").open("ab")
        with log:
            self.process = self.host.popen(
                [samba_dcerpcd(), "--libexec-rpcds", "-F", "--no-process-group", "--debug-stdout",
                 "-s", self.configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait(lambda: self.host.listening(MAPPER_PORT), "listen on port 135")
        self.wait(lambda: "epmapper" in self.lookup(), "answer a lookup")

    def stop(self):
        """Stops the mapper and its workers; port 135 refuses from then on."""
        if self.process is None:
            return
        end_session(self.process)
        self.process = None
        self.wait(lambda: not self.host.listening(MAPPER_PORT), "give up port 135")

    def register(self):
        key = f"{MTA_INTERFACE}/0x{MTA_VERSION:08x}\\00"
        value = f"{MTA_ANNOTATION}\\00ncacn_ip_tcp:[{self.mta_port}]\\00"
        self.tdb("store", key, value)

    def unregister(self):
        """As when the MTA stops: the mapper stays."""
        self.tdb("delete", f"{MTA_INTERFACE}/0x{MTA_VERSION:08x}\\00")

    def tdb(self, *words):
        run(["tdbtool", str(self.folder / "lock" / "epmdb.tdb"), *words])

    def lookup(self):
        """What Samba's own client is told by the mapper: all its entries, as text."""
        return ask(self.host, "127.0.0.1", self.configuration)

    def wait(self, condition, what):
        until = time.monotonic() + START_TIMEOUT_S
        while not condition():
            if time.monotonic() > until or (self.process and self.process.poll() is not None):
                text = (self.folder / "log" / "stdout").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the mapper of {self.host.name} did not {what}:\n{text}")
            time.sleep(0.05)


def ask(host, target, configuration):
    """Asks the mapper at an address, from a host, for all its entries; its words, or its error."""
    done = host.run(["rpcclient", "-s", configuration, "-U%", "-N", f"ncacn_ip_tcp:{target}",
                     "-c", "epmlookup"])
    return done.stdout + done.stderr
