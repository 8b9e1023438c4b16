"""Which words carried a verdict? The methods of attribution that there are, and one run of one of them.

A method gives each token of a text a score in logits (unless it says otherwise): positive where the token speaks for
the positive verdict. No method is the true one. They differ in what taking a word out means (`baselines`), in whether
the scores must add up to logit − base_logit (`complete`), and in what they cost (`cost`); how faithful each is to the
model is measured in `attribution.faithfulness`. Logits, not probabilities: these saturate, and a word's score would
then tell how sure the model was without it.

Not here: DeepLIFT and LRP as Captum has them. They have no rules for recurrent modules; DeepLIFT runs all the same, and
its scores are not what the method means.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from core.models.predict import EmptyTextError, verdict_on_tokens
from core.models.predictor import BlackBox
from core.probes.attribution.methods import (
    decomposition,
    gradients,
    perturbations,
    relevance,
    shapley,
    steps,
    surrogates,
)
from core.probes.attribution.removal import BASELINES, REPLACING, Game
from core.probes.attribution.results import NOTHING, Attribution, Reading, Scores
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    import numpy as np

    from core.models.predictor import Model

CELLS = ("rnn", "gru", "lstm")


_QUICK = 0.02  # seconds for a text, below which a black box can be asked about some to measure it


class Function(Protocol):
    """Scores the tokens of a reading."""

    def __call__(self, reading: Reading, baseline: str, *, seed: int = 0) -> Scores: ...


class Method(NamedTuple):
    """A method and what it promises.

    `baselines` are those that it accepts, its default first; empty where it takes no word out. `complete`: scores sum
    to logit − base_logit, up to `delta`. `readings` tells for n tokens about how many times the model could read them
    in the time that it takes. `cells` are those that it exists for. `signed`: scores below 0 speak for the negative
    verdict; else they only say how much. `plain` ones rest on a logit that is w·h_T + b (`core.models.recurrent`).
    """

    function: Function
    baselines: tuple[str, ...]
    complete: bool
    readings: Callable[[int], int]
    cells: tuple[str, ...] = CELLS
    signed: bool = True
    plain: bool = False


# Readings, counted from processor time on one core for 20, 100 and 500 tokens and the shipped models. What a method
# does besides reading is counted too (`core/benchmarks/words.py`).
_GRADIENT = 3.5  # of many rows at once


def _shapley_readings(n: int) -> int:
    """Orders of joining share their beginnings in a tree, so that a subset costs about a fifth of a reading."""
    return 2**n // 5 if n <= shapley.MOST_EXACT else shapley.permutations_for(n) * n // 4


def _integrated_readings(n: int) -> int:
    """32 steps are enough for most tweets; each doubling adds the steps of all before it, up to 2,016 in all.

    Over joined tweets of 80 tokens 32 to 1,024 were needed, by model and text: this is the middle of a wide range.
    """
    return int(min(150 * max(1.0, n / 20) ** 1.5, 9_500))


def _sampled_readings(n: int) -> int:
    """Of Shapley sampling. A subset of a long text is half as long as it where words are deleted."""
    return perturbations.orders(n) * n * 3 // 4 + 1


METHODS: dict[str, Method] = {
    "shapley": Method(shapley.shapley, BASELINES, True, _shapley_readings),
    "contextual-decomposition": Method(
        decomposition.contextual_decomposition, (), False, lambda n: 100 + 5 * n // 2, plain=True
    ),
    "lrp": Method(relevance.layerwise_relevance, (), True, lambda n: 45, plain=True),
    "lrp-without-biases": Method(relevance.layerwise_relevance_without_biases, (), False, lambda n: 45, plain=True),
    "steps": Method(steps.steps, (), True, lambda n: 15, plain=True),
    "cell-steps": Method(steps.cell_steps, (), True, lambda n: 15, cells=("lstm",), plain=True),
    "integrated-gradients": Method(gradients.integrated_gradients, REPLACING, True, _integrated_readings),
    "saliency": Method(gradients.saliency, (), False, lambda n: 20, signed=False),
    "input-x-gradient": Method(gradients.input_x_gradient, (), False, lambda n: 20),
    "gradient-shap": Method(gradients.gradient_shap, REPLACING, False, lambda n: int(_GRADIENT * gradients.DRAWS)),
    "smoothgrad": Method(gradients.smooth_grad, (), False, lambda n: int(_GRADIENT * gradients.DRAWS), signed=False),
    "occlusion-1": Method(perturbations.occlusion_1, BASELINES, False, lambda n: n + 30),
    "occlusion-2": Method(perturbations.occlusion_2, BASELINES, False, lambda n: n + 30),
    "occlusion-3": Method(perturbations.occlusion_3, BASELINES, False, lambda n: n + 30),
    "feature-ablation": Method(perturbations.feature_ablation, BASELINES, False, lambda n: n + 30),
    "shapley-sampling": Method(perturbations.shapley_sampling, BASELINES, True, _sampled_readings),
    "kernel-shap": Method(surrogates.kernel_shap, BASELINES, True, lambda n: surrogates.samples(n) + 2),
    "lime": Method(surrogates.lime, BASELINES, False, lambda n: surrogates.samples(n) + 1),
}


def _shapley_texts(n: int) -> int:
    return 1 << n if n <= shapley.MOST_EXACT else shapley.permutations_for(n) * n


OUTSIDE: dict[str, Callable[[int], int]] = {
    "shapley": _shapley_texts,
    "occlusion-1": lambda n: n + 2,
    "occlusion-2": lambda n: n + 2,
    "occlusion-3": lambda n: n + 2,
    "feature-ablation": lambda n: n + 2,
    "shapley-sampling": lambda n: perturbations.orders(n) * n,
    "kernel-shap": lambda n: min(1 << min(n, 20), surrogates.samples(n) + 2),
    "lime": lambda n: min(1 << min(n, 20), surrogates.samples(n) + 1),
}
"""Methods to which answers are enough, and about how many texts of n tokens a black box is asked: it shares nothing."""


def attribute(checkpoint: Model, text: str, method: str, baseline: str = "", seed: int = 0) -> Attribution:
    """What one method says of each token of a text. `baseline` "" is the method's default.

    Raises EmptyTextError for a text without a token; ValueError for a method that there is not, or not for the model's
    cell, and for a baseline that the method does not accept; `recurrent.ReadOutError` for a method that the model's
    read-out leaves no way for.
    """
    tokens = tuple(checkpoint.preprocessing(text))
    if not tokens:
        raise EmptyTextError("the text is empty: there is no word to read")
    return _attribute(Reading(checkpoint, text, tokens), method, baseline, seed)


def attribute_tokens(
    checkpoint: Model, tokens: Sequence[str], method: str, baseline: str = "", seed: int = 0
) -> Attribution:
    """`attribute` for tokens as they stand, in an order of one's own for instance; the same errors."""
    if not tokens:
        raise EmptyTextError("there is no token to read")
    return _attribute(Reading(checkpoint, " ".join(tokens), tuple(tokens)), method, baseline, seed)


def available(checkpoint: Model) -> tuple[str, ...]:
    """The methods that exist for the model: for its cell and what its head reads; for a black box, those that need
    its answers only."""
    if isinstance(checkpoint, BlackBox):
        return tuple(OUTSIDE)
    plain = checkpoint.model.plain
    return tuple(
        name
        for name, method in METHODS.items()
        if checkpoint.model.cell in method.cells and (plain or not method.plain)
    )


def accepted(method: str, baseline: str = "") -> str:
    """The baseline that a method uses when it is given one: its own choice for "", and "" where it takes no word out.

    Raises ValueError for an unknown method, and for a baseline that the method does not accept.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; available: {', '.join(METHODS)}")
    choice = METHODS[method].baselines
    if not baseline:
        return choice[0] if choice else ""
    if baseline not in BASELINES:
        raise ValueError(f"unknown baseline {baseline!r}; available: {', '.join(BASELINES)}")
    if baseline not in choice:
        accepts = f"it accepts {', '.join(choice)}" if choice else "it takes no word out and has none"
        raise ValueError(f"{method} does not accept the baseline {baseline!r}: {accepts}")
    return baseline


def cost(method: str, n: int, model: Model | None = None) -> int:
    """About how many times the model could read n tokens, many texts side by side, in the time that a method takes.

    A model is taken for a checkpoint unless a black box is given, which reads every text from its beginning.
    Mostly within a factor of two, but for integrated gradients of long texts, whose steps depend on the text. Raises
    ValueError for an unknown method.
    """
    accepted(method)
    return OUTSIDE[method](n) if isinstance(model, BlackBox) and method in OUTSIDE else METHODS[method].readings(n)


def seconds_a_token(checkpoint: Model) -> float:
    """How long this machine takes to read a token, in seconds, many texts side by side: the best of three measurements,
    some 0.1 s in all, as another's work makes one too long.

    A black box is asked about few texts, as it may be slow.
    """
    if isinstance(checkpoint, BlackBox):
        return _asked_a_token(checkpoint)
    import numpy as np

    tokens, texts = 25, 128
    game = Game(Reading(checkpoint, "", (checkpoint.vocabulary.words[0],) * tokens), "pad")
    present = np.random.default_rng(0).random((texts, tokens)) < 0.5
    game.values(present[:8])
    took = []
    for _round in range(3):
        clock = time.perf_counter()
        game.values(present)
        took.append(time.perf_counter() - clock)
    return min(took) / (texts * tokens)


def _asked_a_token(black_box: BlackBox) -> float:
    asked = [("to", "be", "or", "not", "to", "be", f"{number}?") for number in range(33)]
    black_box.of_tokens(asked[:1])
    if (black_box.pace or 0.0) < _QUICK:  # many at a time take less each
        black_box.of_tokens(asked)
    return (black_box.pace or 0.0) / len(asked[0])


def sensitivity_of(
    found: Attribution, checkpoint: Model, text: str, check_cancelled: Callable[[], object] = lambda: None
) -> float | None:
    """The max-sensitivity (`core.probes.dynamics.sensitivity`) of the method and baseline that gave an attribution.

    `check_cancelled` is called before every reading; what it raises ends it.
    """
    from core.probes.dynamics.sensitivity import sensitivity

    def explain(moved: Reading) -> np.ndarray:
        check_cancelled()
        return METHODS[found.method].function(moved, found.baseline, seed=0).scores

    return sensitivity(Reading(checkpoint, text, found.tokens), explain, scores=found.scores)


def _attribute(reading: Reading, method: str, baseline: str, seed: int) -> Attribution:
    checkpoint, text, tokens = reading
    used = accepted(method, baseline)
    if isinstance(checkpoint, BlackBox):
        if method not in OUTSIDE:
            raise ValueError(
                _(
                    "{method} needs a model's states and weights; {name} gives its answers alone; available: "
                    "{available}"
                ).format(method=method, name=checkpoint.name, available=", ".join(OUTSIDE))
            )
    elif checkpoint.model.cell not in METHODS[method].cells:
        raise ValueError(
            _("{method} does not exist for the cell {cell} of {name}; available: {available}").format(
                method=method,
                cell=checkpoint.model.cell,
                name=checkpoint.name,
                available=", ".join(available(checkpoint)),
            )
        )
    elif METHODS[method].plain:
        checkpoint.model.check_plain(checkpoint.name)
    clock = time.perf_counter()
    found = METHODS[method].function(reading, used, seed=seed)
    seconds = time.perf_counter() - clock
    return Attribution(
        model=checkpoint.name,
        text=text,
        tokens=tokens,
        known=tuple(token in checkpoint.vocabulary for token in tokens),
        method=method,
        baseline=used,
        scores=found.scores,
        errors=found.errors,
        base_logit=found.base_logit,
        logit=verdict_on_tokens(checkpoint, tokens).logit,
        delta=found.delta,
        spent=found.spent,
        warning=found.warning or _same_as_baseline(checkpoint, tokens, used),
        seconds=seconds,
    )


def _same_as_baseline(checkpoint: Model, tokens: Sequence[str], baseline: str) -> LazyMessage:
    """Says that a text reads as its baseline does, where it does."""
    if baseline == "unk" and not any(token in checkpoint.vocabulary for token in tokens):
        return LazyMessage(
            mark("the model knows none of the words, so that the text is its own baseline: nothing is to be shared out")
        )
    return NOTHING
