"""What a model says of faces that it was not trained on, for every face of a dataset."""

from pathlib import Path

import numpy as np

from emotion.config.schema import Params
from emotion.data.duplicates import duplicate_groups
from emotion.data.storage import Chosen, Split
from emotion.network.model import predict
from emotion.source.fer2013 import Table
from emotion.training.run import train_model

VALIDATING = 10  # one in so many of a fold's training faces validates instead


def out_of_fold(table: Table, params: Params, folds: int, checkpoints: Path) -> np.ndarray:
    """Return the probabilities of each row, float32 (rows, K), by a model that was trained without it.

    Exactly equal images are in one fold. A training that was killed goes on when this is called again,
    and one that has ended is not run again.

    Args:
        table: faces and labels.
        params: which network and how it is trained; its seed also draws the folds.
        folds: how many.
        checkpoints: folder of the trainings' checkpoints.
    """
    groups = duplicate_groups(table.images)
    places = np.random.default_rng(params["train"].seed).permutation(groups.max() + 1)[groups]
    probabilities = np.zeros((len(table), len(table.classes)), np.float32)
    for fold in range(folds):
        held_out = places % folds == fold
        validates = ~held_out & (places // folds % VALIDATING == 0)
        train, validation, test = (
            _split(table, np.flatnonzero(rows)) for rows in (~held_out & ~validates, validates, held_out)
        )
        print(
            f"fold {fold + 1} of {folds}: {len(train):,} faces train, {len(test):,} are held out", flush=True
        )
        trained = train_model(train, validation, params["model"], params["train"], checkpoints)
        probabilities[test.rows] = predict(trained.model, test.images)
    return probabilities


def _split(table: Table, rows: np.ndarray) -> Split:
    labels = table.emotion[rows].astype(np.uint8)
    return Split(Chosen(table.images, rows), labels, rows.astype(np.int32), table.classes)
