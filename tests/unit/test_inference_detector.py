import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.inference.blazeface import ANCHORS, Detections, decode, merge, overlap
from emotion.inference.detector import LEAST_SCORE, MODEL, FaceDetector, letterbox, tiles
from emotion.inference.sessions import open_session
from tests.support.paths import ROOT

PHOTOS = ROOT / "tests" / "photos"
ASTRONAUT, HOPPER = PHOTOS / "astronaut.jpg", PHOTOS / "grace_hopper.jpg"
EYES = {
    ASTRONAUT: [(206, 103), (242, 103)],
    HOPPER: [(222, 190), (305, 187)],
}  # by hand, the person's right first


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(threads=1)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def on_a_wall(photo: Image.Image, width: int, height: int, at: tuple[int, int]) -> np.ndarray:
    """A photo on a larger picture of nothing."""
    wall = Image.new("RGB", (width, height), (150, 140, 120))
    wall.paste(photo, at)
    return np.asarray(wall)


def test_anchors_are_the_middles_of_two_maps_as_mediapipe_generates_them() -> None:
    assert ANCHORS.shape == (896, 2)
    assert ANCHORS[[0, 1, 2, 511, 512, 517, 518, 895]].tolist() == [
        [8, 8], [8, 8], [24, 8], [248, 248],  # 16 cells a side, two anchors in each
        [16, 16], [16, 16], [48, 16], [240, 240],  # 8 cells a side, six in each
    ]  # fmt: skip


def test_a_row_is_decoded_relative_to_its_anchor() -> None:
    regressors, logits = np.zeros((896, 16), np.float32), np.full(896, -100, np.float32)
    regressors[2] = [4, -2, 20, 30, *range(12)]
    logits[2] = np.log(3)
    found = decode(regressors, logits, 0.7)
    assert found.boxes.tolist() == [[18, -9, 38, 21]]  # middle (24 + 4, 8 - 2), 20 wide, 30 high
    assert found.points[0].tolist() == [[24 + x, 8 + x + 1] for x in range(0, 12, 2)]
    assert found.scores == pytest.approx([0.75])
    assert len(decode(regressors, logits, 0.76)) == 0


def test_rows_without_an_area_are_no_faces() -> None:
    logits = np.full(896, 1000, np.float32)
    assert len(decode(np.zeros((896, 16), np.float32), logits, 0.5)) == 0


def test_boxes_of_a_face_become_their_mean_weighted_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], float)
    found = Detections(boxes, boxes[:, :2].repeat(6, axis=0).reshape(3, 6, 2), np.array([0.6, 0.9, 0.7]))
    merged = merge(found)
    assert merged.scores.tolist() == [0.9, 0.7]
    assert merged.boxes[0] == pytest.approx([1.2, 0, 11.2, 10])  # 0.4 of the first, 0.6 of the second
    assert merged.points[0, 5] == pytest.approx([1.2, 0])
    assert merged.boxes[1].tolist() == [50, 50, 60, 60]


def test_overlap_is_intersection_over_union() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [2, 0, 4, 2], [5, 5, 6, 6]], float)
    assert overlap(boxes[0], boxes) == pytest.approx([1, 1 / 3, 0, 0])


def test_the_network_answers_as_the_published_tflite_does() -> None:
    published = json.loads((PHOTOS / "astronaut.blazeface.json").read_text(encoding="utf-8"))
    given = letterbox(Image.open(ASTRONAUT))[0]
    regressors, logits = open_session(MODEL, 1).run(None, {"input": given})
    rows = [int(row) for row in published]
    assert len(rows) > 3
    assert np.flatnonzero(logits[0, :, 0] > 0).tolist() == rows
    for row, says in zip(rows, published.values(), strict=True):
        assert logits[0, row, 0] == pytest.approx(says["logit"], abs=0.02)
        assert regressors[0, row] == pytest.approx(says["regressors"], abs=0.05)


@pytest.mark.parametrize("path", EYES)
def test_a_face_is_found_once_with_the_persons_right_eye_first(detector: FaceDetector, path: Path) -> None:
    found = detector.detect(pixels(path))
    assert len(found) == 1
    assert found.points[0, :2] == pytest.approx(np.array(EYES[path]), abs=9)
    left, top, right, bottom = found.boxes[0]
    assert left < EYES[path][0][0] < EYES[path][1][0] < right
    assert top < EYES[path][0][1] < bottom


def test_pixels_are_scaled_from_minus_one_to_one_in_a_square_with_black_rims() -> None:
    picture = Image.new("RGB", (512, 256), (255, 0, 0))
    given, scale, left, top = letterbox(picture)
    assert (given.shape, left, top, scale.tolist()) == ((1, 256, 256, 3), 0, 64, [0.5, 0.5])
    assert given[0, 128, 128].tolist() == [1, -1, -1]
    assert (given[0, :64] == -1).all()
    assert (given[0, 192:] == -1).all()


def test_a_small_face_is_found_and_would_be_missed_with_pixels_from_zero_to_one() -> None:
    blocks = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8).repeat(64, 0).repeat(64, 1)
    picture = Image.fromarray(blocks)
    picture.paste(Image.open(HOPPER).resize((60, 60)), (240, 300))  # the face: 23 pixels of 512
    given = letterbox(picture)[0]
    session = open_session(MODEL, 1)
    scores = [1 / (1 + np.exp(-session.run(None, {"input": x})[1].max())) for x in (given, (given + 1) / 2)]
    assert scores[1] < LEAST_SCORE < scores[0]


def test_a_face_too_small_in_the_whole_of_a_large_photo_is_found_in_its_tiles(
    detector: FaceDetector,
) -> None:
    small = Image.open(ASTRONAUT).resize((320, 320), Image.Resampling.LANCZOS)
    photo = on_a_wall(small, 2400, 1800, (1500, 900))  # the face: 66 pixels wide, 7 in the network's square
    found = detector.detect(photo)
    assert len(found) == 1
    middle = (found.boxes[0, :2] + found.boxes[0, 2:]) / 2
    assert middle == pytest.approx([1500 + 225 * 320 / 512, 900 + 126 * 320 / 512], abs=8)
    assert len(detector.detect(photo, in_tiles=False)) == 0


@pytest.mark.parametrize("size", [(2048, 1536), (640, 480), (3000, 500), (512, 512), (513, 2049)])
def test_tiles_cover_the_photo_and_a_quarter_of_each_other(size: tuple[int, int]) -> None:
    width, height = size
    covered = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in tiles(width, height):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top:bottom, left:right] = 1
    assert covered.all()
    lefts = sorted({left for left, _, right, _ in tiles(width, height) if right - left == width // 2})
    assert all(after - before <= width / 2 * 3 / 4 + 1 for before, after in pairwise(lefts))


def test_a_small_photo_has_no_tiles() -> None:
    assert list(tiles(511, 400)) == []


@pytest.mark.parametrize("degrees", [-45, -20, 20, 45])
def test_a_turned_head_is_found_and_its_eyes_say_how_far_it_is_turned(
    detector: FaceDetector, degrees: int
) -> None:
    turned = Image.open(HOPPER).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(90, 90, 90))
    found = detector.detect(np.asarray(turned))
    assert len(found) >= 1
    across, down = found.points[0, 1] - found.points[0, 0]
    assert np.degrees(np.arctan2(down, across)) == pytest.approx(degrees, abs=8)


def test_pictures_of_nothing_have_no_face(detector: FaceDetector) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (300, 400, 3), np.uint8)
    blocks = random.integers(0, 256, (6, 8, 3), np.uint8).repeat(80, 0).repeat(80, 1)
    ramp = np.linspace(0, 255, 640 * 480 * 3).reshape(480, 640, 3).astype(np.uint8)
    for photo in (noise, blocks, ramp, np.zeros((1, 1, 3), np.uint8), np.full((5, 3000, 3), 255, np.uint8)):
        assert len(detector.detect(photo)) == 0
