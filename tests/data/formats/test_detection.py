"""A layout that was found is remembered for as long as the file stays what it was."""

from __future__ import annotations

import os
from pathlib import Path

from core.data.formats.detection import look


def test_a_file_rewritten_to_the_same_size_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    for number, delimiter in enumerate(",;"):
        path.write_text(f"text{delimiter}label\nso good{delimiter}1\nso bad{delimiter}0\n", encoding="utf-8")
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
        assert look(path).delimiter == delimiter
