"""What chapters read off their tables: nothing where nothing differs, and parts that add up."""

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import PchipInterpolator

from fa_core import experiments
from fa_core.experiments import robustness
from fa_core.experiments.robustness.conditions import families
from fa_core.results.store import at_paper_scale

# Claims that do not compare conditions at one step: about one population at one or two times, about
# another clock than the steps on data, a correlation, or a share of another gain.
NOT_COMPARED = {
    "learning_speed": {
        *("noise-moves-to-b", "nearest-to-b", "noise-after-data-idle", "faster-in-all-steps"),
    },
    "convergence": set(),
    "low_rank": {
        *("readouts-near-chance", "few-values-dominate", "noise-lowers-rank"),
        "rank-goes-with-gap",
    },
    "robustness": set(),
    "meta_loss": {"half-of-the-rest"},
    "other_roads": set(),
    "contest": {"short-noise-pays"},
    "factorial": set(),
}
ONE_SCALE = {"robustness": {"usps", "matched-usps"}}  # findings whose data one scale alone has
pytestmark = pytest.mark.book


def stored(name):
    """An experiment with its configuration and table at paper scale."""
    experiment = experiments.get(name)
    return experiment, *at_paper_scale(experiment)


@pytest.mark.parametrize("name", NOT_COMPARED)
def test_no_difference_is_found_where_there_is_none(name):
    """Every value becomes its mean over conditions; what is then found follows from the margin."""
    experiment, config, table = stored(name)
    # Noise steps are another clock than data steps; and a share needs something to be a share of.
    apart = table["condition"].str.contains("^noise:|meta-steps")
    groups = [table["metric"], table["step"], table["network"], apart]
    alike = table.groupby(groups)["value"].transform("mean")
    found = experiment.claims(config, table.assign(value=alike.where(~apart, 0.9 * alike)))
    compared = [finding for finding in found if finding.key not in NOT_COMPARED[name]]
    assert len(compared) >= 3 and len(found) - len(compared) == len(NOT_COMPARED[name])
    for finding in compared:
        nothing = float(finding.unit.startswith("times"))  # a ratio, or else a difference
        assert finding.estimate == pytest.approx(nothing, abs=1e-9), finding
        above, below = finding.expected
        assert above <= nothing <= below, finding
        inside = above < nothing < below
        assert finding.verdict == ("supported" if inside else "undecided"), finding


def test_what_accuracy_explains_and_what_remains_add_up():
    _, config, table = stored("robustness")
    found = robustness.experiment.claims(config, table)
    estimates = {finding.key: finding.estimate for finding in found}
    last, same = estimates["more-robust"], estimates["matched-shifts"]
    explained = estimates["part-is-accuracy"]
    assert abs(explained) == pytest.approx(abs(last - same)) and explained != 0


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
    experiment, config, table = stored(name)
    straight, curved = (experiment.claims(config, t) for t in (table, finer(table)))
    for one, other in zip(straight, curved, strict=True):
        print(f"{one.key}: {one.estimate:.4g}, on cubic curves {other.estimate:.4g}")
        assert abs(one.estimate - other.estimate) <= 0.1 * (one.high - one.low), one.key


def made_up(experiment, config):
    """Any numbers that rise with the step, for every condition and three networks."""
    metrics = set(stored(experiment.name)[2]["metric"])
    if experiment.name == "robustness":
        metrics |= {metric for family in families(config).values() for metric in family}
        metrics |= set(families(config))
    steps = {name: known.record_at for name, known in experiment.conditions(config).items()}
    steps |= dict.fromkeys(experiment.simulations(config, "cpu"), (0, 1))
    keys = [
        (name, step, network, metric)
        for name, recorded in steps.items()
        for step in recorded
        for network in range(3)
        for metric in sorted(metrics)
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
    assert set(quick) ^ set(paper) == ONE_SCALE.get(name, set())
    assert [key for key in quick if key in paper] == [key for key in paper if key in quick]
