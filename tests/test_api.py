"""From Python every probe is one call; it says what the probe's own module says, and its figure can be drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from core import figure, load
from core.api import Model
from core.models.predict import verdicts
from core.models.recurrent import NotPrefixwiseError
from core.probes.attribution.attribute import attribute
from tests.conftest import write_tiny_checkpoint
from tests.models.imported import write_imported

ROOT = Path(__file__).parent.parent
TEXT, OTHER = "this movie is not bad", "i love this movie"
DRAWN = {
    "predict": lambda model: model.predict([TEXT]),
    "compare": lambda model: model.compare(TEXT, OTHER),
    "attributions": lambda model: model.attributions(TEXT, "occlusion-1"),
    "order": lambda model: model.order(TEXT),
    "interactions": lambda model: model.interactions(TEXT),
    "suite": lambda model: model.suite(cases=4),
    "order_suite": lambda model: model.order_suite(pairs=1, patterns=("A and not B",)),
}
WORD_BY_WORD = {
    "trajectory": lambda model: model.trajectory(TEXT),
    "gradients": lambda model: model.gradients(TEXT),
    "memory": lambda model: model.memory("good", upto=5),
    "patching": lambda model: model.patching(TEXT, OTHER),
}


@pytest.fixture(scope="module")
def model(tiny_checkpoints: Path) -> Model:
    return load("gru", tiny_checkpoints)


def test_importing_core_imports_nothing_heavy() -> None:
    script = (
        "import sys; from core import load; "
        "print(*(sorted({'torch', 'numpy', 'pandas', 'plotly', 'safetensors'} & set(sys.modules))))"
    )
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_a_call_says_what_the_probes_module_says(model: Model) -> None:
    assert model.predict([TEXT, OTHER]) == verdicts(model.checkpoint, [TEXT, OTHER])
    own = attribute(model.checkpoint, TEXT, "shapley")
    np.testing.assert_array_equal(model.attributions(TEXT).scores, own.scores)
    assert (model.name, model.card["cell"], repr(model)) == ("gru", "gru", "Model('gru': gru of 1 × 8 units, 39 ids)")


@pytest.mark.parametrize("probe", [*DRAWN, *WORD_BY_WORD])
def test_a_result_has_a_figure(model: Model, probe: str) -> None:
    drawn = figure((DRAWN | WORD_BY_WORD)[probe](model))
    assert isinstance(drawn, go.Figure) and len(drawn.data) > 0


def test_probes_without_a_figure(model: Model, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(f"text,label\n{TEXT},1\n{OTHER},0\n", encoding="utf-8")
    scan = model.scan(tmp_path / "rows.csv", label_column="label")
    assert (scan.rows, scan.scored) == (2, 2)
    assert model.evaluate(tmp_path / "rows.csv").rows == 2
    (tmp_path / "own.csv").write_text("text,label\nso good,2\nso bad,1\nso so,3\n", encoding="utf-8")
    labels = {"1": "negative", "2": "positive", "3": "neutral"}
    assert model.evaluate(tmp_path / "own.csv", labels=labels).skipped == 1
    assert model.scan(tmp_path / "own.csv", label_column="label", labels=labels).labelled == 2
    with pytest.raises(ValueError, match="3 may be neutral or positive"):
        model.evaluate(tmp_path / "own.csv")
    assert model.comment(TEXT).verdict == model.predict([TEXT])[0]
    assert model.fixed_points([TEXT, OTHER], seconds=2).starts > 0
    with pytest.raises(LookupError, match="no figure for a Scan"):
        figure(scan)


def test_what_cannot_be_is_said_in_a_line(model: Model, tiny_checkpoints: Path) -> None:
    with pytest.raises(ValueError, match="a single text was given"):
        model.predict(TEXT)
    with pytest.raises(ValueError, match=r"no checkpoint 'what'; available: rnn, gru, lstm"):
        load("what", tiny_checkpoints)
    with pytest.raises(ValueError, match="max_changes and max_shift are two questions"):
        model.certify("so good", max_changes=1, max_shift=1)
    with pytest.raises(ValueError, match="the text is empty"):
        model.order(" ")


def test_a_limit_of_time_lets_any_number_of_sequences_be_asked_about(model: Model) -> None:
    text = " ".join(f"w{number}" for number in range(30))
    with pytest.raises(ValueError, match="sequences would have to be read"):
        model.certify(text, max_shift=3)
    assert model.certify(text, max_shift=3, seconds=0.01).sequences > 50_000_000


def test_a_bidirectional_model_answers_what_needs_no_state_on_the_way(tmp_path: Path) -> None:
    write_imported(tmp_path, "bi", "lstm", bidirectional=True)
    both = load("bi", tmp_path)
    assert "bidirectional" in repr(both)
    assert both.predict([TEXT])[0].prefix_probabilities == ()
    for probe in DRAWN.values():
        assert len(figure(probe(both)).data) > 0
    for probe in WORD_BY_WORD.values():
        with pytest.raises(NotPrefixwiseError, match="bi is bidirectional: it reads a text from both ends"):
            probe(both)


@pytest.mark.slow
def test_three_classes(tmp_path: Path) -> None:
    labels = ("late", "lost", "fine")
    write_tiny_checkpoint(tmp_path, "airline", "lstm", labels=labels)
    model = load(str(tmp_path / "airline"))
    (said,) = model.predict([TEXT])
    assert said.label == said.target.name == max(labels, key=lambda name: said.distribution[labels.index(name)])
    for name, against in (("late", None), ("late", "fine")):
        aimed = model.targeted(name, against)
        (one,) = aimed.predict([TEXT])
        assert one.label == said.label and one.target.as_json() == aimed.checkpoint.target.as_json()
        assert aimed.trajectory(TEXT).logit[-1] == pytest.approx(one.logit, abs=1e-5)
        assert len(figure([one]).data) == (1 if against else 3)
    with pytest.raises(LookupError, match="'angry' is no class; available: late, lost, fine"):
        model.targeted("angry")


def test_the_tour_runs_and_draws(tmp_path: Path) -> None:
    command = [sys.executable, "examples/tour.py", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    said = {line.partition(":")[0] for line in done.stdout.splitlines()}
    assert {"predict", "permutations", "edits", "composition", "trajectory", "attributions", "patching", "scan"} <= said
    drawn = {path.stem for path in tmp_path.glob("*.html")}
    assert {"predict", "permutations", "trajectory", "attributions", "patching", "memory"} <= drawn
