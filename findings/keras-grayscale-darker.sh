#!/bin/sh
# Keras darkens a grey picture when it turns it to grey.
#
# keras 3.15.1, seen with JAX 0.10.2 (and the same with TensorFlow 2.21). The weights of
# keras.ops.image.rgb_to_grayscale, 0.2989, 0.5870 and 0.1140, add up to 0.9999, and for whole numbers
# the sum is cut off, not rounded. So a picture whose three channels are equal comes out one level
# darker at every level but 0: white 255 becomes 254. keras.layers.RandomGrayscale does the same to
# the pictures that it picks. Pillow gives such a picture back as it was.
# One would expect grey to stay grey: FER-2013 faces saved as RGB files lose a level, and a picture
# that is converted again and again fades.
#
# Seen, for the grey levels 0 to 255:
#   rgb_to_grayscale: 255 of 256 levels one darker, 255 becomes 254
#   RandomGrayscale: 255 of 256 levels one darker, 255 becomes 254
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

levels = np.arange(256, dtype="uint8")
picture = np.stack([levels.reshape(16, 16)] * 3, axis=-1)
for name, grey in [
    ("rgb_to_grayscale", keras.ops.image.rgb_to_grayscale(picture)),
    ("RandomGrayscale", keras.layers.RandomGrayscale(factor=1.0)(picture, training=True)),
]:
    after = np.array(grey)[..., 0].reshape(-1)
    darker = int((after == levels.astype(int) - 1).sum())
    print(f"{name}: {darker} of 256 levels one darker, 255 becomes {after[255]}")
    assert darker == 255 and after[255] == 254, "no longer so"
END
