"""Export the model for other runtimes, and measure how far each export answers like Keras.

A format that answers otherwise fails the stage, after the metrics are written.
"""

import argparse
import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

os.environ["KERAS_BACKEND"] = "tensorflow"  # which alone exports, also what JAX has trained

from emotion.config.schema import ExportParams, ModelParams, TrainParams, load_params
from emotion.data.storage import Split, load_split
from emotion.export.formats import to_int8, to_litert, to_onnx
from emotion.export.parity import (
    check_float,
    check_int8,
    compare,
    litert_probabilities,
    onnx_probabilities,
    summary,
)
from emotion.inference.metadata import ModelInfo
from emotion.labels import SIDE
from emotion.network.keras_setup import keras
from emotion.network.model import load_model, predict
from emotion.runtime.errors import UserError, one_line_errors
from emotion.runtime.files import whole_file, whole_folder, write_json
from emotion.runtime.stage import begin

CALIBRATION_FACES = 512
LITERT, INT8 = "emotion.tflite", "emotion.int8.onnx"


def main() -> None:
    """Read the model and the splits; write each format and the metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained model")
    parser.add_argument("--train", type=Path, required=True, help="folder of the train split")
    parser.add_argument("--test", type=Path, required=True, help="folder of the test split")
    parser.add_argument("--onnx", type=Path, required=True, help="where to write the ONNX model")
    parser.add_argument("--others", type=Path, required=True, help="folder for the other formats")
    parser.add_argument("--metrics", type=Path, required=True, help="where to write the metrics")
    args = parser.parse_args()
    every = load_params()
    params, network, training = every["export"], every["model"], every["train"]
    split = every["preprocess"].split
    stage = begin("export", every, args.model, args.train, args.test)
    train, test = load_split(args.train), load_split(args.test)
    model = load_model(args.model, len(test.classes))

    keras_says = predict(model, test.images)
    if not np.isfinite(keras_says).all():
        raise UserError(
            f"{args.model} gives predictions that are not finite: train again with a smaller train.lr"
        )
    accuracy = round(float((keras_says.argmax(axis=1) == test.labels).mean()), 4)
    info = ModelInfo(
        test.classes,
        SIDE,
        recipe=recipe(network, training),
        score={"accuracy": accuracy, "split": f"{split} test"},
        data=data_hash(train),
    )
    onnx = to_onnx(model, info, params.opset)
    others = other_formats(model, onnx, train, params)
    parities = {}
    with TemporaryDirectory() as folder:
        for name, content in ({args.onnx.name: onnx} | others).items():
            file = Path(folder, name)
            file.write_bytes(content)
            ask = litert_probabilities if name == LITERT else onnx_probabilities
            says = ask(file, np.asarray(test.images))
            parities[name] = compare(keras_says, says, test.labels, len(content))

    stage.check_unchanged()
    with whole_file(args.onnx) as partial:
        partial.write_bytes(onnx)
    with whole_folder(args.others) as partial:
        for name, content in others.items():
            (partial / name).write_bytes(content)
    metrics = {name: parity.rounded() for name, parity in parities.items()}
    write_json(args.metrics, {"keras": {"accuracy": accuracy}} | metrics)
    for name, parity in parities.items():
        print(f"{name}: {summary(parity)}")
    for name, parity in parities.items():
        (check_int8 if name == INT8 else check_float)(name, parity)


def other_formats(model: keras.Model, onnx: bytes, train: Split, params: ExportParams) -> dict[str, bytes]:
    """Return the formats beside ONNX that are asked for, by the names of their files."""
    formats = {}
    if params.litert:
        formats[LITERT] = to_litert(model)
    if params.int8:
        formats[INT8] = to_int8(onnx, calibration_faces(train))
    return formats


def calibration_faces(train: Split) -> np.ndarray:
    """Return 512 faces of the split, evenly spread over it, uint8 (N, 48, 48, 1)."""
    rows = np.linspace(0, len(train) - 1, min(CALIBRATION_FACES, len(train))).astype(int)
    return np.asarray(train.images[rows])


def recipe(network: ModelParams, training: TrainParams) -> str:
    """Say in a few words what was trained, and how."""
    most = "at most " if training.patience < training.epochs else ""
    return f"{network.name}, {training.optimizer}, {most}{training.epochs} epochs, seed {training.seed}"


def data_hash(split: Split) -> str:
    """Return the SHA-256 of a split's images and labels."""
    digest = hashlib.sha256()
    digest.update(np.ascontiguousarray(split.images).data)
    digest.update(np.ascontiguousarray(split.labels).data)
    return digest.hexdigest()


if __name__ == "__main__":
    with one_line_errors():
        main()
