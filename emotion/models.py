"""The model and its file: raw uint8 pixels in, seven probabilities out."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np

from emotion.backend import keras, layers
from emotion.errors import UserError
from emotion.files import whole_file
from emotion.labels import CLASSES, SIDE

Shape = tuple[int | None, int | None, int]
INPUT_SHAPE: Shape = (SIDE, SIDE, 1)
ANY_SHAPE: Shape = (None, None, 1)  # faces of any size
BATCH = 256  # images predicted at once, which bounds the memory
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can carry


def from_pixels(
    network: keras.Model, augmentation: keras.Model | None = None, flip_average: bool = False
) -> keras.Model:
    """Return `network` behind its scaling to [0, 1], so that it takes uint8 pixels of the network's shape.

    With `augmentation` between the pixels and the scaling it is the model that is trained; without, the
    one that is saved. Both share the network's weights. With `flip_average` its probabilities are the means
    over the image and its mirror image.
    """
    pixels = x = layers.Input(network.input_shape[1:], dtype="uint8", name="pixels")
    if augmentation is not None:
        x = augmentation(x)
    x = layers.Rescaling(1 / 255, name="rescaling")(x)
    probabilities = network(x)
    if flip_average:
        mirrored = network(keras.ops.flip(x, axis=2))
        probabilities = layers.Average(name="flip_average")([probabilities, mirrored])
    return keras.Model(pixels, probabilities, name="emotion")


def save_model(model: keras.Model, path: Path) -> None:
    """Save a model as a .keras file whose bytes depend on the model alone.

    Keras writes the date into the file's metadata and zip headers, and memory addresses as the
    identities of shared objects; here all are fixed, so that the same training gives the same hash.
    """
    with whole_file(path) as partial:
        dated = partial.with_name(f"{partial.name}.keras")
        try:
            model.save(dated)
            with zipfile.ZipFile(dated) as source, zipfile.ZipFile(partial, "w") as target:
                for name in sorted(source.namelist()):
                    content = source.read(name)
                    if name == "metadata.json":
                        content = json.dumps({"keras_version": keras.__version__}).encode()
                    elif name == "config.json":
                        content = _numbered_identities(content)
                    target.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), content)
        finally:
            dated.unlink(missing_ok=True)


def _numbered_identities(config: bytes) -> bytes:
    """Replace the address of each shared object by its number in the order of first appearance."""
    numbers: dict[bytes, bytes] = {}
    return re.sub(
        rb'("shared_object_id": )([0-9]+)',
        lambda found: found[1] + numbers.setdefault(found[2], str(len(numbers) + 1).encode()),
        config,
    )


def load_model(path: Path) -> keras.Model:
    """Load a model file, refusing code in it and anything that is not pixels to seven probabilities.

    Raises:
        UserError: the file cannot be read as a model, or takes or gives something else.
    """
    if not path.is_file():
        raise UserError(f"{path} is not there; run: dvc repro train (or dvc pull)")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (
        Exception
    ) as error:  # Keras raises whatever its reader met: zipfile, h5py, JSON, key and type errors
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} is not a model that can be loaded ({reason}); run: dvc repro -f train"
        ) from error
    if model.input_shape != (None, *INPUT_SHAPE) or model.inputs[0].dtype != "uint8":
        raise UserError(
            f"{path} takes {model.inputs[0].dtype} {model.input_shape}, must take uint8 {INPUT_SHAPE}"
        )
    if model.output_shape != (None, len(CLASSES)) or model.outputs[0].dtype != "float32":
        raise UserError(
            f"{path} gives {model.outputs[0].dtype} {model.output_shape}, must give {len(CLASSES)} "
            "probabilities in float32"
        )
    return model


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of the seven classes, float64 (N, 7), of images uint8 (N, 48, 48, 1)."""
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate([model.predict_on_batch(batch) for batch in batches]).astype(np.float64)
