"""No name from outside leads out of its folder: of checkpoints, of uploads, of what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models import checkpoints
from core.text.preprocessing import Vocabulary
from tests.app import opened, sound
from tests.security.test_hostile_pages import reached

NAMES = (
    "../lstm", "..", ".", "", "/etc/passwd", "lstm/../lstm", "lstm/", "./lstm", "lstm\\..\\gru", "lstm\0", "lstm\n",
    "~root", "$HOME", "%2e%2e%2flstm", ".lstm.previous", "con:", "a" * 65, "\uff4c\uff53\uff54\uff4d", "lstm ",
    "\u202elstm", "lstm;x", "-x", "_x", "a/b", "a b", "\n", ".hidden", "é", "\ud800",
)  # fmt: skip


def test_a_checkpoint_has_a_name_and_no_path(tiny_checkpoints: Path) -> None:
    reached.begin()
    before = sorted(tiny_checkpoints.parent.rglob("*"))
    uses = (
        lambda name: checkpoints.load(name, tiny_checkpoints),
        lambda name: checkpoints.read_card(name, tiny_checkpoints),
        lambda name: checkpoints.save(name, {}, Vocabulary([]), {}, tiny_checkpoints),
        checkpoints.check_name,
    )
    for name in NAMES:
        for use in uses:
            with pytest.raises(checkpoints.CheckpointError, match="not a valid checkpoint name") as told:
                use(name)
            assert str(told.value).isprintable()
    assert reached.end() == [] and sorted(tiny_checkpoints.parent.rglob("*")) == before


@pytest.fixture
def _own_world(tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_CHECKPOINTS", str(tiny_checkpoints))
    monkeypatch.setenv("UNROLLED_COLLECTION", str(tmp_path / "pairs.sqlite3"))


@pytest.mark.usefixtures("_own_world")
@pytest.mark.parametrize(
    ("where", "view", "key"), [("Sarcasm", "file", "file"), ("Maths_Lab", "boosting", "boost file")]
)
def test_an_upload_keeps_nothing_of_its_name_on_the_disk(where: str, view: str, key: str, tmp_path: Path) -> None:
    at = sound(opened(where, view))
    for name in ("../../../zqxmarker.csv", "/tmp/zqxmarker.csv", "a\nzqxmarker.csv", "..\\zqxmarker.csv"):
        reached.begin()
        (box,) = [box for box in at.file_uploader if box.key == key]
        box.upload(name, b"text,label\n" + b"so good,1\nso bad,0\n" * 20)
        sound(at.run())
        assert reached.end() == []
        assert not list(tmp_path.parent.rglob("*zqxmarker*"))


@pytest.mark.usefixtures("_own_world")
@pytest.mark.parametrize("environment", ["UNROLLED_CHECKPOINTS", "UNROLLED_COLLECTION"])
@pytest.mark.parametrize("told", ["/nowhere/at/all", "/etc/passwd", "/dev/null", "../" * 40, "x" * 5_000])
def test_a_setting_that_leads_nowhere_is_told_of(environment: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is the owner's word and may name any place; a wrong one is a line on the page and no fault."""
    monkeypatch.setenv(environment, told)
    at = sound(opened("Permutations", "kept"))
    if environment == "UNROLLED_COLLECTION":
        assert at.error or at.info  # cannot be used, or nothing is kept there
