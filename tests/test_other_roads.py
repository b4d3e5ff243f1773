"""The comparison of methods: what each entry trains, what is measured, what a step costs."""

import dataclasses

import pytest
import torch

import fa_core as fa
from fa_core import seeding
from fa_core.experiments.other_roads import claims, conditions, costs, experiment, measures
from fa_core.experiments.other_roads.conditions import CONVOLUTIONS, KP, METHODS, SOFT, Entry
from fa_core.experiments.other_roads.networks import ConvNet, Convolutions, softly_aligned
from fa_core.metrics import fa_layers


@pytest.fixture(scope="module")
def config():
    return experiment.Config.quick()


def test_every_method_stands_alone_and_after_noise_but_dfa_in_convolutions(config):
    entries = config.entries()
    assert len(entries) == len(set(map(str, entries)))
    assert {entry.method for entry in entries if entry.net == CONVOLUTIONS} == {*METHODS} - {"DFA"}
    connected = [entry for entry in entries if entry.net != CONVOLUTIONS]
    assert len(connected) == 2 * len(METHODS) * len(config.depths) * len(config.sets)
    known = experiment.conditions(config)
    for entry in entries:
        condition = known[str(entry)]
        assert condition.rule == METHODS[entry.method]
        assert condition.noise_steps == (config.noise_steps if entry.noise else 0)
        if entry.net != CONVOLUTIONS:
            assert f"{len(condition.hidden) + 1} layers" == entry.net


def test_soft_alignment_starts_at_45_degrees_in_both_kinds_of_network():
    made = [softly_aligned, Convolutions("digits", softly_aligned=True)]
    for net in (make((64, 8, 8, 10), "fa", 3, 0) for make in made):
        for layer in fa_layers(net)[1:]:
            angles = fa.metrics.alignment_angle(layer.weight, layer.feedback)
            assert angles.tolist() == pytest.approx([45] * 3, abs=1e-3)


def test_kolen_pollack_decays_on_noise_and_on_data(config):
    known = experiment.conditions(config)
    for entry in config.entries():
        assert (known[str(entry)].optimizer is conditions.decaying) == (entry.method == KP)
    small = dataclasses.replace(config, networks=3, noise_steps=40, steps=1, tested=10)
    name = str(Entry(KP, True, "digits", "2 layers"))
    net, _ = experiment.train(small, name)
    alone = fa.MLP([64, 64, 10], "kp", networks=3, seed=0)
    apart = [alone.layers[1].weight - alone.layers[1].feedback]
    settings = {"optimizer": conditions.decaying, "record": (), "progress": False}
    fa.train_on_noise(alone, 40, lr=small.noise_lr, **settings)
    apart.append(alone.layers[1].weight - alone.layers[1].feedback)
    # Each step of Adam is that of both matrices, so only the decay acts on their difference.
    shrunk = apart[0] * (1 - small.noise_lr) ** 40
    torch.testing.assert_close(apart[1], shrunk, rtol=1e-3, atol=1e-5)
    lr = experiment.conditions(small)[name].lr
    expected = apart[1] * (1 - lr)
    now = net.layers[1].weight - net.layers[1].feedback
    torch.testing.assert_close(now, expected, rtol=1e-3, atol=1e-5)


def test_a_population_of_convolutional_networks_is_each_of_them():
    x = torch.randn(4, 3 * 8 * 12, generator=torch.Generator().manual_seed(0))
    many = ConvNet((3, 8, 12), 5, networks=2, seed=3)
    assert many(x).shape == (2, 4, 5)
    for number in range(2):
        alone = ConvNet((3, 8, 12), 5, seed=3 + number)
        torch.testing.assert_close(many(x)[number], alone(x))


@pytest.mark.parametrize("rule", ["bp", "fa", "dfa", "sign-uniform", "mirror"])
def test_measures_are_those_of_the_matrix_that_carries_the_error(rule):
    net = fa.MLP([6, 40, 30, 4], rule, networks=2, seed=0)
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(50, 6, generator=draw), torch.randint(4, (50,), generator=draw)
    found = measures.at_the_end(net, x, y)
    assert {name: value.shape for name, value in found.items()} == dict.fromkeys(
        ("angle", "update_angle", "rank"), (2,)
    )
    if rule == "bp":
        assert found["angle"].max() < 1e-3 and found["update_angle"].max() < 1e-3
    elif rule == "sign-uniform":  # between a Gaussian matrix and its signs: cos = sqrt(2 / pi)
        assert found["angle"].tolist() == pytest.approx([37.1] * 2, abs=6)
    else:
        assert found["angle"].tolist() == pytest.approx([90] * 2, abs=25)
        assert found["update_angle"].min() > 20


def test_multiplications_are_those_of_a_count_by_hand():
    n, i, h, k = 5, 7, 11, 3
    bp = costs.multiplications(fa.MLP([i, h, h, k], "bp", seed=0), i, k, n)
    products = n * (i * h + h * h + h * k)
    assert bp == 2 * products + n * (h * h + h * k)  # forward, gradients; errors below
    dfa = costs.multiplications(fa.MLP([i, h, h, k], "dfa", seed=0), i, k, n)
    assert dfa == 2 * products + n * 2 * h * k
    mirror = costs.multiplications(fa.MLP([i, h, h, k], "mirror", seed=0), i, k, n)
    samples = fa.rules.RULES["mirror"].samples
    assert mirror == bp + 2 * samples * (i * h + h * h + h * k)


def test_a_gain_is_the_mean_over_tasks_and_depths_of_what_noise_adds(config):
    rows = []
    for entry in config.entries():
        depth = config.nets().index(entry.net)
        for network in range(3):
            for metric in ("area", "accuracy", "angle", "update_angle", "rank"):
                value = network + entry.noise * (depth + 1)
                rows.append((str(entry), 9, network, metric, float(value)))
    table = claims.pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])
    assert claims.gain(config, table, SOFT).tolist() == pytest.approx([150, 150, 150])
    assert claims.gain(config, table, SOFT, [CONVOLUTIONS]).tolist() == pytest.approx([300] * 3)
    assert claims.summary(config, table).notna().all(axis=None)
    found = {finding.key: finding for finding in experiment.claims(config, table)}
    assert found["noise-helps-more-in-depth"].estimate == pytest.approx(100)
    assert [f.key for f in found.values() if f.primary] == ["noise-helps-fa"]


def test_rules_work_between_steps_by_streams_of_their_own():
    """The mirror's noise is that of the seed, so an entry is the same at every run."""
    nets = [fa.MLP([6, 8, 4], "mirror", networks=2, seed=0) for _ in range(2)]
    for net in nets:
        fa.rules.RULES["mirror"].between(net, seeding.generators(0, "rule", 2))
    assert torch.equal(nets[0].layers[1].feedback, nets[1].layers[1].feedback)
