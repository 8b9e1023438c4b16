"""Every method's scores on the words of a sentence, how faithful each is, and all of them on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data import targets
from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed
from pages.views.attributions import controls, trust
from pages.views.attributions import names as attribution_names
from pages.views.attributions.controls import Cell
from pages.views.attributions.trust import Sensitivity
from pages.widgets import classes, models, tables, target
from pages.widgets.sentences import Sentence
from pages.wording.tokens import Number, minus, plain, pull_strip, signed, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.attribution.measures import Faithfulness, Spread
    from core.probes.attribution.results import Attribution


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Strips, faithfulness, bars and numbers for every sentence and model, two side by side."""
    chosen = controls.choose_models(checkpoints, asked)
    aim = target.choose(chosen, "attributions")
    left, right = st.columns([3, 1])
    with left:
        methods = controls.choose_methods(chosen)
    with right:
        baseline = controls.choose_baseline()
    controls.tell_of_baselines(methods, baseline)
    cells = controls.cells(asked, chosen, aim)
    controls.tell_of_best(chosen)
    attributions = controls.run(cells, methods, baseline, "words")
    for start in range(0, len(cells), 2):
        columns = st.columns(2, gap="large") if len(cells) > 1 else [st.container()]
        for column, cell in zip(columns, cells[start : start + 2], strict=False):
            with column:
                _cell(cell, attributions, methods, baseline, several=len(asked) > 1 and len(cells) > 1)
    _about(*attribution_names.sides([aim.of(one.labels) or targets.default(one.labels) for one in chosen]))
    header = ["sentence", "model", "method", "baseline", "place", "token", "score", "standard_error", "target"]
    tables.download_chart("attributions", header, lambda: _rows(attributions))


def _cell(cell: Cell, attributions: controls.Found, methods: Sequence[str], baseline: str, *, several: bool) -> None:
    """One sentence and model."""
    verdict = models.verdict(cell.checkpoint, cell.sentence.text)
    heading = model_name(cell.checkpoint.name)
    if several:
        heading = _("Sentence {number} · {model}").format(number=cell.sentence.number, model=heading)
    st.header(plain(heading), divider="gray")
    st.markdown(
        plain(
            _("{label}, {chance} {probability:.3f}, {log_odds} {logit}").format(
                label=shown(verdict.label),
                chance=classes.probability_name(verdict.target),
                probability=verdict.probability,
                log_odds=targets.log_odds_name(verdict.target),
                logit=minus(f"{verdict.logit:+.2f}"),
            )
        )
    )
    here = {
        method: attributions[key]
        for method in methods
        if (key := (cell.sentence.number, cell.checkpoint.name, method)) in attributions
    }
    if not here:
        st.caption(_("No method has finished yet."))
        return
    measured = trust.measured(cell, list(here.values()), controls.removal(cell.checkpoint, baseline))
    first = next(iter(measured.values())) if measured else None
    ranked = first is not None and first.ranking_matters
    if first is not None and first.warning:
        st.caption(plain(first.warning))
    elif first is not None and not ranked:
        st.caption(
            _("A single word has no ranking, so faithfulness is undefined.")
            if len(cell.tokens) == 1
            else _(
                "The verdict stays the same whichever words are removed first, so no ranking is more "
                "faithful than another."
            )
        )
    for method, attribution in here.items():
        _strip(attribution, measured[method] if ranked and measured is not None else None)
    _bars(cell, list(here.values()))
    if ranked and measured is not None:
        _curves(cell, measured)
    with st.expander(_("Numbers: faithfulness, sums, time"), icon=":material/table:"):
        table = st.container()
        sensitive = trust.sensitivity(cell, list(here.values())) if len(cell.tokens) > 1 else None
        with table:
            _table(list(here.values()), measured, sensitive)
    _warn(list(here.values()))


def _strip(attribution: Attribution, faithful: Faithfulness | None) -> None:
    name = plain(attribution_names.method(attribution.method))
    help_text = attribution_names.explanations().get(attribution.method, "")
    st.markdown(f"**{name}**", help=help_text or None)
    errors = [None] * len(attribution) if attribution.errors is None else attribution.errors.tolist()
    hints = [
        _("{token}: {score:+.4f} in logits").format(token=visible(token), score=Number(score))
        if error is None
        else _("{token}: {score:+.4f} ± {error:.4f} in logits").format(
            token=visible(token), score=Number(score), error=error
        )
        for token, score, error in zip(attribution.tokens, attribution.scores.tolist(), errors, strict=True)
    ]
    pull_strip(attribution.tokens, attribution.known, attribution.scores.tolist(), hints)
    if faithful is not None:
        st.caption(plain(_faithful(faithful)))


def _faithful(measured: Faithfulness) -> str:
    """A method's faithfulness in one line, each figure with the mean of random rankings in brackets."""
    random = measured.random
    parts = []
    for label, value, spread in (
        (_("comprehensiveness"), measured.comprehensiveness, random["comprehensiveness"]),
        (_("sufficiency"), measured.sufficiency, random["sufficiency"]),
        (_("τ with leave-one-out"), measured.loo_tau, random["loo_tau"]),
        (_("infidelity"), measured.infidelity, random["infidelity"]),
    ):
        if value is not None and spread is not None:
            parts.append(
                _("{label} {value} (random {random})").format(
                    label=label, value=_unsigned(value), random=_unsigned(spread.mean)
                )
            )
    parts.append(
        _("better than {share:.0%} of {count} random rankings").format(share=measured.better, count=measured.randoms)
    )
    return " · ".join(parts)


def _unsigned(value: float) -> str:
    """Two decimals, with a sign only below zero."""
    return signed(value).removeprefix("+")


def _bars(cell: Cell, here: Sequence[Attribution]) -> None:
    from core.figures.attribution.scores import attribution_bars

    names = [attribution_names.method(one.method) for one in here]
    title = _("Each method’s scores, {model}")
    title = title.format(model=attribution_names.model(cell.checkpoint.name, here[0].target))
    st.plotly_chart(
        attribution_bars(here, names, title, shares=True),
        key=f"attribution bars {cell.sentence.number} {cell.checkpoint.name}",
        alt=_("Every method's score of every token, as a share of the method's total magnitude"),
    )


def _curves(cell: Cell, measured: Mapping[str, Faithfulness]) -> None:
    from core.figures.attribution.faithfulness import faithfulness_curves

    chance = classes.probability_name(next(iter(measured.values())).target)
    with st.expander(_("Curves: effect of the top-ranked words"), icon=":material/ssid_chart:"):
        st.plotly_chart(
            faithfulness_curves({attribution_names.method(name): one for name, one in measured.items()}),
            key=f"faithfulness curves {cell.sentence.number} {cell.checkpoint.name}",
            alt=_("Drop in {chance} by share of words, for every method and random rankings").format(chance=chance),
        )
        header = ["sentence", "model", "ranking", "percent", "words", "comprehensiveness", "sufficiency", "target"]
        name = f"curves-{cell.sentence.number}-{cell.checkpoint.name}"
        tables.download_chart(name, header, lambda: _curve_rows(cell, measured))


def _curve_rows(cell: Cell, measured: Mapping[str, Faithfulness]) -> list[tuple[object, ...]]:
    first = next(iter(measured.values()))
    curves = {
        method: (one.comprehensiveness_curve.losses.tolist(), one.sufficiency_curve.losses.tolist())
        for method, one in measured.items()
    }
    curves["random"] = (
        [one.mean for one in first.comprehensiveness_curve.random],
        [one.mean for one in first.sufficiency_curve.random],
    )
    return [
        (cell.sentence.number, cell.checkpoint.name, ranking, *cut, attribution_names.column(first.target))
        for ranking, losses in curves.items()
        for cut in zip(first.percents, first.removed, *losses, strict=True)
    ]


def _table(
    here: Sequence[Attribution],
    measured: Mapping[str, Faithfulness] | None,
    sensitive: Sensitivity | None,
) -> None:
    shown = attribution_names.baselines()
    measures = {
        "comprehensiveness": _("comprehensiveness ↑"),
        "sufficiency": _("sufficiency ↓"),
        "loo_tau": _("τ with leave-one-out ↑"),
        "infidelity": _("infidelity ↓"),
    }
    if measured and next(iter(measured.values())).warning:  # which says that these tell more
        measures["comprehensiveness_logit"] = _("comprehensiveness (logit) ↑")
        measures["sufficiency_logit"] = _("sufficiency (logit) ↓")
    if measured is None:
        measures = {}
    header = [_("method"), _("removal method"), *measures.values()]
    rows: list[list[object]] = [
        [
            attribution_names.method(one.method),
            shown[one.baseline] if one.baseline else "–",
            *(_shown(getattr(measured[one.method], key)) for key in measures if measured),
        ]
        for one in here
    ]
    if sensitive is not None:
        header.append(_("sensitivity ↓"))
        for row, one in zip(rows, here, strict=True):
            row.append(_shown(sensitive.methods.get(one.method)))
    header += [_("Σ scores"), _("logit − base"), _("δ"), _("cost"), _("seconds")]
    for row, one in zip(rows, here, strict=True):
        row += [
            minus(f"{one.scores.sum():+.3f}"),
            "–" if one.base_logit is None else minus(f"{one.logit - one.base_logit:+.3f}"),
            "–" if one.delta is None else minus(f"{one.delta:+.1e}"),
            one.spent.worded(),
            f"{one.seconds:.3f}",
        ]
    if measured:
        random = next(iter(measured.values())).random
        chance = [_range(random[key]) for key in measures]
        chance += [] if sensitive is None else [_shown(sensitive.random)]
        rows.append([_("random rankings"), "–", *chance, *[None] * 5])
    tables.table(header, rows)
    st.caption(
        _(
            "Random rankings show the mean and the middle 95 %, the same for all methods. For a "
            "complete method, δ is the sum of its scores minus (logit − base). Other methods "
            "guarantee no sum. Scores are in logits, so a probability near 0 or 1 does not hide them."
        )
    )
    st.caption(
        _(
            "Infidelity: the share of the logit’s squared changes that the scores do not explain "
            "when random sets of words are removed. Sensitivity: the largest relative change of the "
            "scores when the word vectors move a little (Yeh et al. 2019). For random rankings it is "
            "the change between newly drawn scores. Sensitivity runs every method four more times, "
            "so it is measured only on request. The benchmark has it for all methods."
        )
    )


def _shown(value: float | None) -> str:
    return "–" if value is None else minus(f"{value:.3f}")


def _range(spread: Spread | None) -> str:
    return "–" if spread is None else minus(f"{spread.mean:.3f} ({spread.low:.3f} … {spread.high:.3f})")


def _warn(here: Sequence[Attribution]) -> None:
    """What methods warn of, once for all that warn of the same."""
    warned: dict[str, list[str]] = {}
    for one in here:
        if one.warning:
            warned.setdefault(one.warning.worded(), []).append(attribution_names.method(one.method))
    for warning, names in warned.items():
        st.warning(plain(f"{listed(names)}: {warning}"), icon=":material/warning:")


def _about(for_: str, against: str) -> None:
    with st.expander(_("About these methods"), icon=":material/info:"):
        st.markdown(
            _(
                "Blue supports the verdict “{second}”, orange “{first}”. The number below a word is "
                "its score in logits. **Comprehensiveness** is the drop in the probability of the "
                "target (of two classes, of the predicted one) when the top-ranked words are removed "
                "(higher is better). "
                "**Sufficiency** is the drop when only these words are kept (lower is better). Both "
                "are means over the top 1, 5, 10, 20 and 50 % of the words, at least one word "
                "(DeYoung et al. 2020). A text of four words has only two such cuts, so see the "
                "benchmark for general results. **τ** compares a ranking with the effect of leaving "
                "out each word alone."
            ).format(first=plain(against), second=plain(for_))
        )
        st.markdown(
            _(
                "**Not offered:** Captum’s DeepLIFT and LRP. They have no rules for recurrent "
                "modules. DeepLIFT still runs on them, but its sums are those of input × gradient. "
                "The LRP here has its own rules for gates."
            )
        )
        for key, line in attribution_names.explanations().items():
            st.markdown(f"**{plain(attribution_names.method(key))}.** {plain(line)}")


def _rows(attributions: controls.Found) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for (number, model, method), attribution in attributions.items():
        errors = [""] * len(attribution) if attribution.errors is None else attribution.errors.tolist()
        aim = attribution_names.column(attribution.target)
        rows += [
            (number, model, method, attribution.baseline, position, token, score, error, aim)
            for position, (token, score, error) in enumerate(
                zip(attribution.tokens, attribution.scores.tolist(), errors, strict=True), 1
            )
        ]
    return rows
