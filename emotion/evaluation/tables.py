"""What training and evaluation have written, read again: curves, predictions and metrics."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotion.runtime.errors import UserError

PREDICTION_COLUMNS = ["row", "actual", "predicted", "confidence"]
BIN_COLUMNS = ["low", "high", "rows", "confidence", "accuracy"]
# As they are written: to pandas 01 is 1, and a class None is an empty field
CLASS_COLUMNS = {"actual": str, "predicted": str}


def read_curves(folder: Path, split: str) -> dict[str, np.ndarray]:
    """Return the epochs ("step"), losses and accuracies that DVCLive logged for a split, each (E,)."""
    logged = folder / "plots" / "metrics" / split
    return read_columns(logged / "loss.tsv", ["step", "loss"]) | read_columns(
        logged / "accuracy.tsv", ["step", "accuracy"]
    )


def read_columns(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Return these columns of a CSV or TSV file, each (rows,).

    Raises:
        UserError: the file cannot be read, has no row or lacks a column.
    """
    try:
        separator = "\t" if path.suffix == ".tsv" else ","
        of_classes = bool(CLASS_COLUMNS.keys() & names)
        table = pd.read_csv(
            path, sep=separator, usecols=names, dtype=CLASS_COLUMNS, keep_default_na=not of_classes
        )
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({' '.join(str(error).split())}); run: dvc repro") from error
    if table.empty:
        raise UserError(f"{path} has no row; run: dvc repro")
    return {name: table[name].to_numpy() for name in names}


def read_predictions(
    path: Path, rows: np.ndarray, classes: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the actual and the predicted class, integers (N,), and the confidence, float64 (N,).

    Args:
        path: the predictions of a split.
        rows: the row of the CSV of each of its faces, integers (N,).
        classes: the names of the classes, by their numbers.

    Raises:
        UserError: the file cannot be read, or is of other faces.
    """
    table = read_columns(path, PREDICTION_COLUMNS)
    if not np.array_equal(table["row"], rows):
        raise UserError(f"{path} is not of this test split; run: dvc repro evaluate")
    actual, predicted = (class_numbers(table[name], path, classes) for name in ("actual", "predicted"))
    return actual, predicted, table["confidence"]


def class_numbers(names: np.ndarray, path: Path, classes: tuple[str, ...]) -> np.ndarray:
    """Return the classes, integers (N,), of their names in the file `path`.

    Raises:
        UserError: a name is none of the classes.
    """
    unknown = set(map(str, names)) - set(classes)
    if unknown:
        raise UserError(f"{path} has the unknown class {min(unknown)}; run: dvc repro evaluate")
    return np.array([classes.index(str(name)) for name in names])


def read_metrics(path: Path, names: set[str], stage: str, classes: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the metrics that a stage has written.

    Args:
        path: the file, JSON.
        names: metrics that it must have.
        stage: the stage that writes it.
        classes: the classes that `per_class` must have.

    Raises:
        UserError: the file cannot be read or lacks one of them.
    """
    try:
        metrics = dict(json.loads(path.read_text(encoding="utf-8")))
        absent = names - set(metrics) or {*classes} - set(metrics.get("per_class", classes))
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} cannot be read ({error}); run: dvc repro {stage}") from error
    if absent:
        raise UserError(f"{path} has no {min(absent)}; run: dvc repro {stage}")
    return metrics
