"""NoiseGenerator: moments, labels, and independence of networks and batches."""

import math

import pytest
import torch

from fa_core import NoiseGenerator

N = 20_000  # samples; a mean then has a standard error of std / 141
OPTIONS = [
    {"distribution": "gaussian"},
    {"distribution": "gaussian", "mean": 2.0, "std": 0.5},
    {"distribution": "uniform"},
    {"distribution": "uniform", "mean": -1.0, "std": 3.0},
    {"distribution": "bernoulli"},
    {"distribution": "bernoulli", "density": 0.1, "mean": 1.0, "std": 2.0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_moments_are_the_stated_ones(options):
    mean, std = options.get("mean", 0.0), options.get("std", 1.0)
    x = NoiseGenerator(4, 3, networks=2, seed=1, **options).batch(N).x.double()
    assert x.shape == (2, N, 4)
    expected = torch.full((2, 4), mean, dtype=torch.float64)
    torch.testing.assert_close(x.mean(1), expected, rtol=0, atol=5 * std / N**0.5)
    torch.testing.assert_close(x.std(1), torch.full_like(expected, std), rtol=0.05, atol=0)
    units = x.movedim(0, 1).reshape(N, 8).T.corrcoef()  # all networks' units are uncorrelated
    assert (units - torch.eye(8)).abs().max() < 5 / N**0.5


def test_uniform_noise_fills_its_range_and_gaussian_noise_leaves_it():
    bound = 3 + 2 * math.sqrt(3)
    options = {"mean": 3.0, "std": 2.0}
    x = NoiseGenerator(4, 3, distribution="uniform", **options).batch(N).x
    assert x.max() <= bound + 1e-5 and x.max() > bound - 0.01
    gaussian = NoiseGenerator(4, 3, **options).batch(N).x
    assert ((gaussian - 3).abs() < 2).float().mean() == pytest.approx(0.683, abs=0.01)


def test_bernoulli_noise_is_on_as_often_as_its_density():
    x = NoiseGenerator(4, 3, distribution="bernoulli", density=0.1).batch(N).x
    off, on = x.unique().tolist()
    assert (x == on).float().mean() == pytest.approx(0.1, abs=0.01)
    assert (off, on) == pytest.approx((-0.1 / 0.3, 0.9 / 0.3))


def test_random_labels_are_one_hot_uniform_and_independent_of_the_input():
    x, y = NoiseGenerator(1, 5, networks=2).batch(N)
    assert y.shape == (2, N, 5)
    assert torch.equal(y.sum(-1), torch.ones(2, N)) and set(y.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(y.mean(1), torch.full((2, 5), 0.2), rtol=0, atol=0.015)
    by_class = (x * y).sum(1) / y.sum(1)  # mean input of each class
    assert by_class.abs().max() < 5 / (N / 5) ** 0.5


def test_a_fixed_label_is_one_class_for_each_network_at_every_step():
    noise = NoiseGenerator(1, 50, labels="fixed", networks=4)
    classes = [noise.batch(size).y.argmax(-1) for size in (7, 1, 7)]
    for label in classes:
        assert torch.equal(label, classes[0][:, :1].expand_as(label))
    assert len(classes[0][:, 0].unique()) > 1
    assert NoiseGenerator(1, 50, labels="fixed").batch(3).y.argmax(-1).unique().numel() == 1


def test_uniform_labels_give_every_class_one_share():
    y = NoiseGenerator(2, 8, labels="uniform", networks=3).batch(5).y
    assert torch.equal(y, torch.full((3, 5, 8), 1 / 8))


@pytest.mark.parametrize("labels", ["random", "fixed"])
def test_network_i_sees_what_it_sees_alone_whatever_the_others_do(labels):
    together = NoiseGenerator(6, 40, labels=labels, networks=3, seed=4)
    alone = [NoiseGenerator(6, 40, labels=labels, seed=4 + i) for i in range(3)]
    for _ in range(2):
        x, y = together.batch(9)
        for i, noise in enumerate(alone):
            own = noise.batch(9)
            assert torch.equal(x[i], own.x) and torch.equal(y[i], own.y)


def test_batches_networks_and_purposes_are_fresh():
    noise = NoiseGenerator(6, 3, networks=2)
    batches = [noise.batch(4).x, noise.batch(4).x]
    batches += [NoiseGenerator(6, 3, networks=2, purpose="probe").batch(4).x]
    samples = torch.cat(batches, 1).flatten(0, 1)  # 3 batches of 4 for 2 networks
    assert samples.unique(dim=0).shape == (3 * 4 * 2, 6)


@pytest.mark.parametrize("networks", [None, 2])
def test_inputs_may_be_images(networks):
    x, y = NoiseGenerator((3, 8, 8), 10, networks=networks).batch(5)
    leading = () if networks is None else (networks,)
    assert x.shape == (*leading, 5, 3, 8, 8) and y.shape == (*leading, 5, 10)


@pytest.mark.parametrize("density", [1e-6, 1 - 1e-6])
@pytest.mark.parametrize("std", [1e-30, 1e30])
def test_noise_at_the_ends_of_its_ranges_is_finite(density, std):
    for distribution in ("gaussian", "uniform", "bernoulli"):
        options = {"distribution": distribution, "density": density, "std": std}
        x = NoiseGenerator(40, 3, **options).batch(500).x
        assert x.isfinite().all() and x.any()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_cuda_is_made_there_and_differs_between_networks():
    x, y = NoiseGenerator(6, 3, networks=2, device="cuda").batch(N)
    assert x.is_cuda and y.is_cuda and not torch.equal(x[0], x[1])
    assert x.mean().abs() < 0.01 and (x.std() - 1).abs() < 0.01
