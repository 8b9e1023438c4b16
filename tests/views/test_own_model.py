"""A model trained from a table of two classes that are no sentiment goes through every page, under its own names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.__main__ import main
from core.data.small_data import SMALL as SMALL_DATA
from core.models import checkpoints
from core.models.predict import verdicts
from core.training import recipe
from tests import generated
from tests.app import forget, opened
from tests.conftest import write_tiny_checkpoint

TEXT = "today i fried onions with garlic in the pan"
SMALL = "--hidden-size 12 --embedding-size 12 --word2vec-epochs 2 --epochs 8 --precision float32 --threads 1"


def train(table: Path, out: Path, *more: str) -> int:
    columns = ["--text-column", "said", "--label-column", "topic"]
    return main(["train", "--data", str(table), "--out", str(out), *columns, *SMALL.split(), *more])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints that holds one, of weather and cooking."""
    folder = tmp_path_factory.mktemp("own") / "checkpoints"
    folder.mkdir()
    table = generated.write(folder.parent / "topics.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNROLLED_CHECKPOINTS", str(folder))
        assert train(table, folder / "topics", "--cells", "gru", "lstm") == 0
    return folder


@pytest.fixture
def own(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(trained))
    forget()
    yield trained
    forget()


def shown(at: AppTest) -> str:
    """All that a page shows: texts, boxes, options, tables' heads and cells, figures."""
    found = []
    for element in (*at.main, *at.sidebar):
        proto = getattr(element, "proto", None)
        spec = getattr(proto, "spec", "") if element.type == "plotly_chart" else ""
        found.append(spec or str(proto))
        if element.type == "arrow_data_frame":
            found.append(element.value.to_csv())
    return "\n".join(found)


def test_the_verdict_is_right_and_named(own: Path) -> None:
    at = opened(q=TEXT)
    assert {metric.label: metric.value for metric in at.metric} == {
        "topics\\-gru": "cooking",
        "topics\\-lstm": "cooking",
    }
    assert all(metric.delta.startswith("P(weather) = 0.") for metric in at.metric)
    (figure,) = at.get("plotly_chart")
    assert json.loads(figure.proto.spec)["layout"]["yaxis"]["title"]["text"] == "P(weather)"
    told = shown(at)
    assert "negative" not in told and "positive" not in told and "tweets" not in told
    assert sum("few rows" in caption.value for caption in at.caption) == 2


def test_its_card_tells_of_its_classes_and_of_few_rows(own: Path) -> None:
    card = checkpoints.read_card("topics-lstm")
    assert card["labels"] == ["cooking", "weather"] and card["label_values"] == {"cooking": 0, "weather": 1}
    assert card["data"]["counts"] == [300, 300] and "positive" not in card["data"]
    assert not any("weet" in line for line in (*card["limits"], card["terms"]))
    assert any(str(SMALL_DATA) in line for line in card["limits"])
    found = card["metrics"]["selection"]
    assert found["accuracy"] > 0.9 and found["accuracy_interval"][0] < found["accuracy"]
    checkpoint = checkpoints.load("topics-lstm")
    assert checkpoint.labels == ("cooking", "weather") and not checkpoint.reads_sentiment
    assert checkpoint.labelling.values == {"cooking": 0, "weather": 1}


def test_a_name_that_would_be_markup_is_shown_as_it_stands(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class that every text gets is called by a name that Markdown, HTML and Plotly would all read."""
    name = "<b>*x*</b> :red[%{x}] $1$"
    checkpoint = checkpoints.load("topics-lstm")
    weights = checkpoint.model.state_dict() | {"linear.bias": checkpoint.model.linear.bias + 1_000}
    card = {key: value for key, value in checkpoint.card.items() if key != "sha256"} | {"labels": ["plain", name]}
    checkpoints.save("odd", weights, checkpoint.vocabulary, card, tmp_path)
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tmp_path))
    at = opened(q=TEXT)
    assert not at.exception
    (metric,) = at.metric
    assert "\\<b\\>\\*x\\*\\</b\\>" in metric.value and "\\:red\\[" in metric.value and "\\$1\\$" in metric.value
    (figure,) = at.get("plotly_chart")
    title = json.loads(figure.proto.spec)["layout"]["yaxis"]["title"]["text"]
    assert "<b>" not in title and "%{" not in title and "&lt;b&gt;" in title
    for page, view in (("Permutations", "hand"), ("Sarcasm", "comment"), ("Attributions", "words")):
        assert not opened(page, view, q=TEXT).exception


def predicted(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_command_line_calls_the_classes_by_their_names(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = predicted(capsys, "predict", "--model", "topics-gru", TEXT)
    assert found["label"] == "cooking"
    assert main(["trace", "--model", "topics-gru", TEXT]) == 0
    assert "P(weather)" in capsys.readouterr().out
    table = own.parent / "topics.csv"
    assert main(["evaluate", "--data", str(table), "--text-column", "said", "--label-column", "topic"]) == 0
    said = capsys.readouterr().out
    assert "300 rows cooking, 300 weather; always saying cooking would be right for 0.5000" in said
    assert "weather read as cooking" in said and "positive" not in said and "neutral" not in said


def test_a_file_of_other_labels_is_refused_or_its_models_left_out(
    own: Path,
    tiny_checkpoints: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moods = tmp_path / "moods.csv"
    moods.write_text("text,label\ni love it,positive\ni hate it,negative\n", encoding="utf-8")
    assert main(["evaluate", "--model", "topics-gru", "--data", str(moods)]) == 2
    assert "--labels negative=cooking,positive=weather" in capsys.readouterr().err
    folder = tmp_path / "mixed"
    shutil.copytree(own / "topics-lstm", folder / "topics-lstm")
    shutil.copytree(tiny_checkpoints / "lstm", folder / "lstm")
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    assert main(["evaluate", "--data", str(moods), "--json"]) == 0
    out, err = capsys.readouterr()
    assert [row["model"] for row in json.loads(out)] == ["lstm"]
    assert "left out: topics-lstm tells cooking from weather, which moods.csv does not label\n" in err
    assert err.count("\n") == 2  # the other tells how the file is read


# Where it is written


def test_a_name_in_the_folder_of_checkpoints_is_offered_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(folder))
    monkeypatch.chdir(tmp_path)
    write_tiny_checkpoint(folder, "gru", "gru")
    table = generated.write(tmp_path / "mail.csv", 300, share=0.1)
    named = ["--labels", "weather=ham,cooking=spam"]
    assert train(table, Path("checkpoints/mail"), *named) == 0
    out, err = capsys.readouterr()
    assert checkpoints.names() == ["gru", "mail"]
    assert "300 rows of mail.csv: 270 ham, 30 spam" in err and "small data: 30 rows" in err
    assert "mail is saved; every page offers it now" in err
    assert "always saying ham 0." in out and "a small sample" in out
    card = checkpoints.read_card("mail")
    assert card["settings"]["balance"] is True and recipe.BALANCED_LIMIT in card["limits"]
    assert not (folder / "word2vec").exists()  # those of the shipped models, were they here, stay what they are
    before = (folder / "mail" / "weights.safetensors").stat().st_mtime_ns
    assert train(table, Path("checkpoints/mail"), *named) == 0  # done already
    assert (folder / "mail" / "weights.safetensors").stat().st_mtime_ns == before
    capsys.readouterr()
    assert train(table, Path("checkpoints/gru"), *named) == 2
    assert "'gru' exists and was trained on made_up.parquet, not on mail.csv" in capsys.readouterr().err
    assert train(table, Path("checkpoints/mail"), *named, "--name", "other") == 2
    assert "names the checkpoint already" in capsys.readouterr().err
    for wrong in ("checkpoints/a b", "checkpoints/word2vec", "checkpoints/fluency"):
        assert train(table, Path(wrong), *named) == 2
        assert "name" in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.5, 0.15])
def test_a_table_that_is_easy_to_tell_apart_makes_no_model_that_is_sure_of_everything(
    share: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every held-out row is right: nothing tells how sure the model may be, least of all of words it never saw."""
    table = generated.write(tmp_path / "t.csv", 400, share=share)
    assert train(table, tmp_path / "out", "--cells", "lstm", "--epochs", "30") == 0
    checkpoint = checkpoints.load("lstm", tmp_path / "out")
    card = checkpoint.card
    found = card["calibration"]
    assert found["errors"] == 0 and found["rows"] == 40 and found["temperature"] >= 1
    assert recipe.FEW_ERRORS_LIMIT in card["limits"]
    assert card["metrics"]["selection"]["calibration_error"] > 1e-3
    assert "learnt from 0 errors in 40 held-out rows" in capsys.readouterr().err
    for unknown in ("zyx", "zyx qwv", "zyx qwv zyx zyx qwv zyx"):
        (verdict,) = verdicts(checkpoint, [unknown])
        assert verdict.unknown and 0.01 < verdict.probability < 0.99


@pytest.mark.parametrize("balance", ["on", "off"])
def test_balance_is_as_asked(balance: str, tmp_path: Path) -> None:
    table = generated.write(tmp_path / "t.csv", 200)
    assert train(table, tmp_path / "out", "--cells", "rnn", "--balance", balance) == 0
    card = checkpoints.read_card("rnn", tmp_path / "out")
    assert card["settings"].get("balance", False) == (balance == "on")


def test_a_file_spelt_as_the_table_that_it_learnt_from_is_assessed_and_scanned_in_its_own_names(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = generated.write(tmp_path / "topics.csv")
    columns = ["--text-column", "said", "--label-column", "topic"]
    assert main(["assess", "--data", str(table), "--model", "topics-gru", *columns]) == 0
    assert "said weather:" in capsys.readouterr().out
    assert main(["scan", "--model", "topics-gru", *columns, str(table), str(tmp_path / "out.csv")]) == 0
    written = (tmp_path / "out.csv").read_text(encoding="utf-8")
    assert "weather" in written and "positive" not in written
    assert "positive" not in capsys.readouterr().out
