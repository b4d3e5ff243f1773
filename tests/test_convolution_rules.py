"""FAConv2d under rules that name a carrier or work between updates; who may follow, who not."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from convolution_samples import RULES, carrier, gradients, layer64, small
from torch import nn

import fa_core as fa
from fa_core import FAConv2d, seeding
from fa_core.rules import Rule


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("networks", [None, 3])
@pytest.mark.parametrize("rule", RULES)
def test_the_recorded_angle_is_that_of_the_kernels_that_carry_the_error(rule, networks):
    net = small(networks, rule)
    options = {"shape": (1, 6, 6), "classes": 3, "progress": False}
    history = fa.train_on_noise(net, 2, record="alignment_angle", **options)
    layer = net[2]
    back = layer.feedback if rule == "bp" else carrier(layer, rule)  # bp's is a control
    pair = (t.detach().reshape(networks or 1, -1) for t in (layer.weight, back))
    expected = fa.metrics.angle(*pair).numpy()
    found = history["alignment_angle_2"][-1].reshape(-1)
    assert found == pytest.approx(expected, abs=1e-4)


def between_by_hand(layer, rule, stream):
    """The feedback of one network after the work between two updates."""
    weight, feedback = layer.weight.detach(), layer.feedback.detach()
    out, per_group, kh, kw = weight.shape
    if rule == "sign-batch":
        fresh = torch.randn(out, per_group * kh * kw, generator=stream, dtype=weight.dtype)
        return fresh.reshape(weight.shape) * math.sqrt(2 / (per_group * kh * kw))
    maps = torch.randn(64, per_group * kh * kw, generator=stream, dtype=weight.dtype)
    maps = maps.reshape(64, per_group, kh, kw)
    y = F.conv2d(maps.repeat(1, layer.groups, 1, 1), weight, groups=layer.groups)
    learnt = torch.einsum("nohw,ncuv->ocuv", y, maps) / 64  # h, w: the only pixel
    return 0.99 * feedback + 0.01 * learnt


@pytest.mark.parametrize("networks", [None, 3])
@pytest.mark.parametrize("rule", ["sign-batch", "mirror"])
def test_a_rule_works_between_updates_on_kernels_as_written_by_hand(rule, networks):
    options = {"in_channels": 4, "out_channels": 6, "kernel_size": (2, 3), "groups": 2}
    layer, alone = layer64(networks, rule, **options), layer64(None, rule, **options)
    if networks is None:
        layer.to(memory_format=torch.channels_last)  # where no view is a matrix
    before = copy.deepcopy(layer.state_dict())
    fa.rules.RULES[rule].between(layer, seeding.generators(5, "rule", networks))
    for network in range(networks or 1):
        own = {name: t[network] if networks else t for name, t in before.items()}
        alone.load_state_dict(own)
        (stream,) = seeding.generators(5 + network, "rule")
        expected = between_by_hand(alone, rule, stream)
        found = layer.feedback if networks is None else layer.feedback[network]
        torch.testing.assert_close(found, expected)
    assert torch.equal(layer.weight, before["weight"])


def test_the_mirror_finds_the_kernels_from_noise_alone():
    layer = layer64(None, "mirror", in_channels=4, out_channels=6, kernel_size=3, groups=2)
    streams = seeding.generators(0, "rule")
    for _ in range(600):
        fa.rules.RULES["mirror"].between(layer, streams)
    assert fa.metrics.alignment_angle(layer.weight, layer.feedback) < 12


@pytest.mark.parametrize("rule", RULES)
def test_a_population_trains_as_each_of_its_networks_alone(rule):
    together = small(3, rule)
    start = copy.deepcopy(together.state_dict())
    options = {"shape": (1, 6, 6), "classes": 3, "progress": False, "record_at": ()}
    fa.train_on_noise(together, 4, seed=2, **options)
    for network in range(3):
        alone = small(rule=rule)
        alone.load_state_dict({name: t[network] for name, t in start.items()})
        fa.train_on_noise(alone, 4, seed=2 + network, **options)
        found = {name: t[network] for name, t in together.state_dict().items()}
        torch.testing.assert_close(found, dict(alone.state_dict()), rtol=1e-3, atol=1e-5)


def test_follows_any_rule_that_names_a_carrier(registered):
    @registered
    class RandomSign(Rule):
        def carrier(self, layer):
            return layer.feedback.sign() * layer.weight.std(dim=(-2, -1), keepdim=True)

    layer = layer64(3, "RandomSign", in_channels=2, out_channels=4, kernel_size=3)
    x = torch.randn(3, 2, 2, 5, 5, dtype=torch.float64)
    found = gradients(layer, x)
    layer.rule = "fa"
    size = layer.weight.detach().flatten(1).std(1).reshape(3, 1, 1, 1, 1)
    layer.feedback.copy_(layer.feedback.sign() * size)
    torch.testing.assert_close(found, gradients(layer, x))


def test_refuses_a_rule_written_for_linear_layers_by_name_and_reason(registered):
    @registered
    class Doubled(Rule):
        def carry(self, layer, s):
            return 2 * s.delta @ layer.feedback

    @registered
    class Fading(Rule):
        def feedback_gradient(self, layer, s, grad_w):
            return 0.1 * layer.feedback

    for rule, own in ("Doubled", "carry"), ("Fading", "feedback_gradient"):
        with pytest.raises(ValueError, match=f"rule must .*'{rule}' has its own {own}, written"):
            FAConv2d(1, 1, 1, rule=rule)
        with pytest.raises(ValueError, match=f"'0' cannot .* rule '{rule}' has its own {own}"):
            fa.convert(nn.Sequential(nn.Conv2d(1, 1, 1)), rule)
