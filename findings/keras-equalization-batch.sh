#!/bin/sh
# Keras: Equalization equalises a batch as if it were one picture, and with training=False not at all.
#
# keras 3.15.1, seen with JAX 0.10.2. The layer takes one histogram for each channel of the batch: what becomes
# of a face depends on the faces beside it. A dark one beside a bright one stays dark, which is what
# equalisation is there to prevent, and alone it comes out otherwise. With training=False the pictures stay as
# they are, so that a network that learnt from equalised faces is asked about others.
# One would expect the histogram of each picture, and what the documentation says: "At inference time, the
# equalization is consistently applied".
#
# Seen, the least and the greatest level of a picture whose levels are 20 to 59:
#   alone: 0 to 255
#   beside one of 180 to 219: 0 to 126
#   with training=False: 20 to 59
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

rows, columns = np.meshgrid(np.arange(40), np.arange(40), indexing="ij")
dark = (20 + (rows + columns) % 40).astype("float32")[None, :, :, None]
bright = dark + 160
layer = keras.layers.Equalization()
for where, picture, seen in [
    ("alone", layer(dark, training=True), (0, 255)),
    ("beside one of 180 to 219", layer(np.concatenate([dark, bright]), training=True)[:1], (0, 126)),
    ("with training=False", layer(dark, training=False), (20, 59)),
]:
    levels = np.asarray(picture)
    found = (int(levels.min()), int(levels.max()))
    print("{}: {} to {}".format(where, *found))
    if found != seen:
        raise SystemExit(f"no longer so; seen was: {seen}")
END
