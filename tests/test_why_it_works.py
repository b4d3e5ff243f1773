"""The experiment behind "Why it works": its rates, its ledger, the linear network, its claims."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core.experiments.conservation import claims, conditions, experiment, figures, linear
from fa_core.experiments.conservation.measures import Law, rates, sgd
from fa_core.experiments.shared.experiment import Condition, Experiment
from fa_core.experiments.shared.small_starts import SCALES, SILENT, TENTH
from fa_core.results.findings import Findings
from fa_core.results.tables import curve, last

TINY = dataclasses.replace(
    experiment.Config.quick(),
    inputs=12,
    hidden=8,
    networks=3,
    steps=20,
    records=4,
    widths=(4,),
    linear_steps=20,
    ratios=(0.1, 1, 100),
)


@pytest.fixture(scope="module")
def table():
    return experiment.run(TINY, progress=False)


def test_rates_lie_a_ratio_apart_around_their_mean():
    below, above = rates(0.2, 9)
    assert below / above == pytest.approx(9) and below * above == pytest.approx(0.04)
    net = fa.MLP([4, 3, 3, 2])
    optimizer = sgd(9)(net.parameters(), lr=0.2)
    found = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    expected = [below, below, below, below, above, above]
    assert [found[id(p)] for p in net.parameters()] == pytest.approx(expected)


def test_the_ledger_is_told_as_lengths_along_the_feedback():
    net = fa.MLP([12, 8, 3], networks=4)
    law = Law(net, 0.1, 4)
    options = {"optimizer": sgd(4), "lr": 0.1, "progress": False, "record": (law,)}
    angle = [fa.metrics.alignment_angle(*centred(net))]
    history = fa.train_on_noise(net, 60, after_step=law.update, record_at=(0, 60), **options)
    angle.append(fa.metrics.alignment_angle(*centred(net)))
    along = history["length"] * np.cos(np.radians(torch.stack(angle).numpy()))
    assert along[1] - along[0] == pytest.approx(history["aligned"][1], abs=1e-4)
    assert history["growth"][1] - history["walk"][1] == pytest.approx(
        history["aligned"][1], abs=1e-4
    )
    assert (history["misfit"][1] < 1e-4).all() and (history["misfit"][0] == 0).all()


def centred(net):
    return [fa.metrics.class_centred(M) for M in (net.layers[-1].weight, net.layers[-1].feedback)]


def test_conditions_start_as_their_names_say(table):
    assert set(table["condition"]) == set(experiment.parts(TINY))
    assert table["value"].notna().all()
    known, fresh = experiment.conditions(TINY), fa.MLP([12, 8, 10], networks=3).layers[-1].weight
    for name, factor in {**SCALES, SILENT: 0}.items():
        net = fa.MLP([12, 8, 10], networks=3)
        known[name].change(net, 0)
        assert torch.equal(net.layers[-1].weight, factor * fresh)
        assert torch.equal(
            net.layers[-1].feedback, fa.MLP([12, 8, 10], networks=3).layers[-1].feedback
        )
    assert (last(table, conditions.BY_LAYER, "misfit") < 1e-4).all()
    assert (last(table, conditions.ADAM, "misfit") > 0.1).all()
    kept = table.groupby("condition")["metric"].unique().map(set)
    assert kept[conditions.slow_name(100)] == {"loss", claims.RAW, claims.CENTRED}
    along = curve(table, conditions.BY_LAYER, "length"), curve(table, SLOW, "length")
    assert [len(values) for values in along] == [TINY.records + 1, 1]


def test_a_network_of_the_linear_population_is_that_of_its_seed():
    both, alone = (
        linear.parts(dataclasses.replace(TINY, networks=n, seed=s), "cpu")[linear.NAME]()
        for n, s in ((3, 5), (1, 7))
    )
    for metric in ("simulated_angle", "predicted_angle"):
        own, other = (curve(found, linear.NAME, metric) for found in (both, alone))
        assert own[2].tolist() == pytest.approx(other[0].tolist(), abs=1e-3)


def start(inputs, hidden, classes, seed=0):
    net = fa.MLP([inputs, hidden, classes], seed=seed).double()
    first, last = net.layers
    return [t.detach().numpy() for t in (first.weight, last.weight, last.feedback)]


def test_the_closed_equation_is_that_of_both_layers():
    """Against small steps of the mean updates of W1 and W2."""
    W1, W2, B = start(9, 6, 3)
    predicted = linear.predict(W1, W2, B, np.array([0.0, 0.5, 1.0]))
    dt = 1e-4
    for step in range(1, 10001):
        W1, W2 = W1 - dt * B.T @ W2 @ W1, W2 - dt * W2 @ W1 @ W1.T
        if step % 5000 == 0:
            assert predicted[step // 5000] == pytest.approx(W2, abs=2e-3)
    assert np.abs(predicted[1] - predicted[0]).max() > 0.1


def test_simulated_networks_follow_the_equation():
    config = dataclasses.replace(
        TINY, inputs=40, hidden=10, networks=8, linear_lr=1e-3, linear_steps=1500
    )
    found = linear.parts(config, "cpu")[linear.NAME]()
    simulated, predicted = (
        curve(found, linear.NAME, f"{kind}_angle") for kind in ("simulated", "predicted")
    )
    assert (simulated - predicted).abs().mean().mean() < 0.5
    assert (predicted.iloc[0] - predicted.iloc[-1]).mean() > 10


def test_the_wide_limit_is_the_solution_of_wide_networks_and_goes_to_the_bisector():
    times = np.array([0.0, 0.5, 1.0, 2.0])
    _, W2, B = start(2, 2000, 2, seed=1)
    many_inputs = np.sqrt(2) * np.eye(2000)  # rows at right angles
    readouts = torch.from_numpy(linear.predict(many_inputs, W2, B, times))
    angles = fa.metrics.alignment_angle(readouts, torch.from_numpy(B).expand(readouts.shape))
    wide = linear.wide_limit(times)
    assert angles.tolist() == pytest.approx(wide.tolist(), abs=4)
    assert wide[0] == 90 and linear.wide_limit(np.array([0.0, 400.0]))[-1] == pytest.approx(
        45, abs=0.2
    )


def found(table):
    return {finding.key: finding for finding in experiment.claims(TINY, table)}


def test_each_claim_has_a_key_and_one_is_primary(table):
    claimed = found(table)
    assert len(claimed) == 12 and not any(finding.paper for finding in claimed.values())
    assert [key for key, finding in claimed.items() if finding.primary] == ["label-noise-raises-it"]


SLOW, EVEN = conditions.slow_name(TINY.ratio), conditions.EVEN
EQUAL = "slow SGD, ratio 1"


@pytest.mark.parametrize(
    "key, condition, metric, inside, outside",
    [
        ("label-noise-raises-it", conditions.BY_LAYER, claims.CENTRED, 82, 79),
        ("random-labels-rebound", conditions.BY_LAYER, claims.CENTRED, 76, 74),
        ("even-labels-rebound-at-equal-rates", conditions.SGD + EVEN, claims.CENTRED, 76, 74),
        ("even-labels-rebound-under-adam", conditions.ADAM + EVEN, claims.CENTRED, 76, 74),
        ("law-holds", conditions.BY_LAYER, "misfit", 9e-4, 1.1e-3),
        ("law-fails-under-adam", conditions.ADAM, "misfit", 0.11, 0.09),
        ("raw-as-low-as-adam", SLOW, claims.RAW, 81.9, 82.1),
        ("centred-as-low-as-adam", EQUAL, claims.CENTRED, 81.9, 82.1),
        ("large-mean-needs-small-steps", conditions.SLOWER_MEAN, claims.CENTRED, 79, 81),
        ("small-start-loses-to-label-noise", TENTH + EVEN, claims.CENTRED, 79, 81),
        ("zero-readout-turns-away", SILENT, claims.CENTRED, 91, 89),
    ],
)
def test_a_claim_is_supported_inside_its_bound_alone(
    table, key, condition, metric, inside, outside
):
    """All angles are 80 degrees, but 75 in the middle, where the turns are read."""
    angles = table["metric"].isin([claims.RAW, claims.CENTRED])
    flat = np.where(table["step"] == TINY.steps // 2, 75, 80) + table["network"] * 1e-6
    table = table.assign(value=table["value"].where(~angles, flat))
    rows = (table["condition"] == condition) & (table["metric"] == metric)
    rows &= table["step"] == TINY.steps
    for value, verdict in ((inside, "supported"), (outside, "contradicted")):
        changed = table.assign(value=table["value"].where(~rows, value + table["network"] * 1e-5))
        assert found(changed)[key].verdict == verdict


def curved(table, condition):
    """The table with an angle of 80 degrees at all steps, and 75 in the middle."""
    rows = (table["condition"] == condition) & (table["metric"] == claims.CENTRED)
    middle = np.where(table["step"] == TINY.steps // 2, 75, 80) + table["network"] * 1e-6
    return table.assign(value=table["value"].where(~rows, middle))


def test_the_summary_tells_lowest_and_last_angles(table):
    rows = claims.summary(TINY, curved(table, conditions.ADAM)).loc[(conditions.ADAM, "random")]
    assert rows["class-centred, lowest"] == pytest.approx(75, abs=1e-3)
    assert rows["class-centred, last"] == pytest.approx(80, abs=1e-3)


def test_figures_are_drawn_from_the_table(table):
    names = {"slow": SLOW, "fixed": conditions.FIXED}
    drawn = [
        draw(TINY, table)
        for draw in (figures.ledger, figures.labels, figures.ratios, figures.linear_networks)
    ]
    assert all(figure.axes for figure in [*drawn, figures.angle_and_walk(names, table)])


class Counter:
    """A watcher that counts steps."""

    def __init__(self, net):
        self.steps = 0

    def update(self):
        self.steps += 1

    def __call__(self, net, x, y):
        return {"counted": torch.full((3,), float(self.steps))}


@dataclasses.dataclass(frozen=True)
class Small:
    networks: int = 3
    batch_size: int = 16
    seed: int = 2


FIELDS = {"hidden": (8,), "noise_lr": 0.01, "record": ("loss",), "watch": Counter}


@pytest.mark.parametrize(
    "fields, steps, expected",
    [
        ({"inputs": 6, "noise_steps": 9}, (0, 4, 9), (0, 4, 9)),
        ({"data": "digits", "steps": 5, "noise_steps": 3}, (0, 5), (0, 5)),
        ({"data": "digits", "steps": 5, "noise_after": 4}, (0, 5, 7, 9), (0, 5, 7, 9)),
    ],
)
def test_a_watcher_sees_every_step_of_the_training_that_is_recorded(fields, steps, expected):
    condition = Condition(record_at=steps, **FIELDS | fields)
    own = Experiment("own", 1, Small, lambda config: {"x": condition}, lambda *_: Findings([]))
    counted = curve(own.run(Small(), progress=False), "x", "counted")
    assert counted[0].tolist() == list(expected)


def test_a_conditions_optimiser_makes_its_steps():
    def trained(**fields):
        condition = Condition(inputs=6, noise_steps=5, record_at=(5,), **FIELDS | fields)
        own = Experiment("own", 1, Small, lambda config: {"x": condition}, lambda *_: Findings([]))
        return own.train(Small(), "x")[0].layers[0].weight

    net = fa.MLP([6, 8, 10], networks=3, seed=2)
    fa.train_on_noise(net, 5, 16, 0.01, 2, optimizer=torch.optim.SGD, record=(), progress=False)
    assert torch.equal(trained(optimizer=torch.optim.SGD), net.layers[0].weight)
    assert not torch.equal(trained(), net.layers[0].weight)


def test_simulations_are_parts_of_an_experiment():
    rows = pd.DataFrame(
        {"condition": ["y"], "step": [0], "network": [0], "metric": ["m"], "value": [1.0]}
    )
    condition = Condition(inputs=6, noise_steps=1, record_at=(1,), hidden=(8,))
    own = Experiment(
        *("own", 1, Small, lambda config: {"x": condition}, lambda *_: Findings([])),
        simulations=lambda config, device: {"y": lambda: rows},
    )
    assert list(own.parts(Small())) == ["x", "y"]
    assert set(own.run(Small(), progress=False)["condition"]) == {"x", "y"}
