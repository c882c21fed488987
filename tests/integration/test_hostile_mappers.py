"""An agent among endpoint mappers that mean no good (hostile_mappers.py): each probe ends at its limit, and
finds no more than it was shown; nobody is called whom the administrator did not name."""

import json
import subprocess
import sys

import pytest
from agent_rig import AGENT, ROOT
from hostile_mappers import KINDS, OURS, SECOND_LIMIT

MAPPERS = ROOT / "tests/integration/hostile_mappers.py"
# The best that each of these is found to be; the others do not even speak RPC.
SPEAK_RPC = {"fragments_without_last": "epm", "promises_four_gigabytes": "epm", "a_million_towers": "epm",
             "pages_without_end": "epm", "faults": "epm", "answers_another_call": "epm",
             "sends_it_to_another_machine": "mapped", "sends_it_to_another_service": "mapped"}

pytestmark = pytest.mark.skipif(subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0,
                                reason="needs the right to make network namespaces (root)")


@pytest.fixture(scope="module")
def came(tmp_path_factory):
    names = [kind.__name__ for kind in KINDS]
    asked = subprocess.run(["unshare", "--net", sys.executable, MAPPERS, AGENT, tmp_path_factory.mktemp("mappers") / "state",
                            *names], capture_output=True, text=True, timeout=300)
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


@pytest.fixture(scope="module")
def report(came):
    assert came["status"] == 0 and "Sanitizer" not in came["errors"], came["errors"]
    return json.loads(came["out"])


@pytest.mark.parametrize("kind", [kind.__name__ for kind in KINDS])
def test_a_mapper_is_found_to_be_no_more_than_it_shows(report, kind):
    probe, = [row for row in report["probes"] if row["peer"] == kind.replace("_", "-")]
    assert probe["from"] == OURS and probe["grade"] == SPEAK_RPC.get(kind, "tcp"), probe
    assert probe["error"] in ("reset", "silent", "timeout", "malformed", "closed", "fault", "refused"), probe
    assert probe["ms"] < SECOND_LIMIT * 1000 + 500, probe


def test_all_of_them_together_take_one_limit_and_little_memory(came, report):
    assert report["duration_ms"] < 3 * SECOND_LIMIT * 1000, report["duration_ms"]
    assert came["memory_kb"] < 128 * 1024  # with AddressSanitizer, which takes some 30 MB
    assert max(came["visits"]) <= 3 and min(came["visits"]) >= 1


def test_a_mapper_sends_the_agent_to_no_other_machine(came):
    """A tower has an address; the port alone counts, at the address that was asked."""
    assert came["neighbour"] == [0, 0]
    assert sum(came["others"]) == came["others"][[k.__name__ for k in KINDS].index("sends_it_to_another_service")] > 0
