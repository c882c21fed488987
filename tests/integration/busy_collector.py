"""A collector that answers every report at once, and takes none."""

import contextlib
import http.server
import threading


class Busy(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_error(503)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def busy_collector():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
