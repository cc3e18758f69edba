"""The model that comes with the project."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emotion.inference import EmotionRecognizer
from emotion.labels import CLASSES, SIDE
from emotion.runtime.errors import UserError
from emotion.synthetic.expressions import render_faces
from experiments.pretrained import ROW, SEED, SHIPPED, accuracy, compare
from tests.support.classifiers import INFO, write_classifier
from tests.support.paths import ROOT

PHOTOS = ROOT / "tests/photos"


@pytest.fixture(scope="module")
def recognizer() -> EmotionRecognizer:
    return EmotionRecognizer(ROOT / SHIPPED, threads=1)


def test_it_is_small_and_says_what_it_is(recognizer: EmotionRecognizer) -> None:
    assert (ROOT / SHIPPED).stat().st_size < 2.5e6
    assert (recognizer.info.classes, recognizer.info.side) == (CLASSES, SIDE)


def test_its_accuracy_is_that_of_its_row_in_the_table_of_results(recognizer: EmotionRecognizer) -> None:
    runs = pd.read_csv(ROOT / "experiments/results.csv")
    (measured,) = runs[(runs["row"] == ROW) & (runs["seed"] == SEED)]["accuracy"]
    assert recognizer.info.score == {"accuracy": measured, "split": "official test"}


@pytest.mark.parametrize(
    ("photo", "emotion", "least"),
    [
        ("astronaut.jpg", "Happiness", 0.8),
        ("grace_hopper.jpg", "Neutral", 0.8),
        ("frederick_douglass.jpg", "Neutral", 0.4),  # turned aside, bearded; Angry comes next
    ],
)
def test_it_sees_a_smile_and_earnest_faces(
    recognizer: EmotionRecognizer, photo: str, emotion: str, least: float
) -> None:
    (face,) = recognizer.predict(PHOTOS / photo)
    assert face.emotion == emotion
    assert face.probabilities[emotion] > least


@pytest.mark.parametrize("emotion", ["Happiness", "Surprise"])
def test_it_knows_rendered_smiles_and_surprise(recognizer: EmotionRecognizer, emotion: str) -> None:
    """Of drawings, which it has never seen, these two are plain."""
    label = CLASSES.index(emotion)
    faces = render_faces(np.full(100, label), seed=0)
    assert (recognizer.classify(list(faces)).argmax(axis=1) == label).mean() > 0.9


def test_the_same_bytes_are_the_same_model(tmp_path: Path) -> None:
    shipped = write_classifier(tmp_path / "shipped.onnx")
    assert compare(shipped, shipped.read_bytes(), 3589) == f"{shipped}: the same model to the last byte"


@pytest.mark.parametrize(("score", "near"), [(0.51, True), (0.52, False)])
def test_other_bytes_must_be_as_accurate_within_two_standard_errors(
    tmp_path: Path, score: float, near: bool
) -> None:
    shipped = write_classifier(tmp_path / "shipped.onnx")
    assert accuracy(INFO) == 0.5
    metadata = INFO.to_metadata() | {"score": f'{{"accuracy": {score}}}'}
    made = write_classifier(tmp_path / "made.onnx", metadata).read_bytes()
    if near:
        assert "other bytes; accuracy 0.5100, of the shipped one 0.5000: within 0.0167" in compare(
            shipped, made, 3589
        )
    else:
        with pytest.raises(UserError, match=r"not within 0\.0167"):
            compare(shipped, made, 3589)


def test_without_a_shipped_model_the_command_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--replace writes it"):
        compare(tmp_path / "none.onnx", b"", 3589)
