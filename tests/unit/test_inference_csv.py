"""A CSV of faces is classified row by row, as it is."""

import errno
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotion.inference.drawing import annotated
from emotion.inference.recognizer import BATCH, EmotionRecognizer
from emotion.predict import places_for, predict_files
from emotion.runtime.errors import UserError
from tests.support.classifiers import write_classifier

ROWS = BATCH + 3
_RANDOM = np.random.default_rng(0)
IMAGES = _RANDOM.integers(0, 100, (ROWS, 48, 48), np.uint8) + _RANDOM.integers(0, 156, (ROWS, 1, 1), np.uint8)
PIXELS = [" ".join(map(str, image.ravel().tolist())) for image in IMAGES]


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> EmotionRecognizer:
    return EmotionRecognizer(write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx"))


def predicted(recognizer: EmotionRecognizer, *files: Path, as_json: bool = True) -> int:
    return predict_files(recognizer, list(files), as_json, None, 1, annotated)


def test_json_is_an_object_a_row_with_what_the_classifier_says_of_its_pixels(
    recognizer: EmotionRecognizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "test.csv"
    path.write_text("\n".join(["pixels", *PIXELS, ""]))
    assert predicted(recognizer, path) == 1
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = recognizer.classify(list(IMAGES))
    assert [each["row"] for each in found] == list(range(ROWS))
    assert {(each["file"], each["model"]) for each in found} == {(str(path), str(recognizer.path))}
    for each, row in zip(found, expected, strict=True):
        assert list(each["probabilities"].values()) == pytest.approx(row.tolist(), abs=1e-6)
        assert each["emotion"] == recognizer.info.classes[row.argmax()]


def test_the_table_has_the_most_probable_emotions_of_each_row(
    recognizer: EmotionRecognizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "test.csv"
    path.write_text("pixels\n" + " ".join(["255"] * 2304))
    assert predicted(recognizer, path, as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"{path}: a face a row", "   row  emotion"]
    assert lines[2].startswith("     0  Happiness 92%, Angry 2%, ")


@pytest.mark.parametrize(
    ("name", "header", "row"),
    [
        ("fer2013.csv", "emotion,pixels,Usage", "3,{},PrivateTest"),
        ("icml.csv", "emotion, Usage, pixels", "0, Training, {}"),
        ("own.CSV", "id;Pixels;emotion", 'a;"{}";smug'),
        ("index.csv", ",pixels", "0,{}"),
        ("packed.csv.gz", "pixels", "{}"),
    ],
)
def test_a_csv_of_any_dialect_is_read_and_its_labels_are_not(
    recognizer: EmotionRecognizer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    header: str,
    row: str,
) -> None:
    text = "\n".join([header, *(row.format(each) for each in PIXELS[:2])]).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert predicted(recognizer, path) == 1
    found = [json.loads(line)["emotion"] for line in capsys.readouterr().out.splitlines()]
    answers = recognizer.classify(list(IMAGES[:2])).argmax(axis=1)
    assert found == [recognizer.info.classes[number] for number in answers]


def test_faulty_rows_cost_a_line_each_and_the_others_keep_their_numbers(
    recognizer: EmotionRecognizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "test.csv"
    path.write_text("\n".join(["pixels", PIXELS[0], "1 2 3", PIXELS[1], PIXELS[2].replace(" ", " x", 1)]))
    assert predicted(recognizer, path) == 1
    said = capsys.readouterr()
    assert [json.loads(line)["row"] for line in said.out.splitlines()] == [0, 2]
    assert said.err.splitlines()[0] == f"error: {path}, line 3: 3 pixels instead of 2,304"
    assert said.err.splitlines()[1].startswith(f"error: {path}, line 5: pixel value 'x")


def test_after_many_faulty_rows_reading_stops_and_what_was_read_is_predicted(
    recognizer: EmotionRecognizer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emotion.inference.csv_faces.MOST_FAULTS", 3)
    path = tmp_path / "test.csv"
    path.write_text("\n".join(["pixels", PIXELS[0], *["1 2"] * 5, PIXELS[1]]))
    assert predicted(recognizer, path) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert len(said.err.splitlines()) == 3
    assert said.err.endswith("; reading stopped here, after 3 faulty rows\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is not there; name a CSV of faces"),
        ("", "has no header with pixels and a row that fits it"),
        ("emotion,Usage\n0,Training", "has no header with pixels and a row that fits it"),
        ("pixels\n", "has no header with pixels and a row that fits it"),
        ("pixels\n1 2 3", "has no face"),
    ],
)
def test_a_csv_without_faces_costs_a_line_and_the_next_file_is_done(
    recognizer: EmotionRecognizer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    reason: str,
) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    if text is not None:
        bad.write_text(text)
    good.write_text(f"pixels\n{PIXELS[0]}")
    assert predicted(recognizer, bad, good) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err.splitlines()[-1] == f"error: {bad} {reason}"


def test_a_csv_that_cannot_be_read_costs_a_line_and_the_next_file_is_done(
    recognizer: EmotionRecognizer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    for path in (bad, good):
        path.write_text(f"pixels\n{PIXELS[0]}")
    opened = Path.open

    def refuse(path: Path, *how: Any, **more: Any) -> Any:
        if path == bad:  # as the system does where only somebody else may read it
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", refuse)
    assert predicted(recognizer, bad, good) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err == f"error: {bad} cannot be read: Permission denied\n"


def test_a_model_of_faces_of_another_size_is_named(
    recognizer: EmotionRecognizer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recognizer, "info", replace(recognizer.info, side=64))
    path = tmp_path / "test.csv"
    path.write_text(f"pixels\n{PIXELS[0]}")
    assert predicted(recognizer, path) == 0
    assert capsys.readouterr().err == (
        f"error: {recognizer.path} takes faces of 64 x 64 pixels, and a CSV has 48 x 48\n"
    )


def test_out_is_refused_for_a_csv_because_it_marks_pictures() -> None:
    with pytest.raises(UserError, match=r"and test\.csv is a CSV: its answers are printed alone"):
        places_for([Path("a.png"), Path("test.csv")], Path("marked"))
