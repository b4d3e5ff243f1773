"""FALinear: what travels backward, through which inputs, and the life of the feedback."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fa_core import FALinear
from fa_core.rules import RULES, Matrices

sizes = st.integers(1, 5)
# Inputs of rank 1 to 4, empty ones too.
EXACT = sorted(name for name, rule in RULES.items() if rule.meets_bp)
leading = st.lists(st.integers(0, 4), max_size=3).map(tuple)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def error_at(y):
    """An error that differs from unit to unit."""
    return torch.linspace(-1, 2, y.numel(), dtype=y.dtype, device=y.device).reshape(y.shape)


def gradients(layer, x, error=None):
    """The output, then the gradients of the input and of all parameters."""
    x = x.detach().clone().requires_grad_()
    y = layer(x)
    error = error_at(y) if error is None else error
    return [y.detach(), *torch.autograd.grad(y, [x, *layer.parameters()], error)]


def plain_linear(weight, bias):
    """The ``torch.nn.Linear`` of the same weights, as reference."""
    layer = nn.Linear(*reversed(weight.shape), bias=bias is not None, dtype=weight.dtype)
    layer.weight = nn.Parameter(weight.detach())
    layer.bias = bias if bias is None else nn.Parameter(bias.detach())
    return layer


def weights(layer):
    return layer.weight, layer.bias


def layer64(*args, seed=0, **kwargs):
    layer = FALinear(*args, **kwargs, generator=torch.Generator().manual_seed(seed)).double()
    if layer.bias is not None:
        nn.init.normal_(layer.bias)
    return layer


@settings(deadline=None, max_examples=60)
@given(leading, sizes, sizes, st.booleans(), st.sampled_from(EXACT))
def test_equals_autograd_where_feedback_equals_weight(shape, i, o, bias, rule):
    layer = layer64(i, o, bias, rule)
    layer.feedback.data.copy_(layer.weight.detach())
    x = torch.randn(*shape, i, dtype=torch.float64)
    expected = gradients(plain_linear(*weights(layer)), x)
    if rule == "kp":  # whose feedback is a parameter that takes the weight's gradient
        expected.append(expected[2])
    torch.testing.assert_close(gradients(layer, x), expected)


def test_bp_is_autograd_whatever_the_feedback():
    layer, x = layer64(4, 3, rule="bp"), torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(gradients(layer, x), gradients(plain_linear(*weights(layer)), x))


@pytest.mark.parametrize("shape", [(4,), (5, 4), (2, 5, 4)])
def test_fa_sends_the_error_through_the_feedback_alone(shape):
    layer, x = layer64(4, 3), torch.randn(shape, dtype=torch.float64)
    reference = gradients(plain_linear(*weights(layer)), x)
    through_feedback = gradients(plain_linear(layer.feedback, layer.bias), x)
    torch.testing.assert_close(
        gradients(layer, x), [reference[0], through_feedback[1], *reference[2:]]
    )


@settings(deadline=None, max_examples=40)
@given(leading.filter(bool), sizes, sizes, sizes, st.booleans(), st.sampled_from(sorted(RULES)))
def test_a_population_is_its_networks_one_by_one(shape, networks, i, o, bias, rule):
    layer = layer64(i, o, bias, rule, networks)
    x = torch.randn(networks, *shape, i, dtype=torch.float64)
    together = gradients(layer, x)
    error = error_at(together[0])
    matrices = Matrices(layer.weight, layer.feedback)
    for network, back in enumerate(RULES[rule].carrier(matrices)):
        alone = plain_linear(*(p if p is None else p[network] for p in weights(layer)))
        expected = gradients(alone, x[network], error[network])
        expected[1] = error[network] @ back
        if rule == "kp":
            expected.append(expected[2])
        torch.testing.assert_close([whole[network] for whole in together], expected)


@pytest.mark.parametrize("shape", [(4,), (6, 4)])
@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_shared_input_collects_the_errors_of_all_networks(rule, shape):
    layer, x = layer64(4, 3, rule=rule, networks=5), torch.randn(shape, dtype=torch.float64)
    own = x.expand(5, *shape) if len(shape) == 2 else x.expand(5, 1, 4)
    shared, each = gradients(layer, x), gradients(layer, own)
    assert shared[0].shape == (5, *shape[:-1], 3)
    torch.testing.assert_close(shared[1], each[1].sum(0).reshape(shape))
    torch.testing.assert_close(shared[2:], each[2:])


@pytest.mark.parametrize("networks", [None, 3])
def test_a_hand_written_loop_learns_and_leaves_the_feedback_alone(networks):
    layer = FALinear(4, 2, networks=networks)
    before = copy.deepcopy(layer.state_dict())
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    x, target = torch.randn(16, 4), torch.randn(16, 2)
    losses = []
    for _ in range(100):
        loss = (layer(x) - target).square().sum()
        optimizer.zero_grad()
        (loss / 16).backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert not torch.equal(layer.weight, before["weight"])
    assert torch.equal(layer.feedback, before["feedback"])
    assert layer.feedback.grad is None and not layer.feedback.requires_grad
    assert "feedback" not in dict(layer.named_parameters())


def test_weight_and_feedback_are_independent_draws_of_he_variance():
    layer = FALinear(200, 100, generator=torch.Generator().manual_seed(0))
    flat = torch.stack([layer.weight.detach().flatten(), layer.feedback.flatten()])
    torch.testing.assert_close(flat.var(-1), torch.full((2,), 2 / 200), rtol=0.05, atol=0)
    assert flat.corrcoef()[0, 1].abs() < 4 / 20_000**0.5
    assert not layer.bias.any()


def test_the_feedback_is_saved_copied_and_cast_with_the_layer():
    layer = FALinear(4, 3, generator=torch.Generator().manual_seed(1))
    other = FALinear(4, 3, generator=torch.Generator().manual_seed(2))
    assert not torch.equal(layer.feedback, other.feedback)
    other.load_state_dict(layer.state_dict())
    x = torch.randn(5, 4)
    for same in (other, copy.deepcopy(layer)):
        assert torch.equal(same.feedback, layer.feedback)
        torch.testing.assert_close(gradients(same, x), gradients(layer, x), rtol=0, atol=0)
        assert same.feedback.data_ptr() != layer.feedback.data_ptr()
    assert layer.double().feedback.dtype == torch.float64
    assert layer(x.double()).dtype == torch.float64


@pytest.mark.parametrize("networks", [None, 3])
def test_under_autocast_computes_in_half_and_returns_full_gradients(networks):
    layer, x = FALinear(8, 4, networks=networks), torch.randn(16, 8)
    with torch.autocast("cpu", torch.bfloat16):
        half = gradients(layer, x)
    assert half[0].dtype == torch.bfloat16
    assert all(g.dtype == torch.float32 for g in half[1:])
    for approximate, exact in zip(half, gradients(layer, x), strict=True):
        assert (approximate - exact).norm() < 0.02 * exact.norm()


def test_under_autocast_double_precision_stays_as_in_a_plain_layer():
    layer, x = layer64(8, 4), torch.randn(16, 8, dtype=torch.float64)
    with torch.autocast("cpu", torch.bfloat16):
        found, plain = layer(x), plain_linear(*weights(layer))(x)
    assert found.dtype == plain.dtype == torch.float64
    torch.testing.assert_close(found, plain)


@pytest.mark.parametrize("networks", [None, 3])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it is loaded
def test_compiles_into_one_graph_of_the_same_gradients(networks):
    first, last = FALinear(8, 6, networks=networks), FALinear(6, 3, networks=networks)
    model = nn.Sequential(first, nn.ReLU(), last)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    x = torch.randn(5, 8)
    compiled(x).square().sum().backward()
    got = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(x).square().sum().backward()
    torch.testing.assert_close(got, [p.grad for p in model.parameters()])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("networks", [None, 3])
def test_on_cuda_computes_what_it_computes_on_the_cpu(networks):
    layer, x = layer64(4, 3, networks=networks), torch.randn(5, 4, dtype=torch.float64)
    expected = gradients(layer, x)
    got = gradients(layer.cuda(), x.cuda())
    assert layer.feedback.is_cuda
    torch.testing.assert_close([g.cpu() for g in got], expected)


def test_the_gradient_has_no_gradient_of_its_own():
    layer, x = FALinear(4, 3), torch.randn(5, 4, requires_grad=True)
    (grad,) = torch.autograd.grad(layer(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        grad.sum().backward()
