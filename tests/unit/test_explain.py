"""What spoke for the emotion of each face, in the pictures of `python -m emotion.predict --explain`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion import predict
from emotion.evaluation.maps import COLOUR, overlaid
from emotion.explain import photos
from emotion.explain.photos import keras_model_of
from emotion.explain.picture import with_maps
from emotion.inference import EmotionRecognizer, Face
from emotion.labels import CLASSES
from emotion.network.keras_setup import keras, layers
from emotion.network.model import from_pixels, save_model
from emotion.runtime.errors import UserError, one_line_errors
from tests.support.classifiers import INFO, write_classifier
from tests.support.paths import ROOT

ASTRONAUT = ROOT / "tests" / "photos" / "astronaut.jpg"


def light_and_dark(slope: float = 8) -> keras.Model:
    """The same as the ONNX model of tests/support/classifiers.py, in Keras."""
    inputs = layers.Input((48, 48, 1))
    x = layers.AveragePooling2D(8)(inputs)
    x = layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, layers.Dense(len(CLASSES), activation="softmax", name="last")(x))
    kernel = np.zeros((1, len(CLASSES)), np.float32)
    kernel[0, 3:5] = slope, -slope
    network.get_layer("last").set_weights([kernel, -kernel[0] / 2])
    return from_pixels(network)


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "emotion.keras"
    save_model(light_and_dark(), path)
    return path


@pytest.fixture
def checkout(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "MODEL", saved)


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["predict", *map(str, words)])
    try:
        with one_line_errors():
            predict.main()
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.mark.usefixtures("checkout")
def test_the_picture_has_below_it_the_face_as_it_was_classified_and_its_map(
    onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, seen = tmp_path / "plain.png", tmp_path / "seen.png"
    assert run(monkeypatch, ASTRONAUT, "--model", onnx, "--out", plain) == 0
    assert run(monkeypatch, ASTRONAUT, "--model", onnx, "--out", seen, "--explain") == 0
    before, after = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in (plain, seen))
    assert np.array_equal(after[: len(before)], before)
    below = after[len(before) :]
    (face,) = EmotionRecognizer(onnx).predict(ASTRONAUT)
    crop = np.asarray(Image.fromarray(face.crop).resize((96, 96), Image.Resampling.BICUBIC))
    assert np.array_equal(below[28:124, :96], np.repeat(crop[..., None], 3, axis=2))
    reddened = below[28:124, 96:192, 0] - below[28:124, 96:192, 2]
    assert (reddened.min(), reddened.max()) > (
        0,
        100,
    )  # light everywhere speaks for Happiness, most where lightest


@pytest.mark.usefixtures("checkout")
def test_a_photo_without_a_face_is_written_as_it_is(
    onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (300, 200), (90, 120, 200)).save(tmp_path / "sky.png")
    words = (tmp_path / "sky.png", "--model", onnx, "--out", tmp_path / "seen.png", "--explain")
    assert run(monkeypatch, *words) == 0
    with Image.open(tmp_path / "seen.png") as seen:
        assert seen.size == (300, 200)


def test_explaining_what_is_no_picture_is_refused(
    onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ([ASTRONAUT], ["--camera", 0], ["clip.mp4", "--out", tmp_path / "clip.faces.mp4"]):
        assert run(monkeypatch, *words, "--model", onnx, "--explain") == 2
        assert "--explain is for photos" in capsys.readouterr().err


def refused(recognizer: EmotionRecognizer, path: Path) -> str:
    with pytest.raises(UserError) as error:
        keras_model_of(recognizer, path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_another_model_than_the_exported_one_cannot_explain_it(
    onnx: Path, saved: Path, tmp_path: Path
) -> None:
    recognizer = EmotionRecognizer(onnx)
    assert isinstance(keras_model_of(recognizer, saved), keras.Model)
    save_model(light_and_dark(8.1), tmp_path / "other.keras")
    assert f"cannot explain {onnx}, which comes from another model" in refused(
        recognizer, tmp_path / "other.keras"
    )
    assert f"is not there, and --explain needs the Keras model that {onnx}" in refused(
        recognizer, tmp_path / "missing.keras"
    )
    fewer = INFO.to_metadata() | {"classes": '["Sad", "Angry", "Fear", "Happiness", "a"]'}
    other = EmotionRecognizer(write_classifier(tmp_path / "other.onnx", fewer, outputs=5))
    assert "must give 5 probabilities" in refused(other, saved)


def test_a_map_colours_where_it_is_large_and_nothing_else() -> None:
    heat = np.zeros((6, 6))
    heat[0, 0] = 1
    grey = np.full((48, 48), 128, np.uint8)
    seen = np.asarray(overlaid(grey, heat, 96)).astype(int)
    assert (seen[40:, 40:] == 128).all()
    assert seen[0, 0] == pytest.approx(128 + 0.7 * (np.array(COLOUR) - 128), abs=1.5)


def test_many_faces_stand_in_rows_below_the_photo() -> None:
    face = Face((0, 0, 9, 9), 1, dict.fromkeys(CLASSES, 1 / 7), CLASSES[0], np.zeros((48, 48), np.uint8))
    photo = Image.new("RGB", (500, 100), (9, 9, 9))
    page = np.asarray(with_maps(photo, [face] * 5, np.zeros((5, 6, 6))))
    assert page.shape == (100 + 3 * (96 + 32), 500, 3)  # two in a row
    dark = (page[100:] == 0).all(axis=2).sum()
    assert dark == pytest.approx(5 * 2 * 96 * 96, abs=3000)  # and a text over each


def test_keras_is_loaded_to_explain_alone(onnx: Path, tmp_path: Path) -> None:
    code = "import sys, runpy; runpy.run_module('emotion.predict', run_name='__main__'); "
    code += "print('keras' in sys.modules)"
    words = [
        sys.executable,
        "-c",
        code,
        str(ASTRONAUT),
        "--model",
        str(onnx),
        "--out",
        str(tmp_path / "seen.png"),
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
