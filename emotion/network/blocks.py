"""Building blocks that several networks share."""

import numpy as np

from emotion.config.schema import ModelParams, Precision
from emotion.network.keras_setup import keras, layers

# Of the convolutions, and of the pooling of what they give, by train.precision
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
PROBABILITIES = "probabilities"  # name of the last layer of each network


def convolution(
    x: keras.KerasTensor,
    name: str,
    filters: int,
    precision: Precision,
    size: int = 3,
    strides: int = 1,
    pool: bool = False,
    relu: bool = True,
) -> keras.KerasTensor:
    """Return `x` after a convolution, max-pooling if asked for, batch normalisation and, by default, ReLU."""
    x = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,  # the normalisation has one
        dtype=POLICIES[precision],
        name=f"conv_{name}",
    )(x)
    if pool:
        x = layers.MaxPooling2D(2, dtype=POLICIES[precision], name=f"pool_{name}")(x)
    x = layers.BatchNormalization(name=f"norm_{name}")(x)
    return layers.ReLU(name=f"relu_{name}")(x) if relu else x


def classifier(
    inputs: keras.KerasTensor, x: keras.KerasTensor, params: ModelParams, classes: int
) -> keras.Model:
    """Return the network whose last layers are the mean over the positions, dropout and a dense layer."""
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(params.dropout, name="drop")(x)
    return with_probabilities(inputs, x, params, classes)


def with_probabilities(
    inputs: keras.KerasTensor, x: keras.KerasTensor, params: ModelParams, classes: int
) -> keras.Model:
    """Return the network that ends in the layer of the probabilities, one a class."""
    outputs = layers.Dense(classes, activation="softmax", name=PROBABILITIES)(x)
    return keras.Model(inputs, outputs, name=params.name)


def shift_logits(network: keras.Model, shifts: np.ndarray) -> None:
    """Add to the logits of the classes, float (K,), by way of the last layer's bias."""
    bias = network.get_layer(PROBABILITIES).bias
    bias.assign(bias + keras.ops.cast(shifts, bias.dtype))
