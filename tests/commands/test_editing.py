"""`python -m core edit`: the keys and order of its JSON, what it shows people, and its refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.commands.editing import word_diff
from core.data.corpus import encode_tokens
from core.fluency import kneser_ney
from core.fluency.trigram import Trigram
from core.models import checkpoints
from core.models.predict import verdict, verdict_on_tokens
from core.probes.edits import sources as edit_sources
from core.probes.edits.neighbours import Neighbours
from core.probes.edits.sources import WordSources
from core.text import lexicon
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.conftest import WORDS

KEYS = [
    *("model", "text", "probability", "found", "edited", "edited_probability", "edits", "fluency_change", "guards"),
    *("queries", "candidates", "minimal", "certificate"),
    *("goal", "reading", "tokens", "complete", "flips", "proposed", "refused", "scorer", "diff", "others", "closest"),
]
TEXT = "i love this movie so late"


@pytest.fixture(scope="module")
def sources() -> WordSources:
    vocabulary, random = Vocabulary(WORDS), np.random.default_rng(0)
    rows = [[WORDS[number] for number in random.integers(0, len(WORDS), random.integers(2, 9))] for _ in range(300)]
    found = kneser_ney.estimate(
        [kneser_ney.count(encode_tokens(rows, vocabulary), len(vocabulary))], [1.0], len(vocabulary)
    )
    trigram = Trigram(vocabulary, found.unigram, found.bigrams, found.trigrams, 5)
    vectors = random.normal(size=(len(vocabulary), 6))
    return WordSources(Neighbours(vectors, vocabulary), trigram, lexicon.load())


@pytest.fixture(autouse=True)
def _models(tiny_checkpoints: Path, sources: WordSources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setattr(edit_sources, "load", lambda _trigram=None: sources)


def edit(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["edit", "--json", *arguments]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def remade(tokens: Sequence[str], edits: Sequence[dict[str, Any]]) -> str:
    """The sentence that a result's edits make, from the JSON alone."""
    pieces = list(tokens)
    for made in sorted(edits, key=lambda made: (made["position"], made["before"] != ""), reverse=True):
        before = made["before"].split()
        assert pieces[made["position"] : made["position"] + len(before)] == before
        pieces[made["position"] : made["position"] + len(before)] = made["after"].split()
    return " ".join(pieces)


def test_json_for_every_text_and_model(capsys: pytest.CaptureFixture[str]) -> None:
    found = edit(capsys, "--goal", "flip", "--max-edits", "2", TEXT, "no good , never")
    assert [(row["text"], row["model"]) for row in found] == [
        (text, model) for text in (TEXT, "no good , never") for model in ("rnn", "gru", "lstm")
    ]
    for row in found:
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
            assert after.label != before.label and flip["minimal"] is True
            assert flip["edited_probability"] == pytest.approx(after.probability, abs=1e-5)
            assert list(checkpoint.preprocessing(flip["edited"])) == flip["edited"].split()  # typed, it is read so
            assert flip["fluency_change"] >= -8


def test_a_flip_of_the_tiny_models_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    rows = edit(capsys, "--goal", "flip", "--max-edits", "3", "--fluency", "inf", TEXT)
    assert any(row["found"] for row in rows)  # or the loops above check nothing


def test_options_reach_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = edit(capsys, "--model", "gru", "--goal", "flip", "--budget", "7", "--max-edits", "1", TEXT)
    assert row["queries"] <= 7 and not row["complete"]
    (row,) = edit(capsys, "--model", "gru", "--goal", "flip", "--protect", "love", "movie", "--json", TEXT)
    assert row["refused"]["protected words"] > 0
    (row,) = edit(capsys, "--model", "gru", "--goal", "flip", "--fluency", "0", TEXT)
    assert row["refused"]["fluency"] > 0
    for flip in ([row] if row["found"] else []) + row["others"]:
        assert flip["fluency_change"] >= 0
    (row,) = edit(capsys, "--model", "gru", "--goal", "flip", "--reading", "mixed", "--top", "1", TEXT)
    assert row["reading"] == "mixed" and row["others"] == []
    (whole,) = edit(capsys, "--model", "gru", "--goal", "flip", "--no-guard", "negations", "antonyms", "--json", TEXT)
    assert [report["on"] for report in whole["guards"].values()] == [True, False, False]
    assert whole["candidates"] > row["candidates"]
    options = ("--goal", "flip", "--max-edits", "3", "--fluency", "inf", TEXT)
    both = list(zip(edit(capsys, *options), edit(capsys, "--first", *options), strict=True))
    assert all(whole["found"] == first["found"] for whole, first in both)
    assert sum(first["queries"] for _, first in both) < sum(whole["queries"] for whole, _ in both)


def test_words_of_an_option_right_before_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = edit(capsys, "--goal", "flip", "--model", "rnn", "--protect", "late", TEXT)
    assert row["text"] == TEXT and all("late" not in made["before"].split() for made in row["edits"])
    (row,) = edit(capsys, "--goal", "flip", "--model", "rnn", "--no-guard", "antonyms", TEXT)
    assert row["text"] == TEXT and not row["guards"]["antonyms"]["on"]


@pytest.mark.parametrize("goal", ["positive", "negative"])
def test_a_sentence_that_is_as_asked(goal: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for row in edit(capsys, "--goal", goal, TEXT) if "nothing to edit" in row["certificate"]]
    for row in rows:
        assert (row["probability"] >= 0.5) == (goal == "positive")
        assert (row["found"], row["edits"], row["edited"]) == (True, [], TEXT)
        assert row["edited_probability"] == row["probability"] and row["minimal"] is True and row["queries"] == 1
    others = edit(capsys, "--goal", "negative" if goal == "positive" else "positive", TEXT)
    assert sum("nothing to edit" in row["certificate"] for row in others) + len(rows) == 3


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edit", "--model", "all", "--goal", "flip", "--fluency", "99", "\x1b " + TEXT]) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out and "Traceback" not in err
    assert "guard antonyms: " in out and "were scored" in out and ("[-" in out or "{+" in out)


def test_a_word_diff() -> None:
    pieces = (("insert", "", "so"), ("same", "i", "i"), ("substitute", "stole", "took"), ("delete", "it", ""))
    assert word_diff(pieces) == "{+so+} i [-stole-]{+took+} [-it-]"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: --goal"),
        (["--goal", "sideways", "a b"], "sideways"),
        (["--goal", "flip"], "no text was given"),
        (["--goal", "flip", "--protect", "a"], "no text was given"),
        (["--goal", "flip", " "], "the text is empty: there is no word to edit"),
        (["--goal", "flip", "a b", ""], "the text is empty"),
        (["--goal", "flip", "--max-edits", "0", "a b"], "edits: at least 1; given: 0"),
        (["--goal", "flip", "--budget", "0", "a b"], "budget: at least 1"),
        (["--goal", "flip", "--seconds", "0", "a b"], "seconds: above 0"),
        (["--goal", "flip", "--fluency", "-1", "a b"], "0 nats or more; given: -1"),
        (["--goal", "flip", "--no-guard", "taste", "--", "a b"], "no guard 'taste' to switch off; available: polarity"),
        (["--goal", "flip", "--reading", "odd", "a b"], "unknown reading 'odd'"),
        (
            ["--goal", "flip", "--protect", "I", "love", "it", "--", "i love it"],
            "cover the whole sentence, 'i love it'",
        ),
        (["--goal", "flip", "so " * 1_001], "1 to 1,000 tokens; given: 1,001"),
        (["--goal", "flip", "--model", "nosuch", "a b"], "nosuch"),
    ],
)
def test_what_cannot_be_searched_is_one_line(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["edit", "--json", *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    out, err = capsys.readouterr()
    assert status == 2 and out == "" and err.count("\n") == 1 and err.startswith("error: ") and says in err


def test_without_word_vectors_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", "nowhere")
    assert main(["edit", "--goal", "flip", TEXT]) == 2
    assert "no checkpoint" in capsys.readouterr().err


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
