"""Export of a network: same logits after import."""

import pytest
import torch

from digits.architectures import ARCHITECTURES
from digits.models.export import export_model, import_model
from tests.support.networks import trained_like


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", ARCHITECTURES)
@torch.inference_mode()
def test_an_exported_network_gives_the_same_logits(name, norm):
    network = trained_like(name, norm)
    images = torch.randn(20, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    expected = network(images)
    logits = import_model(*export_model(network))(images)
    torch.testing.assert_close(logits, expected, atol=1e-5 * expected.abs().max().item(), rtol=0)


@torch.inference_mode()
def test_batch_norm_is_folded_where_it_follows_a_convolution():
    layers, numbers = export_model(trained_like("cnn4"))
    assert [layer["type"] for layer in layers if layer["type"] not in ("relu", "pool")] == ["conv"] * 4 + ["linear"] * 2
    assert [layer["name"] for layer in layers[:4]] == ["conv1", "relu1", "pool1", "conv2"]
    assert numbers.dtype == torch.float32
    assert len(numbers) == sum(p.numel() for p in trained_like("cnn4").parameters()) - (
        16 + 32 + 64 + 128
    )  # one bias each


def test_an_unknown_layer_is_rejected_by_name():
    with pytest.raises(TypeError, match=r"0: GELU"):
        export_model(torch.nn.Sequential(torch.nn.GELU()))
    with pytest.raises(KeyError, match="gelu"):
        import_model([{"name": "x", "type": "gelu"}], torch.zeros(1))
