"""The version of this source, as CMakeLists.txt has it: the one place."""

import re
from pathlib import Path

VERSION = re.search(r"^project\(mtawatch VERSION ([\d.]+) ", (Path(__file__).resolve().parents[1] / "CMakeLists.txt").read_text(),
                    re.MULTILINE)[1]
