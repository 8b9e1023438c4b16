"""SECURITY.md names every way in, and every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def sources(*folders: str) -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    )


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    there = set(re.findall(r"^def (test_\w+)", sources("tests"), re.MULTILINE))
    assert len(named) > 30 and sorted(named - there) == []


def test_every_setting_of_the_environment_is_named() -> None:
    used = set(re.findall(r"UNROLLED_[A-Z_]+[A-Z]", sources("core", "pages")))
    assert {"UNROLLED_PUBLIC", "UNROLLED_COLLECTION"} <= used and sorted(
        used - set(re.findall(r"UNROLLED_\w+", TEXT))
    ) == []


def test_every_way_in_of_the_brief_is_a_row() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line][1:]
    for way in ("text", "link parameters", "uploads", "bombs", "checkpoints", "cards", "formulas", "collection",
                "predictor argument", "environment", "CSV"):  # fmt: skip
        assert any(way in row.split("|")[1] for row in rows), way
    assert all(row.count("|") == 4 and ("`test_" in row or "by review" in row) for row in rows)
