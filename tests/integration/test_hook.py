"""The hook of a running collector: told once, in order, and over restarts and crashes."""

import json
import signal
import time

import pytest
from running import Collector, exposed_site, row, server
from waiting import until


class Hook:
    """A program that keeps what it is given, one line a call."""

    def __init__(self, folder):
        folder.mkdir()
        self.out = folder / "out"
        self.environment = folder / "environment"
        self.program = folder / "hook"
        self.works()

    def works(self):
        self.write(f"env > {self.environment}\ncat >> {self.out}")

    def write(self, commands):
        self.program.write_text("#!/bin/sh\n" + commands + "\n")
        self.program.chmod(0o755)

    def told(self, n):
        """The first `n` notifications, waited for; asserts that there are no more."""
        until(lambda: len(self.lines()) >= n, self.lines)
        time.sleep(0.3)
        assert len(self.lines()) == n, self.lines()
        return [json.loads(line) for line in self.lines()]

    def lines(self):
        return self.out.read_text().splitlines() if self.out.exists() else []

    def hangs(self):
        """From now on it begins and never ends; began() waits for that."""
        self.write(f"touch {self.out.with_name('began')}\nsleep 600")

    def began(self):
        until(self.out.with_name("began").exists, "the hook was not run")


@pytest.fixture
def hook(tmp_path):
    return Hook(tmp_path / "hook")


def start(tmp_path, hook):
    """A collector that tells what changes at once, also soon after something else."""
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\ngroup-interval = 0s\n")
    return Collector(tmp_path / "data", "--config", str(config), "--hook-command", str(hook.program),
                     "--external-url", "https://collector.example/watch")


def mended(sequence=2):
    """EXCH1 with its second adapter disabled."""
    rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3")]
    return {**server("EXCH1", "10.0.0.1", rows), "sequence": sequence}


def test_it_is_told_of_the_exposed_server_and_of_its_recovery(tmp_path, hook):
    with start(tmp_path, hook) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        fired, = hook.told(1)
        alert, = fired["alerts"]
        assert fired["status"] == alert["status"] == "firing"
        assert fired["reason"] == "opened" and fired["cause"] == "adapter_isolated"
        assert (alert["server"], alert["condition"], alert["verdict"]) == ("EXCH1", "exposed", "exposed")
        shown, = [s for s in collector.get("/v1/servers")["servers"] if s["server"] == "EXCH1"]
        assert alert["since"] == shown["since"] and alert["resolved_at"] is None
        assert alert["text"].startswith(shown["reasons"][0]["text"])
        for step in (step for option in shown["remedy"]["options"] for step in option["steps"]):
            assert f"{step['text']} (verdict then: {step['verdict_after']})" in alert["remedy"]
        assert alert["url"] == "https://collector.example/watch/?server=EXCH1"
        assert collector.post(mended())[0] == 200
        resolved = hook.told(2)[1]
        assert resolved["status"] == "resolved" and resolved["id"] != fired["id"]
        assert resolved["group"] == fired["group"]
        assert resolved["alerts"][0]["id"] == alert["id"] and resolved["alerts"][0]["resolved_at"]
    assert {line.split("=")[0] for line in hook.environment.read_text().splitlines()} <= \
        {"PATH", "HOME", "LANG", "TZ", "PWD", "_", "SHLVL", "OLDPWD"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_told_is_not_told_again_and_what_was_not_is(tmp_path, hook, number):
    with start(tmp_path, hook) as collector:
        assert collector.post(exposed_site()[0])[0] == 200
        first, = hook.told(1)
        hook.hangs()
        assert collector.post(mended())[0] == 200
        hook.began()  # one after another: the store knows that the first was told
        collector.end(number)
    hook.works()
    with start(tmp_path, hook):
        resolved = hook.told(2)[1]
        assert (first["status"], resolved["status"]) == ("firing", "resolved")


def test_a_hook_that_fails_is_said_and_tried_again_and_hurts_no_agent(tmp_path, hook):
    hook.write("echo no route to the pager >&2; exit 4")
    collector = start(tmp_path, hook)
    try:
        assert collector.post(exposed_site()[0])[0] == 200
        line = collector.process.stderr.readline()
        assert "hook command failed" in line and "exit status 4" in line
        assert "no route to the pager" in line
        assert collector.post(exposed_site()[1])[0] == 200
        hook.works()
        assert hook.told(1)[0]["status"] == "firing"
    finally:
        collector.end(signal.SIGKILL)


def test_a_hook_given_later_is_told_of_what_is_exposed_already(tmp_path, hook):
    with Collector(tmp_path / "data") as collector:
        assert collector.post(exposed_site()[0])[0] == 200
    with start(tmp_path, hook):
        assert hook.told(1)[0]["alerts"][0]["server"] == "EXCH1"
