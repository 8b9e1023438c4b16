"""What a reader sees for the names of attribution methods and of removal methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.data import targets
from core.data.labels import model_name, shown
from core.data.targets import Target, probability_of
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.help.texts import texts

if TYPE_CHECKING:
    from core.probes.attribution.standings import Benchmark


def methods() -> dict[str, str]:
    """The methods' names as shown, by their key in `core.probes.attribution.attribute.METHODS`."""
    return {key: _(about.name) for key, about in texts("methods").items()}


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
