"""The fast path gives the plain path's numbers, repeats itself, and stays within its memory."""

import subprocess
import sys
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats

import fa_core as fa
from fa_core.engine import cuda_graph, products, updates, workers
from fa_core.engine.batches import DataBatches, NoiseBatches
from fa_core.engine.fast_normal import FastNormal

STEPS, LR = 200, 1e-3
quiet = {"lr": LR, "batch_size": 64, "progress": False, "record_at": ()}
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def plain(net, batches, steps=STEPS):
    """The loop a user would write, in autograd, with torch's default Adam."""
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    for _ in range(steps):
        batches.draw()
        x, y = batches.batch
        optimizer.zero_grad()
        fa.metrics.cross_entropy(net(x), y).sum().backward()
        optimizer.step()


def noise(net, share=False, device="cpu"):
    generator = fa.NoiseGenerator(
        net.sizes[0], net.sizes[-1], networks=net.networks, share=share, device=device
    )
    return NoiseBatches(generator, 64)


def distance(net, other):
    """Of all weights, in units of their own length."""
    mine, theirs = (torch.cat([p.detach().flatten() for p in n.parameters()]) for n in (net, other))
    return ((mine - theirs).norm() / theirs.norm()).item()


# Rounding alone separates the two in float32: Adam divides by small gradients and so amplifies it.
@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("rule", ["fa", "bp"])
@pytest.mark.parametrize("networks", [None, 1, 5])
@pytest.mark.parametrize("sizes", [[300, 60, 10], [32, 20, 12, 5]], ids=str)
def test_the_fast_path_follows_the_plain_one_for_200_steps(sizes, networks, rule, share):
    fast, slow = (fa.MLP(sizes, rule=rule, networks=networks) for _ in range(2))
    start = fa.MLP(sizes, rule=rule, networks=networks)
    torch.set_num_threads(2 if networks == 5 else 1)  # two parts, or one
    fa.train_on_noise(fast, STEPS, share=share, **quiet)
    torch.set_num_threads(1)
    plain(slow, noise(slow, share))
    assert distance(fast, slow) < 1e-3
    assert distance(slow, start) > 0.05  # 200 steps went far: the bound above says something


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("networks", [None, 3])
def test_in_float64_the_closed_form_is_autograd_to_12_digits(networks, share):
    nets = [fa.MLP([6, 5, 4, 3], networks=networks).double() for _ in range(2)]
    generator = fa.NoiseGenerator(6, 3, networks=networks, share=share)
    optimizers = [torch.optim.Adam(net.parameters(), lr=LR) for net in nets]
    for _ in range(STEPS):
        x, y = (tensor.double() for tensor in generator.batch(8))
        nets[0].loss_and_gradients(x, y)
        optimizers[1].zero_grad()
        fa.metrics.cross_entropy(nets[1](x), y).sum().backward()
        for optimizer in optimizers:
            optimizer.step()
    assert distance(*nets) < 1e-12


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_repeats_itself_to_the_bit_for_a_number_of_threads(count):
    nets = [fa.MLP([784, 100, 10], networks=5) for _ in range(2)]
    torch.set_num_threads(count)
    for net in nets:
        fa.train_on_noise(net, 60, **quiet)
    assert all(map(torch.equal, *(net.parameters() for net in nets)))
    assert torch.get_num_threads() == count


def test_the_number_of_threads_changes_rounding_alone():
    nets = [fa.MLP([784, 100, 10], networks=5) for _ in range(2)]
    for count, net in enumerate(nets, 1):
        torch.set_num_threads(count)
        fa.train_on_noise(net, STEPS, **quiet)
    assert distance(*nets) < 1e-3


def test_records_change_nothing_in_any_part():
    nets = [fa.MLP([64, 12, 10], networks=19) for _ in range(2)]
    fa.train_on_noise(nets[0], 60, **quiet)
    history = fa.train_on_noise(nets[1], 60, **{**quiet, "record_at": range(0, 61, 7)})
    assert history["loss"].shape == (9, 19)
    assert all(map(torch.equal, *(net.parameters() for net in nets)))


def test_settings_of_threads_come_back_after_an_error():
    torch.set_num_threads(2)
    with pytest.raises(FloatingPointError):
        fa.train_on_noise(fa.MLP([64, 12, 10], networks=4), 60, **{**quiet, "lr": 1e38})
    assert torch.get_num_threads() == 2
    assert sys.getswitchinterval() == pytest.approx(0.005)  # Python's own


PEAK = """
import resource, torch, fa_core as fa
torch.set_num_threads(2)
net = fa.MLP([784, 512, 10], networks=256)
fa.train_on_noise(net, 2, record_at=(), progress=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory has another unit elsewhere")
def test_256_networks_784_512_10_train_within_4_gib():
    run = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 4


def test_the_data_set_exists_once_whatever_the_number_of_networks(monkeypatch):
    sources = []

    class Seen(DataBatches):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            sources.append(self)

    monkeypatch.setattr("fa_core.training.DataBatches", Seen)
    data = fa.data.load("digits")
    torch.set_num_threads(2)
    fa.train(fa.MLP([64, 12, 10], networks=40), data, 2, **quiet)
    assert len(sources) > 2
    assert {source._x.data_ptr() for source in sources} == {data.train_x.data_ptr()}
    assert len({source._y.data_ptr() for source in sources}) == 1


@pytest.fixture
def fake_cuda(monkeypatch):
    """A CUDA graph on the CPU: it records the function of a capture and replays it."""
    captured = []

    class Graph:
        def __init__(self):
            self.replays, self.streams = 0, []

        def register_generator_state(self, stream):
            self.streams.append(stream)

        def replay(self):
            self.replays += 1
            self.step()

    @contextmanager
    def capture(graph):
        (owner,) = [o for o in captured if o._graph is graph]
        graph.step, owner._step = owner._step, lambda: None  # a capture runs nothing
        yield
        owner._step = graph.step

    class Recorded(cuda_graph.StepGraph):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            captured.append(self)

    stream = SimpleNamespace(wait_stream=lambda other: None)
    for name, fake in {
        "CUDAGraph": Graph,
        "graph": capture,
        "Stream": lambda: stream,
        "current_stream": lambda: stream,
        "stream": lambda side: nullcontext(),
    }.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    monkeypatch.setattr(workers, "StepGraph", Recorded)
    return captured


def graph_worker(net, source):
    return workers.GraphWorker(net, source, torch.optim.Adam(net.parameters(), lr=LR, fused=True))


def test_a_graph_is_captured_once_and_every_step_counts(fake_cuda):
    calls, stream = [], torch.Generator()
    graph = cuda_graph.StepGraph(lambda: calls.append(1), [stream])
    fake_cuda.append(graph)
    for _ in range(10):
        graph.replay()
    assert len(calls) == 10
    assert graph._graph.replays == 10 - cuda_graph._EAGER_STEPS
    assert graph._graph.streams == [stream]


def test_a_graph_worker_trains_as_the_plain_worker_does(fake_cuda):
    nets = [fa.MLP([32, 20, 5], networks=3) for _ in range(2)]
    for net, make in zip(nets, (graph_worker, eager_worker), strict=True):
        worker = make(net, noise(net))
        worker.advance(0, 30)
        worker.advance(30, 50)
    assert distance(*nets) < 1e-6
    assert fake_cuda[0]._graph.replays == 50 - cuda_graph._EAGER_STEPS


def eager_worker(net, source):
    return workers.Worker(net, source, torch.optim.Adam(net.parameters(), lr=LR))


def test_a_graph_worker_moves_on_across_epochs(fake_cuda):
    x = torch.randn(10, 32)
    y = torch.eye(5)[torch.arange(10) % 5]
    nets = [fa.MLP([32, 20, 5], networks=3) for _ in range(2)]
    for net, make in zip(nets, (graph_worker, eager_worker), strict=True):
        make(net, DataBatches(x, y, 4, 3, seed=0)).advance(0, 21)  # ten epochs of two batches
    assert distance(*nets) < 1e-6


def test_a_graph_worker_names_the_step_that_diverged(fake_cuda):
    net = fa.MLP([32, 20, 5], networks=3)
    worker = graph_worker(net, noise(net))
    worker.advance(0, 7)
    with torch.no_grad():
        net.layers[0].weight[1] = torch.nan
    with pytest.raises(FloatingPointError, match=r"at step 7 in networks \[1\]"):
        worker.advance(7, 20)


def test_a_divergence_on_the_graph_is_reported_at_an_epochs_last_batch(fake_cuda):
    """No batch is drawn for the report: past the last one there is none."""
    data = DataBatches(torch.randn(10, 32), torch.eye(5)[torch.arange(10) % 5], 4, 3, seed=0)
    net = fa.MLP([32, 20, 5], networks=3)
    with torch.no_grad():
        net.layers[1].bias[2] = torch.nan
    with pytest.raises(FloatingPointError, match=r"at step 0 in networks \[2\]"):
        graph_worker(net, data).advance(0, 6)  # three whole epochs


def test_a_loss_that_was_infinite_once_is_reported_though_it_passed(fake_cuda, monkeypatch):
    net = fa.MLP([32, 20, 5], networks=3)
    worker = graph_worker(net, noise(net))
    worker.advance(0, 5)
    losses = iter([torch.tensor([1, torch.inf, 1]), torch.ones(3), torch.ones(3)])
    monkeypatch.setattr(worker, "_gradients", lambda: next(losses))
    with pytest.raises(FloatingPointError, match=r"at step 5 in networks \[1\].*the loss"):
        worker.advance(5, 8)


def test_batches_of_data_fill_whole_epochs_in_an_order_of_each_networks_own():
    x = torch.arange(10.0).unsqueeze(1)
    source = DataBatches(x, x, 4, 2, seed=0)
    epochs = []
    for _ in range(3):
        batches = []
        for _ in range(2):
            source.prepare()
            source.draw()
            batches.append(source.batch.x.clone())
        epochs.append(torch.cat(batches, 1)[..., 0])
    for epoch in epochs:
        assert all(len(rows.unique()) == 8 for rows in epoch)  # the last two rows are left out
    assert not torch.equal(epochs[0], epochs[1]) and not torch.equal(*epochs[0])


@needs_gpu
@pytest.mark.parametrize("networks", [1, 4])
def test_the_gpu_follows_the_cpu_on_the_same_batches(networks):
    data = fa.data.load("digits")
    nets = [fa.MLP([64, 30, 10], networks=networks).to(device) for device in ("cpu", "cuda")]
    for net in nets:
        fa.train(net, data, STEPS, **quiet)
    assert distance(nets[0], nets[1].cpu()) < 1e-2


@pytest.fixture(scope="module")
def normal():
    x = torch.empty(2_000_003)  # no multiple of the four numbers that a word gives
    FastNormal([np.random.SFC64(1)]).fill(x)
    return x.numpy().astype(float)


def test_normal_numbers_have_the_normal_moments(normal):
    error = len(normal) ** -0.5
    assert abs(normal.mean()) < 4 * error
    assert abs(normal.var() - 1) < 4 * 2**0.5 * error
    assert abs(stats.skew(normal)) < 4 * 6**0.5 * error
    assert abs(stats.kurtosis(normal)) < 0.01 + 4 * 24**0.5 * error  # the table ends at 4.2


@pytest.mark.parametrize("sigmas", [1, 2, 3])
def test_normal_numbers_have_the_normal_tails(normal, sigmas):
    for tail in (normal > sigmas, normal < -sigmas):
        expected = stats.norm.sf(sigmas)
        assert abs(tail.mean() - expected) < 4 * (expected / len(normal)) ** 0.5 + 1e-5


def test_normal_numbers_do_not_depend_on_their_neighbours(normal):
    for lag in (1, 2, 3, 4, 5):
        for a in (normal, normal**2, np.abs(normal)):
            assert abs(np.corrcoef(a[:-lag], a[lag:])[0, 1]) < 4.5 * len(normal) ** -0.5


def test_every_16_bits_of_a_stream_choose_one_number_in_their_order():
    x = torch.empty(2, 4_001)
    FastNormal([np.random.SFC64(seed) for seed in (1, 2)]).fill(x)
    quantiles = stats.norm.ppf((np.arange(2**16) + 0.5) / 2**16)
    for row, seed in zip(x.numpy(), (1, 2), strict=True):
        words = np.random.SFC64(seed).random_raw(1_001).view(np.uint16)[:4_001]
        np.testing.assert_allclose(row, (quantiles / quantiles.std())[words], rtol=1e-6)


def test_streams_differ_and_repeat():
    x, again = torch.empty(2, 10_000), torch.empty(2, 10_000)
    for tensor in (x, again):
        FastNormal([np.random.SFC64(seed) for seed in (1, 2)]).fill(tensor)
    assert torch.equal(x, again)
    assert abs(x.T.numpy().T.astype(float) @ x.T.numpy() / 10_000)[0, 1] < 0.04


def test_shared_noise_is_what_one_network_sees():
    shared = fa.NoiseGenerator(6, 3, networks=4, share=True, labels="fixed", seed=2)
    alone = fa.NoiseGenerator(6, 3, labels="fixed", seed=2)
    for _ in range(2):
        for mine, theirs in zip(shared.batch(5), alone.batch(5), strict=True):
            assert torch.equal(mine, theirs)


def test_records_of_shared_noise_are_taken_on_one_probe():
    probes = []
    net = fa.MLP([32, 20, 5], networks=3)
    options = {**quiet, "record_at": [0, 2]}
    history = fa.train_on_noise(
        net, 2, share=True, record=["loss", lambda _, x, y: probes.append(x) or {}], **options
    )
    assert history["loss"].shape == (2, 3) and probes[0].shape == (256, 32)


@torch.no_grad()
@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-13)])
@pytest.mark.parametrize("networks", [1, 4])
@pytest.mark.parametrize("outputs", [100, 3])  # large enough for threads, and not
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("units_above_samples", [False, True])
def test_a_prepared_product_follows_what_its_operands_hold(
    networks, outputs, units_above_samples, biased, dtype, tolerance
):
    x, weight, y = (
        torch.full(size, torch.nan, dtype=dtype)
        for size in ((networks, 64, 784), (networks, outputs, 784), (networks, 64, outputs))
    )
    if units_above_samples:  # in memory
        y = y.mT.contiguous().mT
    bias = torch.zeros(networks, outputs, dtype=dtype) if biased else None
    multiply = products.prepare(x, weight, bias, y)
    random = torch.Generator().manual_seed(0)
    for _ in range(2):
        for operand in (x, weight, *([bias] if biased else [])):
            operand.normal_(generator=random)
        multiply()
        exact = x.double() @ weight.double().mT
        if biased:
            exact += bias.double().unsqueeze(1)
        assert (y - exact).norm() < tolerance * exact.norm()


@torch.no_grad()
@pytest.mark.parametrize("threads, parts", [(1, 1), (2, 2), (8, 4)])
def test_a_plain_networks_product_goes_to_all_threads(threads, parts):
    torch.set_num_threads(threads)
    x, weight = torch.rand(1, 64, 784), torch.rand(1, 100, 784)
    out = torch.empty(1, 100, 64).mT
    product = products.prepare(x, weight, None, out)
    assert product.args[0].shape == ((parts, 100 // parts, 784) if parts > 1 else (100, 784))
    product()
    torch.testing.assert_close(out, x @ weight.mT)


def twins(change=None, kind=torch.optim.Adam, **options):
    """Two equal networks with an optimiser each, which takes ``change`` after 3 of 6 steps.

    The first makes its steps directly. Layers have rates of their own.
    """
    nets = [fa.MLP([12, 6, 3], networks=2) for _ in range(2)]
    optimizers = [
        kind([{"params": n.layers[0].parameters(), "lr": 2 * LR}, *_last(n)], lr=LR, **options)
        for n in nets
    ]
    steps = [updates.prepare(optimizers[0]), optimizers[1].step]
    noise = fa.NoiseGenerator(12, 3, networks=2)
    for now in range(6):
        x, y = noise.batch(8)
        for net, optimizer, step in zip(nets, optimizers, steps, strict=True):
            if now == 3 and change:
                change(optimizer)
            net.loss_and_gradients(x, y)
            step()
    return nets, optimizers


def _last(net):
    return [{"params": net.layers[-1].parameters()}]


def halve_the_rate(optimizer):
    optimizer.param_groups[0]["lr"] /= 2


def forget(optimizer):
    optimizer.state.clear()


SGD = {"kind": torch.optim.SGD}


@pytest.mark.parametrize("change", [None, halve_the_rate, forget])
@pytest.mark.parametrize(
    "options",
    [
        *({"fused": True}, {"fused": True, "weight_decay": 0.1}, {"fused": True, "amsgrad": True}),
        *({}, SGD, SGD | {"momentum": 0.5}, SGD | {"weight_decay": 0.1}, SGD | {"maximize": True}),
    ],
    ids=str,
)
def test_a_direct_step_is_the_optimisers_own_to_the_bit(options, change):
    nets, (mine, theirs) = twins(change, **options)
    assert all(map(torch.equal, *(net.parameters() for net in nets)))
    for own, other in zip(mine.state.values(), theirs.state.values(), strict=True):
        assert all(torch.equal(own[name], other[name]) for name in other)


@pytest.mark.parametrize("kind, first", [(torch.optim.Adam, 1), (torch.optim.SGD, 0)])
def test_a_direct_step_does_not_pass_over_the_optimisers_python(monkeypatch, kind, first):
    calls = []
    step = kind.step
    monkeypatch.setattr(kind, "step", lambda self: calls.append(1) or step(self))
    twins(kind=kind, fused=True)
    assert len(calls) == first + 6  # Adam's first of ours makes its state; all of the other's


def test_a_hook_of_the_optimizer_is_called_at_every_step():
    calls = []

    def count(optimizer):
        optimizer.register_step_pre_hook(lambda *_: calls.append(optimizer))

    _, (mine, theirs) = twins(count, fused=True)
    assert calls.count(mine) == calls.count(theirs) == 3


def test_a_schedule_of_the_learning_rate_counts_every_step():
    optimizer = torch.optim.Adam(fa.MLP([4, 3]).parameters(), lr=LR, fused=True)
    torch.optim.lr_scheduler.StepLR(optimizer, 1)
    step = updates.prepare(optimizer)
    for parameter in optimizer.param_groups[0]["params"]:
        parameter.grad = torch.ones_like(parameter)
    for _ in range(3):
        step()
    assert optimizer._opt_called
