"""A callable as a model: what it may answer, how it is asked, and that a wrapped checkpoint is found to be itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.labels import SENTIMENT
from core.data.targets import POSITIVE, Target, log_odds_of, two_only
from core.models.predict import sigmoid, verdict, verdict_on_tokens, verdicts, with_prefixes
from core.models.predictor import (
    BlackBox,
    EveryWord,
    PlainWords,
    PredictorError,
    asked_for,
    inside,
    load,
    telling,
)
from tests.hostile import SENTENCES

TEXTS = ["a fine day", "a day", "dull"]


def by_length(texts: Sequence[str]) -> list[float]:
    return [1 - 1 / (1 + len(text)) for text in texts]


def box(function: Any = by_length) -> BlackBox:
    return BlackBox(function, "made.up:function")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Writes a module into the current folder; its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    names: list[str] = []

    def write(code: str) -> str:
        name = f"black_box_{tmp_path.name.replace('-', '_')}_{len(names)}"
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        names.append(name)
        return name

    yield write
    for name in names:
        sys.modules.pop(name, None)


def test_its_target_is_the_second_of_its_two_classes() -> None:
    asked = box()
    assert asked.target == POSITIVE and asked.targeted(POSITIVE) is asked
    turned = asked.targeted(Target(SENTIMENT, 0))
    assert turned.hash != asked.hash == turned.targeted(POSITIVE).hash and asked.target == POSITIVE
    one, other = verdict(asked, "so good"), verdict(turned, "so good")
    assert other == one.aimed(turned.target) and other.label == one.label
    with pytest.raises(ValueError, match="this needs positive"):
        two_only(turned)
    with pytest.raises(ValueError, match="a target of a, b"):
        asked.targeted(Target(("a", "b"), 0))


class Opinion:
    """Three classes; its answers are `kind` of probabilities [N, 3]."""

    def __init__(self, labels: Any = None, kind: Callable[[np.ndarray], Any] = lambda found: found):
        self.kind = kind
        if labels is not None:
            self.labels = labels

    def __call__(self, texts: Sequence[str]) -> Any:
        return self.kind(np.array([self.of(text) for text in texts]))

    @staticmethod
    def of(text: str) -> np.ndarray:
        powers = np.exp([text.count("a"), text.count("d") / 2, len(text) / 7])
        found: np.ndarray = powers / powers.sum()
        return found


THREE = ("no", "so-so", "yes")


def test_more_classes_have_a_column_each() -> None:
    expected = np.array([Opinion.of(text) for text in TEXTS])
    for labels in (list(THREE), np.array(THREE)):
        asked = box(Opinion(labels, np.ndarray.tolist))
        assert asked.labels == THREE and asked.target is None
        np.testing.assert_allclose(asked.probabilities(TEXTS), expected, atol=1e-12)
        assert asked.probabilities([]).shape == (0, 3)
    for row, one in enumerate(verdicts(asked, TEXTS)):
        assert one.predicted == expected[row].argmax() and one.distribution == pytest.approx(tuple(expected[row]))
        assert one.logit == pytest.approx(np.log(one.probability / (1 - one.probability)))
    aimed = asked.targeted(Target(THREE, 0, 2))
    assert aimed.hash != asked.hash == box(Opinion(THREE)).hash and aimed._asking is asked._asking
    assert verdict(aimed, "a day").logit == pytest.approx(2 - len("a day") / 7)
    read = with_prefixes(asked, verdict(asked, "a day"))
    np.testing.assert_allclose(read.prefix_distributions, [Opinion.of("a"), Opinion.of("a day")], atol=1e-12)
    np.testing.assert_allclose(
        box(Opinion(THREE, lambda found: found * 1.0009)).probabilities(TEXTS), expected, atol=1e-12
    )


def test_without_names_one_answer_tells_how_many_classes_there_are() -> None:
    asked: list[list[str]] = []

    def counting(texts: list[str]) -> Any:
        asked.append(texts)
        return Opinion()(texts)

    unnamed = box(counting)
    assert unnamed.labels == ("class 1", "class 2", "class 3") and [*map(len, asked)] == [1]
    unnamed = box(counting)
    unnamed.probabilities(TEXTS)
    assert unnamed.labels == ("class 1", "class 2", "class 3") and [*map(len, asked)] == [1, 3]
    pairs = box(lambda texts: [[1 - p, p] for p in by_length(texts)])
    assert pairs.labels == SENTIMENT and pairs.hash == box().hash
    np.testing.assert_allclose(pairs.probabilities(TEXTS), by_length(TEXTS), rtol=1e-15)


def test_another_number_of_classes_is_refused() -> None:
    def changing(texts: list[str]) -> Any:
        found: np.ndarray = Opinion()(texts)
        return found[:, :1] if texts == ["one"] else found[:, 0] if texts == ["none"] else found.repeat(2, 1) / 2

    black_box = box(changing)
    assert len(black_box.labels) == 6
    for text, shape in (("one", r"an array of shape \(1, 1\)"), ("none", "1 number")):
        why = rf"gave {shape}; expected an array of shape \(1, 6\), the probabilities of class 1, .* class 6 for"
        with pytest.raises(PredictorError, match=why):
            black_box.probabilities([text])
    with pytest.raises(PredictorError, match=r"shape \(3, 3\); expected 3 numbers from 0 to 1, P\(class 1\)"):
        box(Opinion(("ham", "spam"))).probabilities(TEXTS)
    for labels in (["one"], ["a", "b", "a"], [1, 2], "ab", [f"{number}" for number in range(21)]):
        with pytest.raises(PredictorError, match="labels must be 2 to 20 different names"):
            box(Opinion(labels))


@given(st.permutations(range(3)), st.sampled_from(TEXTS), st.integers(0, 2))
def test_merging_classes_is_adding_their_probabilities_and_their_order_is_free(
    order: list[int], text: str, number: int
) -> None:
    one = verdict(box(Opinion(THREE)), text)
    rest = verdict(box(lambda texts: [Opinion.of(text)[number] for text in texts]), text)
    aimed = one.aimed(Target(THREE, number))
    assert (aimed.logit, aimed.probability) == (pytest.approx(rest.logit), pytest.approx(rest.probability))
    moved = verdict(box(Opinion([THREE[index] for index in order], lambda found: found[:, order])), text)
    assert (moved.label, moved.runner_up, moved.target.name) == (one.label, one.runner_up, one.target.name)
    assert (moved.logit, moved.margin) == (pytest.approx(one.logit), pytest.approx(one.margin))


def test_answers_of_every_kind_are_the_same_probabilities() -> None:
    import pandas as pd
    import torch

    for kind in (
        *(list, tuple, np.array, torch.tensor, iter),
        lambda found: np.array(found, dtype=np.float32),
        lambda found: pd.Series(found, index=range(7, 7 + len(found))),
        lambda found: torch.tensor(found, requires_grad=True),
    ):
        found = box(lambda texts, kind=kind: kind(by_length(texts))).probabilities(TEXTS)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, by_length(TEXTS), rtol=1e-6)
    found = box(lambda texts: [1 + 1e-7, -1e-8, 0.5]).probabilities(TEXTS)
    np.testing.assert_array_equal(found, [1, 0, 0.5])
    np.testing.assert_allclose(log_odds_of(found, POSITIVE), [27.631, -27.631, 0], atol=1e-3)


NO_ANSWERS: list[tuple[Any, str]] = [
    (lambda texts: [0.5], "gave 1 number; expected 3 numbers"),
    (lambda texts: 0.5, r"an array of shape \(\)"),
    (lambda texts: [[0.4]] * 3, r"shape \(3, 1\); expected 3 numbers .* 3 texts, or a column for each of 2–20 classes"),
    (lambda texts: np.full((3, 21), 1 / 21), r"gave an array of shape \(3, 21\); expected 3 numbers"),
    (lambda texts: np.full((2, 3), 1 / 3), r"gave an array of shape \(2, 3\); expected 3 numbers"),
    (lambda texts: [[0.4, 0.6], [0.5, 0.502], [0, 1]], "the sum 1.002 for the text 'a day', not 1; expected"),
    (lambda texts: [[0, 0, 1], [1, 0, 0], [0.5, 0, 0.4985]], "the sum 0.9985 for the text 'dull'"),
    (lambda texts: [[0.5, 0.5], [float("nan"), 0.5], [0.5, 0.5]], "gave NaN for the text 'a day'"),
    (lambda texts: [[-1, 3.0, 2]] * 3, r"from -1 to 3 \(logits\? Then apply the softmax\)"),
    (lambda texts: [[20, 70, 10]] * 3, r"from 10 to 70 \(percentages\? Then divide by 100\)"),
    (lambda texts: [0.1, float("nan"), 0.2], "gave NaN for the text 'a day'"),
    (lambda texts: [12.0, 50.0, 99.5], r"from 12 to 99.5 \(percentages\? Then divide by 100\)"),
    (lambda texts: [-2.0, 0.3, 4.0], r"from -2 to 4 \(logits\? Then apply the logistic function\)"),
    (lambda texts: [0.1, 0.2, float("inf")], "from 0.1 to inf"),
    (lambda texts: ["0.1", "0.2", "0.3"], "gave a list of text"),
    (lambda texts: ["ham"] * 3, "not numbers"),
    (lambda texts: None, "gave None, not numbers"),
    (lambda texts: {"p": 0.5}, "gave a dict, not numbers"),
    (lambda texts: [0.1, None, 0.3], "gave a list of object, not numbers"),
    (lambda texts: [[0.1], [0.2, 0.3], []], "did not give an array of numbers"),
    (lambda texts: 1 / 0, "raised ZeroDivisionError: division by zero when asked about 3 texts"),
    (lambda texts: sys.exit("gone"), "raised SystemExit: gone"),
    (list, "gave a list of text, not numbers"),
]


def test_what_is_no_answer_is_refused_in_one_line() -> None:
    for answer, message in NO_ANSWERS:
        with pytest.raises(PredictorError, match=message) as caught:
            box(answer).probabilities(TEXTS)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("made.up:function ")


@given(st.floats(-20, 20))
def test_log_odds_are_what_the_logistic_function_undoes(logit: float) -> None:
    assert log_odds_of(sigmoid(np.array([logit])), POSITIVE)[0] == pytest.approx(logit, abs=1e-6)


def test_no_text_is_asked_about_twice_and_batches_grow_or_shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def counting(texts: list[str]) -> list[float]:
        asked.append(list(texts))
        return by_length(texts)

    black_box = box(counting)
    texts = [f"text {number % 700}" for number in range(1_400)]
    np.testing.assert_allclose(black_box.probabilities(texts), by_length(texts))
    black_box.probabilities(texts[::-1])
    assert sum(map(len, asked)) == 700 == len({text for batch in asked for text in batch})
    assert len(asked[0]) == 16
    assert len(asked[-2]) > 64  # it answers at once, so it is asked about more
    clock = [0.0]

    def slow(texts: list[str]) -> list[float]:
        clock[0] += 0.1 * len(texts)
        return by_length(texts)

    monkeypatch.setattr("core.models.predictor.time.perf_counter", lambda: clock[0])
    black_box = box(slow)
    black_box.probabilities([f"text {number}" for number in range(100)])
    assert black_box.at_once <= 4


def loud(texts: list[str]) -> list[float]:
    print("loading…")
    return by_length(texts)


def test_calls_are_reported_and_can_be_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[tuple[int, int]] = []
    texts = [f"text {number}" for number in range(100)]
    black_box = box()

    def told(done: int, total: int) -> None:
        heard.append((done, total))
        if done > 40:
            raise InterruptedError

    with pytest.raises(InterruptedError), telling(told):
        black_box.probabilities(texts)
    box(loud).probabilities(TEXTS)
    assert capsys.readouterr() == ("", "loading…\n")  # what it prints is kept from standard output
    assert heard[0] == (0, 100)
    assert heard[1] == (16, 100)
    answered = heard[-1][0]
    black_box.probabilities(texts)  # nobody listens any more
    with telling(told):
        black_box.probabilities(texts)
    assert heard[-1] == (answered, 100)


def test_one_question_at_a_time() -> None:
    inside_now, most = [0], [0]

    def watched(texts: list[str]) -> list[float]:
        inside_now[0] += 1
        most[0] = max(most[0], inside_now[0])
        threading.Event().wait(0.002)
        inside_now[0] -= 1
        return by_length(texts)

    black_box = box(watched)
    threads = [
        threading.Thread(target=lambda number=number: black_box.probabilities([f"{number} {n}" for n in range(40)]))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def test_it_is_found_in_the_current_folder_and_named_after_the_callable(module: Any) -> None:
    name = module(
        "class Model:\n"
        "    labels = ('ham', 'spam')\n"
        "    def __call__(self, texts): return [0.25 for text in texts]\n"
        "    def other(self, texts): return [0.75 for text in texts]\n"
        "spam = Model()\n"
    )
    found = load(f"{name}:spam")
    assert (found.name, found.labels, found.reads_sentiment) == ("spam", ("ham", "spam"), False)
    assert found.probabilities(["x"]).tolist() == [0.25]
    method = load(f"{name}:spam.other")
    assert (method.name, method.labels, method.reads_sentiment) == ("spam.other", ("negative", "positive"), True)
    assert method.probabilities(["x"]).tolist() == [0.75]
    assert load(f"{name}:spam", taken=["lstm", "spam"]).name == f"{name}:spam"
    assert load(f"{name}:spam").hash == found.hash != method.hash


def test_what_is_no_spec(module: Any) -> None:
    name = module(
        "import textwrap\nnumber = 3\nclass Kind:\n    pass\n"
        "class Pipeline:\n    def predict_proba(self, texts): ...\npipeline = Pipeline()\n"
        "def fine(texts): ...\ndef sly(texts): ...\nsly.labels = ('one', 'one')\n"
    )
    broken, needy, leaving = module("1 / 0\n"), module("import no_such_library\n"), module("raise SystemExit('no')\n")
    for spec, message in (
        ("no_such_module_here:f", "there is no module 'no_such_module_here' in .* or installed"),
        (f"{name}.deeper:f", f"there is no module '{name}.deeper'"),
        (f"{name}:absent", f"{name} has no 'absent'; callable in it: Kind, Pipeline, fine, sly"),
        (f"{name}:number", "number is of type int"),
        (f"{name}:Kind", "Kind is a class"),
        (f"{name}:pipeline", r"name a function that returns predict_proba\(texts\)$"),
        (f"{name}:sly", "labels must be 2 to 20 different names"),
        (f"{broken}:f", f"importing {broken} raised ZeroDivisionError: division by zero"),
        (f"{needy}:f", f"importing {needy} raised ModuleNotFoundError: No module named 'no_such_library'"),
        (f"{leaving}:f", "raised SystemExit: no"),
    ):
        with pytest.raises(PredictorError, match=message) as caught:
            load(spec)
        assert "\n" not in str(caught.value)
    for spec in ("", "module", ":f", "module:", "a b:f", "module:f()", "os;x:f", "../up:f", "a..b:f"):
        with pytest.raises(PredictorError, match=r"package.module:callable; given: "):
            load(spec)


def test_it_is_asked_for_among_arguments() -> None:
    assert asked_for([]) is None
    assert asked_for(["--other", "x", "--predictor", "a:b"]) == "a:b"
    assert asked_for(["--predictor=a:b"]) == "a:b"
    assert asked_for(["--predictor"]) == ""  # which loading refuses
    with pytest.raises(PredictorError, match="given: a:b, c:d"):
        asked_for(["--predictor", "a:b", "--predictor=c:d"])


def test_words_are_stable_and_lose_nothing() -> None:
    for text in SENTENCES:
        words = PlainWords()(text)
        assert PlainWords()(" ".join(words)) == words
        assert all(word.split() == [word] for word in words)
        work = PlainWords().show_work(text)
        assert work[-1].text.split() == words
        assert tuple(step.name for step in work) == PlainWords.steps
    said = "Can't WAIT, @Bob!!! :) see https://a.b/C?d=1 #So_True... 3.5%"
    assert PlainWords()(said) == [
        *("can't", "wait", ",", "@bob", "!!!", ":)", "see", "https://a.b/c?d=1", "#so_true", "...", "3.5", "%")
    ]
    every = EveryWord()
    assert every.encode(["a", "b", "a"]) == [2, 3, 2] and "zqx" in every and every.unknown(["a"]) == []


def test_verdicts() -> None:
    black_box = box()
    found = verdict(black_box, "A  fine day!")
    assert found.probability == by_length(["A  fine day!"])[0]  # as typed
    assert found.tokens == ("a", "fine", "day", "!")
    assert found.prefix_probabilities == ()
    assert sigmoid(np.array(found.logit)) == pytest.approx(found.probability)
    moved = verdict_on_tokens(black_box, ["day", "a"])
    assert moved.probability == by_length(["day a"])[0]
    assert verdicts(black_box, ["A  fine day!"]) == [found]
    read = with_prefixes(black_box, found)
    np.testing.assert_allclose(read.prefix_probabilities, by_length(["a", "a fine", "a fine day", "a fine day !"]))
    with pytest.raises(ValueError, match=r"the trace needs a model's states and weights; of function only the answers"):
        inside(box(), "the trace")
