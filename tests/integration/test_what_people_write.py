"""Configuration and secrets as the editors of Windows save them: byte order marks, UTF-16, CR LF, quotes."""

import subprocess

import pytest
from running import PATIENCE, PROGRAM, Collector, exposed_site

AGENT = PROGRAM.parents[1] / "agent/mtawatch-agent"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


def print_config(tmp_path, content):
    config = tmp_path / "collector.conf"
    config.write_bytes(content)
    return subprocess.run([PROGRAM, "serve", "--config", config, "--print-config"], capture_output=True, text=True,
                          timeout=PATIENCE, check=False)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_configuration_is_read_as_an_editor_saved_it(tmp_path, encoding):
    text = '# Z\u00fcrich\r\nexternal-url = "https://collector.example/watch"\r\n\r\nkeep-reports = 7'
    done = print_config(tmp_path, text.encode(encoding))
    assert (done.returncode, done.stderr) == (0, "")
    assert "external-url = https://collector.example/watch\n" in done.stdout and "keep-reports = 7\n" in done.stdout


@pytest.mark.parametrize("content, said", [
    (b'keep-reports = "7\n', "line 1: the quote"), ("keep-reports = 7".encode("utf-32"), "UTF-32"),
    ("keep-reports = 7".encode("utf-16")[:-1], "UTF-16 that ends in the middle")])
def test_what_cannot_be_read_of_a_configuration_is_named(tmp_path, content, said):
    done = print_config(tmp_path, content)
    assert done.returncode == 2 and said in done.stderr and "collector.conf" in done.stderr


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_secrets_of_both_programs_are_read_as_an_editor_saved_them(tmp_path, encoding):
    token, secret = tmp_path / "token", tmp_path / "secret"
    with Collector(tmp_path / "data") as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        token.write_bytes(f"{collector.token}\r\n".encode(encoding))
        secret.write_bytes(f"{collector.secret}\r\n".encode(encoding))
        token.chmod(0o600)
        secret.chmod(0o600)
        shown = subprocess.run([PROGRAM, "servers", "--url", collector.url, "--token-file", token], capture_output=True,
                               text=True, timeout=PATIENCE, check=False)
        assert "EXCH1" in shown.stdout, shown.stderr
        sent = subprocess.run([AGENT, "run", "--once", "--collector", collector.url, "--enroll-secret-file", secret,
                               "--state-dir", tmp_path / "state"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert sent.returncode == 0, sent.stderr
