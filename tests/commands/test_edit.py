"""`python -m core edit`: the keys and order of its JSON, what it shows people, and its refusals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.commands.edit import word_diff
from core.data.targets import Target
from core.models import checkpoints
from core.models.predict import verdict, verdict_on_tokens
from core.probes.edits import sources as edit_sources
from core.text.preprocessing import Preprocessing
from tests.commands.conftest import Cli
from tests.conftest import write_tiny_checkpoint
from tests.probes.small_models import word_sources

KEYS = [
    *("model", "text", "probability", "found", "edited", "edited_probability", "edits", "fluency_change", "guards"),
    *("queries", "candidates", "minimal", "certificate"),
    *("goal", "reading", "tokens", "complete", "flips", "proposed", "refused", "scorer", "diff", "others", "closest"),
    *("target", "label", "edited_label"),
]
TEXT = "i love this movie so late"
SOURCES = word_sources()


@pytest.fixture(autouse=True)
def _sources(_tiny_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_sources, "load", lambda _trigram=None: SOURCES)


def remade(tokens: Sequence[str], edits: Sequence[dict[str, Any]]) -> str:
    """The sentence that a result's edits make, from the JSON alone."""
    pieces = list(tokens)
    for made in sorted(edits, key=lambda made: (made["position"], made["before"] != ""), reverse=True):
        before = made["before"].split()
        assert pieces[made["position"] : made["position"] + len(before)] == before
        pieces[made["position"] : made["position"] + len(before)] = made["after"].split()
    return " ".join(pieces)


def test_json_for_every_text_and_model(cli: Cli) -> None:
    rows = cli.json("edit --goal flip --max-edits 2", TEXT, "no good , never")
    assert [(row["text"], row["model"]) for row in rows] == [
        (text, model) for text in (TEXT, "no good , never") for model in ("rnn", "gru", "lstm")
    ]
    for row in rows:
        assert list(row) == KEYS
        checkpoint = checkpoints.load(row["model"])
        before = verdict(checkpoint, row["text"])
        assert row["probability"] == pytest.approx(before.probability, abs=1e-6)
        assert row["guards"].keys() == {"polarity", "antonyms", "negations"}
        for report in row["guards"].values():
            assert report.keys() == {"on", "judgement", "failed", "cannot_judge", "of"}
        assert row["found"] == (row["edited"] is not None) == bool(row["edits"])
        assert 0 < row["candidates"] <= row["proposed"] and row["queries"] > 0 and row["certificate"]
        for flip in ([row] if row["found"] else []) + row["others"]:
            assert all(made.keys() == {"kind", "position", "before", "after"} for made in flip["edits"])
            assert remade(row["tokens"], flip["edits"]) == flip["edited"]
            after = verdict_on_tokens(checkpoint, flip["edited"].split())
            assert after.label == flip["edited_label"] != before.label == row["label"] and flip["minimal"] is True
            assert flip["edited_probability"] == pytest.approx(after.probability, abs=1e-5)
            assert list(checkpoint.preprocessing(flip["edited"])) == flip["edited"].split()  # typed, it is read so
            assert flip["fluency_change"] >= -8


def test_of_three_classes_a_goal_is_one_of_them(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three = ("negative", "neutral", "positive")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    write_tiny_checkpoint(tmp_path, "three", "gru", labels=three)
    write_tiny_checkpoint(tmp_path, "two", "gru")
    checkpoint = checkpoints.load("three")
    before = verdict(checkpoint, TEXT)
    edit = "edit --max-edits 1 --fluency inf"
    (row,) = cli.json(f"{edit} --model three --goal flip --no-guard polarity", TEXT)
    assert (row["target"], row["label"], row["reading"]) == (before.label,) * 3
    assert row["probability"] == pytest.approx(before.probability, abs=1e-6)
    reached = {row["edited_label"], *(other["edited_label"] for other in row["others"])}
    assert reached and before.label not in reached
    for name in three:
        (row,) = cli.json(f"{edit} --model three --target neutral --against positive --to {name}", TEXT)
        assert (row["goal"], row["target"], row["against"]) == (name, "neutral", "positive")
        aimed = before.aimed(Target(three, 1, 2))
        assert row["probability"] == pytest.approx(aimed.probability, abs=1e-6)
        assert row["edited_label"] in (name, None)
    done = cli.run(f"{edit} --to neutral '{TEXT}'")
    assert done.out.startswith(f"three: {before.label}, P(neutral) {before.distribution[1]:.4f}  {TEXT}")
    assert "left out: two: unknown goal 'neutral'; available: negative, positive, flip" in done.err


def test_options_reach_the_search(cli: Cli) -> None:
    gru = "edit --model gru --goal flip --max-edits 1"
    (row,) = cli.json(f"{gru} --budget 7", TEXT)
    assert row["queries"] <= 7 and not row["complete"]
    (row,) = cli.json(f"{gru} --fluency 0", TEXT)
    assert row["refused"]["fluency"] > 0
    assert all(flip["fluency_change"] >= 0 for flip in ([row] if row["found"] else []) + row["others"])
    (row,) = cli.json(f"{gru} --reading mixed --top 1", TEXT)
    assert row["reading"] == "mixed" and row["others"] == []
    (whole,) = cli.json(f"{gru} --no-guard negations antonyms --json", TEXT)
    assert [report["on"] for report in whole["guards"].values()] == [True, False, False]
    assert whole["candidates"] > row["candidates"]
    options = "edit --goal flip --max-edits 3 --fluency inf"
    whole, first = cli.json(options, TEXT), cli.json(f"{options} --first", TEXT)
    assert any(row["found"] for row in whole) and [row["found"] for row in whole] == [row["found"] for row in first]
    assert sum(row["queries"] for row in first) < sum(row["queries"] for row in whole)


def test_words_of_an_option_right_before_the_text(cli: Cli) -> None:
    (row,) = cli.json("edit --goal flip --max-edits 1 --model rnn --protect late", TEXT)
    assert row["text"] == TEXT and row["refused"]["protected words"] > 0
    (row,) = cli.json("edit --goal flip --max-edits 1 --model rnn --no-guard antonyms", TEXT)
    assert row["text"] == TEXT and not row["guards"]["antonyms"]["on"]


def test_a_sentence_that_has_its_goal_already(cli: Cli) -> None:
    done = 0
    for goal in ("positive", "negative"):
        for row in cli.json(f"edit --max-edits 1 --goal {goal}", TEXT):
            assert (row["queries"] == 1) == ((row["probability"] >= 0.5) == (goal == "positive"))
            if row["queries"] == 1:
                done += 1
                assert (row["found"], row["edits"], row["edited"], row["minimal"]) == (True, [], TEXT, True)
                assert (row["edited_probability"], row["fluency_change"]) == (row["probability"], 0.0)
    assert done == 3


def test_for_people(cli: Cli) -> None:
    out = cli.text("edit --model all --goal flip --max-edits 1 --fluency 99", "\x1b " + TEXT)
    assert "guard antonyms: " in out and "were scored" in out and ("[-" in out or "{+" in out)
    pieces = (("insert", "", "so"), ("same", "i", "i"), ("substitute", "stole", "took"), ("delete", "it", ""))
    assert word_diff(pieces) == "{+so+} i [-stole-]{+took+} [-it-]"


def test_a_file_gives_a_table_and_its_log_goes_on(cli: Cli, tmp_path: Path) -> None:
    path, log = tmp_path / "rows.csv", tmp_path / "log.jsonl"
    texts = [TEXT, "no good , never", "so late", "i love it", "never good"]
    path.write_text("text,label\n" + "".join(f'"{text}",{n % 2}\n' for n, text in enumerate(texts)), encoding="utf-8")
    command = f"edit --model gru --recipe greedy --max-edits 2 --fluency inf --file {path} --out {log}"
    (table,) = cli.json(command)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["text"] for line in lines) == sorted(texts)
    checkpoint = checkpoints.load("gru")
    for line in lines:
        before = verdict(checkpoint, line["text"])
        assert line["label"] == before.label and (line["status"] == "skipped") == (line["gold_label"] != before.label)
        if line["status"] == "succeeded":
            assert verdict_on_tokens(checkpoint, line["edited"].split()).label != before.label
            assert line["words_changed"] > 0 and -1 <= line["similarity"] <= 1
    statuses = Counter(line["status"] for line in lines)
    assert (table["skipped"], table["failed"], table["succeeded"]) == tuple(
        statuses[name] for name in ("skipped", "failed", "succeeded")
    )
    assert table["accuracy"] == 1 - table["skipped"] / 5 and table["accuracy_under_attack"] == table["failed"] / 5
    whole = log.read_bytes()
    log.write_bytes(whole[: whole.index(b"\n", len(whole) // 2) - 3])  # killed while it wrote
    assert cli.json(command) == [table]
    assert {_text(line) for line in log.read_bytes().splitlines()} == set(texts)
    path = tmp_path / "plain.csv"
    path.write_text("text\n" + "\n".join(f'"{text}"' for text in texts) + "\n", encoding="utf-8")
    (plain,) = cli.json(f"edit --model gru --recipe exact --budget 200 --file {path} --out {tmp_path / 'other'}")
    assert (plain["texts"], plain["skipped"], plain["accuracy"]) == (5, 0, None)
    assert "attack success rate" in cli.text(command)
    assert "expected texts, or --file with --out" in cli.refused(f"edit --file {path}")


def _text(line: bytes) -> str:
    return str(json.loads(line)["text"])


def test_refusals(cli: Cli) -> None:
    for arguments, says in (
        ("", "one of the arguments --goal --to is required"),
        ("--goal flip --to positive 'a b'", "not allowed"),
        ("--goal flip --target odd 'a b'", "'odd' is no class"),
        ("--goal sideways 'a b'", "sideways"),
        ("--goal flip", "no text was given"),
        ("--goal flip ' '", "the text is empty: there is no word to edit"),
        ("--goal flip --max-edits 0 'a b'", "the number of edits must be at least 1; given: 0"),
        ("--goal flip --budget 0 'a b'", "the budget must be at least 1"),
        ("--goal flip --no-guard taste -- 'a b'", "no guard 'taste' to switch off; available: polarity"),
        ("--goal flip --reading odd 'a b'", "unknown gold label 'odd'"),
        ("--goal flip --protect I love it -- 'i love it'", "cover the whole sentence, 'i love it'"),
    ):
        assert says in cli.refused(f"edit --json {arguments}")


def test_without_word_vectors_it_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", "nowhere")
    assert "no checkpoint" in cli.refused("edit --goal flip", TEXT)


@pytest.mark.skipif(
    not {"lstm", "word2vec", "fluency"} <= {path.name for path in checkpoints.root().glob("*")},
    reason="not all of lstm, word2vec and fluency are shipped",
)
def test_stolen_and_taken_with_the_shipped_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plainer verbs and other forms are within reach of the guards, opposites are not."""
    monkeypatch.undo()
    monkeypatch.delenv("UNROLLED_CHECKPOINTS", raising=False)
    shipped = edit_sources.load()
    tokens = Preprocessing()("Whoever stole my pills hates me")
    (substitute, *_) = edit_sources.transformations(checkpoints.load("lstm"), shipped)
    offered = {(made.before[0], " ".join(made.after)) for made in substitute(tokens)}
    assert {("stole", "stolen"), ("stole", "steal"), ("stole", "took"), ("hates", "loves")} <= offered
    asked = edit_sources.ask(checkpoints.load("lstm"), shipped, " ".join(tokens), "flip")
    judged = {}
    for made in substitute(tokens):
        judged[made.before[0], " ".join(made.after)] = [guard.judge((made,), "negative") for guard in asked.guards]
    assert judged["stole", "took"] == ["passed", "passed", "passed"]
    assert judged["hates", "loves"][:2] == ["failed", "failed"]
