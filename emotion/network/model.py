"""The model and its file: raw uint8 pixels in, a probability for each class out."""

import json
import re
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from emotion.config.schema import ModelParams, Precision
from emotion.data.storage import Images
from emotion.labels import CLASSES, SIDE
from emotion.network.keras_setup import keras, layers
from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file

Shape = tuple[int | None, int | None, int]
INPUT_SHAPE: Shape = (SIDE, SIDE, 1)
ANY_SHAPE: Shape = (None, None, 1)  # faces of any size
BATCH = 64  # images predicted at once, which bounds the memory; two networks gave the same bits with 256
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can carry


def build(params: ModelParams, precision: Precision = "float32", classes: int = len(CLASSES)) -> keras.Model:
    """Return the network that `model.name` names, with new weights: each has a module of its own here.

    Args:
        params: its dropout rates and the strength of L2.
        precision: what the convolutions compute in, and the pooling of what they give. Everything else stays
            float32, because element-wise bfloat16 is slow on CPUs and costs accuracy in batch normalisation.
        classes: how many probabilities it gives: K.

    Returns:
        A model from float32 (N, 48, 48, 1) in [0, 1] to probabilities float32 (N, K).
    """
    network: keras.Model = import_module(f"emotion.network.{params.name}").network(params, precision, classes)
    return network


def in_float32(network: keras.Model) -> keras.Model:
    """Return the same network with every layer in float32, as every runtime and processor computes it."""

    def layer_in_float32(layer: layers.Layer) -> layers.Layer:
        return type(layer).from_config(layer.get_config() | {"dtype": "float32"})

    copy = keras.models.clone_model(network, clone_function=layer_in_float32)
    for new, old in zip(copy.variables, network.variables, strict=True):
        new.assign(old)
    return copy


def from_pixels(
    network: keras.Model,
    augmentation: keras.Model | None = None,
    flip_average: bool = False,
    shift_average: int = 0,
) -> keras.Model:
    """Return `network` behind its scaling to [0, 1], so that it takes uint8 pixels of the network's shape.

    With `augmentation` between the pixels and the scaling it is the model that is trained; without, the
    one that is saved. Both share the network's weights. With an average its probabilities are the means over
    the views of the image: it and its mirror image, and both shifted by so many pixels in four directions.
    """
    pixels = x = layers.Input(network.input_shape[1:], dtype="uint8", name="pixels")
    if augmentation is not None:
        x = augmentation(x)
    x = layers.Rescaling(1 / 255, name="rescaling")(x)
    probabilities = [network(view) for view in _views(x, flip_average, shift_average)]
    mean = layers.Average(name="mean")(probabilities) if len(probabilities) > 1 else probabilities[0]
    return keras.Model(pixels, mean, name="emotion")


def each_view(network: keras.Model, flip_average: bool, shift_average: int) -> list[keras.Model]:
    """Return the models over which `from_pixels` averages, each from uint8 pixels to probabilities."""
    pixels = layers.Input(network.input_shape[1:], dtype="uint8")
    views = _views(layers.Rescaling(1 / 255)(pixels), flip_average, shift_average)
    return [keras.Model(pixels, network(view)) for view in views]


def _views(x: keras.KerasTensor, flip_average: bool, shift_average: int) -> list[keras.KerasTensor]:
    """Return a batch of images as it is, shifted, and all mirrored; a shift continues the edges."""
    views, far = [x], shift_average
    if far:
        wider = keras.ops.pad(x, ((0, 0), (far, far), (far, far), (0, 0)), mode="symmetric")
        centre, near, beyond = (far, far), (0, 2 * far), (2 * far, 0)
        borders = ((near, centre), (beyond, centre), (centre, near), (centre, beyond))
        views += [layers.Cropping2D(border)(wider) for border in borders]
    if flip_average:
        views += [keras.ops.flip(view, axis=2) for view in views]
    return views


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
                        content = _numbered_identities(_readable_by_older_releases(content))
                    target.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), content)
        finally:
            dated.unlink(missing_ok=True)


def _readable_by_older_releases(config: bytes) -> bytes:
    """Leave out the options that older releases of Keras do not know and that change nothing here.

    They are the options that are null, those of batch renormalisation where there is none, and the names of
    plain operations, which stand beside them anyway. Keras 3.5 to 3.14 open the rest; without this none does.
    """

    def shorter(entry: dict[str, Any]) -> dict[str, Any]:
        options = entry.get("config")
        if "class_name" in entry and isinstance(options, dict):
            renorm = options.get("renorm", True)
            operation = str(entry.get("module")).startswith("keras.src.ops")
            entry["config"] = {
                name: value
                for name, value in options.items()
                if value is not None
                and (renorm or not name.startswith("renorm"))
                and not (operation and name == "name")
            }
        return entry

    return json.dumps(json.loads(config, object_hook=shorter)).encode()


def _numbered_identities(config: bytes) -> bytes:
    """Replace the address of each shared object by its number in the order of first appearance."""
    numbers: dict[bytes, bytes] = {}
    return re.sub(
        rb'("shared_object_id": )([0-9]+)',
        lambda found: found[1] + numbers.setdefault(found[2], str(len(numbers) + 1).encode()),
        config,
    )


def load_model(path: Path, classes: int = len(CLASSES)) -> keras.Model:
    """Load a model file, refusing code in it and anything that is not pixels to probabilities.

    The model takes faces, cropped as those that it was trained on. Of a whole photo, made small enough to
    fit, it gives probabilities as well, and they mean nothing.

    Args:
        path: the file.
        classes: how many probabilities it must give.

    Raises:
        UserError: the file cannot be read as a model, or used as one, or takes or gives something else.
    """
    if not path.is_file():
        raise UserError(f"{path} is not there; run: dvc repro train (or dvc pull)")
    try:
        return _load(path, classes)
    except UserError:
        raise
    except Exception as error:  # whatever Keras met: zipfile, h5py, JSON, key, type and attribute errors
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} is not a model that can be loaded ({reason}); run: dvc repro -f train"
        ) from error


def _load(path: Path, classes: int) -> keras.Model:
    with zipfile.ZipFile(path) as file:
        json.loads(file.read("config.json"), object_hook=_refuse_lambda)
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    if model.input_shape != (None, *INPUT_SHAPE) or model.inputs[0].dtype != "uint8":
        raise UserError(
            f"{path} takes {model.inputs[0].dtype} {model.input_shape}, must take uint8 {INPUT_SHAPE}"
        )
    if model.output_shape != (None, classes) or model.outputs[0].dtype != "float32":
        raise UserError(
            f"{path} gives {model.outputs[0].dtype} {model.output_shape}, must give {classes} "
            "probabilities in float32"
        )
    rows = len(predict(model, np.zeros((1, SIDE, SIDE, 1), np.uint8)))  # layers that do not fit fail here
    if rows != 1:
        raise UserError(f"{path} gives {rows} rows for a face, must give one")
    return model


def _refuse_lambda(entry: dict[str, Any]) -> dict[str, Any]:
    """Refuse a Lambda layer, whatever its function: it runs code, and no network of this project has one."""
    if entry.get("class_name") == "Lambda":
        raise ValueError("it has a Lambda layer")
    return entry


def predict(model: keras.Model, images: Images) -> np.ndarray:
    """Return the probabilities of the classes, float64 (N, K), of images uint8 (N, 48, 48, 1).

    Raises:
        ValueError: the images have another shape or dtype, of which Keras would say less clearly.
    """
    if images.dtype != np.uint8 or images.shape[1:] != INPUT_SHAPE or len(images) == 0:
        raise ValueError(
            f"the images are {images.dtype} {images.shape}: must be uint8 (N, {SIDE}, {SIDE}, 1), N > 0"
        )
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    return np.concatenate([model.predict_on_batch(batch) for batch in batches]).astype(np.float64)
