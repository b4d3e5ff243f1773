"""Chapter 1: what it records of weights and feedback, and what it reads off the table."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from torch.testing import assert_close

import fa_core as fa
from fa_core.experiments.alignment import claims, experiment, figures, measures
from fa_core.experiments.alignment.conditions import INPUTS, LABELS
from fa_core.experiments.shared.small_starts import SILENT, TENTH
from fa_core.results.tables import curve

CENTRED = "centred_alignment_angle"

TINY = dataclasses.replace(
    experiment.Config.quick(), networks=3, steps=4, long_steps=12, records=3, widths=(8,)
)


@pytest.fixture(scope="module")
def table():
    return experiment.run(TINY, progress=False)


@pytest.fixture
def net():
    return fa.MLP([5, 40, 3], networks=2, seed=0)


def test_percentiles_are_those_of_the_neurons_own_angles(net):
    W, B = (t.detach().double().numpy() for t in (net.layers[1].weight, net.layers[1].feedback))
    cosine = (W * B).sum(1) / np.linalg.norm(W, axis=1) / np.linalg.norm(B, axis=1)
    expected = np.percentile(np.degrees(np.arccos(cosine)), measures.PERCENTILES, axis=1)
    found = measures.neuron_percentiles(net, None, None)
    assert list(found) == [f"neuron_angle_{q}" for q in measures.PERCENTILES]
    assert np.stack([value.numpy() for value in found.values()]) == pytest.approx(expected)


def test_the_mean_rows_share_is_1_where_all_rows_agree_and_0_where_they_cancel(net):
    weight = net.layers[1].weight
    with torch.no_grad():
        weight[0] = weight[0, 0]
        weight[1] -= weight[1].mean(0)
    assert_close(measures.mean_row_share(net, None, None)["mean_row_share"], torch.tensor([1.0, 0]))


def test_the_unrelated_matrix_is_that_of_the_seed_and_not_the_feedback(net):
    first, again, other = (
        measures.unrelated_angle(seed, net, None, None)["unrelated_angle"] for seed in (0, 0, 1)
    )
    own = fa.metrics.neuron_angle(net.layers[1].weight, net.layers[1].feedback).mean(-1)
    assert torch.equal(first, again)
    assert not torch.isclose(first, other).any() and not torch.isclose(first, own).any()


def test_conditions_hold_what_is_read_of_them_and_start_alike(table):
    assert set(table["condition"]) == set(experiment.conditions(TINY))
    metrics = table.groupby("condition")["metric"].unique().map(set)
    assert metrics["BP"] == {"neuron_angle", "feedback_distance", "loss"}
    assert metrics["uniform"] == {"neuron_angle", "centred_neuron_angle"}
    assert metrics["8 hidden units"] == {"alignment_angle", "centred_alignment_angle"}
    starts = [curve(table, name, "neuron_angle").loc[0] for name in ("FA", "BP", *INPUTS)]
    assert all(start.equals(starts[0]) for start in starts)
    # Scaling turns nothing; where W2 = 0 there is no angle.
    usual, tenth, silent = (curve(table, name, CENTRED) for name in ("FA", TENTH, SILENT))
    assert np.allclose(usual.loc[0], tenth.loc[0], atol=1e-3)
    assert (usual.loc[4] - tenth.loc[4]).abs().min() > 1e-3
    assert 0 not in silent.index and 4 in silent.index


def test_figures_are_drawn_from_the_table(table):
    for draw in (figures.noise_training, figures.raw_and_centred):
        assert draw(TINY, table).axes


def test_the_raw_angle_follows_from_the_centred_one_and_the_mean_rows():
    """Exactly, where the mean rows are at a right angle and the feedback's holds 1/K."""
    W = torch.tensor([[1.0, 1, 0], [-1, 1, 0]], dtype=torch.float64)  # mean row 0 1 0
    B = torch.tensor([[1.0, 0, 1], [-1, 0, 1]], dtype=torch.float64)  # mean row 0 0 1
    W[0, 2] = B[0, 1] = 0.5
    W[1, 2] = B[1, 1] = -0.5
    centred = [fa.metrics.class_centred(M) for M in (W, B)]
    share = 1 - centred[0].square().sum() / W.square().sum()
    values = {
        "centred_alignment_angle": fa.metrics.alignment_angle(*centred),
        "mean_row_share": share,
    }
    table = pd.DataFrame(
        [("FA", 0, 0, metric, float(value)) for metric, value in values.items()],
        columns=["condition", "step", "network", "metric", "value"],
    )
    feedback_share = 1 - centred[1].square().sum() / B.square().sum()
    config = dataclasses.replace(TINY, classes=1 / float(feedback_share))
    expected = fa.metrics.alignment_angle(W, B).item()
    assert figures.raw_from_centred(config, table).loc[0, 0] == pytest.approx(expected)


def test_the_summary_has_each_kind_of_noise_and_its_change(table):
    found = claims.summary(TINY, table)
    assert list(found.index) == ["standard", *INPUTS, *LABELS]
    angles = curve(table, "std 3", "centred_neuron_angle").mean(axis=1)
    row = found.loc["std 3", ["class-centred", "class-centred, change"]]
    assert row.tolist() == pytest.approx([angles[4], angles[4] - angles[0]])


def findings(table):
    return {finding.key: finding for finding in experiment.claims(TINY, table)}


def test_each_claim_has_a_key_one_is_primary_and_the_papers_are_marked(table):
    found = findings(table)
    assert len(found) == 12
    assert [key for key, finding in found.items() if finding.primary] == ["angle-falls"]
    assert {key: finding.paper for key, finding in found.items() if finding.paper} == {
        "angle-falls": "Fig. 1e",
        "untrained-angle": "Fig. 1e",
        "loss-falls": "Fig. 1d",
        "falls-under-all-inputs": "Fig. 1f",
    }


def with_values(table, condition, metric, step, values):
    """The table with other values of the networks, in their order, in one row."""
    names = table["condition"], table["metric"], table["step"]
    where = (names[0] == condition) & (names[1] == metric) & (names[2] == step)
    changed = table.copy()
    changed.loc[where, "value"] = np.asarray(values)
    return changed


def test_every_network_is_read_under_its_own_least_favourable_input(table):
    start = curve(table, "FA", "neuron_angle").loc[0]
    for name in ("FA", *INPUTS):
        table = with_values(table, name, "neuron_angle", 4, start - 5)
    table = with_values(table, "labels fixed", "neuron_angle", 4, start + 50)  # no input
    table = with_values(table, "mean 3", "neuron_angle", 4, start - [1, 6, 6])
    table = with_values(table, "uniform", "neuron_angle", 4, start - [6, 6, -2])
    found = findings(table)["falls-under-all-inputs"]
    assert found.estimate == pytest.approx((-1 - 5 + 2) / 3)


@pytest.mark.parametrize(
    "key, metric, step, add, other",
    [
        ("angle-falls", "neuron_angle", 4, 0, 0),
        ("update-turns", "update_angle_1", 4, 0, 0),
        ("centred-angle-falls", "centred_alignment_angle", 4, 0, 0),
        ("raw-angle-rises-again", "alignment_angle", 12, 0, 4),
        ("centred-angle-stays-down", "centred_alignment_angle", 12, 0, 4),
        ("loss-falls", "loss", 4, 0, 0),
    ],
)
def test_a_change_is_supported_on_its_own_side_of_its_bound_alone(
    table, key, metric, step, add, other
):
    start = curve(table, "FA", metric).loc[other].to_numpy()
    sides = [
        findings(with_values(table, "FA", metric, step, start + add + side))[key].verdict
        for side in (-0.1, 0.1)
    ]
    rises = key == "raw-angle-rises-again"
    assert sides == (["contradicted", "supported"] if rises else ["supported", "contradicted"])
