"""The dashboard's files, health, and what surrounds them: paths and methods."""

import functools
import gzip
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from running import PROGRAM, ROOT, Collector

BUILD = PROGRAM.parents[1]


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


# The page and what surrounds it

def test_the_page_may_load_from_here_only(collector):
    status, headers, body = collector.ask("/")
    assert status == 200 and b"<!doctype html>" in body.lower()
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


PAGE_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def page_files():
    """Name: bytes of every file that the dashboard consists of, those of others included."""
    files = [f for f in (ROOT / "dashboard").iterdir() if f.suffix in PAGE_TYPES]
    files += [BUILD / "generated" / name for name in ("preact.js", "uplot.js", "uplot.css")]
    assert len(files) > 2
    return {file.name: for_browsers(file) for file in files}


@functools.cache
def for_browsers(file):
    """What a browser gets of a file: what we wrote is made small."""
    if file.suffix == ".html" or file.parent.name == "generated":
        return file.read_bytes()
    if file.suffix == ".js":
        return subprocess.run(["terser", "--module", "--compress", "--mangle", "--", file], check=True,
                              capture_output=True, env={**os.environ, "NODE_PATH": "/usr/share/nodejs"}).stdout
    without = re.sub(rb"\n */\*.*?\*/", b"\n", b"\n" + file.read_bytes(), flags=re.DOTALL)
    return re.sub(rb"\n +", b"\n", without)[1:]


def test_every_file_of_the_dashboard_is_served_as_it_is_but_for_what_people_read(collector):
    for name, content in page_files().items():
        status, headers, body = collector.ask("/" + name)
        assert (status, body) == (200, content)
        assert headers["Content-Type"] == PAGE_TYPES[Path(name).suffix] + "; charset=utf-8"
        assert "Content-Encoding" not in headers and headers["Vary"] == "Accept-Encoding"
        status, headers, body = collector.ask("/" + name, "HEAD")
        assert (status, body, int(headers["Content-Length"])) == (200, b"", len(content))
    assert collector.ask("/nothing.js")[0] == 404
    assert collector.ask("/package.json")[0] == 404


# What the page asks for when it is shown; and the login, which is a page of its own
LATER = {"trend.js", "trend.css", "uplot.js", "uplot.css", "network.js", "network.css", "timeline.js", "timeline.css",
         "reach.js", "remarks.js", "remarks.css", "past.js", "past.css", "login.js", "login.html"}


def test_the_whole_page_is_small_and_comes_packed(collector):
    total = 0
    for name, content in page_files().items():
        status, headers, body = collector.ask("/" + name, headers={"Accept-Encoding": "br, gzip, deflate"})
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert gzip.decompress(body) == content
        total += 0 if name in LATER else len(body)
        known = {"Accept-Encoding": "gzip", "If-None-Match": headers["ETag"]}
        assert collector.ask("/" + name, headers=known)[0] == 304
        assert collector.ask("/" + name, headers={"If-None-Match": headers["ETag"]})[0] == 200
    assert total < 64 * 1024, total


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "deflate, gzip;q=0.0", "xgzip", "gzipx, br", ""])
def test_who_takes_no_gzip_gets_none(collector, accepted):
    status, headers, body = collector.ask("/style.css", headers={"Accept-Encoding": accepted})
    assert (status, body) == (200, for_browsers(ROOT / "dashboard/style.css"))
    assert "Content-Encoding" not in headers


def test_health_is_told(collector):
    for path in ("/livez", "/readyz", "/healthz"):
        assert collector.ask(path)[0] == 200


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/reports", "POST"), ("DELETE", "/v1/servers", "GET, HEAD"),
    ("POST", "/v1/servers/x", "GET, HEAD, DELETE"), ("PROPFIND", "/livez", "GET, HEAD")])
def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(collector, method, path,
                                                                         allow):
    status, headers, body = collector.ask(path, method)
    assert (status, headers["Allow"]) == (405, allow)
    assert json.loads(body)["code"] == "method_not_allowed"


def test_a_path_that_is_nothing_is_404(collector):
    status, _, body = collector.ask("/v1/nothing")
    assert (status, json.loads(body)["code"]) == (404, "not_found")
