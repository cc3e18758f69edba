"""Classifiers built by hand as ONNX files, whose answer anyone can work out."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from emotion.inference.metadata import ModelInfo
from emotion.labels import CLASSES, SIDE

INFO = ModelInfo(CLASSES, SIDE, recipe="by hand", score={"accuracy": 0.5, "split": "none"}, data="none")


def write_classifier(path: Path, metadata: dict[str, str] | None = None, outputs: int = len(CLASSES)) -> Path:
    """Write a model that finds a face the more Happy (class 3) the lighter, and the more Sad (4) the darker.

    Its logits are linear in the mean of the pixels, m in 0 to 1: 8 (m - 0.5) for class 3, the negative for 4.
    """
    weights = np.zeros((1, outputs), np.float32)
    weights[0, 3:5] = 8, -8
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["sums"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["sums", "one"], ["columns"]),
        helper.make_node("Mul", ["columns", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["centred"]),
        helper.make_node("MatMul", ["centred", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    constants: dict[str, np.ndarray] = {
        "one": np.array([1], np.int64),
        "scale": np.array(1 / 255, np.float32),
        "offset": np.array(-0.5, np.float32),
        "weights": weights,
    }
    graph = helper.make_graph(
        nodes,
        "by_hand",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIDE, SIDE, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", outputs])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    helper.set_model_props(model, INFO.to_metadata() if metadata is None else metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def write_convolution(path: Path, seed: int, classes: tuple[str, ...] = CLASSES) -> Path:
    """Write a small convolutional network with weights by chance: unlike the above, each pixel counts."""
    random = np.random.default_rng(seed)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "white"], ["shades"]),
        helper.make_node("Transpose", ["shades"], ["maps"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["maps", "kernels"], ["edges"], strides=[4, 4]),
        helper.make_node("Relu", ["edges"], ["active"]),
        helper.make_node("Flatten", ["active"], ["features"]),
        helper.make_node("MatMul", ["features", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    kernels, cells = 8, (SIDE - 8) // 4 + 1
    constants = {
        "white": np.array(255, np.float32),
        "kernels": random.normal(0, 0.5, (kernels, 1, 8, 8)).astype(np.float32),
        "weights": random.normal(0, 0.2, (kernels * cells**2, len(classes))).astype(np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "by_chance",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIDE, SIDE, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(classes)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    info = ModelInfo(classes, SIDE, recipe=f"by chance, seed {seed}", score={"accuracy": 0.14}, data="none")
    helper.set_model_props(model, info.to_metadata())
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path
