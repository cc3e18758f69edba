"""A disk that takes no more: each stage says so in one line, and nothing half-written stays."""

import re
import shlex
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.project import STAGES, Project, rewind

CURVES = "training"  # the folder of the live curves, written epoch by epoch
# No file may grow beyond so many blocks of 512 bytes. Training has DVC's database in its way first, then its
# checkpoint.
BLOCKS = [*((stage, 1) for stage in STAGES), ("train", 2048)]


def outputs(project: Project, stage: str) -> list[Path]:
    lock = YAML(typ="safe", pure=True).load(project.folder / "dvc.lock")
    return [project.folder / out["path"] for out in lock["stages"][stage]["outs"]]


@pytest.mark.parametrize(("stage", "blocks"), BLOCKS)
def test_a_stage_that_cannot_write_says_so_and_leaves_nothing_half_written(
    project: Project, stage: str, blocks: int
) -> None:
    outs = outputs(project, stage)
    command = YAML(typ="safe", pure=True).load(project.folder / "dvc.yaml")["stages"][stage]["cmd"]
    rewind(project, stage)
    words = [word.replace("$DVC_ROOT", str(project.folder)) for word in shlex.split(command)]
    output = project.run("sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *words, status=1)
    message = r"error: (\S+: File too large|.+ could not be written \(.*\): is the disk full\?)"
    assert re.fullmatch(message, output.splitlines()[-1])
    assert [out for out in outs if out.exists() and out.name != CURVES] == []
    assert list(project.folder.rglob("*.partial*")) == []
