"""The README names all that there is: nobody looks for what they were not told of."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_page_of_the_docs_is_linked() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").iterdir() if page.suffix == ".md"}
    assert pages
    assert pages <= set(re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")))
