#!/bin/sh
# ONNX Runtime: the tool that finds what quantisation spoils calls all uint8 weights spoilt.
#
# onnxruntime 1.32.0 with onnx 1.23.2. qdq_loss_debug's create_weight_matching takes the zero point from the
# weights in uint8, where 100 - 128 is 228, and so compares the float weights with numbers that are in no
# model: compute_weight_error gives minus 15 decibels, more noise than signal, for weights of which the model
# itself keeps 41. With int8 weights, whose zero point is 0, the same tool is right.
# One would expect the weights that the model computes with, as for int8.
#
# Seen, for 2,304 by 7 weights (signal to noise in decibels, "true" from a DequantizeLinear that was run):
#   QInt8: the tool says 41, true 41
#   QUInt8: the tool says -15, true 41
#   QInt8, per channel: the tool says 41, true 41
#   QUInt8, per channel: the tool says -14, true 41
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
export HOME="$work"

cd "$work"
venv/bin/python - <<'END'
import logging

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.qdq_loss_debug import compute_weight_error, create_weight_matching

logging.disable(logging.WARNING)  # on preprocessing, which one layer does not need
generator = np.random.default_rng(0)
weights = generator.normal(size=(48 * 48, 7)).astype("float32")
faces = generator.random((8, 48 * 48), "float32")


class Faces(CalibrationDataReader):
    def __init__(self):
        self.rest = iter([{"face": faces}])

    def get_next(self):
        return next(self.rest, None)


graph = helper.make_graph(
    [helper.make_node("MatMul", ["face", "weights"], ["class"], "layer")],
    "classifier",
    [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 48 * 48])],
    [helper.make_tensor_value_info("class", TensorProto.FLOAT, ["n", 7])],
    [numpy_helper.from_array(weights, "weights")],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "float.onnx")


def true_error(model):
    """The error of the weights that ONNX Runtime itself makes of the quantised ones."""
    [dequantise] = [node for node in model.graph.node if node.input[0] == "weights_quantized"]
    output = helper.make_tensor_value_info(dequantise.output[0], TensorProto.FLOAT, weights.shape)
    alone = helper.make_graph([dequantise], "weights", [], [output], model.graph.initializer)
    alone = helper.make_model(alone, opset_imports=model.opset_import, ir_version=model.ir_version)
    [used] = onnxruntime.InferenceSession(alone.SerializeToString()).run(None, {})
    return 20 * np.log10(np.linalg.norm(weights) / np.linalg.norm(weights - used))


onnxruntime.set_default_logger_severity(3)
for weight_type, per_channel, seen in [
    (QuantType.QInt8, False, (41, 41)),
    (QuantType.QUInt8, False, (-15, 41)),
    (QuantType.QInt8, True, (41, 41)),
    (QuantType.QUInt8, True, (-14, 41)),
]:
    quantize_static(
        "float.onnx",
        "quantised.onnx",
        Faces(),
        activation_type=QuantType.QUInt8,
        weight_type=weight_type,
        per_channel=per_channel,
    )
    tool = compute_weight_error(create_weight_matching("float.onnx", "quantised.onnx"))["weights"]
    true = true_error(onnx.load("quantised.onnx"))
    print(f"{weight_type}{', per channel' if per_channel else ''}: the tool says {tool:.0f}, true {true:.0f}")
    assert (round(tool), round(true)) == seen, "no longer so"
END
