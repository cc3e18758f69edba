"""The networks: scaled pixels to the probabilities of the seven classes."""

import numpy as np

from emotion.backend import keras, layers
from emotion.labels import CLASSES
from emotion.models import INPUT_SHAPE
from emotion.schema import ModelParams, Precision

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
PROBABILITIES = "probabilities"  # name of the last layer of each network


def build(params: ModelParams, precision: Precision = "float32") -> keras.Model:
    """Return the network that `model.name` names, with new weights.

    Args:
        params: its dropout rates and the strength of L2.
        precision: what the convolutions compute in. Everything else stays float32, because
            element-wise bfloat16 is slow on CPUs and costs accuracy in batch normalisation.

    Returns:
        A model from float32 (N, 48, 48, 1) in [0, 1] to probabilities float32 (N, 7).
    """
    networks = {
        "paper_cnn": paper_cnn,
        "fast_cnn": fast_cnn,
        "strong_cnn": strong_cnn,
        "resemotenet": resemotenet,
    }
    return networks[params.name](params, precision)


def paper_cnn(params: ModelParams, precision: Precision) -> keras.Model:
    """Return the paper's five-block network with new weights.

    Blocks: convolutions of 32 and 64; 128; 256 with L2; 512 with L2, each block ending in batch
    normalisation, max-pooling and dropout; then dense layers of 256 and 128.
    """

    def convolution(filters: int, l2: float = 0.0) -> layers.Layer:
        return layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            dtype=POLICIES[precision],
            name=f"conv_{filters}",
        )

    inputs = x = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    x = convolution(32)(x)
    for filters, l2 in [(64, 0.0), (128, 0.0), (256, params.l2), (512, params.l2)]:
        x = convolution(filters, l2)(x)
        x = layers.BatchNormalization(name=f"norm_{filters}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{filters}")(x)
        rate = params.dropout if filters == 64 else params.conv_dropout
        x = layers.Dropout(rate, name=f"drop_{filters}")(x)
    x = layers.Flatten(name="flatten")(x)
    for units in (256, 128):
        x = layers.Dense(units, activation="relu", name=f"dense_{units}")(x)
        x = layers.BatchNormalization(name=f"norm_dense_{units}")(x)
        x = layers.Dropout(params.dense_dropout, name=f"drop_dense_{units}")(x)
    return _with_probabilities(inputs, x, params)


def fast_cnn(params: ModelParams, precision: Precision) -> keras.Model:
    """Return a network of 0.6 M weights that takes a quarter of the paper's multiply-adds for an image.

    A stem of stride 2, then convolutions of 3 x 3 at 24, 12 and 6 pixels; the mean over the positions takes
    the place of the paper's wide dense layers. Where maps are pooled it is before they are normalised,
    which has then a quarter of the work.
    """
    inputs = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    x = _convolution(inputs, "stem", 24, precision, size=5, strides=2)
    for block, widths in enumerate([(64, 64), (128, 128), (256,)], start=1):
        for number, filters in enumerate(widths, start=1):
            x = _convolution(x, f"{block}_{number}", filters, precision, pool=number == 1)
    return _classifier(inputs, x, params)


def strong_cnn(params: ModelParams, precision: Precision) -> keras.Model:
    """Return a network of 4.7 M weights for a GPU: eight convolutions of 3 x 3 at 48, 24, 12 and 6 pixels."""
    inputs = x = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    for block, filters in enumerate((64, 128, 256, 512), start=1):
        if block > 1:
            x = layers.MaxPooling2D(2, name=f"pool_{block - 1}")(x)
        for number in (1, 2):
            x = _convolution(x, f"{block}_{number}", filters, precision)
    return _classifier(inputs, x, params)


def resemotenet(params: ModelParams, precision: Precision) -> keras.Model:
    """Return ResEmoteNet, of 80 M weights, for grey faces of 48 pixels.

    Source: Roy et al., "ResEmoteNet: Bridging Accuracy and Loss Reduction in Facial Emotion Recognition",
    2024, and its authors' code: three convolutions with max-pooling, squeeze and excitation, three residual
    blocks, four dense layers. There the faces are enlarged to 64 pixels and three channels, and the
    convolutions have a bias, which the normalisation after them takes away.
    """
    inputs = x = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    for filters in (64, 128, 256):
        x = _convolution(x, str(filters), filters, precision)
        x = layers.MaxPooling2D(2, name=f"pool_{filters}")(x)
        if filters < 256:
            x = layers.Dropout(params.dropout, name=f"drop_{filters}")(x)
    weights = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    weights = layers.Dense(256 // 16, activation="relu", use_bias=False, name="excite_1")(weights)
    weights = layers.Dense(256, activation="sigmoid", use_bias=False, name="excite_2")(weights)
    x = layers.Multiply(name="excited")([x, weights])
    for filters in (512, 1024, 2048):
        inner = _convolution(x, f"{filters}_1", filters, precision, strides=2)
        inner = _convolution(inner, f"{filters}_2", filters, precision, relu=False)
        short = _convolution(x, f"{filters}_short", filters, precision, size=1, strides=2, relu=False)
        x = layers.ReLU(name=f"relu_{filters}")(layers.Add(name=f"sum_{filters}")([inner, short]))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    for units in (1024, 512, 256):
        x = layers.Dense(units, activation="relu", name=f"dense_{units}")(x)
        x = layers.Dropout(params.dense_dropout, name=f"drop_dense_{units}")(x)
    return _with_probabilities(inputs, x, params)


def _convolution(
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
        x = layers.MaxPooling2D(2, name=f"pool_{name}")(x)
    x = layers.BatchNormalization(name=f"norm_{name}")(x)
    return layers.ReLU(name=f"relu_{name}")(x) if relu else x


def _classifier(inputs: keras.KerasTensor, x: keras.KerasTensor, params: ModelParams) -> keras.Model:
    """Return the network whose last layers are the mean over the positions, dropout and a dense layer."""
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dropout(params.dropout, name="drop")(x)
    return _with_probabilities(inputs, x, params)


def _with_probabilities(inputs: keras.KerasTensor, x: keras.KerasTensor, params: ModelParams) -> keras.Model:
    """Return the network that ends in the layer of the seven probabilities."""
    outputs = layers.Dense(len(CLASSES), activation="softmax", name=PROBABILITIES)(x)
    return keras.Model(inputs, outputs, name=params.name)


def shift_logits(network: keras.Model, shifts: np.ndarray) -> None:
    """Add to the logits of the classes, float (7,), by way of the last layer's bias."""
    bias = network.get_layer(PROBABILITIES).bias
    bias.assign(bias + keras.ops.cast(shifts, bias.dtype))
