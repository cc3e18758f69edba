"""The page sees in a camera's frames what `EmotionRecognizer` sees in them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.web import explanations, frames_a_second, scene, write_y4m
from emotion.inference import EmotionRecognizer
from tests.browser.visitor import pictures, visit
from tests.support.classifiers import write_classifier
from tools.site import build

FAKE = "--use-fake-device-for-media-stream"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder, model)
    return folder


def test_a_cameras_faces_are_pythons(tmp_path: Path, site: Path, model: Path) -> None:
    frame = scene()
    video = write_y4m(tmp_path / "camera.y4m", frame)
    options = (FAKE, "--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={video}")
    found = visit(site, "camera", tmp_path, *options)
    (face,) = EmotionRecognizer(model).predict(np.dstack([frame] * 3), live=True)
    (said,) = found["json"]
    (theirs,) = said["faces"]
    assert said["file"] == "camera"
    assert theirs["box"] == pytest.approx(face.box, abs=1)
    assert theirs["probabilities"] == pytest.approx(face.probabilities, abs=0.02)  # a grey level of the video
    assert found["picture"] == "camera.faces.png"
    with Image.open(tmp_path / found["picture"]) as picture:
        assert picture.size == (640, 480)
    assert len(pictures(found["seen"])) == 1
    assert found["buttons"] == 0  # a face that is gone with the next frame is not explained


def test_the_benchmark_counts_the_frames_that_are_analysed(tmp_path: Path, model: Path) -> None:
    assert 0 < frames_a_second(tmp_path, str(model), seconds=1) < 33  # the camera gives 30


def test_the_benchmark_times_each_explanation(tmp_path: Path, model: Path) -> None:
    assert [0 < waited < 60_000 for waited in explanations(tmp_path, str(model), times=2)] == [True] * 2


def test_a_camera_that_is_refused_costs_a_line(tmp_path: Path, site: Path) -> None:
    found = visit(site, "refused", tmp_path, FAKE, "--use-fake-ui-for-media-stream=deny")
    assert found["message"].startswith("The camera cannot be used: it is not allowed for this page")


def test_a_page_that_asked_another_host_would_be_caught(tmp_path: Path, site: Path) -> None:
    talkative = tmp_path / "site"
    shutil.copytree(site, talkative)
    with (talkative / "worker.js").open("a") as worker:  # a thread is not bound by the page's policy
        worker.write('\nfetch("http://elsewhere.invalid/photo", { mode: "no-cors" }).catch(() => {});\n')
    with pytest.raises(AssertionError, match=r"elsewhere\.invalid"):
        visit(talkative, "refused", tmp_path, FAKE, "--use-fake-ui-for-media-stream=deny")
