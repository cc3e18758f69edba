"""What a network costs."""

import math

from emotion.network.keras_setup import keras, layers


def multiply_adds(network: keras.Model) -> int:
    """Return the multiplications, each with its addition, of convolutions and dense layers for one image."""
    total = 0
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D):
            total += math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
        elif isinstance(layer, layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total
