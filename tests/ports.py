"""Ports for programs that listen where they are told. The system gives its own, from 32768 on, to whoever asks for any,
so one that was free a moment ago may be another test's; those below it gives to nobody.

A process that needs some reserves a block of them for as long as it lives: nobody else of the same network has a unix
socket of that abstract name then."""

import contextlib
import os
import socket

FIRST, LAST, EACH = 20000, 32000, 24  # ports, and how many a block has
reserved = []  # sockets that hold blocks
mine = []      # ports that were not given out yet,
network = ""   # and the namespace that they were reserved in


def forget():
    """A process that was forked has none of its parent's."""
    mine.clear()


os.register_at_fork(after_in_child=forget)


def is_free(port):
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def reserve():
    """The ports of a block that is nobody's."""
    for first in range(FIRST, LAST, EACH):
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0mtawatch-test-ports-{first}")
        except OSError:
            holder.close()
            continue
        reserved.append(holder)
        return list(range(first, first + EACH))
    raise RuntimeError(f"the ports from {FIRST} to {LAST} are all reserved by tests that run")


def free_ports(n):
    """The first of `n` ports, one after another; no process is given any of them a second time."""
    global mine, network
    assert n <= EACH
    here = os.readlink("/proc/thread-self/ns/net")
    while True:
        if len(mine) < n or network != here:
            mine, network = reserve(), here
        ports, mine = mine[:n], mine[n:]
        if all(is_free(port) for port in ports):
            return ports[0]


def free_port():
    return free_ports(1)
