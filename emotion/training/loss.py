"""The loss of a training."""

from emotion.config.schema import TrainParams
from emotion.network.keras_setup import keras


def loss(params: TrainParams) -> keras.losses.Loss:
    """Return the loss: cross-entropy, or focal loss (Lin et al., ICCV 2017, equation 4)."""
    if params.focal_gamma == 0:
        return keras.losses.CategoricalCrossentropy(label_smoothing=params.label_smoothing)
    return keras.losses.CategoricalFocalCrossentropy(
        alpha=1.0, gamma=params.focal_gamma, label_smoothing=params.label_smoothing
    )
