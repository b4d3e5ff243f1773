"""train_on_noise() and train(): what they record, what they leave alone, how they stop."""

import copy
import dataclasses
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import fa_core as fa
from fa_core.history import MEASURES
from fa_core.seeding import _PURPOSES, generators

SIZES = [64, 12, 10]
quiet = {"batch_size": 8, "lr": 1e-2, "progress": False}


@pytest.fixture(scope="module")
def digits():
    return fa.data.load("digits")


@pytest.fixture(params=["noise", "data"])
def run(request, digits):
    """Either way of training, called as ``run(net, steps, **options)``."""
    if request.param == "noise":
        return lambda net, steps, **options: fa.train_on_noise(net, steps, **(quiet | options))
    return lambda net, steps, **options: fa.train(net, digits, steps, **(quiet | options))


def snapshot(net):
    return copy.deepcopy(net.state_dict())


def same(a, b):
    return all(torch.equal(a[key], b[key]) for key in a)


def test_each_network_takes_the_path_it_takes_alone(run):
    together = fa.MLP(SIZES, networks=3, seed=5)
    whole = run(together, 20, seed=9, record_at=[0, 20])
    for i in range(3):
        alone = fa.MLP(SIZES, seed=5 + i)
        own = run(alone, 20, seed=9 + i, record_at=[0, 20])
        for name, tensor in alone.state_dict().items():
            torch.testing.assert_close(together.state_dict()[name][i], tensor, rtol=0, atol=1e-4)
        np.testing.assert_allclose(whole["loss"][:, i], own["loss"], rtol=1e-3)


def test_feedback_stays_and_weights_move(run):
    net = fa.MLP(SIZES, networks=2)
    before = snapshot(net)
    run(net, 100, record_at=[])
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name]) == name.endswith("feedback")


def test_recording_changes_nothing_but_the_record(run):
    nets = [fa.MLP(SIZES, networks=2) for _ in range(2)]
    run(nets[0], 10, record=list(MEASURES), record_at=range(11))
    run(nets[1], 10, record=[], record_at=[])
    assert same(*map(snapshot, nets))


def test_zero_steps_record_the_start_and_change_nothing(run):
    net = fa.MLP(SIZES)
    before = snapshot(net)
    history = run(net, 0)
    assert history.steps == [0] and same(before, snapshot(net))


@pytest.mark.parametrize("networks", [None, 3])
def test_the_table_is_tidy(run, networks):
    history = run(fa.MLP(SIZES, networks=networks), 6, record=list(MEASURES), record_at=[6, 0, 3])
    names = ["loss", "accuracy", *(f"readout_{k}" for k in range(10)), "alignment_angle_2"]
    names += ["effective_rank_1", "effective_rank_2", "update_angle_1", "update_angle_2"]
    assert history.names == names and history.steps == [0, 3, 6]
    table = history.table()
    assert list(table.columns) == ["step", "network", "metric", "value"]
    assert len(table) == 3 * (networks or 1) * len(names)
    assert not table.duplicated(["step", "network", "metric"]).any()
    last = table[(table.metric == "loss") & (table.step == 6)].sort_values("network")
    np.testing.assert_array_equal(last.value, np.atleast_1d(history["loss"][-1]))
    readout = sum(history[f"readout_{k}"] for k in range(10))
    np.testing.assert_allclose(readout, 1, rtol=1e-5)


def test_records_21_steps_unless_told_otherwise(run):
    assert run(fa.MLP(SIZES), 200).steps == list(range(0, 201, 10))
    assert run(fa.MLP(SIZES), 40).steps == list(range(0, 41, 5))  # fewer in a short run
    assert run(fa.MLP(SIZES), 2).steps == [0, 2]
    assert run(fa.MLP(SIZES), 2, record_at=np.array([1])).steps == [1]


def test_an_empty_record_gives_an_empty_table(run):
    table = run(fa.MLP(SIZES), 1, record_at=[]).table()
    assert list(table.columns) == ["step", "network", "metric", "value"] and len(table) == 0


def test_a_measure_may_be_a_function_and_sees_the_net_in_eval_mode(run):
    seen = []

    def norm(net, x, y):
        seen.append((net.training, x.shape[-1]))
        return {"norm": net.layers[0].weight.norm(dim=(-2, -1))}

    net = fa.MLP(SIZES, networks=2)
    expected = net.layers[0].weight.detach().norm(dim=(-2, -1))
    history = run(net, 2, record=["loss", norm], record_at=[0, 2])
    assert history.names == ["loss", "norm"] and history["norm"].shape == (2, 2)
    np.testing.assert_array_equal(history["norm"][0], expected)
    assert seen == [(False, 64)] * 2 and net.training


def test_recorded_values_are_those_of_the_state_at_that_step(run):
    short, long = fa.MLP(SIZES), fa.MLP(SIZES)
    history = run(long, 6, record=["alignment_angle"], record_at=[4])
    run(short, 4, record_at=[])
    angle = fa.metrics.alignment_angle(short.layers[1].weight, short.layers[1].feedback)
    assert history["alignment_angle_2"].item() == angle.item()


def test_noise_metrics_are_taken_on_noise_that_is_never_trained_on():
    probes, net = [], Scaled(networks=2)
    options = {"shape": 64, "classes": 10, "batch_size": 256, "progress": False}
    fa.train_on_noise(net, 3, record=[lambda _, x, y: probes.append(x) or {}], **options)
    trained = torch.cat(net.seen, 1)
    assert len(probes) == 2 and all(torch.equal(x, probes[0]) for x in probes)
    assert torch.cdist(probes[0], trained).min() > 1  # near 11 for independent samples


def test_data_metrics_are_those_of_the_test_set(digits):
    net = fa.MLP(SIZES, networks=2)
    history = fa.train(net, digits, 1, record=["accuracy", "loss"], record_at=[1], **quiet)
    logits = net(digits.test_x).detach()
    np.testing.assert_allclose(history["accuracy"][0], fa.metrics.accuracy(logits, digits.test_y))
    np.testing.assert_allclose(
        history["loss"][0], fa.metrics.cross_entropy(logits, digits.test_y), rtol=1e-6
    )


class Scaled(nn.Module):
    """Logits that are the inputs times one parameter; keeps the training batches it sees."""

    def __init__(self, networks=None, scale=1.0):
        super().__init__()
        self.networks, self.seen = networks, []
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, x):
        if torch.is_grad_enabled():
            self.seen.append(x.clone())  # the next batch takes its memory
        return self.scale * x[..., :10]


def test_every_network_passes_through_all_data_in_its_own_order(digits):
    net = Scaled(networks=2)
    fa.train(net, digits, 28, batch_size=100, record_at=[], progress=False)
    epochs = [torch.cat(net.seen[i : i + 14], 1) for i in (0, 14)]
    rows = [order for epoch in epochs for order in epoch]
    for order in rows:
        assert torch.equal(order.sort(0).values, digits.train_x.sort(0).values)
    assert not any(torch.equal(rows[0], other) for other in (*rows[1:], digits.train_x))


@pytest.mark.parametrize("purpose", _PURPOSES)
def test_the_order_is_drawn_from_a_stream_of_its_own(digits, purpose):
    net = Scaled()
    fa.train(net, digits, 1, batch_size=1400, seed=3, record_at=[], progress=False)
    order = torch.randperm(1400, generator=generators(3, purpose)[0])
    assert torch.equal(net.seen[0], digits.train_x[order]) == (purpose == "order")


def test_an_epoch_leaves_out_its_last_incomplete_batch(digits):
    net = Scaled()
    fa.train(net, digits, 4, batch_size=500, record_at=[], progress=False)
    assert [len(x) for x in net.seen] == [500] * 4


@pytest.mark.parametrize("networks", [None, 2])
def test_a_model_of_images_sees_whole_images(networks):
    seen = set()

    class OfImages(Scaled):
        def forward(self, x):
            seen.add(x.shape[-3:])
            return super().forward(x.flatten(-3))

    options = {"shape": (2, 4, 5), "classes": 10} | quiet
    history = fa.train_on_noise(OfImages(networks), 3, record=["loss"], **options)
    assert seen == {(2, 4, 5)} and history["loss"].shape[1:] == (() if networks is None else (2,))


def test_labels_stay_with_their_images(digits):
    marked = dataclasses.replace(digits, train_x=torch.eye(10)[digits.train_y])
    marked = dataclasses.replace(marked, test_x=torch.eye(10)[digits.test_y])
    net = Scaled(networks=3, scale=30.0)  # right already: one wrong label would move it
    fa.train(net, marked, 20, lr=1.0, optimizer=torch.optim.SGD, progress=False)
    assert net.scale.item() == pytest.approx(30, abs=1e-3)


def test_frozen_parameters_stay(run):
    net = fa.MLP(SIZES, networks=2)
    net.layers[0].requires_grad_(False)
    before = snapshot(net)
    run(net, 3, record_at=[])
    moved = [key for key, now in net.state_dict().items() if not torch.equal(now, before[key])]
    assert moved == ["layers.1.weight", "layers.1.bias"]


def test_a_subclass_is_trained_through_its_own_forward(run):
    class Halved(fa.MLP):
        def forward(self, x):
            return super().forward(x / 2)

    plain, halved = fa.MLP(SIZES), Halved(SIZES)
    for net in (plain, halved):
        run(net, 1, optimizer=torch.optim.SGD, record_at=[])
    assert not torch.allclose(plain.layers[1].weight, halved.layers[1].weight, rtol=1e-4)


def test_trains_under_autocast(run):
    nets = [fa.MLP(SIZES, networks=2) for _ in range(2)]
    with torch.autocast("cpu", torch.bfloat16):
        run(nets[0], 5, batch_size=128, optimizer=torch.optim.SGD)
    run(nets[1], 5, batch_size=128, optimizer=torch.optim.SGD)
    for half, full in zip(*(net.parameters() for net in nets), strict=True):
        assert half.dtype == torch.float32 and (half - full).norm() < 0.02 * full.norm()


def test_any_model_and_optimizer_train_and_modes_are_kept(digits):
    model = nn.Sequential(nn.Linear(64, 12), nn.BatchNorm1d(12), nn.BatchNorm1d(12))
    model = fa.convert(nn.Sequential(*model, nn.Linear(12, 10)))
    model[2].eval()  # a user's choice
    options = quiet | {"optimizer": partial(torch.optim.SGD, momentum=0.9)}
    noise = fa.train_on_noise(model, 5, shape=64, classes=10, **options)
    data = fa.train(model, digits, 5, **options)
    assert noise["loss"].shape == data["loss"].shape == (2,)
    assert [module.training for module in model] == [True, True, False, True]
    # Batch statistics are those of the 5 + 5 training batches: nothing else was shown to them.
    assert [model[i].num_batches_tracked.item() for i in (1, 2)] == [10, 0]


@pytest.mark.parametrize("rule, turns", [("fa", True), ("bp", False)])
def test_noise_turns_weights_toward_the_feedback_under_fa_alone(digits, rule, turns):
    net = fa.MLP([64, 64, 10], rule=rule, networks=3)
    options = {"batch_size": 32, "lr": 3e-3, "progress": False}
    before, after = fa.train_on_noise(net, 200, record_at=[0, 200], **options)["alignment_angle_2"]
    assert (after < before - 2).all() if turns else (abs(after - before) < 2).all()
    before, after = fa.train(net, digits, 150, record_at=[0, 150], **options)["accuracy"]
    assert (before < 0.4).all() and (after > 0.9).all()


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_nan_stops_at_once_and_names_step_and_layer(run, layer):
    net = fa.MLP([64, 9, 8, 10], networks=2)
    with torch.no_grad():
        net.layers[layer].weight[1, 0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match=rf"step 0\b.*layers\.{layer}\b"):
        run(net, 5, record=["loss"])


def test_divergence_names_the_step_at_which_it_shows(run):
    def spoil(net, x, y):
        if len(seen) == 3:
            net.layers[1].weight.data.fill_(torch.inf)
        seen.append(None)
        return {}

    seen = []
    with pytest.raises(FloatingPointError, match=r"step 3\b.*layers\.1\b"):
        run(fa.MLP(SIZES), 5, record=[spoil], record_at=range(6))


def test_divergence_in_the_last_update_is_seen_too(run):
    with pytest.raises(FloatingPointError, match="step 1"):
        run(fa.MLP(SIZES), 1, lr=1e38, optimizer=torch.optim.SGD, record_at=[])


def test_a_nan_in_the_input_is_called_that(digits):
    broken = dataclasses.replace(digits, train_x=torch.full_like(digits.train_x, torch.nan))
    with pytest.raises(FloatingPointError, match=r"step 0.*the input"):
        fa.train(fa.MLP(SIZES), broken, 2, **quiet)


def test_training_on_data_ends_where_it_is_told_to(digits):
    whole, cut = (fa.MLP(SIZES, networks=2) for _ in range(2))
    options = quiet | {"record": ("loss",)}
    history = fa.train(whole, digits, 6, record_at=(0, 3, 6), **options)
    asked = []

    def until(history):
        asked.append(history.steps[-1])
        return asked[-1] >= 3

    ended = fa.train(cut, digits, 20, record_at=(0, 3, 6, 20), until=until, **options)
    assert asked == ended.steps == [0, 3]
    assert (ended["loss"] == history["loss"][:2]).all()
    short = fa.MLP(SIZES, networks=2)
    fa.train(short, digits, 3, **options)
    assert same(snapshot(cut), snapshot(short)) and not same(snapshot(cut), snapshot(whole))
    with pytest.raises(TypeError, match="until must be a function of the history, got 3"):
        fa.train(cut, digits, 20, until=3, **options)
