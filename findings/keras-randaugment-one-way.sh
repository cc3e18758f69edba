#!/bin/sh
# Keras: RandAugment turns pictures by up to 180 degrees, and always to the same side.
#
# keras 3.15.1, seen with JAX 0.10.2. The factor of the layer, 0.5 by default, becomes the pair (0, 0.5) and
# goes as that to the layers for rotation, translation and brightness, which take a pair for the range, not for
# the strength: an angle from 0 to half a turn, counterclockwise; a shift from 0 to half of the picture, one way;
# a brightness that only rises. A face is turned upside down, and never a little to the other side. AugMix
# does the same: its 0.3 turns pictures by 0 to 108 degrees.
# One would expect what the paper named by the layer does, and what a single number means to each of these
# layers: both ways, and 30 degrees at the most.
#
# Seen, with two dots in each of 1,920 pictures, and one operation:
#   counterclockwise: 128 pictures, by 5 to 180 degrees; clockwise: 0
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

SIDE, CALLS, BATCH = 65, 60, 32
MIDDLE = SIDE // 2
DISTANCE = 11  # between the dots
picture = np.zeros((SIDE, SIDE, 1), "float32")
for value, right in [(128, 0), (255, DISTANCE)]:
    x = MIDDLE + right
    picture[MIDDLE - 1 : MIDDLE + 2, x - 1 : x + 2] = value


def place(picture, value):
    """The middle of the dot of this value, to the right of and above the middle of the picture."""
    y, x = np.nonzero(picture == value)
    return (x.mean() - MIDDLE, MIDDLE - y.mean()) if len(y) else (np.nan, np.nan)


keras.utils.set_random_seed(1)
layer = keras.layers.RandAugment(num_ops=1, interpolation="nearest")
pictures = np.concatenate([layer(np.stack([picture] * BATCH), training=True) for _ in range(CALLS)])[..., 0]
inner, outer = (np.array([place(each, value) for each in pictures]) for value in (128, 255))
angles = np.degrees(np.arctan2(outer[:, 1], outer[:, 0])) % 360
# Of all operations rotation alone leaves one dot in the middle and the other one at its distance
around = (np.abs(inner).max(axis=1) < 0.6) & (np.abs(np.hypot(*outer.T) - DISTANCE) < 1)
left = angles[around & (angles > 4) & (angles < 184)]
right = angles[around & (angles >= 184) & (angles < 356)]
found = (len(left), round(left.min()), round(left.max()), len(right))
print("counterclockwise: {} pictures, by {} to {} degrees; clockwise: {}".format(*found))
if found != (128, 5, 180, 0):
    raise SystemExit("no longer so; seen was: (128, 5, 180, 0)")
END
