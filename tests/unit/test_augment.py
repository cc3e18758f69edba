import numpy as np
import pytest

from emotion.augment import augmentation
from emotion.backend import keras

FACES = np.random.default_rng(0).integers(0, 256, (64, 48, 48, 1)).astype(np.float32)


@pytest.fixture(autouse=True)
def seed() -> None:
    keras.utils.set_random_seed(0)


def changed(flip: bool = False, shift: float = 0.0, zoom: float = 0.0, training: bool = True) -> np.ndarray:
    model = augmentation(flip=flip, shift=shift, zoom=zoom)
    return np.asarray(keras.ops.convert_to_numpy(model(FACES, training=training)))


def test_without_training_nothing_changes() -> None:
    assert np.array_equal(changed(flip=True, shift=0.1, zoom=0.1, training=False), FACES)


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
    out = np.asarray(augmentation(flip=False, shift=0.1, zoom=0.0)(dot, training=True))
    places = [np.argwhere(face[..., 0] == face.max())[0] - 24 for face in out]
    assert len({tuple(place) for place in places}) > 10
    assert 3 <= np.abs(places).max() <= 5  # 0.1 of 48 pixels


def test_zoom_goes_both_ways_within_the_range() -> None:
    disc = np.hypot(*(np.mgrid[:48, :48] - 23.5)) < 12
    discs = np.repeat(255 * disc[None, ..., None].astype(np.float32), 64, axis=0)
    out = np.asarray(augmentation(flip=False, shift=0.0, zoom=0.1)(discs, training=True))
    scale = np.sqrt(out.sum(axis=(1, 2, 3)) / discs[0].sum())
    assert 0.88 < scale.min() < 0.95
    assert 1.05 < scale.max() < 1.12


def test_pixels_stay_in_range() -> None:
    out = changed(flip=True, shift=0.2, zoom=0.2)
    assert out.min() >= 0
    assert out.max() <= 255
