"""A wider network for a GPU."""

from emotion.config.schema import ModelParams, Precision
from emotion.network.blocks import classifier, convolution
from emotion.network.keras_setup import keras, layers
from emotion.network.model import INPUT_SHAPE


def network(params: ModelParams, precision: Precision, classes: int) -> keras.Model:
    """Return a network of 4.7 M weights for a GPU: eight convolutions of 3 x 3 at 48, 24, 12 and 6 pixels."""
    inputs = x = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    for block, filters in enumerate((64, 128, 256, 512), start=1):
        if block > 1:
            x = layers.MaxPooling2D(2, name=f"pool_{block - 1}")(x)
        for number in (1, 2):
            x = convolution(x, f"{block}_{number}", filters, precision)
    return classifier(inputs, x, params, classes)
