"""Which words carried a verdict? The methods of attribution, and one run of one of them.

A method gives each token of a text a score in logits (unless it says otherwise): positive where the token speaks for
the model's target (`core.data.targets`), of more than two classes the predicted one unless another is chosen. What
needs weights w·h_T + b takes those of the tangent of the log-odds at the text's h_T. No method is the true one. They
differ in the removal method (`baselines`), in whether the scores must add up to logit − base_logit (`complete`) and in
what they cost; `attribution.faithfulness` measures how faithful each is to the model. Logits, not probabilities: these
saturate.

DeepLIFT and LRP as Captum has them are left out: they have no rules for recurrent modules.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from core.models.predict import verdict_on_tokens
from core.models.predictor import BlackBox
from core.models.recurrent import CELLS
from core.probes.attribution.methods import (
    decomposition,
    gradients,
    perturbations,
    relevance,
    shapley,
    steps,
    surrogates,
)
from core.probes.attribution.removal import BASELINES, REPLACING
from core.probes.attribution.results import NOTHING, Attribution, Instance, Scores
from core.runtime.i18n import LazyMessage, mark
from core.runtime.i18n import gettext as _

if TYPE_CHECKING:
    from core.models.predictor import Model

_QUICK = 0.02  # seconds for a text, below which a black box is asked about several to measure it


class Function(Protocol):
    """Scores the tokens of an instance."""

    def __call__(self, instance: Instance, baseline: str, *, seed: int = 0) -> Scores: ...


class Method(NamedTuple):
    """A method and what it promises.

    `baselines` are the removal methods it accepts, its default first; none where it removes no word. `complete`: scores
    sum to logit − base_logit, up to `delta`. `cost` for n tokens: about how many times the model could read them in the
    same time. `texts` of n tokens is how many texts a black box is asked about, None where a method needs states.
    `signed`: scores below 0 speak against the target; else they are sizes only. `plain`: the scores must be W h_T + b
    (`core.models.recurrent`).
    """

    function: Function
    baselines: tuple[str, ...]
    complete: bool
    cost: Callable[[int], int]
    texts: Callable[[int], int] | None = None
    cells: tuple[str, ...] = CELLS
    signed: bool = True
    plain: bool = False


# Costs were measured in processor time on one core for 20, 100 and 500 tokens and the shipped models.
_GRADIENT = 3.5  # of many rows at once


def _shapley_cost(n: int) -> int:
    """Orders of joining share their prefixes in a tree, so a subset costs about a fifth of a reading."""
    return 2**n // 5 if n <= shapley.MOST_EXACT else shapley.permutations_for(n) * n // 4


def _shapley_texts(n: int) -> int:
    return 1 << n if n <= shapley.MOST_EXACT else shapley.permutations_for(n) * n


def _integrated_cost(n: int) -> int:
    """32 steps are enough for most tweets; joined tweets of 80 tokens needed 32 to 1,024."""
    return int(min(150 * max(1.0, n / 20) ** 1.5, 9_500))


def _sampled_cost(n: int) -> int:
    """A subset of a long text is half as long where words are deleted."""
    return perturbations.orders(n) * n * 3 // 4 + 1


def _leaving_out(function: Function) -> Method:
    return Method(function, BASELINES, False, lambda n: n + 30, lambda n: n + 2)


def _plain(function: Function, complete: bool, cost: Callable[[int], int], cells: tuple[str, ...] = CELLS) -> Method:
    return Method(function, (), complete, cost, cells=cells, plain=True)


METHODS: dict[str, Method] = {
    "shapley": Method(shapley.shapley, BASELINES, True, _shapley_cost, _shapley_texts),
    "contextual-decomposition": _plain(decomposition.contextual_decomposition, False, lambda n: 100 + 5 * n // 2),
    "lrp": _plain(relevance.layerwise_relevance, True, lambda n: 45),
    "lrp-without-biases": _plain(relevance.layerwise_relevance_without_biases, False, lambda n: 45),
    "steps": _plain(steps.steps, True, lambda n: 15),
    "cell-steps": _plain(steps.cell_steps, True, lambda n: 15, ("lstm",)),
    "integrated-gradients": Method(gradients.integrated_gradients, REPLACING, True, _integrated_cost),
    "saliency": Method(gradients.saliency, (), False, lambda n: 20, signed=False),
    "input-x-gradient": Method(gradients.input_x_gradient, (), False, lambda n: 20),
    "gradient-shap": Method(gradients.gradient_shap, REPLACING, False, lambda n: int(_GRADIENT * gradients.DRAWS)),
    "smoothgrad": Method(gradients.smooth_grad, (), False, lambda n: int(_GRADIENT * gradients.DRAWS), signed=False),
    "occlusion-1": _leaving_out(perturbations.occlusion_1),
    "occlusion-2": _leaving_out(perturbations.occlusion_2),
    "occlusion-3": _leaving_out(perturbations.occlusion_3),
    "feature-ablation": _leaving_out(perturbations.feature_ablation),
    "shapley-sampling": Method(
        perturbations.shapley_sampling, BASELINES, True, _sampled_cost, lambda n: perturbations.orders(n) * n
    ),
    "kernel-shap": Method(
        surrogates.kernel_shap,
        BASELINES,
        True,
        lambda n: surrogates.samples(n) // 2,
        lambda n: min(1 << min(n, 20), surrogates.samples(n) + 2),
    ),
    "lime": Method(
        surrogates.lime,
        BASELINES,
        False,
        lambda n: surrogates.samples(n) // 2,
        lambda n: min(1 << min(n, 20), surrogates.samples(n) + 1),
    ),
}


def attribute(checkpoint: Model, text: str, method: str, baseline: str = "", seed: int = 0) -> Attribution:
    """What one method says of each token of a text. `baseline` "" is the method's default.

    Raises EmptyTextError for a text without a token; ValueError for an unknown method, one that the model's cell does
    not have, and a baseline that the method does not accept; `recurrent.ReadOutError` for a method that needs another
    read-out.
    """
    instance = Instance.of(checkpoint, text)
    used = accepted(method, baseline)
    if isinstance(checkpoint, BlackBox):
        if METHODS[method].texts is None:
            raise ValueError(
                _(
                    "{method} needs a model's states and weights, and {name} is a black box; available: {available}"
                ).format(method=method, name=checkpoint.name, available=", ".join(available(checkpoint)))
            )
    elif checkpoint.model.cell not in METHODS[method].cells:
        raise ValueError(
            _("{method} is not available for {name} (cell: {cell}); available: {available}").format(
                method=method,
                cell=checkpoint.model.cell,
                name=checkpoint.name,
                available=", ".join(available(checkpoint)),
            )
        )
    elif METHODS[method].plain:
        checkpoint.model.check_plain(checkpoint.name)
    clock = time.perf_counter()
    result = METHODS[method].function(instance, used, seed=seed)
    seconds = time.perf_counter() - clock
    return Attribution(
        model=checkpoint.name,
        text=text,
        tokens=instance.tokens,
        known=instance.known,
        method=method,
        baseline=used,
        scores=result.scores,
        errors=result.errors,
        base_logit=result.base_logit,
        logit=verdict_on_tokens(instance.checkpoint, instance.tokens).logit,
        delta=result.delta,
        spent=result.spent,
        warning=result.warning or _same_as_baseline(instance, used),
        seconds=seconds,
        target=instance.target,
    )


def available(checkpoint: Model) -> tuple[str, ...]:
    """The methods that a model's cell and read-out allow; for a black box, those that need only its answers."""
    if isinstance(checkpoint, BlackBox):
        return tuple(name for name, method in METHODS.items() if method.texts)
    plain = checkpoint.model.plain
    return tuple(
        name
        for name, method in METHODS.items()
        if checkpoint.model.cell in method.cells and (plain or not method.plain)
    )


def accepted(method: str, baseline: str = "") -> str:
    """The baseline that a method uses: its default for "", and "" where it removes no word.

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

    A black box reads every text from its start. Mostly within a factor of two, except for integrated gradients of long
    texts, whose steps depend on the text. Raises ValueError for an unknown method.
    """
    accepted(method)
    chosen = METHODS[method]
    return chosen.texts(n) if isinstance(model, BlackBox) and chosen.texts else chosen.cost(n)


def seconds_a_token(checkpoint: Model) -> float:
    """Seconds that this machine takes to read a token, many texts side by side; measured in about 0.1 s.

    A black box is asked about few texts, as it may be slow.
    """
    if isinstance(checkpoint, BlackBox):
        return _seconds_a_token_asked(checkpoint)
    import torch

    texts = torch.zeros(128, 25, checkpoint.model.embedding.embedding_dim)
    times = []
    with torch.inference_mode():
        checkpoint.model.from_embeddings(texts[:8])
        for _round in range(3):
            clock = time.perf_counter()
            checkpoint.model.from_embeddings(texts)
            times.append(time.perf_counter() - clock)
    return min(times) / (128 * 25)


def _seconds_a_token_asked(black_box: BlackBox) -> float:
    asked = [("to", "be", "or", "not", "to", "be", f"{number}?") for number in range(33)]
    black_box.of_tokens(asked[:1])
    if (black_box.pace or 0.0) < _QUICK:  # many at a time take less each
        black_box.of_tokens(asked)
    return (black_box.pace or 0.0) / len(asked[0])


def sensitivity_of(
    attribution: Attribution, checkpoint: Model, text: str, check_cancelled: Callable[[], object] = lambda: None
) -> float | None:
    """The max-sensitivity (`core.probes.attribution.sensitivity`) of the method and baseline of an attribution.

    `check_cancelled` is called before every run of the method; what it raises ends it.
    """
    from core.probes.attribution.sensitivity import moved, sensitivity

    others = []
    for instance in moved(Instance.of_tokens(checkpoint.targeted(attribution.target), attribution.tokens, text)):
        check_cancelled()
        others.append(METHODS[attribution.method].function(instance, attribution.baseline, seed=0).scores)
    return sensitivity(attribution.scores, others) if others else None


def _same_as_baseline(instance: Instance, baseline: str) -> LazyMessage:
    """A warning where a text reads as its baseline does."""
    if baseline == "unk" and not any(instance.known):
        return LazyMessage(
            mark("the model knows none of the words, so the text is its own baseline: there is nothing to attribute")
        )
    return NOTHING
