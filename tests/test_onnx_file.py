"""ONNX files of all networks, computed by onnxruntime."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from digits.architectures import ARCHITECTURES
from digits.data.mnist import MEAN, STD
from digits.models.export import export_model
from digits.models.network import SHIFTS
from digits.models.onnx_file import INPUT, OUTPUT, Graph, onnx_model
from tests.support.networks import trained_like


def small(name: str, norm: str | None = None) -> torch.nn.Sequential:
    return trained_like(name, norm, tuple(4 + place for place in range(len(ARCHITECTURES[name].channels))))


def session_of(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", ARCHITECTURES)
@torch.inference_mode()
def test_onnxruntime_computes_the_same_logits_for_any_batch_size(name, norm):
    network = small(name, norm)
    session = session_of(onnx_model(network, {}))
    for count in (1, 7, 250):
        images = torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(count))
        (logits,) = session.run(None, {"images": images.numpy()})
        assert logits.shape == (count, 10)
        np.testing.assert_allclose(logits, network(images).numpy(), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("name", ["cnn4-valid", "tiny"])
@torch.inference_mode()
def test_default_widths_stay_within_the_limit(name):
    network = trained_like(name)
    images = torch.randn(64, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    (logits,) = session_of(onnx_model(network, {})).run([OUTPUT], {INPUT: images.numpy()})
    assert np.abs(logits - network(images).numpy()).max() < 1e-4


def test_input_output_and_metadata_are_named_in_the_file():
    session = session_of(onnx_model(small("lenet5"), {"labels": '["0"]', "run_id": "größe"}))
    described = [(one.name, one.type, one.shape) for one in (*session.get_inputs(), *session.get_outputs())]
    assert described == [("images", "tensor(float)", ["N", 1, 28, 28]), ("logits", "tensor(float)", ["N", 10])]
    assert session.get_modelmeta().custom_metadata_map == {"labels": '["0"]', "run_id": "größe"}


@torch.inference_mode()
def test_layers_appended_twice_share_their_weights():
    network = small("cnn4-strided")
    layers, numbers = export_model(network)
    graph = Graph(numbers.numpy())
    first = graph.append(layers, INPUT)
    count = len(graph.initializers)
    second = graph.append(layers, INPUT)
    assert len(graph.initializers) == count
    graph.node("Sub", [first, second], output=OUTPUT)
    float32, helper = onnx.TensorProto.FLOAT, onnx.helper
    ends = [
        helper.make_tensor_value_info(name, float32, ["N", *rest])
        for name, rest in ((INPUT, (1, 28, 28)), (OUTPUT, (10,)))
    ]
    made = helper.make_graph(graph.nodes, "twice", ends[:1], ends[1:], list(graph.initializers.values()))
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    (difference,) = session_of(model.SerializeToString()).run(None, {INPUT: np.ones((3, 1, 28, 28), np.float32)})
    assert difference.shape == (3, 10)
    assert not difference.any()


@torch.inference_mode()
def test_logits_may_be_the_mean_over_shifted_images():
    network, background = small("lenet5"), -MEAN / STD
    images = torch.randn(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    views = []
    for rows, columns in SHIFTS:  # pixel by pixel
        view = torch.full_like(images, background)
        for row in range(max(0, rows), min(28, 28 + rows)):
            for column in range(max(0, columns), min(28, 28 + columns)):
                view[..., row, column] = images[..., row - rows, column - columns]
        views.append(network(view))
    one = onnx_model(network, {})
    network.views = len(SHIFTS)
    content = onnx_model(network, {})
    (logits,) = session_of(content).run(None, {INPUT: images.numpy()})
    np.testing.assert_allclose(logits, torch.stack(views).mean(dim=0).numpy(), atol=1e-5)
    assert len(content) < 1.5 * len(one)  # the weights are there once


def test_an_unknown_layer_is_refused():
    with pytest.raises(TypeError, match="LayerNorm can't be exported"):
        onnx_model(torch.nn.Sequential(torch.nn.LayerNorm(28)), {})
