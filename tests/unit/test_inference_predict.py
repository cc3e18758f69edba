import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion import predict
from emotion.inference.detector import MODEL as DETECTOR
from emotion.inference.drawing import annotated
from emotion.inference.recognizer import Face
from emotion.inference.workers import in_order
from emotion.runtime.errors import UserError, one_line_errors
from tests.support.classifiers import write_classifier
from tests.support.paths import ROOT

PHOTOS = ROOT / "tests" / "photos"
ASTRONAUT, HOPPER = PHOTOS / "astronaut.jpg", PHOTOS / "grace_hopper.jpg"
HEAVY = {
    "tensorflow",
    "keras",
    "pandas",
    "sklearn",
    "matplotlib",
    "scipy",
    "pydantic",
    "onnx",
    "cv2",
    "av",
    "tqdm",
    "rich",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx")


class Said:
    """What a command printed, and how it ended."""

    def __init__(self, status: int | str | None, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Command = Callable[..., Said]


@pytest.fixture
def command(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: object) -> Said:
        words = ["predict", "--model", str(model), *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        status: int | str | None = 0
        try:
            with one_line_errors():
                predict.main()
        except SystemExit as ended:
            status = ended.code
        return Said(status, *capsys.readouterr())

    return run


def test_it_starts_without_a_heavy_library_and_in_less_than_a_second(model: Path, tmp_path: Path) -> None:
    code = (
        "import sys, runpy; "
        "runpy.run_module('emotion.predict', run_name='__main__'); print(*sys.modules, file=sys.stderr)"
    )
    out = tmp_path / "a.png"
    words = [sys.executable, "-c", code, "--model", str(model), str(ASTRONAUT), "--out", str(out)]
    before = os.times()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    after = os.times()
    assert "1 face" in done.stdout
    assert out.is_file()
    assert {name.partition(".")[0] for name in done.stderr.split()} & HEAVY == set()
    # Processor time: the tests run beside others, and the clock would count those, too
    assert after.children_user - before.children_user + after.children_system - before.children_system < 1


def test_the_table_says_which_model_and_what_it_found(command: Command, model: Path) -> None:
    said = command(ASTRONAUT, HOPPER)
    lines = said.out.splitlines()
    assert lines[0] == f"model: {model} (by hand; accuracy 0.5, split none)"
    assert lines[1] == f"{ASTRONAUT}: 1 face"
    assert lines[3].split()[-6:][0] == "Happiness"
    assert lines[4] == f"{HOPPER}: 1 face"
    assert (said.status, said.err) == (0, "")


def test_json_is_an_object_a_line_in_the_order_of_the_files(command: Command, model: Path) -> None:
    said = command(HOPPER, ASTRONAUT, "--json", "--workers", 2)
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [entry["file"] for entry in found] == [str(HOPPER), str(ASTRONAUT)]
    assert {entry["model"] for entry in found} == {str(model)}
    for entry in found:
        (face,) = entry["faces"]
        assert len(face["box"]) == 4
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert face["emotion"] in face["probabilities"]
    assert said.err.startswith("model: ")


@pytest.mark.parametrize("workers", [1, 3])
def test_bad_files_cost_a_line_each_and_the_others_are_done(
    command: Command, tmp_path: Path, workers: int
) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "empty.png").touch()
    said = command(tmp_path / "text.jpg", HOPPER, tmp_path / "empty.png", "--workers", workers)
    assert said.status == 0
    assert f"{HOPPER}: 1 face" in said.out
    assert [line.partition(" is ")[0] for line in said.err.splitlines()] == [
        f"error: {tmp_path / 'text.jpg'}",
        f"error: {tmp_path / 'empty.png'}",
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_every_kind_of_bad_input_costs_one_line_and_the_good_one_is_written(
    command: Command, tmp_path: Path, workers: int
) -> None:
    whole = HOPPER.read_bytes()
    contents = {
        "text.jpg": b"hello",
        "empty.png": b"",
        "cut.jpg": whole[: len(whole) // 2],
        "text.mp4": b"hello",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    (tmp_path / "folder.jpg").mkdir()
    bad = [tmp_path / name for name in (*contents, "bomb.png", "folder.jpg", "missing.jpg")]
    out = tmp_path / "out"
    said = command(*bad, HOPPER, "--out", out, "--workers", workers)
    lines = said.err.splitlines()
    assert [line.split()[1] for line in lines] == list(map(str, bad))
    assert all(line.startswith("error: ") for line in lines)
    assert said.status == 0
    assert [path.name for path in out.iterdir()] == ["grace_hopper.faces.jpg"]
    assert command(*bad, "--out", tmp_path / "none", "--workers", workers).status == 1


def test_a_model_of_another_kind_is_told_in_one_line_before_anything_is_read(command: Command) -> None:
    said = command(HOPPER, "--model", DETECTOR)
    assert str(said.status).startswith(f"error: {DETECTOR} names no classes")
    assert "\n" not in str(said.status)
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize("option", ["--model", None])
def test_a_folder_is_called_a_folder(command: Command, tmp_path: Path, option: str | None) -> None:
    (tmp_path / "clip.mp4").mkdir()
    said = command(*([HOPPER, option] if option else []), tmp_path / "clip.mp4")
    assert f"{tmp_path / 'clip.mp4'} is a folder" in f"{said.status}{said.err}"


def test_nothing_done_is_a_failure(command: Command, tmp_path: Path) -> None:
    said = command(tmp_path / "missing.jpg", tmp_path / "gone.jpg")
    assert said.status == 1
    assert len(said.err.splitlines()) == 2


def test_a_photo_without_a_face_is_done(command: Command, tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), (90, 120, 200)).save(tmp_path / "sky.png")
    said = command(tmp_path / "sky.png")
    assert said.status == 0
    assert f"{tmp_path / 'sky.png'}: no face found" in said.out


def test_the_marked_picture_differs_from_the_photo_at_the_face_alone(
    command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "marked.png"
    assert command(HOPPER, "--out", out).status == 0
    before, after = (np.asarray(Image.open(path).convert("RGB")).astype(int) for path in (HOPPER, out))
    rows, columns = np.nonzero(np.abs(before - after).sum(axis=2))
    assert (columns.min(), columns.max()) == pytest.approx((171, 367), abs=6)
    assert rows.max() == pytest.approx(335, abs=6)
    assert [path.name for path in out.parent.iterdir()] == ["marked.png"]


@pytest.mark.parametrize(("name", "other"), [("müde", "mäde"), ("злой", "злая"), ("λύπη", "λάπη")])
def test_the_name_of_any_class_is_legible_on_it(name: str, other: str) -> None:
    photo = np.zeros((60, 200, 3), np.uint8)
    pictures = [
        annotated(photo, [Face((5, 25, 50, 55), 1, {emotion: 1.0}, emotion, photo)])
        for emotion in (name, other)
    ]
    assert pictures[0].tobytes() != pictures[1].tobytes()  # not a box for each letter


def test_several_marked_pictures_go_into_a_folder(command: Command, tmp_path: Path) -> None:
    assert command(HOPPER, ASTRONAUT, "--out", tmp_path / "out").status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "grace_hopper.faces.jpg",
        "astronaut.faces.jpg",
    }


def test_places_that_do_not_fit_are_refused_before_anything_is_done(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        (tmp_path / folder / "p.jpg").write_bytes(HOPPER.read_bytes())
    original = tmp_path / "a" / "p.jpg"
    cases = [
        ((original, "--out", original), "would write over"),
        ((original, "--out", tmp_path / "marked.txt"), "must end in"),
        ((original, HOPPER, "--out", tmp_path / "one.jpg"), "name a folder"),
        ((original, tmp_path / "b" / "p.jpg", "--out", tmp_path / "out"), "their names are the same"),
        ((original, original, "--out", tmp_path / "out"), "their names are the same"),
    ]
    for arguments, reason in cases:
        said = command(*arguments)
        assert said.status not in (0, None)
        assert reason in str(said.status)
    assert original.read_bytes() == HOPPER.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_damaged_photo_leaves_no_marked_picture(command: Command, tmp_path: Path) -> None:
    (tmp_path / "cut.jpg").write_bytes(HOPPER.read_bytes()[:20_000])
    assert command(tmp_path / "cut.jpg", "--out", tmp_path / "out.jpg").status == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cut.jpg"]


def test_a_camera_that_is_not_there_is_told_in_one_line(command: Command) -> None:
    said = command("--camera", 97)
    assert "camera" in str(said.status)
    assert "\n" not in str(said.status)


def test_files_and_a_camera_exclude_each_other(command: Command) -> None:
    assert command(HOPPER, "--camera", 0).status == 2
    assert command().status == 2
    assert command(HOPPER, "--workers", 0).status == 2


def test_a_camera_writes_nothing_and_says_so(command: Command) -> None:
    said = command("--camera", 0, "--out", "clip.mp4")
    assert said.status == 2
    assert "--out is for files" in said.err


@pytest.mark.parametrize("workers", [1, 3])
def test_answers_come_in_order_and_errors_at_their_place(workers: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (5 - number % 5))
        if number == 3:
            raise UserError("three")
        return number

    seen: list[int | str] = []
    for answer in in_order(work, range(8), workers):
        try:
            seen.append(answer())
        except UserError as error:
            seen.append(str(error))
    assert seen == [0, 1, 2, "three", 4, 5, 6, 7]


def test_a_bounded_number_of_answers_waits() -> None:
    begun: list[int] = []
    answers = in_order(lambda number: begun.append(number), range(100), workers=2)
    next(answers)()
    time.sleep(0.05)
    assert len(begun) <= 6
    answers.close()  # type: ignore[attr-defined]


def test_a_reader_that_stops_ends_it_without_a_word(model: Path) -> None:
    words = [sys.executable, "-m", "emotion.predict", "--model", str(model), *[str(ASTRONAUT)] * 3]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1
