"""A web server for tests: keeps what comes, answers what it is told to. Real sockets on loopback."""

import contextlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 60


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Who asked may have been killed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Receiver:
    """Keeps the requests as (method, path, headers, body) and their times, and answers with `status`, `headers`
    and `body`; `first` are pairs of status and headers for as many first requests. `before_answer` runs when a
    request is kept and not answered yet. Who asked may be gone by then."""

    def __init__(self, status=200, headers=(), body=b"fine", tls=None, first=()):
        self.status, self.headers, self.body = status, dict(headers), body
        self.first = list(first)
        self.before_answer = lambda: None
        self.requests = []
        self.times = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # an answer in two writes would wait 40 ms for the other's acknowledgement

            def do_POST(self):
                data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers = receiver._keep((self.command, self.path, dict(self.headers), data))
                receiver.before_answer()
                with contextlib.suppress(OSError):
                    self._answer(status, headers, receiver.body)

            do_GET = do_POST

            def _answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.url = self.origin + "/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def _keep(self, request):
        """What to answer it with."""
        with self.arrived:
            self.requests.append(request)
            self.times.append(time.time())
            self.arrived.notify_all()
            return self.first.pop(0) if self.first else (self.status, self.headers)

    def notifications(self):
        """The webhooks that came: pairs of id and body."""
        return [(headers["webhook-id"], json.loads(body)) for _, _, headers, body in list(self.requests)]

    def wait(self, n=1, wanted=lambda request: True):
        """The requests that are wanted, once there are `n` of them."""
        found = lambda: [r for r in self.requests if wanted(r)]  # noqa: E731
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(found()) >= n, PATIENCE), self.requests
            return found()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
