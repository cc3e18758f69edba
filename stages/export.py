"""Export the model for other runtimes, and measure how far each answers like Keras.

A format that answers otherwise fails the stage, after the metrics are written.
"""

import argparse
import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from emotion.config.schema import load_params
from emotion.data.storage import Split, load_split
from emotion.export.formats import to_int8, to_litert, to_onnx
from emotion.export.parity import (
    Parity,
    check_float,
    check_int8,
    compare,
    litert_probabilities,
    onnx_probabilities,
)
from emotion.inference.metadata import ModelInfo
from emotion.labels import CLASSES, SIDE
from emotion.network.model import load_model, predict
from emotion.runtime.errors import one_line_errors
from emotion.runtime.files import whole_file, write_json
from emotion.runtime.lockfile import check_intact
from emotion.runtime.locks import hold

CALIBRATION_FACES = 512


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
    hold("export")
    check_intact(args.model, args.train, args.test)
    model = load_model(args.model)
    train, test = load_split(args.train), load_split(args.test)

    keras_says = predict(model, test.images)
    accuracy = float((keras_says.argmax(axis=1) == test.labels).mean())
    info = ModelInfo(
        CLASSES,
        SIDE,
        recipe=f"{network.name}, {training.optimizer}, {training.epochs} epochs, seed {training.seed}",
        score={"accuracy": round(accuracy, 4), "split": f"{split} test"},
        data=data_hash(train),
    )
    contents = {args.onnx: to_onnx(model, info, params.opset)}
    if "litert" in params.formats:
        contents[args.others / "emotion.tflite"] = to_litert(model)
    if params.int8:
        contents[args.others / "emotion.int8.onnx"] = to_int8(contents[args.onnx], calibration_faces(train))
    args.others.mkdir(parents=True, exist_ok=True)  # an output, also where it stays empty
    parities: dict[str, Parity] = {}
    for file, content in contents.items():
        with whole_file(file) as partial:
            partial.write_bytes(content)
        ask = litert_probabilities if file.suffix == ".tflite" else onnx_probabilities
        parities[file.name] = compare(keras_says, ask(file, test.images), test.labels, len(content))
    write_json(
        args.metrics,
        {"keras": {"accuracy": accuracy}} | {name: asdict(parity) for name, parity in parities.items()},
    )
    for name, parity in parities.items():
        print(
            f"{name}: {parity.bytes / 1e6:.2f} MB, accuracy {parity.accuracy:.4f}, differs from Keras by at "
            f"most {parity.max_difference:.2g}, the same class for {parity.agreement:.2%}"
        )
        (check_int8 if "int8" in name else check_float)(name, parity)


def calibration_faces(train: Split) -> np.ndarray:
    """Return 512 faces of the split, evenly spread over it, uint8 (N, 48, 48, 1)."""
    rows = np.linspace(0, len(train) - 1, min(CALIBRATION_FACES, len(train))).astype(int)
    return np.asarray(train.images[rows])


def data_hash(split: Split) -> str:
    """Return the SHA-256 of a split's images and labels."""
    digest = hashlib.sha256()
    digest.update(np.ascontiguousarray(split.images).data)
    digest.update(np.ascontiguousarray(split.labels).data)
    return digest.hexdigest()


if __name__ == "__main__":
    with one_line_errors():
        main()
