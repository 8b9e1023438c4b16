"""Models as their owners write them, each with parts that leave no tensors: brought by the right options they give the
owner's probabilities, and `--check` refuses every wrong reading and names the right one."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.__main__ import main
from core.models import checkpoints
from core.models.importers import owner_outputs
from core.models.importers.import_model import Request, bring, save
from core.models.importers.words import Special
from core.models.predict import verdicts
from core.models.read_outs import POOLS, ReadOut, pools

WORDS = ["<pad>", "<unk>", *(f"w{number}" for number in range(30))]
E, H, N = 6, 5, 12


class BackwardFirst(nn.Module):
    """A well-known tutorial: the last hidden states of both directions, the way back first."""

    reads = "reversed"

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(WORDS), E)
        self.rnn = nn.LSTM(E, H, num_layers=2, bidirectional=True)
        self.fc = nn.Linear(2 * H, 1)

    def forward(self, ids: list[int]) -> Tensor:
        _output, (hidden, _cell) = self.rnn(self.embedding(torch.tensor(ids)[:, None]))
        return torch.sigmoid(self.fc(torch.cat((hidden[-1, :, :], hidden[-2, :, :]), dim=1)))[0, 0]


class ForwardFirst(BackwardFirst):
    """The same tutorial, an older version."""

    reads = "final"

    def forward(self, ids: list[int]) -> Tensor:
        _output, (hidden, _cell) = self.rnn(self.embedding(torch.tensor(ids)[:, None]))
        return torch.sigmoid(self.fc(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)))[0, 0]


class LastOutput(BackwardFirst):
    """Both directions' outputs at the last token."""

    reads = "last"

    def forward(self, ids: list[int]) -> Tensor:
        output, _states = self.rnn(self.embedding(torch.tensor(ids)[:, None]))
        return torch.sigmoid(self.fc(output[-1]))[0, 0]


class PaddedToALength(nn.Module):
    """Texts padded behind to a fixed length and read to the end of it."""

    reads = f"padded:{N}"

    def __init__(self, cell: type[nn.RNNBase] = nn.GRU, **options: object) -> None:
        super().__init__()
        self.emb = nn.Embedding(len(WORDS), E, padding_idx=0)
        self.gru = cell(E, H, batch_first=True, **options)
        self.out = nn.Linear(H * (2 if self.gru.bidirectional else 1), 2)

    def states(self, ids: list[int]) -> Tensor:
        ids = (ids + [0] * N)[:N]
        return self.gru(self.emb(torch.tensor([ids])))[0]

    def forward(self, ids: list[int]) -> Tensor:
        return self.out(self.states(ids)[:, -1]).softmax(1)[0, 1]


class PaddedInFront(PaddedToALength):
    """As Keras' pad_sequences pads: in front, and the last N tokens are kept."""

    reads = f"left:{N}"

    def states(self, ids: list[int]) -> Tensor:
        return self.gru(self.emb(torch.tensor([([0] * N + ids)[-N:]])))[0]


class MaxOverPadding(PaddedToALength):
    """TextAttack's LSTM: the maximum over time, padding included."""

    reads = f"max padded:{N}"

    def forward(self, ids: list[int]) -> Tensor:
        return self.out(self.states(ids).max(dim=1).values).softmax(1)[0, 1]


class MaxOverPaddingBothWays(MaxOverPadding):
    """The same of a bidirectional LSTM."""

    def __init__(self) -> None:
        super().__init__(nn.LSTM, bidirectional=True)


class MeanOfStates(PaddedToALength):
    """The mean of all outputs."""

    reads = "mean"

    def states(self, ids: list[int]) -> Tensor:
        return self.gru(self.emb(torch.tensor([ids])))[0]

    def forward(self, ids: list[int]) -> Tensor:
        return self.out(self.states(ids).mean(dim=1)).softmax(1)[0, 1]


class MaxOfStates(MeanOfStates):
    """The maximum of all outputs, both ways."""

    reads = "max"

    def __init__(self) -> None:
        super().__init__(nn.LSTM, bidirectional=True)

    def forward(self, ids: list[int]) -> Tensor:
        return self.out(torch.max(self.states(ids), dim=1)[0]).softmax(1)[0, 1]


class DotAttention(MeanOfStates):
    """Attention without parameters: the outputs weighted by how they agree with the final state."""

    reads = "dot"

    def forward(self, ids: list[int]) -> Tensor:
        output = self.states(ids)
        final = output[:, -1]
        weights = torch.bmm(output, final.unsqueeze(2)).squeeze(2).softmax(1)
        return self.out(torch.bmm(output.transpose(1, 2), weights.unsqueeze(2)).squeeze(2)).softmax(1)[0, 1]


class CellState(nn.Module):
    """The head on the LSTM's cell state."""

    reads = "cell"

    def __init__(self, both: bool = False) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), E)
        self.lstm = nn.LSTM(E, H, bidirectional=both)
        self.linear = nn.Linear(H * (1 + both), 1)

    def forward(self, ids: list[int]) -> Tensor:
        _output, (_hidden, cell) = self.lstm(self.embed(torch.tensor(ids)[:, None]))
        return self.linear(torch.cat([*cell], dim=1)).sigmoid()[0, 0]


class CellStateBothWays(CellState):
    """The same of both directions."""

    def __init__(self) -> None:
        super().__init__(both=True)


class ReluUnits(nn.Module):
    """`nn.RNN` with ReLU."""

    reads, options, scale = "final", {"nonlinearity": "relu"}, 0.4

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), E)
        self.rnn = nn.RNN(E, H, nonlinearity="relu")
        self.linear = nn.Linear(H, 1)

    def forward(self, ids: list[int]) -> Tensor:
        return self.linear(self.rnn(self.embed(torch.tensor(ids)[:, None]))[1][-1]).sigmoid()[0, 0]


class HeadOfTwoLayers(nn.Module):
    """A hidden layer between read-out and output."""

    reads, options = "mean", {"activation": "tanh"}

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), E)
        self.lstm = nn.LSTM(E, H, bidirectional=True)
        self.head = nn.Sequential(nn.Linear(2 * H, 7), nn.Tanh(), nn.Dropout(0.5), nn.Linear(7, 2))

    def forward(self, ids: list[int]) -> Tensor:
        return self.head(self.lstm(self.embed(torch.tensor(ids)[:, None]))[0].mean(0)).softmax(1)[0, 1]


STRUCTURES = (
    *(BackwardFirst, ForwardFirst, LastOutput, PaddedToALength, PaddedInFront, MaxOverPadding, MaxOverPaddingBothWays),
    *(MeanOfStates, MaxOfStates, DotAttention, CellState, CellStateBothWays, ReluUnits, HeadOfTwoLayers),
)
named = pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.__name__)


def made(structure: type[nn.Module], seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    model = structure().eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.normal_(0, getattr(structure, "scale", 1.2))
    return model


def sentences(seed: int = 1) -> list[list[int]]:
    """Ids of sentences of 1 to 20 words, unknown ones (1) among them."""
    rng = np.random.default_rng(seed)
    return [rng.integers(1, len(WORDS), length).tolist() for length in (7, 2, 1, 5, 11, 9, 20, 14, 3, 6)]


def as_text(ids: list[int]) -> str:
    return " ".join("neverseen" if number == 1 else WORDS[number] for number in ids)


def write(folder: Path, model: nn.Module, reads: Callable[[list[int]], list[int]] = lambda ids: ids) -> dict[str, Path]:
    """The owner's files: weights, words, and some texts with the probabilities of their model, which `reads` ids."""
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "theirs.safetensors")
    (folder / "words.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    with (folder / "said.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "probability"])
        rows.writerows([as_text(ids), f"{model(reads(ids)).item():.8f}"] for ids in sentences())
    return {"weights": folder / "theirs.safetensors", "vocabulary": folder / "words.txt"}


@named
def test_the_right_options_give_the_owners_probabilities(tmp_path: Path, structure: type[nn.Module]) -> None:
    model = made(structure)
    request = Request(
        **write(tmp_path, model),
        reads=structure.reads,
        check=tmp_path / "said.csv",
        **getattr(structure, "options", {}),
    )
    brought = bring(request)
    assert brought.checked is not None and brought.checked.rows == 10
    save("theirs", brought, tmp_path)
    drawn = sentences(seed=5)
    expected = np.array([model(ids).item() for ids in drawn])
    found = verdicts(checkpoints.load("theirs", tmp_path), [as_text(ids) for ids in drawn])
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose([verdict.probability for verdict in found], expected, atol=1e-6, rtol=0)
    card = checkpoints.read_card("theirs", tmp_path)
    assert card["imported"]["checked"]["rows"] == 10
    assert card["imported"]["checked"]["largest_difference"] < 1e-6


def wrong_reads(structure: type[nn.Module]) -> list[str]:
    """Every other read-out that the model could have."""
    model = structure()
    recurrent = next(module for module in model.modules() if isinstance(module, nn.RNNBase))
    own = ReadOut.parse(structure.reads)
    paddings = ("", f"padded:{N}", f"left:{N}", f"padded:{N + 1}")
    every = {f"{pool} {padding}".strip() for pool in POOLS for padding in paddings}
    if not isinstance(recurrent, nn.LSTM):
        every -= {read for read in every if read.startswith("cell")}
    if not recurrent.bidirectional:
        every -= {read for read in every if read.startswith(("last", "reversed"))}
    return sorted(read for read in every if ReadOut.parse(read) != own)


@named
def test_every_wrong_reading_is_refused_and_the_right_one_named(
    tmp_path: Path, structure: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = write(tmp_path, made(structure))
    options = getattr(structure, "options", {})
    told = f"--reads {ReadOut.parse(structure.reads)}"
    for number, reads in enumerate(wrong_reads(structure)):
        if number == 1:  # once with all that is tried, then quicker
            monkeypatch.setattr(owner_outputs, "LENGTHS", (N - 1, N, N + 1))
        with pytest.raises(ValueError, match=r"expected at most 0\.0001") as refused:
            bring(Request(**files, reads=reads, check=tmp_path / "said.csv", **options))
        assert told in str(refused.value).split("these agree: ")[1].replace(" unpadded", "").split("; or ")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("structure", [ReluUnits, HeadOfTwoLayers], ids=lambda structure: structure.__name__)
def test_a_wrong_activation_is_refused_and_the_right_one_named(tmp_path: Path, structure: type[nn.Module]) -> None:
    files = write(tmp_path, made(structure))
    ((option, right),) = structure.options.items()
    with pytest.raises(ValueError, match=rf"these agree: --{option} {right}$"):
        bring(Request(**files, reads=structure.reads, check=tmp_path / "said.csv"))
    assumed = bring(Request(**files, reads=structure.reads)).assumed
    assert any(f"--{option}" in line for line in assumed)


def test_the_other_class_and_other_steps_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, made(PaddedToALength))
    said = (tmp_path / "said.csv").read_text().splitlines()
    turned = [
        f"{line.split(',')[0].upper().replace(' ', '-')},{1 - float(line.split(',')[1]):.8f}" for line in said[1:]
    ]
    (tmp_path / "other.csv").write_text("\n".join([said[0], *turned]) + "\n")
    verb = ["import-torch", "--weights", str(files["weights"]), "--vocabulary", str(files["vocabulary"])]
    verb += ["--out", str(tmp_path / "out"), "--reads", f"padded:{N}", "--check", str(tmp_path / "other.csv")]
    assert main(verb) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "these agree: --steps keras --class-1 0" in line
    assert not (tmp_path / "out").exists()
    assert main([*verb, "--steps", "keras", "--class-1", "0"]) == 0
    assert "checked: 10 rows of other.csv" in capsys.readouterr().out


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
    monkeypatch.setattr(owner_outputs, "LENGTHS", (N - 1, N, N + 1))
    model = made(MeanOfStates)
    for parameter in model.parameters():
        parameter.mul_(0.6)  # less sure
    files = write(tmp_path, model, reads)
    verb = ["import-torch", "--weights", str(files["weights"]), "--vocabulary", str(files["vocabulary"])]
    verb += ["--steps", "--reads", "mean", "--check", str(tmp_path / "said.csv"), "--out", str(tmp_path)]
    assert main(verb) == 2
    assert named in capsys.readouterr().err
    assert main([*verb, *named.split()]) == 0
    assert checkpoints.read_card("theirs", tmp_path)["imported"]["checked"]["rows"] == 10


def test_without_a_check_what_is_assumed_is_said_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, made(MeanOfStates))
    verb = ["import-torch", "--weights", str(files["weights"]), "--vocabulary", str(files["vocabulary"])]
    assert main([*verb, "--out", str(tmp_path), "--name", "mine"]) == 0
    told = capsys.readouterr().out
    imported = checkpoints.read_card("mine", tmp_path)["imported"]
    assert "not checked against its owner's outputs" in told
    assert imported["checked"] is None and len(imported["assumed"]) == 5
    assert all(line in told for line in imported["assumed"])


def test_rows_that_decide_nothing_are_told_of(tmp_path: Path) -> None:
    model = made(MeanOfStates)
    files = write(tmp_path, model)
    (tmp_path / "one.csv").write_text(f"text,probability\nw4,{model([6]).item():.8f}\n")
    brought = bring(Request(**files, reads="mean", check=tmp_path / "one.csv"))
    assert any("do not decide" in note and "--reads max" in note for note in brought.notes)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("text,probability\nw1,1.5\n", r"row 1 .*1.5; expected a probability of class 1 from 0 to 1"),
        ("text,probability\nw1,high\n", "expected a number"),
        ("text,probability\nw1,nan\n", "expected a number"),
        ("text,probability\n", "has no rows"),
        ("text,p\nw1,0.5\n", "no column 'probability'"),
    ],
)
def test_a_table_that_is_no_check(tmp_path: Path, table: str, message: str) -> None:
    files = write(tmp_path, made(MeanOfStates))
    (tmp_path / "bad.csv").write_text(table)
    with pytest.raises((ValueError, LookupError), match=message):
        bring(Request(**files, check=tmp_path / "bad.csv"))


def test_other_columns_and_logits(tmp_path: Path) -> None:
    model = made(MeanOfStates)
    files = write(tmp_path, model)
    logits = [float(torch.logit(model(ids).double())) for ids in sentences()]
    lines = [f"{as_text(ids)},{logit:.7f}" for ids, logit in zip(sentences(), logits, strict=True)]
    (tmp_path / "logits.csv").write_text("\n".join(["said,z", *lines]) + "\n")
    brought = bring(Request(**files, reads="mean", check=tmp_path / "logits.csv", text_column="said", logit_column="z"))
    assert brought.checked is not None and brought.checked.largest_difference < 1e-6
    with pytest.raises(ValueError, match="not both"):
        bring(Request(**files, check=tmp_path / "logits.csv", logit_column="z", probability_column="z"))


def test_padding_that_is_read_needs_a_token(tmp_path: Path) -> None:
    files = write(tmp_path, made(PaddedToALength))
    (tmp_path / "words.txt").write_text("\n".join(["first", *WORDS[1:]]))
    with pytest.raises(ValueError, match="name it with --pad-token or --pad-id"):
        bring(Request(**files, reads=f"padded:{N}"))


def test_unknown_words_that_are_read_otherwise_are_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_outputs, "LENGTHS", (N,))
    files = write(tmp_path, made(MeanOfStates))
    with pytest.raises(ValueError, match=r"rows without unknown words agree with --reads mean, so .*--unknown-token"):
        bring(Request(**files, special=Special(unknown_token="w5"), check=tmp_path / "said.csv"))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(_request: Request) -> None:
        raise error

    monkeypatch.setattr("core.models.importers.import_model.bring", fail)
    assert main(["import-torch", "--weights", str(tmp_path / "theirs.pt")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "error: theirs.pt needs more memory than there is; try it on a larger machine"
    ]


def test_one_layer_and_one_row_are_told_in_the_singular(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, made(MeanOfStates))
    (tmp_path / "one.csv").write_text("\n".join((tmp_path / "said.csv").read_text().splitlines()[:2]))
    given = ["--weights", files["weights"], "--vocabulary", files["vocabulary"], "--check", tmp_path / "one.csv"]
    assert main(["import-torch", *map(str, given), "--reads", "mean", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert " of 1 layer of " in printed and "checked: 1 row of one.csv agrees with" in printed


def test_an_empty_text_that_is_read_otherwise_is_not_taken_for_unknown_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_outputs, "LENGTHS", (N,))
    files = write(tmp_path, made(MeanOfStates))
    with (tmp_path / "said.csv").open("a") as table:
        table.write('"",0.99\n')
    with pytest.raises(ValueError, match=r"rows without empty texts agree with what was given, so .*without a word"):
        bring(Request(**files, reads="mean", check=tmp_path / "said.csv"))
    first, second, *_rest = (tmp_path / "said.csv").read_text().splitlines()
    (tmp_path / "two.csv").write_text(f'{first}\n{second}\n"",0.99\n')
    with pytest.raises(ValueError, match=r"The one row without empty texts agrees with "):
        bring(Request(**files, reads="mean", check=tmp_path / "two.csv"))


class AnyReading(nn.Module):
    """A classifier of any cell, direction, pool and padding, written out plainly."""

    def __init__(self, cell: str, both: bool, reads: ReadOut) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(WORDS), E)
        self.rnn = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](E, H, 2, batch_first=True, bidirectional=both)
        self.fc = nn.Linear(H * (1 + both), 2)
        self.both, self.reading = both, reads

    def forward(self, ids: list[int]) -> Tensor:
        pad = [0] * self.reading.length
        if self.reading.side == "padded":
            ids = (ids + pad)[: self.reading.length]
        elif self.reading.side == "left":
            ids = (pad + ids)[-self.reading.length :]
        output, state = self.rnn(self.embed(torch.tensor([ids])))
        h = state[0] if isinstance(state, tuple) else state
        final = torch.cat([h[-2], h[-1]], 1) if self.both else h[-1]
        if self.reading.pool == "final":
            read = final
        elif self.reading.pool == "reversed":
            read = torch.cat([h[-1], h[-2]], 1)
        elif self.reading.pool == "last":
            read = output[:, -1]
        elif self.reading.pool == "max":
            read = output[0].max(0).values[None]
        elif self.reading.pool == "mean":
            read = output[0].mean(0)[None]
        elif self.reading.pool == "cell":
            read = torch.cat([state[1][-2], state[1][-1]], 1) if self.both else state[1][-1]
        else:
            weights = torch.softmax(output[0] @ final[0], dim=0)
            read = sum(weight * step for weight, step in zip(weights, output[0], strict=True))[None]
        return self.fc(read).softmax(1)[0, 1]


@pytest.mark.parametrize("both", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_every_read_out_of_every_cell_gives_the_owners_probabilities(tmp_path: Path, cell: str, both: bool) -> None:
    drawn = sentences(seed=9)
    said: dict[str, list[float]] = {}
    for pool in pools(cell, both):
        for padding in ("", f"padded:{N}", f"left:{N}"):
            reads = ReadOut.parse(f"{pool} {padding}")
            torch.manual_seed(20)
            model = AnyReading(cell, both, reads).eval().requires_grad_(False)
            for parameter in model.parameters():
                parameter.normal_(0, 0.9)
            files = write(tmp_path, model)
            save("theirs", bring(Request(**files, reads=str(reads))), tmp_path, replace=True)
            loaded = checkpoints.load("theirs", tmp_path)
            found = verdicts(loaded, [as_text(ids) for ids in drawn])
            said[str(reads)] = [model(ids).item() for ids in drawn]
            np.testing.assert_allclose([one.probability for one in found], said[str(reads)], atol=1e-6, rtol=0)
    different = {(a, b): np.abs(np.subtract(said[a], said[b])).max() for a, b in itertools.combinations(said, 2)}
    assert min(different.values()) > 5e-3, min(different, key=different.__getitem__)
