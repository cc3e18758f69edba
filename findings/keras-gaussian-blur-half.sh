#!/bin/sh
# Keras: RandomGaussianBlur at full strength leaves half of the pictures sharp and blurs the rest alike.
#
# keras 3.15.1, seen with JAX 0.10.2. `factor` is documented as the strength, drawn for each picture, up
# to "the most aggressive blurring" at 1.0. In fact it is the end of the range of a probability: with
# the default of 1.0 half of the pictures are left untouched. All others of the batch get the very
# same blur, drawn once for the batch, up to the width sigma.
# One would expect a batch of equal pictures to come out as many pictures, as from RandomBrightness,
# RandomContrast or RandomSharpness.
#
# Seen, for 1000 copies of one picture:
#   RandomGaussianBlur(1.0): 505 untouched, 2 different pictures
#   RandomSharpness(1.0): 0 untouched, 1000 different pictures
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

picture = np.random.default_rng(0).uniform(0, 255, (1, 48, 48, 1)).astype("float32")
pictures = np.repeat(picture, 1000, axis=0)
for layer, few in [(keras.layers.RandomGaussianBlur, True), (keras.layers.RandomSharpness, False)]:
    after = np.array(layer(1.0, seed=5)(pictures, training=True))
    untouched = int((after == pictures).all(axis=(1, 2, 3)).sum())
    different = len(np.unique(after.reshape(1000, -1), axis=0))
    print(f"{layer.__name__}(1.0): {untouched} untouched, {different} different pictures")
    assert (different == 2 and 400 < untouched < 600) if few else (different > 900 and untouched == 0), "no longer so"
END
