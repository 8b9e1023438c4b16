"""The view of certificates for a file: its counts, its rows, its log."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.__main__ import main
from core.data.examples import examples
from core.models import checkpoints
from core.probes.robustness.claims import claim
from core.probes.robustness.questions import moves, substitutions
from pages.widgets import models
from tests.app import charts, numbers_in, opened, said, sound, table
from tests.views.permutations.test_page import MadeUpTrigram


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def test_the_examples_are_certified_and_the_log_verifies(files: dict[str, str], tmp_path: Path) -> None:
    at = sound(opened("Models", "robustness", change="moves", changes="1", seconds="1", rows="6"))
    lines = [json.loads(line) for line in files["unrolled-certificates.jsonl"].splitlines()]
    assert len(lines) == 6 and {line["text"] for line in lines} <= {example.text for example in examples()}
    rows = table(at, "text", "status", "size", "witness")
    assert rows["text"].tolist() == [line["text"] for line in lines]
    assert rows["status"].tolist() == [line["status"] for line in lines]
    counts = [sum(line["status"] == name for line in lines) for name in ("certified", "flipped", "undecided")]
    (chart,) = charts(at)
    assert [bar["customdata"] for bar in chart["data"][:3]] == [[[count, 6]] for count in counts]
    (said,) = (found.proto.body for found in at.get("html") if "keeps its verdict" in found.proto.body)
    assert numbers_in(said.partition("Of ")[2]) == [6, counts[0], 1, counts[1], counts[2]]
    (tmp_path / "log").write_text(files["unrolled-certificates.jsonl"])
    assert main(["verify", str(tmp_path / "log")]) == 0


@pytest.mark.parametrize(
    ("where", "view", "key", "kind"),
    [("Sarcasm", "edits", "wordnet changes", "words"), ("Permutations", "search", "moves changes", "orders")],
)
def test_small_edits_and_orders_show_a_certificate(
    where: str, view: str, key: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fluency = SimpleNamespace(trigram=MadeUpTrigram(), mixture=None, hash="x")
    monkeypatch.setattr(models, "fluency", lambda: (fluency, ""))
    at = sound(opened(where, view, q="this movie is so good", changes="2", model="lstm"))
    assert at.segmented_control(key=key).value == 2
    lstm, text = checkpoints.load("lstm"), "this movie is so good"
    question = moves(lstm, text, 2) if kind == "orders" else substitutions(lstm, text, 2)
    *_before, found = question.answers()
    assert claim(question, found) in said(at)
