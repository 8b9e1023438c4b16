"""The views of the page Models on how models behave: the behavioural suite, and figures of corpora of sarcasm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.models import checkpoints
from core.probes.checklist.suite import Settings, run
from core.probes.checklist.templates import CAPABILITIES
from core.probes.sarcasm import report_file
from core.probes.sarcasm.corpora import LabelledText, SarcasmCorpus
from core.probes.sarcasm.report import reports
from pages.views.models import behaviour
from tests import app
from tests.app import answers, choose_row, csv_rows, numbers_in, parameter, said, sound, table

NAMES = ("rnn", "gru", "lstm")


@pytest.fixture(autouse=True)
def _own_world(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def opened(view: str, **parameters: str) -> AppTest:
    return sound(app.opened("Models", view, **parameters))


# Behaviour


def test_the_suite_is_what_core_says(files: dict[str, str]) -> None:
    at = opened("behaviour", cases="2", seed="3")
    found = [run(checkpoints.load(name), Settings(seed=3, cases=2)) for name in NAMES]
    rates = table(at, "capability", "RNN")
    assert rates["capability"].tolist() == [*CAPABILITIES, "all"]
    for suite in found:
        shown = rates[suite.model.upper()].tolist()
        assert [float(cell.partition("%")[0]) for cell in shown] == pytest.approx(
            [100 * rate.rate for rate in (*(one.rate for one in suite.capabilities), suite.rate)], abs=0.06
        )
    assert len(at.get("plotly_chart")) == 1
    assert any(numbers_in(line)[:2] == [found[0].rate.templates, found[0].rate.cases] for line in said(at).splitlines())
    header, *lines = csv_rows(files["unrolled-suite.csv"])
    assert header[3:6] == ["RNN", "RNN, from", "RNN, to"] and len(lines) == len(CAPABILITIES) + 1
    for line, one in zip(lines, found[0].capabilities, strict=False):
        assert [float(cell) for cell in line[3:6]] == [one.rate.rate, *(one.rate.interval or ())]
    name = at.selectbox(key="suite capability").value
    assert name == max(found[0].capabilities, key=lambda one: one.rate.rate or 0).name
    for suite in found:
        failures = sum(one.rate.failures for one in suite.templates if one.template.capability == name)
        assert any(line.startswith(f"**{suite.model.upper()}: {failures} ") for line in said(at).splitlines())
    rates = [round(100 * suite.rate.rate) for suite in found]
    assert numbers_in(answers(at)[0])[:4] == [found[0].rate.cases, *rates]


def test_a_capability_and_a_template_are_looked_at() -> None:
    at = opened("behaviour", cases="2", capability="sarcasm")
    found = [run(checkpoints.load(name), Settings(cases=2)) for name in NAMES]
    templates = [one for one in found[0].templates if one.template.capability == "sarcasm"]
    assert table(at, "template")["template"].tolist() == [one.template.name for one in templates]
    row = max(range(len(templates)), key=lambda place: templates[place].rate.failures)
    assert templates[row].rate.failures
    choose_row(at, "template", row)
    failed = table(at, "text", "expected")
    assert failed["text"].tolist() == [outcome.case.text for outcome in templates[row].failed]
    at.selectbox(key="suite capability").set_value("negation").run()
    sound(at)
    assert set(table(at, "template")["template"]).isdisjoint(one.template.name for one in templates)


# Measured


@pytest.fixture
def measured(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny models with figures of a made-up corpus beside them."""
    folder = tmp_path / "checkpoints"
    shutil.copytree(tiny_checkpoints, folder)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    texts = [
        LabelledText("so good", True, ("so bad",), 0),
        LabelledText("i love it", True, ("i hate it",), 0),
        LabelledText("never bad", True, (), 1),
        LabelledText("the movie is good", False, sentiment=1),
        LabelledText("so sad", False, sentiment=0),
    ]
    corpus = SarcasmCorpus("<b>made-up</b>", "a [corpus](x)", "0" * 64, tuple(texts), 5, 0, 0, 0, 0, 0)
    loaded = [checkpoints.load(name, folder) for name in NAMES]
    report_file.save(folder, [corpus], loaded, list(reports([corpus], loaded)))
    return folder


def test_the_figures_that_are_kept_are_shown(measured: Path, files: dict[str, str]) -> None:
    at = opened("measured")
    assert not at.warning and not at.error
    assert len(at.tabs) == 4 and len(at.get("plotly_chart")) == 1
    found = report_file.load(measured)
    assert found is not None
    shown = table(at, "accuracy, sarcastic")
    assert shown["model"].tolist() == ["RNN", "GRU", "LSTM"] and set(shown["corpus"]) == {"<b>made-up</b>"}
    for cell, one in zip(shown["accuracy, sarcastic"], found.reports, strict=True):
        assert one.meant is not None and float(cell.partition("%")[0]) == pytest.approx(
            100 * one.meant.accuracy[0].share, abs=0.06
        )
    changes = [
        float(cell.split()[0].replace("−", "-"))
        for cell in table(at, "mean change in P(positive)")["mean change in P(positive)"]
    ]
    assert changes == pytest.approx([one.reworded.change.mean for one in found.reports if one.reworded], abs=6e-4)
    assert table(at, "description")["rows"].tolist() == [5]
    assert {"unrolled-meant.csv", "unrolled-reworded.csv", "unrolled-positive.csv"} <= set(files)
    header, *lines = csv_rows(files["unrolled-reworded.csv"])
    place = header.index("mean change in P(positive)")
    for line, one in zip(lines, found.reports, strict=True):
        change = one.reworded and one.reworded.change
        assert change and [float(cell) for cell in line[place : place + 3]] == [change.mean, *change.interval]
    assert "made-up" not in said(at), "a corpus's name is told in tables only"


def test_figures_of_other_models_are_told_of(measured: Path) -> None:
    path = measured / report_file.FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    content["models"] |= {"lstm": "another", "<b>gone</b>": "x"}
    path.write_text(json.dumps(content), encoding="utf-8")
    (warning,) = opened("measured").warning
    assert "lstm, <b>gone</b>" in app.shown(warning.value)
    at = opened("measured")
    for content in ("", "[]", '{"format": 1, "models": {}}'):
        (measured / report_file.FILE).write_text(content, encoding="utf-8")
        (error,) = sound(at.run()).error
        assert report_file.FILE in app.shown(error.value)


# Links


def test_settings_travel_in_the_link_and_old_links_lead_here() -> None:
    given = {"seed": "7", "cases": "2", "tolerance": "0.25", "rule": "checklist", "capability": "negation"}
    at = opened("behaviour", **given)
    assert {name: parameter(at, name) for name in given} == given
    assert at.radio(key="suite rule").value == "checklist"
    for view in ("behaviour", "measured"):
        at = sound(app.opened("Sarcasm", view, **given))
        queries = [link.proto.query_string for link in at.get("page_link") if link.proto.page == "Models"]
        assert [f"view={view}" in query and "seed=7" in query for query in queries].count(True) == 1
        assert parameter(at, "view") is None and at.metric, "the page opens as usual"


def test_a_setting_that_cannot_be_leaves_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "CASES", 1)
    at = opened("behaviour")
    forged = {"seed": "1000000", "tolerance": "1", "rule": "x", "capability": "x", "cases": "101"}
    usual = {name: at.session_state[f"suite {name}"] for name in forged}
    for name, value in forged.items():
        at.query_params[name] = value
    sound(at.run())
    assert {name: at.session_state[f"suite {name}"] for name in forged} == usual and not at.error
    assert [name for name in forged if parameter(at, name) is not None] == []
