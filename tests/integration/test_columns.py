"""tests/columns.sh finds lines of the dashboard that are too long to be read."""

import subprocess
from pathlib import Path

CHECK = Path(__file__).resolve().parents[1] / "columns.sh"


def check(*files):
    return subprocess.run([CHECK, *files], capture_output=True, text=True, timeout=60)


def test_a_line_over_120_columns_is_found(tmp_path):
    script = tmp_path / "script.js"
    script.write_text(f"const a = 1;\n{'x' * 121}\n{'–' * 120}\n")  # 120 columns, 360 bytes
    done = check(script)
    assert (done.returncode, done.stdout) == (1, f"{script}:2:{'x' * 121}\n")


def test_a_file_that_cannot_be_read_fails(tmp_path):
    assert check(tmp_path / "nothing.js").returncode == 2


def test_the_dashboard_has_none():
    done = check()
    assert (done.returncode, done.stdout) == (0, "")
