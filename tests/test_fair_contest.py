"""Starts made by hand, shares of an effect, and what the contest reads off its table."""

import dataclasses
from functools import partial

import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core.experiments import contest, factorial
from fa_core.experiments.contest import measures
from fa_core.experiments.contest.claims import by_depth
from fa_core.experiments.contest.conditions import (
    CONTESTANTS,
    FA,
    KP,
    MIRROR,
    NOISE,
    SHORT,
    SMALL,
    SOFT,
    ZERO,
    Entry,
)
from fa_core.experiments.factorial import claims as parts
from fa_core.experiments.factorial.conditions import (
    Cell,
    learn_by_fa,
    permute,
    place,
    rescale,
    share_of_norm,
)
from fa_core.experiments.shared import tasks
from fa_core.experiments.shared.derived import told_levels, told_steps
from fa_core.results.findings import Finding
from fa_core.results.store import at_paper_scale
from fa_core.results.tables import last

COLUMNS = ["condition", "step", "network", "metric", "value"]


@pytest.fixture
def noisy():
    net = fa.MLP([16, 12, 5], networks=3, seed=4)
    fa.train_on_noise(net, 20, lr=1e-2, seed=4, record=(), progress=False)
    return net


@pytest.mark.parametrize("cell", [Cell(0.3, 74, True), Cell(1, 0, True), Cell(0, 90, True)])
def test_a_start_by_hand_has_its_norm_and_angle_and_leaves_the_rest(noisy, cell):
    before = {name: value.clone() for name, value in noisy.state_dict().items()}
    place(cell, noisy, 4)
    W, B = noisy.layers[1].weight, noisy.layers[1].feedback
    drawn = fa.MLP([16, 12, 5], networks=3, seed=4).layers[1].weight
    expected = cell.norm * torch.linalg.matrix_norm(drawn)
    torch.testing.assert_close(torch.linalg.matrix_norm(W), expected)
    if cell.norm:
        angles = fa.metrics.alignment_angle(W, B).tolist()
        assert angles == pytest.approx([cell.angle] * 3, abs=1e-3)
    assert noisy.layers[1].bias.abs().max() == 0 < before["layers.1.bias"].abs().max()
    for name in ("layers.0.weight", "layers.0.bias", "layers.1.feedback"):
        assert torch.equal(noisy.state_dict()[name], before[name])


def test_changes_of_noise_change_what_they_say(noisy):
    before = noisy.layers[1].weight.detach().clone()
    rescale(0.25, noisy, 0)
    assert share_of_norm(noisy.layers[1].weight).tolist() == pytest.approx([0.25] * 3)
    assert fa.metrics.alignment_angle(noisy.layers[1].weight, before).max() < 1e-3
    scaled = noisy.layers[1].weight.detach().clone()
    permute(noisy, 4)
    now = noisy.layers[1].weight
    assert not torch.equal(now, scaled)
    torch.testing.assert_close(torch.linalg.svdvals(now), torch.linalg.svdvals(scaled))
    assert not torch.equal(now.argsort(-1)[0], now.argsort(-1)[1])
    net = fa.MLP([16, 12, 5], "bp", networks=3)
    learn_by_fa(net, 0)
    assert {layer.rule for layer in net.layers} == {"fa"}


def test_shares_sum_to_the_effect_and_find_its_parts():
    config = factorial.experiment.Config.quick()

    def worth(start):
        if not isinstance(start, Cell):
            return pd.Series([100.0, 200.0])
        scale, angle, below = start.norm != 1, start.angle != config.angles[0], start.noisy
        return pd.Series([1.0, 2.0]) * (1 + 3 * scale + 5 * angle + 7 * below + 2 * scale * angle)

    found = parts.shares(config, worth)
    total = sum(found.values())
    assert total.tolist() == pytest.approx([100 - 1, 200 - 2])
    # What two factors give together goes to each of them by half.
    assert found[parts.SCALE].tolist() == pytest.approx([4, 8])
    assert found[parts.ALIGNMENT].tolist() == pytest.approx([6, 12])
    assert found[parts.BELOW].tolist() == pytest.approx([7, 14])


@pytest.fixture(scope="module")
def small():
    """A factorial of few steps: its configuration and table."""
    sizes = {"networks": 3, "noise_steps": 6, "images": 200, "steps": 150, "records": 8}
    changes = {**sizes, "tested": 50, "losses": (1.8,)}
    config = dataclasses.replace(factorial.experiment.Config.quick(), **changes)
    return config, factorial.experiment.run(config, progress=False)


def test_the_factorial_has_every_start_and_its_table_what_is_read(small):
    config, table = small
    assert set(table["condition"]) == set(factorial.experiment.conditions(config))
    cells = config.cells()
    assert len(cells) == 2 * ((len(config.norms) - 1) * len(config.angles) + 1)
    for cell in cells:
        name = factorial.conditions.name_of(cell, "digits")
        start = table[(table["condition"] == name) & (table["step"] == 0)]
        norms = start[start["metric"] == "norm"]["value"]
        assert norms.tolist() == pytest.approx([cell.norm] * 3, abs=0.3 * cell.norm)
    assert parts.summary(config, table).notna().all(axis=None)
    found = {finding.key for finding in factorial.experiment.claims(config, table)}
    assert len(found) == 6


def test_a_gap_is_read_where_the_train_loss_is_that_of_the_config(small):
    config, table = small
    condition = factorial.experiment.conditions(config)["noise; digits"]
    whole = dataclasses.replace(condition, keep=None)
    alone = {"noise; digits": whole}
    experiment = dataclasses.replace(factorial.experiment, conditions=lambda _: alone)
    found = experiment.run(config, progress=False)
    gaps = last(table, "noise; digits", "gap")
    for network, gap in gaps.items():
        own = found[found["network"] == network]
        rows = own.pivot(index="step", columns="metric", values="value")
        reached = rows["train_loss"] <= config.losses[0]
        between = rows["loss"] - rows["train_loss"]
        after = reached.idxmax()
        before = rows.index[rows.index.get_loc(after) - 1] if after else after
        low, high = sorted([between[before], between[after]])
        assert low - 1e-6 <= gap <= high + 1e-6


def planted(config, values):
    """A table in which a contestant's metrics are what ``values`` says, and all others alike."""
    metrics = dict.fromkeys(("area", "accuracy", "shifted"), 0.5)
    metrics |= dict.fromkeys(("steps_to_1", "steps_to_2", "steps_to_3"), 100)
    rows = []
    for entry in config.entries():
        for network in range(3):
            for metric, value in (metrics | values.get(entry.contestant, {})).items():
                rows.append((str(entry), config.steps, network, metric, value + 0.001 * network))
    return pd.DataFrame(rows, columns=COLUMNS)


def test_noise_steps_are_counted_and_the_best_is_named():
    config = contest.experiment.Config.quick()
    table = planted(config, {NOISE: {"steps_to_1": 10}, SHORT: {"accuracy": 0.9}})
    all_steps = partial(contest.claims.mean_of, config, table, metric=contest.claims.ALL_STEPS)
    assert all_steps(NOISE).tolist() == pytest.approx([510, 510, 510], abs=0.01)
    assert all_steps(SHORT).tolist() == pytest.approx([150, 150, 150], abs=0.01)
    assert all_steps(ZERO).tolist() == pytest.approx([100, 100, 100], abs=0.01)
    wins = contest.claims.decisions(config, table)["2 layers"]
    assert wins["fewest data steps"] == NOISE
    assert wins["best last accuracy"] == SHORT
    assert NOISE not in wins["fewest steps in all"].split("; ")
    assert SOFT not in "; ".join(wins)
    ahead = planted(config, {NOISE: {"area": 0.6}})
    ahead.loc[ahead["condition"].str.startswith(NOISE) & (ahead["network"] == 2), "value"] += 0.03
    lead = contest.claims.lead(config, ahead)
    # Points above zeros: 10, 10 and 13 in the three networks; t of 2 degrees of freedom is 4.303.
    assert lead.loc["area", "2 layers"] == "11 (6.7 to 15.3)"
    steps = contest.claims.steps_to_levels(config, table)
    assert list(steps.index) == list(CONTESTANTS) == list(by_depth(config, table).index)
    assert steps.loc[NOISE].tolist() == ["10 (510)", "100 (600)", "100 (600)"]
    assert steps.loc[ZERO].tolist() == ["100", "100", "100"]


def test_starts_of_the_contest_are_what_their_names_say():
    config = contest.experiment.Config.quick()
    known = contest.experiment.conditions(config)

    def start(contestant, depth):
        condition = known[str(Entry(contestant, "digits", depth))]
        net = fa.MLP([64, *condition.hidden, 10], condition.rule, networks=2, seed=0)
        drawn = [layer.weight.detach().clone() for layer in net.layers]
        condition.change(net, 0)
        return net, drawn

    net, drawn = start(ZERO, 4)
    assert net.layers[-1].weight.abs().max() == 0
    assert all(torch.equal(a.weight, b) for a, b in zip(net.layers[:-1], drawn[:-1], strict=True))
    net, drawn = start(SMALL, 4)
    assert torch.equal(net.layers[0].weight, drawn[0])
    for layer, before in zip(net.layers[1:], drawn[1:], strict=True):
        torch.testing.assert_close(layer.weight, 0.1 * before)
    assert known[str(Entry(SHORT, "digits", 2))].noise_steps in config.short_lengths
    assert known[str(Entry(NOISE, "digits", 2))].noise_steps in config.noise_lengths


def test_shifted_accuracy_is_that_on_shifted_images():
    net = fa.MLP([64, 32, 10], networks=2, seed=0)
    digits = tasks.load("digits")
    fa.train(net, digits, 300, lr=3e-3, record=(), progress=False)
    found = measures.shifted_accuracy("digits", net, digits.test_x, digits.test_y)["shifted"]
    images, labels = measures._shifted_tests("digits", torch.device("cpu"))
    assert len(images) == len(labels) == 6 * len(digits.test_x)
    plain = fa.metrics.accuracy(net(digits.test_x), digits.test_y)
    assert found.min() > 0.1 and found.max() < plain.min()


def test_steps_are_at_least_the_mean_where_a_network_never_gets_there():
    reached, capped = pd.Series([10.0, 30.0]), pd.Series([2000.0, 1000.0])
    assert told_steps([reached, reached], most=2000) == "20"
    assert told_steps([reached, capped], most=2000) == "≥\u00a0760"
    assert told_steps([reached, capped], most=2000, noise=500) == "≥\u00a0760 (≥\u00a01,260)"
    assert told_levels(((0.7, 0.8), (0.6, 0.75)), 2) == "80\u00a0% / 75\u00a0%"


def test_the_text_is_right_about_what_no_finding_says():
    config, table = at_paper_scale(contest.experiment)

    def ahead(first, second, metric, depth):
        """Whether the 95 % interval of the difference lies above (1) or below 0 (-1)."""
        of = partial(contest.claims.mean_of, config, table, metric=metric, depths=[depth])
        found = Finding.of_difference("", of(first), of(second), "", above=0)
        return (found.low > 0) - (found.high < 0)

    for metric in ("area", "accuracy", "shifted"):
        assert [ahead(NOISE, ZERO, metric, depth) for depth in config.depths] == [1, 1, -1]
        assert ahead(MIRROR, NOISE, metric, 5) == 1
    assert [ahead(MIRROR, NOISE, "accuracy", depth) for depth in (3, 5)] == [1, 1]
    assert [ahead(MIRROR, NOISE, "area", depth) for depth in (2, 3)] == [-1, -1]
    areas = contest.claims.by_depth(config, table)["area, %"].drop(["BP", "BP, zero readout"])
    assert set(areas.idxmax()) == {SOFT}
    assert {"lr 0.01"} == {
        config.chosen[str(Entry(n, "mnist", d))] for n in (FA, KP) for d in (2, 3, 5)
    }
    known = contest.experiment.conditions(config)
    for depth in (2, 3):
        zero, short, usual = (
            contest.claims.mean_of(config, table, name, metric, [depth])
            for name, metric in ((ZERO, "steps_to_1"), (SHORT, "steps_to_2"), (FA, "steps_to_2"))
        )
        assert zero.mean() < min(config.short_lengths)
        own = known[str(Entry(SHORT, "mnist", depth))].noise_steps
        assert Finding.of_difference("", short + own, usual, "", below=0).verdict == "supported"
        assert "labels 1/K" in config.chosen[str(Entry(NOISE, "mnist", depth))]

    config, table = at_paper_scale(factorial.experiment)
    area = partial(parts.mean_of, config, table)
    even, zero = area("noise, labels 1/K"), area(parts.silent(config))
    assert Finding.of_difference("", even, zero, "", above=0).verdict == "undecided"
    assert (
        Finding.of_difference("", area("noise, W2 of norm 1"), area("noise"), "", above=0).low > 0
    )
    assert Finding.of_difference("", area(Cell(0, 90, True)), zero, "", below=0).high < 0
    shares = {name: share.mean() for name, share in parts.area_shares(config, table).items()}
    assert shares[parts.ALIGNMENT] / sum(shares.values()) == pytest.approx(0.5, abs=0.03)
    turned = [area(Cell(norm, 45, False)).mean() for norm in config.norms if norm > 0.1]
    assert max(turned) - min(turned) < 0.005
    best = max(area("noise").mean(), zero.mean())
    assert all(area(Cell(n, a, False)).mean() > best for n in config.norms[2:] for a in (45, 0))


def test_the_level_whose_steps_decide_is_reached_by_all_that_are_compared():
    config, table = at_paper_scale(contest.experiment)
    for contestant in (ZERO, NOISE, SHORT):
        for depth in config.depths:
            name = str(Entry(contestant, *config.sets, depth))
            assert last(table, name, contest.claims.LEVEL).max() < config.steps
