"""The cases of tls_cases.py with the Windows build, under Wine: libcurl and mbedTLS as they ship."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from tls_cases import *  # noqa: E402, F403 - the tests themselves
from wine import AGENT, Wine, on_windows  # noqa: E402


class Client:
    verifies_addresses = False

    def __init__(self, machine):
        self.machine = machine
        self.runs = 0

    def path(self, file):
        return on_windows(file)

    def once(self, *arguments):
        self.runs += 1
        state = on_windows(self.machine.folder / "state" / str(self.runs))
        status, _, said = self.machine.run(AGENT, "run", "--once", "--probe-limit", "1",
                                           "--state-dir", state, *arguments)
        return status, said


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    machine = Wine(tmp_path_factory.mktemp("wine"))
    yield Client(machine)
    machine.close()


def test_without_ca_file_and_pin_nobody_can_vouch(client, server):
    with collector(server) as there:
        said = expect_kept(client, there)
    assert "nobody can vouch for the certificate of CN=collector: neither a CA file nor a pin" in said
