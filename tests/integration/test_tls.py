"""HTTPS with the clients that people use: curl, openssl, Python; and an administrator who renews."""

import contextlib
import datetime
import hashlib
import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import requests
from certificates import Authority, arguments, client_of
from running import JSON, PATIENCE, PROGRAM, Collector, ask, bearer, minimal, set_up
from waiting import until

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: c\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority):
    return authority.sign_server()


@pytest.fixture
def collector(tmp_path, authority, files):
    with Collector(tmp_path / "data", *arguments(files), tls=client_of(authority)) as running:
        yield running


def curl(*words):
    return subprocess.run(["curl", "--silent", "--show-error", "--max-time", str(PATIENCE), *words],
                          capture_output=True, text=True)


def s_client(collector, authority, *words, say=LIVEZ):
    """What `openssl s_client` prints after it has asked for /livez."""
    ended = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{collector.port}", "-CAfile",
         authority.certificate, "-verify_return_error", "-verify_ip", "127.0.0.1", "-ign_eof", *words],
        input=say.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), capture_output=True,
        timeout=PATIENCE)
    return ended.stdout.decode() + ended.stderr.decode()


def logged(collector):
    collector.end()
    return collector.errors


# Clients

@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_curl_reports_over_each_version(collector, authority, version):
    body, agent = collector.signed(minimal())
    asked = curl("--cacert", authority.certificate, f"--tlsv{version}", "--tls-max", version,
                 "--json", body.decode(), "--header", agent.decode().strip(), "--write-out", "\n%{http_code} %{http_version}",
                 f"{collector.url}/v1/reports")
    assert asked.returncode == 0, asked.stderr
    body, _, numbers = asked.stdout.rpartition("\n")
    assert (numbers, json.loads(body)["accepted"]) == ("200 1.1", 1)


def test_curl_keeps_its_connection_for_the_next_request(collector, authority):
    asked = curl("--cacert", authority.certificate, "--write-out", "%{num_connects}\n",
                 f"{collector.url}/livez", f"{collector.url}/livez")
    assert [line[-1] for line in asked.stdout.splitlines()][-1] == "0", asked


def test_curl_refuses_a_ca_that_it_does_not_know_and_the_log_says_so(collector, tmp_path):
    other = Authority(tmp_path / "other")
    assert curl("--cacert", other.certificate, f"{collector.url}/livez").returncode == 60
    assert re.search(r"the TLS handshake with 127\.0\.0\.1:\d+ failed: the client does not trust",
                     logged(collector))


def test_curl_checks_the_pin_that_the_log_shows(tmp_path, authority, files):
    with Collector(tmp_path / "data", *arguments(files), tls=client_of(authority)) as running:
        good = curl("--cacert", authority.certificate, "--pinnedpubkey", pin_of(files), f"{running.url}/livez")
        bad = curl("--cacert", authority.certificate, "--pinnedpubkey", "sha256//" + "A" * 43 + "=",
                   f"{running.url}/livez")
    assert (good.returncode, bad.returncode) == (0, 90)
    assert f"pin {pin_of(files)}\n" in running.errors


def pin_of(files):
    public = subprocess.run(["openssl", "x509", "-in", files[0], "-noout", "-pubkey"], check=True,
                            capture_output=True).stdout
    der = ssl.PEM_cert_to_DER_cert(public.decode().replace("PUBLIC KEY", "CERTIFICATE"))
    digest = subprocess.run(["openssl", "base64"], input=hashlib.sha256(der).digest(), check=True,
                            capture_output=True).stdout.decode().strip()
    return "sha256//" + digest


def test_requests_posts_and_reads(collector, authority):
    with requests.Session() as session:
        session.trust_env = False  # no proxy, no other CA
        session.verify = str(authority.certificate)
        body, agent = collector.agents.sign(json.dumps(minimal()))
        posted = session.post(f"{collector.url}/v1/reports", data=body, headers=JSON | agent, timeout=PATIENCE)
        shown = session.get(f"{collector.url}/v1/servers", headers=bearer(collector.token), timeout=PATIENCE)
    assert (posted.status_code, [s["server"] for s in shown.json()["servers"]]) == (200, ["EXCH1"])


@pytest.mark.parametrize("version, shown", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_openssl_speaks_each_version_and_chooses_http_1_1(collector, authority, version, shown):
    told = s_client(collector, authority, version, "-alpn", "h2,http/1.1")
    assert "HTTP/1.1 200 OK" in told and f"New, {shown}, Cipher is" in told
    assert "ALPN protocol: http/1.1" in told and "Verification: OK" in told


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_resumes_its_session(collector, authority, version, tmp_path):
    kept = tmp_path / "session"
    first = s_client(collector, authority, version, "-sess_out", kept)
    again = s_client(collector, authority, version, "-sess_in", kept)
    assert first.count("New, TLSv1") == 1 and "Reused, TLSv1" in again
    assert "HTTP/1.1 200 OK" in again


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_versions_that_are_unsafe_are_refused(collector, authority, version):
    told = s_client(collector, authority, version, "-cipher", "ALL:@SECLEVEL=0")
    assert "HTTP/1.1" not in told and "alert protocol version" in told
    assert "the client offers nothing newer than TLS 1.1" in logged(collector)


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "NULL", "aNULL"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(collector, authority, cipher):
    told = s_client(collector, authority, "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
    assert "HTTP/1.1" not in told and "alert handshake failure" in told


def test_an_rsa_certificate_of_ones_own_serves_as_well(tmp_path, authority):
    rsa = authority.sign_server("rsa", key=["-newkey", "rsa:2048", "-nodes"])
    with Collector(tmp_path / "data", *arguments(rsa), tls=client_of(authority)) as running:
        for version in ("-tls1_2", "-tls1_3"):
            assert "HTTP/1.1 200 OK" in s_client(running, authority, version)


def test_metrics_tell_of_handshakes_and_of_the_end_of_the_certificate(collector, authority, files, tmp_path):
    assert curl("--cacert", Authority(tmp_path / "other").certificate, f"{collector.url}/livez").returncode == 60
    until(lambda: b'mtawatch_tls_handshakes_total{result="failed"} 1\n' in collector.ask("/metrics")[2])
    told = collector.ask("/metrics")[2].decode()
    done = int(re.search(r'^mtawatch_tls_handshakes_total{result="done"} (\d+)$', told, re.M)[1])
    ends = float(re.search(r"^mtawatch_certificate_expiry_timestamp_seconds (\S+)$", told, re.M)[1])
    shown = subprocess.run(["openssl", "x509", "-in", files[0], "-noout", "-enddate"], check=True,
                           capture_output=True, text=True).stdout
    assert done >= 1 and ends == ssl.cert_time_to_seconds(shown.strip().removeprefix("notAfter="))


# Those that do not speak TLS

def test_who_speaks_plain_http_is_told_to_speak_https(collector):
    with socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE) as peer:
        peer.sendall(LIVEZ)
        answer = b""
        while chunk := peer.recv(4096):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and b"https://" in body
    assert int(re.search(rb"Content-Length: (\d+)", head)[1]) == len(body)
    assert "the client speaks plain HTTP" in logged(collector)


def test_what_is_no_tls_is_let_go(collector):
    with socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE) as peer:
        peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        while peer.recv(4096):
            pass
    assert "the client does not speak TLS" in logged(collector)


def test_failures_are_told_a_limited_number_of_times(collector):
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE) as peer:
            peer.sendall(b"nonsense, and enough of it\r\n")
            while peer.recv(4096):
                pass
    assert collector.ask("/livez")[0] == 200
    assert logged(collector).count("handshake with") == 10


def test_who_only_connects_and_leaves_is_no_failure(collector):
    for _ in range(5):
        socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE).close()
    assert collector.ask("/livez")[0] == 200
    assert "handshake" not in logged(collector)


# Clients that have to show a certificate

def test_only_clients_of_the_right_authority_are_let_in(tmp_path, authority, files):
    clients, others = Authority(tmp_path / "clients", "clients"), Authority(tmp_path / "others")
    good, bad = clients.sign("agent"), others.sign("agent")
    with Collector(tmp_path / "data", *arguments(files), "--client-ca", clients.certificate,
                   tls=client_of(authority, good)) as running:
        shown = ["--cacert", authority.certificate, f"{running.url}/livez", "--cert"]
        assert curl(*shown, good[0], "--key", good[1]).returncode == 0
        for version in ("1.2", "1.3"):
            for words in ((bad[0], "--key", bad[1]), (good[0], "--key", good[1])):
                asked = curl(*shown, *words, "--tls-max", version)
                assert (asked.returncode == 0) == (words[0] == good[0]), asked
        assert curl(*shown[:3]).returncode != 0
    assert "the client's certificate is not one of the authority" in running.errors
    assert "the client shows no certificate, which this server demands" in running.errors


@pytest.mark.parametrize("names, is_let_in", [(300, True), (420, False)])
def test_a_chain_of_certificates_has_a_limit(tmp_path, authority, files, names, is_let_in):
    """16 KB, TLS_MAX_CLIENT_CHAIN: a name takes some 40 bytes, what is around them a few hundred."""
    clients = Authority(tmp_path / "clients", "clients")
    large = clients.sign("large", "subjectAltName=" + ",".join(f"DNS:agent-{i:04}.{'x' * 24}.test"
                                                               for i in range(names)))
    size = len(ssl.PEM_cert_to_DER_cert(large[0].read_text()))
    assert (size < 16 * 1024) == is_let_in
    with Collector(tmp_path / "data", *arguments(files), "--client-ca", clients.certificate,
                   tls=client_of(authority, large)) as running:
        asked = curl("--cacert", authority.certificate, f"{running.url}/livez", "--cert", large[0], "--key",
                     large[1])
    assert (asked.returncode == 0) == is_let_in
    assert ("too large a chain of certificates" in running.errors) != is_let_in


def test_a_resumed_session_keeps_the_certificate_that_was_shown(tmp_path, authority, files):
    clients = Authority(tmp_path / "clients", "clients")
    good = clients.sign("agent")
    shown = ["-cert", good[0], "-key", good[1]]
    with Collector(tmp_path / "data", *arguments(files), "--client-ca", clients.certificate,
                   tls=client_of(authority, good)) as running:
        s_client(running, authority, *shown, "-sess_out", tmp_path / "session")
        assert "Reused, TLSv1.3" in s_client(running, authority, "-sess_in", tmp_path / "session")


class Shown:
    """An agent that shows a certificate and has enrolled, on a connection that it keeps."""

    def __init__(self, running):
        self.running = running
        self.agent, self.key = running.agents.enrol("EXCH1")
        self.kept = running.dial()
        self.sequence = 0

    def report(self, peer):
        """The status of one report by that connection, None where the collector ends it."""
        self.sequence += 1
        text = json.dumps({**minimal("EXCH1", self.sequence), "agent": {**minimal()["agent"], "id": self.agent}})
        try:
            peer.sendall(f"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\nAuthorization: "
                         f"Bearer {self.key}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            head = peer.recv(65536)
        except OSError:
            return None
        return int(head.split()[1]) if head else None

    def resume(self):
        """A new connection by the session of the kept one, (is it resumed, the status of a report)."""
        plain = socket.create_connection(("127.0.0.1", self.running.port), timeout=PATIENCE)
        with contextlib.suppress(OSError), self.running.tls.wrap_socket(
                plain, server_hostname="127.0.0.1", session=self.kept.session) as peer:
            return peer.session_reused, self.report(peer)
        return False, None


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("where", ["terminal", "API"])
def test_an_agent_that_is_released_is_refused_at_once_whatever_certificate_it_shows(tmp_path, authority, files, newest,
                                                                                    where):
    """On the connection that it keeps, and where it resumes its session without showing the certificate again."""
    clients = Authority(tmp_path / "clients", "clients")
    context = client_of(authority, clients.sign("agent"))
    context.maximum_version = newest
    with Collector(tmp_path / "data", *arguments(files), "--client-ca", clients.certificate, tls=context) as running:
        agent = Shown(running)
        assert agent.report(agent.kept) == 200
        assert agent.resume() == (True, 200)
        if where == "API":
            assert running.ask(f"/v1/agents/{agent.agent}", "DELETE")[0] == 204
        else:
            subprocess.run([PROGRAM, "agents", "release", "EXCH1", "--data", tmp_path / "data"], check=True,
                           capture_output=True, timeout=PATIENCE)
            time.sleep(1)
        assert agent.report(agent.kept) == 401
        assert agent.resume()[1] == 401
        agent.kept.close()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_authority_that_counts_no_more_opens_no_connection_and_resumes_none(tmp_path, authority, files, newest):
    """There are no lists of revoked certificates: whose certificates are to count no more is taken out of client-ca."""
    clients, others = Authority(tmp_path / "clients", "clients"), Authority(tmp_path / "others", "others")
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(clients.certificate.read_text() + others.certificate.read_text())
    context = client_of(authority, clients.sign("agent"))
    context.maximum_version = newest
    with Collector(tmp_path / "data", *arguments(files), "--client-ca", trusted, tls=context) as running:
        agent = Shown(running)
        assert agent.report(agent.kept) == 200 and agent.resume() == (True, 200)
        trusted.write_text(others.certificate.read_text())
        running.process.send_signal(signal.SIGHUP)
        until(lambda: agent.resume() == (False, None))
        with pytest.raises(OSError), running.dial() as fresh:
            assert agent.report(fresh) is None
            raise ConnectionResetError
        agent.kept.close()


def test_a_command_that_calls_it_by_http_is_told_what_to_do(collector, tmp_path):
    (tmp_path / "token").write_text(collector.token)
    told = subprocess.run([PROGRAM, "servers", "--url", f"http://127.0.0.1:{collector.port}", "--token-file",
                           tmp_path / "token"], capture_output=True, text=True, timeout=PATIENCE)
    assert told.returncode == 1 and "This port speaks HTTPS: the URL begins with https://" in told.stderr, told


# Certificates that change

def copy(files, to, names=("server.pem", "server.key")):
    for source, name in zip(files, names):
        shutil.copy(source, to / name)
    return to / names[0], to / names[1]


def serial_of(collector):
    with collector.dial() as peer:
        return peer.getpeercert()["serialNumber"]


def test_a_renewed_certificate_is_used_after_sighup_and_old_connections_go_on(tmp_path, authority, files):
    used = copy(files, tmp_path)
    with Collector(tmp_path / "data", *arguments(used), tls=client_of(authority)) as running:
        with contextlib.closing(running.connect()) as kept:
            assert ask(kept, "/livez")[0] == 200
            before = serial_of(running)
            copy(authority.sign_server("renewed"), tmp_path)
            assert serial_of(running) == before
            running.process.send_signal(signal.SIGHUP)
            until(lambda: serial_of(running) != before)
            connection = kept.sock
            assert ask(kept, "/livez")[0] == 200 and kept.sock is connection


@pytest.mark.parametrize("what, words", [
    ("key", "does not belong to the certificate"), ("garbage", "could not read the private key"),
    ("gone", "No such file or directory")])
def test_certificates_that_cannot_be_used_leave_the_old_ones_in_use(tmp_path, authority, files, what, words):
    used = copy(files, tmp_path)
    running = Collector(tmp_path / "data", *arguments(used), tls=client_of(authority))
    before = serial_of(running)
    if what == "key":
        copy((files[0], authority.sign_server("another")[1]), tmp_path)
    elif what == "garbage":
        used[1].write_text("nothing")
    else:
        used[1].unlink()
    running.process.send_signal(signal.SIGHUP)
    logged_line = ""
    while "the certificates stay as they were" not in logged_line:
        logged_line = running.process.stderr.readline()
        assert logged_line
    assert words in logged_line
    assert serial_of(running) == before and running.ask("/livez")[0] == 200
    running.process.terminate()
    running.process.communicate(timeout=PATIENCE)
    assert running.process.returncode == 0


def test_a_certificate_that_ends_soon_is_warned_about(tmp_path, authority):
    short = authority.sign_server("short", days=20)
    with Collector(tmp_path / "data", *arguments(short), tls=client_of(authority)) as running:
        status, _, body = running.ask("/readyz")
        assert status == 200 and re.fullmatch(
            rb"\[\+\]store ok\n\[!\]certificate: the certificate of CN=short expires at .*, in (19|20) days: "
            rb"renew it\n", body)
        copy(authority.sign_server("longer", days=31), short[0].parent, ("short.pem", "short.key"))
        running.process.send_signal(signal.SIGHUP)
        until(lambda: running.ask("/readyz")[2] == b"[+]store ok\n[+]certificate ok\n")
    assert re.search(r"warning: the certificate of CN=short expires at .*, in (19|20) days: renew it",
                     running.errors)


@pytest.mark.parametrize("begin, end, words", [
    (-30, -1, "has expired at"), (1, 30, "is not valid before")])
def test_a_certificate_that_is_not_valid_now_is_told_and_served(tmp_path, authority, begin, end, words):
    """An agent with a pin goes on with it, so the collector does, too."""
    now = datetime.datetime.now(datetime.timezone.utc)
    files = authority.sign_between("then", now + datetime.timedelta(begin), now + datetime.timedelta(end),
                                   "subjectAltName=IP:127.0.0.1")
    running = Collector(tmp_path / "data", *arguments(files), tls=ssl._create_unverified_context())
    status, _, body = running.ask("/readyz")
    assert status == 200 and f"[!]certificate: the certificate of CN=then {words} " in body.decode()
    running.process.terminate()
    _, log = running.process.communicate(timeout=PATIENCE)
    assert running.process.returncode == 0 and re.search(f"error: the certificate of CN=then {words} .*agents refuse it", log)


# Beginning and ending

@pytest.mark.parametrize("words, missing", [
    (["--cert", "CERT"], "it needs the file of its private key too"),
    (["--key", "KEY"], "it needs the file of its certificate too"),
    (["--client-ca", "CERT"], "only over HTTPS can clients show certificates")])
def test_settings_that_need_each_other_are_told(tmp_path, files, words, missing):
    named = {"CERT": files[0], "KEY": files[1]}
    ended = subprocess.run([PROGRAM, "serve", "--data", tmp_path / "data",
                            *(named.get(word, word) for word in words)], capture_output=True, text=True,
                           timeout=PATIENCE)
    assert ended.returncode == 2 and missing in ended.stderr


def unusable(what, folder, authority, files):
    """Arguments with files that do not do, and what is said about them."""
    cert, key = copy(files, folder)
    if what == "no file":
        return [folder / "nothing", key], "nothing: No such file or directory"
    if what == "no certificate":
        cert.write_text("hello")
        return [cert, key], "it holds nothing of that kind in PEM form"
    if what == "another key":
        return [cert, authority.sign_server("another")[1]], "does not belong to the certificate"
    if what == "encrypted key":
        subprocess.run(["openssl", "pkey", "-in", files[1], "-aes256", "-passout", "pass:x", "-out", key],
                       check=True)
        return [cert, key], "is encrypted"
    weak = authority.sign_server("weak", key=["-newkey", "rsa:1024", "-nodes"])
    return list(weak), "ee key too small"


@pytest.mark.parametrize("what", ["no file", "no certificate", "another key", "encrypted key", "weak key"])
def test_certificates_that_do_not_do_are_told_at_the_start_and_by_check_config(tmp_path, authority, files,
                                                                               what):
    words, told = unusable(what, tmp_path, authority, files)
    set_up(PROGRAM, tmp_path / "data")
    for more, status in (([], 1), (["--check-config"], 2)):
        ended = subprocess.run([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data",
                                *arguments(words), *more], capture_output=True, text=True,
                               stdin=subprocess.DEVNULL, timeout=PATIENCE)
        assert (ended.returncode, ended.stdout) == (status, ""), ended
        assert told in ended.stderr


def test_with_a_certificate_other_machines_may_be_served(tmp_path, files):
    set_up(PROGRAM, tmp_path / "data")
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "0.0.0.0:0", *arguments(files), "--data",
                                tmp_path / "data"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout.readline().startswith("listening on https://0.0.0.0:")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


def test_the_end_is_told_to_every_client_and_waits_for_no_idle_one(collector):
    """suppress_ragged_eofs is off: an end without close_notify would be an error here."""
    idle, asked = collector.dial(), collector.dial()
    asked.sendall(LIVEZ)
    assert b" 200 " in asked.recv(65536)
    half = socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE)
    half.sendall(bytes.fromhex("1603010200"))
    collector.end()
    for peer in (idle, asked):
        while peer.recv(65536):
            pass
        peer.close()
    assert half.recv(1) == b""
    half.close()


def test_what_is_in_flight_is_answered_before_the_end(tmp_path, authority, files):
    """Agents that report without a pause when SIGTERM comes: a report is answered whole or not at all."""
    running = Collector(tmp_path / "data", *arguments(files), tls=client_of(authority))
    taken, cut = [], []

    def report(number):
        with contextlib.closing(running.connect()) as connection:
            for sequence in range(1_000_000):
                body = json.dumps(minimal(f"S{number}", sequence))
                try:
                    status, _, answer = ask(connection, "/v1/reports", "POST", body, JSON)
                    taken.append((status, json.loads(answer)["accepted"] == sequence))
                except (OSError, http.client.RemoteDisconnected):
                    return
                except (http.client.HTTPException, ValueError) as error:
                    cut.append(error)
                    return

    agents = [threading.Thread(target=report, args=(n,)) for n in range(8)]
    for agent in agents:
        agent.start()
    until(lambda: len(taken) > 100)
    running.end()
    for agent in agents:
        agent.join()
    assert cut == [] and set(taken) == {(200, True)}
