"""Faces that look alike have near hashes, and the search misses no pair."""

import re
import sys
from pathlib import Path

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
from emotion.runtime.errors import UserError
from emotion.source.fer2013 import write_csv
from tests.support.parameters import write_params
from tools import near_duplicates as table


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


@pytest.mark.parametrize("dearer", [0, 1 << 20], ids=["those with a close block", "all"])
@pytest.mark.parametrize("candidates", [1, 50, 1 << 20])
@pytest.mark.parametrize("distance", [0, 1, 3, 4, 9])
def test_the_search_finds_the_pairs_that_comparing_all_finds(
    distance: int, candidates: int, dearer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_duplicates, "DEARER", dearer)
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


def test_hashes_that_share_their_blocks_are_compared_with_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each pair would be picked out for each of three blocks and seventeen changes."""
    monkeypatch.setattr(near_duplicates, "_close_pairs", None)
    hashes = np.arange(2000, dtype=np.uint64)
    pairs = sum(len(near) for near, _ in pairs_within(hashes, hashes, 4))
    assert pairs == np.count_nonzero(np.bitwise_count(hashes[:, None] ^ hashes) <= 4)


def test_of_hashes_by_chance_only_those_with_a_close_block_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(near_duplicates, "_compared_with_all", None)
    hashes = np.random.default_rng(0).integers(0, 2**64, 2000, np.uint64)
    assert sum(len(near) for near, _ in pairs_within(hashes, hashes, 0)) == 3 * len(hashes)


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


def test_the_table_of_distances_counts_rows_pairs_and_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows 0, 1 and 3 are one image under two labels, row 4 is a lighter copy of it in the test set."""
    images = pictures(3)[[0, 0, 1, 0, 0, 2], ..., 0]
    images[4] += 40
    write_csv(tmp_path / "faces.csv", images, [3, 3, 0, 4, 4, 1], [0, 0, 0, 0, 2, 1])
    write_params(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["near_duplicates", "faces.csv"])
    table.main()
    lines = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert lines[2] == ["| exact", "2", "0", "3", "66.7 %", "3 |"]
    assert lines[3] == ["| 0", "3", "1", "6", "66.7 %", "4 |"]
    assert [line[0] for line in lines[4:]] == ["| 2", "| 4", "| 6", "| 8", "| 10"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,1 2,Training\n", "line 2 of faces.csv has a fault (emotion is 'x'"),
        ("", "line 1 of faces.csv has"),
    ],
)
def test_the_table_of_a_faulty_csv_is_refused_in_one_line(
    row: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faces.csv").write_text(f"emotion,pixels,Usage\n{row}")
    write_params(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["near_duplicates", "faces.csv"])
    with pytest.raises(UserError, match=f"^{re.escape(reason)}"):
        table.main()
