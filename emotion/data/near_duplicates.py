"""Faces that look alike: a perceptual hash of each, and which hashes differ in few bits.

A photo that was scaled, compressed or made lighter has other pixels and almost the same hash.
"""

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emotion.data.duplicates import numbered
from emotion.data.storage import Images

REDUCED = (32, 32)  # the image that is transformed
LOW = 8  # the lowest frequencies that make the hash, each way
DECIMALS = 3  # of a coefficient: the later ones are errors of rounding and differ from machine to machine
IMAGES = 256  # hashed at once: few enough for a processor's cache
# Bits of the blocks of a hash: with few and long ones there is less to compare, and more to look up
FEW, MORE = (21, 21, 22), (16, 16, 16, 16)
DEARER = 10  # comparing two hashes that are picked out takes so many times as long as two in a row
CANDIDATES = 1 << 16  # pairs of hashes that are compared at once, which bounds the memory
ROWS = 1 << 16  # hashes of which the candidates are looked up at once, for the same reason


def perceptual_hashes(images: Images) -> np.ndarray:
    """Return a hash of 64 bits for each image, uint64 (N,): images that look alike differ in few bits.

    An image is reduced to 32 x 32 pixels with antialiasing. A bit says whether one of the 8 x 8 lowest
    coefficients of its discrete cosine transform reaches their median, without the first, the mean grey.

    Source: Krawetz, "Looks Like It", 2011 (pHash), with the median as the imagededup package takes it.

    Args:
        images: uint8 (N, 48, 48) or (N, 48, 48, 1).
    """
    starts = range(0, len(images), IMAGES)
    hashes = [_hashes(images[start : start + IMAGES]) for start in starts]
    return np.concatenate([np.empty(0, np.uint64), *hashes])


def near_groups(images: Images, distance: int) -> np.ndarray:
    """Return a number for each image, the same for images that a chain of near ones joins.

    Args:
        images: uint8 (N, 48, 48) or (N, 48, 48, 1).
        distance: the most bits in which the hashes of near images differ.

    Returns:
        int32 (N,), numbered from 0 in the order of first appearance.
    """
    return groups_within(perceptual_hashes(images), distance)


def near_unseen(images: Images, distance: int, *seen: Images) -> np.ndarray:
    """Return which images, bool (N,), are near none of the seen ones.

    Args:
        images: uint8 (N, 48, 48) or (N, 48, 48, 1).
        distance: the most bits in which the hashes of near images differ.
        seen: one or more arrays of such images.
    """
    known = np.concatenate([perceptual_hashes(others) for others in seen])
    return ~is_near(perceptual_hashes(images), known, distance)


def groups_within(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Return the groups of `near_groups`, int32 (N,), of hashes, uint64 (N,)."""
    distinct, of_image = np.unique(hashes, return_inverse=True)
    groups = np.arange(len(distinct), dtype=np.int32)
    for left, right in _joins(distinct, distance):
        edges = coo_array((np.ones(len(left)), (groups[left], groups[right])), (len(groups), len(groups)))
        groups = connected_components(edges, directed=False)[1][groups]
    return numbered(groups[of_image])


def _joins(hashes: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """Yield the positions, integers (2, P), of hashes that are near each other, some CANDIDATES at a time."""
    held, number = list[np.ndarray](), 0
    for left, right in pairs_within(hashes, hashes, distance):
        held.append(np.stack([left, right])[:, left < right])  # not those of a hash and itself
        number += held[-1].shape[1]
        if number >= CANDIDATES:
            yield np.hstack(held)
            held, number = [], 0
    if number:
        yield np.hstack(held)


def is_near(hashes: np.ndarray, others: np.ndarray, distance: int) -> np.ndarray:
    """Return which hashes, bool (N,), differ from one of the others in at most `distance` bits.

    Args:
        hashes: uint64 (N,).
        others: uint64 (M,).
        distance: 0 to 64.
    """
    found = np.zeros(len(hashes), bool)
    for near, _ in pairs_within(hashes, np.unique(others), distance):
        found[near] = True
    return found


def pairs_within(
    left: np.ndarray, right: np.ndarray, distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the positions of hashes in two arrays that differ in at most `distance` bits.

    Of the blocks into which the bits of such a pair are divided, one differs at most in its share of the
    distance. So it is enough to compare hashes that are so close in a block, unless most are, as those of the
    frames of a video may be.

    Args:
        left: uint64 (N,).
        right: uint64 (M,).
        distance: 0 to 64; the work grows with it.

    Yields:
        Two arrays of integers (P,), positions in `left` and in `right`. A pair may come once for each block.
    """
    widths = FEW if distance < 2 * len(FEW) else MORE
    most = distance // len(widths)
    close = sum(_count_close(*block, most) for block in _blocks(left, right, widths))
    if close * DEARER > len(left) * len(right):
        yield from _compared_with_all(left, right, distance)
        return
    for block in _blocks(left, right, widths):
        for near, others in _close_pairs(*block, most):
            alike = np.bitwise_count(left[near] ^ right[others]) <= distance
            yield near[alike], others[alike]


def _hashes(images: np.ndarray) -> np.ndarray:
    pixels = images.reshape(images.shape[:3])
    small = [np.asarray(Image.fromarray(face).resize(REDUCED, Image.Resampling.LANCZOS)) for face in pixels]
    low = dctn(np.stack(small).astype(float), axes=(1, 2))[:, :LOW, :LOW].reshape(len(images), -1)
    low = low.round(DECIMALS)
    return np.packbits(low >= np.median(low[:, 1:], axis=1, keepdims=True), axis=1).view(np.uint64).ravel()


def _compared_with_all(
    left: np.ndarray, right: np.ndarray, distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rows = CANDIDATES // max(len(right), 1) + 1
    for start in range(0, len(left), rows):
        near, others = np.nonzero(np.bitwise_count(left[start : start + rows, None] ^ right) <= distance)
        yield near + start, others


def _blocks(
    left: np.ndarray, right: np.ndarray, widths: tuple[int, ...]
) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Yield the bits of two arrays of hashes, so many at a time, as int32, and how many they are."""
    shift = 0
    for width in widths:
        mask = np.uint64((1 << width) - 1)
        ours, theirs = (((hashes >> np.uint64(shift)) & mask).astype(np.int32) for hashes in (left, right))
        yield ours, theirs, width
        shift += width


def _changes(width: int, most: int) -> Iterator[int]:
    """Yield every change of at most so many of the bits of a block."""
    for number in range(most + 1):
        for bits in combinations(range(width), number):
            yield sum(1 << bit for bit in bits)


def _count_close(ours: np.ndarray, theirs: np.ndarray, width: int, most: int) -> int:
    """Return how many pairs `_close_pairs` yields."""
    starts = _starts(theirs, width)
    return sum(
        int(np.sum(starts[(ours ^ change) + 1] - starts[ours ^ change])) for change in _changes(width, most)
    )


def _close_pairs(
    ours: np.ndarray, theirs: np.ndarray, width: int, most: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the positions of blocks in two arrays that differ in at most so many bits."""
    order = theirs.argsort(kind="stable")
    starts = _starts(theirs, width)
    for change, begin in product(_changes(width, most), range(0, len(ours), ROWS)):
        value = ours[begin : begin + ROWS] ^ change
        for near, positions in _expanded(starts[value], starts[value + 1]):
            yield near + begin, order[positions]


def _starts(blocks: np.ndarray, width: int) -> np.ndarray:
    """Return where each value begins, and the last one ends, among the blocks in order, int32."""
    starts = np.zeros((1 << width) + 1, np.int32)
    values, counts = np.unique(blocks, return_counts=True)
    starts[values + 1] = counts
    return np.cumsum(starts, out=starts)


def _expanded(starts: np.ndarray, stops: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, of each range, its index and every position in it, about CANDIDATES at a time."""
    counts = stops - starts
    cuts = np.flatnonzero(np.diff(counts.cumsum() // CANDIDATES)) + 1
    for part in np.split(np.arange(len(counts)), cuts):
        index = np.repeat(part, counts[part])
        before = np.repeat(counts[part].cumsum() - counts[part], counts[part])
        yield index, starts[index] + np.arange(len(index)) - before
