"""The page sees in photos what `EmotionRecognizer` sees in them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emotion.inference import EmotionRecognizer
from emotion.inference.recognizer import MODELS, Face
from emotion.source.pictures import ORIENTATION
from tests.browser.visitor import pictures, visit
from tests.support.classifiers import INFO, write_classifier, write_convolution
from tests.support.paths import ROOT
from tools.site import build

SHIPPED = MODELS[0]
HOPPER = ROOT / "tests" / "photos" / "grace_hopper.jpg"
ASTRONAUT = ROOT / "tests" / "photos" / "astronaut.jpg"
DOUGLASS = ROOT / "tests" / "photos" / "frederick_douglass.jpg"  # in grey


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder, SHIPPED)
    return folder


def write_photos(folder: Path) -> list[Path]:
    """Write photos of the kinds that differ in how they are decoded; all but the crowd without tiles."""
    hopper, astronaut = Image.open(HOPPER).resize((427, 500)), Image.open(ASTRONAUT).resize((500, 500))
    turned = hopper.rotate(-40, Image.Resampling.BICUBIC, fillcolor=(90, 90, 90))
    crowd = Image.new("RGB", (1300, 700), (150, 140, 120))
    for photo, at, size in ((hopper, (20, 30), 420), (astronaut, (500, 10), 330), (hopper, (900, 250), 90)):
        crowd.paste(photo.resize((size, size * photo.height // photo.width), Image.Resampling.LANCZOS), at)
    fading = astronaut.convert("RGBA")
    fading.putalpha(Image.linear_gradient("L").resize(fading.size))
    shades = np.asarray(hopper.convert("L")).astype(np.uint16) * 256 + 77
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    kinds: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("420.jpg", hopper, {"quality": 80, "subsampling": 2}),
        ("444.jpg", astronaut, {"quality": 95, "subsampling": 0}),
        ("progressive.jpg", turned, {"quality": 85, "progressive": True}),
        ("grey.jpg", Image.open(DOUGLASS), {"quality": 85}),
        ("orientation.jpg", hopper.rotate(90, expand=True), {"quality": 85, "exif": exif}),
        ("crowd.jpg", crowd, {"quality": 90}),
        ("alpha.png", fading, {}),
        ("palette.png", hopper.quantize(64), {}),
        ("16-bit.png", Image.fromarray(shades), {}),
        ("lossy.webp", astronaut, {"quality": 80}),
        ("nothing.png", Image.new("RGB", (300, 500), (40, 90, 60)), {}),
    ]
    for name, picture, options in kinds:
        picture.save(folder / name, **options)
    return [folder / name for name, _, _ in kinds]


def test_photos_of_every_kind_have_pythons_pixels_boxes_and_probabilities(tmp_path: Path, site: Path) -> None:
    files = write_photos(tmp_path)
    found = visit(site, "photos", tmp_path, photos=files)
    recognizer = EmotionRecognizer(SHIPPED, threads=1)
    numbers = []
    for file, said, seen in zip(files, found["json"], found["seen"], strict=True):
        faces = recognizer.predict(file)
        numbers.append(len(faces))
        assert (said["file"], said["model"]) == (file.name, "emotion.onnx")
        for face, theirs, pixels in zip(faces, said["faces"], pictures(seen), strict=True):
            assert theirs["box"] == pytest.approx(face.box, abs=1)
            assert theirs["score"] == pytest.approx(face.score, abs=0.001)
            assert theirs["probabilities"] == pytest.approx(face.probabilities, abs=0.002)
            assert theirs["emotion"] == face.emotion
            assert np.array_equal(pixels, face.crop), file.name
    assert numbers == [1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 0]
    assert found["picture"] == "nothing.faces.png"
    with Image.open(tmp_path / "nothing.faces.png") as picture:
        assert picture.size == (300, 500)


def test_the_sample_is_reached_by_keyboard_on_a_phone(tmp_path: Path, site: Path) -> None:
    found = visit(site, "sample", tmp_path, width=360, dark=True)
    assert found["focused"] == ["Model", "Photos…", "Camera", "Sample"]
    assert found["status"] == "1 face in astronaut.jpg"


def falls(recognizer: EmotionRecognizer, face: Face) -> np.ndarray:
    """Return how far the probability of its emotion falls with each place of a face covered, (7, 7)."""
    column = recognizer.info.classes.index(face.emotion)
    faces = [face.crop]
    for top, left in np.ndindex(7, 7):
        faces.append(face.crop.copy())
        faces[-1][6 * top : 6 * top + 12, 6 * left : 6 * left + 12] = round(face.crop.mean())
    answers = recognizer.classify(faces)[:, column]
    return np.reshape(answers[0] - answers[1:], (7, 7))


def opacities(falls: np.ndarray) -> np.ndarray:
    """Return how opaque the colour of each cell is, 0 to 255, (8, 8): by the mean fall of what covers it."""
    sums, squares = np.zeros((8, 8)), np.zeros((8, 8))
    for down, right in np.ndindex(2, 2):
        sums[down : down + 7, right : right + 7] += falls
        squares[down : down + 7, right : right + 7] += 1
    means = np.maximum(sums / squares, 0)
    return np.asarray(0.7 * 255 * means / means.max())


def test_a_key_shows_what_the_answer_for_a_face_hangs_on(tmp_path: Path, site: Path) -> None:
    found = visit(site, "why", tmp_path, photos=[ASTRONAUT], width=360, dark=True, times=1)
    recognizer = EmotionRecognizer(SHIPPED, threads=1)
    (face,) = recognizer.predict(ASTRONAUT)
    expected = falls(recognizer, face)
    assert found["focused"] == f"Why {face.emotion}?"
    assert found["title"] == f"What {face.emotion} hangs on"
    assert found["seen"] == face.crop.ravel().tolist()
    (colour,) = found["colour"]
    assert np.reshape(colour, (8, 8)) == pytest.approx(opacities(expected), abs=1.5)
    assert found["answer"].startswith("Most on the ")
    assert found["answer"].endswith(f" costs it {100 * expected.max():.0f} percentage points.")
    assert found["after"] == [None, found["focused"]]  # Escape closes it, and the button has the focus again
    assert len(found["milliseconds"]) == 1


def test_what_the_answer_of_a_model_of_ones_own_hangs_on_has_its_class(tmp_path: Path, site: Path) -> None:
    info = replace(INFO, classes=("frowning", "neither", "winking", "light", "dark"))
    own = write_classifier(tmp_path / "own.onnx", info.to_metadata(), outputs=5)
    found = visit(site, "why", tmp_path, photos=[HOPPER], model=own)
    recognizer = EmotionRecognizer(own)
    (face,) = recognizer.predict(HOPPER)
    assert face.emotion in ("light", "dark")
    assert found["title"] == f"What {face.emotion} hangs on"
    (colour,) = found["colour"]
    assert np.reshape(colour, (8, 8)) == pytest.approx(opacities(falls(recognizer, face)), abs=1.5)


def test_an_answer_that_hangs_on_no_single_place_has_no_colour(tmp_path: Path, site: Path) -> None:
    sure = write_convolution(tmp_path / "sure.onnx", seed=1, classes=("smiling", "frowning", "neither"))
    recognizer = EmotionRecognizer(sure)
    (face,) = recognizer.predict(HOPPER)
    assert falls(recognizer, face).max() < 0.01
    found = visit(site, "why", tmp_path, photos=[HOPPER], model=sure)
    assert found["colour"] == []
    assert found["answer"].startswith("On no single place: ")


def test_a_model_of_ones_own_answers_by_its_own_classes_and_another_file_is_refused(
    tmp_path: Path, site: Path
) -> None:
    own = write_convolution(tmp_path / "own.onnx", seed=1, classes=("smiling", "frowning", "neither"))
    found = visit(site, "model", tmp_path, photos=[HOPPER], model=own)
    assert "own.onnx" in found["card"]
    assert "by chance, seed 1" in found["card"]
    assert "smiling, frowning, neither" in found["card"]
    assert found["before"] != found["after"]
    (face,) = EmotionRecognizer(own).predict(HOPPER)
    assert f"{face.emotion}{face.probabilities[face.emotion]:.0%}" in found["after"]
    assert found["message"] == "grace_hopper.jpg is not an ONNX model"


def test_a_model_that_comes_while_photos_are_looked_at_answers_for_all_and_a_wrong_file_leaves_them_there(
    tmp_path: Path, site: Path
) -> None:
    own = write_convolution(tmp_path / "own.onnx", seed=1, classes=("smiling", "frowning", "neither"))
    found = visit(site, "interrupted", tmp_path, photos=[HOPPER, ASTRONAUT], model=own)
    assert found["message"] == "own.onnx is no picture that this browser can read"
    assert [(said["file"], said["model"]) for said in found["json"]] == [
        (photo.name, "own.onnx") for photo in (HOPPER, ASTRONAUT)
    ]
    assert found["picture"] == "grace_hopper.faces.png"
