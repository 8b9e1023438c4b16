"""Stored results come back as the dataclasses they were; anything else is refused in one line; files are whole."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.runtime import files, json_file


@dataclass(frozen=True)
class Part:
    model: str
    rows: int
    share: float | None
    interval: tuple[float, float]


@dataclass(frozen=True)
class Whole:
    sha256: str
    file: str
    parts: tuple[Part, ...]
    said: dict[str, bool]


WHOLE = Whole("0" * 64, "a b.csv", (Part("lstm", 3, 0.5, (0.25, 1.0)), Part("gru-2", 0, None, (0.0, 0.0))), {"x": True})


def read(path: Path) -> Whole:
    return json_file.read(path, 1, partial(json_file.made, Whole))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    json_file.write(path, 1, asdict(WHOLE))
    assert read(path) == WHOLE and list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError, match="no folder"):
        json_file.write(tmp_path / "gone" / "a.json", 1, {})
    with pytest.raises(ValueError, match=r"gone\.json cannot be read \(FileNotFoundError\)"):
        read(tmp_path / "gone.json")
    with pytest.raises(ValueError, match="JSON"):
        json_file.write(path, 1, {"share": math.nan})
    with pytest.raises(ValueError, match="more than 2,000,000: keep fewer results"):
        json_file.write(path, 1, {"said": "x" * 2_000_000})
    assert read(path) == WHOLE
    assert json_file.as_json(Part("m", 7, 1 / 3, (2 / 3, 1e-9)), 3) == {
        "model": "m", "rows": 7, "share": 0.333, "interval": [0.667, 1e-9],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("where", "values"),
    [
        (
            (),
            [{"format": 2}, {"sha256": "0" * 63}, {"sha256": "G" * 64}, {"file": "a/b"}, {"file": "a\n"}, {"parts": 1}],
        ),
        (("parts", 0), [{"model": "<b>"}, {"rows": -1}, {"rows": 2**53 + 1}, {"rows": 1.5}, {"rows": True}]),
        (("parts", 0), [{"share": "1"}, {"share": math.inf}, {"share": math.nan}, {"share": 10**400}]),
        (("parts", 0), [{"interval": [2, 1]}, {"interval": [1]}, {"interval": ["a", 1]}, {"interval": None}]),
        (("said",), [{"x": 1}, {"\x1b": True}]),
    ],
)
def test_another_value_is_one_line(where: tuple[Any, ...], values: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for value in values:
        content = json.loads(json.dumps({"format": 1, **asdict(WHOLE)}))
        inner = content
        for key in where:
            inner = inner[key]
        inner |= value
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(ValueError, match=r"^a\.json is malformed \([^\n]{5,300}\)$"):
            read(path)


@pytest.mark.parametrize("key", ["sha256", "parts"])
def test_a_value_that_is_missing_is_named(key: str, tmp_path: Path) -> None:
    content = {"format": 1, **asdict(WHOLE)}
    del content[key]
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=key):
        read(tmp_path / "a.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5_000, b"[]", b"null", b" " * 2_000_001]
)
def test_another_file_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"^a\.json [^\n]{5,200}$"):
        read(tmp_path / "a.json")


def test_a_file_takes_its_place_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    files.write(path, b"one")
    for error in (OSError, KeyboardInterrupt):
        with pytest.raises(error), files.replacing(path) as beside:
            beside.write_bytes(b"half")
            raise error
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]
    with files.replacing(path) as beside:
        beside.write_bytes(b"two")
        assert path.read_bytes() == b"one" and beside.name.endswith(files.UNFINISHED)
    assert path.read_bytes() == b"two" and list(tmp_path.iterdir()) == [path]
