"""Every probe in one short call: run ``python examples/tour.py [FOLDER]`` from the project.

Prints what each probe finds in one sentence. With a folder, it also writes the figures there as HTML. The limits are
small, so that the tour takes seconds. Leave them out to search as far as the pages do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))  # runs from anywhere, without an installation

from core import figure, load
from core.probes.interventions.hold import Hold


def main(out: Path | None, name: str = "lstm") -> None:
    """Ask one model everything; write the figures to `out`, if given."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)

    def draw(title: str, result: object) -> None:
        if out is not None:
            figure(result).write_html(out / f"{title}.html", include_plotlyjs="directory")

    model = load(name)
    print(model)
    text, other = "it was not bad, i love it", "it was not love, i hate it"

    # What does it predict, and how does that change word by word?
    verdicts = model.predict([text, other])
    for verdict in verdicts:
        print(f"predict: {verdict.label}, P(positive) {verdict.probability:.3f}: {verdict.text}")
    draw("predict", verdicts[:1])

    # Does the order of the words matter?
    flips = model.flip(text)
    print(f"flip: {flips.certificate}")
    orders = model.permutations(text, budget=2_000)
    print(f"permutations: {orders.certificate}")
    draw("permutations", orders)
    share = model.order(text)
    print(f"order: logit {share.logit:+.2f}")
    draw("order", share)

    # Which small edit, which sarcastic remark fools it?
    edits = model.edits(text, budget=500, seconds=5)
    print(f"edits: {edits.certificate}")
    composed = model.composition("my flight was cancelled", budget=200)
    best = composed.top[0]
    print(f"composition: {best.text} (P(positive) {best.probability:.3f})")

    # What happens inside?
    trace = model.trajectory(text)
    print(f"trajectory: states {trace.h.shape}, gates {', '.join(trace.gates)}")
    draw("trajectory", trace)
    draw("gradients", model.gradients(text))
    memory = model.memory("terrible", upto=20)
    print(f"memory: {memory.word}, then up to {memory.k[-1]} words of filler")
    draw("memory", memory)

    # Which words carried the prediction, and what do pairs of words do together?
    attribution = model.attributions(text, "shapley")
    print("attributions: " + " ".join(f"{t} {s:+.2f}" for t, s in zip(trace.tokens, attribution.scores, strict=True)))
    draw("attributions", attribution)
    draw("interactions", model.interactions(text))

    # What if one part of it were different?
    grid = model.patching(text, other, align="end")
    print(f"patching: {', '.join(grid.logits)} at each of {len(grid.tokens[0])} steps")
    draw("patching", grid)
    gate = next(iter(trace.gates)) if name != "lstm" else "forget"
    held = model.intervention(text, [Hold(gate, 0.5, 0, len(trace) - 1)])
    print(f"intervention: {gate} held at 0.5, logit {held.before[-1]:+.2f} becomes {held.after[-1]:+.2f}")
    draw("intervention", held)
    points = model.fixed_points([text, other], seconds=5)
    print(f"fixed points: {len(points.points)} found from {points.tried} starts")

    # A whole file: every row scored, and the rows where the model contradicts the label.
    with TemporaryDirectory() as folder:
        table = Path(folder) / "rows.csv"
        table.write_text(f'text,label\n"{text}",1\n"{other}",1\n', encoding="utf-8")
        scan = model.scan(table, label_column="label", out=Path(folder) / "scored.csv")
        print(f"scan: {scan.scored} of {scan.rows} rows, {scan.opposite[model.name]} of them contradict their label")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
