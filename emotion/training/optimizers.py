"""The optimizer of a training, with its learning rate step by step."""

import math
from typing import Any

from emotion.config.schema import Precision, TrainParams
from emotion.network.keras_setup import keras


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Muon for the kernels of convolutions, AdamW for everything else; Keras's own takes dense layers alone.

    The gradients of a kernel are one matrix, a column for each filter. Source: Jordan et al., "Muon: An
    optimizer for hidden layers in neural networks", 2024; its step has the size of Liu et al., "Muon is
    scalable for LLM training", 2025, section 2.2.
    """

    def __init__(self, *args: Any, precision: Precision = "float32", **options: Any) -> None:
        """Take what Keras's Muon takes, and the precision of its products of matrices.

        In bfloat16 they are quicker, and the step is as good: Jordan et al. compute them so.
        """
        super().__init__(*args, **options)
        self.precision = precision

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4

    def zeropower_via_newtonschulz5(self, x: keras.KerasTensor, steps: int) -> keras.KerasTensor:
        """Return the kernel (K, K, C, D) whose matrix is nearly orthogonal and closest to that of `x`."""
        matrix = keras.ops.reshape(x, (-1, x.shape[-1]))
        if self.precision == "bfloat16":
            matrix /= keras.ops.norm(matrix) + self.epsilon  # in float32: many small squares are added
        near = super().zeropower_via_newtonschulz5(keras.ops.cast(matrix, self.precision), steps)
        return keras.ops.cast(keras.ops.reshape(near, x.shape), x.dtype)

    def lr_adjust(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return a step as large as one of AdamW: 0.2 is the usual root mean square of those."""
        return x * (self.rms_rate * math.sqrt(max(math.prod(x.shape[:-1]), x.shape[-1])))


class Averaging:
    """What a Keras optimizer needs so that its running average of the weights soon forgets the first ones.

    Keras's own average has its full decay from the second step on, so with 0.999 it is close to the weights
    before the training for epochs, while the statistics of batch normalisation follow the current ones:
    validation stays at chance, and patience ends the training. Source of the rise: TensorFlow's
    ExponentialMovingAverage with `num_updates`.
    """

    iterations: keras.Variable

    @property
    def ema_momentum(self) -> keras.KerasTensor:
        """The decay of this step: (1 + steps) / (10 + steps) until that passes the one that was asked for."""
        steps = keras.ops.cast(self.iterations, "float32")
        return keras.ops.minimum(self._full_decay, (1 + steps) / (10 + steps))

    @ema_momentum.setter
    def ema_momentum(self, decay: float) -> None:
        self._full_decay = decay


OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
    "muon": Muon,
}
MUON_ADAM = 0.3  # the learning rate of what Muon leaves to AdamW, as a share of its own


def optimizer(params: TrainParams, epoch_steps: int) -> keras.optimizers.Optimizer:
    """Return a new optimizer; weight decay leaves biases and batch normalisation alone.

    Args:
        params: its name and its settings.
        epoch_steps: the batches of an epoch.
    """
    options: dict[str, Any] = {} if params.weight_decay is None else {"weight_decay": params.weight_decay}
    if params.optimizer == "sgd":
        options |= {"momentum": params.momentum, "nesterov": params.momentum > 0}
    elif params.optimizer == "muon":
        options |= {"momentum": params.momentum, "adam_lr_ratio": MUON_ADAM, "precision": params.precision}
        if params.weight_decay is not None:
            options["adam_weight_decay"] = params.weight_decay
    kind = OPTIMIZERS[params.optimizer]
    if params.average:
        options |= {"use_ema": True, "ema_momentum": params.average}
        kind = type(kind.__name__, (Averaging, kind), {})
    new = kind(learning_rate=learning_rate(params, epoch_steps), **options)
    new.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return new


def learning_rate(
    params: TrainParams, epoch_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return `train.lr`, for `cosine` its rise from zero over the warm-up and its fall to zero at the end."""
    if params.schedule == "constant":
        return params.lr
    steps = params.epochs * epoch_steps
    rise = min(round(params.warmup * steps), steps - 1)
    if not rise:
        return keras.optimizers.schedules.CosineDecay(params.lr, steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - rise, warmup_target=params.lr, warmup_steps=rise
    )
