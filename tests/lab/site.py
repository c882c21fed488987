"""An Exchange site: three servers on one LAN, one of which also hangs on a LAN of its own.

    site LAN 10.77.1.0/24:  EXCH1 .11, EXCH2 .12, EXCH3 .13, COLLECTOR .5
    other LAN 10.99.0.0/24: EXCH2 .12 (its second adapter), STRANGER .20

No router joins the two: what EXCH2 is to the article Q285350. Each Exchange server runs a real
endpoint mapper that names the port of its MTA, and there something that acknowledges binds as an
MTA would (mta_listener.py). All hosts know the names of the site's servers; nobody has a name for
EXCH2's address on the other LAN.

    with Site() as site:
        site.start()
        site.exch2.run(["ip", "address"])
        site.mappers["EXCH1"].stop()
"""

import subprocess
import time
from pathlib import Path

from .mapper import Mapper
from .network import Network, end_session

MTA_PORT = 5001
SITE_LAN = "10.77.1.{}/24"
OTHER_LAN = "10.99.0.{}/24"
DOMAIN = "site.example"
LISTENER = Path(__file__).with_name("mta_listener.py")


class Listener:
    """The stand-in for the MTA on one host."""

    def __init__(self, host, folder):
        self.host = host
        self.log = Path(folder) / "mta.log"
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = self.host.popen(["/usr/bin/python3", LISTENER, str(MTA_PORT)],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + 10
        while not self.host.listening(MTA_PORT):
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"no MTA on {self.host.name}: {self.log.read_text()}")
            time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            end_session(self.process)
            self.process = None

    def heard(self):
        """What was asked of it, one line each."""
        return self.log.read_text().splitlines() if self.log.exists() else []


class Site(Network):
    """The site; hosts are there after entering, servers after start()."""

    EXCHANGE = ("EXCH1", "EXCH2", "EXCH3")
    SITES = dict.fromkeys(EXCHANGE, "LAB")  # as Exchange names them

    def __init__(self):
        super().__init__()
        self.mappers = {}
        self.listeners = {}

    def build(self):
        self.add_lan("site")
        self.add_lan("other")
        for number, name in enumerate(self.EXCHANGE, start=11):
            host = self.add_host(name)
            host.attach("eth0", "site", SITE_LAN.format(number))
            self.name_address(host.address("eth0"), f"{name.lower()}.{DOMAIN}", name.lower())
            folder = self.folder / name.lower()
            self.mappers[name] = Mapper(host, folder, MTA_PORT)
            self.listeners[name] = Listener(host, folder)
        collector = self.add_host("COLLECTOR")
        collector.attach("eth0", "site", SITE_LAN.format(5))
        self.name_address(collector.address("eth0"), f"collector.{DOMAIN}", "collector")
        self.exch2.attach("eth1", "other", OTHER_LAN.format(12))
        self.add_host("STRANGER").attach("eth0", "other", OTHER_LAN.format(20))

    @property
    def exch1(self):
        return self.hosts["EXCH1"]

    @property
    def exch2(self):
        return self.hosts["EXCH2"]

    @property
    def exch3(self):
        return self.hosts["EXCH3"]

    @property
    def collector(self):
        return self.hosts["COLLECTOR"]

    @property
    def stranger(self):
        return self.hosts["STRANGER"]

    def start(self):
        """Starts MTA and mapper of each server; returns when all answer."""
        for name in self.EXCHANGE:
            self.listeners[name].start()
            self.mappers[name].start()
