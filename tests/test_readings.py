"""What chapters read off their tables: nothing where nothing differs, and parts that add up."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from fa_core import experiments
from fa_core.experiments import learning_speed
from fa_core.results.store import published

# Claims about one population at two times, about a correlation, or with noise steps in the sum.
NOT_COMPARED = ("W₂ goes on", "noise steps under FA lower", "Networks with a lower", "steps count")
# Claims with a bound of their own, as their words have it; all others ask for any gain.
BOUNDS = {
    "at most 0.7": (-math.inf, 0.7),
    "less than twice": (-math.inf, 2),
    "within a tenth": (0.9, 1.1),
    "at most 0.6": (-math.inf, 0.6),
    "at least half": (0.5, math.inf),
}
pytestmark = pytest.mark.book


def without_effects(name):
    """The stored table with every value replaced by its mean over the conditions."""
    experiment = experiments.get(name)
    config = experiment.Config.paper()
    table = published().load(experiment, config).table
    # Noise steps are another clock than data steps; and a share needs something to be a share of.
    apart = table["condition"].str.contains("^noise:|meta-steps")
    groups = [table["metric"], table["step"], table["network"], apart]
    alike = table.groupby(groups)["value"].transform("mean")
    return config, table.assign(value=alike.where(~apart, 0.9 * alike))


@pytest.mark.parametrize("name", [name for name in experiments.names() if name != "alignment"])
def test_no_difference_is_found_where_there_is_none(name):
    found = experiments.get(name).claims(*without_effects(name))
    compared = [f for f in found if not any(words in f.claim for words in NOT_COMPARED)]
    assert len(compared) > 10
    for finding in compared:
        nothing = float(finding.unit.startswith("times"))  # a ratio, or else a difference
        assert finding.estimate == pytest.approx(nothing, abs=1e-9), finding
        bounds = [bounds for words, bounds in BOUNDS.items() if words in finding.claim]
        if bounds:
            assert [finding.expected] == bounds, finding
        else:
            assert nothing in finding.expected and finding.verdict == "undecided", finding


def test_what_accuracy_explains_and_what_remains_add_up():
    experiment = experiments.get("robustness")
    config = experiment.Config.paper()
    found = experiment.claims(config, published().load(experiment, config).table)
    estimates = {finding.claim: finding.estimate for finding in found}
    last, same = (
        estimates[f"At the {moment} FA with noise is the more robust: all shifts."]
        for moment in ("last step", "same accuracy")
    )
    explained = next(e for claim, e in estimates.items() if claim.startswith("A part of the gain"))
    assert explained == pytest.approx(last - same) and explained != 0


def test_the_level_of_a_task_is_a_share_of_what_bp_ends_with():
    rows = [("task: BP", 0, 0, 0.1), ("task: BP", 9, 0, 0.7), ("task: FA", 9, 0, 0.3)]
    rows += [("task: BP", 0, 1, 0.2), ("task: BP", 9, 1, 0.9), ("task: FA", 9, 1, 0.4)]
    table = pd.DataFrame(rows, columns=["condition", "step", "network", "value"])
    config = replace(learning_speed.Config.quick(), share=0.5)
    level = learning_speed.level_of(config, table.assign(metric="accuracy"), "task: ")
    assert level == pytest.approx(0.4)
