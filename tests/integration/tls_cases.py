"""What mtawatch-agent makes of certificates, keys, proxies and a second collector: the cases, for the
Linux build (test_agent_tls.py) and the Windows build (test_windows_agent_tls.py), which bring the
fixture `client`. The collector is a stand-in, Python's ssl; everything stays on loopback.

`client.once(ARGUMENT...)` runs one cycle and gives (exit status, messages); `client.path()` is a file
as the client names it.
"""

import base64
import contextlib
import hashlib
import shutil
import socket
import ssl
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from agent_rig import StandIn
from certificates import Authority
from proxy import Proxy

LOCALHOST = "subjectAltName=DNS:localhost,IP:127.0.0.1"
NOW = datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "The CA")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger"), "Stranger")


@pytest.fixture(scope="module")
def server(authority):
    return authority.sign_server("collector")


def pin_of(files):
    public = subprocess.run(["openssl", "x509", "-in", files[0], "-noout", "-pubkey"], check=True,
                            capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True,
                         capture_output=True).stdout
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


@contextlib.contextmanager
def collector(files, clients=None, newest=None):
    """A stand-in with a certificate; `clients` vouches for those of agents, which are then required."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    if newest:
        context.maximum_version = newest
    if clients:
        context.load_verify_locations(clients.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    with contextlib.closing(StandIn(tls=context)) as stand_in:
        stand_in.url = f"https://localhost:{stand_in.port}"
        yield stand_in


def trusting(client, authority):
    return ["--ca-file", client.path(authority.certificate)]


def expect_taken(client, there, *arguments):
    status, said = client.once("--collector", there.url, *arguments)
    assert status == 0, said
    assert len(there.reports) == 1


def expect_kept(client, there, *arguments):
    """What the agent says of a collector that it does not send to."""
    status, said = client.once("--collector", there.url, *arguments)
    assert status == 2, said
    assert there.reports == []
    lines = [line for line in said.splitlines() if "could not send reports" in line]
    assert len(lines) == 1, said
    return lines[0]


def test_a_collector_that_the_ca_file_vouches_for_gets_the_report(client, authority, server):
    with collector(server) as there:
        expect_taken(client, there, *trusting(client, authority))


def test_a_certificate_for_another_name_is_refused_with_both_names(client, authority):
    files = authority.sign("elsewhere", "subjectAltName=DNS:elsewhere.example,DNS:*.else.example")
    with collector(files) as there:
        said = expect_kept(client, there, *trusting(client, authority))
    assert "CN=elsewhere is for elsewhere.example, *.else.example, not for localhost" in said


@pytest.mark.parametrize("begin, end, words, edge", [
    (-30, -2, "expired on", 1), (2, 30, "is not valid before", 0)])
def test_a_certificate_outside_of_its_time_is_refused_with_both_clocks(client, authority, begin, end,
                                                                       words, edge):
    times = [(NOW + timedelta(days=days)).replace(microsecond=0) for days in (begin, end)]
    with collector(authority.sign_between("untimely", *times, LOCALHOST)) as there:
        said = expect_kept(client, there, *trusting(client, authority))
    assert f"the certificate of CN=untimely, issued by CN=The CA, {words} " \
           f"{times[edge]:%Y-%m-%dT%H:%M:%SZ}; this machine's clock says {NOW:%Y-%m}" in said


def test_an_issuer_that_nobody_vouches_for_is_named(client, authority, stranger):
    with collector(stranger.sign_server("impostor")) as there:
        said = expect_kept(client, there, *trusting(client, authority))
    assert "CN=impostor comes from CN=Stranger, for whom no certificate in" in said
    assert "The CA.pem" in said


@pytest.mark.parametrize("position", [0, 1])
def test_either_of_two_pins_will_do(client, server, stranger, position):
    pins = [pin_of(stranger.sign_server("next"))]
    pins.insert(position, pin_of(server))
    with collector(server) as there:
        expect_taken(client, there, "--pin", ",".join(pins))


def test_a_key_that_is_not_pinned_is_refused_with_both_pins(client, server, authority, stranger):
    other = pin_of(stranger.sign_server("next"))
    with collector(server) as there:
        for more in [], trusting(client, authority):
            said = expect_kept(client, there, "--pin", other, *more)
            assert f"public key is {pin_of(server)}, but {other} is expected" in said


def test_a_pin_alone_asks_for_no_name_no_issuer_and_no_time(client, stranger):
    past = NOW - timedelta(days=30), NOW - timedelta(days=2)
    files = stranger.sign_between("old", *past, "subjectAltName=DNS:elsewhere.example")
    with collector(files) as there:
        expect_taken(client, there, "--pin", pin_of(files))


def test_an_address_in_the_url_is_explained_where_it_cannot_be_verified(client, authority, server):
    with collector(server) as there:
        there.url = f"https://127.0.0.1:{there.port}"
        if client.verifies_addresses:
            expect_taken(client, there, *trusting(client, authority))
        else:
            said = expect_kept(client, there, *trusting(client, authority))
            assert "the URL names the address 127.0.0.1" in said
            assert "use the collector's name (localhost, 127.0.0.1)" in said and pin_of(server) in said
            there.requests.clear()
            expect_taken(client, there, "--pin", pin_of(server))


VERSIONS = pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


def showing(client, files):
    return ["--client-cert", client.path(files[0]), "--client-key", client.path(files[1])]


@VERSIONS
def test_our_certificate_is_shown_to_a_collector_that_asks(client, authority, server, newest):
    own = authority.sign("exch1", "extendedKeyUsage=clientAuth")
    with collector(server, clients=authority, newest=newest) as there:
        expect_taken(client, there, *trusting(client, authority), *showing(client, own))


@VERSIONS
def test_a_collector_that_refuses_our_certificate_is_suspected(client, authority, server, stranger,
                                                               newest):
    own = stranger.sign("exch1", "extendedKeyUsage=clientAuth")
    with collector(server, clients=authority, newest=newest) as there:
        said = expect_kept(client, there, *trusting(client, authority), *showing(client, own))
    assert "asked for our certificate" in said and "did it refuse " in said and "exch1.pem" in said


@VERSIONS
def test_a_collector_that_asks_for_a_certificate_that_we_lack_is_told(client, authority, server,
                                                                      newest):
    with collector(server, clients=authority, newest=newest) as there:
        said = expect_kept(client, there, *trusting(client, authority))
    assert "asks for a certificate of ours, and there is none: set --client-cert" in said


def test_files_that_cannot_be_used_are_named(client, authority, server, tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate\n")
    with collector(server, clients=authority) as there:
        said = expect_kept(client, there, *trusting(client, authority),
                           *showing(client, (broken, broken)))
        assert "could not use our certificate: " in said and "broken.pem" in said
        said = expect_kept(client, there, "--ca-file", client.path(broken))
        assert "could not read the CA file " in said and "broken.pem" in said


def test_files_lie_in_a_folder_of_any_name(client, authority, server, tmp_path):
    folder = tmp_path / "Schl\u00fcssel \u90f5"
    folder.mkdir()
    own = authority.sign("exch1", "extendedKeyUsage=clientAuth")
    ca, certificate, key = [shutil.copy(file, folder) for file in (authority.certificate, *own)]
    with collector(server, clients=authority) as there:
        expect_taken(client, there, "--ca-file", client.path(ca), *showing(client, (certificate, key)))


def test_what_speaks_no_tls_is_told(client, authority):
    with contextlib.closing(StandIn()) as plain:
        plain.url = f"https://localhost:{plain.port}"
        said = expect_kept(client, plain, *trusting(client, authority))
    assert "what answers there does not agree on TLS with us" in said


def test_a_collector_that_never_answers_the_handshake_is_given_up(client, authority):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        status, said = client.once("--collector", f"https://localhost:{listener.getsockname()[1]}",
                                   *trusting(client, authority))
    assert status == 2 and said.count("could not send reports") == 1


def test_reports_go_through_a_proxy(client, authority, server):
    with collector(server) as there, contextlib.closing(Proxy()) as proxy:
        expect_taken(client, there, *trusting(client, authority), "--proxy", proxy.url)
        assert ("CONNECT", f"localhost:{there.port}") in proxy.asked


def test_certificates_are_explained_through_a_proxy(client, stranger, authority):
    with collector(stranger.sign_server("impostor")) as there, \
            contextlib.closing(Proxy()) as proxy:
        said = expect_kept(client, there, *trusting(client, authority), "--proxy", proxy.url)
    assert "CN=impostor comes from CN=Stranger" in said


USER = "exch1"


def logging_in(client, tmp_path, password, encoding="utf-8"):
    """The options of an agent that gives a proxy USER and the password."""
    (tmp_path / "password").write_bytes(f"{password}\r\n".encode(encoding))
    return ["--proxy-user", USER, "--proxy-password-file", client.path(tmp_path / "password")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_proxy_gets_the_password_as_it_is_written(client, authority, server, tmp_path, encoding):
    password = "p:a\"s%s + w0rd;&=\\/@'é\u20ac"
    with collector(server) as there, contextlib.closing(Proxy(login=(USER, password))) as proxy:
        expect_taken(client, there, *trusting(client, authority), "--proxy", proxy.url,
                     *logging_in(client, tmp_path, password, encoding))


def test_a_proxy_that_asks_for_a_password_is_told_as_that(client, authority, server, tmp_path):
    with collector(server) as there, contextlib.closing(Proxy(login=(USER, "right"))) as proxy:
        way = [*trusting(client, authority), "--proxy", proxy.url]
        said = expect_kept(client, there, *way)
        assert f"the proxy {proxy.url} asks for a user and a password" in said
        said = expect_kept(client, there, *way, *logging_in(client, tmp_path, "hunter2"))
        assert f"the proxy {proxy.url} does not accept the user {USER} with the password in " in said
        assert "hunter2" not in said
        asked = len(proxy.asked)
        (tmp_path / "password").unlink()
        said = expect_kept(client, there, *way, "--proxy-user", USER, "--proxy-password-file",
                           client.path(tmp_path / "password"))
        assert f"could not read the password for the proxy {proxy.url} in " in said
        assert "it does not exist" in said
        said = expect_kept(client, there, *way, *logging_in(client, tmp_path, "right")[2:])
        assert "no user (--proxy-user)" in said
        assert len(proxy.asked) == asked, "it is not asked with half a login"


def test_a_proxy_of_plain_http_that_asks_is_told_as_that(client, tmp_path):
    with contextlib.closing(StandIn()) as there, contextlib.closing(Proxy(login=(USER, "right"))) as proxy:
        said = expect_kept(client, there, "--proxy", proxy.url)
        assert f"the proxy {proxy.url} asks for a user and a password" in said
        said = expect_kept(client, there, "--proxy", proxy.url, *logging_in(client, tmp_path, "wrong"))
        assert f"the proxy {proxy.url} does not accept the user {USER} with the password in " in said


def test_no_secret_goes_in_clear_to_another_machine_unless_that_is_allowed(client, tmp_path):
    """The other machine is one of TEST-NET-1 behind a proxy on loopback: nothing leaves this one."""
    secret = tmp_path / "secret.txt"
    secret.write_text("mtw_e" + "0" * 64 + "\n")
    with contextlib.closing(Proxy("503 No")) as proxy:
        way = ["--proxy", proxy.url, "--enroll-secret-file", client.path(secret)]
        for host in ("192.0.2.9", "collector.example", "127.0.0.1.example", "localhost.example"):
            status, said = client.once("--collector", f"http://{host}:8285", *way)
            assert status == 2
            assert "everybody on the way could read the agent's secret" in said and "--allow-plain" in said
        assert proxy.asked == []
        assert client.once("--collector", "http://192.0.2.9:8285", *way, "--allow-plain")[0] == 2
        assert ("POST", "http://192.0.2.9:8285/v1/enroll") in proxy.asked


def test_no_proxy_of_the_environment_leads_past_no_proxy_of_ours(client, authority, server, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with collector(server) as there, contextlib.closing(Proxy()) as proxy:
        expect_taken(client, there, *trusting(client, authority), "--proxy", proxy.url)
        assert ("CONNECT", f"localhost:{there.port}") in proxy.asked


def test_a_proxy_without_basic_authentication_is_told(client, authority, server, tmp_path):
    with collector(server) as there, \
            contextlib.closing(Proxy(login=(USER, "right"), ways=("NTLM", "Negotiate"))) as proxy:
        said = expect_kept(client, there, *trusting(client, authority), "--proxy", proxy.url,
                           *logging_in(client, tmp_path, "wrong"))
    assert "but not by Basic authentication" in said


def test_a_proxy_that_lets_nobody_through_is_told(client, authority, server):
    with collector(server) as there, contextlib.closing(Proxy("403 Forbidden")) as proxy:
        said = expect_kept(client, there, *trusting(client, authority), "--proxy", proxy.url)
    assert "the proxy does not let it through: HTTP status 403" in said


def test_a_second_collector_takes_what_the_first_cannot(client, authority, server):
    with socket.socket() as nobody, collector(server) as there:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        first = f"https://localhost:{nobody.getsockname()[1]}"
        status, said = client.once("--collector", first, "--collector-fallback", there.url,
                                   *trusting(client, authority))
    assert status == 0 and len(there.reports) == 1
    assert f"could not send reports to the collector {first}" in said
