"""The blocks of commands and settings in the documents. A comment before each says how it is run:

    <!-- run: fresh -->              in the fresh Debian of tests/packages/test_walk.py, page by page, as root
    <!-- run: collector.conf -->     as a file of that kind: tests/integration/test_documents.py
    <!-- run by test_page.py -->     by that file of a test, which reads it from the page
    <!-- not run: WHY -->            not at all
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(file.relative_to(ROOT).as_posix() for file in
               [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "agent/deploy").glob("*.md")])
BLOCK = re.compile(r"^(?:<!-- (?P<how>[^\n]*) -->\n)?```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
                   re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    how: str  # what the comment says; "" where there is none

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks(page, how=None):
    """Those of a page; with `how`, those that are run so."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [Block(page, text.count("\n", 0, match.start()) + 1, match["language"], match["text"], match["how"] or "")
             for match in BLOCK.finditer(text)]
    return [block for block in found if how is None or block.how == how]
