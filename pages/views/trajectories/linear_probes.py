"""What linear probes read off the models' states, beside control tasks: the figures that the cards keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name
from core.runtime.i18n import gettext as _
from core.runtime.i18n import together
from pages.views.trajectories import controls
from pages.widgets import query_params
from pages.wording import estimates
from pages.wording.terms import term
from pages.wording.tokens import plain

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.models.checkpoints import Checkpoint
    from core.probes.units.linear_probes import Probe, Probes
    from core.probes.units.linear_probes_file import Source
    from pages.views.trajectories.controls import Sentence

_COMMAND = "python -m core probe-states --model all --data FILE --rows {rows} --seed {seed} --save"


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """The stored probes: one task at a time as dots with intervals, a table, what it covers, how to make it again."""
    st.write(
        _(
            "A linear probe is trained to tell something about the text so far from the state after a token. That it "
            "succeeds may be the probe’s doing, so it is trained again on a control task: a random label for each "
            "word. What it does better on the task than on the control is its selectivity. The probes were trained on "
            "sentences of a file; the sentence above is not read here."
        )
    )
    stored = _stored(checkpoints)
    if not stored:
        st.info(_("These models were not probed yet. Probe them with the command below."))
        st.code(_COMMAND.format(rows=2_000, seed=0), language="bash", wrap_lines=True)
        return
    task = _choose_task()
    found = [probes for probes, _source in stored]
    for probes in found:
        _say(probes, task)

    from core.figures.inside.linear_probes import probe_plot

    if any(probe.task == task for probes in found for probe in probes.probes):
        st.plotly_chart(
            probe_plot(found, task, _sources()),
            key="probes",
            alt=_("Accuracy of the probes and of their control tasks, and the selectivity, with intervals"),
        )
        st.caption(_tasks()[task][1])
    with st.expander(_("All tasks as a table"), icon=":material/table:"):
        st.dataframe(estimates.as_shown(_header(), _table(found)), hide_index=True)
    covers: dict[str, list[str]] = {}
    for probes, source in stored:
        covers.setdefault(_cover(probes, source), []).append(model_name(probes.model))
    for line, names in covers.items():
        st.caption(plain(f"{', '.join(names)}: {line}"))
    st.caption(_("That a probe finds something does not say that the model uses it."))
    probes, source = stored[0]
    st.code(_COMMAND.format(rows=source.rows, seed=probes.seed), language="bash", wrap_lines=True)
    header, rows = estimates.as_numbers(_header(), _table(found))
    controls.csv_button("probes", header, lambda: rows)


def _stored(checkpoints: Sequence[Checkpoint]) -> list[tuple[Probes, Source]]:
    """What the cards keep of these very models; what cannot be used is told of."""
    from core.probes.units.linear_probes_file import of_card

    found = []
    for checkpoint in checkpoints:
        try:
            kept = of_card(checkpoint.name, checkpoint.card)
        except ValueError as error:
            st.error(plain(str(error)))
            continue
        if kept is None:
            continue
        if kept[0].hash == checkpoint.hash_with_polarity:
            found.append(kept)
        else:
            st.caption(
                _("{model} is not the model that was probed any more; its probes are left out.").format(
                    model=plain(model_name(checkpoint.name))
                )
            )
    return found


def _tasks() -> dict[str, tuple[str, str]]:
    """Tasks by name: what they are called, and what is asked."""
    return {
        "negation": (
            _("negation so far"),
            _("Whether a word such as not, no, never or nothing has come by now; guessing has 50 %."),
        ),
        "polarity": (
            _("polarity so far"),
            _(
                "Whether the polarities of the words by now, each counted in the training data, sum to a low, a middle "
                "or a high number; guessing has 33 %."
            ),
        ),
        "position": (
            _("position"),
            _("Whether it is token 1–2, 3–5, 6–9, 10–15 or a later one; guessing has 20 %."),
        ),
    }


def _sources() -> dict[str, str]:
    return {
        "h": _("hidden state"),
        "c": _("cell state"),
        "x": _("word just read, alone"),
        "place": _("position alone"),
    }


def _choose_task() -> str:
    tasks = {name: title for name, (title, _about) in _tasks().items()}
    query_params.restore("probe_task", "negation", query_params.one_of(list(tasks)), "probe task")
    task = st.segmented_control(
        _("What is read off the states"),
        list(tasks),
        format_func=tasks.__getitem__,
        key="probe task",
        required=True,
        persist_state="session",
    )
    query_params.carry("probe_task", None if task == "negation" else task)
    return task or "negation"


def _say(found: Probes, task: str) -> None:
    """The best state's figures, beside what is no state, as far as they can be told apart."""
    probes = {probe.source: probe for probe in found.probes if probe.task == task}
    name = f"**{plain(model_name(found.model))}.** "
    states = [probes[source] for source in ("h", "c") if source in probes]
    if not states:
        reason = found.left_out.get(task, _("it was not asked"))
        st.markdown(name + plain(_("This was not measured: {reason}").format(reason=reason)))
        return
    best = max(states, key=lambda probe: probe.accuracy.mean)
    others = [probes[source] for source in ("x", "place") if source in probes]
    low, high = best.selectivity.interval
    lines = [
        _("Read off the {state}: {value}, control {control}.").format(
            state=_sources()[best.source], value=_percent(best.accuracy), control=_percent(best.control)
        )
    ]
    if low > 0:
        lines.append(_("The state tells it beyond what a probe learns by heart."))
    elif high < 0:
        lines.append(_("The probe learns random labels better than this: no sign that the state has it."))
    else:
        lines.append(_("Whether that is more than a probe learns by heart cannot be told."))
    if others:
        most = max(others, key=lambda probe: probe.accuracy.mean)
        lines.append(
            _("Without the state, the most is {value}, by the {source}.").format(
                value=_percent(most.accuracy), source=_sources()[most.source]
            )
        )
    st.markdown(name + plain(together(lines)))


def _percent(mean: Mean) -> str:
    low, high = mean.interval
    return f"{mean.mean:.1%} ({low:.1%} – {high:.1%})"


def _header() -> list[str]:
    return [
        *(_("model"), _("task"), _("read off"), _("by chance"), _("balanced accuracy"), _("control task")),
        *(_("selectivity"), _("test tokens by class")),
    ]


def _table(found: Sequence[Probes]) -> list[list[object]]:
    tasks, sources = _tasks(), _sources()

    def classes(probe: Probe) -> str:
        return ", ".join(f"{term(name)} {count:,}" for name, count in zip(probe.classes, probe.tokens, strict=True))

    return [
        [
            model_name(probes.model),
            tasks[probe.task][0],
            sources[probe.source],
            f"{probe.chance:.0%}",
            estimates.share(probe.accuracy.mean, probe.accuracy.interval),
            estimates.share(probe.control.mean, probe.control.interval),
            estimates.signed(probe.selectivity.mean, probe.selectivity.interval, 3),
            classes(probe),
        ]
        for probes in found
        for probe in probes.probes
    ]


def _cover(found: Probes, source: Source) -> str:
    """What was measured, and how."""
    line = _(
        "{rows:,} rows of {file} drawn by seed {seed}; {train:,} sentences to train on, {test:,} others to "
        "measure on ({tokens:,} tokens). Balanced accuracy is the mean of the classes’ recalls. Intervals, 95 %, are "
        "the bootstrap’s over the measured sentences; {controls:,} draws of control labels are averaged."
    ).format(
        rows=source.rows,
        file=source.file,
        seed=found.seed,
        train=found.sentences[0],
        test=found.sentences[1],
        tokens=found.tokens[1],
        controls=found.controls,
    )
    loose = [f"{probe.task} / {probe.source}" for probe in found.probes if not probe.converged]
    if loose:
        line = together([line, _("Fits that did not converge: {which}.").format(which=", ".join(loose))])
    return line
