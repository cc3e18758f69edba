#!/bin/sh
# Keras: RandomPosterization(n), "the number of bits to keep", keeps fewer bits than n and never n.
#
# keras 3.15.1, seen with JAX 0.10.2. A single number is taken for the end of a range that begins at 1,
# and that end is never drawn: 4 keeps 1, 2 or 3 bits, 2 always keeps 1, and 8, which should leave
# the picture as it is, always changes it (1 keeps 1). For n bits one must write (n, n).
# One would expect n bits, as the documentation says, or at most n.
#
# Seen, in 200 pictures that have all 256 levels:
#   RandomPosterization(2) keeps bits: [1]
#   RandomPosterization(4) keeps bits: [1, 2, 3]
#   RandomPosterization(8) keeps bits: [1, 2, 3, 4, 5, 6, 7]
#   RandomPosterization((8, 8)) keeps bits: [8]
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

pictures = np.tile(np.arange(256, dtype="float32").reshape(1, 16, 16, 1), (200, 1, 1, 1))
for factor, seen in [(2, [1]), (4, [1, 2, 3]), (8, [1, 2, 3, 4, 5, 6, 7]), ((8, 8), [8])]:
    after = np.array(keras.layers.RandomPosterization(factor, seed=1)(pictures, training=True))
    bits = sorted({int(np.log2(len(np.unique(picture)))) for picture in after})
    print(f"RandomPosterization({factor}) keeps bits: {bits}")
    assert bits == seen, "no longer so"
END
