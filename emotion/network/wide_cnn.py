"""A wider network, for an hour of a CPU."""

from emotion.config.schema import ModelParams, Precision
from emotion.network.blocks import classifier, convolution
from emotion.network.keras_setup import keras, layers
from emotion.network.model import INPUT_SHAPE


def network(params: ModelParams, precision: Precision, classes: int) -> keras.Model:
    """Return a network of 2.6 M weights that takes five times the multiply-adds of `fast_cnn` for an image.

    A stem of stride 2, then two convolutions of 3 x 3 each at 24, 12 and 6 pixels.
    """
    inputs = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    x = convolution(inputs, "stem", 32, precision, size=5, strides=2)
    for block, filters in enumerate((96, 192, 384), start=1):
        x = convolution(x, f"{block}_1", filters, precision)
        x = convolution(x, f"{block}_2", filters, precision, pool=block < 3)
    return classifier(inputs, x, params, classes)
