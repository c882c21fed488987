"""An Exchange 5.5 server's disk, as far as mtawatch reads it: a folder for `--windows-root`.

Exchange itself cannot be had. Files, registry export and event log have the real forms (PE with a
version resource, REGEDIT4, .evt); what is in them is made here.
"""

import struct
from datetime import datetime, timezone
from pathlib import Path

MTA_SOURCE = "MSExchangeMTA"
VERSIONED = {
    "bin": ["Emsmta.exe", "X400om.dll", "Mtaperf.dll", "Ems_rid.dll", "Mtacheck.exe"],
    "res": ["Mtamsg.dll"],
}
UNVERSIONED = {
    "bin": ["P2.xv2", "Dcprods.cat"],
    "mtadata": ["P2.xv2", "Dcprods.cat", "P42.tpl", "P772.tpl", "Dbserver.sch", "Infoplog.cfg"],
}
REGISTRY = r"""REGEDIT4

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Exchange\Setup]
"Services"="C:\\exchsrvr"
"NewestBuild"=dword:00000a5d

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName]
"ComputerName"="{server}"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchangeMTA]
"Start"=dword:00000002
"ImagePath"="C:\\exchsrvr\\bin\\emsmta.exe"

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchangeMTA\Parameters]
"X500 DN"="/o={organization}/ou={site}/cn=Configuration/cn=Servers/cn={server}/cn=Microsoft MTA"
"MTA Run Directory"="C:\\exchsrvr\\mtadata"
"""


def version_resource(version):
    """VS_VERSIONINFO with its VS_FIXEDFILEINFO (winver.h) and nothing else."""
    major, minor, build, revision = (int(part) for part in version.split("."))
    high, low = major << 16 | minor, build << 16 | revision
    fixed = struct.pack("<13I", 0xFEEF04BD, 0x10000, high, low, high, low, 0x3F, 0, 4, 1, 0, 0, 0)
    key = "VS_VERSION_INFO\0".encode("utf-16-le")
    head = 6 + len(key)
    padding = b"\0" * (-head % 4)
    return struct.pack("<3H", head + len(padding) + len(fixed), len(fixed), 0) + key + padding + fixed


def executable(version):
    """A 32-bit PE file of one section: its resources, of which there is the version."""
    rva, at = 0x1000, 0x200
    data = version_resource(version)
    # type 16 (RT_VERSION), then name 1, then language 0x409, then the data's place
    tree = b"".join(
        struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, name, below)
        for name, below in ((16, 0x80000018), (1, 0x80000030), (0x409, 0x48)))
    section = tree + struct.pack("<4I", rva + len(tree) + 16, len(data), 0, 0) + data
    section += b"\0" * (-len(section) % 0x200)
    dos = b"MZ" + b"\0" * 58 + struct.pack("<I", 64)
    coff = struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 224, 0x2102)
    optional = struct.pack("<HBB9I6H4IHH6I", 0x10B, 6, 0, 0, len(section), 0, 0, rva, rva,
                           0x400000, rva, at, 4, 0, 0, 0, 4, 0, 0, rva + 0x1000, at, 0, 2, 0,
                           0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    directories = [(0, 0)] * 16
    directories[2] = (rva, len(section))
    optional += b"".join(struct.pack("<II", *entry) for entry in directories)
    table = struct.pack("<8s6I2HI", b".rsrc", len(section), rva, len(section), at, 0, 0, 0, 0,
                        0x40000040)
    headers = dos + b"PE\0\0" + coff + optional + table
    return headers + b"\0" * (at - len(headers)) + section


def event_record(number, moment, event_id, strings, computer):
    """One EVENTLOGRECORD (winnt.h) of the MTA; the id carries severity bits as real ones do."""
    names = (MTA_SOURCE + "\0" + computer + "\0").encode("utf-16-le")
    names += b"\0" * (-(56 + len(names)) % 4)
    texts = "".join(text + "\0" for text in strings).encode("utf-16-le")
    length = 56 + len(names) + len(texts)
    padding = -length % 4
    length += padding + 4
    seconds = int(moment.timestamp())
    fixed = struct.pack("<6I4H6I", length, 0x654C664C, number, seconds, seconds,
                        0x80000000 | event_id, 1, len(strings), 1, 0, 0, 56 + len(names), 0,
                        56, 0, 56 + len(names) + len(texts))
    return fixed + names + texts + b"\0" * padding + struct.pack("<I", length)


def event_log(events, computer):
    """An .evt file: its header, records, and the record that ends it."""
    records = [event_record(number, moment, event_id, strings, computer)
               for number, (moment, event_id, strings) in enumerate(events, start=1)]
    body = b"".join(records)
    end = 48 + len(body)
    header = struct.pack("<12I", 48, 0x654C664C, 1, 1, 48, end, len(records) + 1,
                         1 if records else 0, 0x10000, 0, 0, 48)
    closing = struct.pack("<10I", 40, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 48, end,
                          len(records) + 1, 1 if records else 0, 40)
    return header + body + closing


class ExchangeDisk:
    """The disk of one server, on which the MTA runs after a good start until told otherwise."""

    def __init__(self, folder, server, organization="ACME", site="LAB", build="5.5.2653.23"):
        self.folder = Path(folder)
        self.server = server
        self.events = []
        self.folder.mkdir(parents=True)
        self.put("exchange.reg", REGISTRY.format(server=server, organization=organization,
                                                 site=site).replace("\n", "\r\n").encode())
        for place, names in UNVERSIONED.items():
            for name in names:
                self.put(f"C/exchsrvr/{place}/{name}", f"{name} of {build}\n".encode())
        self.install(build)
        self.started()

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(content)
        fresh.replace(path)

    def register(self, key, name, text):
        """Adds a value to the export of the registry."""
        export = (self.folder / "exchange.reg").read_bytes()
        text = text.replace("\\", "\\\\")
        self.put("exchange.reg", export + f'\r\n[{key}]\r\n"{name}"="{text}"\r\n'.encode())

    def install(self, build):
        """Brings the versioned files to a build."""
        self.build = build
        for place, names in VERSIONED.items():
            for name in names:
                self.put(f"C/exchsrvr/{place}/{name}", executable(build))

    def log(self, event_id, *strings):
        self.events.append((datetime.now(timezone.utc), event_id, strings))
        self.put("AppEvent.evt", event_log(self.events, self.server))

    def service(self, state):
        self.put("services.txt", f"{MTA_SOURCE} {state}\n".encode())

    def started(self):
        """The MTA starts well (9298, Q174695)."""
        self.log(9298, f"5.5 (build {self.build[4:]})", "BASE IL MAIN BASE", "1", "0", "16")
        self.service("running")

    def failed_to_start(self):
        """It starts as the article tells (Q285350)."""
        self.log(9321, "11004", "", "BASE IL MAIN BASE", "1", "504", "14")
        self.log(9266, "4", "BASE IL MAIN BASE", "1", "173", "16")
        self.service("stopped")
