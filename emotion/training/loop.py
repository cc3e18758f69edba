"""One training, epoch by epoch: the same seed gives the same weights, killed and resumed or not."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from emotion.config.schema import TrainParams
from emotion.data.storage import Split
from emotion.network.keras_setup import keras, layers
from emotion.network.model import ANY_SHAPE, INPUT_SHAPE, Shape, from_pixels
from emotion.runtime.errors import UserError
from emotion.training.augmentation import augmentation
from emotion.training.checkpoint import Checkpoint, History, longest_checkpoint, read
from emotion.training.devices import Accuracy, Devices
from emotion.training.epoch import Batch, drawn, in_batches
from emotion.training.loss import loss
from emotion.training.optimizers import optimizer
from emotion.training.progress import End, Epoch, line, title

REPORT_SECONDS = 30  # between two lines of an epoch where no progress bar is shown
ONE = Devices()
TENSORFLOW = keras.backend.backend() == "tensorflow"
if TENSORFLOW:
    from emotion.training.fast_gradients import fast_layer


class Fitted(NamedTuple):
    """What `fit` returns.

    Attributes:
        history: an entry for each epoch: loss and accuracy on train (augmented, with dropout) and validation.
            Losses include the L2 penalty.
        minutes: how long these epochs took, with their validation, those before an interruption included.
    """

    history: History
    minutes: float


def fit(
    network: keras.Model,
    params: TrainParams,
    train: Split,
    validation: Split,
    checkpoint: Path,
    on_epoch: Callable[[dict[str, float]], Any],
    devices: Devices = ONE,
) -> Fitted:
    """Train `network` in place until early stopping, and leave it with its best weights.

    After every epoch the state goes to `checkpoint`. Training goes on from the longest checkpoint of that
    folder that lies on its way: its own after a kill, that of a shorter training after a rise of epochs or
    patience. The best epoch is the first with the highest accuracy on validation.

    Args:
        network: scaled pixels to probabilities, with its initial weights.
        params: how to train.
        train: the faces to learn from; augmented anew in each epoch.
        validation: the faces that choose the best epoch.
        checkpoint: the file for the state, in a folder of trainings that differ in nothing but epochs and
            patience.
        on_epoch: called with the entry of each epoch, those of a resumed training included.
        devices: that train together; call this within their `spread`.

    Raises:
        UserError: the loss is no longer a finite number.
    """
    shape = ANY_SHAPE if params.small_epochs else INPUT_SHAPE
    trained = _copy(network, shape)
    model = from_pixels(trained, augmentation(params, shape))
    model.compile(
        optimizer=optimizer(params, math.ceil(len(train) / params.batch_size)),
        loss=loss(params),
        metrics=["accuracy" if devices.count == 1 else Accuracy(name="accuracy")],
        # XLA's convolutions on a CPU are slower than TensorFlow's own
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    variables = model.variables + model.optimizer.variables
    if TENSORFLOW:
        # Metrics make their variables when they are first used; within a step, that would trace it twice
        nothing = np.zeros((1, len(train.classes)), np.float32)
        model.compute_metrics(None, nothing, nothing)

    history: History = []
    seconds = 0.0
    best = _values(trained.weights)
    paths = checkpoint.parent.glob("*.npz") if devices.first else []
    saved = _shared(longest_checkpoint(paths, lambda past: _on_the_way(past, params)), devices)
    if saved:
        history, seconds, best = saved.history, saved.seconds, saved.best
        _assign(variables, saved.variables)
        print(f"resuming after epoch {len(history)} ({checkpoint.parent})", flush=True)
    for entry in history:
        on_epoch(entry)

    expected = keras.utils.to_categorical(validation.labels, len(validation.classes))
    while len(history) < params.epochs and not _stalled(history, params.patience):
        began, epoch = time.perf_counter(), len(history) + 1
        _reseed(model, params.seed, epoch)
        try:
            name = title(epoch, params.epochs)
            batches = drawn(train, params, epoch)
            entry = _run(model, model.train_on_batch, batches, len(train), devices, name)
            with _averaged(model):
                batches = in_batches([validation.images, expected], params.batch_size)
                known = _run(model, model.test_on_batch, batches, len(validation), devices)
                reached = _values(trained.weights)
        except FloatingPointError as error:
            raise UserError(f"{error} in epoch {epoch}; try a train.lr under {params.lr}") from error
        entry |= {f"val_{name}": value for name, value in known.items()}
        history.append(entry)
        if best_epoch(history) == epoch:
            best = reached
        seconds += time.perf_counter() - began
        state = _values(variables)
        if devices.first:
            Checkpoint(history, seconds, state, best).save(checkpoint)
        on_epoch(entry)
        print(line(Epoch(epoch, params.epochs, entry)), flush=True)

    end = End(len(history), seconds / 60)
    print(line(end), flush=True)
    _assign(network.weights, best)
    _reseed(network, params.seed, 0)
    return Fitted(history, end.minutes)


def _copy(network: keras.Model, shape: Shape) -> keras.Model:
    """Return a network of the same layers and weights to train in its place, for faces of this shape."""
    copy = keras.models.clone_model(
        network, input_tensors=layers.Input(shape), clone_function=fast_layer if TENSORFLOW else None
    )
    copy.set_weights(network.get_weights())
    return copy


def _shared(own: Checkpoint | None, devices: Devices) -> Checkpoint | None:
    """Return the checkpoint of process 0, None where it has none: the others may not see its file."""
    if devices.processes == 1:
        return own
    content = BytesIO()
    if own:
        own.write(content, "")
    given = devices.from_first(content.getvalue())
    return read(BytesIO(given))[0] if given else None


def best_epoch(history: History) -> int:
    """Return the number, from 1, of the first epoch with the highest accuracy on validation."""
    return int(np.argmax([entry["val_accuracy"] for entry in history])) + 1


def _run(
    model: keras.Model,
    step: Callable[..., dict[str, Any]],
    batches: Iterator[Batch],
    rows: int,
    devices: Devices,
    title: str | None = None,
) -> dict[str, float]:
    """Take a step with each batch of images, targets and, if any, weights; return the means over all.

    A title shows a progress bar, or without a terminal a line now and then. A loss that is not finite ends it
    at once with a FloatingPointError.

    A plain loop over batches: one call of `Model.fit` an epoch was seen to stall on its return, idle, for
    up to as long as the epoch had taken (TensorFlow 2.21 on a CPU).
    """
    sums: dict[str, float] = defaultdict(float)
    silent = None if title else True  # None: silent where there is no terminal
    done, reported = 0, time.monotonic()
    with tqdm(desc=title, total=rows, unit=" images", leave=False, disable=silent) as bar:
        for batch in batches:
            model.reset_metrics()  # each step reports its own batch
            logs = step(*devices.share(batch), return_dict=True)
            for name, value in logs.items():
                sums[name] += float(value) * len(batch[0])
            if not math.isfinite(sums["loss"]):
                raise FloatingPointError("the loss is not finite")
            bar.set_postfix(logs, refresh=False)
            bar.update(len(batch[0]))
            done += len(batch[0])
            if title and bar.disable and time.monotonic() >= reported + REPORT_SECONDS:
                reported = time.monotonic()
                print(f"{done:,} of {rows:,} images of {title}", flush=True)
    return {name: value / rows for name, value in sums.items()}


@contextmanager
def _averaged(model: keras.Model) -> Iterator[None]:
    """Give the model the running averages of its weights within the block, if the optimizer keeps them."""
    if not model.optimizer.use_ema:
        yield
        return
    own = _values(model.trainable_variables)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    # A copy, because the variables now share the arrays of the running averages, and JAX reuses the memory of
    # the arrays that a step is given
    _assign(model.trainable_variables, _values(model.trainable_variables))
    yield
    _assign(model.trainable_variables, own)


def _stalled(history: History, patience: int) -> bool:
    return bool(history) and len(history) - best_epoch(history) >= patience


def _on_the_way(history: History, params: TrainParams) -> bool:
    """Say whether a training with these params passes through this history."""
    stopped = any(_stalled(history[:epoch], params.patience) for epoch in range(len(history)))
    return len(history) <= params.epochs and not stopped


def _reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Give each random layer a state that follows from the seed and the epoch alone."""
    states = [variable for variable in model.variables if variable.name == "seed_generator_state"]
    words = np.random.SeedSequence([seed, epoch]).generate_state(2 * len(states))
    _assign(states, list(words.reshape(-1, 2)))


def _values(variables: list[keras.Variable]) -> list[np.ndarray]:
    return [np.array(variable) for variable in variables]


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
