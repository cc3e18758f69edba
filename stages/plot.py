"""Draw the figures of the run from what training and evaluation have written."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emotion.config.schema import load_params
from emotion.data.storage import SPLITS, load_split
from emotion.evaluation import figures
from emotion.evaluation.maps import load_maps
from emotion.evaluation.tables import BIN_COLUMNS, read_columns, read_curves, read_metrics, read_predictions
from emotion.runtime.errors import one_line_errors
from emotion.runtime.stage import begin


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
    classes = test.classes
    actual, predicted, confidence = read_predictions(args.predictions, test.rows, classes)
    bins = read_columns(args.calibration, BIN_COLUMNS)
    maps = load_maps(args.maps)
    metrics = read_metrics(args.metrics, {"ece", "per_class"}, "evaluate", classes)

    gallery = figures.gallery(
        test.images,
        actual,
        predicted,
        confidence,
        params.gallery,
        [maps.get(row) for row in test.rows],
        classes,
    )

    drawn = {
        "training_curves": figures.training_curves(*(read_curves(args.curves, name) for name in SPLITS[:2])),
        "confusion_matrix": figures.confusion_matrix(actual, predicted, classes),
        "per_class_f1": figures.per_class_f1(class_f1(metrics["per_class"], classes), classes),
        "class_balance": figures.class_balance(
            {name: split.labels for name, split in splits.items()}, classes
        ),
        "gallery": gallery,
        "reliability": figures.reliability(bins, metrics["ece"]),
    }
    stage.check_unchanged()
    for name, figure in drawn.items():
        figures.save_png(figure, args.plots / f"{name}.png", params.dpi)
    print(f"{len(drawn)} figures: {args.plots}")


def class_f1(per_class: Mapping[str, Mapping[str, float]], classes: tuple[str, ...]) -> np.ndarray:
    """Return the F1 of each class, float64 (K,), NaN without faces, of the scores by class."""
    scores = [per_class[name] for name in classes]
    return np.array([each["f1"] if each["support"] else np.nan for each in scores])


if __name__ == "__main__":
    with one_line_errors():
        main()
