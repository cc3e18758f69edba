#!/bin/sh
# Keras: RandomSharpness darkens the frame of a picture, even of one without a single edge.
#
# keras 3.15.1, seen with JAX 0.10.2. The layer blends a picture with its smoothed copy, and smooths
# as if the picture were surrounded by black. A picture of one brightness, in which there is nothing
# to sharpen or to blur, comes out with a dark frame one pixel wide: 200 becomes 154 at the sides and 123
# in the corners. Above 0.5, where the layer sharpens, the frame becomes brighter instead.
# Pillow's ImageEnhance.Sharpness, which smooths with the same weights, leaves the frame alone.
# One would expect an even picture to stay even; of a face of 48 by 48 pixels the frame is an 8 % part.
#
# Seen, for a picture that is 200 everywhere:
#   RandomSharpness((0, 0)): corner 123, side 154, inside 200
#   RandomSharpness((1, 1)): corner 255, side 246, inside 200
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

even = np.full((1, 48, 48, 1), 200, "float32")
for factor, seen in [(0, [123, 154, 200]), (1, [255, 246, 200])]:
    after = np.array(keras.layers.RandomSharpness((factor, factor))(even, training=True))[0, ..., 0]
    corner, side, inside = (round(float(after[at])) for at in [(0, 0), (0, 24), (24, 24)])
    print(f"RandomSharpness(({factor}, {factor})): corner {corner}, side {side}, inside {inside}")
    assert [corner, side, inside] == seen, "no longer so"
END
