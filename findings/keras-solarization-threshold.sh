#!/bin/sh
# Keras: Solarization with the factors (0.5, 0.5) does not invert above the middle, but above anything below it.
#
# keras 3.15.1, seen with JAX 0.10.2. Factors are parts of the range of values. Of a pair (lower, upper) the
# layer multiplies only the upper one by 255: (0.5, 0.5), a fixed threshold of 127.5, draws one from 0.5 to
# 127.5 for each picture, and (0.9, 1) one from 0.9 to 255, which inverts about half of the pictures by half
# or more where the brightest tenth at most was meant. addition_factor is the same. A single number, which
# means from 0, hides it.
# One would expect what the documentation says: the factor times the range of values.
#
# Seen, in 200 pictures that have all 256 levels (the first level that is inverted; what is added):
#   threshold_factor=(0.5, 0.5): from 1 to 126
#   threshold_factor=(0.9, 1.0): from 2 to 252
#   addition_factor=(0.5, 0.5): from 1 to 127
#   addition_factor=(0.9, 1.0): from 1 to 254
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

levels = np.arange(256, dtype="float32")
pictures = np.tile(levels.reshape(1, 16, 16, 1), (200, 1, 1, 1))


def solarized(**factor):
    """The values that the levels get, for each picture."""
    return np.array(keras.layers.Solarization(seed=1, **factor)(pictures, training=True)).reshape(200, 256)


def same(what, values, seen):
    ends = (round(float(values.min())), round(float(values.max())))
    print(f"{what}: from {ends[0]} to {ends[1]}")
    if ends != seen:
        raise SystemExit(f"no longer so; seen was: {seen}")


for factor, seen in [((0.5, 0.5), (1, 126)), ((0.9, 1.0), (2, 252))]:
    thresholds = (solarized(threshold_factor=factor) != levels).argmax(axis=1)
    same(f"threshold_factor={factor}", thresholds, seen)
for factor, seen in [((0.5, 0.5), (1, 127)), ((0.9, 1.0), (1, 254))]:
    added = 255 - solarized(addition_factor=factor)[:, 0]
    same(f"addition_factor={factor}", added, seen)
END
