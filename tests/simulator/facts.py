"""Facts of an Exchange 5.5 server as an agent reads them: files, the MTA's starts, the report."""

import hashlib
import uuid
from datetime import datetime, timedelta, timezone

from version import VERSION

from .world import probe_rows, self_rows

# The files of article Q285350: name, bytes, does it carry a version.
FILES = [
    ("Dbserver.sch", 212438, False), ("Dcprods.cat", 8126, False), ("Emsmta.exe", 1576208, True),
    ("Ems_rid.dll", 127248, True), ("MTacheck.exe", 276240, True), ("Infoplog.cfg", 3904, False),
    ("Mtamsg.dll", 251152, True), ("Mtaperf.dll", 25360, True), ("P42.tpl", 68722, False),
    ("P772.tpl", 71550, False), ("P2.xv2", 4711, False), ("X400om.dll", 1071888, True),
]
_RELEASED = {"5.5.2650.24": "1999-09-21", "5.5.2653.12": "2000-10-27", "5.5.2653.23": "2000-11-05",
             "5.5.2654.54": "2001-02-22", "5.5.2654.89": "2001-08-30", "5.5.2655.10": "2001-12-14"}
_NAMESPACE = uuid.UUID("7b0f6a3e-2d0c-4d4e-9d39-0a5d8f1b5c11")


def stamp(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def files(build, **different):
    """The twelve at `build`; `different` gives some another version, or the state "unreadable"."""
    different = {name.lower(): value for name, value in different.items()}
    return [_file(name, size, versioned, different.get(name.split(".")[0].lower(), build))
            for name, size, versioned in FILES]


def _file(name, size, versioned, version):
    path = f"C:\\exchsrvr\\bin\\{name}"
    if version == "unreadable":
        return {"name": name, "path": path, "state": "unreadable"}
    entry = {"name": name, "path": path, "state": "versioned" if versioned else "unversioned",
             "size": size, "modified": _RELEASED[version] + "T10:00:00Z",
             "sha256": hashlib.sha256(f"{name} {version}".encode()).hexdigest()}
    if versioned:
        entry["version"] = version
    return entry


def mta_running(started_ago):
    return {"service": "running", "start_type": "auto",
            "starts": [{"ago": started_ago, "outcome": "started", "events": [(0, 9298, None)]}]}


def mta_failed(failed_ago, started_ago):
    """Stopped: its last start ended as the article says; an earlier one had gone well."""
    return {"service": "stopped", "start_type": "auto", "exit_code": 1067,
            "starts": [{"ago": failed_ago, "outcome": "failed",
                        "events": [(-4, 9321, 11004), (0, 9266, None)]},
                       {"ago": started_ago, "outcome": "started", "events": [(0, 9298, None)]}]}


_TEXTS = {
    9298: "The Microsoft Exchange MTA service has started. [BASE IL MAIN BASE 1 0] (12)",
    9321: "An RPC communications error occurred. An attempt to listen over RPC has failed. "
          "NT Error: 11004. [ BASE IL MAIN BASE 1 504] (14)",
    9266: "A fatal system error occurred while initializing the MTA. Reboot the computer. If that "
          "does not work, contact Microsoft Technical Support. [4 BASE IL MAIN BASE 1 173] (16)",
}


def _log(server, born, now):
    """Where the log begins, 60 days before the world, and how far it was read."""
    log = {"path": r"C:\WINNT\System32\config\AppEvent.Evt", "records": 2214, "lost": 0,
           "foreign": 6 if server.clustered else 0,
           "oldest_at": stamp(born - timedelta(days=60)), "newest_at": stamp(now)}
    return {"log": log} if not any(p["fact"] == "mta.events" for p in server.problems) else {}


def _mta(server, born, now):
    starts = []
    for start in server.mta["starts"]:
        at = born - timedelta(seconds=start["ago"])
        events = []
        for offset, number, nt_error in start["events"]:
            event = {"id": number, "at": stamp(at + timedelta(seconds=offset)),
                     "text": _TEXTS[number]}
            if nt_error:
                event["nt_error"] = nt_error
            events.append(event)
        starts.append({"at": stamp(at), "outcome": start["outcome"], "events": events})
    mta = {key: server.mta[key] for key in ("service", "start_type", "exit_code")
           if key in server.mta}
    mta["last_start"] = starts[0]
    failures = [start for start in starts if start["outcome"] == "failed"]
    if failures:
        mta["last_failure"] = {k: failures[0][k] for k in ("at", "events")}
    return mta | _log(server, born, now)


def _adapter(server, adapter):
    name = f"{server.host.lower()}.{server.organization.lower()}.example"
    lookups = []
    for address in adapter.addresses:
        lookup = {"address": address, "reverse_error": adapter.reverse_error, "forward_error": 0}
        if adapter.reverse_error == 0:
            lookup["name"] = name
        lookups.append(lookup)
    return {"id": adapter.id, "description": adapter.description, "mac": adapter.mac,
            "enabled": True, "link": adapter.link,
            "addresses": [f"{address}/{adapter.lan.bits}" for address in adapter.addresses],
            "gateways": [adapter.lan.router] if adapter.gateway else [], "lookups": lookups}


def report(server, peers, *, born, now, epoch, sequence, interval):
    """The report that `server` makes at `now` in a world that began at `born`."""
    elapsed = (now - born).total_seconds()
    probes = probe_rows(server, peers, elapsed)
    version = ".".join(server.build.split(".")[:2])
    return {
        "schema": "mtawatch.report/1",
        "agent": {"id": str(uuid.uuid5(_NAMESPACE, server.organization + "/" + server.host)),
                  "epoch": epoch, "version": VERSION, "platform": "windows-x86"},
        "sequence": sequence, "collected_at": stamp(now), "interval_s": interval,
        "duration_ms": max([80] + [row["ms"] for row in probes]) + 40,
        "host": {"name": server.host, "os": server.os,
                 "booted_at": stamp(born - timedelta(seconds=server.booted_ago)),
                 "name_resolves_to": [server.adapters[0].addresses[0]]},
        "exchange": {"installed": True, "version": version, "service_pack": server.service_pack,
                     "build": server.build, "organization": server.organization,
                     "site": server.site, "server": server.name, "directory": "C:\\exchsrvr",
                     "clustered": server.clustered},
        "adapters": [_adapter(server, adapter) for adapter in server.adapters],
        "probes": probes, "self_probes": self_rows(server, elapsed), "mta": _mta(server, born, now),
        "files": server.files, "problems": server.problems,
    }


def beginning():
    return datetime.now(timezone.utc).replace(microsecond=0)
