"""nginx and HAProxy before a collector, set up as docs/reverse-proxy.md has it: its blocks are what runs here."""

import contextlib
import http.client
import os
import re
import socket
import ssl
import subprocess
import time

from certificates import Authority
from ports import free_port
from running import PATIENCE, ROOT

NGINX = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {text}
}}
"""
HAPROXY = "global\n    maxconn 1024\n{text}"
# name: the variable that names its program, what is around the block, the words before the file of both
KINDS = {
    "nginx": ("MTAWATCH_NGINX", NGINX, ["-p", "{folder}", "-c"]),
    "haproxy": ("MTAWATCH_HAPROXY", HAPROXY, ["-db", "-q", "-f"]),
}
# What a front has to refuse in tests that try to get past it.
DENY = {"nginx": ("    location / {", "    location /v1/tokens {\n        return 403;\n    }\n\n    location / {"),
        "haproxy": ("    default_backend", "    http-request deny if { path_beg /v1/tokens }\n    default_backend")}


def program(kind):
    return os.environ.get(KINDS[kind][0])


def block(language):
    text = (ROOT / "docs/reverse-proxy.md").read_text()
    return re.search(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[1]


class Front:
    """`kind` before the collector at `upstream`; `context` trusts its certificate. With `denies` it lets nobody
    ask for tokens. `text` is another block than that of its name."""

    def __init__(self, kind, folder, upstream, denies=False, text=None):
        folder.mkdir()
        self.port = free_port()
        self.authority = authority = Authority(folder / "ca")
        certificate, key = authority.sign_server()
        both = folder / "both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        self.context = ssl.create_default_context(cafile=authority.certificate)
        text = text or block(kind)
        for said, here in ((r"\b(listen|bind :)\s?443", rf"\1 127.0.0.1:{self.port}"),
                           ("/etc/ssl/collector.pem", certificate), ("/etc/ssl/private/collector.key", key),
                           ("/etc/ssl/private/collector-and-key.pem", both),
                           (r"127\.0\.0\.1:8285", f"127.0.0.1:{upstream}")):
            text = re.sub(said, str(here), text)
        text = text.replace("bind : 127", "bind 127")
        assert f"127.0.0.1:{self.port}" in text and f"127.0.0.1:{upstream}" in text and "/etc/ssl" not in text, text
        if denies:
            assert DENY[kind][0] in text
            text = text.replace(*DENY[kind])
        _, around, words = KINDS[kind]
        file = folder / "front.conf"
        file.write_text(around.format(folder=folder, text=text))
        self.process = subprocess.Popen(
            [program(kind), *(word.format(folder=folder) for word in words), file], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LD_LIBRARY_PATH": os.environ.get("MTAWATCH_HAPROXY_LIBRARIES", "")})

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

    def dial(self):
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        return self.context.wrap_socket(peer, server_hostname="localhost", suppress_ragged_eofs=True)

    def ask(self, path, method="GET", body=None, headers=None):
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
