"""A scan's output has every row, its ranking is what sorting everything gives, and it can be stopped at any event."""

from __future__ import annotations

import csv
import inspect
import json
import random
import re
import threading
import tracemalloc
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.data import writers
from core.data.formats import detection, record_lines
from core.data.formats.layout import Layout
from core.data.targets import Target
from core.models.checkpoints import Checkpoint
from core.models.predict import verdict
from core.models.recurrent import Classifier
from core.probes.scan import one_file as scanning
from core.probes.scan.cues import CueFinder
from core.probes.scan.one_file import Scan, scan
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.data.tables import read_table
from tests.probes.small_models import permuted, random_checkpoint

WORDS = ["so", "not", "bad", "good", "late", "never", "oh", "great", "thanks", "...", "love", "it", "when", "rain", "!"]


def checkpoint(
    cell: str = "gru", preprocessing: Preprocessing = Preprocessing(), words: Sequence[str] = ()
) -> Checkpoint:
    """Random weights that find about half of the texts positive."""
    vocabulary = Vocabulary(words or WORDS)
    model = Classifier(cell, len(vocabulary), 4, 5)
    generator = torch.Generator().manual_seed({"rnn": 1, "gru": 2, "lstm": 3}[cell])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 1.2, generator=generator)
        model.linear.bias.zero_()
    return Checkpoint(cell, model.requires_grad_(False).eval(), preprocessing, vocabulary, {}, cell)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_WINDOW", 16)


@pytest.fixture
def rows() -> list[dict[str, str]]:
    """Made-up rows: every kind of label, some blank, some repeated."""
    draw = random.Random(4)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 7))) for _ in range(150)]
    texts[3], texts[40], texts[90] = "", "   ", texts[89]
    labels = ["0", "1", "negative", "POS", "2", "neutral", "", "neg", "1.0"]
    return [{"id": str(n), "text": text, "mood": labels[n % len(labels)]} for n, text in enumerate(texts)]


def write(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    if path.suffix == ".parquet":
        import pandas

        pandas.DataFrame(rows).to_parquet(path, row_group_size=50)
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def last(events: Iterator[Scan]) -> Scan:
    (found,) = deque(events, maxlen=1)
    assert found.done
    return found


NEUTRAL = {"2": "neutral"}
HUMAN = {"0": 0, "1": 1, "negative": 0, "pos": 1, "neg": 0, "1.0": 1}


def replica(model: Checkpoint, rows: Sequence[dict[str, str]]) -> list[tuple[float, int, float]]:
    """(score, row, P) of every row whose verdict is opposite to its label, by sorting all of them."""
    found = []
    for number, row in enumerate(rows, 1):
        human = HUMAN.get(row["mood"].lower())
        if row["text"].strip() and human is not None:
            probability = verdict(model, row["text"]).probability
            if (probability >= 0.5) != (human == 1):
                found.append((abs(probability - human), number, probability))
    return sorted(found, key=lambda one: (-one[0], one[1]))


@pytest.mark.parametrize(("cell", "top"), [("rnn", 1), ("gru", 5), ("lstm", 1_000)])
def test_the_ranking_is_what_sorting_everything_gives(
    cell: str, top: int, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    model = checkpoint(cell)
    found = last(scan(write(tmp_path / "in.csv", rows), [model], label_column="mood", asked=NEUTRAL, top=top))
    expected = replica(model, rows)
    assert len(expected) > 20 and found.opposite == {cell: len(expected)}
    finds = found.top[cell]
    assert len(finds) == min(top, len(expected))
    assert [find.score for find in finds] == pytest.approx([score for score, _, _ in expected[:top]], abs=1e-6)
    by_row = {row: (score, probability) for score, row, probability in expected}
    for find in finds:
        row = rows[find.row - 1]
        assert (find.text, find.line, find.model) == (row["text"], find.row + 1, cell)
        assert (find.score, find.probability) == pytest.approx(by_row[find.row], abs=1e-6)
        assert find.human == ("negative", "positive")[HUMAN[row["mood"].lower()]] != find.label
        assert (find.cues, find.cue_score) == CueFinder()(find.text)
    filled = [row for row in rows if row["text"].strip()]
    labelled = sum(row["mood"].lower() in HUMAN for row in filled)
    assert (found.rows, found.scored, found.empty, found.malformed) == (150, len(filled), 150 - len(filled), 0)
    assert (found.labelled, found.unlabelled) == (labelled, len(filled) - labelled)
    assert found.ranked_by == "disagreement" and found.problems == () and found.share == 1.0
    # Of equal scores the earlier row comes first.
    assert [(-find.score, find.row) for find in finds] == sorted((-find.score, find.row) for find in finds)


def test_of_equal_scores_the_earlier_rows_stay(tmp_path: Path) -> None:
    rows = [{"text": "oh great", "mood": "0"} for _ in range(100)]
    model = checkpoint()
    human = str(int(verdict(model, "oh great").label == "negative"))
    path = write(tmp_path / "in.csv", [{**row, "mood": human} for row in rows])
    for labels in (None, "mood"):
        found = last(scan(path, [model], label_column=labels, top=5))
        assert [find.row for find in found.top["gru"]] == [1, 2, 3, 4, 5]


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_lines, "_BLOCK", 2_048)
    monkeypatch.setattr(detection, "_PART", 2_048)
    peaks = []
    for times in (1, 8):
        rows = [{"text": f"so good {number}", "mood": str(number % 2)} for number in range(400)] * times
        path = write(tmp_path / "in.csv", rows)
        model = checkpoint()
        last(
            scan(path, [model], label_column="mood", asked=NEUTRAL, out=tmp_path / "out.csv")
        )  # what is loaded once is loaded
        tracemalloc.start()
        last(scan(path, [model], label_column="mood", asked=NEUTRAL, out=tmp_path / "out.csv"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]  # eight times the rows; how far the threads overlap is chance


@pytest.mark.parametrize(
    ("source", "target"), [(".csv", ".parquet"), (".tsv", ".csv"), (".jsonl", ".tsv"), (".parquet", ".jsonl")]
)
def test_every_row_is_in_the_output(source: str, target: str, rows: list[dict[str, str]], tmp_path: Path) -> None:
    models = [checkpoint("rnn"), checkpoint("lstm")]
    path, out = write(tmp_path / f"in{source}", rows), tmp_path / f"out{target}"
    last(scan(path, models, label_column="mood", asked=NEUTRAL, out=out))
    written = read_table(out)
    assert [{key: row[key] for key in ("id", "text", "mood")} for row in written] == rows
    names = ["human_reading"] + [f"{m.name}_{c}" for m in models for c in ("probability", "verdict", "disagreement")]
    assert list(written[0]) == ["id", "text", "mood", *names, "cue_score", "cues", "problem"]
    for row in written:
        human = HUMAN.get(row["mood"].lower())
        assert (row["human_reading"] or None) == (None if human is None else ("negative", "positive")[human])
        seen = CueFinder()(row["text"])
        assert float(row["cue_score"]) == seen.score and row["cues"] == " ".join(seen.names)
        for model in models:
            if not row["text"].strip():
                assert row[f"{model.name}_probability"] in (None, "") and row["problem"] == "no word to read"
                continue
            assert row["problem"] in (None, "")
            expected = verdict(model, row["text"])
            probability = float(row[f"{model.name}_probability"])
            assert probability == pytest.approx(expected.probability, abs=1e-6)
            assert row[f"{model.name}_verdict"] == expected.label
            disagreement = row[f"{model.name}_disagreement"]
            assert (disagreement in (None, "")) == (human is None)
            assert human is None or float(disagreement) == pytest.approx(abs(probability - human), abs=1e-12)


def test_without_labels_cues_times_probability_rank(rows: list[dict[str, str]], tmp_path: Path) -> None:
    model, out = checkpoint(), tmp_path / "out.jsonl"
    found = last(scan(write(tmp_path / "in.csv", rows), [model], out=out, top=10))
    expected = sorted(
        (
            (CueFinder()(row["text"]).score * verdict(model, row["text"]).probability, number)
            for number, row in enumerate(rows, 1)
            if CueFinder()(row["text"]).score > 0
        ),
        key=lambda one: (-one[0], one[1]),
    )
    assert found.ranked_by == "cues" and found.opposite == {} and found.labelled == 0
    assert [find.score for find in found.top["gru"]] == pytest.approx([score for score, _ in expected[:10]], abs=1e-6)
    assert all(find.human is None and find.score == find.cue_score * find.probability for find in found.top["gru"])
    written = read_table(out)
    assert "human_reading" not in written[0] and len(written) == len(rows)
    for row in written:
        if row["gru_probability"] is not None:
            assert row["gru_rank_score"] == row["cue_score"] * row["gru_probability"]


def test_several_models_are_one_reading(rows: list[dict[str, str]], tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", rows)
    models = [
        checkpoint("rnn"),
        checkpoint("gru", Preprocessing().without("lowercase")),
        checkpoint("lstm", words=WORDS[3:]),
    ]
    together = last(scan(path, models, label_column="mood", asked=NEUTRAL))
    for model in models:
        alone = last(scan(path, [model], label_column="mood", asked=NEUTRAL))
        assert together.top[model.name] == alone.top[model.name]
        assert together.opposite[model.name] == alone.opposite[model.name]


def test_malformed_rows_are_counted_listed_and_in_their_place(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    lines = [
        '{"text": "so good", "mood": "1"}',
        "{broken",
        '{"mood": "1"}',
        '{"text": 5, "mood": "1"}',
        '{"text": "' + "so " * 3_000 + '", "mood": "1"}',
        '{"text": "never late", "mood": "odd"}',
        '{"text": null, "mood": "1"}',
        '{"text": "not bad", "mood": null}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "out.csv"
    found = last(scan(path, [checkpoint()], label_column="mood", asked=NEUTRAL, out=out))
    assert (found.rows, found.scored, found.empty, found.malformed, found.misunderstood) == (8, 3, 1, 4, 1)
    assert [(problem.row, problem.line) for problem in found.problems] == [(2, 2), (3, 3), (4, 4), (5, 5), (6, 6)]
    reasons = [problem.reason for problem in found.problems]
    assert "not JSON" in reasons[0] and reasons[1] == "no 'text' in it" and "'5', expected a string" in reasons[2]
    assert reasons[3] == "3,000 words, of which at most 2,000 are read"
    assert reasons[4] == "label 'odd' is neither negative nor positive"
    written = read_table(out)
    assert [row["problem"] for row in written] == ["", *reasons, "no word to read", ""]
    assert [bool(row["gru_probability"]) for row in written] == [True, *[False] * 4, True, False, True]


def test_many_malformed_rows_are_all_counted_and_the_first_listed(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text,n\nso good,1\n" + "ragged\n" * 500 + "so bad,2\n", encoding="utf-8")
    found = last(scan(path, [checkpoint()], out=tmp_path / "out.parquet"))
    assert (found.rows, found.scored, found.malformed) == (502, 2, 500)
    assert [problem.row for problem in found.problems] == list(range(2, 102))
    assert sum(row["problem"] is not None for row in read_table(tmp_path / "out.parquet")) == 500


def test_keys_that_a_table_has_no_column_for_are_told_of(tmp_path: Path) -> None:
    path = write(tmp_path / "in.jsonl", [{"text": "so good"}] * 20 + [{"text": "so bad", "late": 1}])
    found = last(scan(path, [checkpoint()], out=tmp_path / "out.csv"))
    assert found.malformed == 0 and found.scored == 21
    assert read_table(tmp_path / "out.csv")[-1]["problem"] == "keys that the first rows lack are left out: late"
    last(scan(path, [checkpoint()], out=tmp_path / "out.jsonl"))
    row = read_table(tmp_path / "out.jsonl")[-1]
    assert row["late"] == 1 and row["problem"] is None


def test_own_words_for_labels(tmp_path: Path) -> None:
    rows = [{"text": text, "sarcastic": str(n % 2)} for n, text in enumerate(["so good", "so bad", "never late"] * 9)]
    path = write(tmp_path / "in.csv", rows)
    found = last(scan(path, [checkpoint()], None, "sarcastic", asked={"0": "positive", "1": "negative"}, top=99))
    assert found.labelled == 27
    for find in found.top["gru"]:
        assert find.human == ("positive", "negative")[(find.row - 1) % 2]


def test_classes_of_other_names(tmp_path: Path) -> None:
    rows = [{"text": text, "label": str(n % 2)} for n, text in enumerate(["so good", "so bad", "never late"] * 9)]
    path = write(tmp_path / "in.csv", rows)
    usual = last(scan(path, [checkpoint()], None, "label", top=99)).top["gru"]
    card = {"labels": ["ham", "spam"], "label_values": {"0": 0, "1": 1}}
    own = last(scan(path, [replace(checkpoint(), card=card)], None, "label", top=99)).top["gru"]
    names = dict(zip(("negative", "positive"), card["labels"], strict=True))
    spam = Target(("ham", "spam"), 1)
    assert own == tuple(replace(one, human=names[one.human], label=names[one.label], target=spam) for one in usual)


AIRLINE = ("late", "lost", "fine")


@pytest.fixture
def flights(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows, labelled with three classes or not."""
    labels = ["late", "Fine", "lost", "", "fine", "odd"]
    return [{**row, "mood": labels[number % len(labels)]} for number, row in enumerate(rows)]


def three(labels: tuple[str, ...] = AIRLINE) -> Checkpoint:
    return random_checkpoint("gru", WORDS, labels=labels, dtype=torch.float32, scale=1.2)


@pytest.mark.parametrize("target", [None, Target(AIRLINE, 1), Target(AIRLINE, 1, 2)])
@pytest.mark.parametrize("classes", [(), ("fine", "late"), None])
def test_three_classes_are_what_predict_says(
    target: Target | None, classes: Sequence[str] | None, flights: list[dict[str, str]], tmp_path: Path
) -> None:
    model = three() if target is None else three().targeted(target)
    path, out = write(tmp_path / "in.csv", flights), tmp_path / "out.jsonl"
    found = last(scan(path, [model], label_column="mood", out=out, top=20, classes=classes))
    assert found.misunderstood == sum(row["mood"] == "odd" for row in flights)
    assert found.problems[0].reason == "label 'odd' is neither late nor lost nor fine"
    expected, columns = [], [f"gru_P_{name}" for name in (AIRLINE if classes is None else classes)]
    for number, row in enumerate(read_table(out), 1):
        assert [name for name in row if name.startswith("gru_")] == [
            *("gru_probability", "gru_verdict", *columns, "gru_disagreement")
        ]
        if not row["text"].strip():
            assert {row[name] for name in ("gru_probability", "gru_verdict", *columns)} == {None}
            continue
        said = verdict(model, row["text"])
        every = dict(zip(AIRLINE, said.distribution, strict=True))
        assert (row["gru_verdict"], row["gru_probability"]) == (said.label, pytest.approx(said.probability, abs=1e-6))
        assert [row[name] for name in columns] == pytest.approx([every[name[6:]] for name in columns], abs=1e-6)
        gold = row["mood"].lower()
        if gold in AIRLINE:
            assert row["gru_disagreement"] == pytest.approx(1 - every[gold], abs=1e-6)
            if gold != said.label:
                expected.append((1 - every[gold], number, said))
    expected.sort(key=lambda one: (-one[0], one[1]))
    assert found.opposite == {"gru": len(expected)} and len(expected) > 30
    for find, (score, number, said) in zip(found.top["gru"], expected, strict=False):
        assert (find.row, find.label, find.target) == (number, said.label, said.target)
        assert (find.score, find.probability) == pytest.approx((score, said.probability), abs=1e-6)


def test_permuted_classes_are_ranked_alike(flights: list[dict[str, str]], tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", flights)
    one, other = (
        last(scan(path, [model], label_column="mood")).top["gru"] for model in (three(), permuted(three(), (2, 0, 1)))
    )
    numbers = [[(find.probability, find.score) for find in finds] for finds in (one, other)]
    np.testing.assert_allclose(*numbers, atol=1e-6)
    assert [(find.row, find.label, find.human) for find in one] == [
        (find.row, find.label, find.human) for find in other
    ]


def test_cues_rank_by_positive_where_it_is_one_of_three(rows: list[dict[str, str]], tmp_path: Path) -> None:
    path, model = write(tmp_path / "in.csv", rows), three(("negative", "neutral", "positive"))
    for find in last(scan(path, [model])).top["gru"]:
        chance = verdict(model, find.text).distribution[2]
        assert find.target.name == "positive" and find.probability == pytest.approx(chance, abs=1e-6)
        assert find.score == pytest.approx(CueFinder()(find.text).score * chance, abs=1e-6)
    assert last(scan(path, [three()])).top == {"gru": ()}
    with pytest.raises(LookupError, match="'angry' is no class; available: late, lost, fine"):
        next(scan(path, [three()], classes=["fine", "angry"]))


# Progress and stopping


def test_every_event_carries_what_is_found_so_far(rows: list[dict[str, str]], tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", rows)
    events = list(scan(path, [checkpoint()], label_column="mood", asked=NEUTRAL, out=tmp_path / "out.csv"))
    assert [event.rows for event in events] == [*range(16, 150, 16), 150, 150]
    assert [event.done for event in events] == [False] * (len(events) - 1) + [True]
    assert all(0 < event.share <= 1 for event in events)
    assert (
        events[2].top["gru"]
        == last(scan(write(tmp_path / "part.csv", rows[:48]), [checkpoint()], None, "mood", asked=NEUTRAL)).top["gru"]
    )


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_it_can_be_closed_at_any_event_and_leaves_nothing(
    suffix: str, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    path, out = write(tmp_path / "in.csv", rows), tmp_path / f"out.{suffix}"
    out.write_text("what stood there", encoding="utf-8")
    for stop in (0, 1, 5, 10):
        events = scan(path, [checkpoint()], out=out)
        for _ in range(stop):
            assert not next(events).done
        events.close()
        assert inspect.getgeneratorstate(events) == inspect.GEN_CLOSED
        assert sorted(tmp_path.iterdir()) == sorted([path, out])
        assert out.read_text(encoding="utf-8") == "what stood there"
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("scan")]
    last(scan(path, [checkpoint()], out=out))
    assert len(read_table(out)) == len(rows)


def test_what_check_cancelled_raises_ends_it(rows: list[dict[str, str]], tmp_path: Path) -> None:
    path, out = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    calls = 0

    def check_cancelled() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(scan(path, [checkpoint()], out=out, check_cancelled=check_cancelled))
    assert not out.exists() and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_of_and_leaves_nothing(
    rows: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writers._Delimited, "write", full)
    path = write(tmp_path / "in.csv", rows)
    with pytest.raises(OSError, match="No space left"):
        list(scan(path, [checkpoint()], out=tmp_path / "out.csv"))
    assert list(tmp_path.iterdir()) == [path]


# Bad input


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"text_column": "gone"}, "in.csv has no column 'gone'; it has: id, text, mood"),
        ({"label_column": "gone"}, "in.csv has no column 'gone'; it has: id, text, mood"),
        ({"text_column": "id"}, "(0, 1, 2, …)"),
        ({"label_column": "id"}, "column 'id' holds 0 (1 row), 1 (1), 2 (1), "),
        ({"label_column": "text"}, "no label in column 'text' is understood"),
        ({"top": 0}, "at least one row; given: 0"),
        ({"asked": {"x": "positive"}}, "label column"),
        ({"label_column": "mood", "asked": {"neg": "positive"}}, "cannot stand for both"),
        ({"layout": Layout("nosuch")}, "nosuch"),
    ],
)
def test_bad_input_is_told_of_before_anything_is_written(
    arguments: dict[str, Any], says: str, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    path = write(tmp_path / "in.csv", rows)
    with pytest.raises((ValueError, LookupError)) as error:
        list(scan(path, [checkpoint()], out=tmp_path / "out.csv", **arguments))
    assert says in str(error.value.args[0]) and "\n" not in str(error.value.args[0])
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match="no model"):
        next(scan(path, []))


@pytest.mark.parametrize("values", [[1, 2, 3], [1.5, None, 2.0], [[1], [2], [3]]])
def test_a_column_of_no_texts_is_refused_in_parquet_and_json(values: list[Any], tmp_path: Path) -> None:
    rows = [{"text": value} for value in values]
    for suffix in (".parquet", ".jsonl"):
        with pytest.raises(ValueError, match=rf"column 'text' .*\({re.escape(str(values[0]))}, "):
            list(scan(write(tmp_path / f"in{suffix}", rows), [checkpoint()]))
