import os
import shutil
import subprocess

import pytest

from .network import WINE
from .site import Site

PROGRAMS = ("ip", "nft", "tdbtool", "rpcclient")


@pytest.fixture(scope="session")
def laboratory():
    """Skips, by name of what is missing, where a laboratory cannot be built."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces take root")
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (scripts/setup lab)")


@pytest.fixture(scope="module")
def site(laboratory):
    with Site() as the_site:
        the_site.start()
        yield the_site


@pytest.fixture(scope="session")
def wine():
    """Wine, which installs itself where it is not there yet."""
    check = subprocess.run([WINE, "--check"], stdout=subprocess.PIPE, text=True)
    if check.returncode:
        pytest.skip(check.stdout.strip())
    subprocess.run([WINE, "--setup"], check=True)
