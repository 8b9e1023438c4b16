"""The verbs certify and verify, on small checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.__main__ import main

TEXT = "this movie is so good"


@pytest.fixture(autouse=True)
def _small(tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))


def answers(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert main([*arguments, "--json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_a_certificate_has_the_fields_and_verifies(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("movie: love, hate\nGood\tgreat bad\n\nabsent x\n")
    words = ["certify", "--list", str(tmp_path / "list.txt"), "--max-changes", "2", TEXT]
    order = ["certify", "--max-shift", "2", "--model", "gru", TEXT]
    for arguments, sequences in ((words, [9, 9, 9]), (order, [31])):
        lines = answers(capsys, *arguments)
        assert [line["sequences"] for line in lines] == sequences
        for line in lines:
            assert {"model", "text", "status", "covered", "witness", "closest", "list_hash", "seconds"} <= line.keys()
        (tmp_path / "log").write_text("\n".join(map(json.dumps, lines)) + "\n")
        for more in ([], ["--all"], ["--list", str(tmp_path / "list.txt")]):
            checked = answers(capsys, "verify", str(tmp_path / "log"), *more)
            assert all(one["holds"] for one in checked)
    (tmp_path / "list.txt").write_text("movie: love\n")
    log = tmp_path / "words"
    log.write_text(json.dumps(answers(capsys, *words[:-3], "--max-changes", "1", TEXT)))
    (tmp_path / "list.txt").write_text("movie: hate\n")
    assert main(["verify", str(log), "--list", str(tmp_path / "list.txt")]) == 1
    assert "the list has changed since" in capsys.readouterr().out


def test_a_file_is_certified_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "texts.csv").write_text(f"text\n{TEXT}\nnever bad\n...\n\nmovie\n")
    asked = ["certify", "--file", str(tmp_path / "texts.csv"), "--out", str(tmp_path / "log"), "--max-shift", "1"]
    first = answers(capsys, *asked)
    log = (tmp_path / "log").read_bytes()
    assert [one["model"] for one in first] == ["rnn", "gru", "lstm"] and log.count(b"\n") == 12
    assert answers(capsys, *asked) == first and (tmp_path / "log").read_bytes() == log
    assert main(["verify", str(tmp_path / "log"), "--all"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["..."], "nothing to change"),
        ([""], "the text is empty"),
        (["--max-changes", "6", TEXT], "can replace 1 to 5"),
        (["--max-changes", "0", TEXT], "1 or more"),
        (["--list", "nowhere.txt", TEXT], "nowhere.txt"),
        (["--list", "EMPTY", TEXT], "holds no substitute"),
        (["--list", "BINARY", TEXT], "is not UTF-8"),
        (["--window", "3", TEXT], "go with --max-shift"),
        (["--max-shift", "4", " ".join(f"w{number}" for number in range(60))], "sequences would have to be read"),
        (["--max-shift", "4", " ".join(f"w{number}" for number in range(70))], "name a window"),
        (["--max-shift", "1", "--pin", "9", "--", TEXT], "9"),
        ([], "expected texts"),
        (["--file", "x.csv", TEXT], "expected texts"),
    ],
)
def test_what_cannot_be_asked(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "EMPTY").write_text("movie\n\n")
    (tmp_path / "BINARY").write_bytes(b"\xff\xfe\x00")
    given = [str(tmp_path / one) if one in ("EMPTY", "BINARY") else one for one in arguments]
    try:
        assert main(["certify", *given]) == 2
    except SystemExit as refused:
        assert refused.code == 2
    assert message in capsys.readouterr().err
