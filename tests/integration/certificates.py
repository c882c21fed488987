"""Certificate authorities for tests, by the openssl program."""

import ssl
import subprocess
from pathlib import Path

CONFIG = "[req]\ndistinguished_name = name\n[name]\n"
AUTHORITY_CONFIG = """[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = more
[any]
commonName = supplied
[more]
basicConstraints = critical,CA:FALSE
{extensions}
"""
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """A CA below `folder`; `certificate` is its file. What it makes is valid for `days`."""

    def __init__(self, folder, name="ca", days=30):
        self.days = days
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "openssl.cnf").write_text(CONFIG)
        self.certificate, self.key = self._make(
            name, CURVE, "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")

    def sign_authority(self, name):
        """An authority below this one, with a folder of its own."""
        below = Authority(self.folder / name, f"{name} of its own", self.days)
        below.certificate, below.key = self._make(name, CURVE, "basicConstraints=critical,CA:TRUE",
                                                  "keyUsage=critical,keyCertSign", signer=self._signer())
        return below

    def sign_itself(self, name, *extensions):
        """The files of a certificate that is its own issuer and no authority."""
        return self._make(name, CURVE, *extensions)

    def sign(self, name, *extensions, key=(), days=None):
        """The files of a certificate and its key; `name` becomes the common name and the files'."""
        return self._make(name, key or CURVE, "basicConstraints=critical,CA:FALSE", *extensions,
                          signer=self._signer(), days=days)

    def _signer(self):
        return ["-CA", self.certificate, "-CAkey", self.key]

    def sign_server(self, name="server", **more):
        return self.sign(name, "subjectAltName=DNS:localhost,IP:127.0.0.1", **more)

    def sign_between(self, name, begin, end, *extensions):
        """Like sign(), valid from one datetime in UTC to another, which may both be past."""
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, settings = self.folder / f"{name}.csr", self.folder / "ca.cnf"
        settings.write_text(AUTHORITY_CONFIG.format(folder=self.folder, extensions="\n".join(
            extension.replace("=", " = ", 1) for extension in extensions)))
        (self.folder / "index.txt").write_text("")
        subprocess.run(["openssl", "req", "-new", "-config", self.folder / "openssl.cnf", "-subj",
                        f"/CN={name}", *CURVE, "-keyout", private, "-out", request],
                       check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-notext", "-config", settings, "-cert",
                        self.certificate, "-keyfile", self.key, "-in", request, "-out", certificate,
                        "-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}"],
                       check=True, capture_output=True)
        return certificate, private

    def _make(self, name, key, *extensions, signer=(), days=None):
        certificate, private = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-config", self.folder / "openssl.cnf", "-subj", f"/CN={name}",
             "-days", str(days or self.days), *key, *signer, "-keyout", private, "-out", certificate,
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
