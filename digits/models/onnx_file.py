"""ONNX file of a network: normalized images float32 (N, 1, 28, 28) to logits (N, 10), for any N.

The graph is built from the layer list of models/export.py, not traced: it needs only the package onnx, is the same with
every version of PyTorch, and batch norm is folded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from digits.data.mnist import CLASSES, SIZE
from digits.models.export import export_model
from digits.models.network import BACKGROUND, SHIFTS, Network

INPUT, OUTPUT = "images", "logits"
# Of 2021: read by onnxruntime 1.10 and later, and by every converter. All operators used here exist since version 13.
_OPSET, _IR_VERSION = 15, 8
_BATCH = "N"  # the symbolic size of the first dimension


def onnx_model(network: Network, metadata: Mapping[str, str]) -> bytes:
    """The content of the file; the logits are the mean over the network's views.

    Raises ModuleNotFoundError without the package onnx, TypeError for an unknown layer.
    """
    from onnx import TensorProto, checker, helper

    layers, numbers = export_model(network)
    graph = Graph(numbers.numpy())
    graph.node("Mean", [graph.append(layers, view) for view in graph.shifted(INPUT, network.views)], output=OUTPUT)
    content = helper.make_graph(
        graph.nodes,
        "digits",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [_BATCH, 1, SIZE, SIZE])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [_BATCH, CLASSES])],
        list(graph.initializers.values()),
    )
    opsets = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(content, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="mnist-cnn")
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


class Graph:
    """Nodes and initializers of a graph; `numbers` (P,) are those that the layers refer to.

    `append` may be called with the same layers for several inputs, which then share the weights.
    """

    def __init__(self, numbers: np.ndarray):
        self.nodes: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self._numbers = numbers

    def append(self, layers: Sequence[dict], value: str) -> str:
        """Append all layers to the tensor named `value`; returns the name of the result."""
        is_flat = False
        for layer in layers:
            if layer["type"] == "linear" and not is_flat:
                value, is_flat = self.node("Flatten", [value]), True
            value = self._layer(layer, value)
        return value

    def shifted(self, images: str, count: int) -> list[str]:
        """The first `count` views of the images (N, 1, 28, 28), as models/network.py has them."""
        if count == 1:
            return [images]
        framed = self._padded("frame", images, 1, BACKGROUND)
        axes = self.constant("shift.axes", np.array([2, 3], dtype=np.int64))
        views = []
        for place, (rows, columns) in enumerate(SHIFTS[:count]):
            first = np.array([1 - rows, 1 - columns], dtype=np.int64)
            ends = [self.constant(f"shift{place}.{name}", at) for name, at in (("first", first), ("end", first + SIZE))]
            views.append(self.node("Slice", [framed, *ends, axes]))
        return views

    def node(self, operator: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """Append a node; returns the name of its output."""
        from onnx import helper

        output = output or f"{operator.lower()}_{len(self.nodes) + 1}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, name: str, values: np.ndarray) -> str:
        """Add an initializer, unless there is one of that name."""
        from onnx import numpy_helper

        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.asarray(values, order="C"), name)
        return name

    def _layer(self, layer: dict, value: str) -> str:
        match layer["type"]:
            case "conv":
                shape = (layer["out"], layer["in"] // layer["groups"], layer["kernel"], layer["kernel"])
                sizes: dict[str, Any] = {"kernel_shape": [layer["kernel"]] * 2, "strides": [layer["stride"]] * 2}
                sizes |= {"pads": [layer["padding"]] * 4, "group": layer["groups"]}
                return self.node("Conv", [value, *self._weights(layer, shape)], **sizes)
            case "scale":
                weight, bias = self._weights(layer, (1, layer["channels"], 1, 1), bias=(1, layer["channels"], 1, 1))
                return self.node("Add", [self.node("Mul", [value, weight]), bias])
            case "linear":
                weights = self._weights(layer, (layer["out"], layer["in"]))
                return self.node("Gemm", [value, *weights], transB=1)
            case "relu":
                return self.node("Relu", [value])
            case "pool":
                return self.node("MaxPool", [value], kernel_shape=[layer["size"]] * 2, strides=[layer["size"]] * 2)
            case "mean":
                return self.node("GlobalAveragePool", [value])
            case "pad":
                return self._padded(layer["name"], value, layer["size"], layer["value"])
            case other:
                raise TypeError(f"{layer['name']}: the layer type {other!r} can't be exported to ONNX.")

    def _padded(self, name: str, images: str, size: int, value: float) -> str:
        """Images with a frame of `size` pixels of that value."""
        sizes = self.constant(f"{name}.size", np.array([0, 0, size, size] * 2, dtype=np.int64))
        return self.node("Pad", [images, sizes, self.constant(f"{name}.value", np.array(value, dtype=np.float32))])

    def _weights(self, layer: dict, shape: tuple[int, ...], bias: tuple[int, ...] = (-1,)) -> list[str]:
        """The names of the layer's weight and, if it has one, its bias."""
        count = {"weight": int(np.prod(shape)), "bias": shape[1] if layer["type"] == "scale" else shape[0]}
        shapes = {"weight": shape, "bias": bias}
        return [
            self.constant(
                f"{layer['name']}.{part}",
                self._numbers[layer[part] : layer[part] + count[part]].reshape(shapes[part]),
            )
            for part in ("weight", "bias")
            if layer[part] is not None
        ]
