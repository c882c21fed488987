"""Debian's packages as an administrator meets them: installed in a fresh Debian 12, set up by one command, reported to,
upgraded, removed, purged."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from waiting import until

sys.path.insert(0, str(ROOT / "tests/integration"))

import old_version  # noqa: E402

OLD = "0.1.0"
KEPT = ("/etc/mtawatch/collector.conf", "/etc/mtawatch/agent.conf", "/var/lib/mtawatch/server.key", "/var/lib/mtawatch/ca.crt")


def with_version(package, version, folder):
    """The same package as another version."""
    tree = folder / f"{package.name}-{version}"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    made = folder / f"{package.name.partition('_')[0]}_{version}.deb"
    subprocess.run(["dpkg-deb", "--build", "-Znone", "--root-owner-group", tree, made], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return made


def is_active(machine, unit):
    return machine.run("sh", "-c", f"systemctl is-active {unit} || true") == "active\n"


def traces(machine):
    """What a package may leave behind."""
    return set(machine.run("sh", "-c", "find /etc /lib /usr /var/lib /root -name '*mtawatch*'; cat /etc/passwd /etc/group")
               .splitlines())


def servers(machine):
    return machine.run("mtawatch-collector", "servers")


def test_installed_set_up_reported_to_upgraded_removed_and_purged(fresh, packages, tmp_path):
    before = traces(fresh)
    said = fresh.install(with_version(packages["mtawatch-collector"], OLD, tmp_path), packages["mtawatch-agent"])
    assert "to set it up and start it: mtawatch-collector init --host NAME" in said
    for file in ("man8/mtawatch-collector.8.gz", "man8/mtawatch-agent.8.gz", "man5/mtawatch-collector.conf.5.gz"):
        fresh.run("test", "-s", f"/usr/share/man/{file}")
    assert "_mtawatch_agent" in fresh.run("cat", "/usr/share/bash-completion/completions/mtawatch-agent")
    fresh.run("test", "-L", "/etc/systemd/system/multi-user.target.wants/mtawatch-collector.service")
    fresh.run("test", "!", "-e", "/etc/mtawatch/collector.conf")

    assert not is_active(fresh, "mtawatch-collector") and not is_active(fresh, "mtawatch-agent")

    made = fresh.run("mtawatch-collector", "init", "--host", "collector.test")
    assert "\nOpen https://collector.test:8285/ and log in with the token.\n" in made
    assert is_active(fresh, "mtawatch-collector")
    assert fresh.run("stat", "-c", "%U %a", "/var/lib/mtawatch", "/var/lib/mtawatch/server.key") == \
        "mtawatch 700\nmtawatch 600\n"
    fresh.run("mtawatch-collector", "login", input=re.search(r"mtw_a\w+", made)[0] + "\n")
    fresh.run("sh", "-c", """cd /var/lib/mtawatch && cp ca.crt agent-secret /etc/mtawatch && printf '%s\\n' \\
        'collector = https://collector.test:8285' 'ca-file = /etc/mtawatch/ca.crt' \\
        'enroll-secret-file = /etc/mtawatch/agent-secret' >/etc/mtawatch/agent.conf""")
    fresh.run("systemctl", "restart", "mtawatch-agent")
    until(lambda: re.search(r"^not applicable +fresh ", servers(fresh), re.MULTILINE))

    kept = fresh.run("sha256sum", *KEPT)
    process = fresh.run("systemctl", "show", "-p", "MainPID", "mtawatch-collector")
    fresh.install(packages["mtawatch-collector"])
    assert fresh.run("dpkg-query", "-W", "-f", "${Version}", "mtawatch-collector") != OLD
    assert fresh.run("sha256sum", *KEPT) == kept
    assert is_active(fresh, "mtawatch-collector")
    assert fresh.run("systemctl", "show", "-p", "MainPID", "mtawatch-collector") != process  # the new one runs
    assert " fresh " in servers(fresh)

    fresh.run("apt-get", "remove", "-y", "mtawatch-collector", "mtawatch-agent")
    assert not is_active(fresh, "mtawatch-collector") and not is_active(fresh, "mtawatch-agent")
    fresh.run("test", "!", "-e", "/usr/bin/mtawatch-collector", "-a", "-s", "/var/lib/mtawatch/mtawatch.db")
    # What people put there; the agent has erased the secret.
    fresh.run("sh", "-c", "rm -r /etc/mtawatch/ca.crt /root/.config && test ! -e /etc/mtawatch/agent-secret")
    fresh.run("apt-get", "purge", "-y", "mtawatch-collector", "mtawatch-agent")
    assert traces(fresh) - before == set()
    fresh.install(packages["mtawatch-collector"])  # and is never set up
    fresh.run("apt-get", "purge", "-y", "mtawatch-collector")
    assert traces(fresh) - before == set()


def test_what_0_1_0_kept_is_taken_over(fresh, packages, tmp_path):
    """It had no package: `cmake --install` put it there, and its data directory is where the package's is."""
    old = old_version.programs()
    if not old:
        pytest.skip(f"what {old_version.VERSION} kept: its commit {old_version.COMMIT} is not in this clone's history")
    fresh.install(*packages.values())
    collector, agent = fresh.put(old / "mtawatch-collector"), fresh.put(old / "mtawatch-agent")
    fresh.run("sh", "-c", f"chmod +x {collector} {agent} && install -d -o mtawatch -g mtawatch -m 700 /var/lib/mtawatch")
    made = fresh.run("runuser", "-u", "mtawatch", "--", collector, "init", "--host", "collector.test")
    fresh.run("systemd-run", "--unit", "old", "--uid", "mtawatch", collector, "serve", "--listen", "0.0.0.0:8285",
              "--cert", "/var/lib/mtawatch/server.crt", "--key", "/var/lib/mtawatch/server.key")
    fresh.run("cp", "/var/lib/mtawatch/enroll-secret", "/root/secret")
    report = (agent, "run", "--once", "--collector", "https://collector.test:8285", "--ca-file", "/var/lib/mtawatch/ca.crt",
              "--enroll-secret-file", "/root/secret", "--state-dir", "/var/lib/mtawatch-agent")
    until(lambda: fresh.run("sh", "-c", f"{' '.join(report)} && echo done || true").endswith("done\n"))
    fresh.run("systemctl", "stop", "old")

    kept = fresh.run("sha256sum", *KEPT[2:])
    fresh.run("mtawatch-collector", "init", "--host", "collector.test")
    assert is_active(fresh, "mtawatch-collector") and fresh.run("sha256sum", *KEPT[2:]) == kept
    fresh.run("mtawatch-collector", "login", input=re.search(r"mtw_a\w+", made)[0] + "\n")
    assert " fresh " in servers(fresh)
    fresh.run(*report)  # the old agent goes on
    assert f" outdated  {old_version.VERSION} " in fresh.run("mtawatch-collector", "agents", "list")


def test_lintian_finds_no_error_and_the_programs_hardened(packages):
    found = subprocess.run(["lintian", "--allow-root", "--display-info", *packages.values()], capture_output=True, text=True)
    assert found.returncode == 0 and "E: " not in found.stdout and "hardening" not in found.stdout, found.stdout
