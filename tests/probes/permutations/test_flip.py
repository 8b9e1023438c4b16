"""The best flips against brute force: none better is missed, and the certificate counts what was judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.labels import SENTIMENT
from core.data.targets import Target
from core.fluency import judge
from core.fluency import trigram as trigrams
from core.models import checkpoints
from core.models.checkpoints import Checkpoint
from core.models.predict import verdict
from core.probes.permutations import flip as probe
from core.probes.permutations import search
from core.probes.permutations.flip import Flips, Pair, flips
from pages.views.permutations.flip import STARTERS
from tests.fluency.small_judge import random_judge
from tests.probes.small_models import random_checkpoint, random_trigram

WORDS = ["so", "not", "bad", "good", "late", "never"]


THREE = ("late", "lost", "fine")


def checkpoint(cell: str = "gru", seed: int = 29, labels: tuple[str, ...] = SENTIMENT) -> Checkpoint:
    made = random_checkpoint(cell, WORDS, dtype=torch.float32, scale=1.2, seed=seed, labels=labels)
    made.model.linear.bias.zero_()
    return made


def found(models: list[Any], text: str, threshold: float = 0.5, seed: int = 0, **bounds: Any) -> tuple[Flips, ...]:
    *_, last = flips(models, random_judge(WORDS, threshold, seed), random_trigram(WORDS), text, **bounds)
    return last.found


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=5),
    st.integers(0, 9),
    st.sampled_from([0.2, 0.5, 0.9]),
    st.integers(1, 4),
    st.sampled_from([(SENTIMENT, None), (SENTIMENT, "negative"), (THREE, None), (THREE, "lost")]),
)
def test_against_brute_force(
    words: list[str], seed: int, threshold: float, top: int, classes: tuple[tuple[str, ...], str | None]
) -> None:
    labels, to = classes
    model, judge = checkpoint(seed=seed, labels=labels), random_judge(WORDS, threshold, seed)
    (answer,) = found([model], " ".join(words), threshold, seed, top=top, to=to)
    others = sorted(set(permutations(words)) - {tuple(words)})
    before = verdict(model, " ".join(words))
    target = before.target if to is None or labels == SENTIMENT else Target(labels, 1)
    assert (answer.label, answer.target) == (before.label, target)
    if to == before.label:
        assert (answer.scored, answer.pairs) == (1, ())
        return
    rows, accepted_to = [], Counter[str]()
    for order in others:
        after, valid = verdict(model, " ".join(order)), float(judge.valid(list(order))[0])
        flipped = after.label != before.label and to in (None, after.label)
        gap = abs(after.aimed(target).probability - before.aimed(target).probability)
        rows.append((valid >= threshold, valid * gap, flipped, valid))
        accepted_to[after.label] += valid >= threshold and flipped
    assert answer.accepted_to == +accepted_to
    assert (answer.orders, answer.searched) == (len(others) + 1, len(others) + 1)
    assert answer.accepted == sum(accepted for accepted, *_ in rows)
    assert answer.accepted_flips == sum(accepted and flipped for accepted, _worth, flipped, _valid in rows)
    best = sorted(((a, w) for a, w, flipped, valid in rows if flipped and valid >= probe.LEAST_VALID), reverse=True)
    assert [pair.valid * pair.margin for pair in answer.pairs] == pytest.approx([w for _a, w in best[:top]], abs=1e-4)
    for pair in answer.pairs:
        after = verdict(model, pair.text)
        assert after.aimed(target).probability == pytest.approx(pair.probability, abs=1e-5)
        assert after.label == pair.label
    if answer.accepted and (to or labels == THREE):
        names = [to] if to else answer.accepted_to or [before.label]
        assert all(str(name) in answer.certificate for name in names)


def test_the_same_order_has_the_same_validity_in_search_and_flip() -> None:
    model, judge, trigram = checkpoint(), random_judge(WORDS), random_trigram(WORDS)
    text = "so not bad good late"
    asked = search.ask(model, trigram, text, judge=judge)
    searched = list(search.search("gru", search.scorer(model, asked), asked))[-1].result()
    (answer,) = found([model], text)
    by_text = {searched.order(number).text: searched.order(number).valid for number in range(searched.scored)}
    for pair in answer.pairs:
        assert by_text[pair.text] == pytest.approx(pair.valid, abs=1e-5)
    assert (searched.accepted, searched.accepted_flips) == (answer.accepted, answer.accepted_flips)
    assert list(searched.flips) == sorted(searched.flips, key=lambda order: -(order.valid or 0))


def test_of_too_many_orders_only_those_listed_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_JUDGED", 100)
    model, judged = checkpoint(), random_judge(WORDS)
    asked = search.ask(model, random_trigram(WORDS), "so not bad good late", judge=judged, top=4)
    found = list(search.search("gru", search.scorer(model, asked), asked))[-1].result()
    assert found.valid is found.accepted is None and found.threshold == judged.threshold
    assert list(found.flips) == sorted(found.flips, key=lambda order: -(order.valid or 0))
    most_fluent = sorted(found.flips, key=lambda order: -order.fluency)
    assert most_fluent[-1].fluency >= max(
        found.order(number).fluency
        for number in range(found.scored)
        if found.order(number).label != found.original.label
        and found.order(number).text not in {f.text for f in found.flips}
    )
    for order in (*found.flips, *found.fluent):
        assert order.valid == pytest.approx(float(judged.valid(order.text.split())[0]), abs=1e-5)


def test_without_a_judge_the_search_is_as_before() -> None:
    model, trigram = checkpoint(), random_trigram(WORDS)
    plain, judged = (
        search.ask(model, trigram, "so not bad good", judge=judge) for judge in (None, random_judge(WORDS))
    )
    one, other = (list(search.search("gru", search.scorer(model, q), q))[-1].result() for q in (plain, judged))
    assert one.valid is one.accepted is one.original.valid is None and one.certificate in other.certificate
    assert {flip.text for flip in one.flips} == {flip.text for flip in other.flips}
    assert list(one.flips) == sorted(one.flips, key=lambda order: -order.fluency)
    assert replace(one.original, valid=other.original.valid) == other.original
    np.testing.assert_array_equal(one.logits, other.logits)


def test_sentences_with_one_order_or_too_many() -> None:
    for text in ("never", "so so so"):
        (one,) = found([checkpoint()], text)
        assert (one.orders, one.searched, one.pairs) == (1, 1, ())
    (many,) = found([checkpoint()], " ".join(WORDS * 10), budget=300)
    assert many.searched <= 301 < many.orders and f"{many.searched:,}" in many.certificate
    with pytest.raises(ValueError):
        found([checkpoint()], "zx cv bn")
    with pytest.raises(ValueError):
        found([checkpoint()], "so not bad", top=0)


def test_several_models_share_the_judging_and_it_can_be_stopped() -> None:
    models = [checkpoint("rnn"), checkpoint("gru"), checkpoint("lstm")]
    events = list(flips(models, random_judge(WORDS), random_trigram(WORDS), "so not bad good"))
    assert [one.model for one in events[-1].found] == ["rnn", "gru", "lstm"]
    assert sum(event.stage == probe.JUDGING for event in events) == 1

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(flips(models, random_judge(WORDS), random_trigram(WORDS), " ".join(WORDS), check_cancelled=stop))


def test_moved_words_are_all_but_a_longest_run_in_order() -> None:
    def moved(*positions: int) -> str:
        return "".join("x" if one else "." for one in Pair(positions, "", 0, 0, False, 0, "").moved)

    assert moved(0, 1, 2) == "..." and moved(2, 0, 1) == "x.." and moved(0, 3, 1, 2) == ".x.."
    assert moved(3, 2, 1, 0).count(".") == 1


@pytest.mark.slow
def test_the_sentences_offered_do_flip() -> None:
    shipped, trigram = judge.load(), trigrams.load().trigram
    models = [checkpoints.load(name) for name in ("rnn", "gru", "lstm")]
    for text in STARTERS:
        *_, last = flips(models, shipped, trigram, text)
        assert any(one.accepted_flips for one in last.found), text
