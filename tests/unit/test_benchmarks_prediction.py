"""The measurements of how fast a prediction is, at a tiny size: what they do, not what they find."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import classifier, command
from emotion.inference import EmotionRecognizer
from emotion.network.model import build, from_pixels, save_model
from emotion.runtime.errors import UserError
from tests.support.classifiers import write_classifier
from tests.support.parameters import model_params


@pytest.fixture(scope="module")
def onnx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx")


def test_the_classifier_alone_is_compared_with_keras_and_with_eight_bits(
    onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(from_pixels(build(model_params())), tmp_path / "m.keras")
    monkeypatch.setattr(classifier, "ROUNDS", 2)
    monkeypatch.setattr(classifier, "FRAMES", 3)
    words = ["--keras", str(tmp_path / "m.keras"), "--onnx", str(onnx), "--int8", str(onnx)]
    monkeypatch.setattr(sys, "argv", ["classifier", *words])
    classifier.main()
    rows = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines()]
    assert rows == ["a face 20 times a second", "batches of 64 in 8 bits", "a face alone", "a face alone"]


def test_ways_take_turns_and_their_faces_are_counted() -> None:
    calls: list[str] = []
    faces = np.zeros((5, 48, 48, 1), np.uint8)

    def way(letter: str) -> Callable[[np.ndarray], object]:
        return lambda _: calls.append(letter)

    first, second = classifier.rates({way("a"): 2, way("b"): 1}, faces)
    assert "".join(calls) == "ab" + classifier.ROUNDS * "aab"
    assert len(first) == len(second) == classifier.ROUNDS


def test_the_share_of_a_core_is_of_the_time_that_pictures_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"wall": 0.0, "used": 0.0}

    def answer() -> None:
        now["wall"] += 0.01
        now["used"] += 0.01

    def sleep(seconds: float) -> None:
        now["wall"] += seconds

    monkeypatch.setattr("benchmarks.classifier.time.monotonic", lambda: now["wall"])
    monkeypatch.setattr("benchmarks.classifier.time.process_time", lambda: now["used"])
    monkeypatch.setattr("benchmarks.classifier.time.sleep", sleep)
    assert classifier.processor_share(answer) == pytest.approx(0.01 * classifier.RATE)


def test_the_photo_that_is_measured_has_three_faces(onnx: Path, tmp_path: Path) -> None:
    photo = command.three_faces()
    assert photo.size == (1280, 960)
    assert len(EmotionRecognizer(onnx).predict(np.asarray(photo))) == 3


def test_a_photo_in_which_a_face_is_missed_is_not_measured() -> None:
    with pytest.raises(UserError, match="1 of 3 faces are found"):
        command.check_faces([sys.executable, "-c", "print('{\"faces\": [1]}')"])
    command.check_faces([sys.executable, "-c", "print('{\"faces\": [1, 2, 3]}')"])


def test_commands_take_turns_and_one_that_fails_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = [[sys.executable, "-c", f"open({str(log)!r}, 'a').write({letter!r})"] for letter in "ab"]
    first, second = command.seconds(words)
    assert log.read_text() == command.ROUNDS * "ab"
    assert len(first) == len(second) == command.ROUNDS
    with pytest.raises(UserError, match="failed: ValueError: no"):
        command.seconds([[sys.executable, "-c", "raise ValueError('no')"]])


def test_the_command_is_compared_with_keras_and_with_another_package(
    onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(from_pixels(build(model_params())), tmp_path / "m.keras")
    monkeypatch.setattr(command, "ROUNDS", 1)
    monkeypatch.setattr(command, "PHOTOS", 10)
    monkeypatch.setattr(
        command, "WITH_FER", "import sys; assert open(sys.argv[1], 'rb').read(2) == b'\\xff\\xd8'"
    )
    words = ["--keras", str(tmp_path / "m.keras"), "--onnx", str(onnx), "--fer", sys.executable]
    monkeypatch.setattr(sys, "argv", ["command", *words])
    command.main()
    rows = [line.split("|")[1:4:2] for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [reference.split(":")[0].strip() for _, reference in rows] == [
        "the limit",
        "Keras, loaded for it",
        "fer",
        "the goal",
        "1 photos",
    ]
