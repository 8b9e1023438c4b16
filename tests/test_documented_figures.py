"""Figures that the documentation copies from files in the repository are those of the files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STORED = ROOT / "checkpoints" / "faithfulness.json"


@pytest.fixture
def overall() -> dict[str, dict[str, str]]:
    """Every method's comprehensiveness − sufficiency by model, as the documentation writes it."""
    if not STORED.is_file():
        pytest.skip("no benchmark is shipped")
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    return {
        benchmark["model"]: {
            standing["method"]: written(standing["measures"]["overall"])
            for standing in [*benchmark["standings"], {"method": "random", "measures": benchmark["random"]}]
        }
        for benchmark in stored["leagues"]
    }


def written(mean: dict[str, float | list[float]]) -> str:
    numbers = (mean["mean"], *mean["interval"])  # type: ignore[misc]
    return "{} ({} to {})".format(*(f"{number:.3f}".replace("-", "−") for number in numbers))


def test_the_benchmark_table_is_that_of_its_file(overall: dict[str, dict[str, str]]) -> None:
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| (−?0\.\d{3} \([^|]+\)|–) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    told = {model: {row[place].strip() for row in rows} for place, model in enumerate(("rnn", "gru", "lstm"))}
    for model, by_method in overall.items():
        missing = {method: figure for method, figure in by_method.items() if figure not in told[model]}
        assert not missing, model


def test_readme_names_the_benchmark_figures(overall: dict[str, dict[str, str]]) -> None:
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    lstm = overall["lstm"]
    assert f"Shapley values {lstm['shapley']}" in text
    assert f"saliency {lstm['saliency']}" in text
    assert f"random rankings {lstm['random']}" in text


def test_the_judges_figures_are_those_of_its_card() -> None:
    card = ROOT / "checkpoints" / "judge" / "card.json"
    if not card.is_file():
        pytest.skip("no judge is shipped")
    metrics = json.loads(card.read_text(encoding="utf-8"))["metrics"]
    text = (ROOT / "docs" / "order_readings.md").read_text(encoding="utf-8")
    report = metrics["readings"]["report"]
    for words, row in [("all", report), *((row["words"], row) for row in metrics["readings"]["by_words"])]:
        cells = [
            f"{row[name]:.0%} ({row[f'{name}_interval'][0]:.0%} to {row[f'{name}_interval'][1]:.0%})"
            for name in ("precision", "recall")
        ]
        told = " | ".join([f"| {words}", str(row["accepted"]), *cells]).replace("% to", " to").replace("%", " %")
        assert told.replace("  ", " ").replace(" %)", ")") in text, told
    assert f"| judge | {metrics['readings']['area']:.3f} |" in text
    for row in metrics["orders"]["by_words"]:
        assert f"{100 * row['first']:.1f} % ({row['words']}" in " ".join(text.split())
    share = f"{report['precision']:.0%}".replace("%", " %")
    assert f"called {share} valid" in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
