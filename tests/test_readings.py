"""What chapters read off their tables: nothing where nothing differs, and parts that add up."""

import math

import numpy as np
import pandas as pd
import pytest

from fa_core import experiments
from fa_core.experiments import robustness
from fa_core.experiments.robustness.conditions import families
from fa_core.results.store import published

# Claims about one population at two times, about a correlation, or with noise steps in the sum.
NOT_COMPARED = ("noise steps under FA lower", "Networks with a lower", "steps counted")
NOT_COMPARED += ("nearer to B₂ than data then noise", "Noise after data")
# Claims with a bound of their own, as their words have it; all others ask for any gain.
BOUNDS = {
    "at most 2 points below": (-2, math.inf),
    "at most 0.6": (-math.inf, 0.6),
    "at least half": (0.5, math.inf),
}
pytestmark = pytest.mark.book


# Findings whose data set, depth or number one scale alone has.
ONE_SCALE = {
    "alignment": set(),
    "learning_speed": set(),
    "low_rank": {"gap-matched-4-layers"},
    "robustness": {"last-usps", "equal-usps"},
    "meta_loss": {
        *("task-digits", "task-permuted-digits", "task-rotated-digits"),
        *("task-mnist", "task-fashion-mnist", "task-kmnist"),
        *("k-10", "k-1000", "learning-rate-above-2"),
    },
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
    assert len(compared) > 5
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


def made_up(experiment, config):
    """Any numbers that rise with the step, for every condition and three networks."""
    metrics = ["loss", "accuracy", "train_loss", "alignment_angle_2", "unrelated_angle_2"]
    metrics += ["neuron_angle", "feedback_distance"]
    metrics += ["update_angle_1", "weight_rank_1", "weight_rank_2", "feature_rank"]
    metrics += [f"readout_{k}" for k in range(10)]
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
