"""How fast the page is, in one thread of headless Chromium.

Of a camera of 640x480 pixels with one face: the frames that are analysed. Of a photo: how long it takes from
the press of a face's button until what its answer hangs on is shown.

    python -m benchmarks.web
    python -m benchmarks.web --model models/exports/emotion.int8.onnx --seconds 30

It needs what `make web` sets up. The camera is a file of a still picture, at 30 frames a second.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.table import HEADER, quote, row
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.machine import describe

CHECKOUT = Path(__file__).parents[1]
PHOTO = CHECKOUT / "tests" / "photos" / "grace_hopper.jpg"
GOAL = 15.0  # frames a second
TIMES = 20  # an explanation is asked for
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def main() -> None:
    """Build the page, let Chromium watch a camera and explain a face, and print what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="an exported model; by default the one that make web takes")
    parser.add_argument("--seconds", type=float, default=20, help="how long the camera is watched")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rate = frames_a_second(Path(folder), args.model, args.seconds)
        waited = explanations(Path(folder), args.model, TIMES)
    print(HEADER)
    print(row("frames of 640x480 with one face", "/s", [rate], "the goal", [GOAL], at_least=1))
    print(f"\nWhat the answer for a face hangs on, shown after {quote(waited, 'ms')}")
    print(f"\nMeasured on this machine:\n\n{describe()}")


def frames_a_second(folder: Path, model: str | None, seconds: float) -> float:
    """Return how many frames the page analyses in a second.

    Args:
        folder: to work in.
        model: path of an exported model; None for the default one.
        seconds: how long the camera is watched.

    Raises:
        UserError: there is no model, or web/ is not set up.
    """
    video = write_y4m(folder / "camera.y4m", scene())
    options = [*CAMERA, f"--use-file-for-fake-video-capture={video}"]
    said = visit(folder, model, "camera", seconds=seconds, options=options)
    if len(said["seen"]) != 1:
        raise UserError(f"the page found {len(said['seen'])} faces, must find one: nothing was measured")
    return float(said["rate"])


def explanations(folder: Path, model: str | None, times: int) -> list[float]:
    """Return how long it took each time to show what the answer for a face hangs on, in milliseconds.

    Args:
        folder: to work in.
        model: path of an exported model; None for the default one.
        times: how often; once before, which is not counted.

    Raises:
        UserError: there is no model, or web/ is not set up.
    """
    said = visit(folder, model, "why", photos=[str(PHOTO)], times=times)
    return [float(waited) for waited in said["milliseconds"]]


def visit(folder: Path, model: str | None, scenario: str, **plan: Any) -> dict[str, Any]:
    """Build the page, let a visitor do something there, and return what came of it.

    Args:
        folder: to work in.
        model: path of an exported model; None for the default one.
        scenario: a name of web/scenarios.js.
        plan: what the scenario takes.

    Raises:
        UserError: there is no model, or web/ is not set up.
    """
    site = folder / "site"
    run([sys.executable, "-m", "tools.site", str(site), *(["--model", model] if model else [])])
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(site)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        plan |= {"url": f"http://127.0.0.1:{server.server_address[1]}/", "downloads": str(folder)}
        found: dict[str, Any] = json.loads(run(["node", "web/scenarios.js", scenario, json.dumps(plan)]))
        return found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def scene() -> np.ndarray:
    """Return a grey frame with one face, uint8 (480, 640)."""
    wall = Image.new("L", (640, 480), 120)
    with Image.open(PHOTO) as photo:
        wall.paste(photo.convert("L").resize((400, 469)), (100, 8))
    return np.asarray(wall)


def write_y4m(path: Path, frame: np.ndarray) -> Path:
    """Write a grey frame, uint8 (H, W), as a video that Chromium's fake camera shows, and return its path.

    The camera takes it as BT.601: black is 16, white 235.
    """
    luma = np.round(16 + frame * (219 / 255)).astype(np.uint8)
    picture = b"FRAME\n" + luma.tobytes() + bytes([128]) * (luma.size // 2)
    height, width = luma.shape
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode() + 3 * picture)
    return path


def run(command: list[str]) -> str:
    """Run a command in the checkout and return what it prints.

    Raises:
        UserError: it failed; the message has its last line.
    """
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise UserError(f"{' '.join(command[:3])} failed: {last.removeprefix('error: ')}")
    return done.stdout


class Files(SimpleHTTPRequestHandler):
    """Serves the files of a folder without a line for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with one_line_errors():
        main()
