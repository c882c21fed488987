"""Ports for programs that listen where they are told. The system gives its own, from 32768 on, to whoever asks for any,
so one that was free a moment ago may be another test's; those below it gives to nobody."""

import contextlib
import itertools
import os
import socket

FIRST, LAST, EACH = 20000, 32000, 24  # ports, and how many a process has for itself
places = itertools.count()


def is_free(port):
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def free_ports(n):
    """The first of `n` ports, one after another."""
    begin = os.getpid() * EACH
    while True:
        first = FIRST + (begin + next(places)) % (LAST - FIRST - n)
        if all(is_free(first + i) for i in range(n)):
            next(itertools.islice(places, n - 1, n - 1), None)
            return first


def free_port():
    return free_ports(1)
