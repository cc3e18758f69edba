"""Speed of the exported classifier alone, against Keras, and what it costs a camera.

    python -m benchmarks.classifier --keras models/emotion.keras --onnx models/emotion.onnx \
        --int8 models/exports/emotion.int8.onnx

All run in one process, in turn.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.table import row
from emotion.inference.sessions import open_session
from emotion.labels import SIDE
from emotion.network.keras_setup import keras
from emotion.network.model import load_model
from emotion.runtime.errors import one_line_errors

ROUNDS = 7
CALLS = {"keras": 30, "model.predict": 3, "onnx": 100, "batch": 10}  # in a round
BATCH = 64
FRAMES, RATE = 100, 20  # of a camera; pictures a second


def main() -> None:
    """Measure, and print rows of the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keras", type=Path, required=True, help="the model as Keras saved it")
    parser.add_argument("--onnx", type=Path, required=True, help="its export")
    parser.add_argument("--int8", type=Path, required=True, help="its export in 8-bit whole numbers")
    args = parser.parse_args()
    faces = np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 1), np.uint8)
    onnx, int8 = answers_of(args.onnx), answers_of(args.int8)

    share = processor_share(lambda: onnx(faces[:1]))
    print(row("a face 20 times a second", "of a core", [share], "the limit", [1 / 5], at_most=1))
    wide, narrow = rates({onnx: CALLS["batch"], int8: CALLS["batch"]}, faces)
    print(row("batches of 64 in 8 bits", "faces/s", narrow, "float32", wide, at_least=2))
    model = load_model(args.keras)
    ways = {
        onnx: CALLS["onnx"],
        model.predict_on_batch: CALLS["keras"],
        predict_of(model): CALLS["model.predict"],
    }
    ours, on_batch, predict = rates(ways, faces[:1])
    print(row("a face alone", "faces/s", ours, "`predict_on_batch` of Keras", on_batch, at_least=3))
    print(row("a face alone", "faces/s", ours, "`model.predict` of Keras", predict, at_least=50))


def answers_of(file: Path) -> Callable[[np.ndarray], object]:
    """Return what an ONNX model says of faces, uint8 (N, 48, 48, 1), as a function."""
    session = open_session(file, threads=0)
    name = session.get_inputs()[0].name
    return lambda faces: session.run(None, {name: faces})


def predict_of(model: keras.Model) -> Callable[[np.ndarray], object]:
    """Return `model.predict` without its progress bar."""
    return lambda faces: model.predict(faces, verbose=0)


def rates(ways: dict[Callable[[np.ndarray], object], int], faces: np.ndarray) -> list[list[float]]:
    """Return the faces a second of each way in each round; the ways take turns.

    Args:
        ways: functions of faces, and how many calls a round has of each.
        faces: uint8 (N, 48, 48, 1).
    """
    for answer in ways:
        answer(faces)  # the first call is slower
    measured: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for rates_of_way, (answer, calls) in zip(measured, ways.items(), strict=True):
            began = time.perf_counter()
            for _ in range(calls):
                answer(faces)
            rates_of_way.append(calls * len(faces) / (time.perf_counter() - began))
    return measured


def processor_share(answer: Callable[[], object]) -> float:
    """Return the share of a core that this process takes while it answers 20 times a second."""
    answer()
    began, used = time.monotonic(), time.process_time()
    for frame in range(1, FRAMES + 1):
        answer()
        time.sleep(max(0.0, began + frame / RATE - time.monotonic()))
    return (time.process_time() - used) / (time.monotonic() - began)


if __name__ == "__main__":
    with one_line_errors():
        main()
