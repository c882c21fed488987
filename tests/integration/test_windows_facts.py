"""The facts that the Windows agent reports come from the system itself, under Wine: the registry as
Exchange's setup leaves it, services of the service manager, files on C:. What it says of them is
compared with what the Linux build says of a directory that holds the same.

What Wine does not have: an event log that keeps anything (test_windows_events.py, test_windows_log.py),
rights that are refused.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from lab.exchange_disk import ExchangeDisk  # noqa: E402
from wine import AGENT, PROGRAMS, Wine  # noqa: E402
from waiting import until  # noqa: E402

LINUX_AGENT = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize")) / "agent/mtawatch-agent"
SERVICES = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
ORDER = [r"\Device\El90x2", r"\Device\El90x1"]


def text_list(texts):
    """A REG_MULTI_SZ, as REGEDIT4 has it: bytes of the ANSI code page."""
    return "hex(7):" + ",".join(f"{byte:02x}" for byte in "".join(f"{t}\0" for t in [*texts, ""]).encode())


def more_registry(order):
    return f"""
[{SERVICES}\\MSExchangeMTA\\Parameters]
"TCP/IP port for RPC listens"=dword:00001389

[{SERVICES}\\Tcpip\\Linkage]
"Bind"={text_list(order)}

[{SERVICES}\\Rpc\\Linkage]
"Bind"={text_list(reversed(order))}
""".replace("\n", "\r\n").encode()


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    disk = ExchangeDisk(tmp_path_factory.mktemp("facts") / "disk", "EXCH1", build="5.5.2654.50")
    export = disk.folder / "exchange.reg"
    disk.put(export.name, export.read_bytes() + more_registry(ORDER))
    return disk


class Server(Wine):
    def control(self, *arguments):
        status, text, _ = self.run("sc", *arguments)
        assert status == 0, text

    def report(self, agent=AGENT, **variables):
        status, text, errors = self.run(agent, "report", "--probe-limit", "1", **variables)
        assert status == 0, errors
        return json.loads(text)

    def mta_is(self, state):
        return lambda: self.run("sc", "query", "MSExchangeMTA")[1].find(state) > 0


@pytest.fixture(scope="module")
def server(disk, tmp_path_factory):
    """A Windows with the disk's files on C:, its registry, and a service called MSExchangeMTA."""
    with Server(tmp_path_factory.mktemp("server")).session() as server:
        server.put_exchange(disk)
        yield server


def linux_report(disk, folder):
    done = subprocess.run([LINUX_AGENT, "report", "--probe-limit", "1", "--windows-root", disk.folder,
                           "--state-dir", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def problems(report):
    return {problem["fact"]: problem for problem in report.get("problems", [])}


def test_exchange_is_found_where_the_registry_and_the_service_manager_say(server, disk, tmp_path):
    server.control("start", "MSExchangeMTA")
    until(server.mta_is("RUNNING"))
    windows, linux = server.report(), linux_report(disk, tmp_path)
    assert windows["exchange"] == linux["exchange"]
    assert windows["exchange"]["organization"] == "ACME" and windows["exchange"]["site"] == "LAB"
    assert windows["exchange"]["directory"] == r"C:\exchsrvr"
    assert windows["exchange"]["clustered"] is False
    times = [{file["name"]: file.pop("modified", None) for file in report["files"]}
             for report in (windows, linux)]
    assert windows["files"] == linux["files"]
    assert times[0].keys() == times[1].keys()
    assert len(windows["files"]) == 12 and {"bin", "res", "mtadata"} == {
        file["path"].split("\\")[2] for file in windows["files"]}
    assert windows["mta"]["service"] == linux["mta"]["service"] == "running"
    assert windows["mta"]["start_type"] == linux["mta"]["start_type"] == "auto"
    assert windows["mta"]["rpc_port"] == linux["mta"]["rpc_port"] == 5001
    assert windows["bindings"] == linux["bindings"] == {"tcpip": ORDER, "rpc": ORDER[::-1]}
    assert not {fact for fact in problems(windows) if not fact.endswith(("lookups", "resolves_to"))}


def test_a_stopped_service_is_told_with_its_exit_status(server):
    server.control("stop", "MSExchangeMTA")
    until(server.mta_is("STOPPED"))
    mta = server.report()["mta"]
    assert (mta["service"], mta["exit_code"]) == ("stopped", 0)


def test_the_cluster_service_makes_a_cluster(server):
    server.create_service("ClusSvc")
    assert server.report()["exchange"]["clustered"] is True
    server.control("delete", "ClusSvc")
    until(lambda: server.report()["exchange"]["clustered"] is False)


def test_the_clusters_hive_makes_a_cluster(server):
    server.run("reg", "add", r"HKLM\Cluster\Nodes\1", "/v", "NodeName", "/d", "EXCH1", "/f")
    assert server.report()["exchange"]["clustered"] is True
    server.run("reg", "delete", r"HKLM\Cluster", "/f")
    assert server.report()["exchange"]["clustered"] is False


def test_a_value_of_another_kind_is_a_problem_that_names_it(server):
    key = SERVICES + r"\MSExchangeMTA\Parameters"
    server.run("reg", "add", key, "/v", "X500 DN", "/t", "REG_DWORD", "/d", "5", "/f")
    report = server.report()
    assert "site" not in report["exchange"]
    assert problems(report)["exchange.site"]["message"] == (
        r"registry HKLM\SYSTEM\CurrentControlSet\Services\MSExchangeMTA\Parameters, "
        'value "X500 DN": it is not text')


@pytest.mark.parametrize("call, fact", [("GetIpForwardTable", "adapters.gateways"),
                                        ("GetIfTable", "adapters"), ("GetIpAddrTable", "adapters")])
def test_a_table_that_windows_does_not_give_is_a_problem_with_its_call_code_and_text(
        server, call, fact):
    report = server.report(PROGRAMS / "agent_on_nt4.exe", HIDDEN_CALL=call)
    problem = problems(report)[fact]
    assert problem["code"] == 127  # ERROR_PROC_NOT_FOUND
    name, _, text = problem["message"].partition(f"iphlpapi.dll, {call}: ")
    assert name == "" and "rocedure" in text  # in Wine's words
    assert ("adapters" in report) == (fact != "adapters")
