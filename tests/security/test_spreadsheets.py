"""Nothing that is exported runs as a formula in a spreadsheet, and numbers stay numbers."""

from __future__ import annotations

import csv
import io
import math
import re
import tomllib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.data.tables import as_csv, harmless
from tests.security.strings import hostile

ROOT = Path(__file__).parents[2]
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
WHITE = "".join(char for char in map(chr, range(0x10000)) if char.isspace()) + "\ufeff\u200b"


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def runs(cell: str) -> bool:
    """Whether some spreadsheet takes a cell for a formula, said in another way than the code does."""
    bare = cell.lstrip(WHITE)
    return bare[:1] in (*SIGNS,) or cell[:1] in ("\t", "\r", "\n")


TEXTS = st.one_of(
    st.text(max_size=40),
    st.builds("{}{}cmd|' /C calc'!A0".format, st.text(st.sampled_from(WHITE), max_size=2), st.sampled_from(SIGNS)),
    st.sampled_from(hostile()),
)


@given(TEXTS)
@example("\tcmd")
@example("\rcmd")
@example("\ncmd")
@example("=")
@example("\u3000\uff1dcmd")
@example("\u200b-1")
def test_no_text_is_a_formula_and_most_stay_as_they_are(text: str) -> None:
    safe = harmless(text)
    assert not runs(safe) and safe == (f"'{text}" if runs(text) else text)
    assert cells(as_csv([text], [[text]])) == [[safe], [safe]]


NUMBERS = [-1, -0.5, 1e-300, True, np.float32(-2.5), np.int64(-7), Fraction(-1, 2), math.inf, -math.inf]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_a_number_is_told_by_its_type_and_keeps_its_sign(number: object) -> None:
    assert cells(as_csv(["n"], [[number]]))[1] == [str(number)]
    assert cells(as_csv(["n"], [[f"-{number}"]]))[1] == [f"'-{number}"], "the same as a text is a text"


@pytest.mark.parametrize("value", [("-1", 2), ["=1+1"], {"@a": 1}, Path("-rf"), np.array(["=1"]), b"=1"])
def test_what_is_neither_text_nor_number_is_written_as_a_text(value: object) -> None:
    ((_header,), (cell,)) = cells(as_csv(["x"], [[value]]))
    assert not runs(cell) and cell in (str(value), f"'{value}")
    assert cells(as_csv(["x"], [[None]]))[1] == [""]


def test_there_is_no_other_way_to_a_csv() -> None:
    """Every CSV is written by the two modules that guard it; Streamlit's own export, which does not, is off."""
    writers = re.compile(r"csv\.(?:Dict)?[wW]riter|\.to_csv\(|\.to_excel\(|write_csv|savetxt")
    found = {
        str(path.relative_to(ROOT))
        for folder in ("core", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if writers.search(path.read_text(encoding="utf-8"))
    }
    # blind_reading.py writes a sheet of this project's own remarks, to be read back word for word.
    assert found == {"core/data/tables.py", "core/data/writers.py", "core/probes/sarcasm/blind_reading.py"}
    with (ROOT / ".streamlit" / "config.toml").open("rb") as file:
        assert tomllib.load(file)["client"]["disableDataExport"] is True
