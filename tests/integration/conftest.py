"""What `scripts/test hostile` runs, and how long: every file here holds one kind of attack, and the step
`integration` leaves these out. MTAWATCH_HOSTILE=long: more of each, for an hour."""

import os
import sys
from pathlib import Path

import leaks
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from receiver import Receiver  # noqa: E402

leaks.search_nothing()
# No test asks the collector that whoever runs it is logged in to.
os.environ["XDG_CONFIG_HOME"] = "/dev/null"

HOSTILE = {
    "test_access": "each route asked by each role; pages of other sites",
    "test_hook_secrets": "receivers that echo, never end, redirect, hang",
    "test_hostile": "slow, silent, nonsensical clients, many at a time",
    "test_hostile_answers": "collectors that mean no good, to the agent and to the terminal",
    "test_hostile_files": "stores with bytes that are not theirs",
    "test_hostile_mappers": "endpoint mappers that mean no good",
    "test_hostile_storm": "everybody at once, behind few open files and kill -9",
    "test_malformed_http": "requests that are none",
    "test_reverse_proxy": "proxies before the collector, and who pretends to be one",
    "test_smuggling": "requests within requests, also through proxies",
    "test_store_crash": "kill -9 and power cuts",
    "test_store_faults": "full, failing, read-only, replaced and damaged disks",
    "test_terminal_text": "names that steer terminals",
}


def pytest_configure(config):
    config.addinivalue_line("markers", "hostile: an attack; scripts/test hostile runs these")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.path).stem in HOSTILE:
            item.add_marker(pytest.mark.hostile)


@pytest.fixture
def own_scratch(tmp_path, monkeypatch):
    """Where a restore works, which leaves what it has there when it is killed."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver
