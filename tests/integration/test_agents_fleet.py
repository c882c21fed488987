"""The agents as a fleet: which run, how old they are, who is silent or outdated, who lacks one; in the API, the terminal and
the metrics."""

import re
import subprocess

import pytest
from running import PROGRAM, Collector, minimal, samples
from test_show import CONCERN, USAGE, on_a_terminal, show

OWN = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
OLD, NEW = "0.0.9", "99.1"
ALL = ["current", "nameless", "newer", "old", "quiet", "sloppy"]
OUTDATED = ["nameless", "old", "quiet", "sloppy"]


def reports(name, version, **more):
    report = minimal(name, **more)
    report["agent"].update(version=version, platform="windows-x86")
    if version is None:
        del report["agent"]["version"]
    return report


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    """Six agents that report, one that only enrolled, and three servers of the inventory that nobody has heard of; of
    these one has an agent."""
    folder = tmp_path_factory.mktemp("agents")
    with Collector(folder / "data") as running:
        running.token_file = folder / "token"
        running.token_file.write_text(running.token)
        for name, version in (("OLD", OLD), ("CURRENT", OWN), ("NEWER", NEW), ("NAMELESS", None), ("SLOPPY", "trunk")):
            assert running.post(reports(name, version))[0] == 200
        assert running.post(reports("QUIET", OLD), **{"Mtawatch-Report-Age": "7200"})[0] == 200
        for name in ("ENROLLED", "LOST2"):
            running.agents.enrol(name)
        assert running.ask("/v1/inventory", "PUT", "OLD\nA-LOST\nLOST2\nZ-LOST\n")[0] == 200
        yield running


def hosts(collector, query=""):
    return [agent["host"] for agent in collector.get(f"/v1/agents{query}")["agents"]]


def test_an_agent_is_shown_with_what_its_latest_report_tells(collector):
    agents = {agent["host"]: agent for agent in collector.get("/v1/agents")["agents"]}
    assert sorted(agents) == sorted([*ALL, "enrolled", "lost2"])
    old = agents["old"]
    assert (old["version"], old["platform"], old["outdated"], old["silent"]) == (OLD, "windows-x86", True, False)
    assert old["secret"] == "first" and old["enrolled_at"] <= old["reported_at"]
    assert agents["quiet"]["silent"] and agents["quiet"]["reported_at"] < old["reported_at"]
    assert [agents["enrolled"][key] for key in ("version", "platform", "reported_at")] == [None] * 3
    assert [name for name, agent in agents.items() if agent["outdated"]] == OUTDATED
    assert not any(agent["not_monitored"] for agent in agents.values())


@pytest.mark.parametrize("query, wanted", [
    ("?state=outdated", OUTDATED), ("?state=silent", ["quiet"]), ("?state=not_monitored", ["a-lost", "lost2", "z-lost"]),
    ("?state=silent&state=not_monitored", ["a-lost", "lost2", "quiet", "z-lost"]),
    ("?state=outdated&state=silent&state=not_monitored", ["a-lost", "lost2", *OUTDATED, "z-lost"])])
def test_a_filter_lets_through_whoever_is_in_one_of_its_states(collector, query, wanted):
    assert hosts(collector, query) == sorted(wanted)
    seen, path = [], f"/v1/agents{query}&limit=1"
    while path:
        status, headers, _ = collector.ask(path)
        seen += hosts(collector, path.removeprefix("/v1/agents"))
        path = headers["Link"] and re.fullmatch(r'<(.+)>; rel="next"', headers["Link"])[1]
        assert status == 200 and len(seen) <= len(wanted)
    assert seen == sorted(wanted)  # page by page it is the same


def test_who_lacks_an_agent_has_no_id_and_who_has_one_that_never_reported_does(collector):
    missing = {agent["host"]: agent for agent in collector.get("/v1/agents?state=not_monitored")["agents"]}
    assert [missing["a-lost"][key] for key in ("id", "secret", "enrolled_at", "version", "reported_at")] == [None] * 5
    assert missing["lost2"]["id"] and missing["lost2"]["secret"] == "first"
    assert all(agent["not_monitored"] for agent in missing.values())


def test_another_state_is_refused(collector):
    assert collector.ask("/v1/agents?state=lazy")[0] == 400


def test_the_terminal_shows_them_and_filters(collector):
    shown = show(collector, "agents", "list")
    assert (shown.returncode, shown.stderr) == (CONCERN, "")  # one is silent
    lines = {line.split()[0]: line for line in shown.stdout.splitlines()}
    assert re.search(rf"^quiet +silent, outdated +{OLD} +windows-x86 +2 h +\d+ s +first +[0-9a-f-]{{36}}$", lines["quiet"])
    assert re.search(rf"^current +- +{OWN} ", lines["current"])
    assert len(lines) == 9
    outdated = show(collector, "agents", "list", "--outdated")
    assert [line.split()[0] for line in outdated.stdout.splitlines()[1:]] == sorted(OUTDATED)
    both = show(collector, "agents", "list", "--silent", "--not-monitored")
    assert [line.split()[0] for line in both.stdout.splitlines()[1:]] == ["a-lost", "lost2", "quiet", "z-lost"]
    assert re.search(r"^a-lost +not monitored +- ", both.stdout, re.MULTILINE)
    assert all(len(line) <= 80 for line in on_a_terminal(collector, "agents", "list", NO_COLOR="1")[1].splitlines())


def test_a_store_is_listed_without_a_collector_and_asked_for_nothing_that_only_one_knows(collector):
    data = collector.token_file.with_name("data")
    listed = subprocess.run([PROGRAM, "agents", "list", "--data", data], capture_output=True, text=True)
    assert listed.returncode == 0 and "enrolled " in listed.stdout
    for words in (["list", "--outdated", "--data", data], ["list", "--url", collector.url, "--data", data],
                  ["release", "OLD", "--url", collector.url]):
        refused = subprocess.run([PROGRAM, "agents", *words], capture_output=True, text=True)
        assert refused.returncode == USAGE and "works on the store itself" in refused.stderr, words


def test_metrics_count_the_agents_by_version(collector):
    assert samples(collector, "mtawatch_agent_info") == {
        f'version="{OLD}"': 2, f'version="{OWN}"': 1, f'version="{NEW}"': 1, 'version="trunk"': 1, 'version=""': 1}
