"""Measure the model on the test split: metrics for DVC, the paper's table on the terminal.

The predictions, the scores of each class and the calibration go to CSV files, for the figures and for
`dvc plots`; so do maps of what spoke for the most confident mistakes.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emotion.config.schema import FloorParams, load_params
from emotion.data.duplicates import unseen
from emotion.data.near_duplicates import near_unseen
from emotion.data.storage import Split, load_split
from emotion.data.votes import majority
from emotion.evaluation.maps import save_maps
from emotion.evaluation.scores import calibration, class_scores, evaluation, report_table
from emotion.evaluation.voters import voter_scores
from emotion.explain.grad_cam import GradCAM
from emotion.network.model import load_model, predict
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file, write_json
from emotion.runtime.stage import begin
from emotion.source.ferplus import read_votes

ROUNDING = 1e-3  # how far the sum of a row of probabilities may be from 1
CLEAN = {
    "clean": "clean ones: not in train or validation",
    "near_clean": "near-clean ones: not like one there either",
}
EXPLAINED = 100  # mistakes, the most confident: as many as the gallery can show


def main() -> None:
    """Read the model and the splits; write the metrics and the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained model")
    parser.add_argument("--train", type=Path, required=True, help="folder of the train split")
    parser.add_argument("--validation", type=Path, required=True, help="folder of the validation split")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--votes", type=Path, required=True, help="the votes of FER+ on the faces, if any")
    parser.add_argument("--metrics", type=Path, required=True, help="where to write the metrics")
    parser.add_argument("--predictions", type=Path, required=True, help="where to write the predictions")
    parser.add_argument("--per-class", type=Path, required=True, help="where to write the class scores")
    parser.add_argument("--calibration", type=Path, required=True, help="where to write the calibration")
    parser.add_argument("--maps", type=Path, required=True, help="where to write what spoke for the mistakes")
    args = parser.parse_args()
    every = load_params()
    params = every["evaluate"]
    stage = begin("evaluate", every, args.model, args.train, args.validation, args.test, args.votes)
    test = load_split(args.test)
    model = load_model(args.model, len(test.classes))
    seen = [load_split(folder).images for folder in (args.train, args.validation)]

    probabilities = predict(model, test.images)
    if not np.isfinite(probabilities).all():
        raise UserError(
            f"{args.model} gives predictions that are not finite: train again with a smaller train.lr"
        )
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1, atol=ROUNDING):
        raise UserError(f"{args.model} predicts values that are not probabilities; run: dvc repro -f train")
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    clean = unseen(test.images, *seen)
    near = params.near_distance
    near_clean = None if near is None else near_unseen(test.images, near, *seen)
    metrics = evaluation(
        test.labels,
        probabilities,
        clean,
        params.bootstrap,
        params.ece_bins,
        params.seed,
        test.classes,
        near_clean,
    )
    if votes := read_votes(args.votes):
        metrics["voters"] = voter_scores(test.labels, predicted, majority(votes.counts[test.rows]))
    mistakes = most_confident_mistakes(test, predicted, confidence)
    maps = GradCAM(model)(test.images[mistakes], predicted[mistakes])

    stage.check_unchanged()
    write_columns(args.predictions, prediction_table(test, predicted, confidence))
    write_columns(args.per_class, class_scores(test.labels, predicted, test.classes))
    write_columns(args.calibration, vars(calibration(confidence, predicted == test.labels, params.ece_bins)))
    save_maps(args.maps, test.rows[mistakes], maps)
    write_json(args.metrics, metrics)

    print(report_table(test.labels, predicted, test.classes))
    low, high = metrics["accuracy_low"], metrics["accuracy_high"]
    print(f"\naccuracy {metrics['accuracy']} (95 % interval {low} to {high}) on {len(test):,} test rows")
    for name, what in CLEAN.items():
        if name in metrics:
            rows, accuracy = metrics[name]["rows"], metrics[name]["accuracy"]
            print(f"accuracy {accuracy} on the {rows:,} {what}" if rows else f"no {what}")
    if votes:
        print(voter_summary(metrics["voters"]))
    print(f"metrics: {args.metrics}; predictions: {args.predictions}")
    check_floor(metrics, params.floor)


def voter_summary(scores: dict[str, Any]) -> str:
    """Say what the voters of FER+ make of the labels and of the predictions."""
    agreed = scores["agreed"]
    return (
        f"of {scores['rows']:,} with a majority of FER+'s voters, {scores['labels']} have it as their label "
        f"and {scores['predictions']} as the prediction; accuracy {agreed['accuracy']} on the "
        f"{agreed['rows']:,} where the label is that of the voters"
    )


def check_floor(metrics: dict[str, float], floor: FloorParams) -> None:
    """Refuse scores under the floor.

    Raises:
        UserError: one is; the message names it.
    """
    for name, least in floor:
        if least is not None and metrics[name] < least:
            raise UserError(
                f"{name} {metrics[name]} is under evaluate.floor.{name} {least}; to accept any: "
                f"dvc exp run -S evaluate.floor.{name}=null"
            )


def most_confident_mistakes(test: Split, predicted: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Return which test faces have the most confident wrong predictions, integers (100,) at most."""
    surest = np.argsort(-confidence, kind="stable")
    mistakes: np.ndarray = surest[(predicted != test.labels)[surest]][:EXPLAINED]
    return mistakes


def prediction_table(test: Split, predicted: np.ndarray, confidence: np.ndarray) -> dict[str, np.ndarray]:
    """Return columns of each test face's row of the CSV, both classes by name, and the confidence."""
    names = np.array(test.classes)
    return {
        "row": test.rows,
        "actual": names[test.labels],
        "predicted": names[predicted],
        "confidence": confidence,
    }


def write_columns(path: Path, columns: dict[str, np.ndarray]) -> None:
    """Write columns of equal length as a CSV with a header, numbers to six digits."""
    with whole_file(path) as partial:
        pd.DataFrame(columns).round(6).to_csv(partial, index=False, lineterminator="\n")


if __name__ == "__main__":
    with one_line_errors():
        main()
