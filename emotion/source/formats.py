"""Files of other formats than CSV, told by how they begin, and what to do with each."""

from typing import NamedTuple

from emotion.runtime.errors import UserError

LONGEST_MAGIC = 512  # bytes at the start of a file that tell its format: the first block of a tar archive


class Format(NamedTuple):
    """A format, the bytes by which it is known and where they stand, and what makes a CSV of it."""

    name: str
    offset: int
    magic: bytes
    remedy: str


ZIP, GZIP, ZSTANDARD, PARQUET = b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
TAR, TAR_AT = b"ustar", 257  # in the first header of a tar archive, and where
TO_CSV = "convert it (with pandas and pyarrow: pandas.read_parquet(old).to_csv(new, index=False))"
FORMATS = (
    Format("a zip", 0, ZIP, "unpack it"),
    Format("a tar archive", TAR_AT, TAR, "unpack it (tar -xf)"),
    Format("a gzip file", 0, GZIP, "unpack it (gunzip)"),
    Format("a bzip2 file", 0, b"BZh", "unpack it (bunzip2; of a tar archive: tar -xf)"),
    Format("an xz file", 0, b"\xfd7zXZ\0", "unpack it (unxz; of a tar archive: tar -xf)"),
    Format("a Zstandard file", 0, ZSTANDARD, "unpack it (unzstd; of a tar archive: tar -xf)"),
    Format("a 7z archive", 0, b"7z\xbc\xaf\x27\x1c", "unpack it (7z x)"),
    Format("a RAR archive", 0, b"Rar!\x1a\x07", "unpack it (unrar x)"),
    Format("a Parquet file", 0, PARQUET, TO_CSV),
    Format("UTF-16 text", 0, b"\xff\xfe", "save it as UTF-8"),
    Format("UTF-16 text", 0, b"\xfe\xff", "save it as UTF-8"),
    *(
        Format("a web page", 0, start, "download the file that the page leads to")
        for start in (b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML")
    ),
    Format("a pointer of Git LFS", 0, b"version https://git-lfs", "get the file (git lfs pull)"),
)


def refuse_other_formats(start: bytes, file: str) -> None:
    """Refuse a file that is known not to be a CSV.

    Args:
        start: its first bytes, LONGEST_MAGIC if it has so many.
        file: what the message calls it.

    Raises:
        UserError: it is of one of FORMATS.
    """
    for kind in FORMATS:
        if start[kind.offset :].startswith(kind.magic):
            raise UserError(
                f"{file} is {kind.name}: {kind.remedy}, then give the CSV itself "
                "(fetch.source: file; fetch.path: where it is)"
            )
