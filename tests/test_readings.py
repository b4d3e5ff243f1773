"""What chapters read off their tables: nothing where nothing differs, and parts that add up."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import PchipInterpolator

from fa_core import experiments
from fa_core.experiments import learning_speed, robustness
from fa_core.experiments.robustness.conditions import families
from fa_core.results.store import published

# Claims about one population at one or two times, about a correlation, or with noise steps in the
# sum.
NOT_COMPARED = (
    *("W₂ goes on", "Under FA, noise", "After noise, readout"),
    *("Networks with a lower", "steps count"),
)
# Claims with a bound of their own, as their words have it; all others ask for any gain.
BOUNDS = {
    "at most 0.7": (-math.inf, 0.7),
    "less than twice": (-math.inf, 2),
    "within a tenth": (0.9, 1.1),
    "at most 0.3": (-math.inf, 0.3),
    "at least half": (0.5, math.inf),
}
pytestmark = pytest.mark.book


# Findings whose data set, depth or number one scale alone has.
ONE_SCALE = {
    "alignment": set(),
    "learning_speed": {
        *("faster-noisy-digits", "faster-upper-half-of-digits"),
        *("faster-fashion-mnist", "faster-kmnist", "faster-usps", "faster-cifar10-12k"),
        "faster-4-layers",
    },
    "low_rank": set(),
    "robustness": {"last-usps", "equal-usps"},
    "meta_loss": set(),
}


def without_effects(experiment):
    """The stored table with every value replaced by its mean over the conditions."""
    config = experiment.Config.paper()
    table = published().load(experiment, config).table
    # Noise steps are another clock than data steps; and a share needs something to be a share of.
    apart = table["condition"].str.contains("^noise:|meta-steps")
    groups = [table["metric"], table["step"], table["network"], apart]
    alike = table.groupby(groups)["value"].transform("mean")
    return config, table.assign(value=alike.where(~apart, 0.9 * alike))


@pytest.mark.parametrize("name", [name for name in experiments.names() if name != "alignment"])
def test_no_difference_is_found_where_there_is_none(name):
    experiment = experiments.get(name)
    found = experiment.claims(*without_effects(experiment))
    compared = [f for f in found if not any(words in f.claim for words in NOT_COMPARED)]
    assert len(compared) > 6
    for finding in compared:
        nothing = float(finding.unit.startswith("times"))  # a ratio, or else a difference
        assert finding.estimate == pytest.approx(nothing, abs=1e-9), finding
        bounds = [bounds for words, bounds in BOUNDS.items() if words in finding.claim]
        if bounds:
            assert [finding.expected] == bounds, finding
        else:
            assert nothing in finding.expected and finding.verdict == "undecided", finding


def test_what_accuracy_explains_and_what_remains_add_up():
    config = robustness.experiment.Config.paper()
    table = published().load(robustness.experiment, config).table
    found = robustness.experiment.claims(config, table)
    estimates = {finding.key: finding.estimate for finding in found}
    last, same = estimates["last-all-shifts"], estimates["equal-all-shifts"]
    explained = estimates["part-is-accuracy"]
    assert explained == pytest.approx(last - same) and explained != 0


def test_the_level_of_a_task_is_a_share_of_what_bp_ends_with():
    rows = [("task: BP", 0, 0, 0.1), ("task: BP", 9, 0, 0.7), ("task: FA", 9, 0, 0.3)]
    rows += [("task: BP", 0, 1, 0.2), ("task: BP", 9, 1, 0.9), ("task: FA", 9, 1, 0.4)]
    table = pd.DataFrame(rows, columns=["condition", "step", "network", "value"])
    config = replace(learning_speed.experiment.Config.quick(), share=0.5)
    level = learning_speed.claims.level_of(config, table.assign(metric="accuracy"), "task: ")
    assert level == pytest.approx(0.4)


def finer(table, between=8):
    """The table with records between its own, on monotone cubic curves over the logarithmic step.

    A reading between two records takes a straight line; on the finer table it follows the curve.
    """

    def refine(values):
        steps = values.index.to_numpy(dtype=float)
        if len(steps) < 3:
            return values
        x = np.log1p(steps)
        fine = np.interp(np.arange(0, len(x) - 1 + 1e-9, 1 / between), np.arange(len(x)), x)
        new = np.unique(np.concatenate([steps, np.expm1(fine)]))
        curves = PchipInterpolator(x, values.to_numpy(), axis=0)(np.log1p(new))
        return pd.DataFrame(curves, index=pd.Index(new, name="step"), columns=values.columns)

    frames = []
    for (condition, metric), rows in table.groupby(["condition", "metric"]):
        values = refine(rows.pivot(index="step", columns="network", values="value"))
        long = values.melt(ignore_index=False, var_name="network", value_name="value")
        frames.append(long.reset_index().assign(condition=condition, metric=metric))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("name", experiments.names())
def test_readings_between_records_are_right_to_a_tenth_of_their_interval(name):
    experiment = experiments.get(name)
    config = experiment.Config.paper()
    table = published().load(experiment, config).table
    straight, curved = (experiment.claims(config, t) for t in (table, finer(table)))
    for one, other in zip(straight, curved, strict=True):
        print(f"{one.key}: {one.estimate:.4g}, on cubic curves {other.estimate:.4g}")
        assert abs(one.estimate - other.estimate) <= 0.1 * (one.high - one.low), one.key


def made_up(experiment, config):
    """Any numbers that rise with the step, for every condition and three networks."""
    metrics = ["loss", "accuracy", "train_loss", "alignment_angle_2", "unrelated_angle_2"]
    metrics += ["update_angle_1", "weight_rank_1", "weight_rank_2", "feature_rank"]
    metrics += [f"readout_{k}" for k in range(10)]
    metrics += ["gram_rank", "weight_rank_3", "readout_distance"]
    metrics += [f"singular_value_1_{n}" for n in range(1, 21)]
    if experiment.name == "robustness":
        metrics += [metric for family in families(config).values() for metric in family]
    keys = [
        (name, step, network, metric)
        for name, condition in experiment.conditions(config).items()
        for step in condition.record_at
        for network in range(3)
        for metric in metrics
    ]
    table = pd.DataFrame(keys, columns=["condition", "step", "network", "metric"])
    numbers = np.random.default_rng(0).uniform(0.5, 1, len(table))
    return table.assign(value=numbers * (1 + table["step"]) / (1 + table["step"].max()))


@pytest.mark.parametrize("name", experiments.names())
def test_a_finding_has_one_key_at_both_scales(name):
    experiment = experiments.get(name)
    keys = []
    for config in (experiment.Config.quick(), experiment.Config.paper()):
        found = [finding.key for finding in experiment.claims(config, made_up(experiment, config))]
        assert all(found) and len(set(found)) == len(found)
        keys.append(found)
    quick, paper = keys
    assert set(quick) ^ set(paper) == ONE_SCALE[name]
    assert [key for key in quick if key in paper] == [key for key in paper if key in quick]
