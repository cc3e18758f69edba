"""What spoke for the emotion of each face in a photo.

That takes gradients, which ONNX Runtime has not: so Keras is loaded, and the model that was exported.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from emotion.explain.grad_cam import GradCAM
from emotion.explain.picture import with_maps
from emotion.inference.drawing import Draw, annotated
from emotion.inference.recognizer import CHECKOUT, EmotionRecognizer, Face
from emotion.labels import SIDE
from emotion.network.keras_setup import keras
from emotion.network.model import load_model, predict
from emotion.runtime.errors import UserError

MODEL = CHECKOUT / "models" / "emotion.keras"
PICTURES = 16  # of noise, on which both must give the same
SAME = 1e-3  # in probability: ten times what the export stage allows


def explained(recognizer: EmotionRecognizer) -> Draw:
    """Return what draws a photo with its faces marked, and below it what spoke for the emotion of each.

    Raises:
        UserError: see `keras_model_of`.
    """
    names = recognizer.info.classes
    grad_cam = GradCAM(keras_model_of(recognizer, MODEL))

    def draw(photo: np.ndarray, faces: Sequence[Face]) -> Image.Image:
        marked = annotated(photo, faces)
        if not faces:
            return marked
        crops = np.stack([face.crop for face in faces])[..., None]
        classes = np.array([names.index(face.emotion) for face in faces])
        return with_maps(marked, faces, grad_cam(crops, classes))

    return draw


def keras_model_of(recognizer: EmotionRecognizer, path: Path) -> keras.Model:
    """Return the Keras model of a recognizer's classifier, from its file.

    Raises:
        UserError: the file is not there, cannot be loaded, or is another model.
    """
    if not path.is_file():
        raise UserError(
            f"{path} is not there, and --explain needs the Keras model that {recognizer.path} was exported "
            "from; run: dvc repro (or dvc pull), and add --model models/emotion.onnx"
        )
    model = load_model(path, len(recognizer.info.classes))
    if recognizer.info.side != SIDE or _difference(model, recognizer) > SAME:
        raise UserError(
            f"{path} cannot explain {recognizer.path}, which comes from another model; explain its own "
            "export: --model models/emotion.onnx"
        )
    return model


def _difference(model: keras.Model, recognizer: EmotionRecognizer) -> float:
    """Return the largest difference of a probability between the two models, on pictures of noise."""
    shades = np.linspace(0, 255, PICTURES)[:, None, None]
    noise = np.random.default_rng(0).normal(shades, 40, (PICTURES, SIDE, SIDE))
    pictures = noise.clip(0, 255).astype(np.uint8)
    says = predict(model, pictures[..., None])
    return float(np.abs(says - recognizer.classify(list(pictures))).max())
