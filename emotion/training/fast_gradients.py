"""Convolutions and batch normalisation whose gradients are quick with TensorFlow on a CPU.

The functions and weights are those of Keras's own layers; only the order of some additions differs.
This is the one module that imports TensorFlow itself.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from emotion.network.keras_setup import layers


class FastConv2D(layers.Conv2D):  # type: ignore[misc]
    """A convolution of stride 1 and "same" padding that passes its gradient on by a convolution.

    TensorFlow's kernel for that gradient reaches as little as a quarter of the speed of its forward kernel,
    which computes the same thing with the filters turned around and input and output channels exchanged.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Return the convolution of `inputs` (N, H, W, C) with `kernel` (K, K, C, D)."""

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def convolution(
            images: tf.Tensor, filters: tf.Tensor
        ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
            def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                turned = tf.transpose(tf.reverse(filters, axis=[0, 1]), [0, 1, 3, 2])
                of_filters = tf.raw_ops.Conv2DBackpropFilter(
                    input=images,
                    filter_sizes=tf.shape(filters),
                    out_backprop=upstream,
                    strides=[1, 1, 1, 1],
                    padding="SAME",
                )
                return tf.nn.conv2d(upstream, turned, 1, "SAME"), of_filters

            return tf.nn.conv2d(images, filters, 1, "SAME"), gradients

        return convolution(inputs, kernel)


class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation of feature maps by TensorFlow's fused kernel, where Keras takes many steps."""

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """Return `inputs` (N, H, W, C) normalised by the batch in training, else by the moving averages."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            tf.cast(inputs, tf.float32), self.gamma.value, self.beta.value, epsilon=self.epsilon
        )
        values = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)  # of a channel
        variance *= (values - 1) / values  # the kernel divides by one less, Keras does not
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + value * (1.0 - self.momentum))
        return tf.cast(outputs, self.compute_dtype)


def fast_layer(layer: layers.Layer) -> layers.Layer:
    """Return a new layer like `layer`, of a fast class where there is one for it."""
    kind = type(layer)
    if kind is layers.Conv2D and _is_simple_convolution(layer):
        kind = FastConv2D
    elif kind is layers.BatchNormalization and _is_simple_normalization(layer):
        kind = FusedBatchNormalization
    return kind.from_config(layer.get_config())


def _is_simple_convolution(layer: layers.Conv2D) -> bool:
    odd = all(size % 2 for size in layer.kernel_size)
    ones = {*layer.strides, *layer.dilation_rate, layer.groups} == {1}
    return odd and ones and layer.padding == "same" and layer.data_format == "channels_last"


def _is_simple_normalization(layer: layers.BatchNormalization) -> bool:
    whole = layer.center and layer.scale and not (layer.renorm or layer.synchronized)
    return whole and len(layer.input.shape) == 4 and layer.axis in (-1, 3)
