"""Faces that look alike have near hashes, and the search misses no pair."""

import numpy as np
import pytest
from PIL import Image

from emotion.data import near_duplicates
from emotion.data.duplicates import duplicate_groups
from emotion.data.near_duplicates import (
    groups_within,
    near_groups,
    near_unseen,
    pairs_within,
    perceptual_hashes,
)


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Smooth pictures, uint8 (count, 48, 48, 1), none of which looks like another."""
    coarse = np.random.default_rng(seed).integers(40, 200, (count, 8, 8), np.uint8)
    large = [Image.fromarray(each).resize((48, 48), Image.Resampling.BICUBIC) for each in coarse]
    return np.stack([np.asarray(each) for each in large])[..., None]


def flipped(value: int, *bits: int) -> int:
    return value ^ sum(1 << bit for bit in bits)


def test_a_bit_of_the_hash_is_a_low_frequency_that_reaches_the_median() -> None:
    """The hash is computed here from its definition: a sum of cosines for each frequency."""
    image = np.random.default_rng(1).integers(0, 256, (48, 48), np.uint8)
    small = np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.LANCZOS), float)
    waves = np.cos(np.pi * (2 * np.arange(32) + 1) * np.arange(8)[:, None] / 64)
    low = [float((small * np.outer(down, along)).sum()) for down in waves for along in waves]
    median = sorted(low[1:])[31]
    assert np.unpackbits(perceptual_hashes(image[None]).view(np.uint8)).tolist() == [
        int(value >= median) for value in low
    ]


def test_an_image_of_one_grey_has_the_same_hash_whatever_the_grey() -> None:
    images = np.stack([np.full((48, 48, 1), grey, np.uint8) for grey in range(256)])
    assert len(set(perceptual_hashes(images).tolist())) == 1


def test_a_lighter_a_noisier_and_a_rescaled_copy_are_near_and_another_picture_is_far() -> None:
    image, other = pictures(2)
    noise = np.random.default_rng(2).integers(-3, 4, image.shape)
    rescaled = np.asarray(Image.fromarray(image[..., 0]).resize((90, 90)).resize((48, 48)))[..., None]
    copies = [image + 40, (image + noise).astype(np.uint8), rescaled]
    hashes = perceptual_hashes(np.stack([image, *copies, other]))
    distances = np.bitwise_count(hashes[0] ^ hashes[1:]).tolist()
    assert max(distances[:-1]) <= 4
    assert distances[-1] > 16


@pytest.mark.parametrize("candidates", [1, 50, 1 << 20])
@pytest.mark.parametrize("distance", [0, 1, 3, 4, 9])
def test_the_search_finds_the_pairs_that_comparing_all_finds(
    distance: int, candidates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicates, "CANDIDATES", candidates)
    random = np.random.default_rng(3)
    left = random.integers(0, 2**64, 60, np.uint64)
    right = np.concatenate([left[:40], random.integers(0, 2**64, 20, np.uint64)])
    for place in range(40):
        for bit in random.permutation(64)[: place % 12]:
            right[place] ^= np.uint64(1 << int(bit))
    found = {pair for pairs in pairs_within(left, right, distance) for pair in zip(*pairs, strict=True)}
    expected = set(zip(*np.nonzero(np.bitwise_count(left[:, None] ^ right) <= distance), strict=True))
    assert found == expected
    assert len(expected) >= 4


def test_a_chain_of_near_images_is_one_group_numbered_by_first_appearance() -> None:
    start = 0x0123456789ABCDEF
    middle = flipped(start, 0, 20)
    end = flipped(middle, 40, 60)
    hashes = np.array([flipped(start, *range(64)), end, start, start, middle], np.uint64)
    assert groups_within(hashes, 1).tolist() == [0, 1, 2, 2, 3]
    assert groups_within(hashes, 2).tolist() == [0, 1, 1, 1, 1]
    assert groups_within(hashes, 2).dtype == np.int32
    assert groups_within(hashes[:0], 2).shape == (0,)


@pytest.mark.parametrize("distance", [0, 4])
def test_exact_duplicates_alone_are_the_groups_where_nothing_else_is_near(distance: int) -> None:
    images = pictures(6)[[0, 1, 0, 2, 3, 1, 4, 5]]
    groups = near_groups(images, distance)
    assert groups.tolist() == duplicate_groups(images).tolist()


def test_copies_are_not_compared_with_each_other() -> None:
    """Every pair of half a million copies would be more than any memory holds."""
    hashes = np.repeat(np.array([1, 2], np.uint64), 500_000)
    assert groups_within(hashes, 0)[[0, -1]].tolist() == [0, 1]


def test_unseen_are_the_images_without_a_near_one() -> None:
    images = pictures(4)
    train, validation = images[:1] + 40, images[2:3] + 40
    assert near_unseen(images, 4, train, validation).tolist() == [False, True, False, True]
    assert near_unseen(images[:0], 4, train).tolist() == []
