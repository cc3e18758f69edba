"""The measurements of framing and of the whole path at a tiny size: what they do, not what they find."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.framing import framings
from benchmarks.photo import drawn, measure, pasted
from emotion.data.storage import Split
from emotion.inference import EmotionRecognizer
from tests.support.classifiers import write_classifier
from tests.support.paths import ROOT

HOPPER = ROOT / "tests" / "photos" / "grace_hopper.jpg"


def cut_out(x: int, y: int, side: int) -> np.ndarray:
    """A face of FER-2013's kind: a square of the photo around a point."""
    half = side // 2
    square = Image.open(HOPPER).convert("L").crop((x - half, y - half, x + half, y + half))
    return np.asarray(square.resize((48, 48), Image.Resampling.LANCZOS))


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return cut_out(269, 218, 232)


def test_a_framing_is_measured_in_sides_of_the_detectors_box() -> None:
    cuts = [(269, 218, 240), (269, 218, 320), (309, 218, 320), (269, 178, 320)]
    plain, wide, right, up = framings(np.stack([cut_out(*cut) for cut in cuts]))
    assert wide[0] / plain[0] == pytest.approx(320 / 240, rel=0.12)
    assert right - wide == pytest.approx([0, 0, 40 / 320 * wide[0]], abs=0.06)
    assert up - wide == pytest.approx([0, 40 / 320 * wide[0], 0], abs=0.06)


def test_a_picture_without_a_face_has_no_framing(face: np.ndarray) -> None:
    assert framings(np.zeros_like(face)[None]).shape == (0, 3)


def test_faces_are_pasted_whole_at_three_to_six_times_their_size(face: np.ndarray) -> None:
    for picture, (left, top, side) in pasted(np.stack([face] * 10), drawn(2)):
        assert picture.shape == (480, 640, 3)
        assert 144 <= side <= 288
        inner = slice(side // 4, -side // 4)
        square = picture[top : top + side, left : left + side]
        assert square.shape[:2] == (side, side)
        expected = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC)
        assert np.array_equal(square[inner, inner, 0], np.asarray(expected)[inner, inner])


def test_what_becomes_of_the_faces_is_counted(face: np.ndarray, tmp_path: Path) -> None:
    recognizer = EmotionRecognizer(write_classifier(tmp_path / "m.onnx"))
    dark = face // 4 * 3  # Sad, to the classifier by hand
    images = np.stack([dark, dark, np.full_like(face, 255)])[..., None]
    test = Split(images, np.array([4, 4, 0], np.uint8), np.arange(3, dtype=np.int32))
    losses = measure(recognizer, test, faces=3, pictures=drawn(1))
    assert (losses.faces, losses.found, losses.false) == (3, 2, 0)  # the third is white all over
    assert (losses.direct, losses.path) == (1, 1)
