"""The faces of a video, frame by frame: emotions over time, and the video with its faces marked."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from emotion.inference.drawing import annotated
from emotion.inference.recognizer import EmotionRecognizer, Face
from emotion.inference.reports import csv_header, csv_rows, json_line
from emotion.runtime.errors import UserError
from emotion.runtime.files import whole_file

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer

RATE = 25  # frames a second of a video that does not say
CODEC = "libx264"
CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "matroska",
    ".avi": "avi",
}


def predict_video(recognizer: EmotionRecognizer, file: Path, out: Path | None, as_json: bool) -> None:
    """Print what is in a video: a JSON object for each frame, or how often each emotion was seen.

    Args:
        recognizer: the models.
        file: the video.
        out: where to write it with its faces marked, and beside it, ending in .csv, a row for each face of
            each frame; None writes neither.
        as_json: print JSON lines.

    Raises:
        UserError: PyAV is not installed, or the file is no video, or not a single frame can be read.
    """
    av = _av()
    if not file.is_file():
        raise UserError(f"{file} is {'a folder' if file.is_dir() else 'not there'}; name a video file")
    seen: Counter[str] = Counter()
    frames = 0
    with ExitStack() as stack:
        try:
            video = stack.enter_context(av.open(str(file)))
        except (av.FFmpegError, OSError) as error:
            raise UserError(f"{file} cannot be read as a video ({_reason(error)})") from error
        if not video.streams.video:
            raise UserError(f"{file} has no pictures in it")
        write = stack.enter_context(_Marked(out, video)) if out else None
        total = video.streams.video[0].frames or None
        bar = stack.enter_context(
            tqdm(total=total, unit="frame", desc=file.name, disable=not sys.stderr.isatty())
        )
        for number, (seconds, picture) in enumerate(read_frames(video, file)):
            faces = recognizer.predict(picture)
            seen.update(face.emotion for face in faces)
            frames += 1
            bar.update()
            if as_json:
                print(
                    json_line(str(file), faces, str(recognizer.path), frame=number, seconds=round(seconds, 3))
                )
            if write:
                write.frame(number, seconds, picture, faces, recognizer.info.classes)
        if not frames:
            raise UserError(f"{file} has no frame that can be read")
    if not as_json:
        print(summary(str(file), frames, seen))


def read_frames(video: "InputContainer", file: Path) -> Iterator[tuple[float, np.ndarray]]:
    """Yield each frame of a video: its time in seconds, and its pixels, uint8 (H, W, 3) in RGB.

    A packet that cannot be decoded is left out, and their number told on stderr at the end.
    """
    av = _av()
    stream = video.streams.video[0]
    rate = float(stream.average_rate or RATE)
    broken = number = 0
    packets = video.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.FFmpegError:  # the container itself breaks off here
            broken += 1
            break
        try:
            for frame in packet.decode():
                seconds = frame.time if frame.time is not None else number / rate
                yield float(seconds), upright(frame.to_ndarray(format="rgb24"), frame.rotation)
                number += 1
        except av.FFmpegError:
            broken += 1
    if broken:
        print(f"error: {file} has {_counted(broken, 'broken frame')}, left out", file=sys.stderr)


def upright(picture: np.ndarray, degrees: int) -> np.ndarray:
    """Return a frame, uint8 (H, W, 3), turned counter-clockwise, as a telephone held upright asks for."""
    return np.ascontiguousarray(np.rot90(picture, round(degrees / 90)))


def summary(name: str, frames: int, seen: "Counter[str]") -> str:
    """Return how often each emotion was seen in a video, in a line."""
    total = seen.total()
    if not total:
        return f"{name}: {_counted(frames, 'frame')}, no face found"
    shares = ", ".join(f"{emotion} {count / total:.0%}" for emotion, count in seen.most_common())
    return f"{name}: {_counted(frames, 'frame')}, {_counted(total, 'face')} in all: {shares}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class _Marked:
    """Writes a video with its faces marked, and the CSV beside it; both whole at the end, or not there."""

    def __init__(self, out: Path, source: "InputContainer") -> None:
        self.out, self.source = out, source
        self.files = ExitStack()

    def __enter__(self) -> "_Marked":
        with self.files:
            partial = self.files.enter_context(whole_file(self.out))
            table = self.files.enter_context(whole_file(self.out.with_suffix(".csv")))
            self.csv = self.files.enter_context(table.open("w", encoding="utf-8", newline="\n"))
            kind = CONTAINERS[self.out.suffix.lower()]
            self.video: OutputContainer = self.files.enter_context(_av().open(str(partial), "w", format=kind))
            self.stream: Any = None
            self.files.push(self._flush)
            self.files = self.files.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self.files.__exit__(*error)

    def _flush(self, *error: Any) -> None:
        """Write the frames that the codec still holds; nothing after an error."""
        if error[0] is None and self.stream is not None:
            self.video.mux(self.stream.encode())

    def frame(
        self, number: int, seconds: float, picture: np.ndarray, faces: list[Face], classes: tuple[str, ...]
    ) -> None:
        """Write one frame and its rows."""
        height, width = (size // 2 * 2 for size in picture.shape[:2])  # the codec takes even sizes alone
        if self.stream is None:
            self.csv.write(csv_header(classes) + "\n")
            self.stream = self.video.add_stream(CODEC, rate=self.source.streams.video[0].average_rate or RATE)
            self.stream.width, self.stream.height, self.stream.pix_fmt = width, height, "yuv420p"
        for row in csv_rows(number, seconds, faces):
            self.csv.write(row + "\n")
        marked = np.asarray(annotated(picture, faces))[: self.stream.height, : self.stream.width]
        self.video.mux(self.stream.encode(_av().VideoFrame.from_ndarray(np.ascontiguousarray(marked))))


def _av() -> Any:
    """Return PyAV.

    Raises:
        UserError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise UserError("videos need PyAV; run: pip install av") from error
    av.logging.set_level(av.logging.PANIC)  # FFmpeg's own lines would come beside ours
    return av


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
