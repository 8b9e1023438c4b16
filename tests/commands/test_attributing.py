"""`python -m core attribute`: the keys of its JSON, what people read, and its refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.commands import attributing
from core.models import checkpoints
from core.probes.attribution import measures
from core.probes.attribution.attribute import METHODS, attribute
from tests.hostile import SENTENCES

KEYS = ["model", "text", "method", "tokens", "scores", "baseline", "base_logit", "logit", "delta", "seconds"]


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["attribute", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_one_method_on_texts_and_models(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["Better late than never", "zork"]
    found = ask(capsys, "--method", "integrated-gradients", "--baseline", "mean", *texts)
    assert [(row["text"], row["model"]) for row in found] == [(t, m) for t in texts for m in ("rnn", "gru", "lstm")]
    for row in found:
        assert list(row)[:11] == [*KEYS, "faithfulness"]
        expected = attribute(checkpoints.load(row["model"]), row["text"], "integrated-gradients", "mean")
        assert row["tokens"] == list(expected.tokens) and row["baseline"] == "mean"
        assert row["scores"] == pytest.approx(expected.scores.tolist())
        assert row["delta"] == pytest.approx(expected.delta, abs=1e-6)
        assert row["baselines"] == ["pad", "unk", "mean", "zero"]


def test_all_methods(capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(capsys, "--model", "lstm", "--method", "all", "so bad", "so bad")
    names = [name for name, method in METHODS.items() if "lstm" in method.cells]
    assert [row["method"] for row in found] == names * 2
    for row in found:
        method = METHODS[row["method"]]
        assert (row["delta"] is None) == (not method.complete)
        assert row["baseline"] == (method.baselines[0] if method.baselines else None)


def test_all_methods_with_a_baseline_tell_which_were_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attribute", "--json", "--model", "gru", "--baseline", "delete", "so bad"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert {row["baseline"] for row in found} == {"delete", None}
    left_out = set(METHODS) - {row["method"] for row in found}
    told = next(line for line in err.splitlines() if "not with the baseline 'delete'" in line)
    assert {"integrated-gradients", "gradient-shap"} <= left_out
    assert all(name in told for name in left_out if "gru" in METHODS[name].cells)


def test_the_same_seed_gives_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--model", "rnn", "--method", "lime", "so bad"]
    first, again, other = (ask(capsys, "--seed", seed, *asked)[0] for seed in ("4", "4", "5"))
    assert first["scores"] == again["scores"] != other["scores"]
    assert len(first["errors"]) == 2 and min(first["errors"]) > 0


def test_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert main(["attribute", "--model", "lstm", "\x1b not good zork"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "zork (unknown)" in out
    lines = out.splitlines()
    heads = [line for line in lines if "saliency" in line and "gradient;" not in line]
    assert len(heads) == 1  # each method stands in one block
    assert sum(line.startswith("  good ") for line in lines) > 1  # which hold as many as fit beside one another
    for name in METHODS:
        assert sum(line.startswith(f"  {name}: ") for line in lines) == ("lstm" in METHODS[name].cells)


def test_one_token_and_a_sure_verdict_are_told_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "SATURATED", 0.0)
    assert main(["attribute", "--model", "lstm", "--method", "steps", "good"]) == 0
    out = capsys.readouterr().out
    assert "()" not in out and "comprehensiveness" not in out
    assert "one token alone has no ranking" in out and "hardly moves as a probability" in out
    (found,) = ask(capsys, "--model", "lstm", "--method", "steps", "good")
    assert "hardly moves" in found["faithfulness"]["warning"]


def test_a_long_text_is_told_its_time_and_measured_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributing, "_WORTH_TELLING", 0.0)
    asked = ["attribute", "--json", "--model", "rnn", "--method", "steps"]
    assert main([*asked, "so good " * 150]) == 0
    out, err = capsys.readouterr()
    assert "this takes about" in err
    (found,) = json.loads(out)
    assert len(found["scores"]) == 300 and found["faithfulness"]["infidelity"] is not None
    assert main([*asked, "so good"]) == 0
    assert "this takes about" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([" "], "the text is empty"),
        (["so", ""], "text 2 of 2 is empty"),
        (["--model", "nosuch", "so"], "nosuch"),
        (["--method", "nosuch", "so"], "unknown method 'nosuch'; available: shapley"),
        (["--baseline", "nosuch", "so"], "unknown baseline 'nosuch'; available: delete, pad"),
        (["--method", "saliency", "--baseline", "pad", "so"], "it takes no word out"),
        (["--method", "gradient-shap", "--baseline", "delete", "so"], "it accepts pad, unk, mean, zero"),
        (["--seed", "-1", "so"], "the seed is 0 or more; given: -1"),
        (["--seed", "many", "so"], "invalid int"),
        ([], "TEXT"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(["attribute", *arguments])
    except SystemExit as stop:  # argparse's own complaints
        status = int(str(stop.code))
    out, err = capsys.readouterr()
    assert status == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and says in err


@pytest.mark.parametrize("text", SENTENCES)
def test_hostile_sentences_are_only_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = ask(capsys, "--model", "gru", "--method", "occlusion-2", "--", text)
    assert found["text"] == text and len(found["scores"]) == len(found["tokens"])
