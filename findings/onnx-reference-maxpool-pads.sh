#!/bin/sh
# ONNX: the reference evaluator pads the wrong sides in MaxPool, if the window moves by one pixel.
#
# onnx 1.23.2, seen beside onnxruntime 1.32.0. `pads` is top, left, bottom, right. With strides of 1
# ReferenceEvaluator takes it for top, bottom, left, right; with other strides it does not. A window of 2 by 2
# with "same" padding, or one with a column of padding on either side, then makes a map of another shape than
# onnx's own shape inference says. If a global pooling follows, as in a classifier, the model runs through,
# and its numbers are wrong. Padding that is equal on all four sides hides it.
# One would expect that the evaluator to which one compares an export reads the attribute as the standard does.
#
# Seen, for a picture of 5 by 5 with the levels 1 to 25 (the shape of the map, and its mean):
#   2 by 2, pads 0 0 1 1, stride 1: inferred 5x5, onnxruntime 5x5 17.8, reference 4x6 15.8333
#   2 by 2, pads 0 0 1 1, stride 2: inferred 3x3, onnxruntime 3x3 17, reference 3x3 17
#   3 by 3, pads 0 1 0 1, stride 1: inferred 3x5, onnxruntime 3x5 18.8, reference 4x4 20.5
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
export HOME="$work"

cd "$work"
venv/bin/python - <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, shape_inference
from onnx.reference import ReferenceEvaluator

picture = np.arange(1, 26, dtype="float32").reshape(1, 1, 5, 5)


def pooled(window, pads, stride):
    """A model whose outputs are the map that MaxPool makes and the mean of the map."""
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("MaxPool", ["x"], ["map"], kernel_shape=window, pads=pads, strides=[stride] * 2),
                helper.make_node("GlobalAveragePool", ["map"], ["mean"]),
            ],
            "pooled",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 5, 5])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in ("map", "mean")],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def shape(map_):
    return "x".join(str(side) for side in map_.shape[2:])


for window, pads, stride, seen in [
    ((2, 2), (0, 0, 1, 1), 1, ("5x5", "5x5 17.8", "4x6 15.8333")),
    ((2, 2), (0, 0, 1, 1), 2, ("3x3", "3x3 17", "3x3 17")),
    ((3, 3), (0, 1, 0, 1), 1, ("3x5", "3x5 18.8", "4x4 20.5")),
]:
    model = pooled(window, pads, stride)
    checker.check_model(model)
    sides = shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape.dim[2:]
    inferred = "x".join(str(side.dim_value) for side in sides)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    now = [inferred]
    for evaluator in (session, ReferenceEvaluator(model)):
        map_, mean = evaluator.run(None, {"x": picture})
        now.append(f"{shape(map_)} {mean.item():g}")
    case = f"{window[0]} by {window[1]}, pads {' '.join(map(str, pads))}, stride {stride}"
    print(f"{case}: inferred {now[0]}, onnxruntime {now[1]}, reference {now[2]}")
    assert tuple(now) == seen, "no longer so"
END
