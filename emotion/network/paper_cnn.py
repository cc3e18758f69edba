"""The paper's network: Zhekai Liu, "Facial Emotion Detection With CNN", University of Michigan."""

from emotion.config.schema import ModelParams, Precision
from emotion.network.blocks import POLICIES, with_probabilities
from emotion.network.keras_setup import keras, layers
from emotion.network.model import INPUT_SHAPE


def network(params: ModelParams, precision: Precision, classes: int) -> keras.Model:
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
    return with_probabilities(inputs, x, params, classes)
