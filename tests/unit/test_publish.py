"""`make publish` uploads the model with its card to the named repository, or says why not in one line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotion.report.card import model_card
from emotion.report.run import FER2013
from emotion.runtime.lockfile import md5
from tests.support.classifiers import INFO, write_classifier
from tests.support.paths import ROOT
from tests.support.runs import finished_run
from tests.support.upload_hub import UploadHub, serve_uploads

REPO = "somebody/faces"
CLOSED = "http://127.0.0.1:9"  # the discard port: nothing answers there


@pytest.fixture
def hub() -> Iterator[UploadHub]:
    with serve_uploads(UploadHub()) as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with an exported model and its card, committed."""
    project = tmp_path / "project"
    (project / "models/exports").mkdir(parents=True)
    run = finished_run()
    card = model_card("paper_cnn", INFO, FER2013, None, "random", run.scores, run.exports)
    (project / "models/README.md").write_text(str(card), encoding="utf-8")
    write_classifier(project / "models/emotion.onnx")
    for name in ("emotion.keras", "exports/emotion.tflite"):
        (project / "models" / name).write_bytes(name.encode() * 200)
    (project / ".gitignore").write_text("/models/\n")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "A run"],
    ):
        subprocess.run(["git", *command], cwd=project, check=True)
    return project


def publish(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command without a token of the user's own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-m", "tools.publish", *arguments],
        cwd=folder,
        env=clean
        | {"PYTHONPATH": str(ROOT), "HF_HOME": str(folder.parent / "hf"), "HF_HUB_DISABLE_XET": "1"}
        | environment,
        capture_output=True,
        text=True,
    )


def to(hub: UploadHub) -> dict[str, str]:
    return {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token}


def test_the_model_its_exports_and_its_card_arrive_in_one_commit_that_names_the_code(
    folder: Path, hub: UploadHub
) -> None:
    (folder / "report").mkdir()
    (folder / "report/index.html").write_text("faces")  # may not be redistributed
    done = publish(folder, REPO, **to(hub))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"model: {hub.endpoint}/{REPO}\n"
    sources = ["README.md", "emotion.onnx", "emotion.keras", "exports/emotion.tflite"]
    expected = {Path(name).name: (folder / "models" / name).read_bytes() for name in sources}
    assert hub.repos == {f"models/{REPO}": expected}
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    assert hub.messages == [f"The model of commit {head.stdout.strip()}"]


def test_a_page_becomes_a_static_space_of_the_same_name(folder: Path, hub: UploadHub) -> None:
    (folder / "site/models").mkdir(parents=True)
    (folder / "site/index.html").write_text("<!DOCTYPE html>")
    (folder / "site/models/emotion.onnx").write_bytes(bytes(2000))
    done = publish(folder, REPO, **to(hub))
    assert done.stdout.splitlines()[1] == f"page: {hub.endpoint}/spaces/{REPO}"
    assert hub.repos[f"spaces/{REPO}"] == {
        "index.html": b"<!DOCTYPE html>",
        "models/emotion.onnx": bytes(2000),
    }
    assert [(made["type"], made.get("sdk")) for made in hub.created] == [("model", None), ("space", "static")]


def test_a_repository_that_is_there_gets_another_commit_of_what_has_changed(
    folder: Path, hub: UploadHub
) -> None:
    assert publish(folder, REPO, **to(hub)).returncode == 0
    (folder / "models/emotion.keras").write_bytes(b"another" * 500)
    stored = set(hub.stored)
    assert publish(folder, REPO, **to(hub)).returncode == 0
    assert len(hub.created) == 1
    assert len(hub.messages) == 2
    assert len(set(hub.stored) - stored) == 1
    assert hub.repos[f"models/{REPO}"]["emotion.keras"] == b"another" * 500


def refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert words in done.stderr


@pytest.mark.parametrize(
    ("token", "repo", "words"),
    [
        ("", REPO, "there is no token of the Hugging Face Hub: run: hf auth login"),
        ("hf_wrong", REPO, "does not accept the token: make one that may write"),
        ("hf_right", "other/faces", "the token may not write to other/faces"),
        ("hf_right", "faces", "'faces' has no owner: write owner/name"),
        ("hf_right", "a/b/c", "'a/b/c' cannot be the name of a repository: write owner/name"),
        ("hf_ü", REPO, "holds a character that no token has"),
    ],
)
def test_who_may_not_write_is_told_so_and_nothing_arrives(
    folder: Path, hub: UploadHub, token: str, repo: str, words: str
) -> None:
    done = publish(folder, repo, **to(hub) | {"HF_TOKEN": token})
    refused(done, words)
    assert not token or token not in done.stderr
    assert hub.repos == {}


def test_without_a_network_nothing_is_tried_for_long(folder: Path) -> None:
    refused(publish(folder, REPO, HF_ENDPOINT=CLOSED, HF_TOKEN="hf_right"), "was not reached (ConnectError")
    offline = publish(folder, REPO, HF_ENDPOINT=CLOSED, HF_TOKEN="hf_right", HF_HUB_OFFLINE="1")
    refused(offline, "HF_HUB_OFFLINE is set: unset it to publish")


def test_a_card_that_the_hub_refuses_stops_the_upload(folder: Path, hub: UploadHub) -> None:
    hub.refuses_card = True
    refused(publish(folder, REPO, **to(hub)), "refuses the card (")
    assert hub.repos == {f"models/{REPO}": {}}
    assert hub.stored == {}


@pytest.mark.parametrize("path", ["models/README.md", "models/emotion.onnx", "models/exports"])
def test_what_is_missing_is_named_before_anything_is_sent(folder: Path, hub: UploadHub, path: str) -> None:
    target = folder / path
    shutil.rmtree(target) if target.is_dir() else target.unlink()
    refused(publish(folder, REPO, **to(hub)), f"{path} is not there; run: dvc repro")
    assert hub.requests == []


def test_a_model_that_is_not_the_one_of_dvc_lock_is_not_published(folder: Path, hub: UploadHub) -> None:
    model = folder / "models/emotion.onnx"
    outs = f"[{{path: models/emotion.onnx, md5: {md5(model)}}}]"
    (folder / "dvc.lock").write_text(f"stages: {{export: {{outs: {outs}}}}}\n")
    with model.open("ab") as file:
        file.write(b"x")
    refused(publish(folder, REPO, **to(hub)), "models/emotion.onnx is not what dvc.lock records")
    assert hub.requests == []


def test_a_repository_has_to_be_named(folder: Path, hub: UploadHub) -> None:
    done = publish(folder, **to(hub))
    assert done.returncode == 2
    assert "OWNER/NAME" in done.stderr
    assert hub.requests == []
