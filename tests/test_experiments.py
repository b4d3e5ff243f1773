"""The experiments: tables that are pure given their seeds, and how the chapters read them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core.experiments import learning_speed, low_rank, shared
from fa_core.results.tables import curve, spectra, steps_to

SPEED = {
    "networks": 3,
    "noise_steps": 6,
    "noise_lengths": (3, 9),
    "steps": 8,
    "short_steps": 4,
    "long_steps": 5,
    "depths": (3,),
    "other_data": ("noisy digits",),
    "records": 3,
    "levels": (0.5, 0.9),
    "share": 5.0,  # no network gets there: every one counts as getting there at the last step
}
RANK = {
    "networks": 4,
    "images": 100,
    "other_images": (80,),
    "noise_steps": 6,
    "long_noise": (9,),
    "steps": 8,
    "depths": (3,),
    "records": 3,
}
TINY = [(learning_speed, SPEED), (low_rank, RANK)]


def tiny(module, changes):
    return dataclasses.replace(module.Config.quick(), **changes)


@pytest.fixture(scope="module", params=TINY, ids=lambda item: item[0].__name__.split(".")[-1])
def ran(request):
    module, changes = request.param
    config = tiny(module, changes)
    return module, config, module.run(config, progress=False)


def test_a_table_is_tidy_and_holds_every_condition_and_network(ran):
    module, config, table = ran
    assert set(table.columns) == {"condition", "step", "network", "metric", "value"}
    assert not table.duplicated(["condition", "step", "network", "metric"]).any()
    assert set(module.conditions(config)) <= set(table["condition"])
    assert set(table["network"]) == set(range(config.networks))
    assert table["value"].notna().all()


def test_the_same_config_gives_the_same_table(ran):
    module, config, table = ran
    shared._states.cache_clear()
    name, part = list(module.parts(config).items())[-1]
    again = part()
    rows = table[table["condition"].isin(again["condition"])].reset_index(drop=True)
    assert name in set(rows["condition"])
    pd.testing.assert_frame_equal(
        rows[again.columns], again.reset_index(drop=True), check_dtype=False
    )


def test_findings_and_summary_follow_from_the_table(ran):
    module, config, table = ran
    found = module.findings(config, table)
    assert len({finding.claim for finding in found}) == len(found)
    assert all(finding.n == config.networks for finding in found)
    assert module.summary(config, table).notna().all(axis=None)


def test_pairs_start_equal_and_noise_changes_the_start(ran):
    module, _, table = ran
    first = {name: curve(table, name, "accuracy").iloc[0] for name in module.MAIN}
    pd.testing.assert_series_equal(first["FA"], first["BP"])
    assert not first["FA"].equals(first["noise then FA"])


def test_a_snapshot_of_noise_training_is_that_training_cut_short():
    config = tiny(learning_speed, SPEED)
    sizes = (64, 16, 10)
    snapshot = shared.noise_trained(config, sizes, "fa", 5, "cpu", (2, 12))
    alone = fa.MLP(sizes, "fa", config.networks, config.seed)
    fa.train_on_noise(
        alone, 5, config.batch_size, config.noise_lr, config.seed, record=(), progress=False
    )
    for name, value in alone.state_dict().items():
        torch.testing.assert_close(snapshot.state_dict()[name], value)


def test_controls_change_what_they_say_and_nothing_else():
    nets = [fa.MLP([8, 6, 3], networks=2, seed=0) for _ in range(3)]
    start, other, quiet = nets
    learning_speed.other_feedback(other, 0)
    shared.quieten(quiet, 0)
    for a, b in zip(start.layers, other.layers, strict=True):
        assert torch.equal(a.weight, b.weight)
        assert not torch.isclose(a.feedback, b.feedback).any()
    assert torch.equal(start.layers[0].weight, quiet.layers[0].weight)
    torch.testing.assert_close(start.layers[1].weight / 10, quiet.layers[1].weight)
    assert torch.equal(start.layers[1].feedback, quiet.layers[1].feedback)


@pytest.mark.parametrize("name", ["noisy digits", "upper half of digits"])
def test_harder_digits_keep_labels_and_do_not_change(name):
    digits = fa.data.load("digits")
    first = shared.load(name)
    shared.load.cache_clear()
    assert torch.equal(first.train_x, shared.load(name).train_x)
    assert torch.equal(first.test_y, digits.test_y)
    assert not torch.equal(first.test_x, digits.test_x)
    upper = shared.load("upper half of digits").test_x
    assert torch.equal(upper[:, :32], digits.test_x[:, :32])
    assert (upper[:, 32:] == 0).all()


def test_a_file_is_looked_for_in_the_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("FA_CORE_DATA", str(tmp_path))
    with pytest.raises(fa.data.DataNotFoundError, match=str(tmp_path / "mine.npz")):
        shared.load("mine.npz")


def table_of(metric, columns, steps):
    return pd.DataFrame(
        [
            ("x", step, network, metric, value)
            for network, values in enumerate(columns)
            for step, value in zip(steps, values, strict=True)
        ],
        columns=["condition", "step", "network", "metric", "value"],
    )


def test_steps_to_a_level_are_interpolated_and_never_reaching_counts_as_the_end():
    columns = [[0.1, 0.5, 0.9], [0.6, 0.7, 0.8], [0.1, 0.2, 0.3], [0.1, 0.7, 0.2]]
    table = table_of("accuracy", columns, [0, 10, 30])
    assert steps_to(table, "x", 0.6).tolist() == pytest.approx([15, 0, 30, 25 / 3])


@pytest.fixture(scope="module")
def ranked():
    parts = low_rank.parts(tiny(low_rank, RANK))
    return pd.concat([parts[name]() for name in ("noise: FA", "FA", "noise then FA", "BP")])


def test_kept_singular_values_are_those_whose_rank_is_recorded(ranked):
    for condition in ("FA", "noise then FA", "BP"):
        values = spectra(ranked, condition, layer=2)
        shares = values / values.groupby("step").transform("sum")
        entropy = -(shares * np.log(shares)).groupby("step").sum()
        expected = curve(ranked, condition, "weight_rank_2")
        pd.testing.assert_frame_equal(np.exp(entropy), expected, rtol=1e-5)
        before_and_after = spectra(ranked, condition, layer=1).index.unique("step")
        assert before_and_after.tolist() == [0, RANK["steps"]]


def test_singular_values_on_noise_lead_to_those_before_data(ranked):
    noise, data = (spectra(ranked, name, layer=2) for name in ("noise: FA", "noise then FA"))
    assert noise.index.unique("step").max() == RANK["noise_steps"]
    pd.testing.assert_frame_equal(noise.loc[RANK["noise_steps"]], data.loc[0])
    start = spectra(ranked, "FA", layer=2).loc[0]
    pd.testing.assert_frame_equal(noise.loc[0], start)


def test_the_gap_is_read_at_the_same_train_loss():
    train_loss = table_of("train_loss", [[2.0, 1.0, 0.5], [2.0, 1.5, 1.0]], [0, 10, 20])
    loss = table_of("loss", [[2.0, 1.2, 0.9], [2.0, 1.6, 1.4]], [0, 10, 20])
    table = pd.concat([train_loss, loss])
    level = low_rank.shared_level(table, "x")
    assert level.tolist() == [0.5, 1.0]
    assert low_rank.gap_at(table, "x", level).tolist() == pytest.approx([0.4, 0.4])
    halfway = pd.Series([1.5, 1.25])
    assert low_rank.gap_at(table, "x", halfway).tolist() == pytest.approx([0.1, 0.25])


def test_the_generalisation_gap_is_test_loss_less_train_loss():
    net, digits = fa.MLP([64, 10], networks=2, seed=0), fa.data.load("digits")
    found = fa.metrics.generalisation_gap(
        net, digits.train_x, digits.train_y, digits.test_x, digits.test_y
    )
    test, train = (
        fa.metrics.cross_entropy(net(x), y)
        for x, y in ((digits.test_x, digits.test_y), (digits.train_x, digits.train_y))
    )
    torch.testing.assert_close(found, (test - train).detach())
    assert not found.requires_grad


def test_correlation_is_pearsons_with_fishers_interval():
    x = pd.Series([1.0, 2, 3, 4, 5, 6])
    found = low_rank.correlation("They go together.", x, x**2, above=0)
    assert found.estimate == pytest.approx(x.corr(x**2))
    assert found.low < found.estimate < found.high <= 1
    assert found.verdict == "supported"
