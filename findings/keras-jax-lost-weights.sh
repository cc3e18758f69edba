#!/bin/sh
# Keras on JAX: a model has no weights left after its data source failed once in predict or evaluate.
#
# keras 3.15.1 with JAX 0.10.2. While predict and evaluate run, the JAX backend takes the weights out
# of the model, and it puts them back only when the run comes to its end. If the data source raises
# in between (here an OSError in the second batch, as of a disk that is busy), the caller who catches
# that error holds an empty model: predict, get_weights and save fail with "'NoneType' object is not
# callable". fit puts the weights back; with TensorFlow predict and evaluate keep them, too.
# One would expect that reading from a model leaves it as it is, so that one can simply try again.
#
# Seen:
#   predict: the model has lost its weights
#   evaluate: the model has lost its weights
#   fit: the model has its weights
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet keras==3.15.1 jax==0.10.2 jaxlib==0.10.2
export HOME="$work" KERAS_BACKEND=jax JAX_PLATFORMS=cpu

cd "$work"
venv/bin/python - <<'END'
import keras
import numpy as np


class Faces(keras.utils.PyDataset):
    """Three batches, of which the second cannot be read."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if index == 1:
            raise OSError("the disk is busy")
        return np.zeros((4, 48, 48, 1), "float32"), np.zeros((4, 7), "float32")


def has_weights(model):
    try:
        return len(model.get_weights()) == 2
    except TypeError:
        return False


for method, seen in [("predict", False), ("evaluate", False), ("fit", True)]:
    model = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7)])
    model.compile("sgd", "mse")
    try:
        getattr(model, method)(Faces(), verbose=0)
        raise SystemExit("the error did not arrive")
    except OSError:
        pass
    print(f"{method}: the model has {'its' if has_weights(model) else 'lost its'} weights")
    assert has_weights(model) == seen, "no longer so"
END
