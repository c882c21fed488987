"""Where the terminal's commands find their collector: options, the environment, and what `login` keeps."""

import contextlib
import os
import pty
import re
import socket
import stat
import subprocess
import threading

import pytest
from agent_rig import StandIn, StandingBy
from certificates import Authority, arguments, client_of
from running import PATIENCE, PROGRAM, Collector

OURS = ("MTAWATCH_URL", "MTAWATCH_CA_FILE", "MTAWATCH_TOKEN", "MTAWATCH_TOKEN_FILE", "XDG_CONFIG_HOME")


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("login")
    authority = Authority(folder / "ca")
    with Collector(folder / "data", *arguments(authority.sign_server()), tls=client_of(authority)) as running:
        running.authority = authority
        running.token_file = folder / "token"
        running.token_file.write_text(running.token + "\n")
        yield running


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home of kim"


def environment_of(home, **more):
    return {**{name: value for name, value in os.environ.items() if name not in OURS}, "HOME": str(home), **more}


def run(home, *words, stdin="", **environment):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=PATIENCE, input=stdin,
                          env=environment_of(home, **environment))


def log_in(home, secure, *words, **more):
    done = run(home, "login", secure.url, "--ca-file", secure.authority.certificate, *words,
               stdin=secure.token + "\n", **more)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def is_answered(done):
    """By a collector to which no server has reported yet."""
    return done.returncode == 0 and (not done.stderr or "no server has reported yet" in done.stderr)


def test_after_a_login_every_command_finds_the_collector(secure, home):
    file = home / ".config/mtawatch/client.conf"
    assert log_in(home, secure) == f"logged in to {secure.url} as admin, role admin; kept in {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    kept = file.parent / "ca.crt"
    assert kept.read_bytes() == secure.authority.certificate.read_bytes() and f"ca-file = {kept}\n" in file.read_text()
    for words in (["servers"], ["sites"], ["alerts"], ["silence", "--list"]):
        assert is_answered(run(home, *words)), words
    assert "No server of this name" in run(home, "decommission", "NONE").stderr


def test_the_folder_may_be_named_and_the_authority_stays_with_a_new_token(secure, home, tmp_path):
    elsewhere = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    log_in(home, secure, **elsewhere)
    again = run(home, "login", secure.url + "/", "--token-file", secure.token_file, **elsewhere)
    assert again.returncode == 0, again.stderr
    assert run(home, "servers", **elsewhere).returncode == 0 and not home.exists()


def test_a_token_that_is_typed_is_not_shown(secure, home):
    leader, follower = pty.openpty()
    home.mkdir()
    process = subprocess.Popen(["timeout", str(PATIENCE), PROGRAM, "login", secure.url, "--ca-file", secure.authority.certificate],
                               stdin=follower, stdout=follower, stderr=follower,
                               env=environment_of(home))
    shown = b""
    while b"(not shown): " not in shown:
        shown += os.read(leader, 4096)
    os.write(leader, secure.token.encode() + b"\n")
    os.close(follower)
    try:
        while part := os.read(leader, 4096):
            shown += part
    except OSError:
        pass  # it has ended
    os.close(leader)
    assert process.wait(PATIENCE) == 0 and secure.token.encode() not in shown
    assert secure.token in (home / ".config/mtawatch/client.conf").read_text()


@pytest.mark.parametrize("words, token, status, complaint", [
    (["login", "collector"], "mtw_v0", 2, "is no URL"),
    (["login", "http://collector.example"], "mtw_v0", 2, "use https://"),
    (["login", "{url}"], "", 1, "no token was given"),
    (["login", "{url}"], "mtw_v0", 1, "not logged in: could not reach the collector at"),  # nobody vouches for it
    (["login", "{url}", "--ca-file", "{ca}"], "mtw_v" + "0" * 64, 1, "not logged in: "),
    (["login", "{url}", "--ca-file", "{ca}"], "a token\x1b", 1, "characters in it that no token has"),
    (["login", "{url}", "--ca-file", "/none"], "{token}", 1, "/none"),
    (["login", "https://127.0.0.1:1"], "mtw_v0", 1, "could not reach the collector at https://127.0.0.1:1")])
def test_a_login_that_fails_keeps_nothing(secure, home, words, token, status, complaint):
    known = {"url": secure.url, "ca": secure.authority.certificate, "token": secure.token}
    done = run(home, *(word.format(**known) for word in words), stdin=token.format(**known) + "\n" if token else "")
    assert (done.returncode, done.stdout) == (status, ""), done
    assert complaint in done.stderr, done.stderr
    assert not home.exists()


def test_options_go_before_the_environment_and_that_before_the_file(secure, home):
    log_in(home, secure)
    ca = str(secure.authority.certificate)
    nobody = "http://127.0.0.1:1"
    assert nobody in run(home, "servers", MTAWATCH_URL=nobody, MTAWATCH_TOKEN="mtw_v0").stderr
    there = {"MTAWATCH_URL": secure.url, "MTAWATCH_CA_FILE": ca}
    empty = home / "empty"
    assert run(empty, "servers", **there, MTAWATCH_TOKEN=secure.token).returncode == 0
    assert run(empty, "servers", **there, MTAWATCH_TOKEN_FILE=str(secure.token_file)).returncode == 0
    assert run(empty, "servers", **there).returncode == 2
    assert run(home, "servers", "--token-file", secure.token_file, MTAWATCH_TOKEN="mtw_v0").returncode == 0
    assert run(home, "servers", MTAWATCH_TOKEN="mtw_v0").returncode == 1


def test_the_token_of_one_collector_is_not_shown_to_another(secure, home):
    log_in(home, secure)
    for words, variables in ((["--url", "http://127.0.0.1:1"], {}), ([], {"MTAWATCH_URL": "http://127.0.0.1:1"})):
        done = run(home, "servers", *words, **variables)
        assert done.returncode == 2 and "the collector has to know who asks" in done.stderr
    assert run(home, "servers", "--url", secure.url + "/").returncode == 0


@pytest.mark.parametrize("text, mode, complaint", [
    ("url = https://x\ntoken = y\n", 0o640, "others may read or change it: chmod 600 {file}"),
    ("url = https://x\ntokne = y\n", 0o600, '{file}, line 2: there is no key "tokne"'),
    ("# ours\n\nurl\n", 0o600, '{file}, line 3: expected "key = value"'),
    ("x" * 20000, 0o600, "{file} has more than 16384 bytes")])
def test_a_file_that_cannot_be_used_says_why(home, text, mode, complaint):
    file = home / ".config/mtawatch/client.conf"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    file.chmod(mode)
    done = run(home, "servers")
    assert done.returncode == 1 and complaint.format(file=file) in done.stderr


def test_without_any_of_it_the_way_in_is_told(home):
    done = run(home, "servers")
    assert done.returncode == 2 and re.search("`mtawatch-collector login`.*`mtawatch-collector token add`", done.stderr)
    done = run(home, "login")
    assert done.returncode == 2 and "login https://HOST:8285" in done.stderr


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("judge") / "data") as running:
        yield running


@contextlib.contextmanager
def breaker():
    """A URL where calls are taken, and the connection breaks instead of an answer; and a list of these calls."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def break_off():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as peer:
                        heard.append(peer.recv(65536))
        thread = threading.Thread(target=break_off)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


NOBODY = "http://127.0.0.1:1"


def test_of_several_collectors_the_one_that_judges_is_asked(judge, home):
    with contextlib.closing(StandingBy()) as standby:
        for words, variables in (([], {"MTAWATCH_URL": f"{NOBODY}, {standby.url}/,{judge.url}"}),
                                 (["--url", f"{standby.url},{judge.url}"], {})):
            assert is_answered(run(home, "servers", *words, **variables, MTAWATCH_TOKEN=judge.token))
        done = run(home, "servers", "--url", f"{NOBODY},{standby.url}", MTAWATCH_TOKEN=judge.token)
        assert done.returncode == 1
        assert f"could not reach the collector at {NOBODY}: " in done.stderr
        assert f"; the collector at {standby.url} stands by: another collector judges" in done.stderr


def test_after_a_login_at_several_any_of_them_is_asked(judge, home):
    with contextlib.closing(StandingBy()) as standby:
        done = run(home, "login", f"{standby.url},{judge.url}", stdin=judge.token + "\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"url = {standby.url},{judge.url}\n" in (home / ".config/mtawatch/client.conf").read_text()
    for words in ([], ["--url", judge.url], ["--url", f"{judge.url},{standby.url}"]):
        assert is_answered(run(home, "servers", *words)), words
    done = run(home, "servers", "--url", f"{judge.url},http://localhost:{judge.port}")
    assert done.returncode == 2 and "the collector has to know who asks" in done.stderr


def test_a_refusal_is_final(judge, home):
    with contextlib.closing(StandIn()) as other:
        done = run(home, "servers", "--url", f"{judge.url},{other.url}", MTAWATCH_TOKEN="mtw_v" + "0" * 64)
        assert done.returncode == 1 and other.url not in done.stderr and not other.connections


def test_a_call_that_may_have_been_carried_out_is_not_repeated(judge, home):
    with breaker() as (url, heard):
        done = run(home, "silence", "--server", "EXCH1", "--for", "1h", "--url", f"{url},{judge.url}",
                   MTAWATCH_TOKEN=judge.token)
    assert done.returncode == 1 and f"could not reach the collector at {url}: " in done.stderr
    assert len(heard) == 1 and heard[0].startswith(b"POST /v1/silences ")
    assert judge.get("/v1/silences")["silences"] == []


@pytest.mark.parametrize("urls, complaint", [
    ("https://a,", "'' is no URL"), ("https://a,http://b", "'http://b' would carry the token over the network"),
    (",".join(f"https://c{n}" for n in range(9)), "there are more than 8 URLs of collectors")])
def test_a_list_that_is_none_is_refused(home, urls, complaint):
    done = run(home, "servers", "--url", urls, MTAWATCH_TOKEN="mtw_v0")
    assert done.returncode == 2 and complaint in done.stderr
