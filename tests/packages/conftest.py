"""Packages in a fresh Debian: a layer over what scripts/debian-root makes, in namespaces of its own. Run by root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

# A network that has loopback alone, processes and mounts of its own: all of it ends with the holder.
HOLD = """set -e
mount --make-rprivate /
mount -t tmpfs layer "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount --rbind /dev "$2/root/dev"
ip link set lo up
echo "127.0.0.1 localhost collector.test" >"$2/root/etc/hosts"
hostname fresh
echo ready
exec sleep infinity"""


class Fresh:
    """A fresh Debian. run() is a command in it."""

    def __init__(self, base, folder):
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "bash", "-c", HOLD, "bash",
             base, folder], stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "ready\n"
        self.folder = folder
        children = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text()
        self.pid = children.split()[0]

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def command(self, *words):
        return ["nsenter", "--target", self.pid, "--mount", "--net", "--pid", "--uts", "--ipc", "chroot",
                str(self.folder / "root"), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive", *map(str, words)]

    def run(self, *words, status=0, **more):
        """What it prints; fails with its words unless it ends with that status."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120, **more)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *words):
        return subprocess.Popen(self.command(*words), stdout=subprocess.PIPE, text=True)

    def put(self, file):
        """Copies a file of this machine into it; its path there."""
        self.run("sh", "-c", f"cat >/var/tmp/{file.name}", stdin=file.open("rb"))
        return f"/var/tmp/{file.name}"

    def install(self, *files):
        return self.run("apt-get", "install", "-y", "--no-install-recommends", *[self.put(file) for file in files])


@pytest.fixture(scope="session")
def packages():
    """{name: file} of Debian's packages, as scripts/package makes them."""
    made = subprocess.run([ROOT / "scripts/package", "--debian"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {Path(line).name.partition("_")[0]: ROOT / line for line in made.splitlines()}


@pytest.fixture
def fresh(packages, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a Debian")
    base = subprocess.run([ROOT / "scripts/debian-root", *packages.values()], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    machine = Fresh(base, tmp_path)
    yield machine
    machine.close()
