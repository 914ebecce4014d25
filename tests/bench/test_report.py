from pathlib import Path

import pytest

from bench import report
from bench.row import Row

REACHED = Row("flush", 0.2, "ms", None, None, "none", True, "median of 50")
SHORT = Row(
    "reply_writes", 300, "writes/s", 5000, 0.06, "≥ 500/s", False, "16 connections", "the server's core is full"
)


def test_a_row_not_reached_has_its_reason() -> None:
    assert "reason" not in REACHED.as_json()
    assert SHORT.as_json()["reason"] == "the server's core is full"
    assert "refused" in str(Row.failed("return", RuntimeError("refused")).as_json()["reason"])


def test_a_page_gets_the_table_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"# Before\n{report.BEGIN}\nold\n{report.END}\n## After\n", encoding="utf-8")
    for _ in range(2):
        report.write_into([REACHED, SHORT], page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Before\n{report.BEGIN}\n")
    assert text.endswith(f"{report.END}\n## After\n")
    assert "old" not in text
    assert text.count("| `flush` | 0.2 | ms |  |  | none | yes |") == 1
    assert "**Not reached**: the server's core is full." in text


def test_a_page_without_marks_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="expected <!-- bench -->"):
        report.write_into([REACHED], page)
    assert page.read_text(encoding="utf-8") == "# Nothing"
