"""Every bad argument is refused by an error that names it, its value and what is allowed."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

import fa_core as fa

DIGITS = fa.data.load("digits")
W = torch.eye(3)


def layer(**change):
    return fa.FALinear(**{"in_features": 4, "out_features": 3} | change)


def mlp(sizes=(4, 3, 2), **change):
    return fa.MLP(sizes, **change)


def noise(shape=4, classes=3, **change):
    return fa.NoiseGenerator(shape, classes, **change)


def labelled(part, label):
    return dataclasses.replace(DIGITS, **{f"{part}_y": torch.full_like(DIGITS.train_y, label)})


# What is called, the kind of error, and words its message must hold.
CALLS = [
    (lambda: layer(in_features=0), ValueError, "in_features at least 1 0"),
    (lambda: layer(out_features=-2), ValueError, "out_features at least 1 -2"),
    (lambda: layer(in_features=4.0), TypeError, "in_features integer 4.0"),
    (lambda: layer(rule="hebb"), ValueError, "rule 'hebb' bp fa"),
    (lambda: layer(rule=None), ValueError, "rule None bp fa"),
    (lambda: layer(networks=0), ValueError, "networks at least 1 0"),
    (lambda: layer(networks=True), TypeError, "networks integer True"),
    (lambda: layer()(torch.ones(5, 3)), ValueError, "x 4 features (5, 3)"),
    (lambda: layer()(torch.tensor(1.0)), ValueError, "x 4 features ()"),
    (lambda: layer()(torch.ones(5, 4, dtype=torch.int64)), TypeError, "x floating int64"),
    (lambda: layer()(np.ones((5, 4))), TypeError, "x floating ndarray"),
    (lambda: layer(networks=2)(torch.ones(3, 5, 4)), ValueError, "x 2 networks (3, 5, 4)"),
    (lambda: mlp([4]), ValueError, "sizes input and output [4]"),
    (lambda: mlp([]), ValueError, "sizes input and output []"),
    (lambda: mlp([4, 0, 2]), ValueError, "sizes at least 1 0"),
    (lambda: mlp([4, 2.5]), TypeError, "sizes integer 2.5"),
    (lambda: mlp(rule="hebb"), ValueError, "rule 'hebb' bp fa"),
    (lambda: mlp(networks=0), ValueError, "networks at least 1 0"),
    (lambda: mlp(seed=-1), ValueError, "seed at least 0 -1"),
    (lambda: mlp(seed=0.5), TypeError, "seed integer 0.5"),
    (lambda: mlp(seed=None), TypeError, "seed integer None"),
    (lambda: fa.convert("model"), TypeError, "model torch.nn.Module str"),
    (lambda: fa.convert(nn.ReLU()), ValueError, "model Linear ReLU"),
    (lambda: fa.convert(nn.Linear(2, 2), rule="hebb"), ValueError, "rule 'hebb' bp fa"),
    (lambda: fa.convert(nn.Linear(2, 2), rule=[]), ValueError, "rule [] bp fa"),
    (lambda: fa.convert(nn.Linear(2, 2), generator="x"), TypeError, "generator Generator None 'x'"),
    (lambda: noise(shape=0), ValueError, "shape at least 1 0"),
    (lambda: noise(shape=(3, -1)), ValueError, "shape at least 1 -1"),
    (lambda: noise(shape=2.0), TypeError, "shape 2.0"),
    (lambda: noise(classes=1), ValueError, "classes at least 2 1"),
    (lambda: noise(distribution="cauchy"), ValueError, "distribution 'cauchy' gaussian uniform"),
    (lambda: noise(labels="real"), ValueError, "labels 'real' random fixed uniform"),
    (lambda: noise(std=0), ValueError, "std above 0 0"),
    (lambda: noise(std=-1.0), ValueError, "std above 0 -1"),
    (lambda: noise(std="1"), TypeError, "std number '1'"),
    (lambda: noise(mean=float("inf")), ValueError, "mean finite inf"),
    (lambda: noise(mean=True), TypeError, "mean number True"),
    (lambda: noise(density=0.0), ValueError, "density 0"),
    (lambda: noise(density=1.0), ValueError, "density between 0 and 1 1.0"),
    (lambda: noise(networks=0), ValueError, "networks at least 1 0"),
    (lambda: noise(seed=-3), ValueError, "seed at least 0 -3"),
    (lambda: noise().batch(0), ValueError, "batch_size at least 1 0"),
    (lambda: noise().batch(2.0), TypeError, "batch_size integer 2.0"),
    (lambda: fa.metrics.alignment_angle(W, W[:2]), ValueError, "W B (3, 3) (2, 3)"),
    (lambda: fa.metrics.alignment_angle(W[0], W[0]), ValueError, "W B matrices (3,)"),
    (lambda: fa.metrics.alignment_angle(W, W.long()), TypeError, "B floating int64"),
    (lambda: fa.metrics.effective_rank(W[0]), ValueError, "W matrix (3,)"),
    (lambda: fa.metrics.effective_rank([[1.0]]), TypeError, "W floating list"),
    (lambda: fa.metrics.chance_loss(1), ValueError, "classes at least 2 1"),
    (lambda: fa.data.load("minst"), ValueError, "name 'minst' digits mnist kmnist"),
    (lambda: fa.data.load(7), ValueError, "name 7 digits"),
]


@pytest.mark.parametrize("call, error, words", CALLS, ids=[words for _, _, words in CALLS])
def test_a_bad_argument_is_named(call, error, words):
    with pytest.raises(error) as caught:
        call()
    missing = [word for word in words.split() if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"


BOTH = [  # refused by both ways of training
    ({"steps": -1}, ValueError, "steps at least 0 -1"),
    ({"steps": 2.0}, TypeError, "steps integer 2.0"),
    ({"batch_size": 0}, ValueError, "batch_size at least 1 0"),
    ({"lr": 0}, ValueError, "lr above 0 0"),
    ({"lr": -0.1}, ValueError, "lr above 0 -0.1"),
    ({"lr": float("nan")}, ValueError, "lr finite nan"),
    ({"lr": "0.1"}, TypeError, "lr number '0.1'"),
    ({"seed": -1}, ValueError, "seed at least 0 -1"),
    ({"record": ["losses"]}, ValueError, "record 'losses' loss accuracy"),
    ({"record_at": [0, 4]}, ValueError, "record_at steps=3 4"),
    ({"record_at": [-1]}, ValueError, "record_at at least 0 -1"),
    ({"record_at": [0.5]}, TypeError, "record_at integer 0.5"),
]
NOISE = [
    ({"std": 0}, ValueError, "std above 0 0"),
    ({"distribution": "cauchy"}, ValueError, "distribution 'cauchy' gaussian"),
    ({"labels": "real"}, ValueError, "labels 'real' random"),
    ({"shape": 5}, ValueError, "x 64 features 5"),
    ({"colour": 1}, TypeError, "colour"),
]
DATA = [
    ({"batch_size": 1401}, ValueError, "batch_size at most 1400 1401"),
    ({"data": labelled("train", 10)}, ValueError, "train_y 0 to 9 10"),
    ({"data": labelled("test", -1)}, ValueError, "test_y 0 to 9 -1"),
    (
        {"data": dataclasses.replace(DIGITS, test_x=DIGITS.test_x[:, :9])},
        ValueError,
        "x 64 features 9",
    ),
    (
        {"data": dataclasses.replace(DIGITS, test_x=DIGITS.test_x.long())},
        TypeError,
        "x floating int64",
    ),
    ({"data": "digits"}, TypeError, "data Dataset 'digits'"),
]
TRAININGS = [("noise", *case) for case in BOTH + NOISE] + [("data", *case) for case in BOTH + DATA]


@pytest.mark.parametrize(
    "way, change, error, words", TRAININGS, ids=[f"{t[0]}: {t[-1]}" for t in TRAININGS]
)
def test_training_refuses_before_any_work_is_done(way, change, error, words):
    net = fa.MLP([64, 5, 10])
    before = copy.deepcopy(net.state_dict())
    options = {"steps": 3, "batch_size": 4, "progress": False} | change
    with pytest.raises(error) as caught:
        if way == "noise":
            fa.train_on_noise(net, **options)
        else:
            fa.train(net, **{"data": DIGITS} | options)
    missing = [word for word in words.split() if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert net.training


def test_a_model_of_unknown_input_must_be_given_shape_and_classes():
    model = fa.convert(nn.Sequential(nn.Linear(4, 3)))
    with pytest.raises(TypeError, match=r"shape.*classes"):
        fa.train_on_noise(model, 1, progress=False)


def test_numpy_integers_count_as_integers():
    sizes = np.array([4, 3, 2])
    net = fa.MLP(sizes, networks=np.int64(2), seed=np.int32(0))
    history = fa.train_on_noise(net, np.int64(1), np.int64(4), np.float32(0.01), progress=False)
    assert history.steps == [0, 1] and net.sizes == (4, 3, 2)
