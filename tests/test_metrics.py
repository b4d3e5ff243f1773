"""Metrics on cases whose value is known, and the symmetries they must have."""

import importlib
import math
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import install_import_hook

import fa_core as fa
from fa_core import metrics

seeds = st.integers(0, 10_000)
dimensions = st.integers(1, 7)
scales = st.floats(1e-6, 1e6)


def matrix(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def float64(values):
    return torch.tensor(values, dtype=torch.float64)


def close(actual, expected, tolerance=1e-9):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("degrees", [0, 1e-6, 30, 90, 120, 180 - 1e-6, 180])
def test_angle_of_vectors_a_known_angle_apart(degrees):
    radians = math.radians(degrees)
    u, v = float64([1, 0]), 7 * float64([math.cos(radians), math.sin(radians)])
    assert metrics.angle(u, v).item() == pytest.approx(degrees, rel=1e-9, abs=1e-12)
    assert metrics.angle(u, -u) == 180


def test_alignment_angle_of_the_whole_and_of_each_unit():
    W, B = torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, -3.0]])
    close(metrics.alignment_angle(W, B, per_unit=True), float64([0, 180]))
    whole = math.degrees(math.acos(-2 / math.sqrt(2 * 10)))
    population = metrics.alignment_angle(torch.stack([W, W]), torch.stack([B, W]))
    close(population, float64([whole, 0]))
    assert metrics.alignment_angle(W, W.flip(0)) == 90.0
    assert metrics.alignment_angle(torch.ones(3, 5, 4), torch.ones(3, 5, 4), True).shape == (3, 5)
    assert metrics.alignment_angle(W, torch.zeros(2, 2)).isnan()


@settings(deadline=None, max_examples=40)
@given(seeds, dimensions, dimensions, scales, st.booleans())
def test_alignment_angle_is_symmetric_and_blind_to_scale(seed, m, n, scale, per_unit):
    W, B = matrix(m, n, seed=seed), matrix(m, n, seed=seed + 1)
    angle = metrics.alignment_angle(W, B, per_unit)
    assert ((angle >= 0) & (angle <= 180)).all()
    close(metrics.alignment_angle(B, W, per_unit), angle)
    close(metrics.alignment_angle(scale * W, B, per_unit), angle)
    close(metrics.alignment_angle(W, -scale * B, per_unit), 180 - angle)


@pytest.mark.parametrize(
    "W, rank",
    [
        (torch.eye(7), 7),
        (torch.eye(7, 3), 3),
        (torch.outer(torch.arange(1.0, 6), torch.arange(1.0, 4)), 1),
        (torch.diag(torch.tensor([3.0, 1.0])), 4 / 3**0.75),  # p = 3/4, 1/4
        (torch.stack([torch.eye(4), torch.diag(torch.tensor([1.0, 1, 0, 0]))]), [4, 2]),
    ],
)
def test_effective_rank_of_known_spectra(W, rank):
    close(metrics.effective_rank(W), float64(rank), 1e-6)


@settings(deadline=None, max_examples=40)
@given(seeds, dimensions, dimensions, scales)
def test_effective_rank_is_bounded_and_blind_to_scale_side_and_rotation(seed, m, n, scale):
    W = matrix(m, n, seed=seed)
    rotation = torch.linalg.qr(matrix(m, m, seed=seed + 1)).Q
    rank = metrics.effective_rank(W)
    assert 1 - 1e-9 <= rank <= min(m, n) + 1e-9
    for same in (scale * W, W.mT, rotation @ W):
        close(metrics.effective_rank(same), rank)


def test_cross_entropy_accuracy_and_readout_by_hand():
    logits = torch.tensor([[0.0, math.log(3)], [math.log(3), 0.0]])
    y = torch.tensor([1, 1])
    expected = torch.tensor((math.log(4 / 3) + math.log(4)) / 2)
    for labels in (y, torch.eye(2)[y]):
        close(metrics.cross_entropy(logits, labels), expected, 1e-6)
        assert metrics.accuracy(logits, labels) == 0.5
        population = torch.stack([logits, -logits, torch.zeros(2, 2)])
        assert metrics.cross_entropy(population, labels).shape == (3,)
        assert metrics.accuracy(population, labels).tolist() == [0.5, 0.5, 0.0]
    assert metrics.accuracy(torch.eye(4), torch.tensor([0, 1, 2, 0])) == 0.75
    readout = metrics.readout_probabilities(torch.nn.Identity(), logits)
    close(readout, torch.tensor([0.5, 0.5]), 1e-6)
    assert metrics.chance_loss(10) == math.log(10)


@pytest.fixture(params=[None, 3], ids=["one", "population"])
def batch(request):
    noise = fa.NoiseGenerator(7, 4, networks=request.param)
    return request.param, *noise.batch(9)


def test_update_angle_is_the_angle_between_both_gradients(batch):
    networks, x, y = batch
    nets = [fa.MLP([7, 6, 5, 4], rule=rule, networks=networks) for rule in ("fa", "bp")]
    for net in nets:
        metrics.cross_entropy(net(x), y).sum().backward()
    fa_bp = zip(nets[0].layers, nets[1].layers, strict=True)
    expected = [metrics.alignment_angle(a.weight.grad, b.weight.grad) for a, b in fa_bp]
    got = metrics.update_angle(nets[0], x, y)
    close(got, torch.stack(expected, -1), 1e-4)  # float32 gradients
    assert (got[..., -1] == 0).all() and (got[..., :-1] > 20).all()


def test_update_angle_is_zero_where_the_rule_is_backpropagation(batch):
    networks, x, y = batch
    net = fa.MLP([7, 6, 5, 4], rule="bp", networks=networks)
    assert (metrics.update_angle(net, x, y) == 0).all()
    net = fa.MLP([7, 6, 5, 4], networks=networks)
    for layer in net.layers:
        layer.feedback.copy_(layer.weight.detach())
    assert (metrics.update_angle(net, x, y) == 0).all()


def test_update_angle_leaves_gradients_rules_and_weights_as_found(batch):
    networks, x, y = batch
    net = fa.MLP([7, 6, 4], networks=networks)
    net.layers[1].rule = "bp"
    net.layers[0].weight.grad = torch.ones_like(net.layers[0].weight)
    before = [p.detach().clone() for p in net.parameters()]
    metrics.update_angle(net, x, y)
    assert [layer.rule for layer in net.layers] == ["fa", "bp"]
    assert (net.layers[0].weight.grad == 1).all() and net.layers[1].weight.grad is None
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before, strict=True))


@pytest.fixture
def restless():
    """A network in training mode, whose dropout and batch statistics would show."""
    layers = [torch.nn.Linear(7, 30), torch.nn.BatchNorm1d(30), torch.nn.Dropout(0.5)]
    net = fa.convert(torch.nn.Sequential(*layers, torch.nn.Linear(30, 4)))
    net[1].eval()  # a user's choice
    return net


def test_networks_are_evaluated_in_evaluation_mode_and_left_as_found(restless):
    (x, y), other = (fa.NoiseGenerator(7, 4, seed=seed).batch(40) for seed in (0, 1))
    before = {name: value.clone() for name, value in restless.state_dict().items()}
    own = metrics.update_angle(restless, x, y)
    gap = metrics.generalisation_gap(restless, x, y, *other)
    readout = metrics.readout_probabilities(restless, x)
    assert [module.training for module in restless] == [True, False, True, True]
    assert all(torch.equal(value, before[k]) for k, value in restless.state_dict().items())
    restless[1].train()
    with fa.rules.using(restless, "bp"):
        assert (metrics.update_angle(restless, x, y) == 0).all()
    assert all(torch.equal(value, before[k]) for k, value in restless.state_dict().items())
    restless.eval()
    assert torch.equal(own, metrics.update_angle(restless, x, y)) and own[0] > 20
    assert torch.equal(readout, metrics.readout_probabilities(restless, x))
    close(
        gap,
        metrics.cross_entropy(restless(other[0]), other[1]) - metrics.cross_entropy(restless(x), y),
    )


def test_modes_come_back_after_an_error(restless):
    with pytest.raises(ValueError, match="x must have 7 features"):
        metrics.update_angle(restless, torch.ones(3, 5, 5), torch.zeros(3).long())
    assert restless.training


def test_a_layer_that_has_no_part_in_the_loss_has_no_update_angle():
    class Idle(fa.MLP):
        def forward(self, x):
            return self.layers[0](x)

    got = metrics.update_angle(Idle([7, 4, 4]), *fa.NoiseGenerator(7, 4).batch(9))
    assert got[0] == 0 and got[1].isnan()


@pytest.mark.parametrize("size", [1e-200, 1e200, 1e300])
def test_angles_of_huge_and_tiny_vectors(size):
    A, B = matrix(4, 3), matrix(4, 3, seed=1)
    assert metrics.alignment_angle(A * size, A) < 1e-5
    close(metrics.alignment_angle(A * size, B * size), metrics.alignment_angle(A, B))


def test_angles_in_float32_are_those_of_float64():
    A, B = matrix(16, 100, 50).float(), matrix(16, 100, 50, seed=1).float()
    a, b = A.double().flatten(1), B.double().flatten(1)
    cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    close(metrics.alignment_angle(A, B), torch.rad2deg(cosine.acos()), 1e-10)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_one_bad_network_spoils_no_other(bad):
    W = matrix(3, 5, 4)
    logits, y = matrix(3, 5, 4, seed=1), torch.tensor([0, 1, 2, 3, 0])
    whole = metrics.effective_rank(W), metrics.accuracy(logits, y), metrics.angle(W[:, 0], W[:, 1])
    W[1, 0, 0] = logits[1, 2, 3] = bad
    spoilt = metrics.effective_rank(W), metrics.angle(W[:, 0], W[:, 1])
    for before, now in zip((whole[0], whole[2]), spoilt, strict=True):
        assert now.isnan().tolist() == [False, True, False]
        close(now[[0, 2]], before[[0, 2]])
    now = metrics.accuracy(logits, y)
    assert now[1].isnan() == (bad is torch.nan) and torch.equal(now[[0, 2]], whole[1][[0, 2]])


def test_accuracy_and_loss_of_nan_logits_are_nan():
    logits, y = torch.full((3, 2), torch.nan), torch.zeros(3).long()
    assert metrics.accuracy(logits, y).isnan() and metrics.cross_entropy(logits, y).isnan()


@pytest.mark.parametrize("y", [torch.tensor([0]), torch.tensor([[1.0, 0.0]])])
def test_what_has_probability_0_adds_nothing_to_the_loss(y):
    logits = torch.tensor([[0.0, -torch.inf]], requires_grad=True)
    loss = metrics.cross_entropy(logits, y)
    loss.backward()
    assert loss == 0 and (logits.grad == 0).all()
    assert metrics.cross_entropy(logits.flip(-1), y) == torch.inf


@pytest.fixture
def typed(monkeypatch):
    """``metrics`` imported anew, with the shapes in its signatures checked at every call."""
    monkeypatch.setattr(fa, "metrics", metrics)  # puts the plain module back afterwards
    for name in [name for name in sys.modules if name.startswith("fa_core.metrics")]:
        monkeypatch.delitem(sys.modules, name)
    with install_import_hook("fa_core.metrics", "beartype.beartype"):
        return importlib.import_module("fa_core.metrics")


@pytest.mark.parametrize("labels", ["classes", "probabilities"])
def test_signatures_state_the_shapes_that_are_used(typed, batch, labels):
    networks, x, y = batch
    y = y.argmax(-1) if labels == "classes" else y
    net = fa.MLP([7, 6, 4], networks=networks)
    last = (x, y) if networks is None else (x[0], y[0])  # a batch that all networks share
    for inputs, label in ((x, y), last):
        typed.update_angle(net, inputs, label)
        typed.accuracy(net(inputs), label)
        typed.readout_probabilities(net, inputs)
    for layer in net.layers:
        typed.effective_rank(layer.weight)
        typed.alignment_angle(layer.weight, layer.feedback, per_unit=True)
    with pytest.raises(TypeError, match="logits"):
        typed.accuracy(x.long(), y)
