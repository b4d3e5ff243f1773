"""The experiment of chapter 5: what the meta-loss is, its tasks, its upper reference."""

import copy
import dataclasses

import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core.experiments.meta_loss import claims, conditions, experiment
from fa_core.experiments.shared import starts, tasks
from fa_core.experiments.shared.noise_then_data import QUIET
from fa_core.results.tables import at

TINY = dataclasses.replace(
    experiment.Config.quick(),
    networks=4,
    noise_lengths=(0, 3, 6, 9),
    noise_steps=6,
    k=4,
    other_k=(2, 6),
    other_lrs=(1e-3,),
    meta_lengths=(2, 5),
    inner_steps=2,
    records=3,
)
SIZES = (64, 64, 10)


@pytest.fixture(scope="module")
def table():
    return experiment.run(TINY, progress=False)


def test_the_table_is_tidy_and_holds_every_start_of_every_task(table):
    assert set(table.columns) == {"condition", "step", "network", "metric", "value"}
    assert not table.duplicated(["condition", "step", "network", "metric"]).any()
    assert set(table["condition"]) == set(experiment.conditions(TINY))
    assert len({name.split(": ")[1] for name in experiment.conditions(TINY)}) * 3 == len(
        experiment.conditions(TINY)
    )
    assert set(table["network"]) == set(range(TINY.networks))
    for start in ("FA", "9 noise steps then FA"):
        for k in (0, TINY.k, *TINY.other_k):
            assert claims.meta_loss(TINY, table, start, k).notna().all()
    for start in ("BP", QUIET, conditions.tailored_name(5)):
        for k in (0, TINY.k):
            assert claims.meta_loss(TINY, table, start, k).notna().all()


def test_pairs_start_equal_and_preparations_change_the_start(table):
    before = {
        start: claims.meta_loss(TINY, table, start, 0)
        for start in ("FA", "BP", QUIET, "6 noise steps then FA", "2 meta-steps then FA")
    }
    pd.testing.assert_series_equal(before["FA"], before["BP"])
    others = [values for name, values in before.items() if name not in {"FA", "BP"}]
    assert not any(before["FA"].equals(values) for values in others)


def test_a_part_computed_alone_is_the_same(table):
    starts._states.cache_clear()
    conditions._tailored.cache_clear()
    for name in ("rotated digits: 5 meta-steps then FA", "digits: 9 noise steps then FA"):
        again = experiment.parts(TINY)[name]()
        rows = table[table["condition"] == name].reset_index(drop=True)
        alone = again.reset_index(drop=True)
        pd.testing.assert_frame_equal(rows[again.columns], alone, check_dtype=False)


@pytest.mark.parametrize("network", [0, 2])
def test_meta_loss_is_the_summed_test_loss_after_k_adam_steps_on_copies(table, network):
    """Recomputed with autograd for one network alone, from its own seed."""
    start = fa.MLP(SIZES, "fa", seed=TINY.seed + network)
    kept = {name: value.clone() for name, value in start.state_dict().items()}
    losses = []
    for name in TINY.tasks:
        task, adapted = tasks.load(name), copy.deepcopy(start)
        order = fa.seeding.generators(TINY.seed + network, "order")[0]
        rows = torch.randperm(len(task.train_x), generator=order).split(TINY.batch_size)
        optimiser = torch.optim.Adam(adapted.parameters(), lr=TINY.lr)
        for batch in rows[: TINY.k]:
            optimiser.zero_grad()
            fa.metrics.cross_entropy(adapted(task.train_x[batch]), task.train_y[batch]).backward()
            optimiser.step()
        with torch.no_grad():
            losses.append(fa.metrics.cross_entropy(adapted(task.test_x), task.test_y))
    measured = claims.meta_loss(TINY, table, "FA")[network]
    assert torch.stack(losses).sum().item() == pytest.approx(measured, rel=1e-4)
    assert all(torch.equal(start.state_dict()[name], value) for name, value in kept.items())


def test_adapting_leaves_the_noise_trained_start_as_it_was():
    def weights():
        net = start.after(6, TINY.noise_lengths, "cpu")
        return net.layers[0].weight.detach().clone()

    population = ("fa", TINY.networks, TINY.batch_size, TINY.seed, TINY.noise_lr)
    start = starts.Start(SIZES, *population)

    before = weights()
    experiment.parts(TINY)["digits: 6 noise steps then FA"]()
    assert torch.equal(before, weights())


def test_the_tasks_are_digits_permuted_and_rotated():
    digits = fa.data.load("digits")
    permuted = tasks.load("permuted digits")
    tasks._whole.cache_clear()
    again = tasks.load("permuted digits")
    rotated = tasks.load("rotated digits")
    assert torch.equal(permuted.train_x, again.train_x)
    numbered = tasks._permuted(torch.arange(64.0).expand(2, 64))
    assert not torch.equal(numbered[0], torch.arange(64.0))
    assert torch.equal(numbered[0].sort().values, torch.arange(64.0))
    assert torch.equal(numbered[0], numbered[1])
    for part in ("train_x", "test_x"):
        images = getattr(digits, part)
        assert torch.equal(getattr(permuted, part), tasks._permuted(images))
        turned = torch.rot90(images[7].reshape(8, 8)).flatten()
        assert torch.equal(getattr(rotated, part)[7], turned)
    assert torch.equal(rotated.test_y, digits.test_y)


def test_meta_training_lowers_the_meta_loss_and_leaves_the_feedback():
    config = dataclasses.replace(TINY, meta_lengths=(40,))
    sets = [tasks.load(name) for name in config.tasks]

    def adapted_loss(net):
        losses = []
        for task in sets:
            adapted = copy.deepcopy(net)
            fa.train(adapted, task, config.k, lr=config.lr, record=(), progress=False)
            with torch.no_grad():
                losses.append(fa.metrics.cross_entropy(adapted(task.test_x), task.test_y))
        return torch.stack(losses).sum(0)

    net = fa.MLP(SIZES, "fa", networks=3, seed=1)
    before, feedback = adapted_loss(net), [layer.feedback.clone() for layer in net.layers]
    assert list(conditions.meta_train(net, sets, config)) == list(range(1, 41))
    assert (adapted_loss(net) < 0.8 * before).all()
    for layer, kept in zip(net.layers, feedback, strict=True):
        assert torch.equal(layer.feedback, kept)


def test_meta_training_is_first_order_maml():
    """One meta-step, for one network and one task, written out with SGD's direction."""
    config = dataclasses.replace(TINY, meta_lengths=(1,), inner_steps=1)
    task = tasks.load("digits")
    net = fa.MLP(SIZES, "fa", networks=1, seed=0)
    start = copy.deepcopy(net)
    list(conditions.meta_train(net, [task], config))

    order = fa.seeding.generators(config.seed, "order")[0]
    inner, fresh, *_ = torch.randperm(len(task.train_x), generator=order).split(config.batch_size)
    adapted = copy.deepcopy(start)
    optimiser = torch.optim.Adam(adapted.parameters(), lr=config.lr)
    for batch in (inner, fresh):
        optimiser.zero_grad()
        fa.metrics.cross_entropy(adapted(task.train_x[batch]), task.train_y[batch]).sum().backward()
        if batch is inner:
            optimiser.step()
    meta = torch.optim.Adam(start.parameters(), lr=config.meta_lr)
    for weight, end in zip(start.parameters(), adapted.parameters(), strict=True):
        weight.grad = end.grad
    meta.step()
    for got, expected in zip(net.parameters(), start.parameters(), strict=True):
        close = torch.isclose(got, expected, atol=1e-4)  # Adam turns a gradient near 0 either way
        assert close.float().mean() > 0.999


def test_one_network_of_the_reference_is_the_same_alone(table):
    alone = dataclasses.replace(TINY, networks=1, seed=TINY.seed + 2)
    name = f"digits: {conditions.tailored_name(5)}"
    rows = experiment.parts(alone)[name]()
    single = at(rows, name, "loss", TINY.k)[0]
    assert single == pytest.approx(at(table, name, "loss", TINY.k)[2], rel=1e-3)


def rows(values, metric="loss", step=TINY.k, shifts=(-0.5, 0, 0.5)):
    """Rows of one metric at one step: start to a row of networks, shifted on each task."""
    return pd.DataFrame(
        [
            (f"{task}: {start}", step, network, metric, value + shift)
            for start, of_networks in values.items()
            for task, shift in zip(TINY.tasks, shifts, strict=True)
            for network, value in enumerate(of_networks)
        ],
        columns=["condition", "step", "network", "metric", "value"],
    )


def test_reading_the_table_by_hand():
    losses = {
        "FA": [4.0, 4.0, 4.0, 4.0],
        "3 noise steps then FA": [1.0, 3.0, 1.0, 3.0],
        "6 noise steps then FA": [3.0, 2.0, 3.0, 2.0],
        "9 noise steps then FA": [5.0, 5.0, 5.0, 5.0],
        "2 meta-steps then FA": [2.0, 2.0, 0.0, 0.0],
    }
    table = rows(losses)
    assert claims.meta_loss(TINY, table, "FA").tolist() == [12.0] * 4
    assert claims.on_tasks(TINY, table, "FA")["digits"].tolist() == [3.5] * 4
    along = claims.along_noise(TINY, table)
    assert along.index.tolist() == [0, 3, 6, 9]
    assert along[1].tolist() == [12.0, 9.0, 6.0, 15.0]
    assert claims.along_noise(TINY, table, task="digits")[1].tolist() == [3.5, 2.5, 1.5, 4.5]
    shares = claims.share_of_tailored(TINY, table, 2, "6 noise steps then FA")
    assert shares.tolist() == [0.5, 1.0, 0.25, 0.5]


def test_the_distance_to_the_feedback_is_averaged_over_tasks_and_read_up_to_k():
    distances = {"FA": [2.0, 4.0]}
    table = pd.concat([rows(distances, "feedback_distance", step) for step in (0, TINY.k, 6)])
    found = claims.to_feedback(TINY, table, "FA")
    assert found.index.tolist() == [0, TINY.k] and found.loc[TINY.k].tolist() == [2.0, 4.0]


def test_the_distance_recorded_is_that_of_the_last_layer(table):
    for start in ("FA", "6 noise steps then FA", QUIET):
        name = f"digits: {start}"
        net, again = experiment.train(TINY, name)
        last = net.layers[-1]
        # Training goes on to the largest K; the record there is that of the trained network.
        distance = (last.weight - last.feedback).detach().flatten(1).norm(dim=1)
        recorded = again[again["metric"] == "feedback_distance"]
        end = recorded[recorded["step"] == recorded["step"].max()]["value"]
        assert end.tolist() == pytest.approx(distance.tolist(), rel=1e-5)


def change(table, condition, metric, step, by):
    """The table with one task of one start shifted at one step."""
    cell = (table["condition"] == condition) & (table["metric"] == metric) & (table["step"] == step)
    assert cell.any()
    return table.assign(value=table["value"].where(~cell, table["value"] + by))


@pytest.mark.parametrize(
    "key, condition, metric, step, by",
    [
        ("adapts-faster", "rotated digits: 6 noise steps then FA", "loss", TINY.k, 3),
        ("more-accurate", "permuted digits: 6 noise steps then FA", "accuracy", TINY.k, -0.3),
        ("falls-along-noise", "digits: 3 noise steps then FA", "loss", TINY.k, 7),
        ("holds-for-other-k", "digits: 6 noise steps then FA", "loss", 2, 7),
        ("holds-for-other-k", "digits: 6 noise steps then FA", "loss", 6, 7),
        ("holds-for-other-rates", "digits: 6 noise steps then FA, lr 0.001", "loss", TINY.k, 7),
        ("near-bp", "digits: BP", "loss", TINY.k, -1),
        ("nearer-to-b", "digits: FA", "feedback_distance", TINY.k, -7),
        ("lower-than-quiet", f"digits: {QUIET}", "loss", TINY.k, -7),
        ("more-accurate-than-quiet", f"digits: {QUIET}", "accuracy", TINY.k, 0.9),
        ("adapts-further", "digits: 6 noise steps then FA", "loss", 0, -7),
        ("half-of-the-rest", "digits: 2 meta-steps then FA", "loss", TINY.k, -7),
    ],
)
def test_one_task_or_setting_that_does_not_fit_overturns_its_claim(
    key, condition, metric, step, by
):
    config = dataclasses.replace(TINY, other_lrs=(1e-3, 1e-2))
    losses = {start: [9.0, 9.1, 9.2] for start in ("FA", "FA, lr 0.001", "FA, lr 0.01")}
    losses |= {"3 noise steps then FA": [8.0, 8.1, 8.2], "9 noise steps then FA": [8.5, 8.6, 8.7]}
    noisy = [7.0, 7.1, 7.3]
    losses |= {f"6 noise steps then FA{rate}": noisy for rate in ("", ", lr 0.001", ", lr 0.01")}
    losses |= {"BP": noisy, QUIET: [7.5, 7.6, 7.7]}
    losses |= {f"{steps} meta-steps then FA": [6.7, 6.8, 7.0] for steps in (2, 5)}
    accuracy = {start: [0.2, 0.21, 0.22] for start in ("FA", QUIET)}
    accuracy["6 noise steps then FA"] = [0.4, 0.42, 0.43]
    distance = {"FA": [3.0, 3.1, 3.2], "6 noise steps then FA": [2.0, 2.1, 2.3]}
    before = {"FA": [9.0, 9.1, 9.2], "6 noise steps then FA": [8.9, 9.0, 9.3]}
    fits = pd.concat(
        [
            *(rows(losses, step=at) for at in (2, TINY.k, 6)),
            *(rows(before, step=0), rows(accuracy, "accuracy", shifts=(-0.1, 0, 0.1))),
            rows(distance, "feedback_distance"),
        ],
        ignore_index=True,
    )
    found = {finding.key: finding.verdict for finding in experiment.claims(config, fits)}
    assert set(found.values()) == {"supported"}
    spoilt = change(fits, condition, metric, step, by)
    (overturned,) = (f for f in experiment.claims(config, spoilt) if f.key == key)
    assert overturned.verdict == "contradicted"


def test_findings_and_summary_follow_from_the_table(table):
    found = experiment.claims(TINY, table)
    assert len({finding.claim for finding in found}) == len(found)
    assert all(finding.n == TINY.networks for finding in found)
    assert claims.summary(TINY, table).notna().all(axis=None)
    assert len(found) <= 12
    (first,) = (finding for finding in found if finding.primary)
    assert first.paper and first.key == "meta-loss-falls"
    noisy, plain = (claims.meta_loss(TINY, table, s) for s in ("6 noise steps then FA", "FA"))
    assert first.estimate == pytest.approx((noisy - plain).mean())


def test_paper_and_quick_lengths_fit_each_other():
    for config in (experiment.Config.quick(), experiment.Config.paper()):
        assert config.noise_lengths[0] == 0
        assert {config.noise_steps} < set(config.noise_lengths)
        assert config.gradients(config.equal_meta_steps) == pytest.approx(
            config.noise_steps, rel=0.01
        )
