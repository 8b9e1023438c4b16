"""The image and its settings: what no daemon is needed to check. hadolint and the schema of Compose files say more."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def instructions(stage: str, name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.*)$", stage, re.MULTILINE)


def test_the_server_is_nobody_in_particular_and_starts_without_a_shell() -> None:
    last = STAGES[-1]
    assert instructions(last, "USER") == ["10001"]
    after = last[last.index("USER ") :]
    assert not re.search(r"^(?:RUN|COPY|ADD)\b", after, re.MULTILINE), "all is written before the rights are given up"
    assert instructions(last, "ENTRYPOINT")[0].startswith("[") and not instructions(DOCKERFILE, "ADD")
    assert "/_stcore/health" in last and instructions(last, "VOLUME") == ["/data"]


def test_what_installs_stays_behind() -> None:
    assert len(STAGES) == 2 and "pip uninstall" in STAGES[-1]
    assert "pip install" not in STAGES[-1] and "apt-get" not in DOCKERFILE
    assert "--torch-backend=cpu" in STAGES[0]
    assert all(re.search(r"python:3\.1[123]-slim", stage.splitlines()[0]) for stage in STAGES)


def test_everything_that_is_copied_is_let_through_and_there() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    allowed = {line.removeprefix("!").rstrip("/") for line in lines if line.startswith("!")}
    copied = {
        source
        for stage in STAGES
        for line in instructions(stage, "COPY")
        if "--from" not in line
        for source in line.split()[:-1]
    }
    assert copied == allowed and all((ROOT / name).exists() for name in copied)
    refused = [line for line in lines if line and not line.startswith(("#", "!", "*\n")) and line != "*"]
    for secret in (".streamlit/secrets.toml", "core/__pycache__", "checkpoints/x.sqlite3", "pages/corpus.parquet"):
        assert any(fnmatch.fnmatch(secret, line.replace("**/", "*/")) for line in refused), secret


def test_the_container_can_write_to_one_volume_and_has_no_rights() -> None:
    for line in (
        "read_only: true",
        "- no-new-privileges:true",
        "- ALL",
        "mem_limit:",
        "pids_limit:",
        "collection:/data",
    ):
        assert line in COMPOSE
    assert "privileged: true" not in COMPOSE and "127.0.0.1:8501:8501" in COMPOSE
    (tmp,) = re.findall(r"- /tmp:(\S+)", COMPOSE)
    assert {"noexec", "nosuid", "nodev"} <= set(tmp.split(","))
    assert "UNROLLED_COLLECTION=/data/" in DOCKERFILE
