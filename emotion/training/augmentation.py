"""Random changes of a face that leave its expression as it is."""

import math

import numpy as np

from emotion.config.schema import TrainParams
from emotion.labels import SIDE
from emotion.network.keras_setup import keras, layers
from emotion.network.model import BATCH, INPUT_SHAPE, Shape

PIXELS = (0, 255)  # the range of the values
WHOLE = 256  # parts of a weight in `shrunk`: with 8 bits each way and 8 of the pixel it takes 24


def augmentation(params: TrainParams, shape: Shape = INPUT_SHAPE) -> keras.Model:
    """Return a model that changes faces in training and leaves them alone otherwise.

    Args:
        params: `shift` to `erase`; what is 0 or false is left out. With `resample` the zoom is left out, too:
            the faces that are resampled have had it.
        shape: of a face, ANY_SHAPE for faces of any size.

    Returns:
        A model from pixels (N, *shape) to float32 pixels of the same shape; edges are continued.
    """
    pixels = layers.Input(shape, name="pixels_to_change")
    x = pixels
    if params.flip:
        x = layers.RandomFlip("horizontal", name="flip")(x)
    if params.shift:
        # By whole pixels: interpolation would blur the faces, and those to be recognised are not blurred
        x = layers.RandomTranslation(
            params.shift, params.shift, fill_mode="nearest", interpolation="nearest", name="shift"
        )(x)
    zoom = 0.0 if params.resample else params.zoom
    if params.rotation:
        x = RotationAndZoom(params.rotation, zoom, name="rotation_and_zoom")(x)
    elif zoom:
        x = layers.RandomZoom((-zoom, zoom), fill_mode="nearest", name="zoom")(x)
    if params.light:
        x = layers.RandomBrightness(params.light, value_range=PIXELS, name="brightness")(x)
        x = layers.RandomContrast(params.light, value_range=PIXELS, name="contrast")(x)
    if params.erase:
        share = (params.erase, params.erase)  # a single number would be the largest share
        x = layers.RandomErasing(share, scale=(0.02, 0.2), value_range=PIXELS, name="erase")(x)
    model = keras.Model(pixels, x, name="augmentation")
    if keras.backend.backend() == "jax":
        for layer in model.layers:
            layer.supports_jit = True  # Keras denies it of some, for the sake of TensorFlow
    return model


class RotationAndZoom(layers.Layer):  # type: ignore[misc]
    """Rotates and zooms each face in one step; each pixel is the nearest one, so that nothing is blurred."""

    def __init__(self, degrees: float, zoom: float, name: str) -> None:
        """Take the largest rotation and zoom, each way."""
        super().__init__(name=name)
        self.radians, self.zoom = math.radians(degrees), zoom
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, faces: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Return faces (N, side, side, 1), in training changed about their middle; edges are continued."""
        if not training:
            return faces
        ops = keras.ops
        drawn = keras.random.uniform((ops.shape(faces)[0], 2), -1, 1, seed=self.seed_generator)
        angle, scale = self.radians * drawn[:, 0], 1 + self.zoom * drawn[:, 1]
        # Each pixel (x, y) is taken from (cos x - sin y + right, sin x + cos y + down)
        cos, sin, zero = scale * ops.cos(angle), scale * ops.sin(angle), ops.zeros_like(angle)
        middle = (ops.cast(ops.shape(faces)[1], "float32") - 1) / 2
        right, down = middle * (1 - cos + sin), middle * (1 - sin - cos)
        sources = ops.stack([cos, -sin, right, sin, cos, down, zero, zero], axis=1)
        return ops.image.affine_transform(faces, sources, interpolation="nearest", fill_mode="nearest")


def shrunk(images: np.ndarray, side: int) -> np.ndarray:
    """Return faces uint8 (N, 48, 48, 1) as uint8 (N, side, side, 1); each pixel is a weighted mean.

    All sums are whole numbers up to 2^24, which float32 holds exactly: the result is the same whatever the
    order in which a processor adds them up.
    """
    shares = pixel_shares(side)
    smaller = np.empty((len(images), side, side, 1), np.uint8)
    for start in range(0, len(images), BATCH):
        faces = images[start : start + BATCH, :, :, 0].astype(np.float32)
        smaller[start : start + BATCH, :, :, 0] = np.rint(shares @ faces @ shares.T / WHOLE**2)
    return smaller


def pixel_shares(side: int) -> np.ndarray:
    """Return in row i what each of 48 pixels in a line gives to pixel i of `side`, float32, in sum WHOLE.

    They fall off linearly up to the middles of the neighbours, as in any antialiased bilinear reduction.
    """
    step = SIDE / side
    middles = (np.arange(side) + 0.5) * step - 0.5
    near = np.maximum(0, 1 - np.abs(np.arange(SIDE) - middles[:, None]) / step)
    shares: np.ndarray = np.rint(near / near.sum(axis=1, keepdims=True) * WHOLE)
    shares[np.arange(side), shares.argmax(axis=1)] += WHOLE - shares.sum(axis=1)
    return shares.astype(np.float32)
