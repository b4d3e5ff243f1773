"""Soft alignment: the angle asked for, and nothing else changed."""

import pytest
import torch
from scipy import stats
from torch import nn

import fa_core as fa

SIZES = [64, 120, 100, 10]


@pytest.mark.parametrize("degrees", [0, 45, 74, 90])
@pytest.mark.parametrize("networks", [None, 3])
def test_every_layer_after_the_first_stands_at_the_angle_and_keeps_its_norm(networks, degrees):
    before = fa.MLP(SIZES, networks=networks)
    net = fa.MLP(SIZES, networks=networks)
    assert fa.init.soft_alignment(net, degrees) is net
    assert torch.equal(net.layers[0].weight, before.layers[0].weight)
    for layer, old in zip(net.layers[1:], before.layers[1:], strict=True):
        angle = fa.metrics.alignment_angle(layer.weight, layer.feedback)
        torch.testing.assert_close(angle, torch.full_like(angle, degrees), rtol=0, atol=1e-3)
        torch.testing.assert_close(layer.weight.norm(dim=(-2, -1)), old.weight.norm(dim=(-2, -1)))
        assert torch.equal(layer.feedback, old.feedback)
        assert torch.equal(layer.bias, old.bias)
        assert layer.weight.dtype == torch.float32 and layer.weight.requires_grad


@pytest.mark.parametrize("degrees", [0, 45, 74, 90])
def test_the_weights_keep_their_distribution(degrees):
    layer = fa.init.soft_alignment(fa.MLP([4, 200, 150], seed=3), degrees).layers[1]
    scaled = layer.weight.detach().flatten().numpy() * (200 / 2) ** 0.5
    assert stats.kstest(scaled, "norm").pvalue > 0.01


def test_a_network_of_a_population_turns_as_it_does_alone():
    together = fa.init.soft_alignment(fa.MLP(SIZES, networks=3, seed=5), 60)
    for number in range(3):
        alone = fa.init.soft_alignment(fa.MLP(SIZES, seed=5 + number), 60)
        for whole, single in zip(together.layers, alone.layers, strict=True):
            torch.testing.assert_close(whole.weight[number], single.weight)


def test_a_converted_model_turns_too():
    model = fa.convert(nn.Sequential(nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 7, bias=False)))
    fa.init.soft_alignment(model, 30)
    angle = fa.metrics.alignment_angle(model[2].weight, model[2].feedback)
    assert angle.item() == pytest.approx(30, abs=1e-3)


def test_what_cannot_turn_is_refused_and_left_whole():
    net = fa.MLP(SIZES)
    with pytest.raises(ValueError, match="degrees must be a finite number at least 0 and at most"):
        fa.init.soft_alignment(net, 91)
    with pytest.raises(TypeError, match="degrees must be a number"):
        fa.init.soft_alignment(net, "90")
    with pytest.raises(ValueError, match="at least two FALinear layers"):
        fa.init.soft_alignment(fa.MLP([4, 3]), 45)
    with pytest.raises(ValueError, match=r"layer 2 is \(10, 120\) for a weight of \(100, 120\)"):
        fa.init.soft_alignment(fa.MLP(SIZES, "dfa"), 45)
    net.layers[2].weight.data.copy_(net.layers[2].feedback)
    before = net.layers[1].weight.clone()
    with pytest.raises(
        ValueError, match="neither zero nor along the feedback, but that of layer 3"
    ):
        fa.init.soft_alignment(net, 45)
    assert torch.equal(net.layers[1].weight, before)
    net.layers[2].weight.data.zero_()
    with pytest.raises(ValueError, match="neither zero nor along"):
        fa.init.soft_alignment(net, 45)
