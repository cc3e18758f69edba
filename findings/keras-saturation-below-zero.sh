#!/bin/sh
# Keras: RandomSaturation with its default range makes values down to -1,150 of pixels from 0 to 255.
#
# keras 3.15.1, seen with JAX 0.10.2. The saturation, which is at most 1, is multiplied and then limited to the end of
# value_range, 255, instead of 1; and the colours that follow are not limited at all. With the range (0, 1) the
# layer does what it should. RandomColorJitter uses this layer, with the same default range.
# One would expect pixels within the range, and the same picture in either range.
#
# Seen, of the colour 200, 100, 50, in steps of a 255th:
#   range (0, 1), factor 0.75: 200, 67, 0
#   range (0, 1), factor 0.9: 200, 67, 0
#   range (0, 255), factor 0.75: 200, -100, -250
#   range (0, 255), factor 0.9: 200, -700, -1150
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

colour = np.array([200, 100, 50], "float32").reshape(1, 1, 1, 3)
for upper, factor, seen in [
    (1, 0.75, [200, 67, 0]),
    (1, 0.9, [200, 67, 0]),
    (255, 0.75, [200, -100, -250]),
    (255, 0.9, [200, -700, -1150]),
]:
    layer = keras.layers.RandomSaturation(factor=(factor, factor), value_range=(0, upper))
    saturated = np.asarray(layer(colour / 255 * upper, training=True)).ravel() / upper * 255
    found = [round(float(value)) for value in saturated]
    print(f"range (0, {upper}), factor {factor}: {', '.join(map(str, found))}")
    if found != seen:
        raise SystemExit(f"no longer so; seen was: {seen}")
END
