"""Small convolutions, and what they compute, that tests of convolutions share."""

import math

import torch
from torch import nn

import fa_core as fa
from fa_core import FAConv2d

# Those that a convolution can follow.
RULES = ["bp", "fa", "kp", "sign-uniform", "sign-fixed", "sign-batch", "mirror"]


def layer64(networks=None, rule="fa", seed=0, **options):
    draw = torch.Generator().manual_seed(seed)
    layer = FAConv2d(**options, rule=rule, networks=networks, generator=draw).double()
    if layer.bias is not None:
        nn.init.normal_(layer.bias)
    return layer


def error_at(y):
    """An error that differs from pixel to pixel."""
    return torch.linspace(-1, 2, y.numel(), dtype=y.dtype).reshape(y.shape)


def gradients(layer, x, error=None):
    """The output, then the gradients of the input and of all parameters."""
    x = x.detach().clone().requires_grad_()
    y = layer(x)
    error = error_at(y) if error is None else error
    return [y.detach(), *torch.autograd.grad(y, [x, *layer.parameters()], error)]


def carrier(layer, rule):
    """The kernels that carry the error."""
    weight, feedback = layer.weight.detach(), layer.feedback.detach()
    if rule == "sign-uniform":
        _, per_group, kh, kw = weight.shape[-4:]
        return weight.sign() * math.sqrt(2 / (per_group * kh * kw))
    if rule in ("sign-fixed", "sign-batch"):
        return weight.sign() * feedback.abs()
    return weight if rule == "bp" else feedback


def small(networks=None, rule="fa"):
    """Two convolutions and a readout of ten pixels' images."""
    make = {"networks": networks, "rule": rule}
    net = nn.Sequential(
        *(FAConv2d(1, 4, 3, padding=1, **make), nn.ReLU()),
        *(FAConv2d(4, 6, 3, stride=2, **make), nn.ReLU()),
        *(nn.Flatten(-3), fa.FALinear(24, 3, **make)),
    )
    net.networks = networks  # which training functions ask for
    return net
