"""Small CSVs of the FER-2013 schema for the tests: random images, labels in the published shares."""

from pathlib import Path

import numpy as np

from emotion.labels import SIDE
from emotion.source.fer2013 import PUBLISHED_COUNTS, USAGES, write_csv
from emotion.synthetic.expressions import in_shares

ROWS = 40


def labels(rows: int) -> np.ndarray:
    """Return labels of all classes, in about the published shares and a fixed mixed order."""
    return np.random.default_rng(0).permutation(in_shares(rows, PUBLISHED_COUNTS, least=1))


def write_good_csv(path: Path, rows: int = ROWS, seed: int = 0) -> np.ndarray:
    """Write a CSV without a fault; return its images, uint8 (rows, 48, 48)."""
    images = np.random.default_rng(seed).integers(0, 256, (rows, SIDE, SIDE), dtype=np.uint8)
    write_csv(path, images, labels(rows), np.arange(rows) % len(USAGES))
    return images
