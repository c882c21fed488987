"""The collector behind nginx, set up as docs/reverse-proxy.md has it: its blocks are what runs here."""

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time

import pytest
from certificates import Authority
from running import JSON, PATIENCE, ROOT, Collector

NGINX = os.environ.get("MTAWATCH_NGINX")
pytestmark = pytest.mark.skipif(not NGINX, reason="MTAWATCH_NGINX names no nginx")

AROUND = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {server}
}}
"""


def block(language):
    text = (ROOT / "docs/reverse-proxy.md").read_text()
    return re.search(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Front:
    """nginx before the collector at `upstream`; `context` trusts its certificate."""

    def __init__(self, folder, upstream):
        folder.mkdir()
        self.port = free_port()
        authority = Authority(folder / "ca")
        certificate, key = authority.sign_server()
        self.context = ssl.create_default_context(cafile=authority.certificate)
        server = block("nginx")
        for said, here in (("listen 443", f"listen 127.0.0.1:{self.port}"),
                           ("/etc/ssl/collector.pem", certificate),
                           ("/etc/ssl/private/collector.key", key),
                           ("http://127.0.0.1:8285", f"http://127.0.0.1:{upstream}")):
            assert said in server
            server = server.replace(said, str(here))
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, server=server))
        self.process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"],
                                        stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE)

    def connect(self, source="127.0.0.2"):
        return http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=PATIENCE,
                                           source_address=(source, 0))

    def ask(self, path, method="GET", body=None, headers=None):
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()


@contextlib.contextmanager
def site(tmp_path, configuration):
    (tmp_path / "collector.conf").write_text(configuration)
    with Collector(tmp_path / "data", "--config", tmp_path / "collector.conf") as collector, \
            Front(tmp_path / "nginx", collector.port) as front:
        yield collector, front


DOCUMENTED = block("ini collector.conf").replace("listen = 127.0.0.1:8285\n", "")


def log_in(front, token, **fields):
    return front.ask("/v1/session", "POST", json.dumps({"token": token}),
                     {**JSON, "Origin": f"https://localhost:{front.port}", **fields})


def test_a_login_comes_about_and_its_cookie_is_for_https(tmp_path):
    with site(tmp_path, DOCUMENTED) as (collector, front):
        status, headers, body = log_in(front, collector.token)
        assert status == 200, body
        assert "; Secure" in headers["Set-Cookie"]


@pytest.mark.parametrize("line", ["trusted-proxies = 127.0.0.1", "external-url = https://localhost/"])
def test_either_setting_makes_the_cookie_one_for_https(tmp_path, line):
    with site(tmp_path, line + "\n") as (collector, front):
        assert "; Secure" in log_in(front, collector.token)[1]["Set-Cookie"]


def test_without_them_the_word_of_a_proxy_does_not_count(tmp_path):
    """What says that its page came by HTTPS is taken for another one, unless the browser vouches for it."""
    with site(tmp_path, "") as (collector, front):
        status, _, body = log_in(front, collector.token)
        assert (status, json.loads(body)["code"]) == (403, "cross_site")
        assert "external-url" in json.loads(body)["detail"]
        status, headers, body = log_in(front, collector.token, **{"Sec-Fetch-Site": "same-origin"})
        assert status == 200, body
        assert "; Secure" not in headers["Set-Cookie"]


def origins(collector):
    return [line["from"] for line in collector.get("/v1/audit")["lines"]]


def test_the_audit_log_has_the_address_of_the_client_whatever_he_says_of_himself(tmp_path):
    with site(tmp_path, DOCUMENTED) as (collector, front):
        status, _, body = front.ask(
            "/v1/tokens", "POST", json.dumps({"name": "new", "role": "viewer"}),
            {**JSON, "Authorization": f"Bearer {collector.token}", "X-Forwarded-For": "192.0.2.1"})
        assert status == 201, body
        assert origins(collector)[0] == "127.0.0.2"


def test_events_arrive_at_once(tmp_path):
    with site(tmp_path, DOCUMENTED) as (collector, front), \
            contextlib.closing(front.connect()) as connection:
        connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {collector.token}"})
        answer = connection.getresponse()  # times out where nginx gathers
        assert answer.status == 200
        assert answer.headers["X-Accel-Buffering"] is None  # nginx's own, it goes no further
        assert answer.fp.readline() and answer.fp.readline()


def test_limits_go_by_the_client_and_not_by_the_proxy(tmp_path):
    with site(tmp_path, DOCUMENTED) as (collector, front):
        statuses = {log_in(front, "wrong")[0] for _ in range(100)}
        assert 429 in statuses
        with contextlib.closing(front.connect("127.0.0.3")) as other:
            other.request("POST", "/v1/session", json.dumps({"token": collector.token}),
                          {**JSON, "Origin": f"https://localhost:{front.port}"})
            assert other.getresponse().status == 200
