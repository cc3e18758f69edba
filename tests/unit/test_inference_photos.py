import io
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.inference.photos import read_photo
from emotion.runtime.errors import UserError
from emotion.source.pictures import FORMATS, ORIENTATION
from tests import fuzz_photos
from tests.support.paths import ROOT

JPEG = ROOT / "tests" / "photos" / "astronaut.jpg"
CORNERS = np.array(
    [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]], [[0, 0, 0], [255, 255, 0]]], np.uint8
)


def test_a_photo_is_read_as_pillow_decodes_it() -> None:
    assert np.array_equal(read_photo(JPEG), np.asarray(Image.open(JPEG)))


# What a camera held in each way stores of one upright picture
STORED = {
    1: CORNERS,
    2: CORNERS[:, ::-1],
    3: CORNERS[::-1, ::-1],
    4: CORNERS[::-1],
    5: CORNERS.swapaxes(0, 1),
    6: np.rot90(CORNERS),
    7: CORNERS[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90(CORNERS, -1),
    9: CORNERS,  # no value of EXIF's
}


@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_is_turned_upright_as_exif_says(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    stored.save(tmp_path / "p.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "p.png"), CORNERS)


def test_grey_of_16_bits_is_scaled_and_not_cut_off_at_255(tmp_path: Path) -> None:
    shades = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    for name in ("grey.png", "grey.tif"):
        Image.fromarray(shades).save(tmp_path / name)
        assert read_photo(tmp_path / name)[0, :, 0].tolist() == [0, 0, 0, 1, 128, 255]


def test_transparent_pixels_become_white_and_hidden_colours_stay_hidden(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "alpha.png")
    assert read_photo(tmp_path / "alpha.png")[0].tolist() == [[255, 255, 255], [255, 0, 0], [127, 127, 127]]


def test_a_palette_with_a_transparent_colour_is_read(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "palette.png", transparency=0)
    assert read_photo(tmp_path / "palette.png")[0].tolist() == [[255, 255, 255], [200, 0, 0]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "CMYK", "YCbCr", "P"])
def test_pictures_of_every_mode_give_three_colours(tmp_path: Path, mode: str) -> None:
    name = tmp_path / ("p.jpg" if mode in ("CMYK", "YCbCr") else "p.png")
    Image.new("RGB", (20, 10), (255, 255, 255)).convert(mode).save(name)
    photo = read_photo(name)
    assert photo.shape == (10, 20, 3)
    assert photo.dtype == np.uint8
    assert (photo >= 254).all()


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))
    for name in ("a.gif", "a.png", "a.webp"):
        red.save(tmp_path / name, save_all=True, append_images=[blue], lossless=True)
        assert read_photo(tmp_path / name)[0, 0].tolist() == [255, 0, 0]


def refused(path: Path) -> str:
    with pytest.raises(UserError) as error:
        read_photo(path)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_files_that_are_no_whole_picture_are_refused_in_one_line(tmp_path: Path) -> None:
    whole = JPEG.read_bytes()
    contents = {"text.jpg": b"hello, world\n", "cut.jpg": whole[: len(whole) // 2], "zeros.png": bytes(1000)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "empty.jpg").touch()
    assert "is no picture" in refused(tmp_path / "text.jpg")
    assert "truncated" in refused(tmp_path / "cut.jpg")
    assert "is no picture" in refused(tmp_path / "zeros.png")
    assert "is empty" in refused(tmp_path / "empty.jpg")
    assert "not there" in refused(tmp_path / "missing.jpg")
    assert "is a folder" in refused(tmp_path)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    for side in (9_500, 20_000):  # Pillow warns of the one, and raises on the other
        Image.new("1", (side, side)).save(tmp_path / "bomb.png")
        assert "Pillow's limit" in refused(tmp_path / "bomb.png")


def test_pixels_without_a_known_white_are_refused(tmp_path: Path) -> None:
    Image.new("F", (4, 4), 0.5).save(tmp_path / "float.tif")
    Image.fromarray(np.array([[70_000]], np.int32)).save(tmp_path / "large.tif")
    assert "floating-point" in refused(tmp_path / "float.tif")
    assert "beyond 16 bits" in refused(tmp_path / "large.tif")


def test_pillows_own_lines_do_not_stand_beside_ours(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(CORNERS).save(buffer, "TIFF")
    many = bytearray(buffer.getvalue())
    tag = many.index(b"\x15\x01\x03\x00")  # samples per pixel
    many[tag + 8 : tag + 10] = b"\x00\x08"
    (tmp_path / "many.tif").write_bytes(many)
    buffer = io.BytesIO()
    Image.fromarray(CORNERS).save(buffer, "TIFF", software="twelve letters")
    long = bytearray(buffer.getvalue())
    tag = long.index(b"\x31\x01\x02\x00")
    long[tag + 4 : tag + 8] = b"\xff\xff\x00\x00"  # more letters than the file has: harmless, and it is read
    (tmp_path / "long.tif").write_bytes(long)
    code = "import sys; from pathlib import Path; from emotion.inference.photos import read_photo\n"
    code += "try: print(read_photo(Path(sys.argv[1])).shape)\n"
    code += "except Exception as error: print(type(error).__name__)"
    for name, said in {"many.tif": "UserError\n", "long.tif": "(3, 2, 3)\n"}.items():
        words = [sys.executable, "-c", code, str(tmp_path / name)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (said, "")


def test_postscript_is_refused_because_pillow_would_run_a_program(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "page.eps")
    assert "is no picture" in refused(tmp_path / "page.eps")


def test_damaged_exif_data_do_not_hide_a_whole_picture(tmp_path: Path) -> None:
    Image.fromarray(CORNERS).save(tmp_path / "p.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert np.array_equal(read_photo(tmp_path / "p.png"), CORNERS)


def test_damaged_pictures_of_every_kind_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes: Counter[str] = Counter()
    fuzz_photos.fuzz(1_000, seed=0, folder=tmp_path, outcomes=outcomes)
    assert outcomes.total() == 1_000
    assert min(outcomes[fuzz_photos.READ], outcomes[fuzz_photos.REFUSED]) > 100


def test_the_pictures_that_are_damaged_are_of_every_kind_and_whole_before(tmp_path: Path) -> None:
    kinds = set()
    for content in fuzz_photos.pictures():
        assert fuzz_photos.judge(content, tmp_path / "picture") == fuzz_photos.READ
        with Image.open(tmp_path / "picture") as picture:
            kinds.add(picture.format)
    assert kinds == set(FORMATS)


@pytest.mark.parametrize(
    "wrong", [RuntimeError("crash"), UserError("two\nlines"), np.zeros((4, 4)), np.zeros((0, 4, 3), np.uint8)]
)
def test_the_judge_of_the_fuzzing_catches_a_wrong_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Exception | np.ndarray
) -> None:
    def reader(_: Path) -> np.ndarray:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong

    monkeypatch.setattr(fuzz_photos, "read_photo", reader)
    with pytest.raises((AssertionError, RuntimeError)):
        fuzz_photos.judge(b"", tmp_path / "picture")
