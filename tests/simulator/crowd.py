"""Any number of servers in any number of sites, for measuring."""

from .facts import files, mta_running
from .world import Adapter, Lan, Server

_CARD = "3Com EtherLink XL 10/100 PCI"
_FIXED, _UNFIXED = "5.5.2654.89", "5.5.2653.23"


def servers(count, sites):
    """`count` servers dealt to `sites` sites; in each site every tenth one is exposed, and every
    tenth one has the same wiring and the fix. A site has at most 64,000 servers."""
    sets = {build: files(build) for build in (_FIXED, _UNFIXED)}
    return [_server(number // sites, number % sites, sets) for number in range(count)]


def _server(place, site, sets):
    high, low = place // 250, place % 250 + 2
    office = Lan(f"10.{site % 250}.0.0/16", "office")
    adapters = [Adapter("El90x1", _CARD, f"00-50-04-00-{high:02x}-{low:02x}", office,
                        [f"10.{site % 250}.{high}.{low}"], gateway=True)]
    if place % 10 < 2:
        aside = Lan(f"192.168.{high}.0/24", f"aside {site} {place}")
        adapters.append(Adapter("El90x2", _CARD, f"00-50-04-01-{high:02x}-{low:02x}", aside,
                                [f"192.168.{high}.{low}"]))
    build = _FIXED if place % 10 == 1 else _UNFIXED
    return Server(f"MX{site:03d}-{place:05d}", adapters, organization="CROWD",
                  site=f"SITE{site:03d}", build=build, files=sets[build],
                  mta=mta_running(3456000))
