"""History: what it keeps, what it refuses, and the table it makes."""

import numpy as np
import pytest
import torch

import fa_core as fa
from fa_core.history import History

quiet = {"batch_size": 8, "lr": 1e-2, "progress": False}


@pytest.fixture
def history():
    history = History()
    history.append(0, {"loss": torch.ones(2), "rank": torch.ones(2)})
    return history


def test_a_view_of_the_weights_gives_each_steps_value():
    def view(net, x, y):
        return {"weight": net.layers[0].weight}

    nets = [fa.MLP([5, 4, 3], networks=2) for _ in range(2)]
    history = fa.train_on_noise(nets[0], 3, record=[view], record_at=[0, 2, 3], **quiet)
    np.testing.assert_array_equal(history["weight"][2], nets[0].layers[0].weight.detach())
    np.testing.assert_array_equal(history["weight"][0], nets[1].layers[0].weight.detach())
    fa.train_on_noise(nets[1], 2, record_at=[], **quiet)
    np.testing.assert_array_equal(history["weight"][1], nets[1].layers[0].weight.detach())


@pytest.mark.parametrize(
    "columns, words",
    [
        ({"loss": torch.ones(2)}, r"step 7: rank: none, before \(2,\)$"),
        ({}, r"loss: none, before \(2,\); rank: none, before \(2,\)$"),
        (
            {"loss": torch.ones(2), "rank": torch.ones(2), "extra": torch.ones(2)},
            r"step 7: extra: \(2,\), before none$",
        ),
        ({"loss": torch.ones(3), "rank": torch.ones(2)}, r"loss: \(3,\), before \(2,\)$"),
        ({"loss": torch.ones(2), "rank": torch.tensor(1.0)}, r"rank: \(\), before \(2,\)$"),
    ],
)
def test_other_columns_or_shapes_at_some_steps_are_refused_and_named(history, columns, words):
    with pytest.raises(ValueError, match=words):
        history.append(7, columns)
    assert history.steps == [0] and history["loss"].shape == (1, 2)


@pytest.mark.parametrize(
    "step, columns, words",
    [
        (1.0, {}, "step must be an integer, got 1.0"),
        (1, [("loss", torch.ones(2))], "columns must map names to tensors"),
        (1, {"loss": 0.5, "rank": torch.ones(2)}, "columns.*'loss': 0.5"),
        (1, {0: torch.ones(2)}, "columns.*0: Tensor"),
    ],
)
def test_what_is_no_record_is_refused(history, step, columns, words):
    with pytest.raises(TypeError, match=words):
        history.append(step, columns)
    assert history.steps == [0]


def test_steps_without_columns_are_fine():
    history = History()
    history.append(0, {})
    history.append(5, {})
    assert history.steps == [0, 5] and len(history.table()) == 0


def test_a_table_takes_columns_of_networks_alone(history):
    assert history.table().network.tolist() == [0, 1, 0, 1]
    weights, mixed = History(), History()
    weights.append(0, {"weight": torch.ones(2, 4, 3)})
    mixed.append(0, {"loss": torch.ones(2), "rank": torch.ones(3)})
    for bad in (weights, mixed):
        with pytest.raises(ValueError, match=r"columns must all be \[\*networks\].*\((2|3),"):
            bad.table()


def test_an_unknown_name_of_a_metric_lists_those_there_are(history):
    with pytest.raises(KeyError, match=r"loss.*'accuracy'"):
        history["accuracy"]
    with pytest.raises(KeyError, match=r"loss.*0"):
        history[0]


def test_measures_of_the_readout_share_one_forward_pass():
    class Counting(fa.MLP):
        passes = 0

        def forward(self, x):
            Counting.passes += not torch.is_grad_enabled()
            return super().forward(x)

    passes = []
    for record in (["loss"], ["loss", "accuracy", "readout", "alignment_angle"]):
        Counting.passes = 0
        fa.train_on_noise(Counting([5, 4, 3]), 2, record=record, record_at=[0, 1, 2], **quiet)
        passes.append(Counting.passes)
    assert passes[0] == passes[1]


def test_two_measures_with_one_column_name_are_refused():
    def mine(net, x, y):
        return {"loss": torch.zeros(())}

    for record in (["loss", mine], ["loss", "loss"]):
        with pytest.raises(ValueError, match=r"record.*'loss'"):
            fa.train_on_noise(fa.MLP([5, 4, 3]), 1, record=record, **quiet)


def test_one_measure_alone_needs_no_list():
    net = fa.MLP([5, 4, 3], networks=2)
    alone = fa.train_on_noise(net, 0, record=lambda net, x, y: {"a": torch.zeros(2)}, **quiet)
    assert alone.names == ["a"]
    assert fa.train_on_noise(net, 0, record="loss", **quiet).names == ["loss"]


def test_a_measure_must_return_columns():
    for returned in (torch.ones(2), None):
        with pytest.raises(TypeError, match=r"record.*dictionary of columns.*returned"):
            fa.train_on_noise(fa.MLP([5, 4, 3]), 1, record=lambda *_, r=returned: r, **quiet)
