"""Trajectories: what happens inside a network while it reads, token by token?"""

from __future__ import annotations

from core.data.examples import examples
from core.runtime.i18n import gettext as _
from pages.widgets import frame

frame.set_up("Trajectories")
views = {
    "states": _("States and gates"),
    "words": _("Word by word"),
    "differ": _("Why do they differ?"),
    "path": _("Path"),
    "gradients": _("Gradients"),
    "memory": _("Memory"),
    "patch": _("Patching"),
    "fixed": _("Fixed points"),
    "patterns": _("Patterns"),
    "probes": _("Linear probes"),
}
view = frame.head(_("Trajectories"), _("What happens inside a model as it reads a sentence, token by token?"), views)
text, second = "", ""
if view not in ("memory", "probes"):
    text, second = frame.two_sentences(examples()[0].text, "trajectories second")

with frame.loading():
    # Heavy imports, here so that the page is on the screen before them.
    from pages.views.trajectories import (
        differ,
        fixed_points,
        gradients,
        linear_probes,
        memory,
        patching,
        path,
        states,
        words,
    )
    from pages.views.trajectories.units import patterns
    from pages.widgets import answers, black_box, models, sentences, target, text_strip

    checkpoints, faults = models.load_all()
models.tell_of(faults)
checkpoints = black_box.inside(checkpoints)
if not checkpoints:
    models.tell_of_none()
elif not (
    checkpoints := answers.only(
        checkpoints,
        plain_only=view not in ("states", "words", "differ", "patch"),
        torch_gates=view in ("differ", "patch"),
    )
):
    pass  # said why
elif view == "memory":
    memory.view(checkpoints)
elif view == "probes":
    linear_probes.view(checkpoints)
else:
    answers.tell_of_layers(checkpoints)
    texts = sentences.read(checkpoints, text, second)
    shown = {
        "states": states.view,
        "words": words.view,
        "differ": differ.view,
        "path": path.view,
        "gradients": gradients.view,
        "patch": patching.view,
        "fixed": fixed_points.view,
        "patterns": patterns.view,
    }
    for sentence in texts:
        text_strip.warn_of_unknown(
            *(models.verdict(one, sentence.text).known for one in sentences.readers(checkpoints, sentence))
        )
    if texts and view != "fixed":
        aim = target.choose(checkpoints, "trajectories")
        checkpoints = [aim.model(checkpoint) for checkpoint in checkpoints]
    if texts or view == "fixed":
        shown[view](texts, checkpoints)
    else:
        frame.invite(text)
