"""An ONNX model whose bytes depend on what it computes and says, not on how it came about.

tf2onnx numbers names through the life of a process and takes constants in the order of a set: two exports of
one model differ. Here nodes stand in an order that follows from the outputs, and names count from zero.
"""

from collections import defaultdict

import onnx

from emotion.runtime.errors import UserError

PRODUCER = "facial-emotion-pipeline"
BATCH = "batch"  # name of a dimension that is free


def canonical(
    model: onnx.ModelProto, metadata: dict[str, str], outputs: dict[str, str] | None = None
) -> onnx.ModelProto:
    """Return the same computation under canonical names, without comments and without idle parts.

    Args:
        model: its inputs and outputs keep their names, and each dimension that is free becomes "batch".
        metadata: its custom metadata, in this order.
        outputs: new names of outputs, by their old ones.

    Raises:
        UserError: it has a subgraph or a function, which no model of this project needs.
    """
    graph = model.graph
    if model.functions or any(a.type in (a.GRAPH, a.GRAPHS) for n in graph.node for a in n.attribute):
        raise UserError("the ONNX graph has a subgraph: it cannot be named anew")
    nodes = _ordered(graph)
    names = {value.name: value.name for value in (*graph.input, *graph.output)} | (outputs or {})
    new = onnx.GraphProto(
        name="graph",
        input=[_end(value, names) for value in graph.input],
        output=[_end(value, names) for value in graph.output],
        initializer=_constants(graph, nodes, names),
        node=_renamed(nodes, names),
    )
    used = {node.domain for node in nodes} | {""}
    opsets = {opset.domain: opset for opset in model.opset_import if opset.domain in used}
    return onnx.ModelProto(
        ir_version=model.ir_version,
        producer_name=PRODUCER,
        opset_import=[opsets[domain] for domain in sorted(opsets)],
        graph=new,
        metadata_props=[onnx.StringStringEntryProto(key=key, value=value) for key, value in metadata.items()],
    )


def _constants(
    graph: onnx.GraphProto, nodes: list[onnx.NodeProto], names: dict[str, str]
) -> list[onnx.TensorProto]:
    """Return the constants in the order of their first use, equal ones once; `names` gets their new names."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    kept: dict[bytes, onnx.TensorProto] = {}  # by content
    for name in (name for node in nodes for name in node.input if name in tensors and name not in names):
        tensor = onnx.TensorProto()
        tensor.CopyFrom(tensors[name])
        tensor.name = tensor.doc_string = ""
        same = kept.setdefault(tensor.SerializeToString(deterministic=True), tensor)
        same.name = same.name or f"constant_{len(kept) - 1}"
        names[name] = same.name
    return list(kept.values())


def _renamed(nodes: list[onnx.NodeProto], names: dict[str, str]) -> list[onnx.NodeProto]:
    """Return nodes under names that count each kind; what is in `names` already keeps its name there."""
    counts: defaultdict[str, int] = defaultdict(int)
    renamed = []
    for node in nodes:
        label = f"{node.op_type}_{counts[node.op_type]}"
        counts[node.op_type] += 1
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{label}_{place}" if name else "")
        attributes = sorted(node.attribute, key=lambda attribute: attribute.name)
        renamed.append(
            onnx.NodeProto(
                name=label,
                op_type=node.op_type,
                domain=node.domain,
                input=[names.get(name, name) for name in node.input],
                output=[names[name] for name in node.output],
                attribute=attributes,
            )
        )
    return renamed


def _end(value: onnx.ValueInfoProto, names: dict[str, str]) -> onnx.ValueInfoProto:
    """Return an input or output of the graph under its new name."""
    end = onnx.ValueInfoProto()
    end.CopyFrom(value)
    end.name = names[value.name]
    for dimension in end.type.tensor_type.shape.dim:
        if not dimension.HasField("dim_value"):
            dimension.dim_param = BATCH
    return end


def _ordered(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes on which the outputs depend, each after those that it reads: depth first."""
    makers = {name: node for node in graph.node for name in node.output if name}
    done: dict[str, onnx.NodeProto] = {}  # by first output, in order
    waiting = [makers[value.name] for value in reversed(graph.output)]
    while waiting:
        node = waiting[-1]
        missing = [makers[name] for name in node.input if name in makers]
        missing = [maker for maker in missing if _key(maker) not in done]
        if missing:
            waiting += reversed(missing)
        else:
            done.setdefault(_key(waiting.pop()), node)
    return list(done.values())


def _key(node: onnx.NodeProto) -> str:
    return str(next(name for name in node.output if name))
