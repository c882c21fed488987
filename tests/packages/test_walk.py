"""The documents' commands, as a stranger types them who follows page after page in a fresh Debian, from nothing to a
fleet."""

import io
import json
import re
import subprocess
import tarfile
from datetime import datetime, timedelta, timezone

import pytest
from documents import blocks
from lab.exchange_disk import ExchangeDisk
from waiting import until

FOLDER = "/root/walk"
# What has to be said on standard input: apt asks whether to go on, `login` for the token, PostgreSQL for a password.
YES = "Y\n"
# Statuses from 3 on say how bad the news is; the command did what it was told.
SHELL = "trap 's=$?; [ $s -ge 3 ] && [ $s -le 5 ] || exit $s' ERR\n"


class Stranger:
    """Somebody at a fresh Debian with a folder of files, as root."""

    def __init__(self, machine):
        self.machine = machine
        self.token = None
        machine.run("mkdir", FOLDER)
        # What packages only recommend is not at hand (scripts/debian-root).
        machine.run("sh", "-c", "echo 127.0.0.1 collector.example >>/etc/hosts; "
                                "echo 'APT::Install-Recommends \"false\";' >/etc/apt/apt.conf.d/fewer")

    def put(self, name, content):
        content = content.encode() if isinstance(content, str) else content
        subprocess.run(self.machine.command("sh", "-c", f"cat >{FOLDER}/{name}"), input=content, check=True, timeout=60)

    def shell(self, text, said=""):
        return self.machine.run("bash", "-c", f"cd {FOLDER}\n{SHELL}{text}\n:", input=said)

    def type(self, block, said=""):
        """What the commands of a block print."""
        try:
            return self.shell(block.text, said)
        except AssertionError as failure:
            raise AssertionError(f"{block}: {failure}") from None

    def walk(self, page, said=""):
        """All of a page; what they print, one after another."""
        return "".join(self.type(block, said) for block in fresh_blocks(page))


def fresh_blocks(page):
    found = blocks(page, "run: fresh")
    assert found, page
    return found


def report(name, site, now, adapters=1, to=None):
    """Of a server with the fault's code; its second adapter reaches nobody, where it has one."""
    number = int(name[-1])
    peers = [peer for peer in to or [] if peer != name]
    cards = [("El90x1", f"10.0.0.{number}"), ("El90x2", f"10.9.0.{number}")][:adapters]
    rows = [{"adapter": card, "peer": peer, "from": address, "to": f"10.0.0.{peer[-1]}", "via": card,
             "grade": "mta" if card == "El90x1" else "none", "for_s": 3600, "ms": 3, "attempts": 1,
             **({} if card == "El90x1" else {"error": "timeout"})} for card, address in cards for peer in peers]
    build = "5.5.2653.23"
    return {"schema": "mtawatch.report/1",
            "agent": {"id": "id-" + name, "epoch": "e", "version": "1.0.0", "platform": "windows-x86"}, "sequence": 1, "collected_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "interval_s": 3600,
            "host": {"name": name, "os": "Windows 2000 Service Pack 4"},
            "exchange": {"installed": True, "version": "5.5", "service_pack": 4, "build": build, "organization": "ACME",
                         "site": site, "server": name, "clustered": False},
            "adapters": [{"id": card, "enabled": True, "link": "up", "addresses": [address + "/24"]}
                         for card, address in cards],
            "probes": rows, "self_probes": [], "mta": {"service": "running", "start_type": "auto"},
            "files": [{"name": "Emsmta.exe", "state": "versioned", "version": build}]}


def fleet(now):
    hq = ["EXCH1", "EXCH2", "EXCH3"]
    return [report("EXCH1", "HQ", now, 2, hq), *(report(name, "HQ", now, 1, hq) for name in hq[1:]),
            report("EXCH4", "B1", now - timedelta(days=2), 1, ["EXCH1"]),
            report("OLD9", "HQ", now - timedelta(days=2), 1, hq)]


def dead_server(folder):
    ExchangeDisk(folder / "dead-server", "EXCH9")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(folder / "dead-server", "dead-server")
    return packed.getvalue()


@pytest.fixture
def stranger(fresh, packages):
    someone = Stranger(fresh)
    for file in packages.values():
        fresh.run("mv", fresh.put(file), FOLDER)
    return someone


def install(stranger):
    said = stranger.walk("docs/install.md", YES)
    stranger.token = re.search(r"mtw_a\w+", said)[0]
    stranger.put("ops.token", stranger.token + "\n")
    stranger.put("viewer.token", stranger.token + "\n")
    stranger.shell("cp /var/lib/mtawatch/ca.crt /var/lib/mtawatch/agent-secret .")
    return said


def test_the_documents_lead_from_nothing_to_a_fleet(stranger, tmp_path):
    said = install(stranger)
    assert "\nOpen https://collector.example:8285/ and log in with the token.\n" in said
    assert "Open https://collector.example:8285/\n" in stranger.walk("README.md", YES)

    stranger.walk("docs/agents.md", YES)
    stranger.shell("apt-get install -y curl")
    now = datetime.now(timezone.utc)
    for number, one in enumerate(fleet(now)):
        stranger.put(f"exch{number + 6}.json", json.dumps(one))
    stranger.shell("mv exch6.json exch1.json; mv exch7.json exch2.json")
    stranger.shell("mtawatch-collector login --token-file ops.token && "
                   "mtawatch-collector import exch1.json exch2.json exch10.json")
    assert stranger.walk("docs/servers.md").count("imported") == 2
    until(lambda: "not applicable" in stranger.shell("mtawatch-collector servers"))

    stranger.put("servers.txt", "EXCH1\nEXCH2\nEXCH3\nEXCH5\n")
    assert "EXCH1" in stranger.walk("docs/first-day.md", stranger.token + "\n")
    assert stranger.shell("ls /var/backups").count("mtawatch-") == 1
    shown = stranger.walk("docs/terminal.md", stranger.token + "\n")
    assert "EXCH1" in shown and "exposed" in shown
    assert "EXCH1" in stranger.walk("docs/maintenance.md")
    stranger.shell("mkdir reports")
    for one in fleet(datetime(2026, 11, 22, 10, 45, 20, tzinfo=timezone.utc)):
        stranger.put(f"reports/{one['host']['name']}.json", json.dumps(one))
    assert "EXCH1" in stranger.walk("docs/plans.md")
    stranger.put("dead.tar", dead_server(tmp_path))
    stranger.shell("tar -C /mnt -xf dead.tar")
    stranger.walk("docs/offline.md")
    stranger.walk("docs/alerts.md")
    assert '"EXCH1"' in stranger.walk("docs/api.md")
    assert "mtw_v" in stranger.walk("docs/prometheus.md")

    stranger.walk("docs/store.md")
    until(lambda: "EXCH1" in stranger.shell("mtawatch-collector servers || true"))


def shows(stranger, name):
    return until(lambda: name in stranger.shell("mtawatch-collector servers || true"))


def test_the_page_of_postgresql_leads_there_and_back(stranger):
    machine = stranger.machine
    install(stranger)
    for number, one in enumerate(fleet(datetime.now(timezone.utc))):
        stranger.put(f"{number}.json", json.dumps(one))
    stranger.shell("mtawatch-collector login --token-file ops.token && mtawatch-collector import 0.json 1.json 2.json")
    stranger.shell("apt-get install -y postgresql && echo 10.0.0.2 db.example >>/etc/hosts")
    subprocess.run(["nsenter", "--target", machine.pid, "--net", "ip", "address", "add", "10.0.0.2", "dev", "lo"],
                   check=True)
    role, tls, password, init, there, back = fresh_blocks("docs/postgresql.md")

    stranger.type(role, "secret\nsecret\n")
    stranger.type(tls)
    stranger.shell("cp /etc/postgresql/15/main/server.crt /etc/mtawatch/database.crt")
    stranger.type(password, "secret\n")

    stranger.shell("systemctl stop mtawatch-collector; mv /var/lib/mtawatch embedded; "
                   "mv /etc/mtawatch/collector.conf embedded.conf")
    assert "Open https://collector.example:8285/" in stranger.type(init)
    stranger.shell("systemctl stop mtawatch-collector; rm -r /var/lib/mtawatch; mv embedded /var/lib/mtawatch; "
                   "mv embedded.conf /etc/mtawatch/collector.conf; cd /; runuser -u postgres -- dropdb mtawatch")
    stranger.shell("".join(line for line in role.text.splitlines(True) if "createuser" not in line))

    stranger.type(there)
    address = re.search(r"--store '(.*?)'", there.text)[1]
    stranger.put("first", f"store = {address}\nstore-password-file = /etc/mtawatch/database.password\n")
    stranger.shell("cat first /etc/mtawatch/collector.conf >both; cat both >/etc/mtawatch/collector.conf; "
                   "systemctl start mtawatch-collector")
    shows(stranger, "EXCH1")
    rows = stranger.shell("cd /; runuser -u postgres -- psql -c 'select * from mtawatch.server' mtawatch")
    assert "exch1" in rows.lower()

    stranger.type(back)
    stranger.shell("sed -i '1,2d' /etc/mtawatch/collector.conf; systemctl stop postgresql; "
                   "systemctl start mtawatch-collector")
    shows(stranger, "EXCH1")
