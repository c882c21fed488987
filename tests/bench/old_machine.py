"""What a cycle costs a machine of 1999, by instructions counted here: there is no such machine.

    scripts/bench old-machine

Counts with callgrind, which runs a program and adds up its instructions:

- a cycle of the Linux build (`report`: 4 adapters, 16 peers of which half do not answer), above `--version`;
- a TLS handshake and SHA-256 of mbedTLS in the Windows agent's own configuration, compiled for size as it is
  there (tests/bench/tls_client.c), with numbers of 32 bits and without assembler, from the pinned sources.

Both run as x86-64, whose registers are more and wider. What that is on 32 bits is an assumption, as is what a
Pentium II does in a cycle of its clock; both stand in the first lines that are printed. Takes root (network
namespaces). Exit status 1: the goal is missed.

MTAWATCH_BUILD (default build/bench) names the build, MBEDTLS the folder of its sources.
"""

import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration"), str(ROOT / "tests/bench")]

from agent import LINUX_AGENT, Laboratory, row  # noqa: E402
from certificates import Authority  # noqa: E402

CLOCK_HZ = 300e6  # Pentium II
PER_CLOCK = 0.5  # instructions
NARROW = 2.0  # instructions of 32 bits in place of one here
FILES_MB = 5  # of the MTA, whose hashes the first cycle computes
MAX_SECONDS = 2.0
RSA = ["-newkey", "rsa:2048", "-nodes"]


def seconds(instructions):
    return instructions * NARROW / PER_CLOCK / CLOCK_HZ


def told(what, instructions, goal=None):
    took = seconds(instructions)
    row(what, f"{instructions / 1e6:,.1f} M", f"{took:6.2f} s" + (f", goal < {goal} s" if goal else ""),
        goal is None or took < goal)


def count(argv, *options, within=list):
    """The instructions of a program that ends well; `within` gives the command line that runs another one."""
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(within(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                      f"--log-file={out.name}", *options, *map(str, argv)]),
                              stdout=subprocess.DEVNULL, check=False)
        text = Path(out.name).read_text()
    collected = re.search(r"Collected : (\d+)", text)
    if done.returncode != 0 or not collected:
        raise RuntimeError(f"{argv}: exit {done.returncode}\n{text}")
    return int(collected[1])


def compile_client(folder):
    """tls_client, with the agent's configuration but for what is of Windows or of 32-bit assembler."""
    sources = Path(os.environ["MBEDTLS"])
    text = (ROOT / "agent/deploy/mbedtls_config_agent.h").read_text().replace("__mingw_", "")
    text = text.replace("#define MBEDTLS_HAVE_ASM\n", "#define MBEDTLS_HAVE_INT32\n")
    (folder / "mbedtls_config_agent.h").write_text(text)
    flags = ["-Oz", f"-I{folder}", f"-I{sources}/include", "-DMBEDTLS_CONFIG_FILE=<mbedtls_config_agent.h>"]
    subprocess.run(["gcc", "-c", *flags, ROOT / "agent/deploy/mbedtls_alt.c",
                    *(sources / "library").glob("*.c")], cwd=folder, check=True)
    subprocess.run(["ar", "rcs", "libmbed.a", *folder.glob("*.o")], cwd=folder, check=True)
    client = folder / "tls_client"
    subprocess.run(["gcc", *flags, "-o", client, ROOT / "tests/bench/tls_client.c", folder / "libmbed.a"],
                   check=True)
    return client


def serve(listener, certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as tls:
        assert tls.version() == "TLSv1.2"
        tls.recv(1)


def handshake(client, authority, files):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, *files), daemon=True)
        thread.start()
        return count([client, "handshake", authority.certificate, "localhost", listener.getsockname()[1]],
                     "--toggle-collect=measured")


def cycle():
    with Laboratory() as lab:
        lab.start()
        argv = [LINUX_AGENT, "report", *lab.probes(), "--windows-root", lab.disk.folder, "--state-dir",
                lab.folder / "state"]
        return count(argv, within=lab.server.argv) - count([LINUX_AGENT, "--version"], within=lab.server.argv)


def main():
    print(f"A Pentium II of {CLOCK_HZ / 1e6:.0f} MHz is taken to do {PER_CLOCK} instructions a clock, "
          f"and to need {NARROW:g} for each that is counted here")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        client = compile_client(folder)
        authority = Authority(folder / "ca")
        shakes = {kind: handshake(client, authority, authority.sign_server(kind, key=key))
                  for kind, key in (("P-256", None), ("RSA-2048", RSA))}
        hashed = count([client, "hash", 1 << 20], "--toggle-collect=measured")
    plain = cycle()
    told("a cycle, without sending", plain)
    for kind, instructions in shakes.items():
        told(f"a TLS handshake, the collector's key {kind}", instructions)
    told("SHA-256 of a megabyte; not again while size and time are the same", hashed)
    told("a cycle with a new connection", plain + max(shakes.values()), MAX_SECONDS)
    told(f"the first cycle, which also hashes {FILES_MB} MB", plain + max(shakes.values()) + FILES_MB * hashed)
    return 0 if seconds(plain + max(shakes.values())) < MAX_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
