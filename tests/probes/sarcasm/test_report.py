"""The report's figures on hand-worked examples, its reading of corpora, and its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.evaluation.intervals import difference
from core.models import checkpoints
from core.models.predict import verdict
from core.probes.sarcasm import report_file
from core.probes.sarcasm.corpora import (
    KNOWN,
    Columns,
    LabelledText,
    find_columns,
    known_columns,
    known_corpora,
    read_sarcasm,
)
from core.probes.sarcasm.report import meant, read_positive, report, reports, reworded


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


# Figures by hand


def test_reading_positive_by_hand() -> None:
    sarcastic = np.array([True, True, True, True, False, False])
    found = read_positive(np.array([0.9, 0.5, 0.49, 0.8, 0.2, 0.7]), sarcastic)
    assert (found.sarcastic.hits, found.sarcastic.rows) == (3, 4)
    assert found.plain is not None and (found.plain.hits, found.plain.rows) == (1, 2)
    assert found.difference == difference(found.sarcastic, found.plain) and found.difference is not None
    assert found.difference.mean == 0.25
    alone = read_positive(np.array([0.9]), np.array([True]))
    assert alone.plain is None and alone.difference is None


def test_rewordings_by_hand() -> None:
    found = reworded(
        [
            np.array([0.9, 0.2, 0.4]),  # honest 0.3: fooling
            np.array([0.6, 0.1]),  # honest 0.1: fooling
            np.array([0.3, 0.2, 0.2, 0.2]),  # honest 0.2: negative either way, lower
            np.array([0.4, 0.9, 0.3]),  # honest 0.6, text negative: the opposite
            np.array([0.8, 0.8]),  # honest 0.8: the same
            np.array([0.9]),  # no rewording: says nothing
        ]
    )
    assert found is not None
    assert (found.texts, found.rewordings) == (5, 9)
    assert found.change.mean == pytest.approx((0.6 + 0.5 + 0.1 - 0.2 + 0.0) / 5)
    assert found.change.interval[0] < found.change.mean < found.change.interval[1]
    assert (found.lower.hits, found.lower.rows) == (3, 5)
    assert (found.fooling.hits, found.fooling.rows) == (2, 3)
    assert (found.opposite.hits, found.opposite.rows) == (1, 2)
    assert (found.positive.hits, found.honest_positive.hits) == (3, 2)
    assert found.shift.mean == pytest.approx(1 / 5)
    assert reworded([np.array([0.9])]) is None and reworded([]) is None


def test_a_text_counts_once_however_often_it_was_reworded() -> None:
    once = reworded([np.array([0.9, 0.1]), np.array([0.2, 0.6])])
    often = reworded([np.array([0.9, *[0.1] * 50]), np.array([0.2, 0.6])])
    assert once is not None and often is not None
    assert often.change == once.change and often.shift == once.shift and often.fooling == once.fooling


def test_what_is_meant_by_hand() -> None:
    texts = [
        *(LabelledText("a", True, sentiment=0) for _ in range(3)),
        LabelledText("b", True, sentiment=1),
        LabelledText("c", True),
        *(LabelledText("d", False, sentiment=0) for _ in range(2)),
        *(LabelledText("e", False, sentiment=1) for _ in range(2)),
    ]
    probabilities = np.array([0.9, 0.7, 0.1, 0.2, 0.99, 0.3, 0.6, 0.8, 0.5])
    found = meant(probabilities, np.array([said.sarcastic for said in texts]), texts)
    assert found is not None
    assert [(share.hits, share.rows) for share in found.accuracy] == [(1, 4), (3, 4)]
    assert [(share.hits, share.rows) for share in found.negative_read_positive] == [(2, 3), (1, 2)]
    assert [(share.hits, share.rows) for share in found.positive_read_negative] == [(1, 1), (0, 2)]
    assert found.accuracy_difference is not None and found.accuracy_difference.mean == -0.5
    assert meant(probabilities[:1], np.array([True]), [LabelledText("a", True)]) is None


def test_of_three_classes_a_neutral_verdict_is_neither_right_nor_misread() -> None:
    labels = ("negative", "neutral", "positive")
    negative, neutral, positive = np.array([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.3, 0.2, 0.5]])
    sarcastic = np.array([True, True, True, False])
    texts = [*(LabelledText("a", True, sentiment=0) for _ in range(3)), LabelledText("b", False, sentiment=1)]
    verdicts = np.stack([negative, neutral, positive, neutral])
    found = meant(verdicts, sarcastic, texts, labels)
    assert found is not None
    assert [(share.hits, share.rows) for share in found.accuracy] == [(1, 3), (0, 1)]
    assert [(share.hits, share.rows) for share in found.negative_read_positive] == [(1, 3), (0, 0)]
    assert [(share.hits, share.rows) for share in found.positive_read_negative] == [(0, 0), (0, 1)]
    read = read_positive(verdicts, sarcastic, labels)
    assert (read.sarcastic.hits, read.sarcastic.rows) == (1, 3)
    honest = [np.stack([positive, negative]), np.stack([positive, neutral]), np.stack([negative, positive, positive])]
    said = reworded(honest, labels)
    assert said is not None and said.change.mean == pytest.approx((0.4 + 0.2 - 0.4) / 3)
    assert (said.fooling.hits, said.fooling.rows) == (1, 1)
    assert (said.opposite.hits, said.opposite.rows) == (1, 1)
    order = [2, 0, 1]
    turned = tuple(labels[number] for number in order)
    assert meant(verdicts[:, order], sarcastic, texts, turned) == found
    assert reworded([one[:, order] for one in honest], turned) == said


# Reading a corpus


def test_texts_are_gathered_and_everything_else_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        [
            {"text": "So good #sarcasm @ann", "label": 1, "rephrase": "not good"},
            {"text": "so  GOOD http://a.b @bob", "label": 1, "rephrase": "Not  good"},  # the same text and rewording
            {"text": "so good", "label": 1, "rephrase": "so good"},  # the same text, not reworded
            {"text": "so good", "label": 1, "rephrase": "bad #not"},
            {"text": "  !! ", "label": 1, "rephrase": None},
            {"text": None, "label": 0, "rephrase": None},
            {"text": "never late", "label": 0, "rephrase": None},
            {"text": "Never late", "label": 1, "rephrase": "late"},  # labelled both ways
            {"text": "it is", "label": "sarcastic", "rephrase": ""},
            {"text": "good movie /s", "label": 0.0, "rephrase": None},
        ],
    )
    corpus = read_sarcasm(path, find_columns(path, Columns()))
    assert corpus.texts == (
        LabelledText("So good   @ann", True, ("not good", "bad  ")),
        LabelledText("it is", True),
        LabelledText("good movie  ", False),
    )
    assert (corpus.rows, corpus.repeated, corpus.blank, corpus.contradictory) == (10, 4, 2, 1)
    assert (corpus.give_aways, corpus.identical) == (2, 2)
    # Nothing but counting is lost: every row is a text's first, a repetition, blank or labelled both ways.
    assert corpus.rows == len(corpus.texts) + corpus.repeated + corpus.blank + corpus.contradictory


def test_sentiment_and_labels_of_ones_own(tmp_path: Path) -> None:
    rows = [
        {"text": "so good", "label": 0, "part": "2014sarcasm"},
        {"text": "so bad", "label": "negative", "part": "2013train"},
        {"text": "so late", "label": 2, "part": None},
        {"text": "so late", "label": 1, "part": "2013train"},  # told both ways: neither
    ]
    path = write(tmp_path / "semeval2013_2016_sentiment_train.jsonl", rows)
    where, about = known_columns(path)
    corpus = read_sarcasm(path, find_columns(path, where), about)
    assert corpus.texts == (
        LabelledText("so good", True, sentiment=0),
        LabelledText("so bad", False, sentiment=0),
        LabelledText("so late", False),
    )
    assert "SemEval" not in about and "Rosenthal" in corpus.about


def test_columns_are_found_where_nobody_names_them(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"text": "a", "interpretation": "b"}])
    assert find_columns(path, Columns()) == Columns(label=None, rewording="interpretation")
    assert read_sarcasm(path, find_columns(path, Columns())).texts == (LabelledText("a", True, ("b",)),)
    path = write(tmp_path / "a.jsonl", [{"text": "a", "label": 1}])
    assert find_columns(path, Columns()) == Columns()
    assert find_columns(path, Columns(rewording="x")) == Columns(rewording="x")


def test_known_corpora_are_found_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("deep/semeval2018_irony_train.parquet", "isarcasmeval_train.csv", "other.csv"):
        (tmp_path / name).touch()
    assert [path.stem for path in known_corpora(tmp_path)] == ["isarcasmeval_train", "semeval2018_irony_train"]
    with pytest.raises(LookupError, match=r"no known corpus in .*; known are: isarcasmeval_train"):
        known_corpora(_empty(tmp_path))
    assert known_columns(Path("x/other.csv")) == (Columns(), "") and all(about for _, about in KNOWN.values())


def _empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.parametrize(
    ("rows", "where", "says"),
    [
        ([{"text": "a", "label": 2}], Columns(), "2 may be plain or sarcastic. Say which: --labels 2=plain or"),
        (
            [{"text": "a", "label": 1}, {"text": "b", "label": "odd"}],
            Columns(),
            "row 2 (line 2): label 'odd' says neither sarcastic (1, true",
        ),
        ([{"text": "a", "label": 0}], Columns(), "none of 1 rows is labelled sarcastic"),
        ([{"text": 5, "label": 1}], Columns(), "the text is 5"),
        ([{"text": "a", "label": 1, "r": 7}], Columns(rewording="r"), "the text is 7"),
        ([{"text": "a", "label": 1, "s": "odd"}], Columns(sentiment="s"), "no label in column 's' is understood"),
        ([{"text": "a", "label": 1}], Columns(label="gone"), "no column 'gone'; it has: text, label"),
        ([{"text": "a", "label": 1}], Columns(sarcastic=("yes",)), "none of 1 rows is labelled sarcastic"),
    ],
)
def test_what_is_not_understood_is_one_line(
    rows: list[dict[str, Any]], where: Columns, says: str, tmp_path: Path
) -> None:
    with pytest.raises((ValueError, LookupError)) as error:
        read_sarcasm(write(tmp_path / "a.jsonl", rows), where)
    assert says in str(error.value.args[0]) and "\n" not in str(error.value.args[0])


# A model on a corpus

NEUTRAL = {"2": "neutral"}


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    words = ["so good", "so bad", "never late", "the movie is great", "terrible but good", "i love that", "not so sad"]
    rows = [
        {
            "text": f"{words[n % 7]} {words[n // 7 % 7]}",
            "label": n % 2,
            "rephrase": f"{words[n % 5]} no" if n % 4 == 1 else None,
            "mood": n % 3,
        }
        for n in range(49)
    ]
    return write(tmp_path / "corpus.jsonl", rows)


def test_a_report_says_what_verdicts_say(corpus_file: Path, tiny_checkpoints: Path) -> None:
    model = checkpoints.load("lstm", tiny_checkpoints)
    corpus = read_sarcasm(corpus_file, Columns(rewording="rephrase", sentiment="mood", sentiment_asked=NEUTRAL))
    found = report(model, corpus)
    own = {said: verdict(model, said.text).probability for said in corpus.texts}
    positive = [probability >= 0.5 for said, probability in own.items() if said.sarcastic]
    assert (found.read_positive.sarcastic.hits, found.sarcastic) == (sum(positive), len(positive))
    changes = [
        probability - np.mean([verdict(model, text).probability for text in said.rewordings])
        for said, probability in own.items()
        if said.sarcastic and said.rewordings
    ]
    assert found.reworded is not None and found.reworded.texts == len(changes) > 5
    assert found.reworded.change.mean == pytest.approx(np.mean(changes), abs=1e-6)
    right = [
        (probability >= 0.5) == (said.sentiment == 1)
        for said, probability in own.items()
        if said.sarcastic and said.sentiment is not None
    ]
    assert found.meant is not None
    assert (found.meant.accuracy[0].hits, found.meant.accuracy[0].rows) == (sum(right), len(right))
    assert (found.model, found.data, found.rows) == ("lstm", "corpus.jsonl", 49)


def test_reports_come_one_by_one_and_can_be_cancelled(corpus_file: Path, tiny_checkpoints: Path) -> None:
    models = [checkpoints.load(name, tiny_checkpoints) for name in ("rnn", "gru")]
    corpus = read_sarcasm(corpus_file, Columns())
    assert [found.model for found in reports([corpus], models)] == ["rnn", "gru"]

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(reports([corpus], models, stop))


# The file


def test_figures_are_kept_and_read_back(corpus_file: Path, tiny_checkpoints: Path, tmp_path: Path) -> None:
    models = [checkpoints.load(name, tiny_checkpoints) for name in ("rnn", "gru")]
    corpora = [
        read_sarcasm(corpus_file, Columns(rewording="rephrase", sentiment="mood", sentiment_asked=NEUTRAL)),
        read_sarcasm(corpus_file, Columns()),
    ]
    made = list(reports(corpora, models))
    path = report_file.save(tmp_path / "new", corpora, models, made)
    kept = report_file.load(tmp_path / "new")
    assert kept is not None and kept.reports == tuple(made)
    assert kept.models == {model.name: model.hash for model in models}
    assert kept.corpora == {"corpus.jsonl": corpora[0].sha256}
    assert kept.outdated(kept.models) == [] and kept.outdated({**kept.models, "gru": "x"}) == ["gru"]
    assert kept.outdated({}) == ["rnn", "gru"]
    content = path.read_text(encoding="utf-8")
    assert not [said.text for said in corpora[0].texts if said.text in content]
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_file_is_none_and_a_damaged_one_is_reported(tmp_path: Path) -> None:
    assert report_file.load(tmp_path) is None
    for content in (b"", b"{", b"\xff", b"[]", b"{}", b'{"format": 2}', b'{"format": 1, "models": {}}', b"[" * 100_000):
        (tmp_path / report_file.FILE).write_bytes(content)
        with pytest.raises(ValueError, match=r"sarcasm\.json"):
            report_file.load(tmp_path)


def test_the_shipped_figures_are_of_the_shipped_models() -> None:
    folder = Path(__file__).parents[3] / "checkpoints"
    kept = report_file.load(folder)
    if kept is None:
        pytest.skip("no sarcasm.json is shipped")
    there = {name: checkpoints.identity(checkpoints.read_card(name, folder)) for name in ("rnn", "gru", "lstm")}
    assert kept.outdated(there) == []
    assert {found.model for found in kept.reports} == set(there)
    assert {Path(name).stem for name in kept.corpora} <= set(KNOWN)
