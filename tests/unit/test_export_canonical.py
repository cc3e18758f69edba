import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from emotion.export.canonical import canonical
from emotion.runtime.errors import UserError


def model(prefix: str, order: list[int], comment: str = "") -> onnx.ModelProto:
    """(x + 2) * 2 and (x + 2) - 3, with an idle node, under names that begin with `prefix`."""
    p = prefix
    nodes = [
        helper.make_node("Add", ["x", f"{p}two"], [f"{p}sum"], name=f"{p}n1", doc_string=comment),
        helper.make_node("Mul", [f"{p}sum", f"{p}deux"], ["double"], name=f"{p}n2"),
        helper.make_node("Sub", [f"{p}sum", f"{p}three"], ["less"], name=f"{p}n3"),
        helper.make_node("Abs", ["x"], [f"{p}idle"], name=f"{p}n4"),
    ]
    constants = {f"{p}three": 3, f"{p}two": 2, f"{p}deux": 2, f"{p}unused": 9}
    names = sorted(constants, key=lambda name: hash((prefix, name)))
    graph = helper.make_graph(
        [nodes[index] for index in order],
        f"{p}graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [f"{p}free", 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [f"{p}out", 3])
            for name in ("double", "less")
        ],
        [numpy_helper.from_array(np.array(constants[name], np.float32), name) for name in names],
        doc_string=comment,
    )
    opsets = [helper.make_opsetid("ai.onnx.ml", 2), helper.make_opsetid("", 15)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, doc_string=comment)


def test_the_same_computation_under_other_names_has_the_same_bytes() -> None:
    one = canonical(model("a", [0, 1, 2, 3]), {"k": "v"})
    other = canonical(model("zz", [3, 0, 2, 1], "converted on Monday"), {"k": "v"})
    assert one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def test_it_computes_the_same_and_says_what_it_was_given() -> None:
    named = canonical(model("a", [0, 1, 2, 3]), {"k": "v", "a": "b"}, {"less": "fewer"})
    onnx.checker.check_model(named)
    session = onnxruntime.InferenceSession(named.SerializeToString())
    assert [value.name for value in session.get_outputs()] == ["double", "fewer"]
    assert session.get_inputs()[0].shape == ["batch", 3]
    assert session.get_modelmeta().custom_metadata_map == {"k": "v", "a": "b"}
    x = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    double, fewer = session.run(None, {"x": x})
    assert np.array_equal(double, 2 * (x + 2))
    assert np.array_equal(fewer, x - 1)


def test_idle_parts_go_and_equal_constants_become_one() -> None:
    graph = canonical(model("a", [0, 1, 2, 3]), {}).graph
    assert [node.op_type for node in graph.node] == ["Add", "Mul", "Sub"]
    assert len(graph.initializer) == 2


def test_naming_twice_changes_nothing() -> None:
    once = canonical(model("a", [0, 1, 2, 3]), {"k": "v"})
    assert canonical(once, {"k": "v"}).SerializeToString() == once.SerializeToString()


def test_a_subgraph_is_refused() -> None:
    branch = helper.make_graph([], "branch", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    ends = [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in "xy"]
    with pytest.raises(UserError, match="subgraph"):
        canonical(helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:])), {})
