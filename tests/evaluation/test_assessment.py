"""Models on a labelled file: the same figures as row by row, whatever the format and the windows; faults told."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from core.data.corpus import read_corpus
from core.data.formats import detection, record_lines
from core.data.targets import Target
from core.evaluation import assessment
from core.evaluation.assessment import OWN, Assessment, assess, own
from core.evaluation.metrics import evaluate, paired_interval
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import verdicts
from tests.conftest import WORDS, write_tiny_checkpoint
from tests.data.tables import FORMATS, write
from tests.hostile import SENTENCES

THREE = ("negative", "neutral", "positive")


@pytest.fixture(scope="module")
def models(tiny_checkpoints: Path) -> list[Checkpoint]:
    return [checkpoints.load(name, tiny_checkpoints) for name in ("rnn", "gru", "lstm")]


def rows(count: int) -> list[tuple[str, str]]:
    random = np.random.default_rng(0)
    words = [*WORDS, "qqq", "zzz", "don't"]
    return [
        (("negative", "positive")[random.integers(2)], " ".join(random.choice(words, random.integers(1, 25))))
        for _row in range(count)
    ]


def table(path: Path, found: list[tuple[str, str]]) -> Path:
    return write(path, {"label": [label for label, _text in found], "text": [text for _label, text in found]})


def last(path: Path, models: list[Checkpoint], **options: object) -> Assessment:
    *_before, found = assess(path, models, **options)  # type: ignore[arg-type]
    assert found.done
    return found


@pytest.mark.parametrize("suffix", FORMATS)
def test_figures_are_those_of_evaluate(
    suffix: str, models: list[Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessment, "_WINDOW", 70)  # several windows
    path = table(tmp_path / f"rows{suffix}", rows(300))
    found = last(path, models)
    assert (found.rows, found.counted, found.malformed, found.empty) == (300, 300, 0, 0)
    corpus = read_corpus(path)
    for checkpoint in models:
        wanted, tally = evaluate(checkpoint, corpus), found.tallies.of(checkpoint.name)
        assert tally.at(0.5).accuracy == wanted.accuracy
        assert tally.log_loss == pytest.approx(wanted.log_loss, rel=1e-5)
        assert tally.calibration_error == pytest.approx(wanted.calibration_error, abs=1e-6)
        assert tally.unknown / tally.tokens == pytest.approx(wanted.unknown_rate)
        lengths = [cell for cell in tally.cells() if cell.family == "length" and cell.rows]
        assert [(cell.rows, cell.accuracy) for cell in lengths] == [
            (band.rows, band.accuracy) for band in wanted.by_length
        ]


@pytest.fixture(scope="module")
def of_three(tmp_path_factory: pytest.TempPathFactory) -> list[Checkpoint]:
    folder = tmp_path_factory.mktemp("three")
    for seed, cell in enumerate(("gru", "lstm")):
        write_tiny_checkpoint(folder, cell, cell, labels=THREE, seed=seed)
    return [checkpoints.load(name, folder) for name in ("gru", "lstm")]


def test_three_classes(of_three: list[Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assessment, "_WINDOW", 70)
    random = np.random.default_rng(1)
    given = [(THREE[random.integers(3)], text) for _label, text in rows(200)]
    path = table(tmp_path / "rows.csv", given)
    aimed = [of_three[0].targeted(Target(THREE, 1)), of_three[1]]
    found = last(path, aimed)
    corpus = read_corpus(path, labelling=of_three[0].labelling)
    labels = np.array([THREE.index(label) for label, _text in given])
    p = {one.name: np.array([v.distribution for v in verdicts(one, corpus.texts)]) for one in of_three}
    said = {name: values.argmax(axis=1) for name, values in p.items()}
    for checkpoint in of_three:
        wanted, tally = evaluate(checkpoint, corpus), found.tallies.of(checkpoint.name)
        assert tally.hash == checkpoint.hash and tally.accuracy == wanted.accuracy
        assert wanted.confusion["counts"] == tally.confusion.tolist()
        assert tally.log_loss == pytest.approx(wanted.log_loss, rel=1e-5)
        assert tally.targeted(None).calibration_error == pytest.approx(wanted.calibration_error, abs=1e-6)
        assert tally.confusion.tolist() == confusion_matrix(labels, said[checkpoint.name]).tolist()
    assert found.tallies.of("gru").target == Target(THREE, 1) and found.tallies.of("lstm").target is None
    right = {name: values == labels for name, values in said.items()}
    assert found.tallies.pair("gru", "lstm").only_a == int((right["gru"] & ~right["lstm"]).sum())
    distance = np.abs(p["gru"] - p["lstm"]).sum(axis=1) / 2
    every = np.sort(distance[right["gru"] != right["lstm"]])[::-1]
    shown = [distance[one.row - 1] for one in found.differing["gru", "lstm"]]
    assert shown == pytest.approx(every[: len(shown)], abs=1e-5) and len(shown) == min(assessment.KEPT, len(every))
    for (label, predicted), examples in found.fields["lstm"].items():
        inside = (labels == label) & (said["lstm"] == predicted)
        assert len(examples) == min(assessment.KEPT, int(inside.sum()))
        chances = [one.probabilities["lstm"] for one in examples]
        assert chances == sorted(chances, reverse=True)
        for one in examples:
            assert inside[one.row - 1] and one.predicted == {name: values[one.row - 1] for name, values in said.items()}
            assert one.probabilities["lstm"] == pytest.approx(p["lstm"][one.row - 1].max(), abs=1e-5)
    with pytest.raises(ValueError, match="gru has 3 classes; given 2 names"):
        last(path, of_three, labels=("a", "b"))


def test_pairs_and_examples_are_those_of_every_row(models: list[Checkpoint], tmp_path: Path) -> None:
    given = rows(120)
    found = last(table(tmp_path / "rows.csv", given), models)
    labels = np.array([label == "positive" for label, _text in given])
    p = {
        checkpoint.name: np.array([one.probability for one in verdicts(checkpoint, [text for _label, text in given])])
        for checkpoint in models
    }
    right = {name: (values >= 0.5) == labels for name, values in p.items()}
    for a, b in (("rnn", "gru"), ("gru", "lstm"), ("lstm", "rnn")):
        pair = found.tallies.pair(a, b)
        assert (pair.only_a, pair.only_b) == (int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum()))
        difference, low, high = paired_interval(right[a], right[b])
        assert pair.difference == pytest.approx(difference)
        assert pair.interval == pytest.approx((low, high), abs=0.02)
    apart = found.differing["rnn", "gru"]
    gaps = [abs(one.probabilities["rnn"] - one.probabilities["gru"]) for one in apart]
    assert gaps == sorted(gaps, reverse=True)
    every = np.abs(p["rnn"] - p["gru"])[right["rnn"] != right["gru"]]
    assert gaps == pytest.approx(sorted(every, reverse=True)[: len(gaps)], abs=1e-5)
    assert len(gaps) == min(assessment.KEPT, len(every))
    for (label, said), examples in found.fields["lstm"].items():
        inside = (labels == label) & ((p["lstm"] >= 0.5) == said)
        assert len(examples) == min(assessment.KEPT, int(inside.sum()))
        for one in examples:
            assert given[one.row - 1][1] == one.text
            assert inside[one.row - 1]
            assert one.probabilities["lstm"] == pytest.approx(p["lstm"][one.row - 1], abs=1e-5)


def test_rows_that_are_not_as_they_should_be_are_told_of(models: list[Checkpoint], tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "label,text\npositive,good\nmaybe,bad\nneutral,so so\nnegative,\n0,sad\n1,love it\nnegative\n"
        f"positive,{'good ' * 3_000}\n",
        encoding="utf-8",
    )
    found = last(path, models)
    assert (found.rows, found.counted, found.unlabelled, found.empty, found.malformed) == (8, 3, 1, 1, 3)
    assert [(problem.row, problem.line) for problem in found.problems] == [(2, 3), (7, 8), (8, 9)]
    assert [found.problems[0].reason, found.problems[2].reason] == [
        "the label 'maybe' is not understood",
        "more than 2,000 tokens",
    ]


def test_labels_of_other_names(models: list[Checkpoint], tmp_path: Path) -> None:
    path = table(tmp_path / "rows.csv", [("ham", "good"), ("spam", "bad"), ("junk", "sad"), ("ham", "love")])
    found = last(path, models, labels=("ham", "spam"), asked={"junk": "spam"})
    assert found.counted == 4
    assert found.tallies.tallies[0].labels == ("ham", "spam")
    assert found.tallies.tallies[0].counts.sum(axis=1).tolist() == [2, 2]


def test_hostile_texts_are_counted_like_any(models: list[Checkpoint], tmp_path: Path) -> None:
    found = last(table(tmp_path / "rows.jsonl", [("positive", text) for text in SENTENCES]), models)
    assert found.counted + found.empty == len(SENTENCES) and found.malformed == 0
    assert found.tallies.tallies[0].auc is None


def test_what_cannot_be_counted_is_refused(models: list[Checkpoint], tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    for content, message in (
        ("label,text\nyes,good\nno,bad\n", "no label in column 'label' is understood"),
        ("label,text\npositive,\n", "no row has both"),
        ("label,text\n", "has no rows"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            last(path, models)
    table(path, rows(3))
    with pytest.raises(LookupError, match="no column 'tweet'"):
        last(path, models, text_column="tweet")
    with pytest.raises(ValueError, match="1 to 8 models"):
        last(path, [])
    with pytest.raises(ValueError, match="twice"):
        last(path, [models[0], models[0]])
    with pytest.raises(ValueError, match="both"):
        last(path, models, asked={"negative": "positive"})


def test_it_can_be_stopped_between_batches(models: list[Checkpoint], tmp_path: Path) -> None:
    path = table(tmp_path / "rows.csv", rows(50))

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        last(path, models, check_cancelled=stop)


def test_memory_does_not_grow_with_the_file(
    models: list[Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    monkeypatch.setattr(assessment, "_WINDOW", 100)
    monkeypatch.setattr(record_lines, "_BLOCK", 2_048)
    monkeypatch.setattr(detection, "_PART", 2_048)
    peaks = []
    for count in (300, 1_500):
        path = table(tmp_path / f"{count}.csv", rows(300) * (count // 300))
        tracemalloc.start()
        for _found in assess(path, models[:1]):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_the_projects_own_sentences_are_of_both_labels_and_every_slice(models: list[Checkpoint]) -> None:
    with OWN.open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file, delimiter="\t"))
    labels = [row["label"] for row in texts]
    assert set(labels) == {"negative", "positive"} and 110 <= len(labels) <= 140
    assert abs(labels.count("positive") - labels.count("negative")) < 5
    assert len({row["text"].lower() for row in texts}) == len(texts)
    found = own(models)
    assert (found.malformed, found.empty, found.unlabelled) == (0, 0, 0)
    counts = {(cell.family, cell.name): cell.rows for cell in found.tallies.of("lstm").cells()}
    assert min(counts[family, "with"] for family in ("negation", "question", "emoticon")) >= 15
