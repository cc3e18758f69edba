"""Faces that are exactly equal, and those from which nothing can be learnt."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np


def digests(images: Iterable[np.ndarray]) -> Iterator[bytes]:
    """Yield 16 bytes for each image, the same for exactly equal images: a set of these is small."""
    for image in images:
        yield hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def duplicate_groups(images: np.ndarray) -> np.ndarray:
    """Return a number for each image, the same for exactly equal images.

    Args:
        images: (N, ...) of any dtype.

    Returns:
        int32 (N,), numbered from 0 in the order of first appearance.
    """
    numbers: dict[bytes, int] = {}
    groups = (numbers.setdefault(digest, len(numbers)) for digest in digests(images))
    return np.fromiter(groups, np.int32, count=len(images))


def unseen(images: np.ndarray, *seen: np.ndarray) -> np.ndarray:
    """Return which images, bool (N,), have no exact copy among the seen ones.

    Args:
        images: (N, ...) of any dtype.
        seen: arrays of images of the same shape and dtype.
    """
    known = {digest for others in seen for digest in digests(others)}
    return np.fromiter((digest not in known for digest in digests(images)), bool, count=len(images))


def constant(images: np.ndarray) -> np.ndarray:
    """Return which images, bool (N,), have a single grey value."""
    pixels = tuple(range(1, images.ndim))
    return np.asarray(images.min(axis=pixels) == images.max(axis=pixels))


def differ_within(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return which rows, bool (N,), are of a group whose rows have more than one value.

    Args:
        groups: integers (N,), from 0.
        values: integers (N,), as the classes of the rows.
    """
    pairs = np.unique(np.column_stack([groups, values]), axis=0)  # each group with each of its values once
    return np.asarray(np.bincount(pairs[:, 0])[groups] > 1)


def faulty(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which faces, bool (N,), have a single grey value, or stand here under another label, too.

    Args:
        images: (N, ...) of any dtype.
        labels: integers (N,), their classes.
    """
    return np.asarray(constant(images) | differ_within(duplicate_groups(images), labels))
