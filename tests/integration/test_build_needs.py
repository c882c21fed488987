"""What a build says that cannot fetch what draws the dashboard: behind a proxy that inspects TLS, and without npm."""

import json
import os
import re
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from agent_rig import BUILD
from certificates import Authority
from running import ROOT

SCRIPT = ROOT / "collector/api/packages.cmake"
LOCK = json.loads((ROOT / "dashboard/package-lock.json").read_text())["packages"]
PINS = {name: LOCK["node_modules/" + name] for name in ("htm", "uplot")}
MADE = ("preact.js", "uplot.js", "uplot.css")
WAYS = ("npm config set cafile /path/to/ca.pem", "npm config set https-proxy http://HOST:PORT", "-DMTAWATCH_NPM_PACKAGES=FOLDER")


def make(folder, *definitions, **environment):
    """(status, what it says, the folder of what it made)"""
    out = folder / "made"
    done = subprocess.run(["cmake", "-D", f"DASHBOARD={ROOT}/dashboard", "-D", f"WORK={folder}/work", "-D", f"OUT={out}",
                           *(word for text in definitions for word in ("-D", text)), "-P", SCRIPT],
                          capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    return done.returncode, " ".join((done.stdout + done.stderr).split()), out


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The folder with the packages, as npm's registry has them."""
    folder = tmp_path_factory.mktemp("npm")
    wanted = [f"{name}@{pin['version']}" for name, pin in PINS.items()]
    packed = subprocess.run(["npm", "pack", "--prefer-offline", "--loglevel=error", *wanted], cwd=folder,
                            capture_output=True, text=True)
    if packed.returncode != 0:
        pytest.skip(f"npm cannot get the packages: {packed.stderr}")
    return folder


def is_whole(folder):
    return all((folder / name).read_bytes() == (BUILD / "generated" / name).read_bytes() for name in MADE)


@pytest.fixture
def inspected(tmp_path, packages):
    """A registry with those packages, behind a certificate for which nobody but an authority of the house vouches: its URL, and
    the authority's file."""
    class Registry(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path[1:]
            pin = PINS.get(name)
            body = (packages / name).read_bytes() if pin is None else json.dumps({
                "name": name, "dist-tags": {"latest": pin["version"]}, "versions": {pin["version"]: {
                    "name": name, "version": pin["version"], "dist": {
                        "tarball": f"https://localhost:{self.server.server_port}/{name}-{pin['version']}.tgz",
                        "integrity": pin["integrity"]}}}}).encode()
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
    assert status == 0 and is_whole(out), said


def test_without_npm_the_packages_from_elsewhere_do_and_no_other_files(tmp_path, packages):
    for _ in range(2):  # the second time over the first
        status, said, out = make(tmp_path, f"PACKAGES={packages}")
        assert status == 0 and is_whole(out), said
    other = tmp_path / "other"
    shutil.copytree(packages, other)
    file = other / f"uplot-{PINS['uplot']['version']}.tgz"
    file.write_bytes(file.read_bytes() + b"x")
    status, said, _ = make(tmp_path, f"PACKAGES={other}")
    assert status != 0 and f"{file} is not the package that dashboard/package-lock.json pins" in said
    file.unlink()
    status, said, _ = make(tmp_path, f"PACKAGES={other}")
    assert status != 0 and "there is no file" in said and f"https://registry.npmjs.org/uplot/-/{file.name}" in said


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
    assert done.returncode != 0 and "npm is not here" in said and "-DMTAWATCH_NPM_PACKAGES=/path/to/folder" in said, said


def packages_of(*groups):
    listed = subprocess.run(["bash", "-c", '. scripts/lib.sh; for group; do package_group "$group" | tail -n +2; done', "bash",
                             *groups], cwd=ROOT, check=True, capture_output=True, text=True)
    return set(listed.stdout.split())


def test_who_builds_or_packs_is_given_no_packages_of_tests():
    asked = re.findall(r"^\s*need_packages (.*)$", (ROOT / "scripts/package").read_text(), re.MULTILINE)
    groups = {group for line in asked for group in line.split()}
    assert {"build", "debian", "windows", "package"} == groups
    assert packages_of(*groups) & packages_of("test", "fresh", "lab", "browser", "load", "wine") == {"python3"}


def test_what_the_dashboard_takes_from_others_is_named_with_its_licence_and_in_what_the_collector_is_linked_of():
    taken = json.loads((ROOT / "dashboard/package.json").read_text())["dependencies"]
    licences = (ROOT / "scripts/packaging/debian/copyright").read_text()
    assert [name for name in taken if f"Files: npm/{name}\n" not in licences] == []
    listed = subprocess.run(["bash", "-c", 'eval "$(sed -n "/^of_the_dashboard()/,/^}/p" scripts/package)"; of_the_dashboard'],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert listed == [f"npm:{name}={version}" for name, version in taken.items()]
