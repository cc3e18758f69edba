"""What one person has run, another pulls: through a folder and through S3, and whatever goes wrong."""

import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.pipeline.conftest import Shared
from tests.support.project import STAGES, Project, ran
from tests.support.s3 import CREDENTIALS, S3, refusing_credentials, serve

BUCKET = "faces"
LOCK, MODEL, METRICS = "dvc.lock", "models/emotion.keras", "metrics/evaluation.json"
SLOW = ("dvc", "exp", "run", "--name", "slow", "-S", "train.lr=1e-4", "-S", "train.epochs=1")
PREDICT = """
import keras, numpy
model = keras.saving.load_model("{path}", compile=False)
print(model.predict(numpy.zeros((2, 48, 48, 1), "uint8"), verbose=0).shape)
"""


@dataclass
class Team:
    """A person with a finished run, a Git server, and the place where the team keeps its artifacts."""

    author: Project
    git: Path
    store: Path | None  # the folder; None for S3

    def clone(self, folder: Path) -> Project:
        """Return a new colleague's clone of the Git repository."""
        colleague = Project(folder)
        colleague.env = self.author.env | {"HOME": str(folder.parent)}
        folder.mkdir(parents=True)
        colleague.run("git", "clone", "--quiet", str(self.git), ".")
        colleague.run("git", "config", "user.name", "Colleague")
        colleague.run("git", "config", "user.email", "colleague@localhost")
        return colleague


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve() as server:
        yield server


def found_team(finished: Project, folder: Path, s3: S3 | None) -> Team:
    """Set up a team as the README says: a Git server, a verified remote, and the first push of Git."""
    author = finished.copy(folder / "author")
    git, store = folder / "project.git", None if s3 else folder / "store"
    author.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(git))
    author.run("git", "remote", "add", "origin", str(git))
    author.run(
        "dvc", "remote", "add", "--default", "team", str(store) if store else f"s3://{BUCKET}/{folder.name}"
    )
    author.run("dvc", "remote", "modify", "team", "verify", "true")
    if s3:
        author.env |= CREDENTIALS
        author.run("dvc", "remote", "modify", "team", "endpointurl", s3.endpoint)
    author.run("git", "commit", "--quiet", "--all", "--message", "The team's remote")
    author.run("git", "push", "--quiet", "--set-upstream", "origin", "main")
    return Team(author, git, store)


@pytest.fixture(scope="module")
def trained_slowly(shared: Shared, finished: Project) -> Path:
    """DVC's cache after the experiment `slow`, which then takes no training in a copy of the project."""

    def make(folder: Path) -> None:
        project = finished.copy(folder / "project")
        assert ran(project.run(*SLOW)) == STAGES[STAGES.index("train") :]

    return shared("slow", make) / "project/.dvc/cache"


@pytest.fixture(scope="module", params=["folder", "s3"])
def pushed(
    request: pytest.FixtureRequest,
    finished: Project,
    trained_slowly: Path,
    s3: S3,
    tmp_path_factory: pytest.TempPathFactory,
) -> Team:
    """A team whose author has pushed the run, and an experiment called `slow`. Nobody may change it."""
    s3.client().create_bucket(Bucket=BUCKET)
    team = found_team(finished, tmp_path_factory.mktemp("team"), s3 if request.param == "s3" else None)
    team.author.run("dvc", "push")
    shutil.copytree(trained_slowly, team.author.folder / ".dvc/cache", dirs_exist_ok=True)
    assert ran(team.author.run(*SLOW)) == []
    team.author.run("dvc", "exp", "push", "origin", "slow")
    return team


@pytest.fixture
def colleague(pushed: Team, tmp_path: Path) -> Project:
    """A new clone, with nothing in it but what Git holds."""
    return pushed.clone(tmp_path / "colleague")


def test_a_colleague_pulls_the_run_and_reruns_nothing(finished: Project, colleague: Project) -> None:
    colleague.run("dvc", "pull")
    assert colleague.repro() == []
    assert colleague.run("dvc", "status").strip() == "Data and pipelines are up to date."
    assert colleague.run("git", "status", "--porcelain") == ""
    for path in (MODEL, "data/raw/fer2013.csv", "plots/gallery.png"):
        assert colleague.read(path) == finished.read(path), path


def test_a_colleague_applies_an_experiment_and_reruns_nothing_but_what_is_changed(
    pushed: Team, colleague: Project
) -> None:
    colleague.run("dvc", "exp", "pull", "origin", "slow")
    colleague.run("dvc", "exp", "apply", "slow")
    assert colleague.repro() == []
    for path in (LOCK, MODEL, METRICS):
        assert colleague.read(path) == pushed.author.read(path), path
    difference = json.loads(colleague.run("dvc", "metrics", "diff", "--json"))
    assert difference["metrics/training.json"]["epochs"] == {"old": 2, "new": 1, "diff": -1}

    colleague.set(plot__dpi=50)
    assert colleague.repro() == ["plot"]


def test_the_model_alone_is_pulled_and_predicts(colleague: Project) -> None:
    colleague.run("dvc", "pull", MODEL)
    assert [path.name for path in (colleague.folder / "data").iterdir()] == ["own"]
    assert colleague.run("python", "-c", PREDICT.format(path=MODEL)).endswith("(2, 7)\n")


def test_the_model_is_fetched_by_its_name(pushed: Team, colleague: Project) -> None:
    colleague.run("gto", "register", "emotion")
    tag = colleague.run("git", "tag").strip()
    colleague.run("git", "push", "--quiet", "origin", tag)
    try:
        colleague.run("dvc", "artifacts", "get", str(pushed.git), "emotion", "--out", "got.keras")
        assert colleague.run("python", "-c", PREDICT.format(path="got.keras")).endswith("(2, 7)\n")
    finally:
        colleague.run("git", "push", "--quiet", "origin", "--delete", tag)


# Faults. Nothing that is here may be lost, and the next try must complete.


@pytest.fixture
def team(finished: Project, tmp_path: Path) -> Team:
    """A team that shares a folder; nothing is pushed yet."""
    return found_team(finished, tmp_path / "team", None)


@pytest.fixture
def s3_team(finished: Project, s3: S3, tmp_path: Path) -> Team:
    """A team that shares a folder of the bucket; nothing is pushed yet."""
    s3.client().create_bucket(Bucket=BUCKET)
    return found_team(finished, tmp_path / tmp_path.name, s3)  # the folder takes the last name


def nothing_is_lost(project: Project) -> bool:
    return project.run("dvc", "status").strip() == "Data and pipelines are up to date."


def everything_arrives(team: Team, folder: Path) -> bool:
    """Push again and pull as a new colleague, who has nothing to rerun then."""
    team.author.run("dvc", "push")
    colleague = team.clone(folder)
    colleague.run("dvc", "pull")
    return colleague.repro() == []


def test_a_remote_that_cannot_be_reached_is_named(s3_team: Team, s3: S3, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        s3_team.author.run("dvc", "remote", "modify", "team", "endpointurl", nowhere)
        output = s3_team.author.run("dvc", "push", status=255)
    assert nowhere in output
    assert "Traceback" not in output
    assert nothing_is_lost(s3_team.author)
    s3_team.author.run("dvc", "remote", "modify", "team", "endpointurl", s3.endpoint)
    assert everything_arrives(s3_team, tmp_path / "colleague")


@pytest.mark.parametrize("place", ["environment", ".dvc/config.local"])
def test_refused_credentials_are_said_to_be_and_written_nowhere_else(
    s3_team: Team, tmp_path: Path, place: str
) -> None:
    author, key, secret = s3_team.author, f"AKIA{secrets.token_hex(8)}", secrets.token_hex(20)
    if place == "environment":
        author.env |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        holders = []
    else:
        holders = [author.folder / place]
        for name, value in {"access_key_id": key, "secret_access_key": secret}.items():
            author.run("dvc", "remote", "modify", "--local", "team", name, value)
    with refusing_credentials():
        output = author.run("dvc", "push", status=255)
    assert "Forbidden" in output
    assert "Traceback" not in output
    assert nothing_is_lost(author)
    assert author.run("git", "status", "--porcelain") == ""  # Git would take neither along
    contents = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for canary in (key, secret):
        assert canary not in output
        found = [path for path, content in contents.items() if canary.encode() in content]
        assert found == holders
    assert everything_arrives(s3_team, tmp_path / "colleague")


def test_a_push_that_was_killed_half_way_is_completed_by_the_next(
    s3_team: Team, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = count(1)

    def kill_at_the_fourth() -> None:
        if next(uploads) == 4:
            os.killpg(process.pid, signal.SIGKILL)

    monkeypatch.setattr(s3, "before_upload", kill_at_the_fourth)
    with s3_team.author.popen("dvc", "push", "--jobs", "1") as process:
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert nothing_is_lost(s3_team.author)
    assert everything_arrives(s3_team, tmp_path / "colleague")


def test_two_people_push_the_same_at_once(s3_team: Team, tmp_path: Path) -> None:
    second = s3_team.author.copy(tmp_path / "second")
    second.env = s3_team.author.env
    pushes = [person.popen("dvc", "push") for person in (s3_team.author, second)]
    for push in pushes:
        output, _ = push.communicate()
        assert push.returncode == 0, output
    third = s3_team.clone(tmp_path / "third")
    third.run("dvc", "pull")
    assert third.repro() == []


def stored(team: Team, path: str) -> Path:
    """Return the file of the team's folder that holds an output, or a file inside one."""
    assert team.store is not None
    digest = hashlib.md5(team.author.read(path), usedforsecurity=False).hexdigest()
    return team.store / "files/md5" / digest[:2] / digest[2:]


def test_an_object_that_is_missing_in_the_remote_is_named_and_pushed_again(
    team: Team, tmp_path: Path
) -> None:
    team.author.run("dvc", "push")
    stored(team, MODEL).unlink()
    colleague = team.clone(tmp_path / "colleague")
    assert MODEL in colleague.run("dvc", "pull", status=1)
    assert not (colleague.folder / MODEL).exists()
    team.author.run("dvc", "push")
    colleague.run("dvc", "pull")
    assert colleague.repro() == []


@pytest.mark.parametrize("path", [MODEL, "data/splits/test/images.npy"])
def test_an_object_that_is_corrupted_in_the_remote_is_never_taken_for_whole(
    team: Team, tmp_path: Path, path: str
) -> None:
    team.author.run("dvc", "push")
    damaged = stored(team, path)
    damaged.chmod(0o644)
    damaged.write_bytes(bytes(damaged.stat().st_size))
    damaged.chmod(0o444)
    colleague = team.clone(tmp_path / "colleague")
    colleague.run("dvc", "pull", status=1)
    assert not (colleague.folder / path).exists()

    damaged.unlink()  # what the README says to do: then the author's push repairs it
    for folder in damaged.parents[1].glob("*/*.dir"):
        if f'"{damaged.parent.name}{damaged.name}"' in folder.read_text():
            folder.unlink()
    team.author.run("dvc", "push")
    colleague.run("dvc", "pull")
    assert colleague.repro() == []
