"""What `serve --check-config` says of the certificates that clients get, on chains made by openssl."""

import ssl
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
from certificates import Authority, arguments, client_of
from running import PATIENCE, PROGRAM

NOW = datetime.now(timezone.utc)
GOOD = "the settings are good\n"
WARNED = "the settings can be used; what is not as it should be is in the warnings\n"
NAMES = "subjectAltName=DNS:collector.example,DNS:localhost,IP:192.0.2.1"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("root"), "The root", days=90)


@pytest.fixture(scope="module")
def between(root):
    return root.sign_authority("between")


@pytest.fixture(scope="module")
def server(between):
    return between.sign("collector", NAMES)


@pytest.fixture
def check(tmp_path):
    """check([FILE...], KEY, ARGUMENT...): the files one behind the other; what is said of them."""
    def ask(files, key, *more, status=0):
        chain = tmp_path / "chain.pem"
        chain.write_text("".join(file.read_text() for file in files))
        done = subprocess.run([PROGRAM, "serve", "--check-config", "--data", tmp_path / "data",
                               *arguments((chain, key)), *more], capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == status, done
        assert done.stdout == ("" if status else WARNED if done.stderr else GOOD)
        return done.stderr.replace(str(chain), "FILE").splitlines()
    return ask


def warning(text):
    return f"mtawatch-collector: warning: FILE: {text}"


def test_a_chain_up_to_its_root_is_good(check, root, between, server):
    assert check([server[0], between.certificate, root.certificate], server[1],
                 "--external-url", "https://collector.example:8443/mta") == []


def test_a_certificate_that_is_its_own_issuer_is_good(check, root):
    files = root.sign_itself("alone", NAMES)
    assert check([files[0]], files[1]) == []


def test_a_chain_whose_end_this_system_does_not_know_is_told(check, between, server):
    words = "clients need the certificate of {0} in their CA file; if it is an intermediate authority, append " \
        "its certificate here"
    assert check([server[0]], server[1]) == [warning(
        "the chain ends with CN=collector, signed by CN=between, which this system does not know: "
        + words.format("CN=between"))]
    assert check([server[0], between.certificate], server[1]) == [warning(
        "the chain ends with CN=between, signed by CN=The root, which this system does not know: "
        + words.format("CN=The root"))]


def test_an_authority_that_this_system_knows_need_not_be_sent(check, root, between, server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(root.certificate))
    assert check([server[0], between.certificate], server[1]) == []


def test_a_missing_intermediate_certificate_is_named(check, root, server):
    assert check([server[0], root.certificate], server[1]) == [warning(
        "certificate 1 (CN=collector) was signed by CN=between, whose certificate has to come next and is missing; "
        "certificate 2 is that of CN=The root: clients refuse the chain")]


def test_one_of_the_same_name_and_another_key_is_not_the_issuer(check, root, server, tmp_path):
    twin = Authority(tmp_path / "twin", days=90)
    twin.certificate, twin.key = root.certificate, root.key
    again = twin.sign_authority("between").certificate
    said = check([server[0], again, root.certificate], server[1])
    assert len(said) == 1 and "is missing; certificate 2 is that of CN=between" in said[0]


def test_a_wrong_order_is_told_with_the_right_one(check, root, between, server):
    assert check([server[0], root.certificate, between.certificate], server[1]) == [warning(
        "the certificates are in the wrong order: certificate 1 (CN=collector) was signed by certificate 3 "
        "(CN=between), which has to come next")]


def test_a_key_of_another_certificate_of_the_file_is_told_as_that(check, between, server):
    said = check([between.certificate, server[0]], server[1], status=2)
    assert said == [f"mtawatch-collector: the private key {server[1]} does not belong to the certificate FILE, but to "
                    "certificate 2 of that file: the server's own has to be the first"]
    said = check([server[0], between.certificate], between.sign("other", NAMES)[1], status=2)
    assert len(said) == 1 and said[0].endswith("does not belong to the certificate FILE")


@pytest.mark.parametrize("begin, end, words", [
    (-30, -2, "has expired at"), (2, 90, "is not valid before"), (-2, 9, "expires at")])
@pytest.mark.parametrize("which", ["the server's", "an authority's"])
def test_each_part_that_is_out_of_its_time_is_told(check, tmp_path, begin, end, words, which):
    root = Authority(tmp_path / "root", "The root", days=90)
    times = [NOW + timedelta(days=days) for days in (begin, end)]
    if which == "the server's":
        files, name = root.sign_between("collector", *times, NAMES), "collector"
        chain, key = [files[0], root.certificate], files[1]
    else:
        between = root.sign_authority("between")
        own = between.sign("collector", NAMES)
        name = "between"
        untimely = between.folder / "untimely.pem"
        renew_between(root, between, untimely, *times)
        chain, key = [own[0], untimely, root.certificate], own[1]
    said = [line for line in check(chain, key) if f"CN={name} {words}" in line]
    assert len(said) == 1


def renew_between(root, between, out, begin, end):
    """A certificate of that time for the key that the authority has already."""
    config, request = root.folder / "renew.cnf", root.folder / "renew.csr"
    config.write_text(f"""[ca]\ndefault_ca = here\n[here]\ndatabase = {root.folder}/renewed.txt
new_certs_dir = {root.folder}\nrand_serial = yes\ndefault_md = sha256\npolicy = any\nx509_extensions = more
[any]\ncommonName = supplied\n[more]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n""")
    (root.folder / "renewed.txt").write_text("")
    for command in (["req", "-new", "-config", root.folder / "openssl.cnf", "-subj", "/CN=between", "-key",
                     between.key, "-out", request],
                    ["ca", "-batch", "-notext", "-config", config, "-cert", root.certificate, "-keyfile", root.key,
                     "-in", request, "-out", out, "-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate",
                     f"{end:%Y%m%d%H%M%SZ}"]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)


@pytest.mark.parametrize("url, good", [
    ("https://collector.example", True), ("https://COLLECTOR.example:8443/x", True), ("https://192.0.2.1/", True),
    ("https://other.example", False), ("https://192.0.2.2:8443", False), ("https://[2001:db8::1]:8443/", False)])
def test_the_host_of_the_external_url_is_held_against_the_names(check, root, between, server, url, good):
    said = check([server[0], between.certificate, root.certificate], server[1], "--external-url", url)
    host = url.split("//")[1].strip("/").removesuffix(":8443").strip("[]")
    assert said == ([] if good else [warning(
        f"the certificate of CN=collector is not for {host} (none of its subject alternative names is): clients that "
        "go there refuse it")])


def test_a_certificate_for_clients_is_none_for_a_server(check, root):
    files = root.sign("agent", NAMES, "extendedKeyUsage=clientAuth")
    assert check([files[0], root.certificate], files[1]) == [warning(
        "the certificate of CN=agent is not meant for servers (its key usage): clients refuse it")]


@pytest.mark.parametrize("text, words", [("", "it holds nothing of that kind in PEM form"), (None, "No such file")])
def test_a_file_of_clients_authorities_with_nothing_in_it_is_a_fault(check, root, between, server, tmp_path, text,
                                                                    words):
    file = tmp_path / "clients.pem"
    if text is not None:
        file.write_text(text)
    said = check([server[0], between.certificate, root.certificate], server[1], "--client-ca", file, status=2)
    assert len(said) == 1 and str(file) in said[0] and words in said[0]


def test_what_it_calls_good_a_client_takes_and_what_it_calls_incomplete_it_refuses(check, root, between, server,
                                                                                  tmp_path):
    """The judge of the words above is a client of OpenSSL's that knows the root alone."""
    for files, good in (([server[0], between.certificate], True), ([server[0]], False),
                        ([server[0], root.certificate], False)):
        chain = tmp_path / "served.pem"
        chain.write_text("".join(file.read_text() for file in files))
        serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        serving.load_cert_chain(chain, server[1])
        assert shake_hands(client_of(root), serving) == good


def shake_hands(client, serving):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server, server_hostname="localhost"),
            serving.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(6):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError:
                return False
    return True
