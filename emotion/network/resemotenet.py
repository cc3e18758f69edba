"""ResEmoteNet, a published residual network."""

from emotion.config.schema import ModelParams, Precision
from emotion.network.blocks import convolution, with_probabilities
from emotion.network.keras_setup import keras, layers
from emotion.network.model import INPUT_SHAPE


def network(params: ModelParams, precision: Precision, classes: int) -> keras.Model:
    """Return ResEmoteNet, of 80 M weights, for grey faces of 48 pixels.

    Source: Roy et al., "ResEmoteNet: Bridging Accuracy and Loss Reduction in Facial Emotion Recognition",
    2024, and its authors' code: three convolutions with max-pooling, squeeze and excitation, three residual
    blocks, four dense layers. There the faces are enlarged to 64 pixels and three channels, and the
    convolutions have a bias, which the normalisation after them takes away.
    """
    inputs = x = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    for filters in (64, 128, 256):
        x = convolution(x, str(filters), filters, precision)
        x = layers.MaxPooling2D(2, name=f"pool_{filters}")(x)
        if filters < 256:
            x = layers.Dropout(params.dropout, name=f"drop_{filters}")(x)
    weights = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    weights = layers.Dense(256 // 16, activation="relu", use_bias=False, name="excite_1")(weights)
    weights = layers.Dense(256, activation="sigmoid", use_bias=False, name="excite_2")(weights)
    x = layers.Multiply(name="excited")([x, weights])
    for filters in (512, 1024, 2048):
        inner = convolution(x, f"{filters}_1", filters, precision, strides=2)
        inner = convolution(inner, f"{filters}_2", filters, precision, relu=False)
        short = convolution(x, f"{filters}_short", filters, precision, size=1, strides=2, relu=False)
        x = layers.ReLU(name=f"relu_{filters}")(layers.Add(name=f"sum_{filters}")([inner, short]))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    for units in (1024, 512, 256):
        x = layers.Dense(units, activation="relu", name=f"dense_{units}")(x)
        x = layers.Dropout(params.dense_dropout, name=f"drop_dense_{units}")(x)
    return with_probabilities(inputs, x, params, classes)
