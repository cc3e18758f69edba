"""The faces of an epoch, drawn in blocks."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from emotion.data.storage import Split, load_split, save_split
from emotion.training import epoch
from emotion.training.epoch import drawn
from tests.support.parameters import train_params

FACES = 300
EVERYTHING = {"resample": 0.5, "mixup": 0.4, "class_weights": "balanced", "small_epochs": 3, "small_side": 36}


@pytest.fixture
def split() -> Split:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FACES, 48, 48, 1), np.uint8)
    return Split(images, rng.integers(0, 7, FACES).astype(np.uint8), np.arange(FACES, dtype=np.int32))


@pytest.mark.parametrize("batch_size", [16, 64, 1000])
def test_an_epoch_has_every_face_once_with_its_own_class(split: Split, batch_size: int) -> None:
    batches = list(drawn(split, train_params(batch_size=batch_size), 1))
    assert [len(faces) for faces, _ in batches[:-1]] == [batch_size] * (FACES // batch_size)
    faces, targets = (np.concatenate(part) for part in zip(*batches, strict=True))
    order = {image.tobytes(): row for row, image in enumerate(split.images)}
    rows = [order[face.tobytes()] for face in faces]
    assert sorted(rows) == list(range(FACES))
    assert rows != sorted(rows)
    assert np.array_equal(targets.argmax(axis=1), split.labels[rows])


@pytest.mark.parametrize("changes", [{}, EVERYTHING, {"sampling": "balanced", "mixup": 0.2}])
def test_the_size_of_the_blocks_changes_nothing(
    split: Split, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    params = train_params(batch_size=32, **changes)
    epochs = []
    for block in (1, 100, 10_000):
        monkeypatch.setattr(epoch, "BLOCK", block)
        epochs.append(list(drawn(split, params, 2)))
    for batches in zip(*epochs, strict=True):
        for one, *others in zip(*batches, strict=True):
            assert all(np.array_equal(one, other) for other in others)


def test_more_faces_take_no_more_memory(tmp_path: Path) -> None:
    """The faces have 69 MB; a block of them, with what becomes of it, has 30."""
    images = np.broadcast_to(np.zeros((48, 48, 1), np.uint8), (30_000, 48, 48, 1))
    labels = (np.arange(30_000) % 7).astype(np.uint8)
    save_split(tmp_path, Split(images, labels, np.arange(30_000, dtype=np.int32)))
    train = load_split(tmp_path)
    tracemalloc.start()
    try:
        for _ in drawn(train, train_params(resample=0.1, mixup=0.2), 1):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60e6
