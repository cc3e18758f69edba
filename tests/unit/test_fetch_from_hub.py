"""The fetch stage as DVC runs it, against a stand-in hub over HTTP, and without one."""

import hashlib
import os
import pty
import shutil
import socket
import subprocess
import termios
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from emotion.source.archive import LIMIT
from emotion.source.hub import Progress
from tests.support.fetching import CSV, SHA256, ZIP, Run, run, start
from tests.support.hub_server import Fault, Hub, serve
from tests.support.pictures import encoded, pixels

TOKEN = "hf_a_secret_of_the_user"
# The library writes blocks of 10 MiB, so that less than one leaves nothing to resume.
LARGE = bytes(24 << 20)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve(Hub({"fer2013.csv.zip": ZIP, "fer2013.csv": CSV})) as hub:
        yield hub


@pytest.fixture
def closed() -> Iterator[str]:
    """The address of a port that refuses connections: bound, and not listening."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


PATIENT: dict[Fault, bytes] = {  # faults over which the library waits and retries, and the file
    "truncated": CSV,
    "truncated once": LARGE,
    "truncated once, no range": LARGE,
    "stalled": CSV,
    "slow": CSV,
}


@pytest.fixture(scope="module", autouse=True)
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Fault, tuple[Hub, Run]]]:
    """Runs that take seconds of waiting, begun before the other tests and collected after them."""
    with ExitStack() as stack:
        runs = {}
        for fault, content in PATIENT.items():
            hub = stack.enter_context(serve(Hub({"fer2013.csv": content}, fault=fault)))
            begun = start(
                tmp_path_factory.mktemp("patient"),
                hub.endpoint,
                {"HF_HUB_DOWNLOAD_TIMEOUT": "1"} if fault in ("stalled", "slow") else {},
                file="fer2013.csv",
                sha256=hashlib.sha256(content).hexdigest(),
            )
            stack.enter_context(begun.process)
            stack.callback(begun.process.kill)
            runs[fault] = (hub, begun)
        yield runs


@pytest.mark.parametrize("file", ["fer2013.csv.zip", "fer2013.csv"])
def test_csv_and_zip_arrive_and_are_verified(hub: Hub, tmp_path: Path, file: str) -> None:
    result = run(tmp_path, hub.endpoint, file=file)
    assert result.fetched == CSV
    assert result.stdout == (
        f"layout: official, left as it is\nout/fer2013.csv: SHA-256 {SHA256} (as pinned)\n"
    )


def test_a_pattern_brings_every_parquet_file_that_it_matches_and_their_names_give_usage(
    hub: Hub, tmp_path: Path
) -> None:
    for seed, name in enumerate(("train-00000-of-00001", "test-00000-of-00001")):
        path = tmp_path / f"{name}.parquet"
        pictures = [{"bytes": encoded(pixels(seed)), "path": ""}]
        parquet.write_table(pyarrow.table({"image": pictures, "label": ["happy"]}), path)
        hub.files[f"data/{name}.parquet"] = path.read_bytes()
    result = run(tmp_path, hub.endpoint, file="data/*.parquet", sha256=None)
    assert result.fetched.count(b",Training\n") == result.fetched.count(b",PrivateTest\n") == 1
    assert "parquet, 2 files" in result.stdout
    assert len(hub.asked("GET")) == 2


def test_a_pattern_that_matches_nothing_is_named(hub: Hub, tmp_path: Path) -> None:
    error = run(tmp_path, hub.endpoint, file="data/*.parquet").error
    assert "has 0 files 'data/*.parquet' at revision 'main': correct fetch.file" in error


def test_a_pattern_in_a_wrong_repository_is_one_line(hub: Hub, tmp_path: Path) -> None:
    error = run(tmp_path, hub.endpoint, file="*.parquet", repo="nobody/nothing").error
    assert f"dataset 'nobody/nothing' on {hub.endpoint} " in error


def test_a_second_run_downloads_nothing(hub: Hub, tmp_path: Path) -> None:
    assert run(tmp_path, hub.endpoint).fetched == CSV
    assert run(tmp_path, hub.endpoint).fetched == CSV
    assert len(hub.asked("GET")) == 1


def test_a_terminal_shows_progress(hub: Hub, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    begun = start(tmp_path, hub.endpoint, stderr=theirs)
    os.close(theirs)
    begun.process.communicate(timeout=300)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "fer2013.csv.zip: 100%" in shown


def test_without_a_pin_any_content_is_taken_and_the_output_says_so(hub: Hub, tmp_path: Path) -> None:
    result = run(tmp_path, hub.endpoint, sha256=None)
    assert result.fetched == CSV
    assert f"{SHA256} (not checked: fetch.sha256 is null)" in result.stdout


def test_a_cached_file_serves_offline_and_without_network(hub: Hub, closed: str, tmp_path: Path) -> None:
    assert run(tmp_path, hub.endpoint).fetched == CSV
    assert run(tmp_path, hub.endpoint, {"HF_HUB_OFFLINE": "1"}).fetched == CSV
    refused = run(tmp_path, closed)
    assert refused.fetched == CSV
    assert "using the copy in the Hugging Face cache" in refused.stdout
    assert len(hub.asked("HEAD")) == 2  # of the first run: ours and the library's


def test_the_token_opens_a_private_dataset_and_is_never_printed(hub: Hub, tmp_path: Path) -> None:
    hub.token = TOKEN
    result = run(tmp_path, hub.endpoint, {"HF_TOKEN": TOKEN})
    assert result.fetched == CSV
    assert {request.authorization for request in hub.asked("GET")} == {f"Bearer {TOKEN}"}
    assert TOKEN not in result.stdout


def test_a_private_dataset_without_a_token_asks_for_one(hub: Hub, tmp_path: Path) -> None:
    hub.token = TOKEN
    assert (
        "does not exist or is private: check fetch.repo, or set HF_TOKEN" in run(tmp_path, hub.endpoint).error
    )


def test_a_token_that_breaks_the_header_is_named_and_not_shown(hub: Hub, tmp_path: Path) -> None:
    result = run(tmp_path, hub.endpoint, {"HF_TOKEN": f"{TOKEN}\x01"})
    assert "HF_TOKEN (or the stored token) holds a character that no token has" in result.error
    assert TOKEN not in result.error + result.stdout


@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_wrong_repository_is_named(hub: Hub, tmp_path: Path, token: str | None) -> None:
    result = run(tmp_path, hub.endpoint, {"HF_TOKEN": token} if token else None, repo="nobody/nothing")
    assert f"dataset 'nobody/nothing' on {hub.endpoint} does not exist" in result.error
    assert TOKEN not in result.error


def test_a_malformed_repository_is_named(hub: Hub, tmp_path: Path) -> None:
    assert (
        "fetch.repo 'a/b/c' cannot be the name of a dataset"
        in run(tmp_path, hub.endpoint, repo="a/b/c").error
    )


def test_a_wrong_revision_is_named(hub: Hub, tmp_path: Path) -> None:
    assert "has no revision 'v9': check fetch.revision" in run(tmp_path, hub.endpoint, revision="v9").error


def test_a_wrong_file_is_named_even_if_an_older_copy_is_cached(hub: Hub, tmp_path: Path) -> None:
    assert run(tmp_path, hub.endpoint).fetched == CSV
    shutil.rmtree(tmp_path / "out")
    del hub.files["fer2013.csv.zip"]
    error = run(tmp_path, hub.endpoint).error
    assert "has no file 'fer2013.csv.zip' at revision 'main': check fetch.file" in error


def test_a_gated_dataset_says_what_to_accept(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    error = run(tmp_path, hub.endpoint, {"HF_TOKEN": TOKEN}).error
    assert "is gated: accept its terms" in error
    assert TOKEN not in error


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "unavailable",
            "(HTTP 503): check the network, try again, or get the file otherwise",
        ),
        ("plain 404", "(HTTP 404): check fetch.repo, fetch.revision and fetch.file"),
        ("no metadata", "does not answer as a Hugging Face hub does: check HF_ENDPOINT"),
    ],
)
def test_an_answer_that_is_no_file_is_one_line(hub: Hub, tmp_path: Path, fault: Fault, words: str) -> None:
    hub.fault = fault
    assert words in run(tmp_path, hub.endpoint).error


def test_a_file_too_large_for_faces_is_not_downloaded(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "huge"
    assert "is larger than 4,294,967,296 bytes: to train on so many" in run(tmp_path, hub.endpoint).error
    assert hub.asked("GET") == []


def test_a_download_that_grows_beyond_what_was_declared_is_given_up() -> None:
    with Progress(disable=True) as bar:  # type: ignore[no-untyped-call]
        bar.update(LIMIT)
        with pytest.raises(ConnectionError, match=r"the 4,294,967,296 bytes of fetch\.max_gib came"):
            bar.update(1)


def test_an_unavailable_hub_is_asked_once(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "unavailable"
    assert run(tmp_path, hub.endpoint).error
    assert len(hub.asked("HEAD")) == 1


def test_a_refused_connection_is_named(closed: str, tmp_path: Path) -> None:
    assert "ConnectError: [Errno 111] Connection refused" in run(tmp_path, closed).error


def test_a_hub_that_never_answers_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "silent"
    assert "Timeout" in run(tmp_path, hub.endpoint, {"HF_HUB_ETAG_TIMEOUT": "1"}).error


def test_offline_with_nothing_cached_says_so(hub: Hub, tmp_path: Path) -> None:
    error = run(tmp_path, hub.endpoint, {"HF_HUB_OFFLINE": "1"}).error
    assert "HF_HUB_OFFLINE is set and 'fer2013.csv.zip'" in error
    assert hub.requests == []


def test_an_endpoint_that_is_no_address_is_named(tmp_path: Path) -> None:
    assert "UnsupportedProtocol" in run(tmp_path, "not-an-address").error


def test_the_password_of_a_mirror_is_not_shown(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "unavailable"
    mirror = hub.endpoint.replace("http://", "http://me:pass@")
    result = run(tmp_path, mirror)
    assert "HTTP 503" in result.error
    assert "me:pass" not in result.error + result.stdout


def test_garbage_of_the_same_size_is_downloaded_once_more(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "garbage once"
    result = run(tmp_path, hub.endpoint)
    assert result.fetched == CSV
    assert "downloading it once more" in result.stdout
    assert len(hub.asked("GET")) == 2
    assert run(tmp_path, hub.endpoint, {"HF_HUB_OFFLINE": "1"}).fetched == CSV  # the cache is mended


def test_garbage_again_fails_with_both_hashes(hub: Hub, tmp_path: Path) -> None:
    hub.fault = "garbage"
    error = run(tmp_path, hub.endpoint, file="fer2013.csv").error
    assert hashlib.sha256(bytes(len(CSV))).hexdigest() in error
    assert SHA256 in error
    assert len(hub.asked("GET")) == 2


def test_a_wrong_copy_in_the_cache_is_no_answer_without_network(
    hub: Hub, closed: str, tmp_path: Path
) -> None:
    hub.fault = "garbage"
    assert run(tmp_path, hub.endpoint).error
    result = run(tmp_path, closed)
    assert "Connection refused" in result.error
    assert f"fetch.sha256 is {SHA256}" in result.stdout


@pytest.mark.parametrize(
    ("folder", "option", "message"),
    [
        ("out", "size=64k", "no space left"),
        ("cache", "size=64k", "no space left"),
        ("out", "ro", "read-only file system"),
    ],
)
def test_a_disk_that_is_full_or_read_only_is_one_line_and_holds_nothing(
    hub: Hub, tmp_path: Path, folder: str, option: str, message: str
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "cache").mkdir()
    on_such_a_disk = f'mount -t tmpfs -o {option} none {folder} && "$@"; code=$?; ls -A out; exit $code'
    unshare = ("unshare", "--map-root-user", "--mount", "sh", "-c")
    mount = ["sh", "-c", 'exec "$@"', "sh", *unshare, f"mount -t tmpfs none {tmp_path}"]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a disk needs user namespaces")
    hub.files["fer2013.csv"] = bytes(1 << 20)
    prefix = (*unshare, on_such_a_disk, "sh")
    result = start(tmp_path, hub.endpoint, prefix=prefix, file="fer2013.csv", sha256=None).wait()
    assert message in result.error.lower()
    assert "SHA-256" not in result.stdout


def test_a_truncated_body_is_given_up(patient: dict[Fault, tuple[Hub, Run]]) -> None:
    hub, begun = patient["truncated"]
    assert "did not arrive (RemoteProtocolError: peer closed connection" in begun.wait().error
    assert len(hub.asked("GET")) == 6


def test_a_server_that_breaks_off_and_cannot_resume_is_given_up(
    patient: dict[Fault, tuple[Hub, Run]],
) -> None:
    hub, begun = patient["truncated once, no range"]
    assert "the server broke off and cannot resume" in begun.wait().error
    assert len(hub.asked("GET")) == 2


def test_a_broken_download_is_resumed(patient: dict[Fault, tuple[Hub, Run]]) -> None:
    hub, begun = patient["truncated once"]
    assert begun.wait().fetched == LARGE
    assert [request.range for request in hub.asked("GET")] == [None, f"bytes={10 << 20}-"]


def test_a_slow_body_arrives(patient: dict[Fault, tuple[Hub, Run]]) -> None:
    hub, begun = patient["slow"]
    assert begun.wait().fetched == CSV
    assert len(hub.asked("GET")) == 1


def test_a_stalled_body_is_given_up(patient: dict[Fault, tuple[Hub, Run]]) -> None:
    hub, begun = patient["stalled"]
    assert "did not arrive (ReadTimeout" in begun.wait().error
    assert len(hub.asked("GET")) == 6


def test_rendered_faces_need_no_hub(closed: str, tmp_path: Path) -> None:
    rendered = run(tmp_path, closed, source="faces").fetched
    assert rendered.startswith(b"emotion,pixels,Usage\n")
    assert rendered.count(b"\n") == 11
    assert run(tmp_path, closed, source="faces", faces={"rows": 10, "seed": 0}).fetched == rendered


def test_a_pin_that_is_no_sha256_is_refused(hub: Hub, tmp_path: Path) -> None:
    assert (
        "params.yaml: fetch.sha256 is 'abc': string should match"
        in run(tmp_path, hub.endpoint, sha256="abc").error
    )
    assert hub.requests == []
