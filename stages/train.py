"""Train the network on the train split; keep the weights that are best on validation.

A training that was killed goes on after its last finished epoch when this is run again.
"""

import argparse
from pathlib import Path

from dvclive import Live

from emotion.backend import keras
from emotion.checkpoint import run_key
from emotion.errors import one_line_errors
from emotion.files import write_json
from emotion.models import ModelParams, from_pixels, paper_cnn, save_model
from emotion.params import load
from emotion.splits import load_split
from emotion.training import TrainParams, best_epoch, fit


def main() -> None:
    """Read the train and validation splits; write the model, its curves and metrics/training.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("processed", type=Path, help="folder of the splits")
    parser.add_argument("model", type=Path, help="where to write the model")
    parser.add_argument("curves", type=Path, help="folder of the live curves")
    parser.add_argument("metrics", type=Path, help="where to write the metrics")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder of the resume checkpoints")
    args = parser.parse_args()
    model_params = load("model", ModelParams)
    params = load("train", TrainParams)
    train = load_split(args.processed, "train")
    validation = load_split(args.processed, "validation")

    settings = {
        "model": model_params.model_dump(),
        "train": params.model_dump(exclude={"epochs", "patience"}),  # they end a training, and steer nothing
        "keras": [keras.__version__, keras.backend.backend()],
    }
    data = [train.images, train.labels, validation.images, validation.labels]
    checkpoint = args.checkpoints / run_key(settings, data) / f"{params.epochs}-{params.patience}.npz"

    keras.utils.set_random_seed(params.seed)
    network = paper_cnn(model_params, params.precision)
    with Live(str(args.curves), dvcyaml=None, save_dvc_exp=False, report=None) as live:

        def log(entry: dict[str, float]) -> None:
            live.step += 1
            for name, value in entry.items():
                part = "validation" if name.startswith("val_") else "train"
                live.log_metric(f"{part}/{name.removeprefix('val_')}", value)

        history = fit(network, params, train, validation, checkpoint, log)

    best = history[best_epoch(history) - 1]
    save_model(from_pixels(network), args.model)
    write_json(
        args.metrics,
        {
            "best_epoch": best_epoch(history),
            "epochs": len(history),
            "train": {"loss": round(best["loss"], 4), "accuracy": round(best["accuracy"], 4)},
            "validation": {"loss": round(best["val_loss"], 4), "accuracy": round(best["val_accuracy"], 4)},
            "parameters": network.count_params(),
        },
    )
    print(f"best epoch {best_epoch(history)} of {len(history)}: {args.model}")


if __name__ == "__main__":
    with one_line_errors():
        main()
