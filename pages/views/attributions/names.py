"""What a reader sees for the names of attribution methods and of removal methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.data import targets
from core.data.labels import model_name, shown
from core.data.targets import Target, probability_of
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed

if TYPE_CHECKING:
    from core.probes.attribution.standings import Benchmark


def methods() -> dict[str, str]:
    """The methods' names as shown, by their key in `core.probes.attribution.attribute.METHODS`."""
    return {
        "shapley": _("Shapley values"),
        "shapley-sampling": _("Shapley sampling (Captum)"),
        "kernel-shap": _("KernelSHAP"),
        "lime": _("LIME"),
        "occlusion-1": _("Occlusion, 1 word"),
        "occlusion-2": _("Occlusion, 2 words"),
        "occlusion-3": _("Occlusion, 3 words"),
        "feature-ablation": _("Feature ablation"),
        "integrated-gradients": _("Integrated gradients"),
        "gradient-shap": _("Gradient SHAP"),
        "input-x-gradient": _("Input × gradient"),
        "saliency": _("Saliency"),
        "smoothgrad": _("SmoothGrad"),
        "contextual-decomposition": _("Contextual decomposition"),
        "lrp": _("LRP"),
        "lrp-without-biases": _("LRP without biases"),
        "steps": _("Steps of the logit"),
        "cell-steps": _("Steps of the cell (γ)"),
    }


def method(key: str) -> str:
    """A method's name; one that is not listed is shown by its key."""
    return methods().get(key, key)


def marked(key: str) -> str:
    """A method's name, with a mark if it ranks words by magnitude; for where methods are ordered."""
    from core.probes.attribution.attribute import METHODS

    if key in METHODS and not METHODS[key].signed:
        return _("{method} (magnitude)").format(method=method(key))
    return method(key)


def magnitudes(keys: Iterable[str]) -> str:
    """Why methods without signs come last where there are some; else nothing. Not escaped."""
    from core.probes.attribution.attribute import METHODS

    named = listed(method(key) for key in keys if key in METHODS and not METHODS[key].signed)
    if not named:
        return ""
    return _(
        "Ranked by magnitude, without a sign: {methods}. These measures remove the strongest support first, so such "
        "methods come last by construction."
    ).format(methods=named)


def model(name: str, target: Target) -> str:
    """A model's name as shown, with the target that is explained unless it goes without saying. Not escaped."""
    if target == targets.default(target.labels):
        return model_name(name)
    return _("{model}, {chance}").format(model=model_name(name), chance=probability_of(target))


def measured(benchmark: Benchmark) -> str:
    """As `model`, of the model and the target that a benchmark was measured for."""
    if benchmark.target is None:
        return model_name(benchmark.model)
    name = _("{model}, {label}").format(model=model_name(benchmark.model), label=shown(benchmark.target))
    if benchmark.against is None:
        return name
    return _("{label} against {rival}").format(label=name, rival=shown(benchmark.against))


def explanations() -> dict[str, str]:
    """What each method does, in one sentence with its source."""
    return {
        "shapley": _(
            "The mean change of the logit when a word is added, over all orders of adding the words "
            "(Shapley 1953). Exact up to 12 words, sampled beyond."
        ),
        "shapley-sampling": _("Shapley values from random orders, computed by Captum (Castro et al. 2009)."),
        "kernel-shap": _("Shapley values from a weighted regression on random sets of words (Lundberg & Lee 2017)."),
        "lime": _(
            "A linear model of the logit near the sentence, fitted to random sets of its words (Ribeiro et al. 2016)."
        ),
        "occlusion-1": _("The drop in the logit when the word alone is removed (Zeiler & Fergus 2014)."),
        "occlusion-2": _("The same with windows of two words; a word’s score is the mean of its windows."),
        "occlusion-3": _("The same with windows of three words."),
        "feature-ablation": _("The drop in the logit when the word alone is removed, computed by Captum’s ablation."),
        "integrated-gradients": _(
            "Gradients summed along the straight line from the baseline to the sentence (Sundararajan et al. 2017)."
        ),
        "gradient-shap": _(
            "Expected gradients between the baseline and noisy copies of the sentence (Lundberg & Lee 2017)."
        ),
        "input-x-gradient": _("The gradient times the word vector (Shrikumar et al. 2016)."),
        "saliency": _("The magnitude of the gradient at the word, without a sign (Simonyan et al. 2014)."),
        "smoothgrad": _("Saliency averaged over noisy copies of the sentence (Smilkov et al. 2017)."),
        "contextual-decomposition": _(
            "The part of the logit that can be traced back to the word through every gate (Murdoch, Liu & Yu 2018)."
        ),
        "lrp": _("Relevance passed back from the logit layer by layer; gates receive none (Arras et al. 2017, 2019)."),
        "lrp-without-biases": _(
            "The same without the relevance that biases take, as its authors recommend. Its scores "
            "need not add up to the logit."
        ),
        "steps": _("The change of the logit when the word is read."),
        "cell-steps": _("The part of what the word wrote into the cell that was not forgotten (Murdoch & Szlam 2017)."),
    }


def baselines() -> dict[str, str]:
    """The removal methods."""
    return {
        "": _("each method’s own"),
        "delete": _("deleted"),
        "pad": "<pad>",
        "unk": "<unk>",
        "mean": _("mean embedding"),
        "zero": _("zero vector"),
    }
