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
LABELS = torch.tensor([0, 1, 2])
NET = fa.MLP([4, 3, 2])
X, Y = fa.NoiseGenerator(4, 2).batch(5)


def layer(**change):
    return fa.FALinear(**{"in_features": 4, "out_features": 3} | change)


def conv(**change):
    return fa.FAConv2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3} | change)


def mlp(sizes=(4, 3, 2), **change):
    return fa.MLP(sizes, **change)


def noise(shape=4, classes=3, **change):
    return fa.NoiseGenerator(shape, classes, **change)


def frozen():
    return fa.MLP([4, 3, 2]).requires_grad_(False)


def labelled(part, label):
    return dataclasses.replace(
        DIGITS, **{f"{part}_y": torch.full_like(getattr(DIGITS, f"{part}_y"), label)}
    )


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
    (lambda: layer()(torch.ones(5, 4).double()), ValueError, "x float32 cpu weight float64"),
    (lambda: layer()(torch.ones(5, 4, device="meta")), ValueError, "x cpu weight meta"),
    (lambda: conv(in_channels=0), ValueError, "in_channels at least 1 0"),
    (lambda: conv(out_channels=2.0), TypeError, "out_channels integer 2.0"),
    (lambda: conv(kernel_size=0), ValueError, "kernel_size at least 1 0"),
    (lambda: conv(kernel_size=(3, 3, 3)), ValueError, "kernel_size pair (3, 3, 3)"),
    (lambda: conv(kernel_size=(3, 0)), ValueError, "kernel_size at least 1 0"),
    (lambda: conv(kernel_size=[3, "a"]), TypeError, "kernel_size integer 'a'"),
    (lambda: conv(kernel_size=10**6), ValueError, "kernel_size=(1000000, 1000000) would need GiB"),
    (lambda: conv(stride=0), ValueError, "stride at least 1 0"),
    (lambda: conv(stride=10**12), ValueError, "stride at most 2147483647 1000000000000"),
    (lambda: conv(stride=(1, 2), padding="same"), ValueError, "stride 1 padding='same' (1, 2)"),
    (lambda: conv(padding=-1), ValueError, "padding at least 0 -1"),
    (lambda: conv(padding="full"), ValueError, "padding same valid 'full'"),
    (lambda: conv(padding=None), TypeError, "padding integer None"),
    (lambda: conv(padding_mode="mirror"), ValueError, "padding_mode zeros reflect 'mirror'"),
    (lambda: conv(dilation=(0, 1)), ValueError, "dilation at least 1 0"),
    (lambda: conv(groups=4), ValueError, "groups divide in_channels=4 out_channels=6 4"),
    (lambda: conv(groups=0), ValueError, "groups at least 1 0"),
    (lambda: conv(bias=1), TypeError, "bias True False 1"),
    (lambda: conv(rule="hebb"), ValueError, "rule 'hebb' bp fa"),
    (lambda: conv(rule="dfa"), ValueError, "rule weight's shape 'dfa' sends the logits' error"),
    (lambda: setattr(conv(), "rule", "dfa"), ValueError, "rule own error weight's shape 'dfa'"),
    (lambda: conv(networks=0), ValueError, "networks at least 1 0"),
    (lambda: conv(networks=10**12), ValueError, "networks=1000000000000 would need GiB"),
    (lambda: conv(generator=3), TypeError, "generator torch.Generator 3"),
    (lambda: conv()(torch.ones(4, 4)), ValueError, "x [n, C, H, W] C=4 (4, 4)"),
    (lambda: conv()(torch.ones(2, 3, 5, 5)), ValueError, "x [n, C, H, W] C=4 (2, 3, 5, 5)"),
    (lambda: conv()(torch.ones(1, 2, 4, 5, 5)), ValueError, "x C=4 (1, 2, 4, 5, 5)"),
    (lambda: conv(networks=3)(torch.ones(2, 2, 4, 5, 5)), ValueError, "x C=4 3 (2, 2, 4, 5, 5)"),
    (lambda: conv(networks=3)(torch.ones(3, 2, 2, 4, 5, 5)), ValueError, "x C=4 3 in front"),
    (lambda: conv()(torch.ones(4, 5, 5).long()), TypeError, "x floating int64"),
    (lambda: conv()("image"), TypeError, "x floating str"),
    (lambda: conv()(torch.ones(4, 5, 5).double()), ValueError, "x float32 cpu weight float64"),
    (lambda: conv()(torch.ones(4, 5, 2)), ValueError, "x at least 3 pixels kernel_size (4, 5, 2)"),
    (lambda: conv(dilation=2)(torch.ones(4, 4, 9)), ValueError, "x at least 5 pixels (4, 4, 9)"),
    (lambda: conv(padding=3)(torch.ones(4, 0, 9)), ValueError, "x at least 1 pixels (4, 0, 9)"),
    (
        lambda: conv(padding=3, padding_mode="reflect")(torch.ones(4, 3, 9)),
        ValueError,
        "x at least 4 pixels reflect (4, 3, 9)",
    ),
    (
        lambda: conv(padding=3, padding_mode="circular")(torch.ones(4, 9, 2)),
        ValueError,
        "x at least 3 pixels circular (4, 9, 2)",
    ),
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
    (lambda: noise(std=0), ValueError, "std at least 1e-30 at most 1e+30 0"),
    (lambda: noise(std=-1.0), ValueError, "std at least 1e-30 at most 1e+30 -1"),
    (lambda: noise(std="1"), TypeError, "std number '1'"),
    (lambda: noise(mean=float("inf")), ValueError, "mean finite inf"),
    (lambda: noise(mean=True), TypeError, "mean number True"),
    (lambda: noise(density=0.0), ValueError, "density 0"),
    (lambda: noise(density=1.0), ValueError, "density at least 1e-06 at most 0.999999 1.0"),
    (lambda: noise(density=1e-300), ValueError, "density at least 1e-06 1e-300"),
    (lambda: noise(std=1e308), ValueError, "std at most 1e+30 1e+308"),
    (lambda: noise(mean=10**400), ValueError, "mean at most 1e+30 1000"),
    (lambda: noise(share="no"), TypeError, "share True False 'no'"),
    (lambda: noise(device="mps"), ValueError, "device 'cpu' 'cuda' 'mps'"),
    (lambda: noise(device="gpu"), ValueError, "device 'cpu' 'cuda' 'gpu'"),
    (lambda: noise(device=0), TypeError, "device 'cpu' 'cuda' 0"),
    (lambda: noise(device="cuda:99"), ValueError, "device CUDA cuda:99"),
    (lambda: noise(shape=10**12), ValueError, "shape 1000000000000 would need GiB"),
    (lambda: noise(classes=2**63), ValueError, "classes would need GiB"),
    (lambda: noise(networks=10**12), ValueError, "networks=1000000000000 would need GiB"),
    (lambda: mlp(networks=10**12), ValueError, "networks=1000000000000 would need GiB"),
    (lambda: noise().batch(10**12), ValueError, "batch_size=1000000000000 would need GiB"),
    (lambda: noise(purpose="play"), ValueError, "purpose noise probe 'play'"),
    (lambda: noise(networks=0), ValueError, "networks at least 1 0"),
    (lambda: noise(seed=-3), ValueError, "seed at least 0 -3"),
    (lambda: noise().batch(0), ValueError, "batch_size at least 1 0"),
    (lambda: noise().batch(2.0), TypeError, "batch_size integer 2.0"),
    (lambda: fa.metrics.alignment_angle(W, W[:2]), ValueError, "W B (3, 3) (2, 3)"),
    (lambda: fa.metrics.alignment_angle(W[0], W[0]), ValueError, "W B matrices (3,)"),
    (lambda: fa.metrics.alignment_angle(W, W.long()), TypeError, "B floating int64"),
    (lambda: fa.metrics.effective_rank(W[0]), ValueError, "W matrix (3,)"),
    (lambda: fa.metrics.effective_rank([[1.0]]), TypeError, "W floating list"),
    (lambda: fa.metrics.effective_rank(W[:0]), ValueError, "W matrix (0, 3)"),
    (lambda: fa.metrics.angle(W * 1j, W), TypeError, "u floating complex64"),
    (lambda: fa.metrics.angle(W, np.ma.ones((3, 3))), TypeError, "v floating MaskedArray"),
    (lambda: fa.metrics.angle(W, W[0]), ValueError, "u v one shape (3, 3) (3,)"),
    (lambda: fa.metrics.alignment_angle(W, W, per_unit=1), TypeError, "per_unit True False 1"),
    (lambda: fa.metrics.alignment_angle("W", W), TypeError, "W floating str"),
    (lambda: fa.metrics.update_angle("net", X, Y), TypeError, "net torch.nn.Module 'net'"),
    (lambda: fa.metrics.update_angle(NET, X.tolist(), Y), TypeError, "x floating list"),
    (lambda: fa.metrics.update_angle(nn.Linear(4, 2), X, Y), ValueError, "net FALinear Linear"),
    (lambda: fa.metrics.update_angle(frozen(), X, Y), ValueError, "net frozen"),
    (lambda: fa.metrics.readout_probabilities(None, X), TypeError, "net torch.nn.Module None"),
    (
        lambda: fa.metrics.generalisation_gap(NET, X, Y, X, Y[:3]),
        ValueError,
        "test_y (5, 2) probabilities (3, 2)",
    ),
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


BAD_LABELS = [  # refused by all that take labels: for logits [3, 3]
    (LABELS.unsqueeze(1), ValueError, "y (3,) classes (3, 1)"),
    (LABELS[:1], ValueError, "y (3,) classes (1,)"),
    (LABELS.expand(2, 3), ValueError, "y (3,) classes (2, 3)"),
    (LABELS + 1, ValueError, "y 0 to 2 got 3"),
    (LABELS - 7, ValueError, "y 0 to 2 got -7"),
    (LABELS.float(), ValueError, "y (3, 3) probabilities (3,)"),
    (W[:, :2], ValueError, "y (3, 3) probabilities (3, 2)"),
    (2 * W, ValueError, "y probabilities sum 2"),
    (torch.log(W), ValueError, "y probabilities not negative -inf"),
    (W * torch.nan, ValueError, "y probabilities nan"),
    (W.bool(), TypeError, "y integer classes probabilities bool"),
    (W * 1j, TypeError, "y integer classes probabilities complex64"),
    (np.ma.array([0, 1, 2]), TypeError, "y integer classes probabilities MaskedArray"),
    ("012", TypeError, "y integer classes probabilities '012'"),
]


@pytest.mark.parametrize("y, error, words", BAD_LABELS, ids=[words for *_, words in BAD_LABELS])
def test_labels_are_checked_alike_everywhere(y, error, words):
    net = fa.convert(nn.Linear(3, 3))
    calls = [
        lambda: fa.metrics.accuracy(W, y),
        lambda: fa.metrics.cross_entropy(W, y),
        lambda: fa.metrics.update_angle(net, W, y),
        lambda: fa.metrics.generalisation_gap(net, W, y, W, LABELS),
    ]
    for call in calls:
        test_a_bad_argument_is_named(call, error, words)


@pytest.mark.parametrize("logits", [W * 1j, W.long(), "logits", W[0], W[:0], W[:, :0]], ids=str)
def test_logits_are_checked(logits):
    for call in (fa.metrics.accuracy, fa.metrics.cross_entropy):
        with pytest.raises((TypeError, ValueError), match=r"logits must be.*(got|shape)"):
            call(logits, LABELS)


BOTH = [  # refused by both ways of training
    ({"steps": -1}, ValueError, "steps at least 0 -1"),
    ({"steps": 2.0}, TypeError, "steps integer 2.0"),
    ({"batch_size": 0}, ValueError, "batch_size at least 1 0"),
    ({"steps": 2**60}, ValueError, "steps at most 9007199254740992"),
    ({"net": "net"}, TypeError, "net torch.nn.Module 'net'"),
    ({"net": nn.ReLU()}, ValueError, "net parameters ReLU"),
    (
        {"net": nn.Sequential(nn.Linear(64, 10), nn.Flatten(0))},
        ValueError,
        "net logits classes shape",
    ),
    ({"lr": 1e300}, ValueError, "lr at most 3.40282e+38 1e+300"),
    ({"optimizer": "adam"}, TypeError, "optimizer lr=lr 'adam'"),
    ({"optimizer": lambda parameters, lr: None}, TypeError, "optimizer torch optimiser"),
    ({"progress": "no"}, TypeError, "progress True False 'no'"),
    ({"record": 5}, TypeError, "record names functions 5"),
    ({"record": {"loss"}}, TypeError, "record names functions {'loss'}"),
    ({"record": ["loss", None]}, ValueError, "record loss accuracy None"),
    ({"record_at": 2}, TypeError, "record_at iterable 2"),
    ({"record_at": range(10**12)}, ValueError, "record_at steps=3 4"),
    ({"record_at": "01"}, TypeError, "record_at integer '0'"),
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
    ({"std": 0}, ValueError, "std at least 1e-30 at most 1e+30 0"),
    ({"distribution": "cauchy"}, ValueError, "distribution 'cauchy' gaussian"),
    ({"labels": "real"}, ValueError, "labels 'real' random"),
    ({"shape": 5}, ValueError, "x 64 features 5"),
    ({"colour": 1}, TypeError, "noise shape classes density colour=1"),
    ({"networks": 3}, TypeError, "noise density networks=3 net"),
    ({"device": "cpu"}, TypeError, "noise density device='cpu' net"),
    ({"classes": 9}, ValueError, "y (256, 10) (256, 9)"),
    ({"batch_size": 10**12}, ValueError, "batch_size=1000000000000 would need GiB"),
]
DATA = [
    ({"batch_size": 1401}, ValueError, "batch_size at most 1400 1401"),
    ({"data": labelled("train", 10)}, ValueError, "train_y 0 to 9 10"),
    ({"data": labelled("test", -1)}, ValueError, "test_y 0 to 9 -1"),
    (
        {"data": dataclasses.replace(DIGITS, train_y=DIGITS.train_y.float())},
        ValueError,
        "train_y int64 float32",
    ),
    (
        {"data": dataclasses.replace(DIGITS, test_y=DIGITS.test_y[:9])},
        ValueError,
        "test_y 397 (9,)",
    ),
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
    options = {"net": net, "steps": 3, "batch_size": 4, "progress": False} | change
    if not isinstance(options["net"], fa.MLP) and way == "noise":
        options |= {"shape": 64, "classes": 10}
    with pytest.raises(error) as caught:
        if way == "noise":
            fa.train_on_noise(**options)
        else:
            fa.train(**{"data": DIGITS} | options)
    missing = [word for word in words.split() if word not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert net.training


def test_a_model_that_does_not_fit_its_inputs_is_named():
    for start in (
        lambda: fa.train_on_noise(nn.Linear(5, 10), 1, shape=64, classes=10, progress=False),
        lambda: fa.train(nn.Linear(5, 10), DIGITS, 1, progress=False),
    ):
        with pytest.raises(
            ValueError, match=r"net must take inputs of shape \(\d+, 64\), but: mat"
        ):
            start()


def test_a_model_of_unknown_input_must_be_given_shape_and_classes():
    model = fa.convert(nn.Sequential(nn.Linear(4, 3)))
    with pytest.raises(TypeError, match=r"shape.*classes"):
        fa.train_on_noise(model, 1, progress=False)


def test_numpy_integers_count_as_integers():
    sizes = np.array([4, 3, 2])
    net = fa.MLP(sizes, networks=np.int64(2), seed=np.int32(0))
    history = fa.train_on_noise(net, np.int64(1), np.int64(4), np.float32(0.01), progress=False)
    assert history.steps == [0, 1] and net.sizes == (4, 3, 2)
