"""Draw the figures of the run from what training and evaluation have written."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.config.schema import load_params
from emotion.data.storage import SPLITS, load_split
from emotion.evaluation import figures
from emotion.evaluation.maps import load_maps
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.stage import begin

PREDICTION_COLUMNS = ["row", "actual", "predicted", "confidence"]
BIN_COLUMNS = ["low", "high", "rows", "confidence", "accuracy"]


def main() -> None:
    """Read the splits, the curves, the predictions, their calibration and the metrics; write PNG files."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in SPLITS:
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"folder of the {name} split")
    parser.add_argument("--curves", type=Path, required=True, help="folder of the live curves")
    parser.add_argument("--predictions", type=Path, required=True, help="predictions of the test split")
    parser.add_argument("--calibration", type=Path, required=True, help="calibration of the predictions")
    parser.add_argument("--maps", type=Path, required=True, help="what spoke for the mistakes")
    parser.add_argument("--metrics", type=Path, required=True, help="metrics of the test split")
    parser.add_argument("--plots", type=Path, required=True, help="where to write the figures")
    args = parser.parse_args()
    every = load_params()
    params = every["plot"]
    folders = {name: getattr(args, name) for name in SPLITS}
    inputs = (*folders.values(), args.curves, args.predictions, args.calibration, args.maps, args.metrics)
    stage = begin("plot", every, *inputs)
    splits = {name: load_split(folder) for name, folder in folders.items()}
    test = splits["test"]
    predictions = read_columns(args.predictions, PREDICTION_COLUMNS)
    if not np.array_equal(predictions["row"], test.rows):
        raise UserError(f"{args.predictions} is not of this test split; run: dvc repro evaluate")
    actual, predicted = (
        class_numbers(predictions[name], args.predictions) for name in ("actual", "predicted")
    )
    bins = read_columns(args.calibration, BIN_COLUMNS)
    maps = load_maps(args.maps)
    f1, calibration_error = read_metrics(args.metrics)

    gallery = figures.gallery(
        test.images,
        actual,
        predicted,
        predictions["confidence"],
        params.gallery,
        [maps.get(row) for row in test.rows],
    )

    drawn = {
        "training_curves": figures.training_curves(*(read_curves(args.curves, name) for name in SPLITS[:2])),
        "confusion_matrix": figures.confusion_matrix(actual, predicted),
        "per_class_f1": figures.per_class_f1(f1),
        "class_balance": figures.class_balance({name: split.labels for name, split in splits.items()}),
        "gallery": gallery,
        "reliability": figures.reliability(bins, calibration_error),
    }
    stage.check_unchanged()
    for name, figure in drawn.items():
        figures.save_png(figure, args.plots / f"{name}.png", params.dpi)
    print(f"{len(drawn)} figures: {args.plots}")


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
        table = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",", usecols=names)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({' '.join(str(error).split())}); run: dvc repro") from error
    if table.empty:
        raise UserError(f"{path} has no row; run: dvc repro")
    return {name: table[name].to_numpy() for name in names}


def class_numbers(names: np.ndarray, path: Path) -> np.ndarray:
    """Return the classes, integers (N,), of their names in the file `path`.

    Raises:
        UserError: a name is none of the seven classes.
    """
    unknown = set(names) - set(CLASSES)
    if unknown:
        raise UserError(f"{path} has the unknown class {min(map(str, unknown))}; run: dvc repro evaluate")
    return np.array([CLASSES.index(name) for name in names])


def read_metrics(path: Path) -> tuple[np.ndarray, float]:
    """Return the F1 of each class, float64 (7,), NaN without faces, and the expected calibration error.

    Raises:
        UserError: the file cannot be read or lacks one of them.
    """
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
        scores = [metrics["per_class"][name] for name in CLASSES]
        return np.array([each["f1"] if each["support"] else np.nan for each in scores]), float(metrics["ece"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} cannot be read ({error!r}); run: dvc repro evaluate") from error


if __name__ == "__main__":
    with one_line_errors():
        main()
