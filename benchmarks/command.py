"""Speed of `python -m emotion.predict`, from the start of the process to its end.

    python -m benchmarks.command --keras models/emotion.keras --onnx models/emotion.onnx
    python -m benchmarks.command --keras ... --onnx ... --fer ~/fer/bin/python

A photo of 1280 x 960 pixels with three faces is compared with a process that loads Keras and the same model,
and with the package fer, whose environment has the Python that --fer names. Then come a thousand photos.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.one_stage import measure
from benchmarks.pasting import drawn
from benchmarks.table import row
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.project import ROOT

ROUNDS = 5
SIZE = (1280, 960)
PORTRAITS = ROOT / "tests" / "photos"
FACES = 3
PHOTOS = 1000
WITH_KERAS = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from emotion.network.model import load_model, predict
from emotion.inference.detector import FaceDetector
from emotion.inference.crop import Framing, cut, frame
photo = np.asarray(Image.open(sys.argv[2]))
found = FaceDetector().detect(photo)
faces = [cut(photo, frame(*face, Framing()), 48) for face in zip(found.boxes, found.points)]
print(predict(load_model(Path(sys.argv[1])), np.stack(faces)[..., None]))
"""
WITH_FER = (
    "import sys; from fer.fer import FER; import cv2; print(FER().detect_emotions(cv2.imread(sys.argv[1])))"
)


def main() -> None:
    """Measure, and print rows of the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keras", type=Path, required=True, help="the model as Keras saved it")
    parser.add_argument("--onnx", type=Path, required=True, help="its export")
    parser.add_argument("--fer", type=Path, help="the Python of an environment that has the package fer")
    args = parser.parse_args()
    predict = [sys.executable, "-m", "emotion.predict", "--model", str(args.onnx.resolve())]
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "three.jpg")
        three_faces().save(photo, quality=92)
        check_faces([*predict, str(photo), "--json"])
        others = {
            "Keras, loaded for it": [sys.executable, "-c", WITH_KERAS, str(args.keras.resolve()), str(photo)]
        }
        if args.fer:
            others["fer"] = [str(args.fer), "-c", WITH_FER, str(photo)]
        ours, *theirs = seconds([[*predict, str(photo)], *others.values()])
        name = "a photo of 1280 x 960 with three faces, process start included"
        print(row(name, "s", ours, "the limit", [1], at_most=1))
        for other, took in zip(others, theirs, strict=True):
            print(row(name, "s", ours, other, took, at_most=0.1), flush=True)
        photos = [Path(folder, f"{number}.jpg") for number in range(PHOTOS)]
        for copy in photos:
            copy.hardlink_to(photo)
        few, many = photos[: PHOTOS // 10], photos
        began = time.perf_counter()
        peak = measure([*predict, *map(str, many)]).resident
        rate = len(many) / (time.perf_counter() - began)
        name = f"{PHOTOS:,} photos of 1280 x 960"
        print(row(name, "photos/s", [rate], "the goal", [20], at_least=1), flush=True)
        smaller = measure([*predict, *map(str, few)]).resident
        print(row(f"peak memory of {name}", "MB", [peak], f"{len(few)} photos", [smaller], at_most=1.1))


def three_faces() -> Image.Image:
    """Return a photo of 1280 x 960 pixels with three faces: the portraits of the tests on a drawn ground."""
    photo = drawn(1)[0].resize(SIZE)
    with (
        Image.open(PORTRAITS / "astronaut.jpg") as astronaut,
        Image.open(PORTRAITS / "grace_hopper.jpg") as hopper,
    ):
        portraits = [astronaut, hopper, astronaut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
        for left, portrait in zip((20, 440, 860), portraits, strict=True):
            photo.paste(portrait.resize((400, round(400 * portrait.height / portrait.width))), (left, 250))
    return photo


def check_faces(command: list[str]) -> None:
    """Refuse to measure a photo in which not every face is found.

    Raises:
        UserError: so it is, or the command failed.
    """
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    found = len(json.loads(done.stdout)["faces"]) if done.returncode == 0 else 0
    if found != FACES:
        raise UserError(f"{found} of {FACES} faces are found in the photo that is measured")


def seconds(commands: list[list[str]]) -> list[list[float]]:
    """Return how long each command takes in each round; they take turns.

    Raises:
        UserError: one of them failed.
    """
    measured: list[list[float]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for took, command in zip(measured, commands, strict=True):
            began = time.perf_counter()
            done = subprocess.run(
                command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False
            )
            took.append(time.perf_counter() - began)
            if done.returncode:
                last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no word"])[-1]
                raise UserError(f"{command[0]} failed: {last}")
    return measured


if __name__ == "__main__":
    with one_line_errors():
        main()
