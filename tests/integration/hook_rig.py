"""What there is to send by hooks, and peers that mean no good: real sockets on loopback.

A notification goes out by `hook_sender`, which is the collector's own code with no store behind it."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize"))
PROGRAM = BUILD / "collector/mtawatch-collector"
SENDER = BUILD / "tests/integration/hook_sender"
PATIENCE = 60

sys.path.insert(0, str(ROOT / "tests"))

# Everything that could break out of JSON, HTML, a header, a terminal, a line.
HOSTILE = ['<script>alert("1")</script> & \'x\'', "two\r\nBcc: evil@example.com\r\n\r\nlines", "\u202egnp.exe",
           "tab\t\x1b[31mred\x07 \x7f", "K\u00f6ln \u4e2d\u6587 \U0001f600", "=?utf-8?B?SGk=?=", "." , "x" * 1024,
           "{{template}} %n%s ${HOME} `id`", "\\ \" \\u0000",
           "[click](https://evil.example/) ![x](https://evil.example/x.png) **b** _i_ ~s~ `c`",
           "<!channel> <@U012AB3CD> <https://evil.example|fine> @here", "https://evil.example/login",
           'EXCH1"},{"type":"Image","url":"https://evil.example/x.png"',
           "{{DATE(2026-01-01T00:00:00Z, SHORT)}}", "\x85a\x9b31mb\u2028c\u2029d\u2066e\u2069\u200ff", "y" * 65536]


EVERYTHING = " ".join(HOSTILE[:-1])
SUMS = ["summary", "digest", "daily report"]

# What no person is to meet: it rings, steers a terminal, turns or breaks lines, or cannot be seen.
MARKS = "\u202e\x1b\x07\x7f\t\r\n\x85\x9b\u2028\u2029\u2066\u2069\u200f"


class Silence:
    """A peer that accepts and never says a word."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.listener.close()


def server_context(files, clients=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


def alert(server="EXCH1", condition="exposed", **more):
    fields = {"id": "7", "fingerprint": "00ff00ff00ff00ff", "condition": condition, "status": "firing",
              "server": server, "organization": "ACME", "site": "HQ", "adapter": "El90x2",
              "verdict": "exposed", "reason": "adapter_isolated",
              "text": "Adapter El90x2 reaches none of 2 peers.",
              "remedy": "Disable adapter El90x2: then clear.",
              "url": "https://collector.example/servers/" + "EXCH1", "since": "2026-11-24T09:00:00Z",
              "fired_at": "2026-11-24T09:05:00Z", "resolved_at": None, "flapping": False,
              "before": None, "now": "", "event": None, "event_at": None, "acknowledged": None,
              "options": [{"steps": [{"text": "Disable adapter El90x2", "verdict_after": "clear"}]}]}
    return fields | more


def resolved(**more):
    return alert(status="resolved", resolved_at="2026-11-24T10:00:00Z", **more)


def notification(*alerts, **more):
    alerts = alerts or (alert(),)
    firing = any(a["status"] == "firing" for a in alerts)
    return {"id": "0b96-477c", "hook": "ops", "group": "ACME/HQ adapter_isolated", "organization": "ACME",
            "site": "HQ", "cause": "adapter_isolated", "url": "https://collector.example",
            "status": "firing" if firing else "resolved", "reason": "opened",
            "at": "2026-11-24T09:05:00Z", "truncated": 0, "test": False, "summary": None,
            "firing": dict(Counter(a["condition"] for a in alerts if a["status"] == "firing")),
            "alerts": list(alerts)} | more


def remarks(owner, note, of="site"):
    """What somebody wrote about a server: an owner, and a note."""
    written = {"by": "token ops", "at": "2026-11-20T08:00:00Z", "of": of}
    return {"owner": {"name": owner, **written}, "note": {"text": note, **written}}


def hostile(text, **more):
    """A notification all of whose texts from outside are `text`."""
    return notification(alert(server=text, adapter=text, text=text, remedy=text, organization=text,
                              site=text, **remarks(text, text)), organization=text, site=text, group=text, cause=text, **more)


def site(place, **firing):
    organization, _, name = place.partition("/")
    return {"organization": organization, "site": name, "firing": firing}


def summary(reason, *alerts, firing=None, sites=(), at="2026-11-24T02:15:00Z", truncated=0,
            status=None, group=None, **more):
    """What a hook is told of many groups at once: `reason` is summary, digest or daily report."""
    sums = {"since": "2026-11-24T02:10:00Z", "opened": 0, "resolved": 0, "next": None, "more_sites": 0,
            "sites": list(sites), "fleet": None}
    return notification(*alerts, organization="", site="", cause=reason, reason=reason, group=group or f"{reason}/ops",
                        at=at, truncated=truncated, summary=sums | more, alerts=list(alerts),
                        firing=Counter(a["condition"] for a in alerts) if firing is None else firing,
                        status=status or ("firing" if alerts else "resolved"))


def storm(**more):
    """A bad night: 212 alerts in five minutes at 40 sites, six of which are over."""
    text = "The MTA is not running: its last start failed with event 9321, NT Error 11004. Adapter El90x2 reaches none."
    many = [alert("EXCH1", "failing", text=text, event=9321, event_at="2026-11-24T02:09:00Z",
                  since="2026-11-24T02:10:30Z")]
    many += [alert(f"EXCH{i}", "exposed", site=f"B{i}", since="2026-11-24T02:11:00Z") for i in range(2, 14)]
    many += [alert(f"EXCH{i}", "silent", site=f"B{i % 40}", since="2026-11-24T02:12:00Z", adapter="", options=[],
                   text="Nothing is heard of it.", remedy="See whether the machine and its network are up.")
             for i in range(14, 65)]
    sites = [site("ACME/HQ", failing=1), *(site(f"ACME/B{i}", exposed=1, silent=5) for i in range(2, 21))]
    return summary("summary", *many, **{
        "firing": {"failing": 1, "exposed": 12, "silent": 193}, "truncated": 142, "opened": 212, "resolved": 6,
        "sites": sites, "more_sites": 20} | more)


def daily_report(*alerts, **more):
    return summary("daily report", *alerts, **{
        "at": "2026-11-24T06:00:00Z", "since": "2026-11-23T06:00:00Z", "next": "2026-11-25T06:00:00Z",
        "fleet": {"servers": 300, "fixed": 96, "silent": 0, "not_monitored": 0}} | more)


def hostile_summary(reason, text):
    """The same in a summary, a digest or a daily report."""
    one, = hostile(text)["alerts"]
    sites = [{"organization": text, "site": text, "firing": {"exposed": 1}}] * 2
    return daily_report(one, sites=sites) if reason == "daily report" else summary(reason, one, sites=sites)


class Hooks:
    """A configuration file, and what its hooks do with a notification."""

    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "collector.conf"
        self.config.write_text("")

    def add(self, name, **keys):
        lines = [f"[hook {name}]"]
        for key, value in keys.items():
            for one in value if isinstance(value, list) else [value]:
                lines.append(f"{key.replace('_', '-')} = {one}")
        self.config.write_text(self.config.read_text() + "\n".join(lines) + "\n")
        return self

    def secret(self, name, text):
        """The path of a file that only we can read."""
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text + "\n")
        return path

    def start(self, message, *names):
        path = self.folder / "notification.json"
        path.write_text(json.dumps(message))
        return subprocess.Popen([SENDER, self.config, path, *names], stdout=subprocess.PIPE, text=True)

    def send(self, message, *names):
        """What each line says: hook, outcome, seconds to wait, text."""
        process = self.start(message, *names)
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, out
        return [tuple(line.split(" ", 3)) for line in out.splitlines()]

    def try_one(self, name, *more):
        return subprocess.run([PROGRAM, "hook", "test", name, "--config", self.config, *more],
                              capture_output=True, text=True, timeout=PATIENCE)


class MuteMailServer:
    """Speaks SMTP until a command comes that it was told to be mute from; keeps the commands."""

    def __init__(self, mute_from, answers=None):
        self.mute_from, self.answers = mute_from, answers or {}
        self.commands = []
        self.is_mute = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer):
        with contextlib.suppress(OSError), peer:
            lines = peer.makefile("rb")
            if self.mute_from != "greeting":
                peer.sendall(b"220 here\r\n")
            else:
                self.is_mute.set()
            data = False
            for line in lines:
                word = line.split()[0].decode() if line.split() else ""
                if data and line != b".\r\n":
                    continue
                word = "END" if data else word
                data = word == "DATA"
                self.commands.append(word)
                if self.mute_from in self.commands:
                    self.is_mute.set()
                elif self.mute_from != "greeting":
                    peer.sendall(self.answers.get(word, b"354 go on\r\n" if data else b"250 fine\r\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
