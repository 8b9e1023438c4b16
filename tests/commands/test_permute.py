"""`python -m core permute`: the keys and orders of its JSON, its refusals, and the shipped proverb."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.fluency import judge, trigram
from core.models import checkpoints
from core.models.predict import verdict, verdicts
from core.probes.permutations import search as permutation_search
from core.text.preprocessing import Preprocessing
from tests.commands.conftest import Cli
from tests.conftest import WORDS, write_tiny_checkpoint
from tests.fluency.small_judge import random_judge
from tests.probes.small_models import random_trigram

KEYS = [
    *("model", "text", "tokens", "orders", "scored", "complete", "certificate", "target", "original"),
    *("flip_count", "flip_count_above_floor", "floor", "scorer", "threshold"),
    *("accepted", "accepted_flips", "to", "flips_to", "flips", "fluent", "highest", "lowest"),
    *("sensitivity", "order_effect", "way", "named", "position_effects"),
]


THREE = ("negative", "neutral", "positive")
SCORER = random_trigram(["i", "love", "this", "frabjous"])
JUDGE = random_judge(WORDS)


@pytest.fixture(autouse=True)
def _fluency(_tiny_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigram, "load", lambda: SimpleNamespace(trigram=SCORER, preprocessing=Preprocessing()))
    monkeypatch.setattr(judge, "load", lambda: JUDGE)
    monkeypatch.setattr(judge, "load_if_there", lambda: JUDGE)


def test_json_for_every_text_and_model(cli: Cli) -> None:
    rows = cli.json("permute", "better late than never", "so good , so bad")
    assert [(row["text"], row["model"]) for row in rows] == [
        (text, model) for text in ("better late than never", "so good , so bad") for model in ("rnn", "gru", "lstm")
    ]
    for row in rows:
        assert list(row) == KEYS
        orders = 24 if "late" in row["text"] else 12  # two words are the same, and the comma stays
        assert (row["orders"], row["scored"], row["complete"], row["floor"]) == (orders, orders, True, 8.0)
        assert row["scorer"] == "trigram" and row["original"].keys() == {"probability", "fluency", "valid", "label"}
        assert row["accepted_flips"] <= row["accepted"] < orders and row["threshold"] == 0.5
        for listed in (row["flips"], row["fluent"]):
            assert len(listed) <= 20
            by = "valid" if listed is row["flips"] else "fluency"
            assert [order[by] for order in listed] == sorted((order[by] for order in listed), reverse=True)
            assert all(order.keys() == {"text", "probability", "fluency", "valid", "label"} for order in listed)
        assert row["lowest"]["probability"] <= row["original"]["probability"] <= row["highest"]["probability"]


def test_without_the_judge_flips_are_the_most_fluent_first(cli: Cli) -> None:
    (row,) = cli.json("permute --no-judge --model gru", "so good , so bad")
    assert row["threshold"] is row["accepted"] is row["original"]["valid"] is None
    fluency = [order["fluency"] for order in row["flips"]]
    assert fluency == sorted(fluency, reverse=True) and all(order["valid"] is None for order in row["flips"])


def test_flip_lists_the_best_pairs_of_each_model(cli: Cli) -> None:
    rows = cli.json("flip --model all --top 2", "so good so bad never")
    assert [row["model"] for row in rows] == ["rnn", "gru", "lstm"]
    assert any(row["pairs"] for row in rows)
    for row in rows:
        assert list(row) == [
            *("model", "text", "probability", "valid", "orders", "searched", "accepted", "accepted_flips"),
            *("certificate", "label", "to", "accepted_to", "target", "pairs"),
        ]
        assert (row["orders"], row["searched"], len(row["pairs"]) <= 2) == (60, 60, True)
        for pair in row["pairs"]:
            assert list(pair) == ["text", "probability", "valid", "accepted", "margin", "label"]
            assert (pair["probability"] >= 0.5) != (row["probability"] >= 0.5)
            assert pair["margin"] == pytest.approx(abs(pair["probability"] - row["probability"]))
    assert cli.text("flip --model gru 'so good so bad never'").splitlines()[0].startswith("gru: ")


def test_three_classes_have_a_target_and_a_goal(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny_checkpoint(tmp_path, "mail", "rnn", labels=("ham", "spam"))
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=THREE, seed=3)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    text, three = "so good so bad never", checkpoints.load("three")
    own = verdict(three, text).label
    to, other = (name for name in THREE if name != own)
    (row,) = cli.json("permute --model three", text)
    assert (row["target"], row["original"]["label"], row["to"]) == (own, own, None)
    assert sum(row["flips_to"].values()) == row["flip_count"] and own not in row["flips_to"]
    for verb in ("permute", "flip"):
        done = cli.run(f"{verb} --json --to {to} '{text}'")
        (row,) = json.loads(done.out)
        assert (row["target"], row["to"]) == (to, to) and "left out: mail: " in done.err
        assert {flip["label"] for flip in row["flips" if verb == "permute" else "pairs"]} <= {to}
        (row,) = cli.json(f"{verb} --model three --target {other} --against {own}", text)
        assert (row["target"], row["against"]) == (other, own)
        (row,) = cli.json(f"{verb} --model three --to {own}", text)
        assert f"is read as {own} already" in row["certificate"]
        assert "is no class" in cli.refused(f"{verb} --to angry '{text}'", alone=False)
        assert f"P({own}), " in (out := cli.text(f"{verb} --model three '{text}'")) and "verdict, order" in out
    orders = tmp_path / "orders.csv"
    orders.write_text("text\n" + "\n".join(map(" ".join, permutations(text.split()))), encoding="utf-8")
    pairs = cli.json(f"mine {orders} --model three --target {own}")
    assert pairs and {pair["label_a"] for pair in pairs} == {own}
    assert {row["model"] for row in cli.json("order-suite --pairs 1 --model three")} == {"three"}


def test_judge_says_how_likely_an_order_is_valid(cli: Cli) -> None:
    known, unknown = cli.json("judge", "Never so good", "zxcv")
    assert list(known) == ["text", "valid", "accepted", "fluency"] and known["text"] == "Never so good"
    assert known["valid"] == pytest.approx(JUDGE.judgement(["never", "so", "good"]))
    assert known["accepted"] == (known["valid"] >= 0.5) and known["fluency"] < 0
    assert unknown["valid"] is unknown["accepted"] is None
    assert len(cli.text("judge 'never so good' zxcv").splitlines()) == 2
    assert "judge" in cli.refused("flip zxcv")


def test_flips_are_those_of_the_model_itself(cli: Cli) -> None:
    orders = [" ".join(order) for order in permutations(("better", "late", "than", "never"))]
    for row in cli.json("permute --top 24 'better late than never'"):
        by_text = dict(zip(orders, verdicts(checkpoints.load(row["model"]), orders), strict=True))
        side = by_text["better late than never"].label
        assert {order["text"] for order in row["flips"]} == {text for text, v in by_text.items() if v.label != side}
        assert row["flip_count"] == len(row["flips"])
        assert {order["text"]: order["probability"] for order in row["fluent"]} == pytest.approx(
            {text: verdict.probability for text, verdict in by_text.items()}, abs=1e-5
        )


def test_limits_reach_the_search(cli: Cli) -> None:
    text = "i love this movie but never the bad"
    (row,) = cli.json("permute --model gru --budget 50 --floor 3 --top 2", text)
    assert (row["scored"], row["floor"], row["orders"]) == (50, 3.0, 40_320)
    assert len(row["fluent"]) == 2 and not row["complete"]
    (row,) = cli.json("permute --model gru --pin 1 8 --", text)
    assert row["orders"] == 720
    assert all(order["text"].startswith("i ") and order["text"].endswith(" bad") for order in row["fluent"])


def test_words_are_one_only_where_both_scorers_read_them_alike(cli: Cli) -> None:
    # The model knows none of the three; the trigram knows one of them.
    for text, orders in (("slithy toves", 1), ("slithy frabjous", 2), ("slithy toves frabjous", 3), ("so so", 1)):
        (row,) = cli.json("permute --model gru", text)
        assert (row["orders"], row["scored"]) == (orders, orders)


def test_for_people(cli: Cli) -> None:
    out = cli.text("permute --model lstm", "\x1b better late")
    assert "late better" in out and cli.json("permute --model lstm 'better late'")[0]["certificate"] in out


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("--budget 0 'a b'", "the budget must be at least 1; given: 0"),
        ("--floor inf 'a b'", "given: inf"),
        ("--seconds 0 'a b'", "the time limit must be above 0 seconds; given: 0"),
        ("--top 0 'a b'", "the number of results listed must be at least 1; given: 0"),
        ("--pin 3 -- 'a b'", "3: the sentence has 2 tokens"),
        ("--pin 0 -- 'a b'", "position 0"),
    ):
        assert says in cli.refused(f"permute --json {arguments}")


def test_without_a_fluency_model_it_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", "nowhere")
    assert "fluency" in cli.refused("permute 'better late'")


def test_the_shipped_proverb(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.delenv("UNROLLED_CHECKPOINTS", raising=False)
    if not {"rnn", "gru", "lstm", "fluency"} <= {path.name for path in checkpoints.root().glob("*")}:
        pytest.skip("not all of rnn, gru, lstm and fluency are shipped")
    for row in cli.json("permute --model all 'better late than never'"):
        assert (row["orders"], row["scored"], row["complete"]) == (24, 24, True)
        assert row["flip_count"] == len(row["flips"])


def test_an_interruption_keeps_what_was_searched(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = permutation_search.search

    def broken_off(*arguments: Any) -> Iterator[permutation_search.PermutationProgress]:
        for number, event in enumerate(whole(*arguments)):
            yield event
            if number == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(permutation_search, "search", broken_off)
    done = cli.run("permute --json --model all 'i love this so much that one day'")
    (row,) = json.loads(done.out)
    assert row["model"] == "rnn" and 1 < row["scored"] < row["orders"] and not row["complete"]
    assert done.status == 130 and "interrupted: 1 of 3 answers" in done.err
    assert cli.run("permute --model all 'i love this so much that one day'").out.startswith("rnn: ")
