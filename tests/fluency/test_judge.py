"""The judge of word order: an order's score depends on its words alone, and probabilities of all orders sum to one."""

from __future__ import annotations

import math
from functools import partialmethod
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.__main__ import main
from core.data.corpus import encode_tokens
from core.fluency import judge as judges
from core.fluency import judge_evaluation as evaluation
from core.fluency.data import Reading, Sentences, read_readings, several_orders
from core.fluency.judge_training import JudgeSettings, Pass, train_judge
from core.fluency.order_network import OrderNetwork, ending, read_beginnings
from core.models.checkpoints import CheckpointError
from core.text.preprocessing import Preprocessing, Vocabulary
from tests.fluency.small_judge import card, random_judge

SMALL = {
    "vocabulary_size": 20,
    "embedding_size": 6,
    "hidden_size": 8,
    "head_size": 6,
    "passes": (Pass((1.0, 1.0), 1e-2, 64),),
    "negatives": 8,
    "reading_passes": 120,
}
WORDS = ("you", "never", "saw", "such", "a", "thing", ".")


def orders(count: int) -> np.ndarray:
    return np.array(list(permutations(range(count))), dtype=np.uint8)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([*WORDS, "unheard"]), min_size=1, max_size=5), st.integers(0, 99))
def test_an_order_scores_the_same_in_any_company(tokens: list[str], seed: int) -> None:
    judge, every = random_judge(WORDS, seed=seed % 5), orders(len(tokens))
    scores = judge.log_odds(tokens, every)
    some = np.random.default_rng(seed).permutation(len(every))[:7]
    np.testing.assert_allclose(judge.log_odds(tokens, every[some]), scores[some], atol=1e-5)
    alone = judge.score([[tokens[place] for place in row] for row in every[some]])
    np.testing.assert_allclose(alone, scores[some], atol=1e-5)


def test_padding_does_not_count() -> None:
    judge = random_judge(WORDS)
    sentences = [WORDS[:2], WORDS, WORDS[::-1][:4]]
    ids = torch.zeros(3, len(WORDS), dtype=torch.long)
    endings = torch.full_like(ids, 7)  # whatever stands there
    for row, tokens in enumerate(sentences):
        ids[row, : len(tokens)] = torch.tensor(judge.vocabulary.encode(tokens))
        endings[row, : len(tokens)] = torch.tensor([ending(token) for token in tokens])
    with torch.inference_mode():
        together = judge.network(ids, endings, torch.tensor([len(tokens) for tokens in sentences]))
    np.testing.assert_allclose(together.numpy(), judge.score(sentences), atol=1e-5)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_probabilities_of_all_orders_sum_to_one(side: str) -> None:
    judge, every = random_judge(WORDS), orders(5)
    network: OrderNetwork = getattr(judge.network, side)
    ids = torch.tensor(judge.vocabulary.encode(WORDS[:5]))
    with torch.inference_mode():
        x = network.words(ids, torch.tensor([ending(word) for word in WORDS[:5]]))
        read = read_beginnings(network, x, network.bias[ids], every, torch.zeros(4, 1))
    assert read.chosen.sum(dim=1).exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert (read.missed >= 0).all() and (read.missed == 0).any(dim=0).all()


def test_a_network_that_knows_nothing_finds_all_orders_alike() -> None:
    network = OrderNetwork(9, 3, 4)
    with torch.inference_mode():
        for parameter in network.parameters():
            parameter.zero_()
        read = read_beginnings(network, torch.zeros(4, 3), torch.zeros(4), orders(4), torch.zeros(4, 1))
    np.testing.assert_allclose(read.chosen.sum(dim=1).numpy(), -math.log(math.factorial(4)), rtol=1e-6)


def test_what_it_cannot_judge() -> None:
    judge = random_judge(WORDS)
    assert judge.judgement(["zxcv", "."]) is None and judge.judgement([]) is None
    assert judge.judgement(["zxcv", "saw"]) == pytest.approx(float(judge.valid(["zxcv", "saw"])[0]))
    assert judge.floor(-1.0) is None and judge.floor(1.5) == pytest.approx(1.5)  # the threshold is 0.5: log-odds 0


def test_saving_rounds_to_float16_and_damage_is_named(tmp_path: Path) -> None:
    judge = random_judge(WORDS)
    judges.save(judge.network, judge.vocabulary, card(0.25), tmp_path)
    loaded = judges.load(tmp_path)
    assert loaded.threshold == 0.25 and loaded.vocabulary.words == judge.vocabulary.words
    np.testing.assert_allclose(loaded.score([WORDS]), judge.score([WORDS]), atol=0.05)
    for name, tensor in loaded.network.state_dict().items():
        assert torch.equal(tensor, judge.network.state_dict()[name].half().float()), name
    judges.save(judge.network, Vocabulary(("you",)), card(), tmp_path)
    with pytest.raises(CheckpointError, match="judge"):
        judges.load(tmp_path)
    assert judges.load_if_there(tmp_path / "nowhere") is None


def test_it_learns_which_order_a_language_has() -> None:
    nouns = [f"n{number}" for number in range(6)]
    texts = [["the", noun, verb, "."] for noun in nouns for verb in ("runs", "sits", "eats")]
    words = Vocabulary(("the", ".", "runs", "sits", "eats", *nouns))
    readings = [
        Reading("train", tuple(text), tuple(text[place] for place in row), "v" if tuple(row) == (0, 1, 2, 3) else "n")
        for text in texts[::2]
        for row in orders(4)[::3]
    ]
    small = JudgeSettings(16, 6, 8, 6, 0.0, passes=(Pass((40.0,), 2e-2, 16),), negatives=6, reading_passes=6)
    *_, last = train_judge(small, words, [encode_tokens(texts, words)], readings)
    assert last.network is not None
    judge = judges.Judge(last.network, words, card())
    unread = texts[1::2]
    for text in unread:
        scores = judge.log_odds(text, orders(4))
        assert scores.argmax() == 0 and scores[0] > 0 > np.sort(scores)[-2]


def test_the_threshold_is_the_lowest_with_the_precision() -> None:
    valid = np.array([0.9, 0.8, 0.7, 0.7, 0.2])
    called = np.array([True, True, False, True, False])
    assert evaluation.choose_threshold(valid, called, 0.75) == pytest.approx(0.45)
    assert evaluation.choose_threshold(valid, called, 0.8) == pytest.approx(0.75)
    with pytest.raises(ValueError):
        evaluation.choose_threshold(valid, ~called, 0.9)
    assert evaluation.area(valid, called) == pytest.approx((2 + 2 + 1.5) / 6)


def test_calibration_makes_the_mean_probability_the_share_of_valid_orders() -> None:
    judge, sentence = random_judge(WORDS), WORDS[:4]
    falling = orders(4)[np.argsort(-judge.log_odds(sentence, orders(4)))]
    readings = [
        Reading(
            "choice", sentence, tuple(sentence[place] for place in row), "v" if (rank < 15) != (rank % 5 == 0) else "n"
        )
        for rank, row in enumerate(falling)
    ]
    share = sum(reading.valid for reading in readings) / 24
    before = judge.score([reading.tokens for reading in readings])
    slope, intercept = evaluation.calibration(judge, readings)
    judge.network.calibrate(slope, intercept)
    after = judge.score([reading.tokens for reading in readings])
    np.testing.assert_allclose(after, slope * before + intercept, atol=1e-4)
    assert evaluation.read_orders(judge, readings).mean() == pytest.approx(share, abs=1e-3)


def test_figures_of_readings_count_the_reporting_half() -> None:
    judge = random_judge(WORDS, threshold=1e-6)  # accepts everything
    sentence = WORDS[:4]
    readings = [
        Reading(part, sentence, tuple(sentence[place] for place in row), answers)
        for part in ("choice", "report")
        for row, answers in zip(orders(4)[1:5], ("vvn", "von", "nnn", "vvv"), strict=True)
    ]
    figures = evaluation.of_readings(judge, readings)
    assert figures["called_valid"] == [6, 4, 2] and figures["valid"] == 4 and figures["readers"] == 3
    assert figures["report"]["accepted"] == 4 and figures["report"]["precision"] == 0.5
    assert figures["report"]["recall"] == 1 and figures["by_words"][0]["words"] == 4
    assert sum(row["orders"] for row in figures["reliability"]) == 4


def test_readings_name_rows_and_refuse_what_is_no_order(tmp_path: Path) -> None:
    corpus, file = Sentences("texts.csv", ["never", "You saw, never."], ""), tmp_path / "readings.csv"
    head = "part,file,row,order,answers\n"
    file.write_text(head + "train,texts.csv,2,4.2.3.1.5,o\nreport,,You never saw,2.1.3,vvn\n", encoding="utf-8")
    first, second = read_readings(file, [corpus], Preprocessing())
    assert first == Reading("train", ("you", "saw", ",", "never", "."), ("never", "saw", ",", "you", "."), "o")
    assert second.tokens == ("never", "you", "saw") and second.valid and not first.valid
    for row in ("train,texts.csv,3,1,v", "train,texts.csv,1,2,v", "train,other.csv,1,1,v", "train,texts.csv,1,1,x"):
        file.write_text(head + row + "\n", encoding="utf-8")
        with pytest.raises(ValueError, match="row 1"):
            read_readings(file, [corpus], Preprocessing())


def test_word_sets_with_several_orders_are_halved() -> None:
    texts = ["why is tom here?", "tom is here why", "Why is Tom here.", "so it is", "is it so", "only one order"]
    drawn = several_orders(texts, Preprocessing(), 0) + several_orders(texts, Preprocessing(), 1)
    assert {tuple(found) for found in drawn} <= {
        (("tom", "is", "here", "why"), ("why", "is", "tom", "here")),
        (("is", "it", "so"), ("so", "it", "is")),
    }
    assert len(drawn) == 2


def test_the_commands_train_measure_and_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    people, verbs, ends = ("tom", "mary", "bob", "ann"), ("sees", "hears", "knows"), ("here", "now")
    texts = [
        f"{a} {verb} {b} {c} {end}." for a in people for verb in verbs for b in people for c in people for end in ends
    ]
    texts += [f"{end} {a} {verb} {b}" for a in people for verb in verbs for b in people for end in ends]
    texts += [f"{a} {verb} {b} {end}" for a in people for verb in verbs for b in people for end in ends]
    for name in ("tweets", "sentences"):
        (tmp_path / f"{name}.csv").write_text("text\n" + "\n".join(texts) + "\n", encoding="utf-8")
    rows = ["part,file,row,order,answers"]
    for part, first in (("train", 0), ("choice", 40), ("report", 80)):
        for row in range(first, first + 20):
            rows += [f"{part},sentences.csv,{row + 1},{order}" for order in ("1.2.3.4.5.6,vvv", "5.4.3.2.1.6,nnn")]
            rows.append(f"{part},sentences.csv,{row + 1},3.2.1.4.5.6,{'v' if part == 'train' else 'vvo'}")
    (tmp_path / "readings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "pairs.jsonl").write_text(
        '{"sentence_good": "tom sees mary", "sentence_bad": "sees tom mary", "phenomenon": "order"}\n', encoding="utf-8"
    )
    (tmp_path / "cola.csv").write_text("sentence,label\ntom sees mary,1\ntom mary sees,0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(JudgeSettings, "__init__", partialmethod(JudgeSettings.__init__, **SMALL))
    material = (
        "--tweets tweets.csv --sentences sentences.csv --readings readings.csv --blimp pairs.jsonl --cola cola.csv"
    )
    assert main(["train-judge", *material.split(), "--out", "out"]) == 0
    trained = capsys.readouterr().out
    card = judges.load(tmp_path / "out").card
    assert card["metrics"]["readings"]["report"]["precision"] > 0.6 and card["metrics"]["second_orders"]["orders"] > 0
    assert card["readings"]["train"] == 60 and 0 < card["settings"]["threshold"] < 1
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path / "out"))
    assert main(["evaluate-judge", *material.split()]) == 0
    assert capsys.readouterr().out == trained
    for wrong, message in (("--readings no.csv", "no.csv"), ("--readings tweets.csv", "no column 'part'")):
        assert main(["evaluate-judge", *material.split(), *wrong.split()]) == 2
        assert message in capsys.readouterr().err
