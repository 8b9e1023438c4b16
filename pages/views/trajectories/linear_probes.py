"""Linear probes of the models' states beside control tasks, as the models' cards keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.runtime.i18n import gettext as _
from core.runtime.i18n import listed, titled, together
from pages.widgets import query_params, tables
from pages.wording import estimates
from pages.wording.terms import term
from pages.wording.tokens import lead, paragraph, plain

if TYPE_CHECKING:
    from core.evaluation.intervals import Mean
    from core.models.checkpoints import Checkpoint
    from core.probes.units.linear_probes import Probes
    from core.probes.units.linear_probes_file import ProbeRows

_COMMAND = "python -m core probe-states --model all --data FILE --rows {rows} --seed {seed} --save"


def view(checkpoints: Sequence[Checkpoint]) -> None:
    """The stored probes: one task at a time as dots with intervals, a table, what it covers, how to make it again."""
    stored = _stored(checkpoints)
    if not stored:
        st.info(_("These models have no probes yet. Run the command below."))
        st.code(_COMMAND.format(rows=2_000, seed=0), language="bash", wrap_lines=True)
        return
    task = _choose_task()
    probed = [probes for probes, _source in stored]
    lead(_in_a_sentence(probed, task))

    from core.figures.inside.linear_probes import probe_plot

    if any(probe.task == task for probes in probed for probe in probes.probes):
        st.plotly_chart(
            probe_plot(probed, task, _sources()),
            key="probes",
            alt=_("Accuracy of the probes and their control tasks, and the selectivity, with intervals"),
        )
    with st.expander(_("What this says of each model"), icon=":material/info:"):
        for probes in probed:
            _say(probes, task)
        st.caption(_tasks()[task][1])
    with st.expander(_("Table of all tasks"), icon=":material/table:"):
        tables.table(*_table(probed), "probes")
    with st.expander(_("How it was measured"), icon=":material/science:"):
        covers: dict[str, list[str]] = {}
        for probes, source in stored:
            covers.setdefault(_cover(probes, source), []).append(model_name(probes.model))
        for line, names in covers.items():
            st.caption(plain(titled(listed(names), line)))
        probes, source = stored[0]
        st.code(_COMMAND.format(rows=source.rows, seed=probes.seed), language="bash", wrap_lines=True)


def _in_a_sentence(probed: Sequence[Probes], task: str) -> str:
    """The best probe of a state, beside its control task."""
    found = [
        (probe, probes.model)
        for probes in probed
        for probe in probes.probes
        if probe.task == task and probe.source in ("h", "c")
    ]
    if not found:
        return _("None of these models was probed for this property.")
    best, model = max(found, key=lambda pair: pair[0].accuracy.mean)
    line = _(
        "{property}: best read from the {state} of the {model}. Balanced accuracy {accuracy:.0%} "
        "({control:.0%} with random labels)."
    )
    return line.format(
        property=_tasks()[task][0].capitalize(),
        state=_sources()[best.source],
        model=model_name(model),
        accuracy=best.accuracy.mean,
        control=best.control.mean,
    )


def _stored(checkpoints: Sequence[Checkpoint]) -> list[tuple[Probes, ProbeRows]]:
    """What the cards keep of these very models; says what cannot be used."""
    from core.probes.units.linear_probes_file import of_card

    stored = []
    for checkpoint in checkpoints:
        try:
            kept = of_card(checkpoint.name, checkpoint.card)
        except ValueError as error:
            st.error(plain(str(error)))
            continue
        if kept is None:
            continue
        if kept[0].hash == checkpoint.hash_with_polarity:
            stored.append(kept)
        else:
            st.caption(
                _("{model} has changed since it was probed; its probes are left out.").format(
                    model=plain(model_name(checkpoint.name))
                )
            )
    return stored


def _tasks() -> dict[str, tuple[str, str]]:
    """Tasks by name: what they are called, and what is asked."""
    return {
        "negation": (
            _("negation so far"),
            _("Whether a word such as not, no, never or nothing is in the prefix. Guessing gets 50 %."),
        ),
        "polarity": (
            _("polarity so far"),
            _(
                "Whether the polarities of the prefix’s words, counted in the training data, have a "
                "low, middle or high sum. Guessing gets 33 %."
            ),
        ),
        "position": (
            _("position"),
            _("Whether it is token 1–2, 3–5, 6–9, 10–15 or a later one. Guessing gets 20 %."),
        ),
    }


def _sources() -> dict[str, str]:
    return {
        "h": _("hidden state"),
        "c": _("cell state"),
        "x": _("current word alone"),
        "place": _("position alone"),
    }


def _choose_task() -> str:
    tasks = {name: title for name, (title, _about) in _tasks().items()}
    return query_params.choice(st.segmented_control, _("Probed property"), tasks, name="probe_task", key="probe task")


def _say(probed: Probes, task: str) -> None:
    """The best state's figures, compared with the word alone and the position alone."""
    probes = {probe.source: probe for probe in probed.probes if probe.task == task}
    name = plain(model_name(probed.model))
    states = [probes[source] for source in ("h", "c") if source in probes]
    if not states:
        reason = probed.left_out.get(task, _("this task was not run"))
        paragraph(name, plain(_("Not measured: {reason}").format(reason=reason)))
        return
    best = max(states, key=lambda probe: probe.accuracy.mean)
    others = [probes[source] for source in ("x", "place") if source in probes]
    low, high = best.selectivity.interval
    lines = [
        _("Accuracy from the {state}: {value}; control: {control}.").format(
            state=_sources()[best.source], value=_percent(best.accuracy), control=_percent(best.control)
        )
    ]
    if low > 0:
        lines.append(_("The state shows more than a probe could memorise."))
    elif high < 0:
        lines.append(_("The probe learns random labels better than this: no sign that the state has this property."))
    else:
        lines.append(_("Unclear whether this is more than a probe could memorise."))
    if others:
        most = max(others, key=lambda probe: probe.accuracy.mean)
        lines.append(
            _("Best without the state: {value}, from the {source}.").format(
                value=_percent(most.accuracy), source=_sources()[most.source]
            )
        )
    paragraph(name, plain(together(lines)))


def _percent(mean: Mean) -> str:
    low, high = mean.interval
    return f"{mean.mean:.1%} ({low:.1%} – {high:.1%})"


def _table(probed: Sequence[Probes]) -> tuple[list[str], list[list[object]]]:
    """A header, and a row for each probe."""
    tasks, sources = _tasks(), _sources()
    header = [_("model"), _("task"), _("read from"), _("chance"), _("balanced accuracy"), _("control task")]
    header += [_("selectivity"), _("test tokens by class")]
    return header, [
        [
            model_name(probes.model),
            tasks[probe.task][0],
            sources[probe.source],
            f"{probe.chance:.0%}",
            estimates.share(probe.accuracy.mean, probe.accuracy.interval),
            estimates.share(probe.control.mean, probe.control.interval),
            estimates.signed(probe.selectivity.mean, probe.selectivity.interval, 3),
            listed(f"{term(name)} {count:,}" for name, count in zip(probe.classes, probe.tokens, strict=True)),
        ]
        for probes in probed
        for probe in probes.probes
    ]


def _cover(probed: Probes, source: ProbeRows) -> str:
    """What was measured, and how."""
    line = _(
        "{rows:,} rows of {file}, sampled with seed {seed}: {train:,} training sentences and "
        "{test:,} test sentences ({tokens:,} tokens). Balanced accuracy is the mean recall of the "
        "classes. The 95 % intervals are bootstraps over the test sentences. The control is averaged "
        "over {controls:,} draws of labels."
    ).format(
        rows=source.rows,
        file=source.file,
        seed=probed.seed,
        train=probed.sentences[0],
        test=probed.sentences[1],
        tokens=probed.tokens[1],
        controls=probed.controls,
    )
    if probed.target is not None:
        line = together([line, _("Polarity is each word’s log-odds of {label}.").format(label=shown(probed.target))])
    loose = [f"{probe.task} / {probe.source}" for probe in probed.probes if not probe.converged]
    if loose:
        line = together([line, _("Fits that did not converge: {which}.").format(which=", ".join(loose))])
    return line
