"""A whole training: from two splits to the model that is saved, and its metrics."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emotion.config.schema import ModelParams, TrainParams
from emotion.data.duplicates import faulty
from emotion.data.storage import Chosen, Images, Split
from emotion.network.keras_setup import keras, use_threads
from emotion.network.model import build, from_pixels, in_float32, predict
from emotion.runtime.locks import hold
from emotion.training.checkpoint import run_key, sources
from emotion.training.devices import joined
from emotion.training.logit_adjustment import adjust
from emotion.training.loop import best_epoch, fit


class Trained(NamedTuple):
    """The result of a training.

    Attributes:
        model: uint8 pixels (N, 48, 48, 1) to probabilities (N, K), with the weights of the best epoch; in
            float32 also after a training in bfloat16, which other runtimes do not know.
        metrics: what metrics/training.json holds; losses include label smoothing and L2.
        val_accuracy: the accuracy on validation that the best epoch printed. That of the metrics is the saved
            model's, which may average over views of a face, adjust its logits and compute in float32, as the
            epochs do not.
        minutes: how long the epochs took, those before an interruption included.
    """

    model: keras.Model
    metrics: dict[str, Any]
    val_accuracy: float
    minutes: float


def train_model(
    train: Split,
    validation: Split,
    model_params: ModelParams,
    params: TrainParams,
    checkpoints: Path,
    on_epoch: Callable[[dict[str, float]], Any] = lambda entry: None,
) -> Trained:
    """Train a network, and keep the weights that are best on validation.

    The same splits, parameters and kind of processor give the same weights. A training that was killed goes
    on after its last finished epoch when it is called again. Over several processes all call it alike, and
    process 0 alone locks and writes: emotion.training.devices.

    Args:
        train: the faces to learn from.
        validation: the faces that choose the best epoch and, if asked for, the logit adjustment.
        model_params: which network.
        params: how it is trained.
        checkpoints: folder of the resume checkpoints of all trainings.
        on_epoch: called with the entry of each epoch, those of a resumed training included.

    Raises:
        UserError: the loss is no longer a finite number; or see emotion.training.devices.joined.
        RuntimeError: TensorFlow has already computed something here with other than `train.threads`.
    """
    if params.drop_faulty:
        train = without_faulty(train)
    data: list[Images] = [train.images, train.labels, validation.images, validation.labels]
    if train.targets is not None:
        data.append(train.targets)
    use_threads(params.threads)
    with joined(params.devices) as devices:
        settings = epoch_settings(model_params, params, devices.count)
        key = run_key(settings, data, sources(model_params.name))
        devices.check_same(key)
        checkpoint = checkpoints / key / f"{params.epochs}-{params.patience}.npz"
        if devices.first:
            hold("lock", checkpoint.parent)  # the same training may run as an experiment in another folder
        keras.utils.set_random_seed(params.seed)
        network = build(model_params, params.precision, len(train.classes))
        with devices.spread():
            history, minutes = fit(network, params, train, validation, checkpoint, on_epoch, devices)

    best = history[best_epoch(history) - 1]
    if half := params.precision == "bfloat16":
        network = in_float32(network)
    flip, shift = model_params.flip_average, model_params.shift_average
    strength = adjust(network, train, validation, flip, shift) if params.logit_adjustment else 0.0
    model = from_pixels(network, flip_average=flip, shift_average=shift)
    accuracy = best["val_accuracy"]
    if half or flip or shift or params.logit_adjustment:  # the model is no longer the network of that epoch
        accuracy = float((predict(model, validation.images).argmax(axis=1) == validation.labels).mean())
    metrics = {
        "best_epoch": best_epoch(history),
        "epochs": len(history),
        "train": {"loss": round(best["loss"], 4), "accuracy": round(best["accuracy"], 4)},
        "validation": {"loss": round(best["val_loss"], 4), "accuracy": round(accuracy, 4)},
        "logit_adjustment": round(strength, 4),
        "parameters": network.count_params(),
    }
    return Trained(model, metrics, best["val_accuracy"], minutes)


def summary(trained: Trained, model_params: ModelParams, params: TrainParams) -> str:
    """Say which epoch was kept, and both accuracies on validation where the saved model does more than it."""
    metrics = trained.metrics
    kept = (
        f"best epoch {metrics['best_epoch']} of {metrics['epochs']}: val_accuracy {trained.val_accuracy:.4f}"
    )
    added = {
        "averaging over the mirror image": model_params.flip_average,
        f"averaging over shifts of {model_params.shift_average} px": model_params.shift_average,
        "logit adjustment": params.logit_adjustment,
        "convolutions in float32": params.precision == "bfloat16",
    }
    names = [name for name, used in added.items() if used]
    return f"{kept}, with {' and '.join(names)} {metrics['validation']['accuracy']:.4f}" if names else kept


def epoch_settings(model: ModelParams, train: TrainParams, devices: int = 1) -> dict[str, Any]:
    """Return the settings that decide the epochs, for the key of their checkpoints.

    What only ends a training or follows it is left out, except that under a schedule every step depends on
    the number of epochs. The versions are part of it, because others may round differently: a training that
    they resume would not end in the weights of an uninterrupted one; so is the number of devices above one.
    """
    backend = keras.backend.backend()
    after = {"patience", "logit_adjustment", "devices"}
    if train.schedule != "cosine":
        after.add("epochs")
    return {
        "model": model.model_dump(exclude={"flip_average", "shift_average"}),
        "train": train.model_dump(exclude=after) | ({"devices": devices} if devices > 1 else {}),
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
    targets = None if split.targets is None else split.targets[kept]
    images = Chosen(split.images, np.flatnonzero(kept))
    return Split(images, split.labels[kept], split.rows[kept], split.classes, targets)
