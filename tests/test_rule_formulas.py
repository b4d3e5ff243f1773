"""Every rule exact against float64 formulas written out by hand, and what the formulas promise."""

from functools import partial

import pytest
import torch
from rule_samples import DECAY, LR, SIZES, batches

import fa_core as fa
from fa_core import rules, seeding
from fa_core.engine import autograd
from fa_core.rules import RULES


def by_hand(weights, biases, feedback, x, y, rule):
    """Gradients of one network of three weight layers, and of its feedback if that moves."""
    W1, W2, W3 = weights
    B2, B3 = feedback[1:]
    b1, b2, b3 = biases
    a1 = x @ W1.T + b1
    h1 = a1.clamp(min=0)
    a2 = h1 @ W2.T + b2
    h2 = a2.clamp(min=0)
    z = h2 @ W3.T + b3
    p = (z - z.max(1, keepdim=True).values).exp()
    e = (p / p.sum(1, keepdim=True) - y) / len(x)
    size3, size2 = (2 / 4) ** 0.5, (2 / 5) ** 0.5  # of fresh weights
    back = {
        "bp": lambda d2: (e @ W3, d2 @ W2),
        "fa": lambda d2: (e @ B3, d2 @ B2),
        "kp": lambda d2: (e @ B3, d2 @ B2),
        "dfa": lambda d2: (e @ B3, e @ B2),
        "sign-uniform": lambda d2: (e @ W3.sign() * size3, d2 @ W2.sign() * size2),
        "sign-fixed": lambda d2: (e @ (B3.abs() * W3.sign()), d2 @ (B2.abs() * W2.sign())),
        "sign-batch": lambda d2: (e @ (B3.abs() * W3.sign()), d2 @ (B2.abs() * W2.sign())),
        "mirror": lambda d2: (e @ B3, d2 @ B2),
    }[rule]
    d2 = back(torch.zeros_like(a2))[0] * (a2 > 0)
    d1 = back(d2)[1] * (a1 > 0)
    gradients = [d1.T @ x, d2.T @ h1, e.T @ h2]
    return gradients, [d.sum(0) for d in (d1, d2, e)], gradients if rule == "kp" else [None] * 3


def adamw(parameter, gradient, state, t):
    """One step of AdamW (Loshchilov & Hutter 2019), written out."""
    m, v = state
    m.mul_(0.9).add_(0.1 * gradient)
    v.mul_(0.999).add_(0.001 * gradient**2)
    parameter.mul_(1 - LR * DECAY)
    parameter.sub_(LR * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8))


def between_by_hand(weights, feedback, rule, stream):
    """What a rule does to the feedback of one network after an update."""
    for W, B in zip(weights, feedback, strict=True):
        o, i = W.shape
        if rule == "sign-batch":
            B.copy_(torch.randn(o, i, generator=stream, dtype=W.dtype) * (2 / i) ** 0.5)
        if rule == "mirror":
            x = torch.randn(64, i, generator=stream, dtype=W.dtype)
            correlation = torch.einsum("oj,nj,ni->oi", W, x, x) / 64
            B.copy_(0.99 * B + 0.01 * correlation)


def trained_by_hand(net, rule, data, seed):
    """Weights, biases and feedback of one network after AdamW on ``data``."""
    (stream,) = seeding.generators(seed, "rule")
    own = [[getattr(layer, name).detach().clone() for layer in net.layers] for name in TENSORS]
    states = [[(torch.zeros_like(t), torch.zeros_like(t)) for t in kind] for kind in own]
    for t, (x, y) in enumerate(data, 1):
        found = by_hand(*own, x, y, rule)
        for kind, gradients, state in zip(own, found, states, strict=True):
            for tensor, gradient, moments in zip(kind, gradients, state, strict=True):
                if gradient is not None:
                    adamw(tensor, gradient, moments, t)
        between_by_hand(own[0], own[2], rule, stream)
    return own


TENSORS = ("weight", "bias", "feedback")


@pytest.mark.parametrize("way", ["closed form", "autograd"])
@pytest.mark.parametrize("networks", [None, 3])
@pytest.mark.parametrize("rule", list(RULES))
def test_300_steps_follow_the_formula_written_by_hand(rule, networks, way):
    net = fa.MLP(SIZES, rule, networks).double()
    singles = [fa.MLP(SIZES, rule, seed=seed).double() for seed in range(networks or 1)]
    optimizer = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=DECAY)
    by_autograd = partial(autograd.loss_and_gradients, net)
    step = net.loss_and_gradients if way == "closed form" else by_autograd
    assert net.has_closed_form(net.layers[0].weight)
    data = list(batches(networks))
    streams = seeding.generators(0, "rule", networks)
    for x, y in data:
        step(x, y)
        optimizer.step()
        RULES[rule].between(net, streams)
    # Errors sum to zero over classes: where all of a unit's signs agree, nothing but rounding is
    # left of them under "sign-uniform", and Adam makes steps of that.
    atol = 1e-8 if rule == "sign-uniform" else 1e-11
    for number, single in enumerate(singles):
        mine = data if networks is None else [(x[number], y[number]) for x, y in data]
        expected = trained_by_hand(single, rule, mine, number)
        for name, tensors in zip(TENSORS, expected, strict=True):
            for layer, tensor in zip(net.layers, tensors, strict=True):
                found = getattr(layer, name) if networks is None else getattr(layer, name)[number]
                torch.testing.assert_close(found.detach(), tensor, rtol=1e-9, atol=atol)
    moved = not torch.equal(
        net.layers[1].feedback, fa.MLP(SIZES, rule, networks).layers[1].feedback
    )
    assert moved == (rule in ("kp", "sign-batch", "mirror"))


def test_kolen_pollack_shrinks_the_difference_by_the_decay_alone():
    net = fa.MLP(SIZES, "kp", networks=2).double()
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, weight_decay=DECAY)
    apart = [(layer.weight - layer.feedback).detach() for layer in net.layers]
    for x, y in batches(2, 50):
        net.loss_and_gradients(x, y)
        optimizer.step()
        shrunk = [difference * (1 - LR * DECAY) for difference in apart]
        apart = [(layer.weight - layer.feedback).detach() for layer in net.layers]
        torch.testing.assert_close(apart, shrunk, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", ["sign-uniform", "sign-fixed", "sign-batch"])
def test_sign_symmetry_has_the_weights_signs_and_the_size_of_fresh_weights(rule):
    layer = fa.MLP([400, 300, 10], rule, seed=1).layers[0]
    generators = seeding.generators(3, "rule")
    RULES[rule].between(layer, generators)
    with torch.no_grad():
        layer.weight.mul_(7)  # sizes are not those of the weight
    carrier = RULES[rule].carrier(rules.Matrices(layer.weight, layer.feedback))
    assert torch.equal(carrier.sign(), layer.weight.sign())
    assert carrier.norm().item() == pytest.approx((2 * 300) ** 0.5, rel=0.01)


def test_the_mirror_finds_the_weight_from_noise_alone():
    net = fa.MLP([100, 80, 10], "mirror", networks=3)
    streams = seeding.generators(0, "rule", 3)
    weights = [layer.weight.clone() for layer in net.layers]
    for _ in range(600):
        RULES["mirror"].between(net, streams)
    for layer, weight in zip(net.layers, weights, strict=True):
        assert torch.equal(layer.weight, weight)
        assert fa.metrics.alignment_angle(layer.weight, layer.feedback).max() < 12
        ratio = layer.feedback.norm(dim=(-2, -1)) / weight.norm(dim=(-2, -1))
        torch.testing.assert_close(ratio, torch.ones(3), rtol=0.1, atol=0)
