"""Train the network on the train split; keep the weights that are best on validation.

A training that was killed goes on after its last finished epoch when this is run again.
"""

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from dvclive import Live

from emotion.backend import keras, use_threads
from emotion.checkpoint import run_key
from emotion.duplicates import faulty
from emotion.errors import one_line_errors
from emotion.files import hold, write_json
from emotion.imbalance import adjustment_strength, log_shares
from emotion.intact import check_intact
from emotion.models import each_view, from_pixels, predict, save_model
from emotion.networks import build, shift_logits
from emotion.schema import ModelParams, TrainParams, load_params
from emotion.splits import Split, load_split
from emotion.training import best_epoch, fit


def main() -> None:
    """Read the train and validation splits; write the model, its curves and metrics/training.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("train", type=Path, help="folder of the train split")
    parser.add_argument("validation", type=Path, help="folder of the validation split")
    parser.add_argument("model", type=Path, help="where to write the model")
    parser.add_argument("curves", type=Path, help="folder of the live curves")
    parser.add_argument("metrics", type=Path, help="where to write the metrics")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder of the resume checkpoints")
    args = parser.parse_args()
    every = load_params()
    model_params, params = every["model"], every["train"]
    hold("train")
    check_intact(args.train, args.validation)
    train, validation = load_split(args.train), load_split(args.validation)
    if params.drop_faulty:
        train = without_faulty(train)

    data = [train.images, train.labels, validation.images, validation.labels]
    key = run_key(epoch_settings(model_params, params), data)
    checkpoint = args.checkpoints / key / f"{params.epochs}-{params.patience}.npz"
    hold("lock", checkpoint.parent)  # the same training may run as an experiment in another folder

    use_threads(params.threads)
    keras.utils.set_random_seed(params.seed)
    network = build(model_params, params.precision)
    with Live(str(args.curves), dvcyaml=None, save_dvc_exp=False, report=None) as live:

        def log(entry: dict[str, float]) -> None:
            live.step += 1
            for name, value in entry.items():
                part = "validation" if name.startswith("val_") else "train"
                live.log_metric(f"{part}/{name.removeprefix('val_')}", value)

        history = fit(network, params, train, validation, checkpoint, log)

    best = history[best_epoch(history) - 1]
    flip, shift = model_params.flip_average, model_params.shift_average
    strength = adjust(network, train, validation, flip, shift) if params.logit_adjustment else 0.0
    model = from_pixels(network, flip_average=flip, shift_average=shift)
    save_model(model, args.model)
    accuracy = best["val_accuracy"]
    if flip or shift or params.logit_adjustment:  # the model is no longer the network of that epoch
        accuracy = float((predict(model, validation.images).argmax(axis=1) == validation.labels).mean())
    write_json(
        args.metrics,
        {  # losses with label smoothing and L2
            "best_epoch": best_epoch(history),
            "epochs": len(history),
            "train": {"loss": round(best["loss"], 4), "accuracy": round(best["accuracy"], 4)},
            "validation": {"loss": round(best["val_loss"], 4), "accuracy": round(accuracy, 4)},
            "logit_adjustment": round(strength, 4),
            "parameters": network.count_params(),
        },
    )
    print(f"best epoch {best_epoch(history)} of {len(history)}: {args.model}")


def epoch_settings(model: ModelParams, train: TrainParams) -> dict[str, Any]:
    """Return what steers the epochs, for the name of their checkpoints.

    What only ends a training or comes after it steers none; but a schedule heads for the last epoch. Other
    versions of what computes may round otherwise, and would not end in the weights of a run of their own.
    """
    backend = keras.backend.backend()
    after = {"patience", "logit_adjustment"} | (set() if train.schedule == "cosine" else {"epochs"})
    return {
        "model": model.model_dump(exclude={"flip_average", "shift_average"}),
        "train": train.model_dump(exclude=after),
        "versions": {
            "keras": keras.__version__,
            backend: import_module(backend).__version__,
            "numpy": np.__version__,
        },
    }


def without_faulty(split: Split) -> Split:
    """Return the faces that have more than one grey value, and one label; other copies of a face stay."""
    kept = ~faulty(split.images, split.labels)
    print(f"{np.count_nonzero(~kept):,} faces left out: of a single grey value, or under several labels")
    return Split(split.images[kept], split.labels[kept], split.rows[kept])


def adjust(
    network: keras.Model, train: Split, validation: Split, flip_average: bool, shift_average: int
) -> float:
    """Shift the logits of a trained network towards rare classes; return the strength that was best."""
    shares = log_shares(train.labels)
    views = [predict(model, validation.images) for model in each_view(network, flip_average, shift_average)]
    strength = adjustment_strength(views, validation.labels, shares)
    shift_logits(network, -strength * shares)
    return strength


if __name__ == "__main__":
    with one_line_errors():
        main()
