import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.inference import EmotionRecognizer
from emotion.inference import recognizer as recognizers
from emotion.inference.crop import Framing, around, cut, frame
from emotion.inference.detector import MODEL, FaceDetector
from emotion.inference.metadata import ModelInfo, from_metadata
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from tests.support.classifiers import INFO, write_classifier
from tests.support.paths import ROOT

HOPPER = ROOT / "tests" / "photos" / "grace_hopper.jpg"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx")


@pytest.fixture(scope="module")
def recognizer(model: Path) -> EmotionRecognizer:
    return EmotionRecognizer(model, threads=1)


def test_a_face_has_the_probabilities_that_the_model_gives_its_crop(recognizer: EmotionRecognizer) -> None:
    photo = np.asarray(Image.open(HOPPER))
    found = FaceDetector().detect(photo)
    crop = cut(photo, frame(found.boxes[0], found.points[0], Framing()), 48)
    light = 8 * (crop.mean() / 255 - 0.5)
    logits = np.array([0, 0, 0, light, -light, 0, 0])
    (face,) = recognizer.predict(photo, live=True)
    assert list(face.probabilities) == list(CLASSES)
    assert list(face.probabilities.values()) == pytest.approx(np.exp(logits) / np.exp(logits).sum(), abs=1e-5)
    assert face.emotion == max(face.probabilities, key=lambda name: face.probabilities[name])
    assert face.box == pytest.approx(found.boxes[0])
    assert face.score == found.scores[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        face.emotion = "Sad"  # type: ignore[misc]


def test_in_a_photo_the_probabilities_are_means_over_a_crop_and_four_around_it(
    recognizer: EmotionRecognizer,
) -> None:
    photo = np.asarray(Image.open(HOPPER))
    found = FaceDetector().detect(photo)
    square = frame(found.boxes[0], found.points[0], Framing())
    steps = [(place.x - square.x, place.y - square.y, place.side) for place in around(square)]
    step = round(16 * 0.04 * square.side) / 16
    moves = [(0, 0), (step, 0), (-step, 0), (0, step), (0, -step)]
    assert steps == [(*move, square.side) for move in moves]
    answers = recognizer.classify([cut(photo, place, 48) for place in around(square)])
    (face,) = recognizer.predict(photo)
    assert list(face.probabilities.values()) == pytest.approx(answers.mean(axis=0), abs=1e-6)
    assert np.ptp(answers, axis=0).max() > 0.001
    assert np.array_equal(face.crop, cut(photo, square, 48))


def test_a_path_and_its_pixels_give_the_same(recognizer: EmotionRecognizer) -> None:
    assert (
        recognizer.predict(HOPPER)
        == recognizer.predict(str(HOPPER))
        == recognizer.predict(np.asarray(Image.open(HOPPER)))
    )


def test_a_photo_without_a_face_gives_none(recognizer: EmotionRecognizer) -> None:
    assert recognizer.predict(np.zeros((300, 400, 3), np.uint8)) == []


def test_threads_may_share_a_recognizer(recognizer: EmotionRecognizer) -> None:
    photos = [np.roll(np.asarray(Image.open(HOPPER)), shift, axis=1) for shift in range(0, 60, 10)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(recognizer.predict, photos)) == [recognizer.predict(photo) for photo in photos]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(recognizer: EmotionRecognizer, array: np.ndarray) -> None:
    with pytest.raises(UserError, match=r"a photo is an array of uint8 \(H, W, 3\), not of"):
        recognizer.predict(array)


def test_metadata_come_back_as_they_were_written() -> None:
    info = ModelInfo(
        ("a", "é"), 24, Framing(1.3, 0.2), "recipe", {"accuracy": 0.7, "split": "official"}, "abc"
    )
    assert from_metadata(info.to_metadata(), Path("m.onnx")) == info


def test_the_crop_of_the_metadata_is_the_one_that_is_cut(tmp_path: Path) -> None:
    wide = dataclasses.replace(INFO, framing=Framing(side=2.5, rise=0.0))
    recognizer = EmotionRecognizer(write_classifier(tmp_path / "wide.onnx", wide.to_metadata()))
    photo = np.asarray(Image.open(HOPPER))
    found = FaceDetector().detect(photo)
    crop = cut(photo, frame(found.boxes[0], found.points[0], wide.framing), 48)
    (face,) = recognizer.predict(photo, live=True)
    assert list(face.probabilities.values()) == pytest.approx(recognizer.classify([crop])[0], abs=1e-6)


def refused(model: Path) -> str:
    with pytest.raises(UserError) as error:
        EmotionRecognizer(model)
    assert str(model) in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_models_of_another_kind_are_refused_in_one_line(tmp_path: Path) -> None:
    assert "names no classes" in refused(MODEL)
    assert "not there" in refused(tmp_path / "missing.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    assert "not an ONNX model" in refused(tmp_path / "text.onnx")
    four = write_classifier(tmp_path / "four.onnx", outputs=5)
    assert "not to emotions" in refused(four)
    for key, value in [("classes", "Angry"), ("side", "x"), ("crop", '{"width": 1}'), ("score", "1")]:
        bad = write_classifier(tmp_path / "bad.onnx", INFO.to_metadata() | {key: value})
        assert "metadata that cannot be read" in refused(bad)


def test_without_any_model_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizers, "MODELS", (tmp_path / "shipped.onnx", tmp_path / "exported.onnx"))
    with pytest.raises(UserError, match=r"no model yet: run `dvc repro` .* `make demo` .* --model$"):
        EmotionRecognizer()


def test_the_shipped_model_comes_before_the_exported_one_and_a_named_one_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path
) -> None:
    shipped, exported = tmp_path / "shipped.onnx", tmp_path / "exported.onnx"
    monkeypatch.setattr(recognizers, "MODELS", (shipped, exported))
    exported.write_bytes(model.read_bytes())
    assert EmotionRecognizer().path == exported
    shipped.write_bytes(model.read_bytes())
    assert EmotionRecognizer().path == shipped
    assert EmotionRecognizer(model).path == model


def test_the_session_does_not_spin_between_two_calls(recognizer: EmotionRecognizer) -> None:
    options = recognizer._session.get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_the_model_says_what_it_is() -> None:
    assert str(INFO) == "by hand; accuracy 0.5, split none"
    assert json.loads(INFO.to_metadata()["classes"]) == list(CLASSES)
