"""What comes out of a zip: one CSV, or one line that says why not."""

import io
import stat
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from emotion.runtime.errors import UserError
from emotion.source import archive
from emotion.source.archive import DamagedFileError, csv_chunks

CSV = b"emotion,pixels,Usage\n3,70 80 82,Training\n"


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def content(path: Path) -> bytes:
    return b"".join(csv_chunks(path))


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
    "name", ["../../evil.csv", "/tmp/evil.csv", "C:\\evil.csv", "a\\..\\..\\evil.csv", "a/../../evil.txt"]
)
@pytest.mark.parametrize("others", [{}, {"fer2013.csv": CSV}])
def test_a_zip_with_a_path_that_leads_elsewhere_is_refused_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, others: dict[str, bytes]
) -> None:
    folder = tmp_path / "a/b/c"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    write_zip(folder / "a.zip", others | {name: CSV})
    with pytest.raises(UserError, match=r"has a file named .*evil.*, as no honest zip has"):
        content(folder / "a.zip")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / "a.zip"]
    assert not Path("/tmp/evil.csv").exists()


def test_a_name_that_hides_its_end_behind_a_nul_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"evil.csv_.txt": CSV})
    path.write_bytes(path.read_bytes().replace(b".csv_", b".csv\0"))
    with pytest.raises(UserError, match=r"has a file named 'evil.csv\\x00.txt'"):
        content(path)


def test_folders_and_the_separators_of_windows_are_no_way_out(tmp_path: Path) -> None:
    assert content(write_zip(tmp_path / "a.zip", {"a\\b..\\fer2013.csv": CSV})) == CSV


def inner_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("fer2013.csv", CSV)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ({}, 0),
        ({"readme.txt": b""}, 0),
        ({"fer2013.zip": inner_zip()}, 0),
        ({"train.csv": CSV, "test.csv": CSV}, 2),
    ],
    ids=["empty", "no CSV", "nested", "two CSVs"],
)
def test_a_zip_without_exactly_one_csv_is_refused(
    tmp_path: Path, members: dict[str, bytes], count: int
) -> None:
    path = write_zip(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    with pytest.raises(UserError, match=f"a.zip is a zip with {count} CSV files: it must hold exactly one$"):
        content(path)


def test_a_zip_inside_the_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": inner_zip()}, zipfile.ZIP_STORED)
    with pytest.raises(UserError, match=r"the CSV in .*a.zip is itself a zip: unpack it"):
        content(path)


def test_records_that_share_a_member_are_two_csvs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("fer2013.csv", CSV)
        file.filelist *= 2
    with pytest.raises(UserError, match="2 CSV files"):
        content(tmp_path / "a.zip")


def test_a_symbolic_link_is_no_csv(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("fer2013.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="0 CSV files"):
        content(tmp_path / "a.zip")


def test_an_encrypted_csv_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV})
    patch(path, LOCAL, 6, struct.pack("<H", 1))
    patch(path, CENTRAL, 8, struct.pack("<H", 1))
    with pytest.raises(UserError, match=r"the CSV in .*a.zip is encrypted: unpack it"):
        content(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_could_fill_the_memory_is_refused(tmp_path: Path, method: int) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV}, method)
    with pytest.raises(UserError, match="not compressed with deflate"):
        content(path)


def test_a_bomb_that_declares_its_size_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LIMIT", 1000)
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": CSV})
    patch(path, CENTRAL, 24, struct.pack("<I", 1001))
    with pytest.raises(UserError, match="is larger than 1,000 bytes"):
        content(path)


def test_a_csv_that_expands_as_no_faces_do_is_not_unpacked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": bytes(1 << 20)})
    with pytest.raises(UserError, match="more than 100 times as large as the zip, as no faces are"):
        content(path)


def test_a_bomb_that_lies_about_its_size_yields_no_more_than_it_declared(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fer2013.csv": bytes(50 << 20)})
    patch(path, CENTRAL, 24, struct.pack("<I", 1000))
    chunks = csv_chunks(path)
    sizes: list[int] = []
    with pytest.raises(DamagedFileError, match="Bad CRC-32"):
        sizes.extend(map(len, chunks))
    assert sum(sizes) <= 1000


def test_a_csv_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LIMIT", len(CSV) - 1)
    (tmp_path / "a.csv").write_bytes(CSV)
    with pytest.raises(UserError, match="is larger than"):
        content(tmp_path / "a.csv")
    monkeypatch.setattr(archive, "LIMIT", len(CSV))
    assert content(tmp_path / "a.csv") == CSV


def test_a_directory_that_could_fill_the_memory_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("fer2013.csv", CSV)
        file.filelist *= archive.CHUNK // 50
    with pytest.raises(UserError, match=r"the directory of the zip .*a.zip has more than 1,048,576 bytes"):
        content(tmp_path / "a.zip")


def test_a_csv_that_ends_as_a_zip_of_several_disks_is_a_broken_zip(tmp_path: Path) -> None:
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 2)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    (tmp_path / "a.csv").write_bytes(CSV + locator + end)
    with pytest.raises(DamagedFileError, match="span multiple disks"):
        content(tmp_path / "a.csv")


def test_a_csv_that_goes_on_after_the_end_of_its_zip_is_a_broken_zip_with_a_reason(tmp_path: Path) -> None:
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
