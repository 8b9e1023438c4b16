"""Files of sentences as a search reads them, and the project's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.probes.scan.lines import own_lines, read_lines


def test_a_file_with_empty_rows(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('text,label\ngood movie,positive\n"",negative\n"   ",1\nso bad,0\nnone,meh\n')
    read = read_lines(path, label_column="label")
    assert (read.texts, read.rows, read.empty, read.unlabelled) == (("good movie", "so bad", "none"), (1, 4, 5), 2, 1)
    assert read.labels is not None and read.labels.tolist() == [1, 0, -1]
    assert read_lines(path).labels is None
    path.write_text('text\n""\n')
    with pytest.raises(ValueError, match=r"f\.csv has no row with a text \(1 empty\)"):
        read_lines(path)
    path.write_text("text,label\ngood,meh\n")
    with pytest.raises(ValueError, match="no label in column 'label' is understood"):
        read_lines(path, label_column="label")
    with pytest.raises(LookupError, match="no column 'comment'"):
        read_lines(path, "comment")


def test_the_projects_own_sentences() -> None:
    own = own_lines()
    assert 300 <= len(own.texts) <= 400 and own.empty == 0
    assert len({text.lower() for text in own.texts}) == len(own.texts)
    assert own.labels is not None
    assert min(np.bincount(own.labels + 1)) >= 100  # neutral, negative, positive
    assert sum("?" in text for text in own.texts) >= 15
    assert max(len(text) for text in own.texts) < 80 and all(text.isascii() for text in own.texts)
