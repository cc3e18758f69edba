from pathlib import Path

import pytest

from tools.team_folder import advice


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A remote with two folders of objects, all of it the group's."""
    folder = tmp_path / "remote"
    for part in ("", "files", "files/md5", "files/md5/0a", "files/md5/0b"):
        (folder / part).mkdir()
        (folder / part).chmod(0o2775)
    return folder


def test_a_remote_that_the_group_can_write_into_needs_nothing(remote: Path) -> None:
    assert advice(remote) == ""


@pytest.mark.parametrize("part", ["files", "files/md5", "files/md5/0b"])
@pytest.mark.parametrize("mode", [0o2755, 0o775])  # not writable for the group; new folders not the group's
def test_a_folder_that_the_group_cannot_use_is_named_with_the_command_that_mends_it(
    remote: Path, part: str, mode: int
) -> None:
    (remote / part).chmod(mode)
    said = advice(remote)
    assert f"as {remote / part} shows" in said
    assert f"find {remote} -type d -user $USER -exec chmod g+ws {{}} +" in said


def test_a_remote_of_one_user_is_left_alone(remote: Path) -> None:
    (remote / "files/md5/0a").chmod(0o755)
    remote.chmod(0o755)
    assert advice(remote) == ""


def test_an_empty_remote_of_a_group_needs_setgid(tmp_path: Path) -> None:
    tmp_path.chmod(0o2775)
    assert advice(tmp_path) == ""
    tmp_path.chmod(0o775)
    assert f"as {tmp_path} shows" in advice(tmp_path)
