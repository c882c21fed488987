"""What a build says that cannot fetch what draws the dashboard: behind a proxy that inspects TLS, and without npm."""

import json
import os
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from agent_rig import BUILD
from certificates import Authority
from running import ROOT

SCRIPT = ROOT / "collector/api/preact.cmake"
PIN = json.loads((ROOT / "dashboard/package-lock.json").read_text())["packages"]["node_modules/htm"]
MODULE = BUILD / "generated/preact.js"
WAYS = ("npm config set cafile /path/to/ca.pem", "npm config set https-proxy http://HOST:PORT", "-DMTAWATCH_HTM=/path/to/htm-")


def make(folder, *definitions, **environment):
    """(status, what it says, the module that it made)"""
    out = folder / "preact.js"
    done = subprocess.run(["cmake", "-D", f"DASHBOARD={ROOT}/dashboard", "-D", f"WORK={folder}/work", "-D", f"OUT={out}",
                           *(word for text in definitions for word in ("-D", text)), "-P", SCRIPT],
                          capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    return done.returncode, " ".join((done.stdout + done.stderr).split()), out


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package htm, as npm's registry has it."""
    folder = tmp_path_factory.mktemp("npm")
    packed = subprocess.run(["npm", "pack", "--prefer-offline", "--loglevel=error", f"htm@{PIN['version']}"], cwd=folder,
                            capture_output=True, text=True)
    if packed.returncode != 0:
        pytest.skip(f"npm cannot get the package: {packed.stderr}")
    file, = folder.glob("htm-*.tgz")
    return file


@pytest.fixture
def inspected(tmp_path, package):
    """A registry with that package, behind a certificate for which nobody but an authority of the house vouches: its URL, and
    the authority's file."""
    class Registry(BaseHTTPRequestHandler):
        def do_GET(self):
            url = f"https://localhost:{self.server.server_port}/htm.tgz"
            about = {"name": "htm", "dist-tags": {"latest": PIN["version"]}, "versions": {
                PIN["version"]: {"name": "htm", "version": PIN["version"],
                                 "dist": {"tarball": url, "integrity": PIN["integrity"]}}}}
            body = json.dumps(about).encode() if self.path == "/htm" else package.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    authority = Authority(tmp_path / "authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign_server())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # handshakes that fail on purpose
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://localhost:{server.server_port}/", authority.certificate
    server.shutdown()
    thread.join()
    server.server_close()


def by_npm(folder, url, **more):
    return make(folder, "NPM=npm", npm_config_registry=url, npm_config_cache=str(folder / "cache"),
                npm_config_fetch_retries="0", **more)


def test_behind_a_proxy_that_inspects_tls_the_ways_out_are_named_and_lead_out(tmp_path, inspected):
    url, authority = inspected
    status, said, out = by_npm(tmp_path, url)
    assert status != 0 and not out.exists()
    assert "certificate" in said and all(way in said for way in WAYS), said
    status, said, out = by_npm(tmp_path, url, npm_config_cafile=str(authority))  # as `npm config set cafile` has it
    assert (status, out.read_bytes()) == (0, MODULE.read_bytes()), said


def test_without_npm_the_package_from_elsewhere_does_and_no_other_file(tmp_path, package):
    status, said, out = make(tmp_path, f"PACKAGE={package}")
    assert (status, out.read_bytes()) == (0, MODULE.read_bytes()), said
    other = tmp_path / "other.tgz"
    other.write_bytes(package.read_bytes() + b"x")
    status, said, _ = make(tmp_path, f"PACKAGE={other}")
    assert status != 0 and f"{other} is not the package that dashboard/package-lock.json pins" in said
    status, said, _ = make(tmp_path, f"PACKAGE={tmp_path}/none.tgz")
    assert status != 0 and "there is no file" in said and f"https://registry.npmjs.org/htm/-/{package.name}" in said


def test_where_there_is_no_npm_the_configuration_says_what_is_needed(tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for file in Path("/usr/bin").iterdir():
        if file.name != "npm":
            (programs / file.name).symlink_to(file)
    done = subprocess.run(["cmake", "-S", ROOT, "-B", tmp_path / "build", "-G", "Ninja", "-DTESTS=OFF", "-DBENCH=OFF",
                           "-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF", "-DCMAKE_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu",
                           "-DCMAKE_INCLUDE_PATH=/usr/include;/usr/share/include"],
                          capture_output=True, text=True, env={**os.environ, "PATH": str(programs)})
    said = " ".join(done.stderr.split())
    assert done.returncode != 0 and "npm is not here" in said and "-DMTAWATCH_HTM=/path/to/htm-VERSION.tgz" in said, said


def packages_of(*groups):
    listed = subprocess.run(["bash", "-c", '. scripts/lib.sh; for group; do package_group "$group" | tail -n +2; done', "bash",
                             *groups], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.split())


def test_who_builds_or_packs_is_given_no_packages_of_tests():
    asked = re.findall(r"^\s*need_packages (.*)$", (ROOT / "scripts/package").read_text(), re.MULTILINE)
    groups = {group for line in asked for group in line.split()}
    assert {"build", "debian", "windows", "package"} == groups
    assert packages_of(*groups) & packages_of("test", "fresh", "lab", "browser", "load", "wine") == {"python3"}
