"""A small network for a CPU."""

from emotion.config.schema import ModelParams, Precision
from emotion.network.blocks import classifier, convolution
from emotion.network.keras_setup import keras, layers
from emotion.network.model import INPUT_SHAPE


def network(params: ModelParams, precision: Precision, classes: int) -> keras.Model:
    """Return a network of 0.6 M weights that takes a quarter of the paper's multiply-adds for an image.

    A stem of stride 2, then convolutions of 3 x 3 at 24, 12 and 6 pixels; the mean over the positions takes
    the place of the paper's wide dense layers. Where maps are pooled it is before they are normalised,
    which has then a quarter of the work.
    """
    inputs = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    x = convolution(inputs, "stem", 24, precision, size=5, strides=2)
    for block, widths in enumerate([(64, 64), (128, 128), (256,)], start=1):
        for number, filters in enumerate(widths, start=1):
            x = convolution(x, f"{block}_{number}", filters, precision, pool=number == 1)
    return classifier(inputs, x, params, classes)
