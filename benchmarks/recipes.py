"""How long a training takes with one recipe, against another one.

    python -m benchmarks.recipes fast-bfloat16 fast

Of each recipe an epoch on small faces and one on whole faces are timed, validation and checkpoint included,
on a part of as many random faces as FER-2013 has to train on; the minutes of a whole training follow from
them. The recipes take turns, because the speed of a machine changes from hour to hour.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.loops import random_splits
from benchmarks.table import row
from emotion.config.recipes import find_row
from emotion.config.schema import Params, load_params
from emotion.network.keras_setup import use_threads
from emotion.network.model import build
from emotion.runtime.errors import one_line_errors
from emotion.training.loop import fit

FACES = 29_069  # of the train split, 81 % of FER-2013
PART = 5  # one face in so many is trained on
ROUNDS = 3
KIND = 2  # epochs on faces of each size: the first, in which memory is taken, does not count


def main() -> None:
    """Time both recipes in turn, and print a row of the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", help="of experiments/recipes.yaml")
    parser.add_argument("reference", help="another one")
    args = parser.parse_args()
    names = (args.recipe, args.reference)
    params = [load_params(changes=find_row(f"{name}-random").settings) for name in names]
    rounds = [[minutes(every, FACES // PART) for every in params] for _ in range(ROUNDS)]
    ours, reference = zip(*rounds, strict=True)
    print(row(f"a training with the recipe {names[0]}", "min", ours, names[1], reference))


def minutes(params: Params, faces: int) -> float:
    """Return how many minutes the epochs of a whole training take, from those on so many faces.

    Raises:
        UserError: this process has trained with another number of threads.
    """
    train = params["train"]
    use_threads(train.threads)
    small = KIND if train.small_epochs else 0
    count = small + KIND if train.small_epochs < train.epochs else small
    short = train.model_copy(update={"epochs": count, "patience": count, "small_epochs": small})
    ends = []
    # Standard output is for the table
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        network = build(params["model"], train.precision)
        checkpoint = Path(folder, "checkpoint.npz")
        fit(network, short, *random_splits(faces), checkpoint, lambda _: ends.append(time.perf_counter()))
    of_small = ends[small - 1] - ends[small - 2] if small else 0.0
    of_whole = ends[-1] - ends[-2] if count > small else 0.0
    seconds = train.small_epochs * of_small + (train.epochs - train.small_epochs) * of_whole
    return seconds / 60 * FACES / faces


if __name__ == "__main__":
    with one_line_errors():
        main()
