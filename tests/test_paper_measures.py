"""The paper's own measures, on matrices and networks whose value is known."""

import math

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fa_core as fa
from fa_core import metrics
from fa_core.experiments.shared.measures import feedback_angles, readout_spread
from fa_core.results.tables import area, never_reached, steps_to

seeds = st.integers(0, 10_000)


def matrix(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def close(actual, expected, tolerance=1e-9):
    expected = torch.as_tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(actual.double(), expected, rtol=tolerance, atol=tolerance)


@pytest.fixture
def rows():
    def make(networks, steps):
        return pd.DataFrame(
            [
                ("x", step, network, "accuracy", value)
                for network, values in networks.items()
                for step, value in zip(steps, values, strict=True)
            ],
            columns=["condition", "step", "network", "metric", "value"],
        )

    return make


def test_each_hidden_neuron_has_the_angle_between_its_columns():
    W = torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    B = torch.tensor([[1.0, 0.0, -1.0], [0.0, -3.0, 1.0]])
    close(metrics.neuron_angle(W, B), [0, 180, 90])
    assert metrics.neuron_angle(torch.ones(4, 5, 3), torch.ones(4, 5, 3)).shape == (4, 3)


@settings(deadline=None, max_examples=30)
@given(seeds, st.floats(-5, 5))
def test_what_is_the_same_for_all_classes_moves_no_centred_angle(seed, shift):
    W, B = matrix(4, 6, seed=seed), matrix(4, 6, seed=seed + 1)
    moved = W + shift * matrix(1, 6, seed=seed + 2)
    centred = [metrics.class_centred(M) for M in (W, moved, B)]
    close(centred[0].sum(-2), torch.zeros(6))
    close(centred[1], centred[0])
    close(
        metrics.neuron_angle(centred[1], centred[2]), metrics.neuron_angle(centred[0], centred[2])
    )
    # It changes nothing that a softmax readout does.
    x = matrix(3, 6, seed=seed + 3)
    close((x @ moved.mT).softmax(-1), (x @ W.mT).softmax(-1))


def test_the_distance_from_the_feedback_is_a_frobenius_norm():
    W, B = torch.zeros(2, 2, 2), torch.tensor([[3.0, 0.0], [0.0, 4.0]]).expand(2, 2, 2)
    close(metrics.feedback_distance(W, B), [5, 5])
    for measure in (metrics.feedback_distance, metrics.neuron_angle):
        with pytest.raises(ValueError, match=r"of one shape, got \(2, 2\) and \(2, 3\)"):
            measure(torch.zeros(2, 2), torch.zeros(2, 3))


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_the_gram_rank_is_that_of_the_matrix_of_cosines(seed, n, h):
    features = matrix(2, n, h, seed=seed)
    unit = features / features.norm(dim=-1, keepdim=True)
    s = torch.linalg.svdvals(unit @ unit.mT).clamp_min(0)
    p = s / s.sum(-1, keepdim=True)
    close(metrics.gram_rank(features), torch.special.entr(p).sum(-1).exp(), 1e-6)
    # The length of a sample's features plays no part.
    close(
        metrics.gram_rank(features * torch.arange(1.0, n + 1)[:, None]), metrics.gram_rank(features)
    )


def test_a_sample_that_excites_no_neuron_is_similar_to_none():
    features = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 5.0]])
    close(metrics.gram_rank(features), 2)
    with pytest.raises(ValueError, match="features must be a matrix"):
        metrics.gram_rank(torch.zeros(3))


def test_the_last_layers_angles_are_those_of_its_matrices():
    net = fa.MLP([6, 5, 3], networks=2, seed=4)
    layer = net.layers[-1]
    with torch.no_grad():
        layer.weight.copy_(2 * layer.feedback + 1)  # the shift is the same for all classes
    found = feedback_angles(net, torch.zeros(1, 6), torch.zeros(1))
    for name in ("centred_neuron_angle", "centred_alignment_angle"):
        close(found[name], [0, 0], 1e-4)
    assert (found["alignment_angle"] > 1).all() and (found["neuron_angle"] > 1).all()
    close(found["feedback_distance"], (layer.feedback + 1).flatten(1).norm(dim=1).double(), 1e-6)


def test_readouts_of_a_silent_network_lie_at_chance_and_those_of_a_sure_one_far_from_it():
    net = fa.MLP([6, 5, 4], networks=2)
    with torch.no_grad():
        net.layers[-1].weight.zero_()
        net.layers[-1].bias[1, 0] = 100.0
    found = readout_spread(net, torch.randn(7, 6), torch.zeros(7))
    close(found["readout_distance"], [0, (3 / 4 + 3 * 1 / 4) / 4], 1e-6)
    close(found["readout_50"], [1 / 4, 0], 1e-6)
    close(found["readout_95"], [1 / 4, 1], 1e-6)


def test_the_area_under_a_curve_is_its_mean_over_steps(rows):
    table = rows({0: [0.0, 1.0, 1.0], 1: [0.5, 0.5, 0.5]}, steps=[0, 10, 40])
    assert area(table, "x").tolist() == pytest.approx([35 / 40, 0.5])


def test_networks_that_never_reach_a_level_are_counted(rows):
    table = rows({0: [0.0, 0.7], 1: [0.8, 0.1], 2: [0.1, 0.2]}, steps=[0, 10])
    assert [never_reached(table, "x", level) for level in (0.2, 0.7, 0.75, 0.9)] == [0, 1, 2, 3]
    assert steps_to(table, "x", 0.7)[2] == 10
    with pytest.raises(TypeError, match="level must be a number"):
        never_reached(table, "x", "high")


def test_the_untrained_network_is_unrelated_to_its_feedback():
    net = fa.MLP([20, 400, 10], networks=5)
    found = feedback_angles(net, torch.zeros(1, 20), torch.zeros(1))
    for name, value in found.items():
        if name.endswith("angle"):
            assert (value - 90).abs().max() < 4, name
    size = math.sqrt(2 * 4000 * 2 / 400)  # both matrices are drawn from N(0, 2 / fan_in)
    assert (found["feedback_distance"] / size - 1).abs().max() < 0.1
