"""What comes out of a zip: one CSV, or one line that says why not."""

import bz2
import io
import lzma
import stat
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
from emotion.source import archive, zips
from emotion.source.archive import DamagedFileError
from emotion.source.contents import csv_chunks

CSV = b"emotion,pixels,Usage\n3,70 80 82,Training\n"


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def content(path: Path, member: str | None = None) -> bytes:
    return b"".join(csv_chunks(path, member))


def patch(path: Path, signature: bytes, offset: int, value: bytes) -> None:
    """Overwrite bytes of the first record of a zip that begins with `signature`."""
    data = bytearray(path.read_bytes())
    start = data.index(signature) + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_csv_of_a_zip_is_told_by_content_not_by_the_name_of_the_zip(tmp_path: Path, method: int) -> None:
    assert content(write_zip(tmp_path / "data.bin", {"fer2013.csv": CSV}, method)) == CSV


def test_a_csv_comes_out_as_it_is_even_if_it_is_called_zip(tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv.zip").write_bytes(CSV)
    assert content(tmp_path / "fer2013.csv.zip") == CSV


def test_a_csv_larger_than_a_block_comes_out_whole(tmp_path: Path) -> None:
    large = CSV * (3 * archive.CHUNK // len(CSV))
    assert content(write_zip(tmp_path / "a.zip", {"a.csv": large}, zipfile.ZIP_STORED)) == large


def test_other_files_folders_and_the_junk_of_macos_are_passed_over(tmp_path: Path) -> None:
    members = {"a/": b"", "b.csv/": b"", "a/README.md": b"", "a/fer2013.CSV": CSV}
    junk = {"__MACOSX/a/._fer2013.csv": b"junk", "a/._fer2013.csv": b"junk"}
    assert content(write_zip(tmp_path / "a.zip", members | junk)) == CSV


@pytest.mark.parametrize(
    "name",
    ["../../faces.csv", "/data/faces.csv", "C:\\faces.csv", "a\\..\\..\\faces.csv", "a/../../faces.txt"],
)
@pytest.mark.parametrize("others", [{}, {"fer2013.csv": CSV}])
def test_a_zip_with_a_path_that_leads_elsewhere_is_refused_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, others: dict[str, bytes]
) -> None:
    folder = tmp_path / "a/b/c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    write_zip(folder / "a.zip", others | {name: CSV})
    with pytest.raises(
        UserError, match=r"has a file named .*faces.*, which leads out of the folder or hides"
    ):
        content(folder / "a.zip")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / "a.zip"]


def test_a_name_with_a_nul_behind_which_its_end_could_hide_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"faces_.csv": CSV})
    path.write_bytes(path.read_bytes().replace(b"faces_", b"faces\0"))
    with pytest.raises(UserError, match=r"has a file named 'faces\\x00.csv'"):
        content(path)


def test_folders_and_the_separators_of_windows_are_no_way_out(tmp_path: Path) -> None:
    assert content(write_zip(tmp_path / "a.zip", {"a\\b..\\fer2013.csv": CSV})) == CSV


def inner_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("fer2013.csv", CSV)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("members", "holds"),
    [
        ({}, "it is empty"),
        ({"readme.txt": b""}, "it holds readme.txt"),
        ({"fer2013.zip": inner_zip()}, "it holds fer2013.zip"),
        ({f"{number}.png": b"" for number in range(12)}, "it holds 0.png, 1.png, .*, 9.png and 2 more"),
    ],
    ids=["empty", "no CSV", "nested", "images"],
)
def test_a_zip_without_a_csv_is_refused_and_says_what_it_holds(
    tmp_path: Path, members: dict[str, bytes], holds: str
) -> None:
    path = write_zip(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    with pytest.raises(
        UserError, match=rf"a.zip is a zip without a CSV \({holds}\): give a CSV, or a zip with"
    ):
        content(path)


def test_a_zip_with_several_csvs_names_them_and_says_which_to_give(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": CSV, "README.md": b"", "data/test.csv": CSV})
    with pytest.raises(UserError) as caught:
        content(path)
    assert str(caught.value) == (
        f"{path} is a zip with 2 CSV files (train.csv, data/test.csv): "
        "give the one with the faces alone, or set fetch.member to it"
    )


def test_a_member_picks_one_of_several_csvs(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": CSV, "test.csv": b"other", "data/train.csv": b"more"})
    assert content(path, "train.csv") == CSV
    with pytest.raises(
        UserError, match=r"a zip without one file 'none.csv' \(it holds train.csv, .*\): corr"
    ):
        content(path, "none.csv")


def test_names_that_would_fill_the_message_are_cut_and_their_line_ends_shown(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {f"a\n{'b' * 500}{number}.csv": CSV for number in range(5)})
    with pytest.raises(UserError, match=r"5 CSV files \(a\\nb+…\)") as caught:
        content(path)
    assert len(str(caught.value)) < 500


OTHERS = {
    "csv.bz2": (bz2.compress(CSV), r"is a bzip2 file: unpack it \(bunzip2"),
    "csv.xz": (lzma.compress(CSV), r"is an xz file: unpack it \(unxz"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + CSV, r"is a 7z archive: unpack it \(7z x\)"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + CSV, r"is a RAR archive: unpack it \(unrar x\)"),
    "parquet": (b"PAR1" + CSV, r"is a Parquet file: convert it .*pandas\.read_parquet\(old\)\.to_csv\(new"),
    "UTF-16": (CSV.decode().encode("utf-16"), "is UTF-16 text: save it as UTF-8"),
    "HTML": (b"<!DOCTYPE html>\n<title>Log in</title>", "is a web page: download the file"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\n", r"is a pointer of Git LFS: .*git lfs pull"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_format_is_told_by_its_content_with_what_to_do(tmp_path: Path, kind: str) -> None:
    other, message = OTHERS[kind]
    (tmp_path / "fer2013.csv").write_bytes(other)
    with pytest.raises(
        UserError, match=f"^{tmp_path / 'fer2013.csv'} {message}.* give the CSV itself"
    ) as caught:
        content(tmp_path / "fer2013.csv")
    assert not isinstance(caught.value, DamagedFileError)  # to download it once more would not help
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": other}, zipfile.ZIP_STORED)
    with pytest.raises(UserError, match=f"^the CSV in {path} {message}"):
        content(path)


def test_a_zip_inside_the_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": inner_zip()}, zipfile.ZIP_STORED)
    with pytest.raises(UserError, match=r"the CSV in .*a.zip is a zip: unpack it"):
        content(path)


def test_a_symbolic_link_is_no_csv(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("fer2013.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "elsewhere.csv")
    with pytest.raises(UserError, match="is a zip without a CSV"):
        content(tmp_path / "a.zip")


def test_an_encrypted_csv_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV})
    patch(path, LOCAL, 6, struct.pack("<H", 1))
    patch(path, CENTRAL, 8, struct.pack("<H", 1))
    with pytest.raises(UserError, match=r"a.zip is encrypted: unpack it"):
        content(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_could_fill_the_memory_is_refused(tmp_path: Path, method: int) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV}, method)
    with pytest.raises(UserError, match="not compressed with deflate"):
        content(path)


def test_a_csv_larger_than_the_limit_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV})
    with pytest.raises(UserError, match=f"is larger than {len(CSV) - 1} bytes.* raise fetch.max_gib"):
        list(csv_chunks(path, limit=len(CSV) - 1))
    assert b"".join(csv_chunks(path, limit=len(CSV))) == CSV


def test_a_csv_that_expands_as_no_faces_do_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": bytes(1 << 20)})
    with pytest.raises(UserError, match="more than 100 times as large as the zip, as no faces are"):
        content(path)


def test_a_csv_longer_than_declared_is_a_broken_zip_and_yields_no_more_than_that(
    tmp_path: Path,
) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV})
    patch(path, CENTRAL, 24, struct.pack("<I", 10))
    sizes: list[int] = []
    with pytest.raises(DamagedFileError, match="Bad CRC-32"):
        sizes.extend(map(len, csv_chunks(path)))
    assert sum(sizes) <= 10


def test_a_csv_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    with pytest.raises(UserError, match="is larger than"):
        list(csv_chunks(tmp_path / "a.csv", limit=len(CSV) - 1))
    assert b"".join(csv_chunks(tmp_path / "a.csv", limit=len(CSV))) == CSV


def test_a_directory_of_more_bytes_than_may_be_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV, "README.md": b"", "LICENSE": b""})
    monkeypatch.setattr(zips, "DIRECTORY", 150)
    with pytest.raises(UserError, match=r"the directory of the zip .*a.zip has more than 150 bytes"):
        content(path)


def test_a_part_of_a_zip_that_is_spread_over_several_disks_is_a_broken_zip(tmp_path: Path) -> None:
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 2)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    (tmp_path / "a.csv").write_bytes(CSV + locator + end)
    with pytest.raises(DamagedFileError, match="span multiple disks"):
        content(tmp_path / "a.csv")


def test_a_csv_that_is_to_end_after_its_zip_does_is_a_broken_zip_with_a_reason(
    tmp_path: Path,
) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV}, zipfile.ZIP_STORED)
    patch(path, CENTRAL, 20, struct.pack("<2I", 1000, 1000))
    with pytest.raises(DamagedFileError, match=r"broken zip \((it ends too early|Overlapped entries)"):
        content(path)


def test_a_long_name_does_not_make_a_long_message(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a" * 60_000 + ".csv": CSV})
    patch(path, LOCAL, 30, b"b")
    with pytest.raises(DamagedFileError, match="File name in directory") as caught:
        content(path)
    assert len(str(caught.value)) < 1000


def test_a_wrong_byte_is_a_broken_zip(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"70 80", b"71 80"))
    with pytest.raises(DamagedFileError, match=r"is a broken zip .*Bad CRC-32.*: get it again$"):
        content(path)


def test_every_cut_of_a_zip_is_a_broken_zip(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV}).read_bytes()
    for length in range(4, len(whole)):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        with pytest.raises(DamagedFileError):
            content(tmp_path / "cut.zip")


def test_every_wrong_byte_gives_the_csv_or_a_user_error(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV}).read_bytes()
    for position in range(4, len(whole)):
        for mask in (0x01, 0x80, 0xFF):
            broken = bytearray(whole)
            broken[position] ^= mask
            (tmp_path / "broken.zip").write_bytes(broken)
            with suppress(UserError):
                assert content(tmp_path / "broken.zip") == CSV


def test_a_csv_in_a_folder_has_the_limit_of_one_that_is_given_alone(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    assert b"".join(csv_chunks(tmp_path, limit=len(CSV))) == CSV
    with pytest.raises(UserError, match="is larger than"):
        list(csv_chunks(tmp_path, limit=len(CSV) - 1))
