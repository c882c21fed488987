"""What `scripts/run --lab` shows, and does when something is typed; with Linux agents alone, which start sooner."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from ports import free_port  # noqa: E402
from waiting import until  # noqa: E402

from .network import end_session, namespaces  # noqa: E402


class Shown:
    def __init__(self, folder, port):
        self.out = folder / "shown"
        with self.out.open("wb") as out:
            # What a shell starts in the background ignores SIGINT, and so does all that it starts in its turn.
            self.process = subprocess.Popen(
                ["env", "--default-signal=INT", "/usr/bin/python3", ROOT / "tests/lab/show.py", "--no-windows",
                 "--port", str(port)],
                stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True)

    def text(self):
        return self.out.read_text()

    def wait_for(self, words, after=""):
        until(lambda: words in self.text()[max(self.text().find(after), 0):], self.text, seconds=120)

    def type(self, words):
        self.process.stdin.write(words.encode())
        self.process.stdin.flush()


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def shown(laboratory, tmp_path, port):
    shown = Shown(tmp_path, port)
    yield shown
    end_session(shown.process)


def test_it_tells_what_stands_how_and_does_what_is_typed_until_ctrl_c(shown, port):
    shown.wait_for("N5: at risk.")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
        assert "mtawatch" in page.read().decode()
    shown.type("nonsense\n4\n7\n")  # lines that come together count one by one
    shown.wait_for("there is no 'nonsense'")
    shown.wait_for("DONE: N6's adapter of the heartbeat is disabled")
    shown.wait_for("N4's log: the setting interval is now: 60 (policy)")
    shown.wait_for("N5: exposed.", after="DONE: N6")
    shown.type("4\n")
    shown.wait_for("TAKEN BACK: N6's adapter of the heartbeat is disabled")
    shown.process.send_signal(signal.SIGINT)
    until(lambda: shown.process.poll() is not None, shown.text, seconds=60)
    assert shown.process.returncode == 0, shown.text()
    assert not [name for name in namespaces() if f"-{shown.process.pid}-" in name]
