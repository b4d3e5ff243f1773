"""FAConv2d: every option against a convolution written out in float64, and the layer's life."""

import copy

import pytest
import torch
from convolution_samples import RULES, carrier, error_at, gradients, layer64, small
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.utils.checkpoint import checkpoint

import fa_core as fa
from fa_core import FAConv2d


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@st.composite
def cases(draw):
    """Arguments of a layer, and height and width of an image that is large enough for it."""
    small, pairs = (
        st.integers(1, 3),
        st.one_of(st.integers(1, 3), st.tuples(*[st.integers(1, 3)] * 2)),
    )
    groups = draw(small)
    options = {
        **{"in_channels": groups * draw(st.integers(1, 2)), "kernel_size": draw(pairs)},
        **{"out_channels": groups * draw(st.integers(1, 2)), "groups": groups},
        **{"stride": draw(pairs), "dilation": draw(pairs), "bias": draw(st.booleans())},
        "padding_mode": draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"])),
        "padding": draw(st.sampled_from(["same", "valid", 0, 1, 2, (0, 1), (2, 0)])),
    }
    if options["padding"] == "same":
        options["stride"] = 1
    layer = FAConv2d(**options)
    sizes = []
    for k, d, pads in zip(layer.kernel_size, layer.dilation, layer._around(), strict=True):
        least = max(d * (k - 1) + 1 - sum(pads), max(pads) + 1)
        sizes.append(least + draw(st.integers(0, 2)))
    return options, sizes


def plain_conv(layer, weight, bias):
    """The ``torch.nn.Conv2d`` of the same options, as reference."""
    names = "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode"
    options = {name: getattr(layer, name) for name in names}
    sizes = layer.in_channels, layer.out_channels
    conv = nn.Conv2d(*sizes, **options, bias=bias is not None, dtype=weight.dtype)
    conv.weight = nn.Parameter(weight.detach())
    conv.bias = bias if bias is None else nn.Parameter(bias.detach())
    return conv


def sources(size, before, after, mode):
    """For each place along a padded axis the place it shows, and whether it shows any."""
    r = torch.arange(-before, size + after)
    inside = (r >= 0) & (r < size)
    if mode == "reflect":
        r = (size - 1) - ((size - 1) - r.abs()).abs()
    elif mode == "circular":
        r = r % size
    return r.clamp(0, size - 1), inside | (mode != "zeros")


def by_hand(layer, x, weight, bias, back, error):
    """Output and gradients of ``x``, weight and bias; the error goes below through ``back``."""
    n, _, height, width = x.shape
    if layer.padding == "same":
        spans = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        pads = [(s // 2, s - s // 2) for s in spans]
    else:
        pads = [(p, p) for p in ((0, 0) if layer.padding == "valid" else layer.padding)]
    rows, shown_rows = sources(height, *pads[0], layer.padding_mode)
    columns, shown_columns = sources(width, *pads[1], layer.padding_mode)
    shown = shown_rows[:, None] & shown_columns
    padded = x[:, :, rows][..., columns] * shown
    out, per_group, kh, kw = weight.shape
    (sh, sw), (dh, dw) = layer.stride, layer.dilation
    high = (len(rows) - dh * (kh - 1) - 1) // sh + 1
    wide = (len(columns) - dw * (kw - 1) - 1) // sw + 1
    y = torch.zeros(n, out, high, wide, dtype=x.dtype)
    grad_padded, grad_weight = torch.zeros_like(padded), torch.zeros_like(weight)
    error = error_at(y) if error is None else error
    for o in range(out):
        group = o // (out // layer.groups)
        for c in range(per_group):
            channel = group * per_group + c
            for u in range(kh):
                for v in range(kw):
                    place = (
                        *(slice(None), channel),
                        slice(u * dh, u * dh + sh * (high - 1) + 1, sh),
                        slice(v * dw, v * dw + sw * (wide - 1) + 1, sw),
                    )
                    y[:, o] += weight[o, c, u, v] * padded[place]
                    grad_padded[place] += back[o, c, u, v] * error[:, o]
                    grad_weight[o, c, u, v] = (padded[place] * error[:, o]).sum()
    grad_x = torch.zeros_like(x)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            if shown[i, j]:
                grad_x[:, :, row, column] += grad_padded[:, :, i, j]
    if bias is None:
        return [y, grad_x, grad_weight]
    return [y + bias[:, None, None], grad_x, grad_weight, error.sum((0, 2, 3))]


@settings(deadline=None, max_examples=100)
@given(cases(), st.sampled_from(RULES), st.integers(1, 2))
def test_equals_the_convolution_written_out(case, rule, samples):
    options, size = case
    layer = layer64(rule=rule, **options)
    x = torch.randn(samples, layer.in_channels, *size, dtype=torch.float64)
    back = carrier(layer, rule)
    with torch.no_grad():
        expected = by_hand(layer, x, layer.weight, layer.bias, back, None)
    if rule == "kp":  # whose feedback is a parameter that takes the weight's gradient
        expected.append(expected[2])
    torch.testing.assert_close(gradients(layer, x), expected)


@settings(deadline=None, max_examples=100)
@given(
    cases(),
    st.sampled_from([rule for rule in RULES if fa.rules.RULES[rule].meets_bp]),
    st.sampled_from([(), (0,), (2,)]),
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")
def test_equals_autograd_where_feedback_equals_weight(case, rule, lead):
    options, size = case
    layer = layer64(rule=rule, **options)
    layer.feedback.data.copy_(layer.weight.detach())
    x = torch.randn(*lead, layer.in_channels, *size, dtype=torch.float64)
    expected = gradients(plain_conv(layer, layer.weight, layer.bias), x)
    if rule == "kp":
        expected.append(expected[2])
    torch.testing.assert_close(gradients(layer, x), expected)


@settings(deadline=None, max_examples=60)
@given(cases(), st.sampled_from(RULES), st.integers(1, 3), st.integers(0, 2))
def test_a_population_is_its_networks_one_by_one(case, rule, networks, samples):
    options, size = case
    layer = layer64(networks, rule, **options)
    x = torch.randn(networks, samples, layer.in_channels, *size, dtype=torch.float64)
    together = gradients(layer, x)
    error = error_at(together[0])
    alone = layer64(None, rule, **options)
    for network in range(networks):
        alone.load_state_dict({name: t[network] for name, t in layer.state_dict().items()})
        expected = gradients(alone, x[network], error[network])
        torch.testing.assert_close([whole[network] for whole in together], expected)


@pytest.mark.parametrize("shape", [(2, 5, 6), (3, 2, 5, 6)])
@pytest.mark.parametrize("rule", RULES)
def test_a_shared_input_collects_the_errors_of_all_networks(rule, shape):
    layer = layer64(4, rule, in_channels=2, out_channels=3, kernel_size=3)
    x = torch.randn(shape, dtype=torch.float64)
    own = x.reshape(-1, *shape[-3:]).expand(4, -1, *shape[-3:])
    shared, each = gradients(layer, x), gradients(layer, own)
    assert shared[0].shape == (4, *shape[:-3], 3, 3, 4)
    torch.testing.assert_close(shared[0].reshape(each[0].shape), each[0])
    torch.testing.assert_close(shared[1], each[1].sum(0).reshape(shape))
    torch.testing.assert_close(shared[2:], each[2:])


def test_each_stream_draws_the_network_that_it_draws_alone():
    def streams(*seeds):
        return [torch.Generator().manual_seed(seed) for seed in seeds]

    together = FAConv2d(2, 4, 3, networks=3, generator=streams(5, 6, 7))
    alone = FAConv2d(2, 4, 3, generator=streams(6))
    assert torch.equal(together.weight[1], alone.weight)
    assert torch.equal(together.feedback[1], alone.feedback)


def test_weight_and_feedback_are_independent_draws_of_he_variance():
    layer = FAConv2d(40, 60, (3, 5), groups=2, generator=torch.Generator().manual_seed(0))
    flat = torch.stack([layer.weight.detach().flatten(), layer.feedback.flatten()])
    expected = torch.full((2,), 2 / (20 * 15))
    torch.testing.assert_close(flat.var(-1), expected, rtol=0.05, atol=0)
    assert flat.corrcoef()[0, 1].abs() < 4 / flat.shape[1] ** 0.5
    assert not layer.bias.any()


def loss_of(net, x, y):
    return fa.metrics.cross_entropy(net(x), y).sum()


def parameter_gradients(net, x, y):
    return torch.autograd.grad(loss_of(net, x, y), list(net.parameters()))


X, Y = torch.randn(8, 1, 6, 6, generator=torch.Generator().manual_seed(1)), torch.arange(8) % 3


@pytest.mark.parametrize("networks", [None, 3])
def test_learns_in_a_hand_written_loop_and_leaves_the_feedback_alone(networks):
    net = small(networks)
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        loss = loss_of(net, X, Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name]) == name.endswith("feedback"), name
    assert not any("feedback" in name for name, _ in net.named_parameters())


@pytest.mark.parametrize("rule", RULES)
def test_the_feedback_is_saved_copied_and_cast_with_the_layer(rule):
    net, other = small(rule=rule), small(rule=rule)
    fa.train_on_noise(net, 2, shape=(1, 6, 6), classes=3, progress=False)
    assert not torch.equal(net[2].feedback, other[2].feedback)
    other.load_state_dict(net.state_dict())
    right = parameter_gradients(net, X, Y)
    for same in (other, copy.deepcopy(net)):
        torch.testing.assert_close(parameter_gradients(same, X, Y), right, rtol=0, atol=0)
        assert same[2].feedback.data_ptr() != net[2].feedback.data_ptr()
    assert net.double()[2].feedback.dtype == torch.float64
    assert net(X.double()).dtype == torch.float64
    assert net.to("meta")[2].feedback.is_meta
    assert net(X.double().to("meta")).shape == (8, 3)


@pytest.mark.parametrize("networks", [None, 3])
def test_under_autocast_computes_in_half_and_returns_full_gradients(networks):
    net = small(networks)
    exact = parameter_gradients(net, X, Y)
    with torch.autocast("cpu", torch.bfloat16):
        assert net[0](X).dtype == torch.bfloat16
        half = parameter_gradients(net, X, Y)
    for approximate, full in zip(half, exact, strict=True):
        assert approximate.dtype == torch.float32
        assert (approximate - full).norm() < 0.05 * full.norm()


@pytest.mark.parametrize("networks", [None, 3])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while it is loaded
def test_compiles_into_one_graph_of_the_same_gradients(networks):
    net = small(networks)
    compiled = torch.compile(net, backend="aot_eager", fullgraph=True)
    loss_of(compiled, X, Y).backward()
    found = [p.grad for p in net.parameters()]
    torch.testing.assert_close(found, list(parameter_gradients(net, X, Y)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("networks", [None, 3])
def test_on_cuda_computes_what_it_computes_on_the_cpu(networks):
    layer = layer64(networks, in_channels=2, out_channels=4, kernel_size=3, padding="same")
    x = torch.randn(5, 2, 6, 6, dtype=torch.float64)
    expected = gradients(layer, x)
    found = gradients(layer.cuda(), x.cuda(), error_at(expected[0]).cuda())
    torch.testing.assert_close([g.cpu() for g in found], expected)


@pytest.mark.parametrize("rule", RULES)
def test_vmap_over_stacked_networks_equals_each_alone(rule):
    nets = [small(rule=rule).double() for _ in range(3)]
    parameters, buffers = stack_module_state(nets)
    base = copy.deepcopy(nets[0]).to("meta")
    x = torch.randn(3, *X.shape, dtype=torch.float64)

    def loss(parameters, buffers, x):
        return loss_of(lambda x: functional_call(base, (parameters, buffers), (x,)), x, Y)

    found = vmap(grad(loss))(parameters, buffers, x)
    for number, net in enumerate(nets):
        alone = parameter_gradients(net, x[number], Y)
        stacked = [found[name][number] for name, _ in net.named_parameters()]
        torch.testing.assert_close(stacked, list(alone))


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointing_gives_the_same_gradients(reentrant):
    net, x = small(), X.clone().requires_grad_()
    right = parameter_gradients(net, X, Y)
    loss_of(
        lambda x: net[5](net[4](checkpoint(net[:4], x, use_reentrant=reentrant))), x, Y
    ).backward()
    torch.testing.assert_close([p.grad for p in net.parameters()], list(right))


def test_channels_last_stays_channels_last():
    layer = FAConv2d(3, 4, 3).to(memory_format=torch.channels_last)
    x = torch.randn(2, 3, 6, 6)
    last = x.to(memory_format=torch.channels_last)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert layer(last).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(gradients(layer, last), gradients(layer, x))


def test_under_bp_the_second_derivative_is_that_of_a_plain_layer():
    layer = layer64(None, "bp", in_channels=2, out_channels=2, kernel_size=3)
    plain = plain_conv(layer, layer.weight, layer.bias)
    x = torch.randn(2, 2, 5, 5, dtype=torch.float64)

    def curvature(net):
        inputs = [x.clone().requires_grad_(), net.weight]
        first = torch.autograd.grad(net(inputs[0]).pow(3).sum(), inputs, create_graph=True)
        return torch.autograd.grad(sum(g.square().sum() for g in first), inputs)

    torch.testing.assert_close(curvature(layer), curvature(plain))
    layer.rule = "fa"
    with pytest.raises(RuntimeError, match="no second derivative"):
        curvature(layer)


def test_angles_and_ranks_are_those_of_the_flattened_kernels():
    net = small()
    weight, feedback = net[2].weight.detach(), net[2].feedback
    flat, back = weight.reshape(6, 36), feedback.reshape(6, 36)
    metrics = fa.metrics
    for per_unit in (False, True):
        found = metrics.alignment_angle(weight, feedback, per_unit)
        torch.testing.assert_close(found, metrics.alignment_angle(flat, back, per_unit))
    torch.testing.assert_close(metrics.effective_rank(weight), metrics.effective_rank(flat))
    population = small(3)
    layer = population[2]
    angles = metrics.alignment_angle(layer.weight, layer.feedback)
    for network in range(3):
        one = metrics.alignment_angle(layer.weight[network], layer.feedback[network])
        torch.testing.assert_close(angles[network], one)
    assert metrics.fa_layers(net) == [net[0], net[2], net[5]]
    maps = torch.randn(7, 4, 3, 3)
    torch.testing.assert_close(metrics.gram_rank(maps), metrics.gram_rank(maps.flatten(1)))


@pytest.mark.parametrize("networks", [None, 3])
def test_the_update_angle_is_that_of_each_kernel_tensor(networks):
    net = small(networks)
    found = fa.metrics.update_angle(net, X, Y)
    own = parameter_gradients(net, X, Y)
    with fa.rules.using(net, "bp"):
        true = parameter_gradients(net, X, Y)
    flat = [[g.reshape(networks or 1, -1) for g in kind[::2]] for kind in (own, true)]
    expected = torch.stack([fa.metrics.angle(*pair) for pair in zip(*flat, strict=True)], -1)
    torch.testing.assert_close(found, expected if networks else expected[0])
    assert (found[..., :2] > 20).all() and (found[..., 2] < 1e-3).all()


def test_trains_on_noise_and_records_its_layers():
    net = small()
    record = ("loss", "alignment_angle", "effective_rank", "update_angle")
    history = fa.train_on_noise(net, 3, shape=(1, 6, 6), classes=3, record=record, progress=False)
    angle = fa.metrics.alignment_angle(net[2].weight, net[2].feedback)
    assert history["alignment_angle_2"][-1] == pytest.approx(float(angle))
    assert {"effective_rank_1", "effective_rank_3", "update_angle_2"} <= set(history.names)


def test_the_conservation_law_is_one_of_linear_layers():
    with pytest.raises(ValueError, match="net must be a chain of at least two FALinear layers"):
        fa.metrics.Conservation(small(), lr=0.1)
