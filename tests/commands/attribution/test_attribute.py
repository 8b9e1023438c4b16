"""`python -m core attribute`: the keys of its JSON, what people read, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.commands.attribution import attribute as verb
from core.data.targets import named
from core.models import checkpoints
from core.models.predict import verdict
from core.probes.attribution import measures
from core.probes.attribution.attribute import METHODS, attribute
from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint
from tests.hostile import SENTENCES

KEYS = ["model", "text", "method", "tokens", "scores", "baseline", "base_logit", "logit", "delta", "seconds"]


def test_one_method_on_texts_and_models(cli: Cli) -> None:
    texts = ["Better late than never", "zork"]
    rows = cli.json("attribute --method integrated-gradients --baseline mean", *texts)
    assert [(row["text"], row["model"]) for row in rows] == [(t, m) for t in texts for m in ("rnn", "gru", "lstm")]
    for row in rows:
        assert list(row) == [*KEYS, "target", "faithfulness", "errors", "spent", "warning", "known", "baselines"]
        expected = attribute(checkpoints.load(row["model"]), row["text"], "integrated-gradients", "mean")
        assert row["tokens"] == list(expected.tokens) and row["baseline"] == "mean"
        assert row["scores"] == pytest.approx(expected.scores.tolist())
        assert row["delta"] == pytest.approx(expected.delta, abs=1e-6)
        assert row["baselines"] == ["pad", "unk", "mean", "zero"]


def test_all_methods(cli: Cli) -> None:
    rows = cli.json("attribute --model lstm --method all", "so bad", "so bad")
    names = [name for name, method in METHODS.items() if "lstm" in method.cells]
    assert [row["method"] for row in rows] == names * 2
    for row in rows:
        method = METHODS[row["method"]]
        assert (row["delta"] is None) == (not method.complete)
        assert row["baseline"] == (method.baselines[0] if method.baselines else None)
    done = cli.run("attribute --json --model gru --baseline delete 'so bad'")
    rows = json.loads(done.out)
    assert {row["baseline"] for row in rows} == {"delete", None}
    left_out = set(METHODS) - {row["method"] for row in rows}
    line = next(line for line in done.err.splitlines() if "not with the baseline 'delete'" in line)
    assert {"integrated-gradients", "gradient-shap"} <= left_out
    assert all(name in line for name in left_out if "gru" in METHODS[name].cells)


def test_the_same_seed_gives_the_same_numbers(cli: Cli) -> None:
    first, again, other = (
        cli.json(f"attribute --seed {seed} --model rnn --method lime 'so bad'")[0] for seed in (4, 4, 5)
    )
    assert first["scores"] == again["scores"] != other["scores"]
    assert len(first["errors"]) == 2 and min(first["errors"]) > 0


def test_the_target_is_the_prediction_or_the_class_that_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("late", "lost", "fine")
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=labels)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    three = checkpoints.load("three")
    expected = verdict(three, "so bad")
    asked = {"": expected.label, "--target late": "late", "--target late --against fine": "late"}
    for options, name in asked.items():
        (row,) = cli.json(f"attribute --method steps {options} 'so bad'")
        against = "fine" if "fine" in options else None
        assert (row["target"], row.get("against")) == (name, against)
        aim = named(labels, name, against)
        assert row["logit"] == pytest.approx(expected.aimed(aim).logit, abs=1e-5)
        scores = attribute(three.targeted(aim), "so bad", "steps").scores
        assert row["scores"] == pytest.approx(scores.tolist())
        for other in ("order-attribution", "interactions"):
            (row,) = cli.json(f"{other} {options} 'so bad'")
            assert (row["target"], row["logit"]) == (name, pytest.approx(expected.aimed(aim).logit, abs=1e-5))
    assert "three: log-odds of late against fine " in cli.text(f"attribute --method steps {options} 'so bad'")
    assert "'angry' is no class; available: late, lost, fine" in cli.refused("attribute --target angry so", alone=False)


def test_for_people(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    out = cli.text("attribute --model lstm", "\x1b not good zork")
    assert "zork (unknown)" in out
    lines = out.splitlines()
    heads = [line for line in lines if "saliency" in line and "gradient;" not in line]
    assert len(heads) == 1  # each method stands in one block
    assert sum(line.startswith("  good ") for line in lines) > 1  # which hold as many as fit beside one another
    for name in METHODS:
        assert sum(line.startswith(f"  {name}: ") for line in lines) == ("lstm" in METHODS[name].cells)


def test_one_token_and_a_saturated_verdict(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "SATURATED", 0.0)
    out = cli.text("attribute --model lstm --method steps good")
    assert "()" not in out and "comprehensiveness" not in out
    assert "one token alone has no ranking" in out
    (row,) = cli.json("attribute --model lstm --method steps good")
    assert row["faithfulness"]["warning"] and row["faithfulness"]["warning"] in out


def test_the_time_of_a_long_text_is_estimated(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "_WORTH_REPORTING", 0.0)
    done = cli.run("attribute --json --model rnn --method steps", "so good " * 150)
    assert "this takes about" in done.err
    (row,) = json.loads(done.out)
    assert len(row["scores"]) == 300 and row["faithfulness"]["infidelity"] is not None
    assert "this takes about" not in cli.run("attribute --model rnn --method steps 'so good'").err


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("' '", "the text is empty"),
        ("so ''", "text 2 of 2 is empty"),
        ("--method nosuch so", "unknown method 'nosuch'; available: shapley"),
        ("--baseline nosuch so", "unknown baseline 'nosuch'; available: delete, pad"),
        ("--method saliency --baseline pad so", "it takes no word out"),
        ("--method gradient-shap --baseline delete so", "it accepts pad, unk, mean, zero"),
        ("--seed -1 so", "expected 0 or more; given: -1"),
        ("", "TEXT"),
    ):
        assert says in cli.refused(f"attribute {arguments}")


def test_hostile_sentences_are_only_text(cli: Cli) -> None:
    rows = cli.json("attribute --model gru --method occlusion-2 --", *SENTENCES)
    assert [row["text"] for row in rows] == list(SENTENCES)
    assert all(len(row["scores"]) == len(row["tokens"]) for row in rows)
