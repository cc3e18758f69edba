"""Measure the model on the test split: metrics for DVC, the paper's table on the terminal.

The predictions and their calibration go to CSV files, for the figures and for `dvc plots`.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field

from emotion.backend import keras
from emotion.errors import UserError, one_line_errors
from emotion.files import whole_file, write_json
from emotion.labels import CLASSES
from emotion.models import load_model
from emotion.params import Section, load
from emotion.scores import Calibration, calibration, evaluation, report_table
from emotion.splits import Split, load_split

BATCH = 256  # images predicted at once, which bounds the memory


class EvaluateParams(Section):
    """The `evaluate` section of params.yaml."""

    bootstrap: int = Field(ge=100, le=1_000_000)
    ece_bins: int = Field(ge=1, le=1000)
    seed: int = Field(ge=0, lt=2**32)


def main() -> None:
    """Read the model and the splits; write the metrics, the predictions and their calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="the trained model")
    parser.add_argument("processed", type=Path, help="folder of the splits")
    parser.add_argument("metrics", type=Path, help="where to write the metrics")
    parser.add_argument("predictions", type=Path, help="where to write the predictions")
    parser.add_argument("calibration", type=Path, help="where to write the calibration")
    args = parser.parse_args()
    params = load("evaluate", EvaluateParams)
    model = load_model(args.model)
    test = load_split(args.processed, "test")
    seen = [load_split(args.processed, name) for name in ("train", "validation")]

    probabilities = predict(model, test.images)
    if not np.isfinite(probabilities).all():
        raise UserError(
            f"{args.model} gives predictions that are not finite: train again with a smaller train.lr"
        )
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    clean = clean_rows(test, seen)
    metrics = evaluation(test.labels, probabilities, clean, params.bootstrap, params.ece_bins, params.seed)

    write_predictions(args.predictions, test, predicted, confidence)
    write_calibration(args.calibration, calibration(confidence, predicted == test.labels, params.ece_bins))
    write_json(args.metrics, metrics)

    print(report_table(test.labels, predicted))
    low, high, on_clean = metrics["accuracy_low"], metrics["accuracy_high"], metrics["clean"]
    print(f"\naccuracy {metrics['accuracy']} (95 % interval {low} to {high}) on {len(test):,} test rows")
    print(
        f"accuracy {on_clean['accuracy']} on the {on_clean['rows']:,} clean ones: not in train or validation"
    )
    print(f"metrics: {args.metrics}; predictions: {args.predictions}")


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of the seven classes, float64 (N, 7), of images uint8 (N, 48, 48, 1)."""
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate([model.predict_on_batch(batch) for batch in batches]).astype(np.float64)


def clean_rows(test: Split, seen: list[Split]) -> np.ndarray:
    """Return which test rows, bool (N,), have an exact image that stands in none of the seen splits."""
    known = {image.tobytes() for split in seen for image in split.images}
    return np.array([image.tobytes() not in known for image in test.images])


def write_predictions(path: Path, test: Split, predicted: np.ndarray, confidence: np.ndarray) -> None:
    """Write a row for each test face: its row of the CSV, both classes by name, and the confidence."""
    names = np.array(CLASSES)
    _write_csv(
        path,
        {
            "row": test.rows,
            "actual": names[test.labels],
            "predicted": names[predicted],
            "confidence": confidence,
        },
    )


def write_calibration(path: Path, bins: Calibration) -> None:
    """Write a row for each bin of the confidence that holds predictions."""
    _write_csv(path, vars(bins))


def _write_csv(path: Path, columns: dict[str, np.ndarray]) -> None:
    with whole_file(path) as partial:
        pd.DataFrame(columns).round(6).to_csv(partial, index=False, lineterminator="\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
