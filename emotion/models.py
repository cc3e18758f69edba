"""The networks, and the model file: raw uint8 pixels in, seven probabilities out."""

import json
import re
import zipfile
from pathlib import Path
from typing import Literal

from pydantic import Field

from emotion.backend import keras, layers
from emotion.errors import UserError
from emotion.files import whole_file
from emotion.labels import CLASSES, SIDE
from emotion.params import Section

INPUT_SHAPE = (SIDE, SIDE, 1)
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can carry

Precision = Literal["float32", "bfloat16"]


class ModelParams(Section):
    """The `model` section of params.yaml."""

    name: Literal["paper_cnn"]
    dropout: float = Field(ge=0, lt=1)
    conv_dropout: float = Field(ge=0, lt=1)
    dense_dropout: float = Field(ge=0, lt=1)
    l2: float = Field(ge=0, lt=1)


def paper_cnn(params: ModelParams, precision: Precision = "float32") -> keras.Model:
    """Return the paper's five-block network with new weights.

    Blocks: convolutions of 32 and 64; 128; 256 with L2; 512 with L2, each block ending in batch
    normalisation, max-pooling and dropout; then dense layers of 256 and 128.

    Args:
        params: dropout rates and the strength of L2.
        precision: what the convolutions compute in. Everything else stays float32, because
            element-wise bfloat16 is slow on CPUs and costs accuracy in batch normalisation.

    Returns:
        A model from float32 (N, 48, 48, 1) in [0, 1] to probabilities float32 (N, 7).
    """
    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"

    def convolution(filters: int, l2: float = 0.0) -> layers.Layer:
        return layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            dtype=policy,
            name=f"conv_{filters}",
        )

    inputs = x = layers.Input(INPUT_SHAPE, name="scaled_pixels")
    x = convolution(32)(x)
    for filters, l2 in [(64, 0.0), (128, 0.0), (256, params.l2), (512, params.l2)]:
        x = convolution(filters, l2)(x)
        x = layers.BatchNormalization(name=f"norm_{filters}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{filters}")(x)
        rate = params.dropout if filters == 64 else params.conv_dropout
        x = layers.Dropout(rate, name=f"drop_{filters}")(x)
    x = layers.Flatten(name="flatten")(x)
    for units in (256, 128):
        x = layers.Dense(units, activation="relu", name=f"dense_{units}")(x)
        x = layers.BatchNormalization(name=f"norm_dense_{units}")(x)
        x = layers.Dropout(params.dense_dropout, name=f"drop_dense_{units}")(x)
    outputs = layers.Dense(len(CLASSES), activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name=params.name)


def from_pixels(network: keras.Model, augmentation: keras.Model | None = None) -> keras.Model:
    """Return `network` behind its scaling to [0, 1], so that it takes uint8 pixels (N, 48, 48, 1).

    With `augmentation` between the pixels and the scaling it is the model that is trained; without, the
    one that is saved. Both share the network's weights.
    """
    pixels = x = layers.Input(INPUT_SHAPE, dtype="uint8", name="pixels")
    if augmentation is not None:
        x = augmentation(x)
    x = layers.Rescaling(1 / 255, name="rescaling")(x)
    return keras.Model(pixels, network(x), name="emotion")


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
    if model.output_shape != (None, len(CLASSES)):
        raise UserError(f"{path} gives {model.output_shape}, must give {len(CLASSES)} probabilities")
    return model
