#!/bin/sh
# Keras: half of what RandomErasing fills in as noise is black, and a sixth is white.
#
# keras 3.15.1, seen with JAX 0.10.2. The noise is normal about 0, the lower end of the default range, with a
# standard deviation of 255, and is then cut off at 0 and 255: an erased patch is dark, at a third of the range.
# With the range (-1, 1) the noise is about the middle, so that the same layer erases otherwise before a scaling
# than behind it.
# One would expect noise over the range: uniform, as in the paper that the layer names, or normal about its
# middle.
#
# Seen, of 64 pictures erased all over:
#   range (0, 255): 50 % at the lower end, 16 % at the upper end, mean 0.32 of the range
#   range (-1, 1): 16 % at the lower end, 16 % at the upper end, mean 0.50 of the range
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

for lower, upper, seen in [(0, 255, (50, 16, 0.32)), (-1, 1, (16, 16, 0.50))]:
    pictures = np.full((64, 48, 48, 1), (lower + upper) / 2, "float32")
    layer = keras.layers.RandomErasing(factor=(1, 1), scale=(1, 1), value_range=(lower, upper), seed=1)
    noise = np.asarray(layer(pictures, training=True))
    shares = [round(100 * float((noise == end).mean())) for end in (lower, upper)]
    found = (*shares, round((float(noise.mean()) - lower) / (upper - lower), 2))
    print(
        f"range ({lower}, {upper}): {found[0]} % at the lower end, {found[1]} % at the upper end, "
        f"mean {found[2]:.2f} of the range"
    )
    if found != seen:
        raise SystemExit(f"no longer so; seen was: {seen}")
END
