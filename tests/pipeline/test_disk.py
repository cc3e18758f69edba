"""A disk that takes no more, or nothing: each stage says so in one line, and nothing half-written stays."""

import re
import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ruamel.yaml import YAML

from tests.faults import different
from tests.support.project import STAGES, Project, remove, rewind

CURVES = "training"  # the folder of the live curves, written epoch by epoch
# No file may grow beyond so many blocks of 512 bytes. Training has DVC's database in its way first, then its
# checkpoint.
BLOCKS = [*((stage, 1) for stage in STAGES), ("train", 2048)]
# The folder that each stage writes to last; and that of the curves, which DVCLive writes.
FOLDERS = {
    "fetch": ["data/raw"],
    "validate": ["metrics"],
    "preprocess": ["data/splits"],
    "train": ["plots", "models"],
    "evaluate": ["metrics"],
    "export": ["metrics"],
    "plot": ["plots"],
    "report": ["report", "models"],
}
# A user's own view of the disk, in which the first argument is a folder that is read-only.
READ_ONLY = """
exec unshare --map-root-user --mount sh -c '
    mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"
' "$@"
"""


def outputs(project: Project, stage: str) -> list[Path]:
    lock = YAML(typ="safe", pure=True).load(project.folder / "dvc.lock")
    return [project.folder / out["path"] for out in lock["stages"][stage]["outs"]]


def command(project: Project, stage: str) -> list[str]:
    """Return the words of the command that DVC runs."""
    text = YAML(typ="safe", pure=True).load(project.folder / "dvc.yaml")["stages"][stage]["cmd"]
    return [word.replace("$DVC_ROOT", str(project.folder)) for word in shlex.split(text)]


@pytest.mark.parametrize(("stage", "blocks"), BLOCKS)
def test_a_stage_that_cannot_write_says_so_and_leaves_nothing_half_written(
    project: Project, stage: str, blocks: int
) -> None:
    outs = outputs(project, stage)
    rewind(project, stage)
    limited = ("sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh")
    output = project.run(*limited, *command(project, stage), status=1)
    message = r"error: (\S+: File too large|.+ could not be written .*\(.*\): is the disk full\?)"
    assert re.fullmatch(message, output.splitlines()[-1])
    assert [out for out in outs if out.exists() and out.name != CURVES] == []
    assert list(project.folder.rglob("*.partial*")) == []


def test_each_stage_names_what_is_read_only_and_plain_repro_does_what_is_left_when_it_no_longer_is(
    finished: Project, project: Project
) -> None:
    """Backwards, so that each stage still has what it reads, and one `dvc repro` follows on all."""
    read_only = ("sh", "-c", READ_ONLY, "sh")
    if subprocess.run([*read_only, str(project.folder), "true"], capture_output=True).returncode:
        pytest.skip("mounting a folder read-only needs user namespaces")
    remove(project.folder / ".checkpoints")
    for stage in reversed(STAGES):
        for out in outputs(project, stage):
            remove(out)
        for name in FOLDERS[stage]:
            (project.folder / name).mkdir(exist_ok=True)
            output = project.run(*read_only, name, *command(project, stage), status=1)
            message = rf"error: \S*{re.escape(name)}\S*: Read-only file system"
            assert re.fullmatch(message, output.splitlines()[-1]), output
            assert "Traceback" not in output
            assert list(project.folder.rglob("*.partial*")) == []
    for path in ("dvc.lock", ".dvc/cache"):  # nothing to restore: all must run
        remove(project.folder / path)
    assert project.repro() == STAGES
    assert different(project, finished) == []


def test_a_cache_that_cannot_be_linked_stops_a_long_stage_before_it_begins(project: Project) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == project.folder.stat().st_dev:
        pytest.skip("there is no second file system")
    with TemporaryDirectory(dir=elsewhere) as cache:
        project.run("dvc", "cache", "dir", "--local", cache)
        project.run("dvc", "config", "--local", "cache.type", "hardlink")
        for stage in ("fetch", "train"):
            output = project.run("dvc", "repro", "--force", "--single-item", stage, status=255)
            assert f"error: DVC cannot link its cache {cache}" in output
            assert "Run: dvc config --local cache.type hardlink,copy" in output
            assert "epoch" not in output
        project.run("dvc", "config", "--local", "cache.type", "hardlink,copy")
        project.run("dvc", "repro", "--force", "--single-item", "fetch")
