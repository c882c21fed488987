"""The demo's receivers: takes mail and webhooks, refuses those to /refuse, and shows them on a page.

Only for looking at: nothing is kept, and whoever reaches the port can read it."""

import html
import json
import threading
from datetime import datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller

KEPT = 200  # messages, the newest

PAGE = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Messages of the demo</title>
<style>body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }}
td, th {{ padding: .3em 1em .3em 0; text-align: left; vertical-align: top }}
td:first-child {{ white-space: nowrap }}</style>
<h1>Messages of the demo</h1>
<p>What the collector's hooks have sent, the newest first.</p>
<table><tr><th>At<th>To<th>Message</tr>{rows}</table>"""


class Messages:
    """What came; each is (time, receiver, title, {part: (content type, bytes)})."""

    def __init__(self):
        self._lock = threading.Lock()
        self._all = []

    def add(self, receiver, title, parts):
        with self._lock:
            self._all.append((datetime.now().strftime("%H:%M:%S"), receiver, title, parts))
            del self._all[:-KEPT]

    def page(self):
        with self._lock:
            rows = [f"<tr><td>{at}<td>{html.escape(receiver)}<td>{html.escape(title)}<br>"
                    + " ".join(f'<a href="/message?n={id(parts)}&amp;part={part}">{part}</a>' for part in parts)
                    for at, receiver, title, parts in reversed(self._all)]
        return PAGE.format(rows="".join(rows)).encode()

    def part(self, number, name):
        with self._lock:
            return next((parts[name] for *_, parts in self._all if str(id(parts)) == number and name in parts),
                        None)


class Mail:
    """For aiosmtpd."""

    def __init__(self, messages):
        self._messages = messages

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        parts = {"source": ("text/plain; charset=utf-8", envelope.content)}
        for name, kind in (("text", "plain"), ("html", "html")):
            body = mail.get_body(preferencelist=(kind,))
            if body:
                parts[name] = (f"text/{kind}; charset=utf-8", body.get_content().encode())
        self._messages.add(", ".join(envelope.rcpt_tos), mail["Subject"], parts)
        return "250 taken"


def _title(body):
    """What a webhook's body is about, in its own words where it is one that we know."""
    try:
        told = json.loads(body)
    except ValueError:
        return "not JSON"
    if not isinstance(told, dict):
        return "JSON"
    texts = told.get("commonAnnotations") or {}
    return " ".join(str(told[key]) for key in ("status", "text", "summary") if key in told) + " " + " ".join(
        str(texts[key]) for key in ("summary",) if key in texts)


def _handler(messages):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            if url.path == "/":
                self._answer(200, "text/html; charset=utf-8", messages.page())
                return
            asked = {key: values[0] for key, values in parse_qs(url.query).items()}
            found = messages.part(asked.get("n"), asked.get("part"))
            self._answer(200 if found else 404, *(found or ("text/plain", b"not found\n")))

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            refused = self.path == "/refuse"
            messages.add(f"http {self.path}", ("refused: " if refused else "") + _title(body),
                         {"body": ("application/json; charset=utf-8", body)})
            self._answer(400 if refused else 204, "text/plain", b"this receiver refuses all\n" if refused else b"")

        def _answer(self, status, kind, body):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            # A page of HTML mail runs nothing and loads nothing.
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


class Catcher:
    """Receivers on this machine: HTTP on `port`, mail on `mail_port`."""

    def __init__(self, port, mail_port):
        self.url = f"http://127.0.0.1:{port}"
        self.mail_port = mail_port
        self.messages = Messages()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self.messages))
        self._mail = Controller(Mail(self.messages), hostname="127.0.0.1", port=mail_port)

    def start(self):
        self._mail.start()
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self):
        self._mail.stop()
        self._http.shutdown()
        self._http.server_close()
