"""Every verb takes models of three classes, and names the class that its numbers are of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from core.commands import permute
from core.data.targets import Target
from core.models import checkpoints
from core.models.predict import verdict, verdicts
from core.probes.permutations.mining import OppositePair
from tests.commands.conftest import Cli
from tests.conftest import WORDS, write_tiny_checkpoint

TEXT = "i love this movie"
THREE = ("negative", "neutral", "positive")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tiny_checkpoint(tmp_path, "three", "lstm", labels=THREE)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    return tmp_path


def test_what_is_about_sentiment_takes_models_that_have_it(cli: Cli, tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path, "airline", "gru", labels=("late", "lost", "fine"))
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"text": "so good", "label": 1}\n{"text": "so bad", "label": 0}\n', encoding="utf-8")
    for verb in ("suite --cases 2", "compose --budget 60 'my flight is late'", f"sarcasm-report --data {corpus}"):
        done = cli.run(f"{verb} --json")
        assert [row["model"] for row in json.loads(done.out)] == ["three"], verb
    (row,) = json.loads(cli.run("compose --budget 60 --json 'my flight is late'").out)
    assert {one["label"] for one in row["top"]} | {row["alone_label"]} <= {"negative", "neutral", "positive"}
    assert "airline has the classes late, lost, fine, not negative and positive" in cli.refused("suite --model airline")
    for verb in ("suite --cases 2", "order-suite --pairs 2"):
        assert re.search(rf"({'|'.join(THREE)}), P\(positive\) 0\.\d{{4}}", cli.text(f"{verb} --model three")), verb


def test_what_explains_a_text_names_its_target(cli: Cli) -> None:
    of_text = verdict(checkpoints.load("three"), TEXT)
    for verb in (
        f"trace '{TEXT}'",
        f"patch '{TEXT}' sad --step 1",
        f"patterns --text '{TEXT}' --from 1 --to 2 --threshold 0.1 --most 3",
    ):
        own, neutral, pair = (
            cli.json(f"{verb} --model three {aim}")[0]
            for aim in ("", "--target neutral", "--target neutral --against negative")
        )
        assert (own["target"], neutral["target"]) == (of_text.label, "neutral")
        assert (pair["target"], pair["against"]) == ("neutral", "negative") and "against" not in neutral
        cli.text(f"{verb} --model three --target neutral")
    logit = cli.json(f"trace '{TEXT}' --model three --target neutral")[0]["logit"][-1]
    target = Target(("negative", "neutral", "positive"), 1)
    assert logit == pytest.approx(of_text.aimed(target).logit, abs=1e-5)
    assert "no class" in cli.refused(f"trace '{TEXT}' --model three --target angry", alone=False)


@pytest.mark.parametrize("verb", ["memory --words good,bad", "fixed-points --seconds 1e-9", "lab mixture"])
def test_a_verb_without_a_text_needs_the_target_named(cli: Cli, verb: str) -> None:
    line = cli.refused(f"{verb} --model three", alone=False)
    assert line == "error: three has 3 classes (negative, neutral, positive); name the target class: --target CLASS"


def test_verbs_answer_for_the_class_that_is_named(cli: Cli, folder: Path) -> None:
    (row,) = cli.json("memory --model three --word good --upto 3 --target neutral --against positive")
    assert (row["target"], row["against"], len(row["k"])) == ("neutral", "positive", 4)
    (usual,) = cli.json("memory --model three --word good --upto 3")
    assert usual["target"] == verdict(checkpoints.load("three"), "good").label
    (row,) = cli.json("fixed-points --model three --target neutral --seconds 5")
    assert row["target"] == "neutral" and all(point["label"] in THREE for point in row["points"])
    assert "log-odds of neutral" in cli.text("fixed-points --model three --target neutral --seconds 5")
    regimes = cli.json("lab mixture --model three --target neutral")[-1]["regimes"]
    assert all(one["target"] == "neutral" and 0 <= one["positive"] <= 1 for one in regimes)


def test_models_of_three_classes_are_boosted(cli: Cli, folder: Path, write: Callable[..., Path]) -> None:
    write_tiny_checkpoint(folder, "other", "gru", labels=THREE)
    texts = [" ".join(words) for words in product(WORDS[:30], WORDS[10:30])]
    labels = [one.label for one in verdicts(checkpoints.load("three"), texts)]
    rows = "".join(f'"{text}",{label}\n' for text, label in zip(texts, labels, strict=True))
    file = write("rows.csv", "text,label\n" + rows)
    (row,) = cli.json(f"lab boosting --data {file}")
    assert row["stopped"] == "perfect" and row["amounts_to"]["voter"] == "three" and row["accuracy"] == 1


def test_a_printed_number_says_of_which_class_it_is(
    cli: Cli, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    pair = OppositePair("three", "so good", "good so", 0.6, 0.3, (1, 2), "neutral", "positive")
    permute._show_pair(pair, checkpoints.load("three"))
    assert "three  P(neutral) 0.6000  neutral   so good  |  0.3000  positive  good so" in capsys.readouterr().out
    rows = write("rows.csv", "text,label\nso good,positive\nso bad,negative\nso late,neutral\nso sad,\n")
    assert "3 rows (1 unlabelled rows left out)" in cli.text(f"evaluate --model three --data {rows}")
    faithful = f"faithfulness --model three --methods occlusion-1 --data {rows}"
    assert "each sentence’s predicted class is explained" in cli.text(faithful)
    assert "explained: neutral against positive" in cli.text(f"{faithful} --target neutral --against positive")
