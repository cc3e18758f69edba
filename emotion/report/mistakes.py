"""The most confident mistakes, with their faces."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from emotion.data.storage import Split
from emotion.evaluation.maps import overlaid
from emotion.source.fer2013 import FIRST_LINE


@dataclass(frozen=True)
class Picture:
    """A picture inside the page.

    Attributes:
        address: it, as a data: URI.
        description: what it shows, for those who do not see it.
    """

    address: str
    description: str


@dataclass(frozen=True)
class Mistake:
    """A face that was taken for another class.

    Attributes:
        pictures: the face, and where it is known, the face under the map of what spoke for the wrong class.
        actual: its class.
        predicted: the class that it was taken for.
        confidence: the probability of that one.
        line: its line in the CSV.
    """

    pictures: tuple[Picture, ...]
    actual: str
    predicted: str
    confidence: float
    line: int


def most_confident(
    test: Split,
    actual: np.ndarray,
    predicted: np.ndarray,
    confidence: np.ndarray,
    maps: Mapping[int, np.ndarray],
    count: int,
) -> list[Mistake]:
    """Return the mistakes of which the model is surest, the surest first.

    Args:
        test: the faces, N.
        actual: integers (N,), their classes.
        predicted: the same of the predictions.
        confidence: float (N,), the probability of the predicted class.
        maps: what spoke for the predicted class, float (h, w), 0 to 1, by the row of the CSV.
        count: how many, at most.
    """
    surest = np.argsort(-confidence, kind="stable")
    wrong = surest[(predicted != actual)[surest]][:count]
    return [
        Mistake(
            pictures(
                test.images[face, :, :, 0],
                maps.get(int(test.rows[face])),
                test.classes[actual[face]],
                test.classes[predicted[face]],
            ),
            test.classes[actual[face]],
            test.classes[predicted[face]],
            float(confidence[face]),
            int(test.rows[face]) + FIRST_LINE,
        )
        for face in wrong
    ]


def pictures(face: np.ndarray, heat: np.ndarray | None, actual: str, predicted: str) -> tuple[Picture, ...]:
    """Return a face, uint8 (H, W), and where there is a map, float (h, w), the face under it."""
    shown = Picture(png_address(Image.fromarray(face)), f"a face labelled {actual}")
    if heat is None:
        return (shown,)
    return shown, Picture(png_address(overlaid(face, heat, len(face))), f"what spoke for {predicted} in it")


def png_address(image: Image.Image) -> str:
    """Return an image as a PNG in a data: URI."""
    buffer = BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
