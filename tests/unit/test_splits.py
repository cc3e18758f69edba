import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotion.data import storage
from emotion.data.storage import Chosen, Split, load_split, save_split
from emotion.runtime.errors import UserError


@pytest.fixture
def split(tmp_path: Path) -> Split:
    rng = np.random.default_rng(0)
    split = Split(
        images=rng.integers(0, 256, (5, 48, 48, 1), np.uint8),
        labels=rng.integers(0, 7, 5).astype(np.uint8),
        rows=rng.permutation(5).astype(np.int32),
    )
    save_split(tmp_path, split)
    return split


def test_a_split_comes_back_as_it_was(tmp_path: Path, split: Split) -> None:
    loaded = load_split(tmp_path)
    assert len(loaded) == 5
    for part in ("images", "labels", "rows"):
        assert np.array_equal(getattr(loaded, part), getattr(split, part))
        assert getattr(loaded, part).dtype == getattr(split, part).dtype


def test_a_split_is_mapped_not_read(tmp_path: Path, split: Split) -> None:
    assert isinstance(load_split(tmp_path).images, np.memmap)


def test_rows_that_are_chosen_from_larger_images_are_saved_as_numpy_saves_them(
    tmp_path: Path, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BLOCK", 2)
    rows = np.array([4, 0, 3])
    chosen = Chosen(split.images, rows)
    save_split(tmp_path, Split(chosen, split.labels[rows], split.rows[rows]))
    np.save(tmp_path / "expected.npy", np.asarray(split.images)[rows])
    assert (tmp_path / "images.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()


def test_rows_that_are_chosen_are_taken_as_from_an_array(split: Split) -> None:
    rows = np.array([4, 0, 3])
    chosen, array = Chosen(split.images, rows), np.asarray(split.images)[rows]
    assert (chosen.shape, chosen.dtype, len(chosen)) == (array.shape, array.dtype, 3)
    for which in (1, slice(1, 3), np.array([2, 2]), (slice(0, 2), 5, slice(None), 0)):
        assert np.array_equal(chosen[which], array[which])
    assert np.array_equal(np.asarray(chosen), array)
    assert all(np.array_equal(one, other) for one, other in zip(chosen, array, strict=True))


def test_a_missing_split_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"images\.npy cannot be read .*; run: dvc repro"):
        load_split(tmp_path)


@pytest.mark.parametrize("keep", [0, 60, 200, 5000])
def test_a_truncated_file_is_an_error(tmp_path: Path, split: Split, keep: int) -> None:
    file = tmp_path / "images.npy"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"images\.npy cannot be read"):
        load_split(tmp_path)


OBJECTS = np.array([{"key": "value"}] * 5, object)


def write_pickle(file: Path) -> None:
    file.write_bytes(pickle.dumps(OBJECTS))


def write_array_of_objects(file: Path) -> None:
    np.save(file, OBJECTS)


@pytest.mark.parametrize("write", [write_pickle, write_array_of_objects])
def test_python_objects_in_place_of_an_array_are_refused(
    tmp_path: Path, split: Split, write: Callable[[Path], None]
) -> None:
    """They are a pickle, and to read a pickle is to run what is in it."""
    write(tmp_path / "labels.npy")
    with pytest.raises(UserError, match=r"labels\.npy cannot be read"):
        load_split(tmp_path)


def test_arrays_of_different_lengths_are_an_error(tmp_path: Path, split: Split) -> None:
    np.save(tmp_path / "labels.npy", np.zeros(4, np.uint8))
    with pytest.raises(UserError, match="do not fit together"):
        load_split(tmp_path)


def test_labels_beyond_the_classes_are_an_error(tmp_path: Path, split: Split) -> None:
    np.save(tmp_path / "labels.npy", np.full(5, 7, np.uint8))
    with pytest.raises(UserError, match="unknown labels"):
        load_split(tmp_path)


def test_targets_come_back_with_their_split_and_must_fit_it(tmp_path: Path, split: Split) -> None:
    assert load_split(tmp_path).targets is None
    targets = np.full((5, 7), 1 / 7, np.float32)
    save_split(tmp_path, replace(split, targets=targets))
    found = load_split(tmp_path).targets
    assert found is not None
    assert np.array_equal(found, targets)
    np.save(tmp_path / "targets.npy", targets[:, 1:])
    with pytest.raises(UserError, match="the targets do not fit the faces; run: dvc repro -f preprocess"):
        load_split(tmp_path)
