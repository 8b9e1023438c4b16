"""Why two sentences get different verdicts: where the verdicts part, how far the states are apart, what carries it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from core.data.labels import model_name, shown
from core.figures.palette import CHOSEN
from core.runtime.i18n import clauses, listed, together
from core.runtime.i18n import gettext as _
from pages.server.caches import cached
from pages.server.fingerprint import fingerprint
from pages.views.trajectories import controls
from pages.widgets import classes, frame, models, query_params, sentences, tables, text_strip
from pages.wording.tokens import Number, lead, visible

if TYPE_CHECKING:
    from core.models.checkpoints import Checkpoint
    from core.models.trace import Trace
    from core.probes.dynamics.differences import Difference
    from pages.widgets.sentences import Sentence

_RISE = 0.05  # of the share: less leaves a word without a ground


def view(texts: Sequence[Sentence], checkpoints: Sequence[Checkpoint]) -> None:
    """Two sentences in the models that read both."""
    from core.figures.inside.differences import difference_curves

    readers = sentences.readers(checkpoints, *texts, which=all)
    if len(texts) < 2 or not readers:
        st.info(_("Type a second sentence above, for example the same words in another order."))
        return
    a, b = (sentence.text for sentence in texts)
    chosen = controls.aimed(models.choose_some(readers, "trajectories models"), a)
    with frame.working(_("Comparing the two runs…"), 480):
        found = [_difference(checkpoint, a, b) for checkpoint in chosen]
    told = max(found, key=lambda one: (one.opposite, abs(one.logit[1] - one.logit[0])))
    lead(together([_verdicts(found), _why(told)]))
    own = fingerprint((a, b))
    key, longest = f"trajectories step {own}", max(len(tokens) for one in found for tokens in one.tokens)
    usual = (told.carrier or told.splits_at or 1) - 1
    query_params.restore("step", usual, controls.read_position(longest), key)
    step = min(st.session_state[key], longest - 1)
    st.plotly_chart(
        difference_curves(found, step + 1),
        key=f"differ {own}",
        alt=_("Verdicts, distance of the states and share carried, step by step, by model"),
    )
    for number, text in enumerate((a, b)):
        runs = [models.traced(checkpoint, text) for checkpoint in chosen]
        first, looks = runs[found.index(told)], _looks(runs, told)
        moved = controls.chosen_step(first.tokens, first.known, looks, f"strip {number} {own}", step, f"differ {own}")
        if moved is not None:
            st.session_state[key] = moved
            st.rerun()
    query_params.carry("step", None if step == usual else controls.write_position(step))
    _step(found, step)
    with st.expander(_("All steps"), icon=":material/table_rows:"):
        header = [_("model"), _("step"), _("first sentence"), _("second sentence"), *_numbers(found)]
        steps = [_row(one, at) for one in found for at in range(max(map(len, one.tokens)))]
        tables.table(header, steps, "differences")


def _verdicts(found: Sequence[Difference]) -> str:
    """Whose verdicts differ, and from which word on; what the other models say of both."""
    said, same = [], dict[str, list[str]]()
    for one in found:
        before, after = (shown(one.target.labels[int(numbers[-1])]) for numbers in one.predicted)
        name = model_name(one.model)
        if not one.opposite:
            same.setdefault(before, []).append(name)
        elif one.parts_at is None:
            said.append(_("{model}: {first} → {second}").format(model=name, first=before, second=after))
        else:
            line = _("{model}: {first} → {second} from word {step:,} on")
            said.append(line.format(model=name, first=before, second=after, step=one.parts_at))
    said += [_("{models}: {label} for both").format(models=listed(names), label=label) for label, names in same.items()]
    return _("{told}.").format(told=clauses(said))


def _why(one: Difference) -> str:
    """Where a model's states split, and which word's state carries the difference."""
    model, step = model_name(one.model), one.carrier
    if one.tokens[0] == one.tokens[1]:
        return _("{model} reads the same words in both.").format(model=model)
    if step is None or one.share is None:
        little = _("No state of the second sentence carries much of the difference.")
        return together([controls.split(one), *([little] if one.share is not None else [])])
    line = (
        _(
            "In the {model}, the states split at word {step:,}. The second sentence’s state there (after “{word}”) "
            "carries {share:.0%} of the difference."
        )
        if step == one.splits_at
        else _(
            "In the {model}, the states split at word {split:,}. The second sentence’s state after word {step:,} "
            "(“{word}”) carries {share:.0%} of the difference."
        )
    )
    word, share = visible(one.tokens[1][step - 1]), Number(one.share[step - 1])
    return line.format(model=model, split=one.splits_at, step=step, word=word, share=share)


def _looks(runs: Sequence[Trace], told: Difference) -> list[text_strip.Look]:
    """A mark a model for its verdict after each word; a ground where the share that one model carries grows."""
    rise = [*told.rise.tolist(), *[0.0] * len(runs[0])]
    return [
        look._replace(ground=f"color-mix(in srgb, {CHOSEN} {50 * min(grows, 1):.0f}%, transparent)")
        if grows > _RISE
        else look
        for look, grows in zip(controls.verdict_looks(runs), rise, strict=False)
    ]


def _numbers(found: Sequence[Difference]) -> list[str]:
    from core.data.targets import common

    chance = classes.probability_name(common([one.target for one in found]))
    both = [_("{chance}, first").format(chance=chance), _("{chance}, second").format(chance=chance)]
    return [*both, _("distance of the states"), _("share carried")]


def _step(found: Sequence[Difference], step: int) -> None:
    """The chosen step's numbers, model by model."""
    st.markdown(_("**Word {number:,}**").format(number=step + 1))
    header = [_("model"), _("first sentence"), _("second sentence"), *_numbers(found)]
    tables.table(header, [row[:1] + row[2:] for one in found if (row := _row(one, step))])


def _row(one: Difference, at: int) -> tuple[object, ...]:
    """Words, probabilities, distance and share after a step; None where a sentence has ended."""

    def there(numbers: Sequence[object]) -> object:
        return numbers[at] if at < len(numbers) else None

    def rounded(numbers: Sequence[float]) -> float | None:
        return round(float(numbers[at]), 3) if at < len(numbers) and numbers[at] == numbers[at] else None

    words = (None if (word := there(tokens)) is None else visible(str(word)) for tokens in one.tokens)
    numbers = (*one.probability, one.distance, () if one.share is None else one.share)
    return model_name(one.model), at + 1, *words, *(rounded(of) for of in numbers)


@cached(64)
def _difference(checkpoint: Checkpoint, a: str, b: str) -> Difference:
    from core.probes.dynamics.differences import difference
    from core.probes.interventions.patching import MOST_STEPS, patch_grid

    runs = [models.traced(checkpoint, text) for text in (a, b)]
    grid = patch_grid(checkpoint, *runs) if len(runs[0]) <= MOST_STEPS else None
    return difference(*runs, grid)
