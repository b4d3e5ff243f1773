"""Accuracy after convergence: when a network has converged, and what is read then."""

import dataclasses
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core.experiments.convergence import claims, conditions, experiment, figures
from fa_core.history import History

LOSSES = np.array(
    [
        [2.0, 2.0, 2.0],
        [1.0, 1.995, 3.0],
        [0.9, 1.0, 4.0],
        [0.895, 1.995, 2.0],
        [0.1, 0.9, 0.1],
    ]
)


def test_a_network_has_converged_where_its_loss_stayed_in_the_band_for_a_window():
    """It stays so: what it gains later counts no more. Who comes back to a loss has not stayed."""
    assert conditions.converged_at(LOSSES, window=1).tolist() == [3, 1, 5]
    assert conditions.converged_at(LOSSES, window=2).tolist() == [5, 5, 5]


def history_of(losses):
    history = History()
    for step, row in enumerate(losses):
        history.append(10 * step, {"train_loss": torch.tensor(row)})
    return history


def test_training_ends_when_the_last_network_has_converged():
    asked = [conditions.all_converged(1, history_of(LOSSES[:n])) for n in range(1, 6)]
    assert asked == [False] * 5
    asked = [conditions.all_converged(1, history_of(LOSSES[:n, :2])) for n in range(1, 6)]
    assert asked == [False, False, False, True, True]


def test_each_network_is_read_at_its_own_moment():
    table = pd.concat(
        frame.assign(metric=metric)
        for metric, values in {"train_loss": LOSSES, "accuracy": 1 - LOSSES / 2}.items()
        for frame in [
            pd.DataFrame(values, index=pd.Index([0, 10, 20, 30, 40], name="step"))
            .melt(ignore_index=False, var_name="network")
            .reset_index()
        ]
    )
    config = dataclasses.replace(experiment.Config.quick(), records=1, steps=99)
    read = conditions.at_convergence(config, table.assign(condition="x"))
    assert set(read["step"]) == {99} and set(read["condition"]) == {"x"}
    values = read.pivot(index="metric", columns="network", values="value")
    assert values.loc["steps"].tolist() == [30, 10, 40]
    assert values.loc["converged"].tolist() == [1, 1, 0]
    assert values.loc["train_loss"].tolist() == [0.895, 1.995, 0.1]
    assert values.loc["accuracy"].tolist() == pytest.approx([1 - 0.895 / 2, 1 - 1.995 / 2, 0.95])


@pytest.fixture(scope="module")
def ran():
    sizes = {"networks": 3, "noise_steps": 20, "hidden": 16, "window": 40, "images": 100}
    config = dataclasses.replace(experiment.Config.quick(), **sizes, steps=400, lr=3e-2)
    return config, experiment.run(config, progress=False)


def test_all_conditions_are_read_once_and_have_converged(ran):
    _, table = ran
    rows = table.groupby(["condition", "metric"])["network"].apply(sorted)
    assert len(rows) == 2 * 2 * 5 * 5 and all(networks == [0, 1, 2] for networks in rows)
    assert (table.query("metric == 'converged'")["value"] == 1).all()


def test_a_network_ends_where_it_ends_alone(ran):
    """So a stored network can be computed again beside its neighbour alone."""
    config, table = ran
    name = "digits, 2 layers: noise then FA"
    pair = experiment.parts(dataclasses.replace(config, networks=2, seed=config.seed + 1))[name]()
    whole = table[(table["condition"] == name) & (table["network"] > 0)]
    for metric in ("steps", "accuracy"):
        one, two = (t[t["metric"] == metric].sort_values("network")["value"] for t in (whole, pair))
        assert one.tolist() == pytest.approx(two.tolist())


def test_findings_summary_and_figure_follow_from_the_table(ran):
    config, table = ran
    better = table["condition"].str.contains("noise then FA") & (table["metric"] == "accuracy")
    lifted = table.assign(value=table["value"] + 0.2 * better)
    gains = [claims.findings(config, t) for t in (table, lifted)]
    for before, after in zip(*gains, strict=True):
        if before.key.startswith("narrower"):
            assert after.estimate == pytest.approx(before.estimate + 20)
    summary = claims.summary(config, table)
    assert summary.index.tolist() == list(product(config.data, config.depths))
    mean = 100 * table.query("condition == 'digits, 3 layers: BP' and metric == 'accuracy'")
    assert summary.loc[("digits", 3), "BP"] == pytest.approx(mean["value"].mean())
    assert len(figures.lag_behind_bp(config, table).axes) == len(config.data)


def test_the_noise_is_that_of_the_other_chapters(ran):
    config = experiment.Config.paper()
    known = experiment.conditions(config)
    assert len(known) == 6 * 4 * 5
    condition = known["mnist, 3 layers: noise then BP"]
    assert (condition.rule, condition.noise_steps, condition.hidden) == ("bp", 8000, (100, 100))
    assert fa.MLP([784, *condition.hidden, 10]).sizes == (784, 100, 100, 10)
