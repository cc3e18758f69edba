"""Faces that are exactly equal, and those from which nothing can be learnt."""

import hashlib

import numpy as np

from emotion.data.storage import Images, blocks

DIGEST = 16  # bytes: among a billion faces no two that differ have the same


def digests(images: Images) -> np.ndarray:
    """Return DIGEST bytes for each image, S16 (N,), the same for exactly equal images."""
    every = bytearray()
    for image in images:
        every += hashlib.blake2b(image.tobytes(), digest_size=DIGEST).digest()
    return np.frombuffer(every, f"S{DIGEST}")


def duplicate_groups(images: Images) -> np.ndarray:
    """Return a number for each image, the same for exactly equal images.

    Args:
        images: (N, ...) of any dtype.

    Returns:
        int32 (N,), numbered from 0 in the order of first appearance.
    """
    return numbered(digests(images))


def numbered(values: np.ndarray) -> np.ndarray:
    """Return a number for each value (N,), int32 (N,), the same for equal ones, from 0 as they appear."""
    _, first, groups = np.unique(values, return_index=True, return_inverse=True)
    return np.asarray(first.argsort().argsort()[groups], np.int32)


def unseen(images: Images, *seen: Images) -> np.ndarray:
    """Return which images, bool (N,), have no exact copy among the seen ones.

    Args:
        images: (N, ...) of any dtype.
        seen: arrays of images of the same shape and dtype.
    """
    return np.isin(digests(images), np.concatenate([digests(others) for others in seen]), invert=True)


def constant(images: Images) -> np.ndarray:
    """Return which images, bool (N,), have a single grey value."""
    pixels = tuple(range(1, len(images.shape)))
    found = [block.min(axis=pixels) == block.max(axis=pixels) for block in blocks(images)]
    return np.concatenate([np.empty(0, bool), *found])


def differ_within(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return which rows, bool (N,), are of a group whose rows have more than one value.

    Args:
        groups: integers (N,), from 0.
        values: integers (N,), as the classes of the rows.
    """
    kinds, kind = np.unique(values, return_inverse=True)
    pairs = np.unique(groups.astype(np.int64) * len(kinds) + kind)  # each group with each of its values once
    return np.asarray(np.bincount(pairs // len(kinds))[groups] > 1)


def faulty(images: Images, labels: np.ndarray) -> np.ndarray:
    """Return which faces, bool (N,), have a single grey value, or stand here under another label, too.

    Args:
        images: (N, ...) of any dtype.
        labels: integers (N,), their classes.
    """
    return np.asarray(constant(images) | differ_within(duplicate_groups(images), labels))
