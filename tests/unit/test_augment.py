from typing import Any

import numpy as np
import pytest

from emotion.network.keras_setup import keras
from emotion.network.model import ANY_SHAPE
from emotion.training.augmentation import augmentation, pixel_shares, shrunk
from emotion.training.mixup import Mixup
from tests.support.parameters import train_params

FACES = np.random.default_rng(0).integers(0, 256, (64, 48, 48, 1)).astype(np.float32)


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(0)


def changed(faces: np.ndarray = FACES, training: bool = True, **changes: Any) -> np.ndarray:
    """Return faces after the augmentations that are named, and no others."""
    model = augmentation(train_params(**{"flip": False, "shift": 0.0, "zoom": 0.0} | changes))
    return np.asarray(keras.ops.convert_to_numpy(model(faces, training=training)))


def test_without_training_nothing_changes() -> None:
    everything: dict[str, Any] = {"shift": 0.1, "zoom": 0.1, "rotation": 10.0, "light": 0.2, "erase": 1.0}
    assert np.array_equal(changed(training=False, flip=True, **everything), FACES)


def test_with_all_ranges_at_zero_nothing_changes() -> None:
    assert np.array_equal(changed(), FACES)


def test_flip_mirrors_about_half_of_the_faces_and_changes_nothing_else() -> None:
    out = changed(flip=True)
    same = [np.array_equal(a, b) for a, b in zip(out, FACES, strict=True)]
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(out, FACES, strict=True)]
    assert all(a or b for a, b in zip(same, mirrored, strict=True))
    assert 16 <= sum(mirrored) <= 48


def test_shift_moves_each_face_by_its_own_amount_within_the_range() -> None:
    dot = np.zeros((64, 48, 48, 1), np.float32)
    dot[:, 24, 24] = 255
    out = changed(dot, shift=0.1)
    places = [np.argwhere(face[..., 0] == face.max())[0] - 24 for face in out]
    assert len({tuple(place) for place in places}) > 10
    assert 3 <= np.abs(places).max() <= 5  # 0.1 of 48 pixels


def test_a_shift_blurs_no_face() -> None:
    out = changed(shift=0.1).astype(int)
    inside = slice(5, -5)  # what no shift of five pixels moves out
    for shifted, face in zip(out, FACES.astype(int), strict=True):
        moves = [(down, right) for down in range(-5, 6) for right in range(-5, 6)]
        assert any(
            np.array_equal(shifted[inside, inside], np.roll(face, move, axis=(0, 1))[inside, inside])
            for move in moves
        )


def test_zoom_goes_both_ways_within_the_range() -> None:
    disc = np.hypot(*(np.mgrid[:48, :48] - 23.5)) < 12
    discs = np.repeat(255 * disc[None, ..., None].astype(np.float32), 64, axis=0)
    out = changed(discs, zoom=0.1)
    scale = np.sqrt(out.sum(axis=(1, 2, 3)) / discs[0].sum())
    assert 0.88 < scale.min() < 0.95
    assert 1.05 < scale.max() < 1.12


@pytest.mark.parametrize("side", [16, 24, 36])
def test_a_smaller_face_is_the_same_face(side: int) -> None:
    """A face whose brightness grows from left to right, and a fine pattern that only its mean is left of."""
    ramp = np.broadcast_to(np.linspace(0, 250, 48)[:, None], (48, 48, 1))
    stripes = np.zeros((48, 48, 1)) + 200 * (np.arange(48) % 2)[:, None]
    small = shrunk(np.stack([ramp, stripes]).astype(np.uint8), side)
    assert small.shape == (2, side, side, 1)
    assert small.dtype == np.uint8
    centres = (np.arange(side) + 0.5) * 48 / side - 0.5
    assert small[0, :, 2:-2, 0] == pytest.approx(np.tile(centres * 250 / 47, (side, 1))[:, 2:-2], abs=2)
    assert abs(float(small[1].mean()) - 100) < 5


@pytest.mark.parametrize("side", [16, 31, 36, 47])
def test_a_smaller_face_is_keras_own_to_a_level_and_exact(side: int) -> None:
    """Exact: as whole numbers give it. In float32 without them the rounding would be the processor's."""
    faces = np.random.default_rng(0).integers(0, 256, (100, 48, 48, 1), dtype=np.uint8)
    small = shrunk(faces, side)
    theirs = keras.ops.image.resize(faces.astype(np.float32), (side, side), antialias=True)
    assert np.abs(small - keras.ops.convert_to_numpy(theirs)).max() < 1.5
    shares = pixel_shares(side).astype(np.int64)
    assert np.array_equal(small[..., 0], np.rint(shares @ faces[..., 0].astype(np.int64) @ shares.T / 256**2))


def test_a_white_face_stays_white() -> None:
    assert (shrunk(np.full((1, 48, 48, 1), 255, np.uint8), 36) == 255).all()


def test_faces_of_another_size_are_changed_within_it() -> None:
    model = augmentation(train_params(flip=True, shift=0.1, zoom=0.1), ANY_SHAPE)
    assert model(FACES[:, :24, :24], training=True).shape == (64, 24, 24, 1)


def test_pixels_stay_in_range() -> None:
    out = changed(flip=True, shift=0.2, zoom=0.2, rotation=20.0, light=0.5, erase=0.5)
    assert out.min() >= 0
    assert out.max() <= 255


def test_rotation_turns_each_face_within_the_range() -> None:
    """A dot to the right of the middle goes up or down by the sine of the angle."""
    dot = np.zeros((64, 48, 48, 1), np.float32)
    dot[:, 22:26, 42:46] = 255
    out = changed(dot, rotation=10.0)
    heights = 23.5 - (out.sum((2, 3)) * np.arange(48)).sum(1) / out.sum((1, 2, 3))
    angles = np.rad2deg(np.arcsin(heights / 20))
    assert -11 < angles.min() < -5
    assert 5 < angles.max() < 11


def test_rotation_and_zoom_together_turn_and_scale_each_face_about_its_middle() -> None:
    """On a slope of brightness, its steepness and direction afterwards tell the scale and the angle."""
    ramp, found = 100 + np.arange(48, dtype=np.float32), []
    for slope in (ramp[None, :, None], ramp[:, None, None]):  # brighter to the right; downwards
        keras.utils.set_random_seed(0)
        faces = np.broadcast_to(slope, (64, 48, 48, 1))
        out = changed(faces, rotation=10.0, zoom=0.2)[:, 12:36, 12:36, 0]
        assert out.mean(axis=(1, 2)) == pytest.approx(np.full(64, 123.5), abs=0.2)
        found.append([np.diff(out, axis=axis).mean(axis=(1, 2)) for axis in (1, 2)])
    (down, right), (down_of_down, right_of_down) = found
    assert down_of_down == pytest.approx(right, abs=0.03)
    assert right_of_down == pytest.approx(-down, abs=0.03)
    scale, angle = np.hypot(down, right), np.rad2deg(np.arctan2(down, right))
    assert 0.79 < scale.min() < 0.85
    assert 1.15 < scale.max() < 1.21
    assert -10.1 < angle.min() < -7
    assert 7 < angle.max() < 10.1
    assert abs(np.corrcoef(scale, angle)[0, 1]) < 0.3


def test_rotation_and_zoom_blur_no_face() -> None:
    """All grey values are even: a mean of several would hardly ever be."""
    assert np.all(changed(np.floor(FACES / 2) * 2, rotation=10.0, zoom=0.2) % 2 == 0)


def test_rotation_and_zoom_continue_the_edges() -> None:
    assert np.all(changed(np.full_like(FACES, 200), rotation=10.0, zoom=0.2) == 200)


def test_light_changes_the_mean_and_the_contrast_of_each_face() -> None:
    out = changed(FACES / 2 + 64, light=0.2)
    assert np.ptp(out.mean((1, 2, 3))) > 20
    assert np.ptp(out.std((1, 2, 3))) > 2


def test_erasing_takes_a_part_of_a_share_of_the_faces() -> None:
    parts = (changed(erase=0.5) != FACES).mean((1, 2, 3))
    assert 16 <= np.count_nonzero(parts) <= 48
    assert parts.max() <= 0.25


def test_mixup_mixes_each_face_and_its_target_with_the_same_partner_and_share() -> None:
    """Where each face is all of one grey, the grey tells what it was mixed of."""
    classes = np.arange(70) % 7
    images = np.broadcast_to((30 * classes).astype(np.uint8)[:, None, None, None], (70, 48, 48, 1))
    mixup, given = Mixup(70, 0.4, np.random.default_rng(0)), np.eye(7)[classes]
    mixed, targets = mixup.of(images, given, images[mixup.partner], given[mixup.partner], np.arange(70))
    assert mixed.dtype == np.uint8
    assert targets.sum(axis=1) == pytest.approx(np.ones(70))
    assert mixed[:, 0, 0, 0] == pytest.approx(targets @ (30 * np.arange(7)), abs=0.51)
    assert np.count_nonzero((targets > 0).sum(axis=1) == 2) > 30
    assert (targets[np.arange(70), classes] > 0).all()
