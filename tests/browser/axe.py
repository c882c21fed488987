"""axe-core, which looks for what keeps people out of a page. npm brings the version that the
dashboard's lock file names, into the build folder."""

import shutil
import subprocess
from pathlib import Path

from simulator.collector import BUILD, ROOT

PINS = [ROOT / "dashboard" / name for name in ("package.json", "package-lock.json")]
SERIOUS = ("serious", "critical")


def fetch():
    """The source of axe-core."""
    folder = Path(BUILD) / "browser-npm"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "node_modules/axe-core/axe.min.js"
    if not source.exists() or any((folder / pin.name).read_bytes() != pin.read_bytes() for pin in PINS):
        for pin in PINS:
            shutil.copy(pin, folder)
        subprocess.run(["npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund",
                        "--prefer-offline"], check=True, timeout=300, stdout=subprocess.DEVNULL)
    return source.read_text()


def findings(driver, source):
    """Each serious finding in the page as it is now: what is wrong, and where."""
    driver.execute_script(source)
    driver.set_script_timeout(60)
    found = driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then("
        "(r) => done(r.violations), (e) => done([{id: String(e), impact: 'critical', nodes: []}]))")
    return [f"{finding['id']}: {finding.get('help', '')} {[node['target'] for node in finding['nodes'][:5]]}"
            for finding in found if finding["impact"] in SERIOUS]
