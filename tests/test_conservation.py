"""The conservation law: exact in float64 over depths, losses, data, batches and rates."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

import fa_core as fa
from fa_core.metrics import Conservation

LOSSES = {
    "cross-entropy": lambda z, y: F.cross_entropy(z, y),
    "squared": lambda z, y: (z - F.one_hot(y, z.shape[-1])).square().mean(),
    "hinge": lambda z, y: F.multi_margin_loss(z, y),
}


def networks(sizes, rule="fa", bias=True, seed=0):
    """One network in float64, with weights large enough that units switch on and off."""
    layers = [
        fa.FALinear(i, o, bias, rule, generator=torch.Generator().manual_seed(seed + i + o))
        for i, o in pairwise(sizes)
    ]
    joined = [part for layer in layers for part in (layer, torch.nn.ReLU())][:-1]
    return torch.nn.Sequential(*joined).double()


def descend(net, rates, loss, data, steps, after_step):
    layers = [module for module in net if isinstance(module, fa.FALinear)]
    groups = [
        {"params": layer.parameters(), "lr": r} for layer, r in zip(layers, rates, strict=True)
    ]
    optimizer = torch.optim.SGD(groups, lr=1)
    for step in range(steps):
        x, y = data(step)
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()
        after_step()


def noise(inputs, classes, batch, seed):
    def draw(step):
        generator = torch.Generator().manual_seed(1000 * seed + step)
        x = torch.randn(batch, inputs, generator=generator, dtype=torch.float64)
        return x, torch.randint(classes, (batch,), generator=generator)

    return draw


def require_law(law):
    """Both sides agree for every unit, relative to the sizes of their terms in the layer."""
    for aligned, growth, walk in law.ledgers():
        scale = (growth.abs() + walk + aligned.abs()).max()
        assert ((aligned - (growth - walk)).abs() <= 1e-10 * scale).all()


@settings(max_examples=40, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    inputs=st.integers(1, 12),
    classes=st.integers(2, 6),
    batch=st.integers(1, 16),
    rule=st.sampled_from(["fa", "bp"]),
    bias=st.booleans(),
    loss=st.sampled_from(sorted(LOSSES)),
    rates=st.lists(st.floats(0.01, 0.2), min_size=5, max_size=5),
    seed=st.integers(0, 999),
)
def test_the_law_is_exact(hidden, inputs, classes, batch, rule, bias, loss, rates, seed):
    sizes = [inputs, *hidden, classes]
    net, rates = networks(sizes, rule, bias, seed), rates[: len(sizes) - 1]
    law = Conservation(net, rates)
    descend(net, rates, LOSSES[loss], noise(inputs, classes, batch, seed), 30, law.update)
    require_law(law)


@pytest.mark.parametrize("hidden", [(20,), (20, 16), (20, 16, 12), (20, 16, 12, 10)])
def test_the_law_is_exact_on_real_data(hidden):
    """Two to five layers, batches of the 8x8 digits, the last of them cut short."""
    digits = fa.data.load("digits")
    x, y = digits.train_x[:90].double(), digits.train_y[:90]
    net = networks([64, *hidden, 10])
    rates = [0.05 / (1 + number) for number in range(len(hidden) + 1)]
    law = Conservation(net, rates)

    def batch(step):
        part = slice(32 * (step % 3), 32 * (step % 3) + 32)
        return x[part], y[part]

    descend(net, rates, LOSSES["cross-entropy"], batch, 300, law.update)
    require_law(law)


def test_the_terms_are_what_their_names_say():
    """By hand, on one step of one unit: W1 = 1, bias 0, W2 = (1, 2), B2 = (3, 5)."""
    net = fa.MLP([1, 1, 2]).double()
    first, last = net.layers
    with torch.no_grad():
        first.weight.fill_(1.0)
        last.weight.copy_(torch.tensor([[1.0], [2.0]]))
        last.feedback.copy_(torch.tensor([[3.0], [5.0]]))
    law = Conservation(net, [0.1, 0.2])
    with torch.no_grad():
        first.weight.sub_(0.5)
        first.bias.add_(2.0)
        last.weight.add_(torch.tensor([[1.0], [-2.0]]))
    law.update()
    ((aligned, growth, walk),) = law.ledgers()
    assert aligned.item() == pytest.approx((3 * 1 - 5 * 2) / 0.2)
    assert growth.item() == pytest.approx((0.5**2 + 2**2 - 1) / 0.2)
    assert walk.item() == pytest.approx((0.5**2 + 2**2) / 0.2)
    columns = law(net, None, None)
    assert list(columns) == ["aligned_1", "growth_1", "walk_1"]
    assert columns["growth_1"].item() == growth.item()


def test_under_bp_the_law_is_the_balance_of_both_layers():
    """With b = c: what the squared lengths grew beyond their walks is the same on both sides."""
    net = networks([6, 5, 3], "bp", seed=4)
    law = Conservation(net, 0.05)
    start, walk = net[2].weight.detach().square().sum(0), 0
    before = net[2].weight.detach().clone()

    def after_step():
        nonlocal walk, before
        law.update()
        walk = walk + (net[2].weight.detach() - before).square().sum(0)
        before = net[2].weight.detach().clone()

    descend(net, [0.05, 0.05], LOSSES["cross-entropy"], noise(6, 3, 8, 1), 50, after_step)
    above = (net[2].weight.detach().square().sum(0) - start - walk) / (2 * 0.05)
    ((aligned, growth, steps),) = law.ledgers()
    torch.testing.assert_close(above, growth - steps, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(aligned, above, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "change", [{"momentum": 0.9}, {"weight_decay": 0.1}, {"kind": torch.optim.Adam}], ids=str
)
def test_another_optimiser_breaks_the_law(change):
    kind = change.pop("kind", torch.optim.SGD)
    net = fa.MLP([8, 6, 3], networks=2)
    law = Conservation(net, 0.05)
    options = {"record": (), "progress": False, "after_step": law.update, "lr": 0.05}
    fa.train_on_noise(net, 50, optimizer=lambda p, lr: kind(p, lr=lr, **change), **options)
    ((aligned, growth, walk),) = law.ledgers()
    assert ((aligned - growth + walk).abs().sum(-1) > 0.05 * aligned.abs().sum(-1)).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_population_keeps_the_ledger_of_each_network_alone(threads):
    torch.set_num_threads(threads)

    def trained(networks, seed):
        net = fa.MLP([12, 8, 6, 3], networks=networks, seed=seed)
        law = Conservation(net, 0.1)
        options = {"optimizer": torch.optim.SGD, "lr": 0.1, "progress": False, "seed": seed}
        history = fa.train_on_noise(
            net, 40, record=(law,), record_at=(0, 40), after_step=law.update, **options
        )
        return law.ledgers(), history

    together, history = trained(5, 0)
    assert history.names == [f"{term}_{n}" for n in (1, 2) for term in fa.metrics.Ledger._fields]
    assert (history["aligned_1"][0] == 0).all()
    for seed in range(5):
        alone, _ = trained(None, seed)
        for whole, own in zip(together, alone, strict=True):
            for term, value in zip(whole, own, strict=True):
                torch.testing.assert_close(term[seed], value, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(
        history["aligned_2"][-1], history["growth_2"][-1] - history["walk_2"][-1], atol=1e-3
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Conservation(fa.MLP([3, 2]), 0.1), "net must be a chain of at least two"),
        (lambda: Conservation(torch.nn.Linear(3, 2), 0.1), "net must be a chain"),
        (lambda: Conservation(fa.MLP([3, 4, 2], "kp"), 0.1), "net must learn by a rule .* 'kp'"),
        (lambda: Conservation(fa.MLP([3, 4, 2], "dfa"), 0.1), "net must learn by a rule .* 'dfa'"),
        (lambda: Conservation(fa.MLP([3, 4, 2]), [0.1]), "lr must be one rate or 2, one a layer"),
        (lambda: Conservation(fa.MLP([3, 4, 2]), 0.0), "lr must be a finite number above 0"),
        (lambda: Conservation(fa.MLP([3, 4, 2]), [0.1, -1.0]), "lr must be a finite number above"),
    ],
)
def test_what_has_no_law_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_after_step_is_called_after_every_update_and_changes_nothing():
    def trained(**options):
        net = fa.MLP([12, 8, 3], networks=3)
        fa.train_on_noise(net, 30, record=(), progress=False, **options)
        return net.layers[0].weight

    seen = []
    assert torch.equal(trained(), trained(after_step=lambda: seen.append(1)))
    assert len(seen) == 30
    digits = fa.data.load("digits")
    fa.train(fa.MLP([64, 10]), digits, 7, progress=False, after_step=lambda: seen.append(1))
    assert len(seen) == 37
    with pytest.raises(TypeError, match="after_step must be a function without arguments, got 3"):
        trained(after_step=3)
