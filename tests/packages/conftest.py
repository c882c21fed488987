"""Packages in a fresh Debian: a layer over what scripts/debian-root makes, in namespaces of its own. Run by root."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from documents import blocks  # noqa: E402
from waiting import until  # noqa: E402

AT_HAND = ["curl", "postgresql"]  # of Debian's own, what the documents ask for

# A machine of its own: its network has loopback alone, and systemd starts what there is. All of it ends with the holder.
BOOT = """set -e
root=$2/root
mount --make-rprivate /
mount -t tmpfs layer "$2"
mkdir "$2/upper" "$2/work" "$root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
mount -t tmpfs dev "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t sysfs -o ro sysfs "$root/sys"
if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount -t cgroup2 cgroup "$root/sys/fs/cgroup"
else
    mount -t tmpfs cgroup "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
ip link set lo up
hostname fresh
echo fresh >"$root/etc/hostname"
echo "127.0.0.1 localhost collector.test" >"$root/etc/hosts"
cd "$root"
mkdir old
pivot_root . old
umount -l /old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init"""


class Fresh:
    """A fresh Debian that runs. run() is a command in it, as root."""

    def __init__(self, base, folder):
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", "bash", "-c", BOOT,
             "bash", base, folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        children = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children")
        self.pid = until(lambda: children.read_text().split())[0]
        until(lambda: Path(f"/proc/{self.pid}/comm").read_text() == "systemd\n")
        until(lambda: self.run("sh", "-c", "systemctl is-system-running || true") in ("running\n", "degraded\n"))

    def close(self):
        self.holder.kill()
        self.holder.wait()

    def command(self, *words):
        return ["nsenter", "--target", self.pid, "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive", *map(str, words)]

    def run(self, *words, status=0, **more):
        """What it prints; fails with its words unless it ends with that status."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120, **more)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def put(self, file):
        """Copies a file of this machine into it; its path there."""
        self.run("sh", "-c", f"cat >/var/tmp/{file.name}", stdin=file.open("rb"))
        return f"/var/tmp/{file.name}"

    def install(self, *files):
        return self.run("apt-get", "install", "-y", "--no-install-recommends", *[self.put(file) for file in files])


def as_owner(*command, **environment):
    """The lines that a command prints which makes packages. It runs as whoever has the source, also where the tests run as root:
    what root has built, they could not build again."""
    owner, user = pwd.getpwuid(ROOT.stat().st_uid), {}
    if os.geteuid() == 0 and owner.pw_uid != 0:
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        environment["HOME"] = owner.pw_dir
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **environment}, **user).stdout.splitlines()


@pytest.fixture(scope="session")
def packages():
    """{name: file} of Debian's packages, made as the page of the installation says."""
    command, = blocks("docs/install.md", "run by conftest.py")
    return {Path(line).name.partition("_")[0]: ROOT / line for line in as_owner("bash", "-c", command.text)}


@pytest.fixture
def fresh(packages, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make a Debian")
    base = subprocess.run([ROOT / "scripts/debian-root", *packages.values(), *AT_HAND], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
    machine = Fresh(base, tmp_path)
    yield machine
    machine.close()
