"""The fast path is taken only where it is right; anything else takes autograd, same numbers."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

import fa_core as fa
from fa_core.engine.batches import NoiseBatches
from fa_core.rules import RULES

STEPS, LR = 30, 1e-2
SIZES = [12, 9, 5]
quiet = {"lr": LR, "batch_size": 16, "progress": False}


class Doubling(fa.FALinear):
    """A layer of a reader's own."""

    def forward(self, x):
        return 2 * super().forward(x)


def pruned(net):
    prune.random_unstructured(net.layers[0], "weight", amount=0.5)


def weight_normed_the_old_way(net):
    with pytest.warns(FutureWarning, match="weight_norm"):
        nn.utils.weight_norm(net.layers[0])


def weight_normed(net):
    parametrizations.weight_norm(net.layers[0])


def hooked(net):
    net.layers[0].register_forward_hook(lambda module, args, y: y.clamp(max=1))


def hooked_before(net):
    net.register_forward_pre_hook(lambda module, args: (args[0] / 2,))


def hooked_backward(net):
    net.layers[1].register_full_backward_hook(lambda module, sent, got: (-sent[0],))


def hooked_gradient(net):
    net.layers[0].weight.register_hook(lambda gradient: gradient.clamp(-0.01, 0.01))


def hooked_once_accumulated(net):
    def hook(parameter):
        parameter.grad.sign_()

    net.layers[0].weight.register_post_accumulate_grad_hook(hook)


def own_layer(net):
    layer = net.layers[0]
    own = Doubling(12, 9, networks=layer.networks)
    own.load_state_dict(layer.state_dict())
    net.layers[0] = own


def own_forward(net):
    layer = net.layers[1]
    layer.forward = lambda x: 3 * fa.FALinear.forward(layer, x)


def net_with_own_forward(net):
    net.forward = lambda x: fa.MLP.forward(net, x.clamp(-1, 1))


CHANGES = [
    pruned,
    weight_normed_the_old_way,
    weight_normed,
    hooked,
    hooked_before,
    hooked_backward,
    hooked_gradient,
    hooked_once_accumulated,
    own_layer,
    own_forward,
    net_with_own_forward,
]


def follow_by_hand(net, steps=STEPS, at=None, change=None, networks=None):
    """The loop a user would write; ``change(net)`` comes before step ``at``."""
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    batches = NoiseBatches(fa.NoiseGenerator(SIZES[0], SIZES[-1], networks=networks), 16)
    for now in range(steps):
        if now == at:
            change(net)
        batches.draw()
        optimizer.zero_grad()
        fa.metrics.cross_entropy(net(batches.batch.x), batches.batch.y).sum().backward()
        optimizer.step()


def require_same(net, other, start=None):
    for (name, mine), (_, theirs) in zip(
        net.state_dict().items(), other.state_dict().items(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("networks", [None, 3])
def test_what_is_more_than_plain_layers_trains_as_autograd_trains_it(change, networks):
    fast, slow, untouched = (fa.MLP(SIZES, networks=networks) for _ in range(3))
    torch.manual_seed(0)
    change(fast)
    torch.manual_seed(0)
    change(slow)
    assert not fast.has_closed_form(torch.zeros(1))
    fa.train_on_noise(fast, STEPS, record_at=(), **quiet)
    follow_by_hand(slow, networks=networks)
    require_same(fast, slow)
    follow_by_hand(untouched, networks=networks)
    start = fa.MLP(SIZES, networks=networks)
    trained = dict(fast.named_parameters())
    last = trained.get("layers.1.weight")
    assert last is not None and not torch.equal(last, start.layers[1].weight)  # it did train
    x = fa.NoiseGenerator(SIZES[0], SIZES[-1], seed=1).batch(8).x
    assert not torch.allclose(fast(x), untouched(x), atol=1e-3)  # and the change told


def to_bp(net):
    for layer in net.layers:
        layer.rule = "bp"


def new_feedback(net):
    for layer in net.layers:
        layer.feedback = -layer.feedback


def frozen(net):
    net.layers[0].weight.requires_grad_(False)


def weight_replaced(net):
    """The optimiser holds the old weight, so the new one stays as it is: in any loop."""
    net.layers[0].weight = nn.Parameter(net.layers[0].weight.detach() / 2)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("networks", [None, 5])
@pytest.mark.parametrize(
    "change", [to_bp, new_feedback, frozen, weight_replaced, hooked, own_forward, hooked_gradient]
)
def test_what_a_record_function_changes_is_followed_from_there(change, networks, threads):
    fast, slow, untouched = (fa.MLP(SIZES, networks=networks) for _ in range(3))
    torch.set_num_threads(threads)
    changed = []

    def record(net, x, y):
        if not changed:
            changed.append(change(net))
        return {}

    fa.train_on_noise(fast, STEPS, record=[record], record_at=[10], **quiet)
    follow_by_hand(slow, at=10, change=change, networks=networks)
    require_same(fast, slow)
    follow_by_hand(untouched, networks=networks)
    with pytest.raises(AssertionError):
        require_same(fast, untouched)


def test_a_global_hook_runs():
    net, seen = fa.MLP(SIZES), []
    handle = nn.modules.module.register_module_forward_hook(lambda *_: seen.append(1) or None)
    try:
        fa.train_on_noise(net, 5, record_at=(), **quiet)
    finally:
        handle.remove()
    assert len(seen) > 5 * 3


def test_plain_networks_take_the_fast_path():
    for networks in (None, 1, 4):
        for rule in RULES:
            assert fa.MLP(SIZES, rule, networks).has_closed_form(torch.zeros(1))
    net = fa.MLP(SIZES)
    assert copy.deepcopy(net).has_closed_form(torch.zeros(1))
    assert not net.has_closed_form(torch.zeros(1, dtype=torch.float64))


class Clipped(torch.optim.SGD):
    """Clips by the norm of all gradients it holds: the step of each weight depends on all."""

    def step(self, closure=None):
        held = [p for group in self.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(held, 0.05)
        return super().step(closure)


def clipping_hook(parameters, lr):
    """The same, as a hook on a plain optimiser."""
    optimizer, held = torch.optim.SGD(held := list(parameters), lr=lr), held
    optimizer.register_step_pre_hook(lambda *_: nn.utils.clip_grad_norm_(held, 0.05) and None)
    return optimizer


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("optimizer", [Clipped, clipping_hook])
def test_an_optimiser_that_couples_weights_couples_no_networks(optimizer, threads):
    together = fa.MLP(SIZES, networks=5)
    torch.set_num_threads(threads)
    options = {**quiet, "lr": 0.5, "optimizer": optimizer, "record_at": ()}
    fa.train_on_noise(together, STEPS, **options)
    for seed in range(5):
        alone = fa.MLP(SIZES, seed=seed)
        fa.train_on_noise(alone, STEPS, seed=seed, **options)
        for mine, theirs in zip(together.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(mine[seed], theirs, rtol=1e-4, atol=1e-6)
    free = fa.MLP(SIZES, networks=5)
    fa.train_on_noise(free, STEPS, **{**options, "optimizer": torch.optim.SGD})
    assert not torch.allclose(free.layers[0].weight, together.layers[0].weight, atol=1e-3)


def test_loss_and_gradients_are_autograds_where_the_fast_path_is_wrong():
    net = fa.MLP(SIZES)
    hooked(net)
    x, y = fa.NoiseGenerator(SIZES[0], SIZES[-1]).batch(8)
    loss = net.loss_and_gradients(x, y)
    torch.testing.assert_close(loss, fa.metrics.cross_entropy(net(x), y).detach())


@pytest.mark.parametrize("sizes", [{784, 100, 10}, {784: 1, 10: 2}, "784", 784, iter([784, 10])])
def test_sizes_without_an_order_are_refused(sizes):
    with pytest.raises(TypeError, match="sizes must list the units of each layer in order, got"):
        fa.MLP(sizes)
