"""Certificate authorities for tests, by the openssl program."""

import ssl
import subprocess
from pathlib import Path

CONFIG = "[req]\ndistinguished_name = name\n[name]\n"
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """A CA below `folder`; `certificate` is its file."""

    def __init__(self, folder, name="ca"):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "openssl.cnf").write_text(CONFIG)
        self.certificate, self.key = self._make(
            name, CURVE, "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")

    def sign(self, name, *extensions, key=(), days=30):
        """The files of a certificate and its key; `name` becomes the common name and the files'."""
        return self._make(name, key or CURVE, "basicConstraints=critical,CA:FALSE", *extensions,
                          signer=["-CA", self.certificate, "-CAkey", self.key], days=days)

    def sign_server(self, name="server", **more):
        return self.sign(name, "subjectAltName=DNS:localhost,IP:127.0.0.1", **more)

    def _make(self, name, key, *extensions, signer=(), days=30):
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-config", self.folder / "openssl.cnf", "-subj", f"/CN={name}",
             "-days", str(days), *key, *signer, "-keyout", private, "-out", certificate,
             *(word for extension in extensions for word in ("-addext", extension))],
            check=True, capture_output=True)
        return certificate, private


def arguments(files):
    certificate, key = files
    return ["--cert", certificate, "--key", key]


def client_of(authority, shown=None):
    """An ssl.SSLContext that trusts the authority, and shows a certificate."""
    context = ssl.create_default_context(cafile=authority.certificate)
    if shown:
        context.load_cert_chain(*shown)
    return context
