import csv
import errno
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emotion.inference import EmotionRecognizer
from emotion.inference.video import _Marked, predict_video, summary, upright
from emotion.runtime.errors import UserError
from tests.support.classifiers import write_classifier
from tests.support.paths import ROOT

av = pytest.importorskip("av")
ASTRONAUT = ROOT / "tests" / "photos" / "astronaut.jpg"
FRAMES, RATE, SIDE = 12, 10, 240


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> EmotionRecognizer:
    return EmotionRecognizer(write_classifier(tmp_path_factory.mktemp("model") / "hand.onnx"))


def write_video(path: Path, codec: str, pixels: str, height: int = SIDE) -> Path:
    """A face that moves to the right by two pixels a frame."""
    picture = np.asarray(Image.open(ASTRONAUT).resize((SIDE, SIDE)))[:height]
    with av.open(str(path), "w") as video:
        stream = video.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = SIDE, height, pixels
        for number in range(FRAMES):
            frame = np.ascontiguousarray(np.roll(picture, 2 * number, axis=1))
            video.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        video.mux(stream.encode())
    return path


def test_a_video_is_marked_and_its_emotions_are_rows_over_time(
    recognizer: EmotionRecognizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.mp4", "libx264", "yuv420p")
    predict_video(recognizer, clip, tmp_path / "out.mp4", as_json=False)
    assert capsys.readouterr().out == f"{clip}: 12 frames, 12 faces in all: Happiness 100%\n"
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(FRAMES))
    assert [float(row["seconds"]) for row in rows] == pytest.approx(np.arange(FRAMES) / RATE)
    assert float(rows[-1]["left"]) - float(rows[0]["left"]) == pytest.approx(22, abs=4)
    assert sum(float(rows[0][name]) for name in recognizer.info.classes) == pytest.approx(1, abs=1e-5)
    with av.open(str(tmp_path / "out.mp4")) as video:
        marked = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(marked) == FRAMES
    assert marked[0].shape == (SIDE, SIDE, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "out.csv", "out.mp4"]


def test_json_has_a_line_for_each_frame(
    recognizer: EmotionRecognizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.mp4", "libx264", "yuv420p")
    predict_video(recognizer, clip, None, as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["frame"], line["seconds"]) for line in lines] == [(n, n / RATE) for n in range(FRAMES)]
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_video_of_odd_height_is_marked(recognizer: EmotionRecognizer, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", "mjpeg", "yuvj444p", height=239)
    predict_video(recognizer, clip, tmp_path / "out.mp4", as_json=False)
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (SIDE, 238)


def test_a_broken_frame_is_left_out_and_told(
    recognizer: EmotionRecognizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_video(tmp_path / "clip.avi", "mjpeg", "yuvj420p")
    content = bytearray(clip.read_bytes())
    fourth = -1
    for _ in range(4):  # each frame is a JPEG, which begins so
        fourth = content.index(b"\xff\xd8\xff", fourth + 1)
    content[fourth : fourth + 700] = bytes(700)
    clip.write_bytes(content)
    predict_video(recognizer, clip, tmp_path / "out.mp4", as_json=False)
    said = capsys.readouterr()
    assert said.out.startswith(f"{clip}: 11 frames, 11 faces")
    assert said.err == f"error: {clip} has 1 broken frame, left out\n"


def test_files_that_are_no_video_are_refused_and_leave_nothing(
    recognizer: EmotionRecognizer, tmp_path: Path
) -> None:
    whole = write_video(tmp_path / "clip.mp4", "libx264", "yuv420p").read_bytes()
    contents = {"text.mp4": b"hello", "empty.mp4": b"", "cut.mp4": whole[: len(whole) // 2]}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in (*contents, "missing.mp4"):
        with pytest.raises(UserError, match=name) as error:
            predict_video(recognizer, tmp_path / name, tmp_path / "out.mp4", as_json=False)
        assert "\n" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", *sorted(contents)]


def test_last_frames_that_find_no_room_leave_nothing(
    recognizer: EmotionRecognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A stream that takes every frame, and cannot write those that the codec holds to the end."""

        def __init__(self, stream: Any) -> None:
            self.stream, self.width, self.height = stream, stream.width, stream.height

        def encode(self, frame: Any = None) -> Any:
            if frame is None:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.stream.encode(frame)

    write = _Marked.frame

    def frame(marked: _Marked, *of_frame: Any) -> None:
        write(marked, *of_frame)
        if not isinstance(marked.stream, Full):
            marked.stream = Full(marked.stream)

    monkeypatch.setattr(_Marked, "frame", frame)
    clip = write_video(tmp_path / "clip.mp4", "libx264", "yuv420p")
    with pytest.raises(OSError, match="No space"):
        predict_video(recognizer, clip, tmp_path / "out.mp4", as_json=False)
    assert list(tmp_path.iterdir()) == [clip]


def test_one_of_a_kind_is_told_in_the_singular() -> None:
    assert summary("a.mp4", 1, Counter(Sad=1)) == "a.mp4: 1 frame, 1 face in all: Sad 100%"
    assert summary("a.mp4", 2, Counter()) == "a.mp4: 2 frames, no face found"


def test_a_frame_is_turned_counter_clockwise_as_the_video_asks() -> None:
    stored = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)  # two pixels beside each other
    assert np.array_equal(upright(stored, 0), stored)
    assert upright(stored, 90)[:, 0].tolist() == [[3, 4, 5], [0, 1, 2]]
    assert upright(stored, -90)[:, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert upright(stored, -180)[0].tolist() == [[3, 4, 5], [0, 1, 2]]
