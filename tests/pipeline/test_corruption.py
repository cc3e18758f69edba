"""Damage on purpose: it is repaired, or named before it can give a wrong number."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from emotion.training.checkpoint import load_checkpoint
from tests.faults import different
from tests.support.project import Project, ran, rewind

CSV, ARRAY, MODEL = "data/raw/fer2013.csv", "data/splits/train/images.npy", "models/emotion.keras"
VANISHED = "data/splits/test/labels.npy"
EVALUATION = "metrics/evaluation.json"


def flipped(content: bytes) -> bytes:
    """Flip a bit of the first digit 2."""
    return content.replace(b"2", b"3", 1)


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def swapped(content: bytes) -> bytes:
    """Return a model that loads as well as this one, and has another weight."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = bytearray(old.read(name))
            if name == "model.weights.h5":
                part[len(part) // 2] ^= 64
            new.writestr(name, bytes(part))
    return buffer.getvalue()


def damage(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file as a faulty disk does: a read-only file, too, and it stays read-only."""
    before, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(change(before))
    path.chmod(mode)
    assert path.read_bytes() != before


def verify(project: Project) -> str:
    """Run `make verify`, which must find damage; return what it printed."""
    (project.folder / ".venv").mkdir()
    (project.folder / ".venv/ready").touch()  # the packages are those of the tests
    return project.run("make", "verify", status=2)


def test_damage_in_the_workspace_is_repaired_without_running_a_stage(
    finished: Project, project: Project
) -> None:
    changes = {CSV: flipped, ARRAY: truncated, MODEL: swapped, EVALUATION: flipped}
    changes |= {"plots/evaluation/predictions.csv": truncated, "plots/reliability.png": truncated}
    for path, change in changes.items():
        damage(project.folder / path, change)
    (project.folder / VANISHED).unlink()
    assert project.repro() == []
    assert project.read(VANISHED) == finished.read(VANISHED)
    assert {path for path in changes if project.read(path) != finished.read(path)} == set()


@pytest.mark.parametrize(
    ("path", "change", "reader", "maker"),
    [
        (CSV, flipped, {"preprocess__seed": 7}, "fetch"),
        (ARRAY, truncated, {"train__lr": 0.1}, "preprocess"),
        (MODEL, swapped, {"evaluate__ece_bins": 4}, "train"),
    ],
)
def test_a_damaged_copy_in_the_cache_is_named_before_it_is_used_and_made_anew_after_verify(
    finished: Project,
    project: Project,
    path: str,
    change: Callable[[bytes], bytes],
    reader: dict[str, float],
    maker: str,
) -> None:
    copy, params = project.cached(path), project.read("params.yaml")
    damage(copy, change)
    (project.folder / path).unlink()
    project.set(**reader)
    output = project.run("dvc", "repro", status=255)
    named = next(line for line in output.splitlines() if line.startswith("error: "))
    assert path.startswith(named.split()[1])
    assert named.endswith(
        "is not what dvc.lock records: it was damaged or changed; run: make verify; dvc repro"
    )
    assert "Traceback" not in output

    (project.folder / "params.yaml").write_bytes(params)
    assert f"removed: {copy}" in verify(project)
    assert project.repro() == [maker]
    assert project.read(path) == finished.read(path)
    assert different(project, finished) == []


def test_a_damaged_copy_of_a_metric_is_found_by_verify(finished: Project, project: Project) -> None:
    """DVC itself restores it and says nothing."""
    damage(project.cached(EVALUATION), flipped)
    (project.folder / EVALUATION).unlink()
    assert project.repro() == []
    assert different(project, finished) == [EVALUATION]
    verify(project)
    assert project.repro() == ["evaluate"]
    assert different(project, finished) == []


def test_what_verify_removes_is_pulled_from_the_remote_and_no_stage_runs(
    finished: Project, project: Project, tmp_path: Path
) -> None:
    project.run("dvc", "remote", "add", "--default", "team", str(tmp_path / "store"))
    project.run("dvc", "push")
    (tmp_path / "store").chmod(0o2775)  # a group's, but not the folders in it
    changes = {CSV: flipped, ARRAY: truncated, MODEL: swapped}
    copies = [project.cached(path) for path in changes]
    for copy, (path, change) in zip(copies, changes.items(), strict=True):
        damage(copy, change)
        damage(project.folder / path, change)
    removed = verify(project)
    assert all(f"removed: {copy}\n" in removed for copy in copies)
    assert (
        f"{tmp_path / 'store'} is a group's, but not all of it, as {tmp_path / 'store/files'} shows"
        in removed
    )
    assert not any((project.folder / path).exists() for path in changes)
    project.run("dvc", "pull")
    assert {path for path in changes if project.read(path) != finished.read(path)} == set()
    assert project.repro() == []
    assert different(project, finished) == []


def test_a_lock_with_hashes_changed_by_hand_is_put_right(finished: Project, project: Project) -> None:
    lock = project.folder / "dvc.lock"
    text = lock.read_text()
    before, _, fetched = text.partition("  fetch:")[2].partition("  validate:")[0].rpartition("md5: ")
    assert before
    digest = fetched.split()[0]
    lock.write_text(text.replace(digest, f"{'f' * 8}{digest[8:]}"))  # the CSV's, as output and as dependency
    assert project.repro() == ["fetch"]
    assert different(project, finished) == []


def test_a_lock_that_is_no_yaml_is_named_and_without_it_nothing_is_lost(
    finished: Project, project: Project
) -> None:
    lock = project.folder / "dvc.lock"
    lock.write_text(lock.read_text().replace("md5: ", "md5 ", 1))
    output = project.run("dvc", "repro", status=255)
    assert "dvc.lock' is invalid" in output
    assert "Traceback" not in output
    lock.unlink()
    assert project.repro() == []
    assert different(project, finished) == []


def test_a_truncated_checkpoint_and_one_of_another_training_are_passed_over(
    finished: Project, project: Project
) -> None:
    (path,) = (finished.folder / ".checkpoints").glob("*/*.npz")
    checkpoint = load_checkpoint(path)
    assert checkpoint
    rewind(project, "train")
    stale, own = project.folder / "stale/1-1.npz", project.folder / path.relative_to(finished.folder)
    checkpoint.save(stale)  # as if other settings, data or code had made it
    own.parent.mkdir(parents=True)
    own.write_bytes(truncated(path.read_bytes()))
    stale.rename(own.parent / stale.name)
    output = project.run("dvc", "repro")
    assert ran(output) == ["train"]
    assert "2-5.npz is damaged and passed over" in output
    assert "1-1.npz is of another training (stale) and passed over" in output
    assert "epoch  1/2" in output
    assert different(project, finished) == []
