"""Organisation DEMO: twelve servers in two sites that together show every verdict.

INTENDED says which verdict the exposure rule must give each of them; a test holds it to that.
"""

from .facts import files, mta_failed, mta_running
from .world import DAY, Adapter, Lan, Server

HOUR = 3600
SILENT_FOR = 47 * 60

# server (host name): (verdict, silent)
INTENDED = {
    "MAIL-HQ1": ("failing", False),        # its MTA failed with 11004 at the last start
    "MAIL-HQ2": ("exposed", False),        # the same wiring, still running
    "NODE-A": ("exposed", False),          # a cluster node: by design, in spite of the fix
    "MAIL-HQ5": ("at_risk", False),        # second adapter only gets out through the first
    "MAIL-BR2": ("at_risk", False),        # a filter drops the MTA's own port on one path
    "MAIL-HQ6": ("unknown", False),        # Emsmta.exe cannot be read: fixed or exposed
    "MAIL-HQ4": ("clear", False),          # two adapters, both reach everybody
    "MAIL-BR1": ("clear", False),          # one adapter
    "MAIL-BR5": ("clear", True),           # was clear when it was last heard of
    "MAIL-HQ3": ("protected", False),      # wired badly, but fixed
    "MAIL-BR4": ("protected", False),      # fixed, though not every file of the set
    "MAIL-BR3": ("not_applicable", False), # SP3: from before the fault
}

_HQ = Lan("10.0.0.0/24", "wan")
_HQ_TEST = Lan("10.0.1.0/24", "wan")
_BRANCH = Lan("10.8.0.0/24", "wan")
_TAPE = Lan("192.168.50.0/24", "tape")
_STORAGE = Lan("192.168.60.0/24", "storage")
_MODEMS = Lan("172.20.4.0/24", "modems")
_CAMERAS = Lan("172.20.8.0/24", "cameras")
_HEARTBEAT = Lan("10.10.10.0/24", "heartbeat")
_OLD_OFFICE = Lan("192.168.80.0/24", "old office")
_LAB = Lan("192.168.81.0/24", "lab")

_CARDS = {"El90x": ("3Com EtherLink XL 10/100 PCI", "00-50-04"),
          "E100B": ("Intel(R) PRO/100+ Management Adapter", "00-90-27"),
          "CpqNF3": ("Compaq NetFlex-3 Controller", "00-08-c7"),
          "DC21X4": ("DEC DC21140 PCI Fast Ethernet", "00-00-f8")}


def _card(driver, number, lan, host, **more):
    description, vendor = _CARDS[driver]
    net = lan.subnet.rsplit(".", 1)[0]
    hosts = host if isinstance(host, list) else [host]
    third = int(net.rsplit(".", 1)[1])
    return Adapter(f"{driver}{number}", description, f"{vendor}-{third:02x}-{number:02x}-{hosts[0]:02x}",
                   lan, [f"{net}.{h}" for h in hosts], gateway=(number == 1), **more)


def _headquarters():
    return [
        Server("MAIL-HQ1", [_card("El90x", 1, _HQ, 11),
                            _card("El90x", 2, _TAPE, 11, changed_ago=9 * DAY, reverse_error=11004)],
               files=files("5.5.2653.23"), booted_ago=6 * HOUR, mta_changed_ago=6 * HOUR - 90,
               mta=mta_failed(6 * HOUR - 90, 41 * DAY)),
        Server("MAIL-HQ2", [_card("El90x", 1, _HQ, 12),
                            _card("E100B", 2, _STORAGE, 12, changed_ago=3 * DAY + 5 * HOUR)],
               files=files("5.5.2653.23"), mta=mta_running(40 * DAY)),
        Server("MAIL-HQ3", [_card("CpqNF3", 1, _HQ, 13), _card("CpqNF3", 2, _MODEMS, 13)],
               build="5.5.2654.89", files=files("5.5.2654.89"), mta=mta_running(40 * DAY),
               before=[(12 * DAY, {"build": "5.5.2653.23", "files": files("5.5.2653.23")})]),
        Server("MAIL-HQ4", [_card("E100B", 1, _HQ, 14), _card("E100B", 2, _HQ, 24)],
               files=files("5.5.2653.23"), mta=mta_running(40 * DAY)),
        Server("MAIL-HQ5", [_card("El90x", 1, _HQ, 15),
                            _card("DC21X4", 2, _HQ_TEST, 15, changed_ago=26 * HOUR)],
               os="Windows 2000 Service Pack 4", files=files("5.5.2653.23"),
               mta=mta_running(40 * DAY)),
        Server("MAIL-HQ6", [_card("CpqNF3", 1, _HQ, 16),
                            _card("CpqNF3", 2, _CAMERAS, 16, changed_ago=2 * DAY)],
               files=files("5.5.2653.23", emsmta="unreadable"), mta=mta_running(40 * DAY),
               problems=[{"fact": "files/Emsmta.exe", "code": 5,
                          "message": "Opening C:\\exchsrvr\\bin\\Emsmta.exe: Access is denied."}]),
        Server("NODE-A", [_card("E100B", 1, _HQ, [17, 18]), _card("E100B", 2, _HEARTBEAT, 1)],
               name="MAIL-CLU", clustered=True, build="5.5.2654.54", files=files("5.5.2654.54"),
               mta=mta_running(40 * DAY)),
    ]


def _branch():
    return [
        Server("MAIL-BR1", [_card("DC21X4", 1, _BRANCH, 11)], files=files("5.5.2653.23"),
               mta=mta_running(40 * DAY)),
        Server("MAIL-BR2", [_card("DC21X4", 1, _BRANCH, 12),
                            _card("El90x", 2, _BRANCH, 22, changed_ago=8 * HOUR,
                                  blocked={"MAIL-BR1": "mapped"})],
               os="Windows 2000 Service Pack 4", files=files("5.5.2653.23"),
               mta=mta_running(40 * DAY)),
        Server("MAIL-BR3", [_card("El90x", 1, _BRANCH, 13), _card("El90x", 2, _OLD_OFFICE, 13)],
               service_pack=3, build="5.5.2650.24", files=files("5.5.2650.24"),
               mta=mta_running(40 * DAY)),
        Server("MAIL-BR4", [_card("El90x", 1, _BRANCH, 14),
                            _card("El90x", 2, _LAB, 14, link="down", changed_ago=5 * DAY)],
               build="5.5.2655.10", files=files("5.5.2655.10", x400om="5.5.2653.12"),
               mta=mta_running(40 * DAY),
               before=[(6 * DAY, {"build": "5.5.2653.23", "files": files("5.5.2653.23")})]),
        Server("MAIL-BR5", [_card("DC21X4", 1, _BRANCH, 15)], files=files("5.5.2653.23"),
               mta=mta_running(40 * DAY), dead_for=SILENT_FOR),
    ]


def servers():
    branch = _branch()
    for server in branch:
        server.site = "BRANCH"
    return _headquarters() + branch
