"""Write the report of the run, a page for people, and the card of the exported model."""

import argparse
from pathlib import Path

import numpy as np
from huggingface_hub import ModelCard

from emotion.config.recipes import find_row
from emotion.config.schema import load_params
from emotion.data.storage import load_split
from emotion.evaluation.maps import load_maps
from emotion.evaluation.tables import BIN_COLUMNS, read_columns, read_curves, read_metrics, read_predictions
from emotion.inference.metadata import from_metadata
from emotion.inference.sessions import open_session
from emotion.report.card import model_card
from emotion.report.page import page
from emotion.report.run import Run
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file
from emotion.runtime.lockfile import md5
from emotion.runtime.stage import begin
from emotion.validation.facts import KNOWN_FAULTS

# What the report shows of the metrics, by the stage that writes them
SHOWN = {
    "validate": {
        *("success", "failed", "warnings", "rows", "faulty_rows", "classes", "expectations"),
        *KNOWN_FAULTS,
    },
    "train": {"best_epoch", "epochs", "validation", "parameters"},
    "evaluate": {
        *("rows", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "weighted_f1", "roc_auc", "ece"),
        *("clean", "per_class"),
    },
    "export": {"keras"},
}


def main() -> None:
    """Read what the other stages have written; write the report and the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in SHOWN:
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"metrics of the stage {name}")
    parser.add_argument("--curves", type=Path, required=True, help="folder of the live curves")
    parser.add_argument("--predictions", type=Path, required=True, help="predictions of the test split")
    parser.add_argument("--calibration", type=Path, required=True, help="calibration of the predictions")
    parser.add_argument("--maps", type=Path, required=True, help="what spoke for the mistakes")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--onnx", type=Path, required=True, help="the exported model")
    parser.add_argument("--recipes", type=Path, required=True, help="recipes; the paper's is one of them")
    parser.add_argument("--page", type=Path, required=True, help="where to write the report")
    parser.add_argument("--card", type=Path, required=True, help="where to write the model's card")
    args = parser.parse_args()
    every = load_params()
    sections = {
        "data": every["data"],
        "fetch": every["fetch"],
        "validate": every["validate"],
        "preprocess": every["preprocess"],
        "model": every["model"],
        "train": every["train"],
        "evaluate": every["evaluate"],
        "export": every["export"],
    }
    mistakes = every["report"].mistakes
    files = {name: getattr(args, name) for name in SHOWN}
    inputs = (
        *files.values(),
        args.curves,
        args.predictions,
        args.calibration,
        args.maps,
        args.test,
        args.onnx,
    )
    stage = begin("report", every, *inputs, args.recipes)

    test = load_split(args.test)
    metrics = {name: read_metrics(file, SHOWN[name], name, test.classes) for name, file in files.items()}
    model = open_session(args.onnx, threads=1)
    actual, predicted, confidence = read_predictions(args.predictions, test.rows, test.classes)
    run = Run(
        params={name: section.model_dump() for name, section in sections.items()},
        paper=find_row("paper-random", args.recipes).settings,
        verdict=metrics["validate"],
        training=metrics["train"],
        scores=metrics["evaluate"],
        exports=metrics["export"],
        curves=both_curves(args.curves, metrics["train"]["best_epoch"]),
        bins=read_columns(args.calibration, BIN_COLUMNS),
        test=test,
        actual=actual,
        predicted=predicted,
        confidence=confidence,
        maps=load_maps(args.maps),
        model=from_metadata(model.get_modelmeta().custom_metadata_map, args.onnx),
        model_md5=md5(args.onnx),
    )
    written = {args.page: page(run, mistakes), args.card: str(card(run))}
    stage.check_unchanged()
    for path, text in written.items():
        with whole_file(path) as partial:
            partial.write_text(text, encoding="utf-8")
    print(f"report: {args.page}; card of the model: {args.card}")


def card(run: Run) -> ModelCard:
    """Return the card of the exported model of a run."""
    fetch = run.params["fetch"]
    repo = fetch["repo"] if fetch["source"] == "huggingface" else None
    network = run.params["model"]["name"]
    return model_card(network, run.model, run.data, repo, run.protocol, run.scores, run.exports)


def both_curves(folder: Path, kept: int) -> dict[str, dict[str, np.ndarray]]:
    """Return the curves of the train and the validation split.

    Raises:
        UserError: they are not of the same epochs, or not of the training that kept the epoch `kept`.
    """
    curves = {split: read_curves(folder, split) for split in ("train", "validation")}
    epochs = curves["train"]["step"]
    if not np.array_equal(epochs, curves["validation"]["step"]) or kept not in epochs:
        raise UserError(f"{folder} and the metrics are not of one training; run: dvc repro -f train")
    return curves


if __name__ == "__main__":
    with one_line_errors():
        main()
