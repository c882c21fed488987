"""Other servers that take the same reports, for benchmarks: each answers on `url`, is `process`.

nginx only reads and forgets them: the least that HTTP costs. Its files and the pushgateway's come
from Debian packages that are unpacked, not installed (scripts/bench names the folders)."""

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path

NGINX = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
load_module {echo};
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; client_body_buffer_size 64k;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port};
        location / {{ echo_read_request_body; echo_status 204; echo_flush; }}
    }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Peer:
    def __init__(self, port, argv):
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"{argv[0]} does not listen")
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def nginx(folder):
    """Answers 204 when it has read the body."""
    folder.mkdir()
    port = free_port()
    package, = Path(os.environ["NGINX_PACKAGE"]).glob("usr/sbin/nginx")
    echo, = Path(os.environ["NGINX_ECHO_PACKAGE"]).glob("usr/lib/nginx/modules/ngx_http_echo_module.so")
    (folder / "echo.so").symlink_to(echo)  # nginx takes no ':' in the name of a file
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, echo=folder / "echo.so", port=port))
    return Peer(port, [package, "-p", folder, "-c", configuration])


def node(folder):
    """Node.js with better-sqlite3: parses, stores, commits each report (node/server.js)."""
    folder.mkdir()
    port = free_port()
    return Peer(port, ["node", Path(os.environ["NODE_SERVER"]) / "server.js", folder / "db", str(port)])


def pushgateway(_):
    """Prometheus' pushgateway with its consistency check off: with it each push costs more with
    every server."""
    port = free_port()
    program, = Path(os.environ["PUSHGATEWAY_PACKAGE"]).glob("usr/bin/prometheus-pushgateway")
    return Peer(port, [program, f"--web.listen-address=127.0.0.1:{port}", "--push.disable-consistency-check"])
