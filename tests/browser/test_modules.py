"""The page's modules on their own, in Node: to the byte what Python answers for the same inputs.

The inputs and Python's answers are made here, and web/tests compares.
"""

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emotion.inference.blazeface import decode, merge
from emotion.inference.crop import TILT, Framing, Square, around, cut, frame
from emotion.inference.detector import letterbox, tiles
from tests.browser.node import WEB, node
from tests.support.classifiers import INFO, write_classifier
from tests.support.paths import ROOT

HOPPER = ROOT / "tests" / "photos" / "grace_hopper.jpg"
SQUARES = [
    Square(224, 174, 48, 0),  # a pixel for a pixel
    Square(250.25, 200.75, 200, 0),
    Square(260.5, 180.0625, 333.4375, 0),
    Square(100, 100, 17.3125, 0),  # enlarged
    Square(-40, 300, 150, 0),  # beyond the photo
    Square(500, 640, 180.5, 0.5),
    Square(260.5, 180.0625, 333.4375, 0.25),
    Square(250, 210, 40.0625, -1.203125),
    Square(300, 300, 0.5, 0),
    Square(300, 300, 0.5, 1),
]
SIZES = [(2048, 1536), (640, 480), (3000, 500), (512, 512), (513, 2049), (511, 400), (1, 5000)]


def packed(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def in_colour(photo: np.ndarray) -> dict[str, Any]:
    """A photo, uint8 (H, W, 3), as a canvas gives it: with an alpha that is always 255."""
    rgba = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    return {"width": photo.shape[1], "height": photo.shape[0], "data": packed(rgba)}


def crops(photo: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"square": vars(square), "size": size, "pixels": packed(cut(photo, square, size))}
        for square in SQUARES
        for size in (48, 31)
    ]


def frames() -> list[dict[str, Any]]:
    """Boxes and eyes, level and turned, and the squares that they give."""
    random = np.random.default_rng(0)
    cases = []
    for degrees in (0, TILT - 0.1, TILT + 0.1, -45, 90, -179):
        box = np.sort(random.uniform(-50, 900, (2, 2)), axis=0).ravel()
        along = 30 * np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        points = np.array([[100, 100], [100, 100]]) + np.outer([-1, 1], along)
        framing = Framing()
        square = frame(box, points, framing)
        cases.append(
            {
                "box": box.tolist(),
                "points": points.ravel().tolist(),
                "framing": vars(framing),
                "square": vars(square),
                "around": [vars(place) for place in around(square)],
            }
        )
    return cases


def letterboxes(photo: np.ndarray) -> list[dict[str, Any]]:
    parts = [photo, photo[:300, :77], photo[100:101, :], photo[:256, :256]]
    cases = []
    for part in parts:
        pixels, scale, left, top = letterbox(Image.fromarray(part))
        cases.append(
            {
                "picture": in_colour(part),
                "pixels": packed(pixels),
                "scale": scale.tolist(),
                "corner": [left, top],
            }
        )
    return cases


def answers() -> dict[str, Any]:
    """An answer of the network by chance, with rows that overlap, and its faces."""
    random = np.random.default_rng(1)
    regressors = random.normal(20, 15, (896, 16)).astype(np.float32)
    logits = random.normal(-1, 2, 896).astype(np.float32)
    found = decode(regressors, logits, 0.55)
    faces = merge(found)
    assert 12 < len(faces) < len(found)
    return {
        "regressors": packed(regressors),
        "logits": packed(logits),
        "boxes": faces.boxes.tolist(),
        "points": faces.points.reshape(len(faces), -1).tolist(),
        "scores": faces.scores.tolist(),
    }


def test_javascript_computes_what_python_computes(tmp_path: Path) -> None:
    photo = np.asarray(Image.open(HOPPER))
    model = write_classifier(tmp_path / "hand.onnx")
    said_nothing = {name: said for name, said in INFO.to_metadata().items() if name != "crop"}
    bare = write_classifier(tmp_path / "bare.onnx", said_nothing)
    inputs = {
        "photo": in_colour(photo),
        "crops": crops(photo),
        "frames": frames(),
        "letterboxes": letterboxes(photo),
        "tiles": [{"size": size, "tiles": [list(tile) for tile in tiles(*size)]} for size in SIZES],
        "answers": answers(),
        "model": packed(np.frombuffer(model.read_bytes(), np.uint8)),
        "metadata": INFO.to_metadata(),
        "bare": packed(np.frombuffer(bare.read_bytes(), np.uint8)),
        "framing": vars(Framing()),
    }
    (tmp_path / "inputs.json").write_text(json.dumps(inputs), encoding="utf-8")
    files = sorted(WEB.glob("tests/*.test.js"))
    assert files
    said = node("--test", "--test-reporter=tap", *files, INPUTS=str(tmp_path / "inputs.json"))
    assert "# fail 0" in said
