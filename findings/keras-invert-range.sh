#!/bin/sh
# Keras: RandomInvert with the range (-1, 1) makes pictures of 0 to 2.
#
# keras 3.15.1, seen with JAX 0.10.2. The layer takes the values from the upper end of value_range, as is right
# for a range that begins at 0. Pictures from -1 to 1, as MobileNet and Xception take them, come out
# from 0 to 2: middle grey, 0, becomes white, 1, and black becomes 2.
# One would expect the complement within the range, lower + upper - value: here -value.
#
# Seen, of -1, 0 and 1: 2, 1 and 0
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

picture = np.array([-1, 0, 1], "float32").reshape(1, 1, 3, 1)
inverted = keras.layers.RandomInvert(factor=(1, 1), value_range=(-1, 1))(picture, training=True)
found = np.asarray(inverted).ravel().tolist()
print("of -1, 0 and 1: {:g}, {:g} and {:g}".format(*found))
if found != [2, 1, 0]:
    raise SystemExit("no longer so; seen was: 2, 1 and 0")
END
