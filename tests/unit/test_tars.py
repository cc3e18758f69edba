"""Tar archives and gzip files: one CSV comes out, or one line that says why not."""

import gzip
import io
import tarfile
from contextlib import suppress
from pathlib import Path

import pyarrow
import pytest

from emotion.runtime.errors import UserError
from emotion.source import formats, tars
from emotion.source.archive import CHUNK, DamagedFileError
from emotion.source.contents import csv_chunks
from tests.support.fetching import CSV

CHALLENGE = {"fer2013/README": b"read me", "fer2013/fer2013.bib": b"@x", "fer2013/fer2013.csv": CSV}


def tar(members: dict[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as file:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def content(folder: Path, given: bytes, member: str | None = None) -> bytes:
    (folder / "faces.bin").write_bytes(given)
    return b"".join(csv_chunks(folder / "faces.bin", member))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_the_archive_of_the_challenge_is_read_whatever_its_name(tmp_path: Path, mode: str, form: int) -> None:
    assert content(tmp_path, tar(CHALLENGE, mode, form)) == CSV


def test_a_csv_in_gzip_is_read_whatever_its_name(tmp_path: Path) -> None:
    assert content(tmp_path, gzip.compress(CSV)) == CSV


def zstandard(content: bytes) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as file:
        file.write(content)
    return bytes(sink.getvalue().to_pybytes())


def test_zstandard_is_read_and_bounded_as_gzip_is(tmp_path: Path) -> None:
    assert content(tmp_path, zstandard(CSV)) == CSV
    assert content(tmp_path, zstandard(tar(CHALLENGE))) == CSV
    with pytest.raises(UserError, match="is more than 100 times as large as the Zstandard file"):
        content(tmp_path, zstandard(bytes(1 << 20)))
    for length in range(4, len(zstandard(CSV))):
        with pytest.raises(DamagedFileError, match="is a broken Zstandard file"):
            content(tmp_path, zstandard(CSV)[:length])


def test_a_csv_larger_than_a_block_comes_out_whole(tmp_path: Path) -> None:
    large = b"".join(b"%d\n" % number for number in range(3 * CHUNK // 7))
    assert content(tmp_path, tar({"a.txt": large, "a.csv": large, "b.txt": large}, "w:gz")) == large
    assert content(tmp_path, gzip.compress(large)) == large


def test_of_several_csvs_all_are_named_and_the_member_picks_one(tmp_path: Path) -> None:
    archive = tar({"a/train.csv": CSV, "a/test.csv": b"other", "._a.csv": b"", "README": b""})
    with pytest.raises(
        UserError, match=r"is a tar archive with 2 CSV files \(a/train.csv, a/test.csv\): give the one"
    ):
        content(tmp_path, archive)
    assert content(tmp_path, archive, "a/train.csv") == CSV
    with pytest.raises(UserError, match=r"without one file 'train.csv' \(it holds .*: correct fetch.member"):
        content(tmp_path, archive, "train.csv")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_what_is_no_regular_file_is_no_csv(tmp_path: Path, kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        info = tarfile.TarInfo("fer2013.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        file.addfile(info)
    with pytest.raises(UserError, match=r"is a tar archive without a CSV \(it is empty\)"):
        content(tmp_path, buffer.getvalue())


@pytest.mark.parametrize("name", ["../../faces.csv", "/data/faces.csv", "a/../../b.txt", "C:\\faces.csv"])
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="which leads out of the folder or hides its end"):
        content(tmp_path, tar({name: CSV, "fer2013.csv": CSV}))


@pytest.mark.parametrize(
    "inner",
    [tar(CHALLENGE), gzip.compress(CSV), formats.ZIP, formats.PARQUET, formats.ZSTANDARD],
    ids=["tar", "gzip", "zip", "parquet", "zstandard"],
)
def test_another_format_inside_is_refused(tmp_path: Path, inner: bytes) -> None:
    for outer in (tar({"a.csv": inner}), gzip.compress(inner)):
        if not outer.startswith(formats.GZIP) or inner != tar(CHALLENGE):
            with pytest.raises(UserError, match=r" is (a|an) .*: (unpack|convert) it"):
                content(tmp_path, outer)


@pytest.mark.parametrize(
    "outer", [gzip.compress(bytes(1 << 20)), tar({"a.csv": bytes(1 << 20)}, "w:gz")], ids=["gzip", "tar.gz"]
)
def test_what_expands_as_no_faces_do_is_refused(tmp_path: Path, outer: bytes) -> None:
    with pytest.raises(UserError, match="is more than 100 times as large as the gzip file, as no faces are"):
        content(tmp_path, outer)


@pytest.mark.parametrize(
    "outer", [gzip.compress(CSV), tar(CHALLENGE), tar(CHALLENGE, "w:gz")], ids=["gzip", "tar", "tar.gz"]
)
def test_what_is_larger_than_the_limit_is_refused(tmp_path: Path, outer: bytes) -> None:
    (tmp_path / "faces.bin").write_bytes(outer)
    with pytest.raises(UserError, match="is larger than"):
        list(csv_chunks(tmp_path / "faces.bin", limit=len(CSV) - 1))


def test_headers_without_an_end_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    names = tarfile.TarInfo("a" * (1 << 20)).tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(DamagedFileError, match="headers without an end"):
        content(tmp_path, names)


def test_more_files_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tars, "MOST_FILES", 2)
    with pytest.raises(UserError, match="is a tar archive with more than 2 files: unpack it"):
        content(tmp_path, tar(CHALLENGE))


def test_as_many_files_as_the_limit_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tars, "MOST_FILES", 2)
    assert content(tmp_path, tar({"fer2013.csv": CSV, "README": b"no faces"})) == CSV


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_every_cut_gives_the_csv_or_one_error(tmp_path: Path, mode: str) -> None:
    whole = tar(CHALLENGE, mode, tarfile.USTAR_FORMAT)
    for length in range(1, len(whole), 7):
        with suppress(UserError):
            assert content(tmp_path, whole[:length]) in (CSV, whole[:length])


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_every_wrong_byte_gives_the_csv_or_one_error(tmp_path: Path, mode: str) -> None:
    whole = tar({"fer2013.csv": CSV}, mode)
    for position in range(min(len(whole), 700)):
        for mask in (0x01, 0x80, 0xFF):
            broken = bytearray(whole)
            broken[position] ^= mask
            with suppress(UserError):
                assert len(content(tmp_path, bytes(broken))) in (len(CSV), len(whole))
