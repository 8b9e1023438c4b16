"""Where the difference between two sentences is carried: one run patched from the other's, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.data.targets import common
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, titled, together
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls, hold
from pages.widgets import classes, models, query_params, sentences, tables, target, text_strip
from pages.wording.tokens import Number, lead, paragraph, plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.interventions.patching import PatchGrid
    from pages.widgets.sentences import Sentence

_COLUMNS = 60  # steps of a map shown at a time


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The maps of all patches, the one that was chosen, then gates held and units scaled."""
    if len(texts) == 2:
        readers = sentences.readers(checkpoints, *texts, which=all) or checkpoints
        _patches(texts, readers)
    else:
        st.info(_("Type a second sentence above to take states from, for example the same words in another order."))
    hold.view(texts, checkpoints, expanded=len(texts) < 2)


def _patches(texts: Sequence[Sentence], readers: Sequence[Checkpoint]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = models.choose_some(readers, "trajectories models")
        a, b = _ask_direction(texts)
        chosen = controls.aimed(chosen, a)
        with st.popover(_("Settings"), icon=":material/tune:"):
            align, show = _ask_how(a, b, chosen)
    if all(checkpoint.preprocessing(a) == checkpoint.preprocessing(b) for checkpoint in chosen):
        st.info(_("These models read the same words in both sentences, so there is no difference to carry over."))
        return
    patched = controls.computed(
        chosen, lambda checkpoint: (checkpoint, _grid(checkpoint, a, b, align)), _("Patching…"), 480
    )
    if not patched:
        return
    grids = [grid for _checkpoint, grid in patched]
    own = fingerprint((a, b, align))
    what_key, step_key = f"patch what {own}", f"patch step {own}"
    whats = _whats(grids)
    _restore(grids, whats, what_key, step_key)
    if pair := controls.clicked(f"patch map {own}", lambda *pair: any(_has(grid, *pair) for grid in grids)):
        st.session_state[what_key], st.session_state[step_key] = pair
    lead(_in_a_sentence(grids))
    st.session_state[step_key] = _strip(patched, own, st.session_state[step_key])
    _maps(grids, show, own, (st.session_state[what_key], st.session_state[step_key]))
    what, step = _choose(grids, whats, what_key, step_key)
    _follow(patched, what, step)
    with st.expander(_("Where the difference is carried, by model"), icon=":material/info:"):
        for grid in grids:
            paragraph(plain(model_name(grid.model)), plain(grid.statement))
        header = [
            "model",
            "align",
            "step",
            "token",
            "other_token",
            "patched",
            "logit",
            "probability",
            "share",
            "target",
        ]
        tables.download_chart("patches", header, lambda: [row for grid in grids for row in _rows(grid)])


def _in_a_sentence(grids: Sequence[PatchGrid]) -> str:
    """What the donor's whole state does after the token where the sentences first part."""
    by_step: dict[tuple[int, str], list[str]] = {}
    for grid in grids:
        if len(grid.between):
            step = int(grid.between[0])
            change = f"{grid.probability[0]:.2f} → {grid.probabilities[grid.whole][step]:.2f}"
            by_step.setdefault((step, grid.tokens[0][step]), []).append(f"{model_name(grid.model)} {change}")
    if not by_step:
        return grids[0].statement
    chance = classes.probability_name(common([grid.target for grid in grids]))
    line = _("With the other sentence’s state after word {number}, “{word}”, {chance} moves: {changes}.")
    return together(
        [
            line.format(number=step + 1, word=visible(word), chance=chance, changes=listed(changes))
            for (step, word), changes in by_step.items()
        ]
    )


def _strip(patched: Sequence[tuple[Checkpoint, PatchGrid]], own: str, step: int) -> int:
    """The words of the patched sentence, coloured by the share that the whole state carries; the step chosen."""
    from core.figures.palette import shade

    checkpoint, grid = max(patched, key=lambda pair: len(pair[1].tokens[0]))
    shares = None if grid.shares is None or grid.little else grid.shares[grid.whole]
    looks = [
        text_strip.Look()
        if shares is None or shares[position] != shares[position]
        else text_strip.Look(
            ground=shade(float(shares[position])),
            hint=_("{model}: the state after this word carries {share:.0%}").format(
                model=model_name(grid.model), share=Number(shares[position])
            ),
        )
        for position in range(len(grid.tokens[0]))
    ]
    known = [token in checkpoint.vocabulary for token in grid.tokens[0]]
    chart = f"patch map {own}"
    picked = text_strip.choose(grid.tokens[0], known, looks, key=f"patch words {own}", chosen=step, chart=chart)
    return step if picked is None else picked


def _ask_direction(texts: Sequence[Sentence]) -> tuple[str, str]:
    """The sentence that is patched and the one that is taken from."""
    names = {"1": _("first, from second"), "2": _("second, from first")}
    into = query_params.choice(st.segmented_control, _("Patch"), names, name="patch_into", key="patch into")
    first, second = (sentence.text for sentence in texts)
    return (second, first) if into == "2" else (first, second)


def _ask_how(a: str, b: str, chosen: Sequence[Checkpoint]) -> tuple[str, str]:
    """How steps are matched where the sentences differ in length, and what the colours show."""
    chance = classes.probability_name_plain(common([aim for one in chosen if (aim := one.target) is not None]))
    names = {"share": _("share carried"), "probability": chance}
    show = query_params.choice(st.segmented_control, _("Colours show"), names, name="patch_show", key="patch show")
    if all(len(checkpoint.preprocessing(a)) == len(checkpoint.preprocessing(b)) for checkpoint in chosen):
        return "start", show
    align = query_params.choice(
        st.segmented_control,
        _("Align tokens from"),
        {"start": _("start"), "end": _("the end")},
        name="patch_align",
        key="patch align",
        help=_("A token without a partner in the other sentence is left out of the map."),
    )
    return align, show


def _whats(grids: Sequence[PatchGrid]) -> list[str]:
    """All that can be patched in some of the models."""
    return list(
        dict.fromkeys(what for grid in sorted(grids, key=lambda grid: -len(grid.logits)) for what in grid.logits)
    )


def _restore(grids: Sequence[PatchGrid], whats: list[str], what_key: str, step_key: str) -> None:
    """The patch that the link names, or that of the whole state where the sentences first differ."""
    what, step = _telling(grids, whats)
    longest = max(len(grid.tokens[0]) for grid in grids)
    query_params.restore("patch_what", what, query_params.one_of(whats), what_key)
    query_params.restore("patch_step", step, controls.read_position(longest), step_key)
    if st.session_state[what_key] not in whats:  # other models were chosen
        st.session_state[what_key] = what
    if not 0 <= st.session_state[step_key] < longest:  # these models split the text into fewer tokens
        st.session_state[step_key] = step


def _telling(grids: Sequence[PatchGrid], whats: list[str]) -> tuple[str, int]:
    differing = grids[-1].between
    paired = [step for step, partner in enumerate(grids[-1].partners) if partner is not None]
    step = int(differing[0]) if len(differing) else (paired or [0])[-1]
    return ("both" if "both" in whats else "hidden"), step


def _has(grid: PatchGrid, what: object, step: object) -> bool:
    """Whether a grid has this patch."""
    return type(what) is str and type(step) is int and what in grid.logits and 0 <= step < len(grid.tokens[0])


def _maps(grids: Sequence[PatchGrid], show: str, own: str, chosen: tuple[str, int]) -> None:
    from core.figures.inside.interventions import patch_heatmap

    longest = max(len(grid.tokens[0]) for grid in grids)
    if show == "share":  # a model whose two verdicts are alike has none
        grids = [grid for grid in grids if grid.shares is not None and not grid.little] or grids
    picture = st.container()
    first = controls.window(longest, _COLUMNS, chosen[1], "patch_shown", f"patch shown {own}")
    picture.plotly_chart(
        patch_heatmap(grids, show, first, _COLUMNS, chosen),
        key=f"patch map {own}",
        on_select="rerun",
        selection_mode="points",
        alt=_("Effect of each patch; states and gates down, tokens across; the downloadable table has all values"),
    )


def _what(grid: PatchGrid, what: str) -> str:
    """Both states are the hidden one alone where there is no other."""
    return grid.whole if what == "both" else what


def _choose(grids: Sequence[PatchGrid], whats: list[str], what_key: str, step_key: str) -> tuple[str, int]:
    """The patch to follow, for those who do not click."""
    from core.figures.inside.interventions import patch_names

    names, longest = patch_names(whats), max(grids, key=lambda grid: len(grid.tokens[0]))
    usual_what, usual_step = _telling(grids, whats)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = query_params.choice(
            st.selectbox,
            _("Replaced component"),
            names,
            name="patch_what",
            key=what_key,
            default=usual_what,
            width=240,
            help=_("A state is replaced as it is passed on. After the last token only h is read, so c has no effect."),
        )
        step = query_params.choice(
            st.selectbox,
            _("At token"),
            {position: _matched(longest, position) for position in range(len(longest.tokens[0]))},
            name="patch_step",
            key=step_key,
            default=usual_step,
            read=controls.read_position(len(longest.tokens[0])),
            write=controls.write_position,
            width=280,
        )
    return what, step


def _matched(grid: PatchGrid, position: int) -> str:
    """A token and the one that it is matched with."""
    partner = grid.partners[position]
    other = _("no partner") if partner is None else visible(grid.tokens[1][partner])
    return f"{controls.numbered(grid.tokens[0], position)} ← {other}"


def _follow(patched: Sequence[tuple[Checkpoint, PatchGrid]], what: str, step: int) -> None:
    """The chosen patch's verdicts and paths, by model."""
    from core.probes.interventions.hold import Patch, intervene

    runs = []
    for checkpoint, grid in patched:
        a, b = (models.traced(checkpoint, text) for text in grid.texts)
        try:
            runs.append(intervene(checkpoint, a, [Patch(_what(grid, what), step)], b, grid.align))
        except (ValueError, LookupError) as error:
            st.caption(plain(titled(model_name(grid.model), str(error.args[0]))))
    hold.show(runs, "patch path")


@cached(64)
def _grid(checkpoint: Checkpoint, a: str, b: str, align: str) -> PatchGrid:
    from core.probes.interventions.patching import patch_grid

    return patch_grid(checkpoint, models.traced(checkpoint, a), models.traced(checkpoint, b), align)


def _rows(grid: PatchGrid) -> list[tuple[object, ...]]:
    """A row for each step and patch; none for a step without a partner."""
    shares, probabilities = grid.shares, grid.probabilities
    return [
        (
            grid.model,
            grid.align,
            step + 1,
            grid.tokens[0][step],
            grid.tokens[1][partner],
            what,
            float(logits[step]),
            float(probabilities[what][step]),
            "" if shares is None else float(shares[what][step]),
            target.column(grid.target),
        )
        for step, partner in enumerate(grid.partners)
        if partner is not None
        for what, logits in grid.logits.items()
    ]
