"""`--predictor`: a scikit-learn pipeline through every verb that takes one, and predictors that are none."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyarrow import parquet

from core.fluency import trigram
from core.probes.edits import sources
from core.probes.edits.sources import WordSources
from examples.sklearn_predictor import opinion, sentiment
from tests.commands.conftest import Cli
from tests.commands.test_permute import SCORER

ROOT = Path(__file__).parent.parent.parent
SPEC = "examples.sklearn_predictor:sentiment"
TEXT = "not good at all , really bad"


@pytest.fixture(autouse=True)
def _sources(_tiny_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigram, "load", lambda: SimpleNamespace(trigram=SCORER))
    monkeypatch.setattr(sources, "load", WordSources)
    monkeypatch.chdir(ROOT)


Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(cli: Cli) -> Ask:
    def ask(command: str, *words: object) -> list[dict[str, Any]]:
        verb, _space, more = command.partition(" ")
        return cli.json(f"{verb} --predictor {SPEC} {more}", *words)

    return ask


def test_predict(ask: Ask) -> None:
    (row,) = ask("predict", "What a LOVELY day!")
    assert row["model"] == "sentiment" and row["unknown"] == []
    assert row["probability"] == pytest.approx(sentiment(["What a LOVELY day!"])[0])
    assert [row["model"] for row in ask("predict --model all", TEXT)] == ["sentiment", "rnn", "gru", "lstm"]
    assert [row["model"] for row in ask("predict --model gru", TEXT)] == ["sentiment", "gru"]


def test_predict_of_three_classes(cli: Cli) -> None:
    verb = "predict --predictor examples.sklearn_predictor:opinion"
    (row,) = cli.json(verb, "the meal was good")
    (expected,) = opinion(["the meal was good"])
    assert row["probabilities"] == pytest.approx(dict(zip(opinion.labels, expected, strict=True)))
    assert (row["label"], row["target"], row["probability"]) == ("positive", "positive", pytest.approx(expected[2]))
    (row,) = cli.json(f"{verb} --target neutral --against negative", "the meal was good")
    assert row["probability"] == pytest.approx(expected[1] / (expected[0] + expected[1]))


def test_searches(ask: Ask) -> None:
    (row,) = ask("permute", TEXT)
    assert (row["model"], row["orders"], row["scored"], row["complete"]) == ("sentiment", 720, 720, True)
    for order in (row["original"], *row["flips"], *row["fluent"]):
        assert order["probability"] == pytest.approx(sentiment([order.get("text", TEXT)])[0], abs=1e-5)
    assert all((one["probability"] >= 0.5) != (row["original"]["probability"] >= 0.5) for one in row["flips"])
    (row,) = ask("edit --goal positive", TEXT)
    assert row["found"] and row["edited_probability"] >= 0.5 > row["probability"]
    assert row["edited_probability"] == pytest.approx(sentiment([row["edited"]])[0], abs=1e-5)
    (row,) = ask("compose --budget 300 'my flight is delayed again'")
    assert row["scored"] == 300
    for one in row["top"]:
        assert one["probability"] == pytest.approx(sentiment([one["text"]])[0])  # as it is written
    (row,) = ask("suite --cases 4 --examples 9")
    assert row["model"] == "sentiment"
    for template in row["templates"]:
        for example in template["examples"]:
            assert example["probability"] == pytest.approx(sentiment([example["text"]])[0])


def test_scan(ask: Ask, tmp_path: Path) -> None:
    """Each row's number is the callable's own answer, in a file, and beside a checkpoint in a folder."""
    texts = [TEXT, "", "What a LOVELY day!", "the party was dreadful , yay"]
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label"], *([text, number % 2] for number, text in enumerate(texts))])
    (row,) = ask("scan --label-column label", path, out)
    assert (row["model"], row["scored"], row["empty"]) == ("sentiment", 3, 1)
    with out.open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [one["text"] for one in written] == texts
    answers = pytest.approx(sentiment([text for text in texts if text]))
    assert [float(one["sentiment_probability"]) for one in written if one["text"]] == answers
    rows = ask("scan --model gru", path, tmp_path / "scored")
    assert [row["model"] for row in rows] == ["sentiment", "gru"]
    assert {(row["rows"], row["empty"], row["scored"]) for row in rows} == {(4, 1, 3)}
    (part,) = (tmp_path / "scored").glob("*.parquet")
    scored = parquet.read_table(part).to_pylist()
    assert [one["sentiment_probability"] for one in scored if texts[one["row"] - 1]] == answers


def test_attribute_and_its_faithfulness(ask: Ask) -> None:
    found = {row["method"]: row for row in ask("attribute", TEXT)}
    assert list(found) == [
        *("shapley", "occlusion-1", "occlusion-2", "occlusion-3", "feature-ablation", "shapley-sampling"),
        *("kernel-shap", "lime"),
    ]
    assert found["occlusion-1"]["faithfulness"]["loo_tau"] == pytest.approx(1)
    assert found["shapley"]["baseline"] == "delete"
    assert sum(found["shapley"]["scores"]) == pytest.approx(
        found["shapley"]["logit"] - found["shapley"]["base_logit"], abs=1e-6
    )


def test_faithfulness(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in (TEXT, "what a day", "fine")), "utf-8")
    (row,) = ask("faithfulness --randoms 20 --methods occlusion-1,shapley --data", path)
    assert (row["model"], row["measured"]) == ("sentiment", 2)
    assert {one["method"] for one in row["standings"]} == {"occlusion-1", "shapley"}


PREDICTORS = """
def raises(texts): raise RuntimeError("no\\nroom")
def short(texts): return [0.5] * (len(texts) - 1)
def nan(texts): return [float("nan")] * len(texts)
def percentages(texts): return [80.0] * len(texts)
def columns(texts): return [[0.8]] * len(texts)
def sums(texts): return [[0.2, 0.3, 0.4]] * len(texts)
number = 1
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "raised RuntimeError: no room when asked about"),
        ("short", "expected"),
        ("nan", "gave NaN for the text"),
        ("percentages", "gave numbers from 80 to 80 (percentages? Then divide by 100)"),
        ("columns", "or a column for each of 2–20 classes"),
        ("sums", "gave probabilities with the sum 0.9 for the text"),
        ("number", "number is of type int"),
        ("absent", "has no 'absent'; callable in it: columns, nan, percentages, raises, short, sums"),
    ],
)
def test_invalid_predictors_are_refused_by_every_verb(
    name: str, message: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    Path(f"predictors_{name}.py").write_text(PREDICTORS, "utf-8")
    Path("in.jsonl").write_text('{"text": "so sad , so good"}\n', "utf-8")
    for command in (
        *(f"predict '{TEXT}'", f"permute '{TEXT}'", f"edit --goal flip '{TEXT}'", f"attribute '{TEXT}'"),
        *("compose 'my flight is delayed again'", "suite", "faithfulness --data in.jsonl", "scan in.jsonl out.jsonl"),
    ):
        assert message in cli.refused(f"{command} --predictor predictors_{name}:{name}", alone=False)
    assert not Path("out.jsonl").exists()


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        (f"predict --predictor os.system '{TEXT}'", "package.module:callable"),
        (f"predict --predictor gone:f '{TEXT}'", "there is no module 'gone'"),
        (f"attribute --predictor {SPEC} --method saliency '{TEXT}'", "available: shapley, occlusion-1"),
        (f"attribute --predictor {SPEC} --method shapley --baseline unk '{TEXT}'", "available: delete"),
        (f"faithfulness --predictor {SPEC} --removal pad --data docs/blind_reading.csv", "words can only be deleted"),
    ):
        assert says in cli.refused(arguments, alone=False)


def test_a_slow_one_shows_its_progress(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    Path("slow_predictor.py").write_text(
        "import time\ndef slow(texts):\n    time.sleep(0.02 * len(texts))\n    return [0.5] * len(texts)\n", "utf-8"
    )
    done = cli.run("predict --json --predictor slow_predictor:slow", *(f"text {number}" for number in range(60)))
    assert len(json.loads(done.out)) == 60 and "texts" in done.err and "/60 [" in done.err
