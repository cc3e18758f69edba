"""The trained model in other formats: ONNX for every runtime, LiteRT for phones, int8 for speed.

Each takes uint8 (N, 48, 48, 1) and gives float32 (N, classes), as the Keras model does. The same model gives
the same bytes, in one process or in two.
"""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx

from emotion.export.canonical import canonical
from emotion.inference.metadata import ModelInfo
from emotion.network.keras_setup import keras
from emotion.runtime.errors import UserError

OUTPUT = "probabilities"
CALIBRATION_BATCH = 64  # faces


def to_onnx(model: keras.Model, info: ModelInfo, opset: int) -> bytes:
    """Return a model as an ONNX file.

    Args:
        model: uint8 (N, 48, 48, 1) to probabilities.
        info: what the file says about itself.
        opset: version of ONNX's operators.

    Raises:
        UserError: Keras runs on another backend than TensorFlow.
    """
    _require_tensorflow()
    with _quiet(), _scratch() as folder:
        file = folder / "model.onnx"
        ready = with_stacked_views(model)
        ready.export(file, format="onnx", verbose=False, opset_version=opset)
        exported = onnx.load(file)
    return _bytes(canonical(exported, info.to_metadata(), {exported.graph.output[0].name: OUTPUT}))


def to_litert(model: keras.Model) -> bytes:
    """Return a model as a LiteRT file, whose converter always gives the same bytes.

    Raises:
        UserError: Keras runs on another backend than TensorFlow.
    """
    _require_tensorflow()
    with _quiet(), _scratch() as folder:
        file = folder / "model.tflite"
        with_stacked_views(model).export(file, format="litert", verbose=False)
        return file.read_bytes()


def to_int8(model: bytes, faces: np.ndarray) -> bytes:
    """Return an ONNX model that computes in 8-bit whole numbers, in a quarter of the size.

    It is static quantisation in QDQ form, with a scale for each channel of the weights. (Dynamic quantisation
    takes the scale of the activations over the batch, so that the answer for a face depends on the others.)

    Args:
        model: from `to_onnx`; its metadata are kept.
        faces: uint8 (N, 48, 48, 1) of the training split, whose activations give the ranges.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    whole = onnx.load_from_string(model)

    class Faces(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.batches = iter(np.array_split(faces, -(-len(faces) // CALIBRATION_BATCH)))

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {whole.graph.input[0].name: batch}

    with _quiet(), _scratch() as folder:
        source, prepared, quantised = (folder / f"{step}.onnx" for step in ("float", "ready", "int8"))
        source.write_bytes(model)
        # Its symbolic shape inference gives up on the graph with ten views, and the others need it no more
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            quantised,
            Faces(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        metadata = {entry.key: entry.value for entry in whole.metadata_props}
        return _bytes(canonical(onnx.load(quantised), metadata))


def with_stacked_views(model: keras.Model) -> keras.Model:
    """Return the same model with the views of a face that it averages over put side by side in one batch.

    Exported as it is, a model with ten views holds its network ten times: 296 nodes in place of 83, and twice
    the time for one face.
    """
    model(np.zeros((1, *model.input_shape[1:]), np.uint8))  # Keras exports no model that was never called
    if not any(layer.name == "mean" and isinstance(layer, keras.layers.Average) for layer in model.layers):
        return model
    answers = [probabilities._keras_history for probabilities in model.get_layer("mean").input]
    network = answers[0].operation
    views = [network._inbound_nodes[answer.node_index].input_tensors[0] for answer in answers]
    stacked = network(keras.ops.concatenate(views, axis=0))
    each = keras.ops.reshape(stacked, (len(views), -1, model.output_shape[-1]))
    side_by_side = keras.Model(model.input, keras.ops.mean(each, axis=0), name=model.name)
    side_by_side(np.zeros((1, *model.input_shape[1:]), np.uint8))
    return side_by_side


def _require_tensorflow() -> None:
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"KERAS_BACKEND is {keras.backend.backend()}, and TensorFlow alone exports, also what "
            "JAX trained; unset it"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore the warnings of the converters, which concern their own insides."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a temporary folder, which is named where it takes no more: the converters name no file."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield Path(folder)
        except OSError as error:
            raise OSError(error.errno, error.strerror, error.filename or folder) from error


def _bytes(model: onnx.ModelProto) -> bytes:
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
