"""How close the training of two networks comes to the machine's matrix peak.

    python -m benchmarks.peak

The peak is what a product of two large matrices reaches; a training is counted by the multiply-adds of its
network, twice as many operations, and three times those for the gradients. Both take turns.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.loops import random_splits
from benchmarks.table import row
from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.network.cost import multiply_adds
from emotion.network.keras_setup import keras
from emotion.network.model import build
from emotion.runtime.errors import one_line_errors
from emotion.training.loop import fit

SIDE = 4096  # of the matrices
PRODUCTS = 4
IMAGES = {"fast": 12_800, "paper": 3_200}  # of an epoch: about ten seconds
EPOCHS = 4  # the first, in which the model is traced, does not count


def main() -> None:
    """Measure the recipes `fast` and `paper`, in float32, and print a row of the table for each."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for recipe, images in IMAGES.items():
        ours, peaks = rates(recipe, images)
        name = f"a product of matrices of {SIDE:,} x {SIDE:,}"
        print(row(f"training with the recipe {recipe}, faces of 48 pixels", "GFLOP/s", ours, name, peaks))


def rates(recipe: str, images: int) -> tuple[list[float], list[float]]:
    """Return the GFLOP/s of epochs, validation and checkpoint included, and of the products."""
    settings = find_row(f"{recipe}-random").settings
    whole = {"train.small_epochs": 0, "train.epochs": EPOCHS, "train.patience": EPOCHS}
    params = load_params(changes=settings | whole)
    network = build(params["model"])
    operations = 3 * 2 * multiply_adds(network) * images
    ours, peaks = [], [matrix_rate()]
    began = time.perf_counter()

    def end_of_epoch(_: dict[str, float]) -> None:
        nonlocal began
        ours.append(operations / (time.perf_counter() - began) / 1e9)
        peaks.append(matrix_rate())
        began = time.perf_counter()

    # Standard output is for the table
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        fit(network, params["train"], *random_splits(images), Path(folder, "checkpoint.npz"), end_of_epoch)
    return ours[1:], peaks


def matrix_rate() -> float:
    """Return the GFLOP/s of the fastest of a few products of float32 matrices."""
    matrix = keras.ops.ones((SIDE, SIDE))
    seconds = []
    for _ in range(PRODUCTS):
        began = time.perf_counter()
        np.array(keras.ops.matmul(matrix, matrix)[0, 0])  # which waits for it
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / min(seconds) / 1e9


if __name__ == "__main__":
    with one_line_errors():
        main()
