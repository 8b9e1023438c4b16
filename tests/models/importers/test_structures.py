"""Parts that leave no tensors: given the right options an imported model says what its owner's says, and `--check`
refuses every wrong reading and names the right one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.__main__ import main
from core.models import checkpoints
from core.models.importers import owner_outputs
from core.models.importers.import_model import Request, assemble, save
from core.models.importers.vocabulary_files import Special
from core.models.read_outs import ReadOut, pools
from tests.models.owners import (
    STRUCTURES,
    WORDS,
    N,
    Owner,
    as_text,
    assert_same,
    labels,
    sentences,
    write,
    write_checked,
)

FEW_LENGTHS = (N - 1, N, N + 1)


@pytest.mark.parametrize(("cell", "both"), [("rnn", True), ("gru", False), ("lstm", True)])
def test_every_read_out_of_every_cell_gives_the_owners_probabilities(tmp_path: Path, cell: str, both: bool) -> None:
    said: dict[str, list[float]] = {}
    others = (f"cut:{N}", f"padded:{N}:last", f"left:{N}:first")
    for pool in pools(cell, both):
        for side in ("", f"padded:{N}", f"left:{N}", *(others if pool == "mean" else ())):
            model = Owner(cell, f"{pool} {side}", both=both, layers=2)
            brought = assemble(Request(**write(tmp_path, model), reads=f"{pool} {side}"))
            save("theirs", brought, tmp_path, replace=True)
            assert_same(tmp_path, model)
            said[str(model.reads)] = [model.probability(ids) for ids in sentences(seed=9)]
    different = {(a, b): np.abs(np.subtract(said[a], said[b])).max() for a, b in itertools.combinations(said, 2)}
    assert min(different.values()) > 5e-4, min(different, key=different.__getitem__)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_wrong_reading_is_refused_and_the_right_one_named(
    tmp_path: Path, structure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Owner(**{"scale": 1.2, **STRUCTURES[structure]})
    files = write_checked(tmp_path, model)
    options = {"ReLU units": {"nonlinearity": "relu"}, "head of two layers": {"activation": "tanh"}}.get(structure, {})
    right = assemble(Request(**files, reads=str(model.reads), **options))
    assert right.checked is not None and right.checked.rows == 10 and right.checked.largest_difference < 1e-6
    cell = STRUCTURES[structure].get("cell", "lstm")
    wrong = [ReadOut(pool, model.reads.side, model.reads.length) for pool in pools(cell, model.both)]
    sides = ReadOut(model.reads.pool), *(ReadOut(model.reads.pool, side, N) for side in ("padded", "left"))
    for number, reads in enumerate(read for read in (*wrong, *sides) if read != model.reads):
        if number == 1:  # once with all lengths that are tried
            monkeypatch.setattr(owner_outputs, "LENGTHS", FEW_LENGTHS)
        with pytest.raises(ValueError, match=r"expected at most 0\.0001") as refused:
            assemble(Request(**files, reads=str(reads), **options))
        named = str(refused.value).split("these agree: ")[1].replace(" unpadded", "").split("; or ")
        assert f"--reads {model.reads}" in named and "\n" not in str(refused.value)
    if options:
        ((option, value),) = options.items()
        with pytest.raises(ValueError, match=rf"these agree: --{option} {value}$"):
            assemble(Request(**files, reads=str(model.reads)))
        assert any(f"--{option}" in line for line in assemble(Request(**write(tmp_path, model))).assumed)


def verb(files: dict[str, Path], *more: str) -> list[str]:
    return ["import-torch", *itertools.chain(*((f"--{name}", str(path)) for name, path in files.items())), *more]


def test_the_other_class_and_other_steps_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write_checked(tmp_path, Owner("gru", f"padded:{N}", scale=1.2))
    head, *rows = [line.split(",") for line in files["check"].read_text().splitlines()]
    turned = [f"{text.upper().replace(' ', '-')},{1 - float(chance):.8f}" for text, chance in rows]
    files["check"].write_text("\n".join([",".join(head), *turned]) + "\n")
    arguments = verb(files, "--out", str(tmp_path / "out"), "--reads", f"padded:{N}")
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "these agree: --steps keras --class-1 0" in line
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--steps", "keras", "--class-1", "0"]) == 0
    assert "checked: 10 rows of said.csv" in capsys.readouterr().out


OWNERS: dict[str, tuple[Callable[[list[int]], list[int]], str]] = {
    "unknown words dropped": (lambda ids: [number for number in ids if number != 1] or [0], "--drop-unknown"),
    "cut": (lambda ids: ids[:N], f"--reads mean cut:{N}"),
    "cut to the last": (lambda ids: ids[-N:], f"--reads mean cut:{N}:last"),
    "padded behind the last": (lambda ids: ids[-N:] + [0] * (N - len(ids)), f"--reads mean padded:{N}:last"),
    "padded before the first": (lambda ids: [0] * (N - len(ids)) + ids[:N], f"--reads mean left:{N}:first"),
}


@pytest.mark.parametrize(("reads", "named"), OWNERS.values(), ids=OWNERS)
def test_what_a_refusal_names_is_accepted_when_given(
    reads: Callable[[list[int]], list[int]],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(owner_outputs, "LENGTHS", FEW_LENGTHS)
    files = write_checked(tmp_path, Owner("gru", "mean", scale=0.7), reads)
    arguments = verb(files, "--steps", "--reads", "mean", "--out", str(tmp_path))
    assert main(arguments) == 2
    assert named in capsys.readouterr().err
    assert main([*arguments, *named.split()]) == 0
    assert checkpoints.read_card("theirs", tmp_path)["imported"]["checked"]["rows"] == 10


def test_what_is_assumed_or_undecided_is_said_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Owner("gru", "mean")
    files = write_checked(tmp_path, model)
    check = files.pop("check")
    assert main(verb(files, "--out", str(tmp_path), "--name", "mine")) == 0
    told = capsys.readouterr().out
    imported = checkpoints.read_card("mine", tmp_path)["imported"]
    assert "not checked against its owner's outputs" in told
    assert imported["checked"] is None and len(imported["assumed"]) == 5
    assert all(line in told for line in imported["assumed"])
    check.write_text(f"text,probability\nw4,{model.probability([6]):.8f}\n")
    assert main(verb({**files, "check": check}, "--reads", "mean", "--out", str(tmp_path / "one"))) == 0
    told = capsys.readouterr().out
    assert " of 1 layer of " in told and "checked: 1 row of said.csv agrees with" in told
    assert "do not decide" in told and "--reads max" in told


def test_a_column_for_each_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_outputs, "LENGTHS", ())
    model = Owner("gru", "mean", outputs=3, scale=0.7)
    files, (a, b, c) = write_checked(tmp_path, model), labels(model)
    brought = assemble(Request(**files, reads="mean", labels=(a, b, c)))
    assert brought.checked is not None and brought.checked.largest_difference < 1e-6
    assert brought.card["imported"]["class_1"] is None
    with pytest.raises(ValueError, match=rf"these agree: --labels {a},{b},{c}$"):
        assemble(Request(**files, reads="mean", labels=(c, a, b)))
    with pytest.raises(ValueError, match=rf"--labels {a},{b},{c} --probability-column {a},{b},{c}$"):
        assemble(Request(**files, reads="mean", labels=(b, a, c), probability_column=f"{b}, {a}, {c}"))
    with pytest.raises(ValueError, match=r"these agree: --reads mean"):
        assemble(Request(**files, reads="max", labels=(a, b, c)))
    first, *rows = (tmp_path / "said.csv").read_text().splitlines()
    for number, row in enumerate(rows):
        text, *chances = row.split(",")
        rows[number] = ",".join([text, *(str(math.log(float(chance)) + 5) for chance in chances)])
    files["check"].write_text("\n".join(["text,x,y,z", *rows]) + "\n")
    assert assemble(Request(**files, reads="mean", labels=(a, b, c), logit_column="x,y,z")).checked is not None
    for row, columns, message in (
        ("w1,0.5,0.4,0.2", None, r"row 1 .*topic 0, topic 1, topic 2 have the sum 1.1; expected 1"),
        ("w1,0.5,0.6,-0.1", None, r"topic 2 is -0.1; expected a probability from 0 to 1, or"),
        ("w1,0.5,0.5,nan", None, r"topic 2 is 'nan'; expected a number"),
        ("w1,0.5,0.5,0", f"{a},{b}", r"expected 3 columns, one for each of topic 0"),
    ):
        files["check"].write_text(f"{first}\n{row}\n")
        with pytest.raises(ValueError, match=message):
            assemble(Request(**files, labels=(a, b, c), probability_column=columns))


def test_a_table_that_is_no_check_and_padding_without_a_token(tmp_path: Path) -> None:
    for table, message in (
        ("text,probability\nw1,1.5\n", r"row 1 .*1.5; expected a probability of class 1 from 0 to 1"),
        ("text,probability\nw1,high\n", "expected a number"),
        ("text,probability\nw1,nan\n", "expected a number"),
        ("text,probability\n", "has no rows"),
        ("text,p\nw1,0.5\n", "no column 'probability'"),
    ):
        (tmp_path / "bad.csv").write_text(table)
        with pytest.raises((ValueError, LookupError), match=message):
            assemble(Request(**write(tmp_path, Owner()), check=tmp_path / "bad.csv"))
    files = write(tmp_path, Owner("gru", f"padded:{N}"), ["first", *WORDS[1:]])
    with pytest.raises(ValueError, match="name it with --pad-token or --pad-id"):
        assemble(Request(**files, reads=f"padded:{N}"))


def test_other_columns_logits_and_the_tolerance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Owner("gru", "mean", scale=0.7)
    files = write(tmp_path, model)
    logits = [torch.logit(torch.tensor(model.probability(ids)).double()).item() for ids in sentences()]
    lines = [f"{as_text(ids)},{logit:.7f}" for ids, logit in zip(sentences(), logits, strict=True)]
    (tmp_path / "logits.csv").write_text("\n".join(["said,z", *lines]) + "\n")
    files["check"] = tmp_path / "logits.csv"
    brought = assemble(Request(**files, reads="mean", text_column="said", logit_column="z"))
    assert brought.checked is not None and brought.checked.largest_difference < 1e-6
    with pytest.raises(ValueError, match="not both"):
        assemble(Request(**files, logit_column="z", probability_column="z"))
    monkeypatch.setattr(owner_outputs, "LENGTHS", ())
    model = Owner("gru", "mean", scale=0.7)
    files = {**write(tmp_path, model), "check": tmp_path / "said.csv"}
    for shift in (8e-5, 1.2e-4):
        lines = [f"{as_text(ids)},{model.probability(ids) + shift:.8f}" for ids in sentences()]
        files["check"].write_text("\n".join(["text,probability", *lines]) + "\n")
        if shift < owner_outputs.TOLERANCE:
            assert assemble(Request(**files, reads="mean")).checked is not None
        else:
            with pytest.raises(ValueError, match=r"expected at most 0\.0001\. None of"):
                assemble(Request(**files, reads="mean"))


def test_texts_that_are_read_otherwise_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_outputs, "LENGTHS", (N,))
    files = write_checked(tmp_path, Owner("gru", "mean", scale=1.2))
    with pytest.raises(ValueError, match=r"rows without unknown words agree with --reads mean, so .*--unknown-token"):
        assemble(Request(**files, special=Special(unknown_token="w5")))
    with files["check"].open("a") as table:
        table.write('"",0.99\n')
    with pytest.raises(ValueError, match=r"rows without empty texts agree with what was given, so .*without a word"):
        assemble(Request(**files, reads="mean"))
    first, second, *_rest = files["check"].read_text().splitlines()
    files["check"].write_text(f'{first}\n{second}\n"",0.99\n')
    with pytest.raises(ValueError, match=r"The one row without empty texts agrees with "):
        assemble(Request(**files, reads="mean"))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(_request: Request) -> None:
        raise error

    monkeypatch.setattr("core.models.importers.import_model.assemble", fail)
    assert main(["import-torch", "--weights", str(tmp_path / "theirs.pt")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: theirs.pt needs more memory than there is; try it on a larger machine"
    ]
