"""Where the difference between two sentences is carried: one run patched from the other's, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls, hold
from pages.widgets import classes, frame, query_params
from pages.wording.tokens import plain, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.probes.interventions.patching import PatchGrid
    from pages.views.trajectories.controls import Sentence

_COLUMNS = 60  # steps of a map shown at a time


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The maps of all patches, the one that was chosen, then gates held and units scaled."""
    st.write(
        _(
            "Reach in: at one token the model’s state, or a gate, is replaced by what it is while the other sentence "
            "is read; then the rest is read on. Where that carries the verdict over, the difference is kept."
        )
    )
    if len(texts) == 2:
        chosen = controls.choose_models(
            [reader for reader in checkpoints if all(reader.preprocessing(text) for _number, text in texts)]
            or checkpoints
        )
        _patches(texts, chosen)
    else:
        st.info(_("Type a second sentence above to take states from: the same words in another order, for one."))
    hold.view(texts, checkpoints)


def _patches(texts: Sequence[Sentence], chosen: Sequence[Checkpoint]) -> None:
    a, b = _ask_direction(texts)
    if all(checkpoint.preprocessing(a) == checkpoint.preprocessing(b) for checkpoint in chosen):
        st.info(
            _("These models read the same words in both sentences: there is no difference that a patch could carry.")
        )
        return
    align, show = _ask_how(a, b, chosen)
    found: list[tuple[Checkpoint, PatchGrid]] = []
    faults = []
    with frame.working(_("Patching…"), 480):
        for checkpoint in chosen:
            try:
                found.append((checkpoint, _grid(checkpoint.name, checkpoint.hash, a, b, align, checkpoint)))
            except ValueError as error:
                faults.append(str(error))
    for fault in dict.fromkeys(faults):
        st.info(plain(fault))
    if not found:
        return
    grids = [grid for _checkpoint, grid in found]
    own = fingerprint((a, b, align))
    what_key, step_key = f"patch what {own}", f"patch step {own}"
    whats = _whats(grids)
    _restore(grids, whats, what_key, step_key)
    for checkpoint, grid in found:
        _take_click(f"patch map {checkpoint.name} {own}", grid, what_key, step_key)
    _maps(found, show, own, (st.session_state[what_key], st.session_state[step_key]))
    st.caption(
        _(
            "A share is (patched − as it stands) / (the other’s − as it stands), of the logit: 0 where the patch "
            "does nothing, 100 % where it gives the other’s. Colours end at ±100 %; shares may pass it, and need not "
            "add up. A state is replaced as it is handed on, so that at the last token, where h alone is read out, c "
            "counts for nothing. "
            "Click a cell to follow its patch below."
        )
    )
    header = ["model", "align", "step", "token", "other_token", "patched", "logit", "probability", "share"]
    controls.csv_button("patches", header, lambda: [row for grid in grids for row in _rows(grid)])
    what, step = _choose(grids, whats, what_key, step_key)
    _follow(found, what, step)


def _ask_direction(texts: Sequence[Sentence]) -> tuple[str, str]:
    """The sentence that is patched and the one that is taken from."""
    names = {"1": _("the first, from the second"), "2": _("the second, from the first")}
    query_params.restore("patch_into", "1", query_params.one_of(list(names)), "patch into")
    into = st.segmented_control(
        _("Patch"), list(names), format_func=names.__getitem__, key="patch into", required=True, persist_state="session"
    )
    query_params.carry("patch_into", None if into == "1" else into)
    first, second = (sentence.text for sentence in texts)
    return (second, first) if into == "2" else (first, second)


def _ask_how(a: str, b: str, chosen: Sequence[Checkpoint]) -> tuple[str, str]:
    """How steps are matched where the sentences differ in length, and what the colours tell."""
    left, right = st.columns(2)
    names = {"share": _("share carried"), "probability": classes.probability_name_plain(classes.of_all(chosen))}
    query_params.restore("patch_show", "share", query_params.one_of(list(names)), "patch show")
    show = left.segmented_control(
        _("Colours tell"), list(names), format_func=names.__getitem__, key="patch show", required=True,
        persist_state="session",
    )  # fmt: skip
    query_params.carry("patch_show", None if show == "share" else show)
    if all(len(checkpoint.preprocessing(a)) == len(checkpoint.preprocessing(b)) for checkpoint in chosen):
        return "start", show or "share"
    sides = {"start": _("the start"), "end": _("the end")}
    query_params.restore("patch_align", "start", query_params.one_of(list(sides)), "patch align")
    align = right.segmented_control(
        _("They differ in length; match tokens from"),
        list(sides),
        format_func=sides.__getitem__,
        key="patch align",
        required=True,
        persist_state="session",
        help=_("A token without a partner in the other sentence is left out of the map."),
    )
    query_params.carry("patch_align", None if align == "start" else align)
    return align or "start", show or "share"


def _whats(grids: Sequence[PatchGrid]) -> list[str]:
    """All that can be patched in some of the models."""
    return list(
        dict.fromkeys(what for grid in sorted(grids, key=lambda grid: -len(grid.logits)) for what in grid.logits)
    )


def _restore(grids: Sequence[PatchGrid], whats: list[str], what_key: str, step_key: str) -> None:
    """The patch that the link names, or that of the whole state where the sentences first differ."""
    what, step = _telling(grids, whats)
    longest = max(len(grid.tokens[0]) for grid in grids)
    read = query_params.whole(1, longest)
    sound = [
        query_params.restore("patch_what", what, query_params.one_of(whats), what_key),
        query_params.restore("patch_step", step, lambda told: None if (n := read(told)) is None else n - 1, step_key),
    ]
    if st.session_state[what_key] not in whats:  # other models were chosen
        st.session_state[what_key] = what
    if not 0 <= st.session_state[step_key] < longest:  # these models split the text into fewer tokens
        st.session_state[step_key] = step
    if not all(sound):
        st.caption(_("The link names a patch that cannot be made here; a telling one is chosen."))


def _telling(grids: Sequence[PatchGrid], whats: list[str]) -> tuple[str, int]:
    first = grids[-1].between
    paired = [step for step, partner in enumerate(grids[-1].partners) if partner is not None]
    step = int(first[0]) if len(first) else (paired or [0])[-1]
    return ("both" if "both" in whats else "hidden"), step


def _take_click(key: str, grid: PatchGrid, what_key: str, step_key: str) -> None:
    """Choose what was clicked in a map, once: the browser tells of a click again at every rerun."""
    clicked = _clicked(st.session_state.get(key), grid)
    if clicked != st.session_state.get(f"clicked {key}"):
        st.session_state[f"clicked {key}"] = clicked
        if clicked is not None:
            st.session_state[what_key], st.session_state[step_key] = clicked


def _clicked(event: Any, grid: PatchGrid) -> tuple[str, int] | None:
    """What is patched and at which step. The browser says so, so it is checked."""
    try:
        what, step = event["selection"]["points"][-1]["customdata"][:2]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    if type(what) is not str or type(step) is not int or what not in grid.logits:
        return None
    return (what, step) if 0 <= step < len(grid.tokens[0]) else None


def _maps(found: Sequence[tuple[Checkpoint, PatchGrid]], show: str, own: str, chosen: tuple[str, int]) -> None:
    from core.figures.inside.interventions import patch_heatmap

    longest = max(len(grid.tokens[0]) for _checkpoint, grid in found)
    first = controls.window(longest, _COLUMNS, chosen[1], "patch_shown", f"patch shown {own}")
    for checkpoint, grid in found:
        shown = "probability" if grid.shares is None or grid.little else show
        st.plotly_chart(
            patch_heatmap(grid, shown, first, _COLUMNS, (_what(grid, chosen[0]), chosen[1]), checkpoint.labels),
            key=f"patch map {checkpoint.name} {own}",
            on_select="rerun",
            selection_mode="points",
            alt=_("What each patch does, states and gates down and tokens across; the table to download holds it all"),
        )
        st.markdown(f"**{plain(model_name(grid.model))}:** {plain(grid.statement)}")
        if grid.cell == "rnn":
            st.caption(_("An RNN has neither gates nor a cell state: its hidden state is all that there is to patch."))


def _what(grid: PatchGrid, what: str) -> str:
    """Both states are the hidden one alone where there is no other."""
    return grid.whole if what == "both" else what


def _choose(grids: Sequence[PatchGrid], whats: list[str], what_key: str, step_key: str) -> tuple[str, int]:
    """The patch to follow, for those who do not click."""
    from core.figures.inside.interventions import patch_names

    names, longest = patch_names(whats), max(grids, key=lambda grid: len(grid.tokens[0]))
    st.header(_("One patch"))
    left, right = st.columns(2)
    what = left.selectbox(
        _("What is replaced"),
        whats,
        format_func=names.__getitem__,
        key=what_key,
        persist_state="session",
        required=True,
    )
    step = right.selectbox(
        _("At token"),
        range(len(longest.tokens[0])),
        format_func=lambda place: _told(longest, place),
        key=step_key,
        persist_state="session",
        required=True,
    )
    usual = _telling(grids, whats)
    query_params.carry("patch_what", None if what == usual[0] else what)
    query_params.carry("patch_step", None if step == usual[1] else str(step + 1))
    return what, step


def _told(grid: PatchGrid, place: int) -> str:
    """A token and the one that it is matched with."""
    partner = grid.partners[place]
    other = _("no partner") if partner is None else visible(grid.tokens[1][partner])
    return f"{place + 1}. {visible(grid.tokens[0][place])} ← {other}"


def _follow(found: Sequence[tuple[Checkpoint, PatchGrid]], what: str, step: int) -> None:
    """The chosen patch's verdicts and paths, by model."""
    from core.probes.interventions.hold import Patch, intervene

    runs = []
    for checkpoint, grid in found:
        a, b = (controls.traced(checkpoint, text) for text in grid.texts)
        try:
            runs.append(intervene(checkpoint, a, [Patch(_what(grid, what), step)], b, grid.align))
        except (ValueError, LookupError) as error:
            st.caption(f"{plain(model_name(grid.model))}: {plain(str(error.args[0]))}")
    hold.show(runs, "patch path")


@st.cache_data(max_entries=64, show_spinner=False)
def _grid(name: str, model_hash: str, a: str, b: str, align: str, _checkpoint: Checkpoint) -> PatchGrid:
    from core.probes.interventions.patching import patch_grid

    return patch_grid(_checkpoint, controls.traced(_checkpoint, a), controls.traced(_checkpoint, b), align)


def _rows(grid: PatchGrid) -> list[tuple[object, ...]]:
    """A row a step and patch; a step without a partner has none."""
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
        )
        for step, partner in enumerate(grid.partners)
        if partner is not None
        for what, logits in grid.logits.items()
    ]
