"""The checkpoints of an experiment in a place that all nodes reach: a folder, or S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
from experiments.cluster.checkpoints import LOCAL, Checkpoints
from tests.support.cluster import BUCKET
from tests.support.s3 import CREDENTIALS, S3, refusing_credentials, serve

FILE = LOCAL / "key/50-5.npz"
CONFIG = """[core]
    no_scm = true
['remote "team"']
    url = s3://{bucket}/team
    endpointurl = {endpoint}
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve() as server:
        server.client().create_bucket(Bucket=BUCKET)
        yield server


@pytest.fixture
def nodes(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two nodes that have a clone each, and the credentials of S3."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        (folder / ".dvc").mkdir(parents=True)
        (folder / ".dvc/config").write_text(CONFIG.format(bucket=BUCKET, endpoint=s3.endpoint))
        (folder / FILE).parent.mkdir(parents=True)
    monkeypatch.chdir(folders[0])
    return folders


@pytest.mark.parametrize("place", ["folder", "remote://team/checkpoints", f"s3://{BUCKET}/checkpoints"])
def test_the_last_checkpoint_reaches_another_node_and_replaces_none_that_is_there(
    nodes: list[Path], s3: S3, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.startswith("s3://"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)  # an address alone has none
    place = str(tmp_path / place) if place == "folder" else place
    warnings = list[str]()
    first = Checkpoints(place, "commit", "tuning-1", warnings.append)
    first.get()
    for content in ("an epoch", "two epochs"):
        FILE.write_text(content)
        first.put()

    monkeypatch.chdir(nodes[1])
    second = Checkpoints(place, "commit", "tuning-1", warnings.append)
    second.get()
    assert FILE.read_text() == "two epochs"
    FILE.write_text("three epochs")
    second.put()

    monkeypatch.chdir(nodes[0])
    first.get()
    # The training takes the longer one of a folder
    found = {path.name: path.read_text() for path in FILE.parent.iterdir()}
    assert found == {"50-5.npz": "two epochs", "shared-50-5.npz": "three epochs"}

    first.remove()
    assert not list(FILE.parent.iterdir())
    monkeypatch.chdir(nodes[1])
    FILE.unlink()
    second.get()
    assert not FILE.exists()
    assert warnings == []


def test_a_place_that_refuses_is_said_and_holds_nothing_up(nodes: list[Path]) -> None:
    warnings = list[str]()
    checkpoints = Checkpoints("remote://team/checkpoints", "commit", "refused", warnings.append)
    FILE.write_text("an epoch")
    with refusing_credentials():
        checkpoints.get()
        checkpoints.put()
    assert [warning.partition(":")[0] for warning in warnings] == [
        "its checkpoints in the shared place could not be read",
        "its checkpoints in the shared place could not be written",
    ]
    checkpoints.put()  # after the next epoch it is there
    FILE.unlink()
    checkpoints.get()
    assert FILE.read_text() == "an epoch"


def test_a_remote_that_is_none_is_the_users_error(nodes: list[Path]) -> None:
    with pytest.raises(UserError, match=r"no checkpoints can be in remote://tema/checkpoints: .*tema"):
        Checkpoints("remote://tema/checkpoints", "commit", "tuning-1", print)
