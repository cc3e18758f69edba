"""The measurements on pasted faces at a tiny size: what they do, not what they find."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import margins, photo, tiles, tilt
from benchmarks.framing import framings
from benchmarks.pasting import drawn, look, pasted
from emotion.data.storage import Split, save_split
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
    for picture, place in pasted(np.stack([face] * 10), drawn(2)):
        assert picture.shape == (480, 640, 3)
        assert 144 <= place.side <= 288
        side = round(place.side)
        left, top = round(place.x - side / 2), round(place.y - side / 2)
        inner = slice(side // 4, -side // 4)
        square = picture[top : top + side, left : left + side]
        assert square.shape[:2] == (side, side)
        expected = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC)
        assert np.array_equal(square[inner, inner, 0], np.asarray(expected)[inner, inner])


def test_a_turned_face_is_found_turned_by_the_same_angle(face: np.ndarray) -> None:
    for angle in (30, -30):
        (seen,) = look(face[None], drawn(1), angle)
        assert seen.points is not None
        across, down = seen.points[1] - seen.points[0]
        assert np.degrees(np.arctan2(down, across)) == pytest.approx(angle, abs=8)


@pytest.fixture(scope="module")
def folder(face: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes dark faces for Sad, and a split of two such and one that is white all over."""
    folder = tmp_path_factory.mktemp("project")
    write_classifier(folder / "m.onnx")
    dark = face // 4 * 3
    images = np.stack([dark, dark, np.full_like(face, 255)])[..., None]
    (folder / "test").mkdir()
    save_split(folder / "test", Split(images, np.array([4, 4, 0], np.uint8), np.arange(3, dtype=np.int32)))
    return folder


def printed(
    module: object, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.chdir(folder)
    words = ["benchmark", "--model", "m.onnx", "--test", "test"]
    monkeypatch.setattr(sys, "argv", [*words, "--out", "m.png"] if module is margins else words)
    module.main()  # type: ignore[attr-defined]
    return capsys.readouterr().out.splitlines()


def test_what_becomes_of_the_faces_is_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, row = printed(photo, folder, monkeypatch, capsys)
    assert row == "| this project | 2 of 3 (66.7%) | 0 | 1.0000 | 1.0000 | 1.0000 | 100.0% |"


def test_each_way_of_turning_has_its_accuracy_for_each_angle(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tilt, "ANGLES", (0, 30))
    *_, straight, turned = printed(tilt, folder, monkeypatch, capsys)
    assert straight == "| 0° | 2 of 3 | 1.0000 | 1.0000 | 1.0000 |"
    assert turned == "| 30° | 2 of 3 | 1.0000 | 1.0000 | 1.0000 |"


def test_tiles_find_the_faces_that_are_small_in_the_whole_of_a_photo(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tiles, "SIDES", (64, 192))
    *_, small, large = printed(tiles, folder, monkeypatch, capsys)
    assert small == "| 64 | 1 of 3 | 0 | 2 of 3 | 0 |"
    assert large == "| 192 | 2 of 3 | 0 | 2 of 3 | 0 |"


def test_margins_are_measured_around_the_models_own_and_drawn_small(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(margins, folder, monkeypatch, capsys)
    assert lines[0] == "fed directly: 1.0000"
    assert [line[:6] for line in lines[4:11]] == [f"| {0.82 + step / 10:.2f}" for step in range(7)]
    assert (folder / "m.png").stat().st_size < 60_000


FER = """
import json, sys
from pathlib import Path
import numpy as np
faces, photos = (np.load(Path(sys.argv[1], f"{name}.npy")) for name in ("faces", "photos"))
assert faces.shape == (3, 48, 48) and photos.shape == (3, 480, 640, 3)
middles = [[[[300, 220, 340, 260], "Sad"]], [], [[[0, 0, 1, 1], "Sad"]]]
print("a word of its own")
print(json.dumps({"direct": ["Sad", "Sad", "Happiness"], "photos": middles}))
"""


def test_another_package_gets_the_same_photos_and_its_answers_are_counted_the_same_way(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "adapter.py").write_text(FER)
    monkeypatch.setattr(photo, "ADAPTER", tmp_path / "adapter.py")
    monkeypatch.setattr(photo, "covers", lambda place, box: box[0] == 300)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        sys, "argv", ["photo", "--model", "m.onnx", "--test", "test", "--fer", sys.executable]
    )
    photo.main()
    *_, row = capsys.readouterr().out.splitlines()
    assert row == "| fer | 1 of 3 (33.3%) | 1 | 1.0000 |  | 1.0000 | 100.0% |"
