"""Random changes of a face that leave its expression as it is."""

from emotion.backend import keras, layers
from emotion.labels import SIDE


def augmentation(flip: bool, shift: float, zoom: float) -> keras.Model:
    """Return a model that changes faces in training and leaves them alone otherwise.

    Args:
        flip: mirror half of the faces, left to right.
        shift: the farthest shift, as a share of the side, in each direction.
        zoom: the strongest zoom, in and out: 0.1 is 90 % to 110 %.

    Returns:
        A model from pixels (N, 48, 48, 1) to float32 pixels of the same shape; edges are continued.
    """
    pixels = layers.Input((SIDE, SIDE, 1), name="pixels_to_change")
    x = pixels
    if flip:
        x = layers.RandomFlip("horizontal", name="flip")(x)
    if shift:
        x = layers.RandomTranslation(shift, shift, fill_mode="nearest", name="shift")(x)
    if zoom:
        x = layers.RandomZoom((-zoom, zoom), fill_mode="nearest", name="zoom")(x)
    return keras.Model(pixels, x, name="augmentation")
