"""Mining finds what comparing every row with every other finds, reads the texts of candidates alone, and says so."""

from __future__ import annotations

import csv
import inspect
import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.__main__ import main
from core.data.labels import SENTIMENT
from core.data.targets import Target
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import verdict
from core.probes.permutations import mining
from core.probes.permutations.mining import MiningProgress, OppositePair, mine
from core.text.preprocessing import Preprocessing
from tests.probes.small_models import random_checkpoint

WORDS = ["so", "not", "bad", "good", "late", "never"]


THREE = ("late", "lost", "fine")


def checkpoint(
    cell: str = "gru",
    preprocessing: Preprocessing = Preprocessing(),
    seed: int = 29,
    labels: tuple[str, ...] = SENTIMENT,
) -> Checkpoint:
    """Random weights that find about half of the orders of five words positive."""
    made = random_checkpoint(cell, WORDS, dtype=torch.float32, scale=1.2, seed=seed, labels=labels)
    made.model.linear.bias.zero_()
    return replace(made, preprocessing=preprocessing)


def write(path: Path, texts: Sequence[str], column: str = "text") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", column])
        writer.writerows(enumerate(texts))
    return path


def last(events: Any) -> MiningProgress:
    *_, found = events
    return found


def replica(model: Checkpoint, texts: Sequence[str]) -> set[tuple[int, int]]:
    """Row numbers (positive, negative) from comparing every row with every other; of equal rows, the first counts."""
    tokens = [model.preprocessing(text) for text in texts]
    probability: dict[int, float] = {}
    seen = set()
    for row, words in enumerate(tokens):
        key = (tuple(sorted(words)), tuple(word if word in model.vocabulary else "?" for word in words))
        if key not in seen and len(words) > 1:
            seen.add(key)
            probability[row] = verdict(model, texts[row]).probability
    return {
        (i + 1, j + 1)
        for i, j in itertools.permutations(probability, 2)
        if sorted(tokens[i]) == sorted(tokens[j]) and probability[i] >= 0.5 > probability[j]
    }


@pytest.fixture
def texts() -> list[str]:
    """Made-up rows: many permutations, repeats, blank ones, unknown words."""
    draw = random.Random(4)
    words = [*WORDS[:4], "frabjous", "gig"]
    rows = [" ".join(draw.sample(words, k=draw.randint(1, 5))) for _ in range(300)]
    rows[7], rows[70] = "", "  "
    return rows


def test_pairs_are_those_of_comparing_every_row_with_every_other(texts: list[str], tmp_path: Path) -> None:
    model = checkpoint()
    found = last(mine(write(tmp_path / "rows.csv", texts), [model], per_group=1_000))
    expected = replica(model, texts)
    assert len(expected) > 20 and found.left_out == 0
    assert {pair.rows for pair in found.pairs} == expected and len(found.pairs) == len(expected)
    for pair in found.pairs:
        assert pair.model == "gru"
        assert (pair.a, pair.b) == tuple(texts[row - 1] for row in pair.rows)
        assert pair.probability_a == pytest.approx(verdict(model, pair.a).probability, abs=1e-6)
        assert pair.probability_b == pytest.approx(verdict(model, pair.b).probability, abs=1e-6)
        assert pair.probability_a >= 0.5 > pair.probability_b
        assert pair.gap == pair.probability_a - pair.probability_b
    assert [pair.gap for pair in found.pairs] == sorted((pair.gap for pair in found.pairs), reverse=True)
    groups = Counter(tuple(sorted(order)) for order in {tuple(text.split()) for text in texts} if len(order) > 1)
    assert found.rows == len(texts) and found.short == sum(len(text.split()) < 2 for text in texts)
    assert found.groups == sum(count > 1 for count in groups.values()) > 10
    assert found.orders == sum(count for count in groups.values() if count > 1)
    assert found.stage == "scoring" and found.done == found.total


@pytest.mark.parametrize("target", [None, Target(THREE, 1), Target(THREE, 1, 2)])
def test_pairs_of_three_classes_are_those_of_comparing_every_row_with_every_other(
    texts: list[str], tmp_path: Path, target: Target | None
) -> None:
    model = checkpoint(seed=44, labels=THREE)
    path = write(tmp_path / "rows.csv", texts)
    verdicts = {text: verdict(model, text) for text in {" ".join(text.split()) for text in texts} if text}
    known = [tuple(word if word in model.vocabulary else "?" for word in text.split()) for text in texts]
    expected: dict[frozenset[int], float] = {}
    for i, j in itertools.permutations(range(len(texts)), 2):
        a, b = texts[i], texts[j]
        if sorted(a.split()) != sorted(b.split()) or len(a.split()) < 2 or known[i] == known[j]:
            continue
        if any(known[i] == known[k] and sorted(texts[k].split()) == sorted(a.split()) for k in range(i)):
            continue
        if any(known[j] == known[k] and sorted(texts[k].split()) == sorted(b.split()) for k in range(j)):
            continue
        first, second = verdicts[" ".join(a.split())], verdicts[" ".join(b.split())]
        aim = target or Target(THREE, first.predicted)
        if first.predicted == aim.number and second.predicted in aim.rest:
            gap = first.aimed(aim).probability - second.aimed(aim).probability
            both = frozenset((i + 1, j + 1))
            expected[both] = max(gap, expected.get(both, -1))
    found = last(mine(path, [model.targeted(target) if target else model], per_group=1_000))
    assert {frozenset(pair.rows): pair.gap for pair in found.pairs} == pytest.approx(expected, abs=1e-6)
    assert len(expected) > 20 and found.left_out == 0
    for pair in found.pairs:
        assert (verdict(model, pair.a).label, verdict(model, pair.b).label) == (pair.label_a, pair.label_b)
    for bound in (1, 3):
        bounded = last(mine(path, [model.targeted(target) if target else model], per_group=bound))
        assert bounded.left_out == len(expected) - len(bounded.pairs)
        assert set(bounded.pairs) <= set(found.pairs)


def test_several_models_are_searched_in_one_reading(texts: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", texts)
    models = [checkpoint("rnn"), checkpoint("lstm")]
    together = last(mine(path, models)).pairs
    alone = [last(mine(path, [model])).pairs for model in models]
    assert sorted(together, key=str) == sorted(itertools.chain(*alone), key=str)
    assert [pair.gap for pair in together] == sorted((pair.gap for pair in together), reverse=True)


def test_each_model_groups_by_its_own_preprocessing(tmp_path: Path) -> None:
    usual = checkpoint("rnn")
    typed = checkpoint("rnn", Preprocessing().without("lowercase"))
    orders = [" ".join(order) for order in itertools.permutations(WORDS[:5])]
    a, b = min(replica(usual, orders))
    path = write(tmp_path / "rows.csv", [orders[a - 1], orders[b - 1].capitalize()])
    assert len(last(mine(path, [usual])).pairs) == 1
    assert last(mine(path, [typed])).groups == 0
    both = last(mine(path, [usual, typed]))
    assert (both.groups, both.orders, len(both.pairs)) == (1, 2, 1)


def test_repeats_single_tokens_and_blank_rows_are_no_group(tmp_path: Path) -> None:
    texts = ["so", "so", "so good", "so  GOOD", "bad bad never", "bad never never", "", " ", "\t"]
    found = last(mine(write(tmp_path / "rows.csv", texts), [checkpoint()]))
    assert (found.rows, found.groups, found.pairs) == (len(texts), 0, ())
    # Orders that differ only in unknown words are a group and make no pair.
    found = last(mine(write(tmp_path / "rows.csv", ["frabjous so gig", "gig so frabjous"]), [checkpoint()]))
    assert (found.groups, found.orders, found.total, found.pairs) == (1, 2, 0, ())


def test_colliding_hashes_make_no_false_pair(texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a hash of words that takes two values, and one of orders that is sound, nothing is lost either."""
    sound = mining._hash

    def weak(tokens: Sequence[str]) -> bytes:
        return sound([str(sound(tokens)[0] % 2)]) if list(tokens) == sorted(tokens) else sound(tokens)

    path = write(tmp_path / "rows.csv", texts)
    expected = last(mine(path, [checkpoint()]))
    monkeypatch.setattr(mining, "_hash", weak)
    # A sorted order has the weak hash too: orders that collide may hide each other, and never make a pair.
    assert {pair.rows for pair in last(mine(path, [checkpoint()], per_group=1_000)).pairs} <= replica(
        checkpoint(), texts
    )
    shuffled = [text for text in texts if text.split() != sorted(text.split())]
    path = write(tmp_path / "shuffled.csv", shuffled)
    found = last(mine(path, [checkpoint()], per_group=1_000))
    assert {pair.rows for pair in found.pairs} == replica(checkpoint(), shuffled)
    assert found.groups <= expected.groups


def test_pairs_are_bounded_most_opposed_first(
    texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mining, "_BATCH", 8)
    path = write(tmp_path / "rows.csv", texts)
    models = [checkpoint("rnn"), checkpoint("lstm")]
    everything, found = last(mine(path, models)), last(mine(path, models, limit=4))
    for model in models:
        of_model = [pair for pair in everything.pairs if pair.model == model.name]
        assert [pair for pair in found.pairs if pair.model == model.name] == of_model[:4]
    assert found.left_out == everything.left_out + len(everything.pairs) - 8
    texts = [" ".join(order) for order in itertools.permutations(WORDS[:5])]
    path = write(tmp_path / "rows.csv", texts)
    everything = last(mine(path, [checkpoint()], per_group=10_000))
    assert len(everything.pairs) > 100 and everything.left_out == 0
    for bound in (1, 3, 10):
        found = last(mine(path, [checkpoint()], per_group=bound))
        assert found.pairs == everything.pairs[:bound]
        assert found.left_out == len(everything.pairs) - bound


# Progress


def test_every_event_carries_what_is_found_so_far(
    texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mining, "_STEP", 20)
    monkeypatch.setattr(mining, "_BATCH", 8)
    path = write(tmp_path / "rows.csv", texts)
    events = list(mine(path, [checkpoint("rnn"), checkpoint("gru")]))
    stages = [stage for stage, _ in itertools.groupby(event.stage for event in events)]
    assert stages == ["reading", "comparing", "scoring"]
    for before, after in itertools.pairwise(events):
        assert set(before.pairs) <= set(after.pairs) and before.left_out <= after.left_out
        assert before.rows <= after.rows and (before.stage != after.stage or before.done <= after.done)
    assert len([event for event in events if event.stage == "reading"]) > 10
    assert len({len(event.pairs) for event in events}) > 5
    for stop in (0, 1, 20, len(events) - 1):
        search = mine(path, [checkpoint("rnn"), checkpoint("gru")])
        for _ in range(stop):
            next(search)
        search.close()
        assert inspect.getgeneratorstate(search) == inspect.GEN_CLOSED


# Bad input


def test_bad_bounds_no_model_no_rows_and_a_row_without_text_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", ["so good"])
    for bounds in ({"limit": 0}, {"per_group": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            next(mine(path, [checkpoint()], **bounds))
    with pytest.raises(ValueError, match="no model"):
        next(mine(path, []))
    with pytest.raises(ValueError, match="has no rows"):
        next(mine(write(tmp_path / "empty.csv", []), [checkpoint()]))
    (tmp_path / "rows.jsonl").write_text('{"text": "so good"}\n{"text": null}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"row 2 \(line 2\): the text is None"):
        next(mine(tmp_path / "rows.jsonl", [checkpoint()]))


def test_hostile_rows_are_read(tmp_path: Path) -> None:
    texts = ["<b>x</b> so 🙂 not", "not 🙂 so <b>x</b>", "so \x01 not", "not \x01 so", "=so()", "a " * 5_000]
    path = tmp_path / "rows.jsonl"
    rows = [*(json.dumps({"text": text}) for text in texts), '{"text": "so \\ud800 not"}', '{"text": "not so \\ud800"}']
    path.write_text("\n".join(rows), encoding="utf-8")
    assert last(mine(path, [checkpoint()])).groups == 3


# The command line


@pytest.fixture
def tiny(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    return tiny_checkpoints


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Orders of words that the tiny checkpoints know."""
    words = ["so", "good", "bad", "never", "late"]
    return write(tmp_path / "orders.csv", [" ".join(order) for order in itertools.permutations(words)], "said")


@pytest.mark.usefixtures("tiny")
def test_the_verb_prints_json_and_lines(capsys: pytest.CaptureFixture[str], orders: Path) -> None:
    assert main(["mine", str(orders), "--text-column", "said", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and "120 rows" in err and "1 groups" in err and "120 orders" in err
    found = json.loads(out)
    models = [checkpoints.load(name) for name in ("rnn", "gru", "lstm")]
    expected = last(mine(orders, models, "said")).pairs
    assert expected and [OppositePair(**{**row, "rows": tuple(row["rows"])}) for row in found] == list(expected)
    assert {tuple(row) for row in found} == {
        ("model", "a", "b", "probability_a", "probability_b", "rows", "label_a", "label_b", "valid")
    }
    # For people a line a pair.
    assert main(["mine", str(orders), "--text-column", "said", "--model", "rnn", "--limit", "3"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{pair.gap:.4f}  rnn  {pair.probability_a:.4f}  {pair.a}  |  {pair.probability_b:.4f}  {pair.b}"
        for pair in [pair for pair in expected if pair.model == "rnn"][:3]
    ]


@pytest.mark.usefixtures("tiny")
def test_the_verb_prints_control_characters_inert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["so", "good", "bad", "\x1b[31m", "\u202e"]
    path = write(tmp_path / "rows.csv", ["\n".join(order) for order in itertools.permutations(words)])
    assert main(["mine", str(path), "--model", "all"]) == 0
    out = capsys.readouterr().out
    assert out and all(line.isprintable() and "  |  " in line for line in out.splitlines())


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.csv"], "gone.csv"),
        (["orders.csv"], "no column 'text'; it has: number, said"),
        (["orders.csv", "--text-column", "said", "--limit", "0"], "at least 1"),
        (["orders.csv", "--text-column", "said", "--model", "nosuch"], "available: rnn, gru, lstm"),
        (["empty.csv"], "no rows"),
        (["latin.csv", "--encoding", "utf-8"], "encoding"),
        (["."], "is a folder"),
    ],
)
def test_bad_input_is_one_line_on_standard_error(
    arguments: list[str],
    says: str,
    orders: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(orders.parent)
    write(orders.with_name("empty.csv"), [])
    orders.with_name("latin.csv").write_bytes("text\ncafé so\n".encode("latin-1"))
    assert main(["mine", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and says in err


def test_twenty_thousand_real_rows_are_searched(report_data: Path) -> None:
    found = last(mine(report_data, [checkpoint()]))
    assert found.rows == 20_000
    for pair in found.pairs:
        assert sorted(Preprocessing()(pair.a)) == sorted(Preprocessing()(pair.b))
