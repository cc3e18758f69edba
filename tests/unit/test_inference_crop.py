import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.inference.crop import TILT, Framing, Square, cut, frame
from tests.support.paths import ROOT

HOPPER = ROOT / "tests" / "photos" / "grace_hopper.jpg"
BOX = np.array([100.0, 200.0, 180.0, 280.0])
LEVEL = np.array([[120.0, 230.0], [160.0, 230.0]])
PLAIN = Framing(side=1.0, rise=0.0)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(Image.open(HOPPER))


def grey(photo: np.ndarray) -> np.ndarray:
    """The recipe's grey, in NumPy's whole numbers."""
    red, green, blue = np.moveaxis(photo.astype(np.int64), -1, 0)
    shades: np.ndarray = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    return shades.astype(np.uint8)


def test_the_square_is_larger_than_the_box_and_higher_by_the_framing() -> None:
    assert frame(BOX, LEVEL, Framing(side=1.5, rise=0.25)) == Square(140, 220, 120, 0)


def test_a_head_that_is_hardly_turned_is_left_as_it_is() -> None:
    leaning = LEVEL + np.array([[0, 0], [0, 40 * math.tan(math.radians(TILT - 0.1))]])
    assert frame(BOX, leaning, PLAIN).angle == 0


@pytest.mark.parametrize("degrees", [-90, -45, 45, 60])
def test_the_square_of_a_turned_head_is_turned_and_higher_along_the_head(degrees: int) -> None:
    angle = math.radians(degrees)
    eyes = np.array([140, 240]) + 20 * np.array(
        [[-math.cos(angle), -math.sin(angle)], [math.cos(angle), math.sin(angle)]]
    )
    square = frame(BOX, eyes, Framing(side=1.0, rise=0.5))
    assert square.angle == pytest.approx(angle, abs=1 / 2048)
    middle = (140 + 40 * math.sin(angle), 240 - 40 * math.cos(angle))
    assert (square.x, square.y) == pytest.approx(middle, abs=0.04)


@pytest.mark.parametrize("degrees", [0, 40])
def test_what_differs_in_the_last_bits_of_a_runtime_gives_the_same_square(degrees: int) -> None:
    turned = LEVEL + np.array([[0, 0], [0, 40 * math.tan(math.radians(degrees))]])
    square = frame(BOX, turned, Framing())
    assert frame(BOX + 1e-4, turned - 1e-5, Framing()) == square
    assert square.angle == 0 or square.angle * 1024 == round(square.angle * 1024)
    assert all(value * 16 == round(value * 16) for value in (square.x, square.y, square.side))


def test_a_crop_of_the_classifiers_size_is_the_grey_of_the_recipe(photo: np.ndarray) -> None:
    face = cut(photo, Square(224, 174, 48, 0), 48)
    assert np.array_equal(face, grey(photo[150:198, 200:248]))


def test_a_crop_is_pillows_lanczos_of_the_grey_at_full_size(photo: np.ndarray) -> None:
    expected = Image.fromarray(grey(photo)[100:300, 150:350]).resize((48, 48), Image.Resampling.LANCZOS)
    assert np.array_equal(cut(photo, Square(250, 200, 200, 0), 48), np.asarray(expected))


def test_a_crop_between_pixels_is_pillows_resample_of_that_box(photo: np.ndarray) -> None:
    region = Image.fromarray(grey(photo)[100:301, 150:351])
    expected = region.resize((48, 48), Image.Resampling.LANCZOS, (0.25, 0.75, 200.25, 200.75))
    assert np.array_equal(cut(photo, Square(250.25, 200.75, 200, 0), 48), np.asarray(expected))


def test_beyond_the_photo_its_edge_goes_on(photo: np.ndarray) -> None:
    wider = np.pad(photo, ((300, 300), (300, 300), (0, 0)), mode="edge")
    for x, y in ((0, 0), (511, 599), (-50, 300), (900, 900)):
        outside, inside = (
            cut(photo, Square(x, y, 150, 0), 48),
            cut(wider, Square(x + 300, y + 300, 150, 0), 48),
        )
        assert np.array_equal(outside, inside)


@pytest.mark.parametrize("degrees", [-40, 15, 90])
def test_a_turned_head_is_cut_out_upright(photo: np.ndarray, degrees: int) -> None:
    middle = (256, 300)  # of the photo, around which it is turned, clockwise
    turned = np.asarray(Image.fromarray(photo).rotate(-degrees, Image.Resampling.BICUBIC))
    upright = cut(photo, Square(*middle, 200, 0), 48).astype(int)
    put_upright = cut(turned, Square(*middle, 200, math.radians(degrees)), 48).astype(int)
    assert np.abs(upright - put_upright).mean() < 1.5
    assert np.abs(upright - cut(turned, Square(*middle, 200, 0), 48)).mean() > 20


def test_a_face_of_less_than_a_pixel_is_cut_out_all_the_same(photo: np.ndarray) -> None:
    assert cut(photo, Square(200.5, 200.5, 0.4, 0), 48).shape == (48, 48)
    assert cut(photo, Square(200.5, 200.5, 0.4, 1), 48).shape == (48, 48)


def test_the_photo_on_disk_is_small_enough() -> None:
    assert all(file.stat().st_size <= 100_000 for file in Path(HOPPER.parent).iterdir())
