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

from core.__main__ import main
from core.fluency import trigram
from core.probes.edits import sources
from core.probes.edits.sources import WordSources
from examples.sklearn_predictor import sentiment
from tests.commands.test_permuting import SomeTrigram

ROOT = Path(__file__).parent.parent.parent
SPEC = "examples.sklearn_predictor:sentiment"
TEXT = "not good at all , really bad"


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setattr(trigram, "load", lambda: SimpleNamespace(trigram=SomeTrigram()))
    monkeypatch.setattr(sources, "load", WordSources)
    monkeypatch.chdir(ROOT)


Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def answers(*arguments: str) -> list[dict[str, Any]]:
        assert main([arguments[0], "--json", "--predictor", SPEC, *arguments[1:]]) == 0
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return found

    return answers


def test_predict(ask: Ask) -> None:
    (found,) = ask("predict", "What a LOVELY day!")
    assert found["model"] == "sentiment"
    assert found["probability"] == pytest.approx(sentiment(["What a LOVELY day!"])[0])
    assert found["unknown"] == []


def test_checkpoints_stand_beside_it_where_they_are_named(ask: Ask) -> None:
    assert [row["model"] for row in ask("predict", TEXT, "--model", "all")] == ["sentiment", "rnn", "gru", "lstm"]
    assert [row["model"] for row in ask("predict", TEXT, "--model", "gru")] == ["sentiment", "gru"]


def test_permute(ask: Ask) -> None:
    (found,) = ask("permute", TEXT)
    assert (found["model"], found["orders"], found["scored"], found["complete"]) == ("sentiment", 720, 720, True)
    for order in (found["original"], *found["flips"], *found["fluent"]):
        text = order.get("text", TEXT)
        assert order["probability"] == pytest.approx(sentiment([text])[0], abs=1e-5)
    assert all((row["probability"] >= 0.5) != (found["original"]["probability"] >= 0.5) for row in found["flips"])


def test_edit(ask: Ask) -> None:
    (found,) = ask("edit", "--goal", "positive", TEXT)
    assert found["found"]
    assert found["edited_probability"] == pytest.approx(sentiment([found["edited"]])[0], abs=1e-5)
    assert found["edited_probability"] >= 0.5 > found["probability"]


def test_compose(ask: Ask) -> None:
    (found,) = ask("compose", "--budget", "300", "my flight is delayed again")
    assert found["scored"] == 300
    for row in found["top"]:
        assert row["probability"] == pytest.approx(sentiment([row["text"]])[0])  # as it is written


def test_suite(ask: Ask) -> None:
    (found,) = ask("suite", "--cases", "4", "--examples", "9")
    assert found["model"] == "sentiment"
    for template in found["templates"]:
        for example in template["examples"]:
            assert example["probability"] == pytest.approx(sentiment([example["text"]])[0])


def test_scan(ask: Ask, tmp_path: Path) -> None:
    texts = [TEXT, "", "What a LOVELY day!", "the party was dreadful , yay"]
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label"], *([text, number % 2] for number, text in enumerate(texts))])
    (found,) = ask("scan", "--label-column", "label", str(path), str(out))
    assert (found["model"], found["scored"], found["empty"]) == ("sentiment", 3, 1)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == texts
    for row in rows:
        if row["text"]:
            assert float(row["sentiment_probability"]) == pytest.approx(sentiment([row["text"]])[0])


def test_scan_into_a_folder(ask: Ask, tmp_path: Path) -> None:
    """The callable scores a corpus, beside a checkpoint, and each row's number is its own answer."""
    texts = ["What a lovely day!", "", "not good at all , really bad", "the bus was late again"]
    given, out = tmp_path / "texts.csv", tmp_path / "scored"
    given.write_text("number,text\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(texts)), encoding="utf-8")
    found = ask("scan", "--model", "gru", str(given), str(out))
    assert [row["model"] for row in found] == ["sentiment", "gru"]
    assert {(row["rows"], row["empty"], row["scored"]) for row in found} == {(4, 1, 3)}
    (part,) = out.glob("*.parquet")
    scored = parquet.read_table(part).to_pylist()
    read = [row["sentiment_probability"] for row in scored if texts[row["row"] - 1]]
    assert read == pytest.approx(sentiment([text for text in texts if text]))


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
    (found,) = ask("faithfulness", "--data", str(path), "--randoms", "20", "--methods", "occlusion-1,shapley")
    assert (found["model"], found["measured"]) == ("sentiment", 2)
    assert {row["method"] for row in found["standings"]} == {"occlusion-1", "shapley"}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in printed.err
    return line


PREDICTORS = """
def raises(texts): raise RuntimeError("no\\nroom")
def short(texts): return [0.5] * (len(texts) - 1)
def nan(texts): return [float("nan")] * len(texts)
def percentages(texts): return [80.0] * len(texts)
def columns(texts): return [[0.2, 0.8]] * len(texts)
number = 1
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raises", "raised RuntimeError: no room when asked about"),
        ("short", "expected"),
        ("nan", "gave NaN for the text"),
        ("percentages", "gave numbers from 80 to 80 (percentages? Then divide by 100)"),
        ("columns", "2), a column for each class? Then return [:, 1]"),
        ("number", "number is of type int, not callable with texts"),
        ("absent", "has no 'absent'; callable in it: columns, nan, percentages, raises, short"),
    ],
)
def test_predictors_that_are_none(
    name: str, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    module = f"predictors_{name}"
    (tmp_path / f"{module}.py").write_text(PREDICTORS, "utf-8")
    data = tmp_path / "in.jsonl"
    data.write_text('{"text": "so sad , so good"}\n', "utf-8")
    spec = ("--predictor", f"{module}:{name}")
    for verb in (
        ("predict", *spec, TEXT),
        ("permute", *spec, TEXT),
        ("edit", *spec, "--goal", "flip", TEXT),
        ("compose", *spec, "my flight is delayed again"),
        ("suite", *spec),
        ("attribute", *spec, TEXT),
        ("faithfulness", *spec, "--data", str(data)),
        ("scan", *spec, str(data), str(tmp_path / "out.jsonl")),
    ):
        assert message in refused(capsys, *verb)
    assert not (tmp_path / "out.jsonl").exists()


def test_specs_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--predictor is package.module:callable" in refused(capsys, "predict", "--predictor", "os.system", TEXT)
    assert "there is no module 'gone'" in refused(capsys, "predict", "--predictor", "gone:f", TEXT)
    assert "available: shapley, occlusion-1" in refused(
        capsys, "attribute", "--predictor", SPEC, "--method", "saliency", TEXT
    )
    assert "takes: delete" in refused(
        capsys, "attribute", "--predictor", SPEC, "--method", "shapley", "--baseline", "unk", TEXT
    )
    assert "words can only be deleted" in refused(
        capsys, "faithfulness", "--predictor", SPEC, "--removal", "pad", "--data", str(ROOT / "docs/blind_reading.csv")
    )


def test_a_slow_one_shows_how_far_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "slow_predictor.py").write_text(
        "import time\ndef slow(texts):\n    time.sleep(0.02 * len(texts))\n    return [0.5] * len(texts)\n", "utf-8"
    )
    texts = [f"text {number}" for number in range(60)]
    assert main(["predict", "--json", "--predictor", "slow_predictor:slow", *texts]) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 60
    assert "texts" in printed.err
    assert "/60 [" in printed.err
