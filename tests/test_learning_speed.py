"""Chapter 2: areas, distances in both orders of noise and data, steps to a level."""

import dataclasses

import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core.experiments.learning_speed import claims, conditions, experiment
from fa_core.experiments.shared.noise_then_data import MAIN, QUIET
from fa_core.results.tables import at, curve, last

CONFIG = dataclasses.replace(
    experiment.Config.quick(),
    **{"networks": 3, "noise_steps": 6, "noise_lengths": (3, 9), "steps": 8, "short_steps": 8},
    records=3,
)
END = CONFIG.steps + CONFIG.noise_steps
ACCURACY = {"FA": 0.5, "noise then FA": 0.7, "BP": 0.8, "noise then BP": 0.8}


def rows(condition, metric, values):
    """Three networks that differ a little; ``values`` maps steps to numbers."""
    return [
        (condition, step, network, metric, value * (1 + network / 1000))
        for step, value in values.items()
        for network in range(3)
    ]


def table(accuracy=None, distance=None):
    """A made-up table; ``distance`` holds those of W from B at chosen conditions."""
    accuracy = ACCURACY | (accuracy or {})
    distances = {
        "FA": {0: 6.0, 8: 5.0},
        "noise then FA": {0: 4.0, 8: 3.0},
        conditions.DATA_THEN_NOISE: {8: 5.0, END: 4.9},
    }
    found = []
    for name in (*MAIN, QUIET, conditions.OTHER_FEEDBACK):
        found += rows(name, "accuracy", {0: 0.1, 4: accuracy.get(name, 0.6), 8: 0.95})
    for name, values in (distances | (distance or {})).items():
        found += rows(name, "feedback_distance", values)
    for name, angle in (("FA", 80), ("noise then FA", 60)):
        found += rows(name, "neuron_angle", {8: angle})
    return pd.DataFrame(found, columns=["condition", "step", "network", "metric", "value"])


def verdicts(*arguments, **options):
    found = experiment.claims(CONFIG, table(*arguments, **options))
    return {finding.key: finding for finding in found}


def test_the_area_is_the_mean_accuracy_in_points_and_two_points_below_bp_are_comparable():
    found = verdicts()
    assert found["larger-area"].estimate == pytest.approx(10, rel=0.01)  # half of 0.7 - 0.5
    assert found["area-near-bp"].estimate == pytest.approx(-5, rel=0.01)
    assert found["area-near-bp"].verdict == "contradicted"
    assert verdicts({"noise then FA": 0.77})["area-near-bp"].verdict == "supported"
    assert verdicts({"noise then FA": 0.75})["area-near-bp"].verdict == "contradicted"


def test_the_orders_are_compared_at_the_end_of_both():
    found = verdicts()
    assert found["noise-moves-to-b"].estimate == pytest.approx(-2, rel=0.01)
    assert found["nearest-to-b"].estimate == pytest.approx(-1.9, rel=0.01)
    for other, distances in ((conditions.DATA_THEN_NOISE, {8: 5.0, END: 2.5}), ("FA", {8: 2.5})):
        nearer = verdicts(distance={other: {0: 6.0} | distances})
        assert nearer["nearest-to-b"].verdict == "contradicted"


@pytest.mark.parametrize("after, verdict", [(4.8, "supported"), (4.7, "contradicted")])
def test_noise_after_data_may_change_the_distance_by_five_percent(after, verdict):
    found = verdicts(distance={conditions.DATA_THEN_NOISE: {8: 5.0, END: after}})
    assert found["noise-after-data-idle"].estimate == pytest.approx(20 * after - 100)
    assert found["noise-after-data-idle"].verdict == verdict


@pytest.mark.parametrize(
    "treated, control, bound",
    [(0.95, 0.95, ""), (0.95, 0.8, "at most"), (0.8, 0.95, "at least"), (0.8, 0.8, "")],
)
def test_a_level_that_is_not_reached_leaves_a_bound(treated, control, bound):
    ends = rows("a", "accuracy", {0: 0, 4: treated}) + rows("b", "accuracy", {0: 0, 4: control})
    made = pd.DataFrame(ends, columns=["condition", "step", "network", "metric", "value"])
    ratio, found = claims.steps_ratio(made, "a", "b", 0.9, extra=4)
    assert found == bound
    steps = {0.95: 4 * 0.9 / 0.95, 0.8: 4}
    assert ratio[0] == pytest.approx((steps[treated] + 4) / steps[control])


def test_the_distance_at_right_angles_is_the_true_one_where_they_stand_so():
    net = fa.MLP([4, 6, 3], networks=2, seed=0)
    last_layer = net.layers[-1]
    with torch.no_grad():
        last_layer.weight[..., 3:] = 0
        last_layer.feedback[..., :3] = 0
    x, y = torch.zeros(2, 5, 4), torch.zeros(5, dtype=torch.long)
    expected = (last_layer.weight - last_layer.feedback).square().sum((-2, -1)).sqrt()
    found = conditions.at_right_angles(net, x, y)["right_angle_distance"]
    torch.testing.assert_close(found, expected.detach())


def test_both_orders_are_made_of_the_same_trainings():
    ran = experiment.run(CONFIG, progress=False)
    for metric in ("accuracy", "feedback_distance"):
        late = curve(ran, conditions.DATA_THEN_NOISE, metric)
        assert late.index[-1] == END
        assert late.loc[CONFIG.steps].tolist() == last(ran, "FA", metric).tolist()
        assert late.loc[END].tolist() != late.loc[CONFIG.steps].tolist()
        noise = last(ran, conditions.NOISE, metric)
        assert noise.tolist() == at(ran, "noise then FA", metric, 0).tolist()
