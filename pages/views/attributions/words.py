"""Which words carried the verdict, and is that to be believed? Every method's scores, and how faithful each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, titled, together
from pages.help.texts import texts
from pages.views.attributions import controls, measures, strips, trust
from pages.views.attributions import names as attribution_names
from pages.views.attributions.controls import Cell
from pages.widgets import classes, models, tables, target, text_strip
from pages.widgets.sentences import Sentence
from pages.wording.tokens import Number, lead, paragraph, plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.predict import Verdict
    from core.probes.attribution.measures import Faithfulness
    from core.probes.attribution.results import Attribution

_NAMED = 3  # words in the answer


def view(asked: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The answer, a strip, a map of the methods and their faithfulness for every sentence and model, two in a row."""
    with controls.row():
        chosen = controls.choose_models(checkpoints, asked)
        aim = target.choose(chosen, "attributions")
        one_method = st.container(width=230)
        with controls.settings():
            methods = controls.choose_methods(chosen)
            baseline = controls.choose_baseline()
            controls.tell_of_baselines(methods, baseline)
        with one_method:
            method = controls.choose_method(methods)
    cells = controls.cells(asked, chosen, aim)
    answers = st.container()
    attributions = controls.run(cells, methods, baseline, "words")
    with answers:
        for start in range(0, len(cells), 2):
            columns = st.columns(2, gap="large") if len(cells) > 1 else [st.container()]
            for column, cell in zip(columns, cells[start : start + 2], strict=False):
                with column:
                    _cell(cell, len(asked) > 1, len(cells) > 1, attributions, methods, method, baseline)
    _about()
    header = ["sentence", "model", "method", "baseline", "place", "token", "score", "standard_error", "target"]
    tables.download_chart("attributions", header, lambda: _rows(attributions))


def _cell(
    cell: Cell,
    sentences: bool,
    several: bool,
    attributions: controls.Found,
    methods: Sequence[str],
    method: str,
    baseline: str,
) -> None:
    """One sentence and model, under a header where there are several."""
    name = f"{cell.sentence.number} {cell.checkpoint.name}"
    if several:
        heading = model_name(cell.checkpoint.name)
        if sentences:
            heading = _("Sentence {number} · {model}").format(number=cell.sentence.number, model=heading)
        st.header(plain(heading), divider="gray")
    keys = [(cell.sentence.number, cell.checkpoint.name, one) for one in methods]
    here = [attributions[key] for key in keys if key in attributions]
    if not here:
        st.caption(_("No method has finished yet."))
        return
    answer = st.container()
    first_tab, curves, sums = st.tabs([_("Faithfulness"), _("Curves"), _("Sums and time")])
    with first_tab:
        measured = trust.measured(cell, here, controls.removal(cell.checkpoint, baseline))
    here = trust.by_faithfulness(cell, here, measured)
    first = next((one for one in here if one.method == method), here[0])
    with answer:
        verdict = models.verdict(cell.checkpoint, cell.sentence.text)
        _answer(verdict, first, None if measured is None else measured[first.method])
        _strip(cell, verdict, first, name)
        _map(here, name)
    with first_tab:
        measures.faithfulness(cell, here, measured)
    if measured is not None and next(iter(measured.values())).ranking_matters:
        with curves:
            measures.curves(cell, measured)
    with sums:
        measures.sums(here)
    _warn(here)


def _answer(verdict: Verdict, first: Attribution, measured: Faithfulness | None) -> None:
    """Which words carried the verdict by one method, and whether to believe it."""
    from core.probes.attribution.attribute import METHODS
    from core.probes.attribution.measures import strongest

    text_strip.warn_of_unknown(first.known)
    carried = {
        "model": model_name(verdict.model),
        "label": shown(verdict.label),
        "probability": max(verdict.distribution),
        "aim": shown(verdict.target.name),
    }
    if not any(first.known):
        line = _("{model}: {label} ({probability:.2f}), but it knows none of the words, so none carried the verdict.")
        lead(line.format(**carried))
        return
    if not METHODS[first.method].signed:
        line = _("{model}: {label} ({probability:.2f}), most sensitive to {words}.")
        line = line.format(words=strips.quoted(first.tokens, strongest(abs(first.scores), _NAMED)), **carried)
    else:
        rival = verdict.target.rival
        sign = -1 if rival is not None and verdict.label == rival else 1
        words = strongest(sign * first.scores, _NAMED)
        others = strongest(-sign * first.scores, _NAMED)
        if verdict.label in (verdict.target.name, rival):
            line = _("{model}: {label} ({probability:.2f}), carried by {words}.")
            without = _("{model}: {label} ({probability:.2f}), though no word supports it.")
        else:
            line = _("{model}: {label} ({probability:.2f}). For {aim}: {words}.")
            without = _("{model}: {label} ({probability:.2f}). No word supports {aim}.")
        line = (line if words else without).format(words=strips.quoted(first.tokens, words), **carried)
        if others:
            line = together((line, _("Against it: {words}.").format(words=strips.quoted(first.tokens, others))))
    lead(together((line, _belief(first, measured))))


def _belief(first: Attribution, measured: Faithfulness | None) -> str:
    """Whether to believe a method's ranking, in a sentence."""
    if len(first) == 1:
        return _("A single word has no ranking, so faithfulness is undefined.")
    method = attribution_names.method(first.method)
    if measured is None:
        return _("Not tested yet ({method}): measure the faithfulness below.").format(method=method)
    if not measured.ranking_matters:
        return _(
            "The verdict stays the same whichever words are removed first, so no ranking is more faithful than another."
        )
    if measured.better >= trust.CONVINCING:
        line = _("Believe it: this ranking ({method}) is more faithful than {share:.0%} of {count} random ones.")
    elif len(first) < trust.FEWEST:
        line = _("Too few words to test the ranking ({method}): it beats {share:.0%} of {count} random ones.")
    else:
        line = _("Do not rely on it: this ranking ({method}) beats only {share:.0%} of {count} random ones.")
    return line.format(method=method, share=measured.better, count=measured.randoms)


def _strip(cell: Cell, verdict: Verdict, first: Attribution, name: str) -> None:
    """The words by one method, and the verdict without the one that was clicked."""
    from core.probes.attribution.attribute import METHODS

    errors = [None] * len(first) if first.errors is None else first.errors.tolist()
    hints = [
        _("{token}: {score:+.4f} in logits").format(token=visible(token), score=Number(score))
        if error is None
        else _("{token}: {score:+.4f} ± {error:.4f} in logits").format(
            token=visible(token), score=Number(score), error=error
        )
        for token, score, error in zip(first.tokens, first.scores.tolist(), errors, strict=True)
    ]
    has_signs = METHODS[first.method].signed and any(first.known)
    key, chart = f"attribution words {name}", f"attribution map {name}"
    clicked = strips.choose(
        *(first.tokens, first.known, first.scores.tolist(), hints, first.target),
        key=key,
        chart=chart,
        has_signs=has_signs,
    )
    if clicked is None or len(first) == 1:
        return
    rest = first.tokens[:clicked] + first.tokens[clicked + 1 :]
    after = models.verdict_on_tokens(cell.checkpoint, rest).aimed(verdict.target)
    line = _("Without {word}: {label}, {chance} {before:.3f} → {after:.3f}.").format(
        word=strips.quoted(first.tokens, [clicked]),
        label=shown(after.label),
        chance=classes.probability_name(verdict.target),
        before=verdict.probability,
        after=after.probability,
    )
    st.markdown(plain(line))


def _map(here: Sequence[Attribution], name: str) -> None:
    from core.figures.attribution.scores import score_map
    from core.probes.attribution.attribute import METHODS

    names = [attribution_names.marked(one.method) for one in here]
    st.plotly_chart(
        score_map(here, names, [METHODS[one.method].signed for one in here]),
        key=f"attribution map {name}",
        alt=_("Every method's score of every token, as a share of the method's total magnitude"),
    )


def _warn(here: Sequence[Attribution]) -> None:
    """What methods warn of, once for all that warn of the same."""
    warned: dict[str, list[str]] = {}
    for one in here:
        if one.warning:
            warned.setdefault(one.warning.worded(), []).append(attribution_names.method(one.method))
    for warning, names in warned.items():
        st.warning(plain(titled(listed(names), warning)), icon=":material/warning:")


def _about() -> None:
    with st.expander(_("About these methods"), icon=":material/info:"):
        for about in texts("methods").values():
            paragraph(plain(_(about.name)), plain(_(about.idea)))
        st.markdown(
            _(
                "**Not offered:** Captum’s DeepLIFT and LRP. They have no rules for recurrent "
                "modules. DeepLIFT still runs on them, but its sums are those of input × gradient. "
                "The LRP here has its own rules for gates."
            )
        )


def _rows(attributions: controls.Found) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for (number, model, method), attribution in attributions.items():
        errors = [""] * len(attribution) if attribution.errors is None else attribution.errors.tolist()
        aim = target.column(attribution.target)
        rows += [
            (number, model, method, attribution.baseline, position, token, score, error, aim)
            for position, (token, score, error) in enumerate(
                zip(attribution.tokens, attribution.scores.tolist(), errors, strict=True), 1
            )
        ]
    return rows
