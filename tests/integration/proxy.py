"""A stand-in for an HTTP proxy: it does CONNECT on loopback, and nothing else."""

import select
import socket
import socketserver
import threading


class Proxy:
    """`asked` are the places that clients wanted to go to; with `refusal` (a status line's end) it
    lets nobody through."""

    def __init__(self, refusal=None):
        self.asked = []
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                method, place, _ = self.rfile.readline().decode().split()
                while self.rfile.readline().strip():
                    pass
                proxy.asked.append((method, place))
                if refusal or method != "CONNECT":
                    self.wfile.write(f"HTTP/1.1 {refusal or '405 No'}\r\nContent-Length: 0\r\n\r\n"
                                     .encode())
                    return
                host, _, port = place.rpartition(":")
                with socket.create_connection((host, int(port)), timeout=10) as server:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    pump(self.connection, server)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def pump(one, other):
    """Carries bytes both ways until either side ends."""
    while True:
        readable, _, _ = select.select([one, other], [], [], 30)
        if not readable:
            return
        for source in readable:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)
