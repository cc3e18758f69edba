"""Keras, with the settings that TensorFlow or JAX reads when it is first imported or used.

Import Keras from here: `from emotion.network.keras_setup import keras`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from emotion.runtime.errors import UserError
from emotion.runtime.imports import hidden

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # whatever the user's ~/.keras says
# TensorFlow adds up gradients in an order that depends on which operations happen to run side by side.
# One operation at a time, each on all cores, gives the same weights every time.
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # errors only
# By default each process that imports JAX reserves three quarters of the GPU's memory, used or not.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

# Keras and TensorFlow import these where they are installed, for parts of theirs that nothing here uses:
# half of the time of their import, and 200 MB
UNUSED = ["huggingface_hub", "matplotlib", "pandas", "sklearn"]
if os.environ["KERAS_BACKEND"] != "jax":
    UNUSED += ["jax", "scipy"]
GREETING = "^I[0-9]{4} |before absl::InitializeLog"  # lines of level INFO, and the one that announces them


@contextmanager
def without_greeting() -> Iterator[None]:
    """Drop the greeting that TensorFlow's C++ code writes to standard error; let everything else through.

    TF_CPP_MIN_LOG_LEVEL does not reach these lines. A process of its own filters them, so that the reason is
    still printed where TensorFlow ends this process, as on a processor without AVX.
    """
    stderr = os.dup(2)
    with subprocess.Popen(["grep", "-Ev", GREETING], stdin=subprocess.PIPE, stdout=stderr) as rest:
        assert rest.stdin
        os.dup2(rest.stdin.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)


with without_greeting(), hidden(*UNUSED):
    import keras
    from keras import layers

__all__ = ["keras", "layers", "use_threads"]


def use_threads(number: int) -> None:
    """Let TensorFlow share the work of each operation among so many threads, whatever the number of cores.

    Their number decides in which order sums are added up, and so the trained weights; that of the cores
    does not. JAX has no such setting.

    Raises:
        UserError: TensorFlow has already computed in this process, with another number of threads.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(number)
    except RuntimeError as error:
        raise UserError(
            f"train.threads is {number}, but TensorFlow has already computed in this process with another "
            "number of threads: train in a process of its own"
        ) from error
