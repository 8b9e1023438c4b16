"""The trigram against counts worked by hand and a plain replica; sums, packing, ranks, pairs, files and bad input."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, permutations, product
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.data.corpus import Encoded, encode_tokens
from core.fluency import data as fluency_data
from core.fluency import kneser_ney, packing, recipe
from core.fluency import trigram as fluency
from core.fluency.evaluation import Contest, Rank, contests, judge_pairs, movable, rank, rank_orders, score_orders
from core.fluency.trigram import BOUNDARY, Trigram
from core.models import checkpoints
from core.models.checkpoints import CheckpointError
from core.text.preprocessing import Preprocessing, Vocabulary

# Three sentences. Bigrams, with | for start and end: |a ab b| |a ac c| |b ba a|
SENTENCES = [["a", "b"], ["a", "c"], ["b", "a"]]
HAND = Vocabulary("abc")
A, B, C = (HAND.id(word) for word in "abc")
WORDS = ["red", "green", "blue", "cyan", "tan", "grey", "black", "white"]
COLOURS = Vocabulary(WORDS)


def counted(sentences: Sequence[Sequence[str]], vocabulary: Vocabulary) -> tuple[kneser_ney.Counts, kneser_ney.Counts]:
    return kneser_ney.count(encode_tokens(sentences, vocabulary), len(vocabulary))


def made_up(rows: int, seed: int) -> list[list[str]]:
    """Sentences in which a colour mostly follows its neighbour in the list, some words unknown."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        place = int(random.integers(8))
        words = []
        for _ in range(int(random.integers(1, 9))):
            words.append(WORDS[place] if random.random() < 0.95 else f"unseen{random.integers(9)}")
            place = (place + 1 if random.random() < 0.7 else int(random.integers(8))) % 8
        made.append(words)
    return made


CORPORA = (made_up(400, 0), made_up(60, 1))
WEIGHTS = (1.0, 7.0)


def whole(found: kneser_ney.Estimate, vocabulary: Vocabulary, unknown_words: int = 1) -> Trigram:
    return Trigram(vocabulary, found.unigram, found.bigrams, found.trigrams, unknown_words)


@pytest.fixture(scope="module")
def estimated() -> kneser_ney.Estimate:
    return kneser_ney.estimate([counted(rows, COLOURS) for rows in CORPORA], WEIGHTS, len(COLOURS))


@pytest.fixture(scope="module")
def trigram(estimated: kneser_ney.Estimate) -> Trigram:
    return whole(estimated, COLOURS, 9)


@pytest.fixture(scope="module")
def pruned(estimated: kneser_ney.Estimate) -> Trigram:
    """What is left in 4,900 bytes, of which the four books take 4,096."""
    return kneser_ney.fit(COLOURS, estimated, 9, 4_900)


# Counting


def test_counts_and_discounts_by_hand() -> None:
    bigrams, trigrams = counted([*SENTENCES, []], HAND)
    size = len(HAND)
    expected = {(0, A): 2, (A, B): 1, (B, 0): 1, (A, C): 1, (C, 0): 1, (0, B): 1, (B, A): 1, (A, 0): 1}
    assert dict(zip(bigrams.keys.tolist(), bigrams.counts.tolist(), strict=True)) == {
        a * size + b: n for (a, b), n in expected.items()
    }
    triples = [(0, A, B), (A, B, 0), (0, A, C), (A, C, 0), (0, B, A), (B, A, 0)]
    assert trigrams.keys.tolist() == sorted((a * size + b) * size + c for a, b, c in triples)
    assert trigrams.counts.tolist() == [1] * 6
    # n1..n4 = 4, 3, 2, 1: Y = 4/10; D1 = 1 - 2(.4)(3/4) = .4, D2 = 2 - 3(.4)(2/3) = 1.2, D3 = 3 - 4(.4)(1/2) = 2.2
    counts = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 9, 0], dtype=float)
    assert kneser_ney.discounts(counts) == pytest.approx([0.4] * 4 + [1.2] * 3 + [2.2] * 4 + [0])
    assert kneser_ney.discounts(np.array([1.0, 5.0])).tolist() == [0.75, 0.75]


def test_probabilities_by_hand() -> None:
    found = kneser_ney.estimate([counted(SENTENCES, HAND)], [1], len(HAND))
    p = whole(found, HAND).probability
    # No count is seen 3 times, so D = 3/4 throughout. p(c): distinct words before: end 3 (b c a), a 2 (start b),
    # b 2 (start a), c 1 (a): 8 in all; discounted 9/4 5/4 5/4 1/4 = 5, the rest 3 shared by five words (<unk> too).
    single = {0: 9 / 32 + 3 / 40, A: 5 / 32 + 3 / 40, B: 5 / 32 + 3 / 40, C: 1 / 32 + 3 / 40, 1: 3 / 40}
    for word, expected in single.items():
        assert found.unigram[word] == pytest.approx(expected)
    # After the start, plain counts: a twice, b once, 3 in all: f(a) = 5/12, f(b) = 1/12, γ = 1/2.
    start = np.array([BOUNDARY])
    for word, share in ((A, 5 / 12), (B, 1 / 12), (C, 0)):
        assert p(start, start, np.array([word]))[0] == pytest.approx(share + single[word] / 2)
    # After a: b, c and the end, each after one other word: f = 1/12 each, γ = 3/4.
    after_a = 1 / 12 + 3 / 4 * single[B]
    # After start a: b once, c once: f = 1/8 each, γ = 3/4.
    assert p(start, np.array([A]), np.array([B]))[0] == pytest.approx(1 / 8 + 3 / 4 * after_a)
    # c a was never seen: the bigram decides.
    assert p(np.array([C]), np.array([A]), np.array([B]))[0] == pytest.approx(after_a)


class Replica:
    """The same model from its equations, with dictionaries and loops."""

    def __init__(self, corpora: Sequence[Sequence[Sequence[str]]], weights: Sequence[float]):
        self.weights, self.words = weights, [*WORDS, "<unk>", "|"]
        self.orders: list[list[Counter[tuple[str, ...]]]] = []
        for sentences in corpora:
            three: Counter[tuple[str, ...]] = Counter()
            two: Counter[tuple[str, ...]] = Counter()
            for words in sentences:
                row = ["|", *(word if word in WORDS else "<unk>" for word in words), "|"]
                two.update(pairwise(row))
                three.update(zip(row, row[1:], row[2:], strict=False))
            one: Counter[tuple[str, ...]] = Counter((b,) for _, b in two)
            before = Counter((b, c) for _, b, c in three)
            two = Counter({pair: n if pair[0] == "|" else before[pair] for pair, n in two.items()})
            self.orders.append([one, two, three])

    def p(self, *words: str) -> float:
        if not words:
            return 1 / len(self.words)
        *context, _ = words
        share = total = rest = 0.0
        for weight, orders in zip(self.weights, self.orders, strict=True):
            counts = orders[len(words) - 1]
            n = Counter(counts.values())
            y = n[1] / (n[1] + 2 * n[2]) if all(n[i] for i in (1, 2, 3, 4)) else None
            for ngram, count in counts.items():
                if list(ngram[:-1]) == context:
                    i = min(count, 3)
                    d = 0.75 if y is None else min(max(i - (i + 1) * y * n[i + 1] / n[i], 0.1), 0.95 * i)
                    total += weight * count
                    rest += weight * d
                    share += weight * (count - d) * (ngram == words)
        shorter = self.p(*words[1:])
        return (share + rest * shorter) / total if total else shorter


def test_probabilities_against_a_plain_replica() -> None:
    corpora = [rows[:60] for rows in CORPORA]
    found = kneser_ney.estimate([counted(rows, COLOURS) for rows in corpora], WEIGHTS, len(COLOURS))
    model, replica = whole(found, COLOURS), Replica(corpora, WEIGHTS)
    number = {"|": BOUNDARY, "<unk>": Vocabulary.unk_id} | {word: COLOURS.id(word) for word in WORDS}
    names = list(number)
    for a, b in product([*names[:5], "|"], ["|", "<unk>", *WORDS[:3]]):
        ids = np.array([[number[a], number[b], number[c]] for c in names]).T
        expected = [replica.p(b, c) if b == "|" else replica.p(a, b, c) for c in names]
        assert model.probability(*ids) == pytest.approx(expected, abs=1e-12)


# Sums, tables, scores


@pytest.mark.parametrize("which", ["trigram", "pruned", "stored"])
def test_every_distribution_sums_to_one(which: str, trigram: Trigram, pruned: Trigram) -> None:
    model = {"trigram": trigram, "pruned": pruned, "stored": Trigram.unpack(COLOURS, pruned.pack())}[which]
    size = len(COLOURS)
    a, b, c = (axis.ravel() for axis in np.meshgrid(*[np.arange(size)] * 3, indexing="ij"))
    p = model.probability(a, b, c)
    assert (p > 0).all()
    assert p.reshape(size, size, size).sum(axis=2) == pytest.approx(np.ones((size, size)), abs=1e-9)
    logs = model.log_probability(a, b, c)
    assert (logs <= 0).all() and np.isfinite(logs).all()
    # One unknown word is a ninth of <unk>.
    assert logs[c == 1] == pytest.approx(np.log(p[c == 1] / 9))


def test_table_and_score_agree_on_every_order(pruned: Trigram) -> None:
    tokens = ["red", "green", "zzz", "blue", "red"]
    table, n = pruned.table(tokens), len(tokens)
    assert table.shape == (6, 6, 6) and table.dtype == np.float32
    assert (table <= 0).all() and np.isfinite(table).all()
    orders = list(permutations(range(n)))
    scores = pruned.score([[tokens[place] for place in order] for order in orders])
    assert scores.dtype == np.float64
    for order, score in zip(orders, scores, strict=True):
        path = [n, n, *order, n]
        total = sum(float(table[one]) for one in zip(path, path[1:], path[2:], strict=False))
        assert total == pytest.approx(score, abs=1e-4)
    assert (table[:, n] == table[n, n]).all()  # what is before the start does not matter
    assert pruned.table([]).shape == (1, 1, 1)
    with pytest.raises(ValueError, match="201 tokens"):
        pruned.table(["red"] * 201)


def test_scores_do_not_depend_on_what_is_scored_together(
    trigram: Trigram, estimated: kneser_ney.Estimate, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = [*made_up(50, 3), [], ["red"]]
    together = trigram.score(sentences)
    monkeypatch.setattr(fluency, "_CHUNK", 20)
    assert trigram.score(sentences).tolist() == together.tolist()
    assert [trigram.score([tokens])[0] for tokens in sentences] == together.tolist()
    assert trigram.score([]).shape == (0,)
    one = whole(estimated, COLOURS, 1)  # of 1 and 9 unknown words
    assert one.score([["red", "zzz"]])[0] - trigram.score([["red", "zzz"]])[0] == pytest.approx(math.log(9))
    assert together[-2] == pytest.approx(math.log(trigram.probability(*np.zeros((3, 1), dtype=np.int64))[0]))


# Pruning and packing


def test_pruning_keeps_contexts_and_gives_the_rest_to_the_shorter_one(
    estimated: kneser_ney.Estimate, pruned: Trigram
) -> None:
    assert len(pruned.trigrams) < len(estimated.trigrams)
    assert sum(array.nbytes for array in pruned.pack().values()) <= 4_900
    used = np.unique(pruned.trigrams.contexts)
    assert used.max() < len(pruned.bigrams)
    everything = kneser_ney.fit(COLOURS, estimated, 9, 10**6)
    assert len(everything.trigrams) == len(estimated.trigrams)
    with pytest.raises(ValueError, match="20 bytes are too few"):
        kneser_ney.fit(COLOURS, estimated, 9, 20)


def test_losses_are_what_leaving_out_one_trigram_costs(estimated: kneser_ney.Estimate) -> None:
    """Relative entropy, summed plainly over all words, with the probabilities of the n-grams kept as they were."""
    size, level = len(COLOURS), estimated.trigrams
    model, lost = whole(estimated, COLOURS), kneser_ney.losses(estimated)[1]
    for number in range(0, len(level), 17):
        context = int(level.contexts[number])
        a, b = (np.full(size, ids[context]) for ids in (estimated.bigrams.contexts, estimated.bigrams.targets))
        words = np.arange(size)
        before = model.probability(a, b, words)
        shorter = estimated.bigrams.backoff[b] * estimated.unigram
        own = estimated.bigrams.contexts == b[0]
        shorter[estimated.bigrams.targets[own]] += estimated.bigrams.shares[own]
        kept = set(level.targets[level.offsets[context] : level.offsets[context + 1]].tolist())
        kept.remove(int(level.targets[number]))
        left = np.array([word not in kept for word in words])
        after = np.where(left, shorter * before[left].sum() / shorter[left].sum(), before)
        weight = estimated.reached[1][context] / estimated.reached[1].sum()
        assert lost[number] == pytest.approx(weight * (before * np.log(before / after)).sum(), abs=1e-9)


def test_numbers_in_seven_bits_a_byte() -> None:
    numbers = np.array([0, 1, 127, 128, 300, 16_383, 16_384, 2**21, 2**31 - 1])
    packed = packing.pack_numbers(numbers)
    assert packed.tolist()[:7] == [0, 1, 127, 0x80, 1, 0xAC, 2]  # 300 = 2 · 128 + 44
    assert packing.unpack_numbers(packed).tolist() == numbers.tolist()
    for bad in (packed[:-1], packed[:0], np.array([128] * 7 + [1], dtype=np.uint8)):
        with pytest.raises(ValueError, match="packed number"):
            packing.unpack_numbers(bad)


def test_unpacking_gives_the_same_ngrams_and_nearly_the_same_numbers(pruned: Trigram) -> None:
    again = Trigram.unpack(COLOURS, pruned.pack())
    for one, other in ((pruned.bigrams, again.bigrams), (pruned.trigrams, again.trigrams)):
        assert one.offsets.tolist() == other.offsets.tolist() and one.targets.tolist() == other.targets.tolist()
        assert np.log(other.shares) == pytest.approx(np.log(one.shares), abs=0.05)
        assert np.log(other.backoff) == pytest.approx(np.log(one.backoff), abs=0.03)


# Ranks and pairs


def test_ranks_against_sorting_every_order(pruned: Trigram) -> None:
    for tokens in (["red", "green", "blue", "cyan", "!"], ["red", "red", "green", "red", "?", "!"], ["tan"]):
        count = movable(tokens)
        orders = sorted(set(permutations(tokens[:count])))
        scores = {order: pruned.score([[*order, *tokens[count:]]])[0] for order in orders}
        own = scores[tuple(tokens[:count])]
        expected = sum(score >= own - 1e-5 for score in scores.values())
        assert rank(pruned, tokens) == Rank(expected, len(orders))
    # Ties count against the original: two unknown words are one to the model, so every order has a twin.
    assert rank(pruned, ["red", "yyy", "zzz"]).rank % 2 == 0
    assert rank(pruned, ["xxx", "yyy", "zzz"]) == Rank(6, 6)


def test_what_may_move_and_ranks_summed_up_by_hand(monkeypatch: pytest.MonkeyPatch, pruned: Trigram) -> None:
    assert movable(["i", "like", "tea", "."]) == 3
    assert movable(["well", ",", "i", "like", "tea", "."]) == 0
    assert movable(["<url>"]) == movable([]) == movable([":d", "yes"]) == 0
    assert movable(["at", "10:30", "?!"]) == 2
    for tokens in (["!"], ["red", ",", "green"], ["red"] * 10):
        with pytest.raises(ValueError, match="expected 1 to 9 words"):
            rank(pruned, tokens)
    assert Rank(1, 60).in_top and Rank(7, 720).in_top and Rank(1, 1).in_top
    assert not Rank(2, 120).in_top and not Rank(8, 720).in_top
    ranks = {"a": Rank(1, 120), "b": Rank(2, 120), "c": Rank(7, 720), "d": Rank(30, 720)}
    monkeypatch.setattr("core.fluency.evaluation.rank", lambda _, tokens: ranks[tokens[0]])
    five, six = rank_orders(pruned, [[name, *"wwww"] for name in "ab"] + [[name, *"wwwww"] for name in "cd"])
    assert (five.words, five.sentences, five.median, five.first, five.top) == (5, 2, 1.5, 0.5, 0.5)
    assert (six.words, six.sentences, six.median, six.first, six.top) == (6, 2, 18.5, 0.0, 0.5)


def test_pairs_by_hand() -> None:
    class Length:
        name = "length"

        def score(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
            return np.array([-len(tokens) for tokens in sentences], dtype=float)

    good, bad = [["a"], ["a"], ["a", "b"]], [["a", "b"], ["b"], ["a", "b", "c"]]
    found = judge_pairs(Length(), good, bad, ["agreement", "agreement", "binding"])
    assert [(one.phenomenon, one.pairs, one.accuracy) for one in found] == [("agreement", 2, 0.5), ("binding", 1, 1.0)]


# The recipe, the checkpoint, the command


def test_near_duplicates_are_not_trained_on() -> None:
    words = Vocabulary("abcdefgh!")
    held = [["a", "b", "c", "d", "e", "!"]]
    near = ["e d c b a", "a b c d e", "a b c d", "a b c d e f", "a x c d e", "b a c d e", "a b f d e ! !"]
    far = ["a b c", "a b c f g", "f", "a b c d f g", "!"]
    encoded = encode_tokens([row.split() for row in [*near, *far, "f", ""]], words)
    (kept,) = fluency_data.without_near_duplicates([encoded], words, held)
    assert [kept[row].tolist() for row in range(len(kept))] == [words.encode(row.split()) for row in far]


def corpus_texts(rows: int, seed: int) -> list[str]:
    return [" ".join(tokens) + " ." for tokens in made_up(rows, seed)]


def train(folder: Path) -> fluency.Fluency:
    corpora = [fluency_data.Sentences(f"{seed}.csv", corpus_texts(600, seed), "0" * 64) for seed in (5, 6)]
    pairs = fluency_data.Pairs("pairs.csv", ["red green blue"], ["blue red green"], ["order"], "1" * 64)
    settings = recipe.FluencySettings(vocabulary_size=9, bytes=5_000, held_out_per_length=3)
    *_, last = recipe.train(corpora, pairs, settings, folder)
    assert last.model is not None and last.done == last.stages
    return last.model


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, fluency.Fluency]:
    folder = tmp_path_factory.mktemp("fluency")
    return folder, train(folder)


def test_a_trained_model_repeats_and_its_card_says_how_good_it_is(
    trained: tuple[Path, fluency.Fluency], tmp_path: Path
) -> None:
    assert train(tmp_path).hash == trained[1].hash
    card = trained[1].card
    assert card["kind"] == "fluency" and card["sizes"]["vocabulary"] == 9
    assert [data["weight"] for data in card["data"]] == [1, 20]
    assert all(data["training_rows"] < data["rows"] == 600 for data in card["data"])
    figures = card["metrics"]["trigram"]
    assert [(one["data"], one["rows"]) for one in figures["orders"]] == [
        ("6.csv", "selection"), ("6.csv", "report"), ("5.csv", "selection"), ("5.csv", "report"),
    ]  # fmt: skip
    for one in figures["orders"]:
        assert [(row["words"], row["sentences"]) for row in one["by_words"]] == [(5, 3), (6, 3), (7, 3), (8, 3)]
    assert figures["pairs"]["accuracy"] == 1 and figures["pairs"]["by_phenomenon"][0]["phenomenon"] == "order"
    assert "tatoeba.org" in card["terms"] and "non-commercial" in card["terms"]


def test_saved_and_loaded_it_scores_the_same(pruned: Trigram, tmp_path: Path) -> None:
    card = {"kind": checkpoints.FLUENCY, "preprocessing": Preprocessing().steps}
    fluency.save(pruned, card, tmp_path)
    loaded, unpacked = fluency.load(tmp_path), Trigram.unpack(COLOURS, pruned.pack())
    sentences = made_up(40, 4)
    assert loaded.trigram.score(sentences).tolist() == unpacked.score(sentences).tolist()
    assert loaded.recurrent is None and loaded.trigram.name == "trigram"
    assert loaded.hash == fluency.load(tmp_path).hash


def test_damage_is_told_in_one_line(trained: tuple[Path, fluency.Fluency], tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint 'fluency'"):
        fluency.load(tmp_path)
    assert checkpoints.names(trained[0]) == []  # it is no classifier
    with pytest.raises(CheckpointError, match="name of the fluency model"):
        checkpoints.check_name("fluency")
    with pytest.raises(CheckpointError, match="expected 'classifier'"):
        checkpoints.load("fluency", trained[0])
    for file, message in (("weights.safetensors", "truncated or changed"), ("card.json", "changed|cannot be read")):
        folder = tmp_path / file
        shutil.copytree(trained[0], folder)
        path = folder / "fluency" / file
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=message) as caught:
            fluency.load(folder)
        assert "\n" not in str(caught.value)
        path.unlink()
        with pytest.raises(CheckpointError, match="missing"):
            fluency.load(folder)


def test_tensors_settings_and_corpora_that_do_not_fit_are_refused(pruned: Trigram) -> None:
    packed = pruned.pack()
    for change in (
        {"trigrams.codes": packed["trigrams.codes"][1:]},
        {"bigrams.steps": packed["bigrams.steps"][:-1]},
        {"bigrams.used": packed["bigrams.used"][:-1]},
        {"bigrams.steps": np.full_like(packed["bigrams.steps"], 100)},
        {"unigram": packed["unigram"][1:]},
        {"unknown_words": np.array([0])},
    ):
        with pytest.raises(ValueError):
            Trigram.unpack(COLOURS, {**packed, **change})
    del packed["trigrams.codes"]
    with pytest.raises(LookupError):
        Trigram.unpack(COLOURS, packed)
    with pytest.raises(ValueError, match="no sentence has a token"):
        kneser_ney.estimate([counted([[]], HAND)], [1], len(HAND))
    with pytest.raises(ValueError, match="fewer than 2,097,152"):
        kneser_ney.count(Encoded(np.empty(0, np.int32), np.zeros(1, np.int64)), 1 << 21)
    for bad in ({"vocabulary_size": 2}, {"weights": (1, 0, 1)}, {"held_out_per_length": -1}):
        with pytest.raises(ValueError, match="expected a vocabulary"):
            next(recipe.train([], None, replace(recipe.FluencySettings(), **bad), Path()))


def test_the_command_trains_and_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for seed in (5, 6):
        path = tmp_path / f"{seed}.csv"
        path.write_text("text\n" + "\n".join(corpus_texts(600, seed)) + "\n", encoding="utf-8")
        files.append(str(path))
    pairs = tmp_path / "pairs.jsonl"
    row = {"sentence_good": "red green blue", "sentence_bad": "blue red green", "phenomenon": "order"}
    pairs.write_text(json.dumps(row) + "\n", encoding="utf-8")
    sizes = ["--vocabulary-size", "9", "--megabytes", "0.005"]
    arguments = ["train-fluency", "--tweets", files[0], "--sentences", files[1], "--blimp", str(pairs), *sizes]
    assert main([*arguments, "--out", str(tmp_path / "three"), "--recurrent-epochs", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 * 4 + 2 and all(line.startswith("trigram, ") for line in lines)
    assert lines[-1] == "trigram, all 1 pairs: accuracy 100.0%"
    alone = fluency.load(tmp_path / "three")
    assert alone.recurrent is None and alone.mixture is None
    assert main([*arguments, "--out", str(tmp_path / "both")]) == 0
    both = capsys.readouterr().out.splitlines()
    assert both[: len(lines)] == lines
    assert [line.split(",")[0] for line in both[len(lines) :]] == [
        *["recurrent language model"] * (2 * 4 + 2),
        *["trigram and recurrent mixture"] * (2 * 4 + 2),
    ]
    found = fluency.load(tmp_path / "both")
    assert found.recurrent is not None and found.mixture is not None and found.hash != alone.hash
    words = [["red", "green"], ["green", "red"]]
    trigram, recurrent = found.trigram.score(words), found.recurrent.score(words)
    weight = found.card["settings"]["recurrent_weight"]
    assert 0 < weight < 1 and found.mixture.score(words) == pytest.approx((1 - weight) * trigram + weight * recurrent)


def test_contests_hold_the_best_orders_and_the_sentence_first(pruned: Trigram) -> None:
    tokens = ["red", "green", "blue", "red"]
    orders, scores = score_orders(pruned, tokens)
    assert len(orders) == 12 and scores[0] == pytest.approx(pruned.score([tokens])[0], abs=1e-4)
    (met,) = contests(pruned, pruned, [tokens], 12)
    assert met.trigram == pytest.approx(met.recurrent, abs=1e-4)
    assert met.trigram[0] == scores[0] and sorted(met.trigram) == sorted(scores)
    for weight in (0.0, 0.5, 1.0):
        assert met.rank(weight) == met.by_trigram == rank(pruned, tokens)
    # Three orders and their own first: the trigram puts one above it, the recurrent model another.
    met = Contest(5, Rank(2, 120), np.array([-5.0, -4.0, -7.0]), np.array([-3.0, -9.0, -2.0]))
    assert [met.rank(weight).rank for weight in (0.0, 0.5, 1.0)] == [2, 1, 2]
    assert Contest(5, Rank(60, 120), np.empty(0), np.empty(0)).rank(0.5) == Rank(60, 120)  # not among the best


def test_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("text\nred green\nred green blue\n", encoding="utf-8")
    for arguments, message in (
        ("--tweets no.csv", "no.csv"),
        ("--tweets rows.csv --text-column words", "no column 'words'"),
        ("--tweets rows.csv --blimp rows.csv", "no column 'sentence_good'"),
        ("--tweets rows.csv --megabytes 0", "0 bytes are too few"),
        ("--tweets rows.csv --vocabulary-size 2", "expected a vocabulary"),
    ):
        assert main(["train-fluency", *arguments.split()]) == 2
        out, err = capsys.readouterr()
        assert out == "" and message in err.splitlines()[-1] and err.splitlines()[-1].startswith("error: ")
    assert not Path("my-checkpoints").exists()
