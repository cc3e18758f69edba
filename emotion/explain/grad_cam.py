"""Grad-CAM: a coarse map of what in a face spoke for a class.

Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
2017.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from emotion.network.keras_setup import keras, layers

LEAST_SIDE = 6  # cells of a map: the last one of fast_cnn has 3, each a third of the face
BATCH = 64  # faces explained at once, which bounds the memory


class GradCAM:
    """Explains one model.

    What is explained is the last map of its network that has at least 6 x 6 cells. Of a model that averages
    over views it is the network on the face as it is: the other views are its mirror image, and both shifted
    by a few pixels.
    """

    def __init__(self, model: keras.Model) -> None:
        """Divide the model's network at the map.

        Args:
            model: as `emotion.network.model.load_model` returns it, uint8 (N, 48, 48, 1) to probabilities.
        """
        network = next((layer for layer in model.layers if isinstance(layer, keras.Model)), model)
        channels = last_channels(network)
        self._features = keras.Model(network.input, channels)
        if network is not model:  # behind the scaling; its first view is the face as it is
            scaled = network._inbound_nodes[0].input_tensors[0]
            self._features = keras.Model(model.input, self._features(scaled))
        self._tail = keras.Model(channels, network.layers[-1].input)
        self._kernel = network.layers[-1].kernel

    def __call__(self, faces: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return for each face a map of what spoke for a class.

        It is the sum of the network's channels, each weighted by the mean of the gradient of the class's
        logit, without what is negative.

        Args:
            faces: uint8 (N, 48, 48, 1).
            classes: integers (N,), the class to explain of each face.

        Returns:
            float32 (N, height, width), 1 at the largest of each map; 0 all over where nothing spoke for it.
        """
        maps = [np.empty((0, *self._features.output_shape[1:3]), np.float32)]
        for start in range(0, len(faces), BATCH):
            batch = slice(start, start + BATCH)
            channels = self._features(faces[batch], training=False)
            columns = keras.ops.take(self._kernel, classes[batch], axis=1)
            gradients = _gradients(partial(self._logits, columns), channels)
            weights = keras.ops.mean(gradients, axis=(1, 2), keepdims=True)
            weighted = keras.ops.cast(channels * weights, "float32")
            maps.append(np.asarray(keras.ops.relu(keras.ops.sum(weighted, axis=-1))))
        found = np.concatenate(maps)
        largest = found.max(axis=(1, 2), keepdims=True, initial=0)
        explained: np.ndarray = found / np.where(largest > 0, largest, 1)
        return explained

    def _logits(self, columns: Any, channels: Any) -> Any:
        """Return the sum of the logits of one class for each face; its column of the last layer's weights."""
        return keras.ops.sum(self._tail(channels, training=False) * keras.ops.transpose(columns))


def last_channels(network: keras.Model) -> keras.KerasTensor:
    """Return the last output of a layer of a network that is a map of at least 6 x 6 cells.

    That of a convolution before its ReLU does not count, nor does that of a normalisation: there, 0 does not
    mean that nothing is seen.
    """
    return next(
        layer.output
        for layer in reversed(network.layers)
        if len(layer.output.shape) == 4
        and min(layer.output.shape[1:3]) >= LEAST_SIDE
        and not isinstance(layer, layers.BatchNormalization)
        and getattr(layer, "activation", None) is not keras.activations.linear
    )


def _gradients(score: Callable[[Any], Any], at: Any) -> Any:
    """Return the gradient of a number that is a function of an array, with Keras's backend."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(score)(at)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(at)
        number = score(at)
    return tape.gradient(number, at)
