"""Keras, with the settings that TensorFlow or JAX reads when it is first imported or used.

Import Keras from here: `from emotion.network.keras_setup import keras`.
"""

import os

# TensorFlow adds up gradients in an order that depends on which operations happen to run side by side.
# One operation at a time, each on all cores, gives the same weights every time.
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only: it greets at every start
# Else each process that imports JAX would take three quarters of the GPU's memory, used or not.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import keras
from keras import layers

__all__ = ["keras", "layers", "use_threads"]


def use_threads(number: int) -> None:
    """Let TensorFlow share the work of each operation among so many threads, whatever the number of cores.

    Their number decides in which order sums are added up, and so the trained weights; that of the cores
    does not. It must be said before TensorFlow computes anything. JAX has no such setting.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(number)
