"""The experiments: tables that are pure given their seeds, and how the chapters read them."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core import experiments
from fa_core.experiments import learning_speed, low_rank
from fa_core.experiments.learning_speed.conditions import other_feedback
from fa_core.experiments.low_rank import claims
from fa_core.experiments.low_rank.conditions import NOISE, SPECTRA
from fa_core.experiments.shared import starts, tasks
from fa_core.experiments.shared.experiment import Condition, Experiment
from fa_core.experiments.shared.keys import roles, slug
from fa_core.experiments.shared.noise_then_data import MAIN, quieten
from fa_core.results.tables import curve, spectra, steps_to

SPEED = {
    "networks": 3,
    "noise_steps": 6,
    "noise_lengths": (3, 9),
    "steps": 8,
    "short_steps": 8,
    "records": 3,
    "levels": (0.5, 0.9),
}
RANK = {
    "networks": 4,
    "images": 100,
    "other_images": (80,),
    "noise_steps": 16,
    "steps": 8,
    "records": 3,
}
TINY = [(learning_speed, SPEED), (low_rank, RANK)]


def tiny(module, changes):
    return dataclasses.replace(module.experiment.Config.quick(), **changes)


@pytest.fixture(scope="module", params=TINY, ids=lambda item: item[0].experiment.name)
def ran(request):
    module, changes = request.param
    config = tiny(module, changes)
    return module, config, module.experiment.run(config, progress=False)


def test_a_table_is_tidy_and_holds_every_condition_and_network(ran):
    module, config, table = ran
    assert set(table.columns) == {"condition", "step", "network", "metric", "value"}
    assert not table.duplicated(["condition", "step", "network", "metric"]).any()
    assert set(module.experiment.conditions(config)) == set(table["condition"])
    assert set(table["network"]) == set(range(config.networks))
    assert table["value"].notna().all()


def test_the_same_config_gives_the_same_table(ran):
    module, config, table = ran
    starts._states.cache_clear()
    name, part = list(module.experiment.parts(config).items())[-1]
    again = part()
    rows = table[table["condition"].isin(again["condition"])].reset_index(drop=True)
    assert name in set(rows["condition"])
    pd.testing.assert_frame_equal(
        rows[again.columns], again.reset_index(drop=True), check_dtype=False
    )


def test_findings_and_summary_follow_from_the_table(ran):
    module, config, table = ran
    found = module.experiment.claims(config, table)
    assert len({finding.claim for finding in found}) == len(found)
    assert all(finding.n == config.networks for finding in found)
    assert module.claims.summary(config, table).notna().all(axis=None)


def test_pairs_start_equal_and_noise_changes_the_start(ran):
    _, _, table = ran
    first = {name: curve(table, name, "accuracy").iloc[0] for name in MAIN}
    pd.testing.assert_series_equal(first["FA"], first["BP"])
    assert not first["FA"].equals(first["noise then FA"])


def test_a_snapshot_of_noise_training_is_that_training_cut_short():
    start = starts.Start((64, 16, 10), "fa", 3, 64, seed=1, noise_lr=1e-3, noise=(("std", 2.0),))
    snapshot = start.after(5, (2, 12), "cpu")
    alone = fa.MLP((64, 16, 10), "fa", networks=3, seed=1)
    fa.train_on_noise(alone, 5, 64, 1e-3, 1, record=(), progress=False, std=2.0)
    for name, value in alone.state_dict().items():
        torch.testing.assert_close(snapshot.state_dict()[name], value)


def test_controls_change_what_they_say_and_nothing_else():
    nets = [fa.MLP([8, 6, 3], networks=2, seed=0) for _ in range(3)]
    start, other, quiet = nets
    other_feedback(other, 0)
    quieten(quiet, 0)
    for a, b in zip(start.layers, other.layers, strict=True):
        assert torch.equal(a.weight, b.weight)
        assert not torch.isclose(a.feedback, b.feedback).any()
    assert torch.equal(start.layers[0].weight, quiet.layers[0].weight)
    torch.testing.assert_close(start.layers[1].weight / 10, quiet.layers[1].weight)
    assert torch.equal(start.layers[1].feedback, quiet.layers[1].feedback)


@pytest.mark.parametrize("name", ["noisy digits", "upper half of digits"])
def test_harder_digits_keep_labels_and_do_not_change(name):
    digits = fa.data.load("digits")
    first = tasks.load(name)
    tasks._whole.cache_clear()
    assert torch.equal(first.train_x, tasks.load(name).train_x)
    assert torch.equal(first.test_y, digits.test_y)
    assert not torch.equal(first.test_x, digits.test_x)
    upper = tasks.load("upper half of digits").test_x
    assert torch.equal(upper[:, :32], digits.test_x[:, :32])
    assert (upper[:, 32:] == 0).all()


def test_a_file_is_looked_for_in_the_data_root(tmp_path, monkeypatch):
    monkeypatch.setenv("FA_CORE_DATA", str(tmp_path))
    with pytest.raises(fa.data.DataNotFoundError, match=str(tmp_path / "mine.npz")):
        tasks.load("mine.npz")


def test_without_a_named_root_a_file_is_looked_for_in_the_default_one(monkeypatch):
    monkeypatch.delenv("FA_CORE_DATA", raising=False)
    with pytest.raises(fa.data.DataNotFoundError, match=str(fa.data.default_root() / "mine.npz")):
        tasks.load("mine.npz")
    monkeypatch.setenv("FA_CORE_DATA", "~/no-such-folder")
    with pytest.raises(fa.data.DataNotFoundError, match=str(Path.home() / "no-such-folder")):
        tasks.load("mine.npz")


def test_a_part_of_a_task_is_its_first_images_and_the_whole_test_set():
    few, digits = tasks.load("digits", 7), fa.data.load("digits")
    assert torch.equal(few.train_x, digits.train_x[:7])
    assert torch.equal(few.train_y, digits.train_y[:7])
    assert torch.equal(few.test_x, digits.test_x)


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
    parts = low_rank.experiment.parts(tiny(low_rank, RANK))
    return pd.concat([parts[name]() for name in (NOISE, *SPECTRA)])


def test_kept_singular_values_are_those_whose_rank_is_recorded(ranked):
    for condition, layer in [(NOISE, 1), *((name, 3) for name in SPECTRA)]:
        values = spectra(ranked, condition, layer)
        shares = values / values.groupby("step").transform("sum")
        entropy = -(shares * np.log(shares)).groupby("step").sum()
        expected = curve(ranked, condition, f"weight_rank_{layer}").loc[entropy.index]
        pd.testing.assert_frame_equal(np.exp(entropy), expected, rtol=1e-5)
    before_and_after = spectra(ranked, NOISE, layer=1).index.unique("step")
    assert before_and_after.tolist() == [0, RANK["noise_steps"]]


def test_singular_values_on_noise_lead_to_those_before_data(ranked):
    noise, data = (spectra(ranked, name, layer=3) for name in (NOISE, "noise then FA"))
    assert noise.index.unique("step").max() == RANK["noise_steps"]
    pd.testing.assert_frame_equal(noise.loc[RANK["noise_steps"]], data.loc[0])
    start = spectra(ranked, "FA", layer=3).loc[0]
    pd.testing.assert_frame_equal(noise.loc[0], start)


def test_losses_are_recorded_densely_where_gaps_are_compared():
    config = low_rank.experiment.Config.paper()
    steps = np.array(low_rank.experiment.conditions(config)["FA"].record_at)
    late = steps[steps >= config.steps / 3]
    assert (late[1:] / late[:-1]).max() < 1.06


def test_other_sizes_and_depths_train_what_their_name_says():
    config = tiny(low_rank, RANK)
    known = low_rank.experiment.conditions(config)
    for prefix, images, layers in (
        ("", 100, 3),
        ("80 images: ", 80, 3),
        ("2 layers: ", 100, 2),
        ("4 layers: ", 100, 4),
    ):
        for name in ("FA", "noise then FA"):
            condition = known[f"{prefix}{name}"]
            assert (condition.images, condition.hidden) == (images, (config.hidden,) * (layers - 1))
    measure = known["80 images: FA"].record[1]
    net, few = fa.MLP([64, 8, 10], networks=2), tasks.load("digits", 80)
    expected = fa.metrics.cross_entropy(net(few.train_x), few.train_y)
    torch.testing.assert_close(measure(net, few.test_x, few.test_y)["train_loss"], expected)


def test_the_leading_share_is_that_of_the_largest_tenth():
    columns = [
        table_of(f"singular_value_1_{n}", [[s], [1.0]], [0]).assign(condition=NOISE)
        for n, s in enumerate([4.0, 2.0, *[0.5] * 18], 1)  # of 20, two
    ]
    values = pd.concat(columns, ignore_index=True)
    assert claims.leading_share(values, 0).tolist() == pytest.approx([40, 10])


def test_the_paper_claims_are_read_off_the_last_step_and_the_least_favourable_depth():
    config = tiny(low_rank, RANK)
    rows = []
    for prefix, gaps, gram in (
        ("", (-0.3, -0.1, -0.2), (-1, -1, -1)),
        ("80 images: ", (0.1, 0.1, 0.2), (9, 9, 9)),
        ("2 layers: ", (9, 9, 9), (1, 2, -3)),
        ("4 layers: ", (9, 9, 9), (-2, -2, -2)),
    ):
        for network in range(3):
            for name, gap, rank in ("FA", 0, 0), ("noise then FA", gaps, gram):
                values = {
                    "loss": 1 + (gap and gap[network]),
                    "train_loss": 0.5,
                    "gram_rank": 5 + (rank and rank[network]),
                }
                for metric, value in values.items():
                    rows += [(f"{prefix}{name}", 0, network, metric, 3.0)]
                    rows += [(f"{prefix}{name}", 8, network, metric, value)]
    columns = ["condition", "step", "network", "metric", "value"]
    table = pd.DataFrame(rows, columns=columns)
    found = [next(paper) for paper in [claims._of_the_paper(config, table)] for _ in range(4)]
    assert {f.key: f.estimate for f in found} == pytest.approx(
        {
            "gap-at-the-end": -0.2,
            "gap-over-sizes": np.mean([-0.1, 0, 0]),
            "gram-rank-lower": -1,
            "gram-rank-lower-at-depths": np.mean([1, 2, -1]),
        }
    )


def test_the_gap_is_read_at_the_same_train_loss():
    train_loss = table_of("train_loss", [[2.0, 1.0, 0.5], [2.0, 1.5, 1.0]], [0, 10, 20])
    loss = table_of("loss", [[2.0, 1.2, 0.9], [2.0, 1.6, 1.4]], [0, 10, 20])
    table = pd.concat([train_loss, loss])
    level = claims.shared_level(table, "x")
    assert level.tolist() == [0.5, 1.0]
    assert claims.gap_at(table, "x", level).tolist() == pytest.approx([0.4, 0.4])
    halfway = pd.Series([1.5, 1.25])
    found = claims.gap_at(table, "x", halfway).tolist()
    share = [np.log(2 / 1.5) / np.log(2), np.log(1.5 / 1.25) / np.log(1.5)]  # on a log axis
    assert found == pytest.approx([0.2 * share[0], 0.1 + 0.3 * share[1]])


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
    found = claims.correlation("They go together.", x, x**2, above=0)
    assert found.estimate == pytest.approx(x.corr(x**2))
    assert found.low < found.estimate < found.high <= 1
    assert found.verdict == "supported"


@dataclasses.dataclass(frozen=True)
class Small:
    networks: int = 3
    batch_size: int = 16
    seed: int = 2


OWN = {"hidden": (8,), "noise_steps": 4, "noise_lr": 1e-2, "record_at": (0, 4)}


def own(**conditions):
    return Experiment("own", 1, Small, lambda config: conditions, lambda config, table: None)


def weights(net):
    return torch.cat([p.detach().flatten(1) for p in net.parameters()], dim=1)


def test_a_condition_without_data_is_training_on_noise():
    noise = {"labels": "uniform"}
    net = fa.MLP([6, 8, 3], "bp", networks=3, seed=2)
    with torch.no_grad():
        net.layers[0].weight.mul_(0.5)
    options = {"record": ("loss", "readout"), "record_at": (0, 4), "progress": False}
    history = fa.train_on_noise(net, 4, 16, 1e-2, 2, **options, **noise)

    def halve(net, seed):
        assert seed == 2
        net.layers[0].weight.data.mul_(0.5)

    condition = Condition(
        inputs=6,
        classes=3,
        rule="bp",
        noise=noise,
        change=halve,
        **OWN | {"record": options["record"]},
    )
    again, table = own(x=condition).train(Small(), "x")
    assert torch.equal(weights(net), weights(again))
    pd.testing.assert_frame_equal(table.drop(columns="condition"), history.table())


def test_a_condition_with_data_trains_on_noise_then_changes_then_trains_on_data():
    net = fa.MLP([64, 8, 10], "fa", networks=3, seed=2)
    fa.train_on_noise(net, 4, 16, 1e-2, 2, record=(), progress=False)
    quieten(net, 2)
    few = tasks.load("digits", 40)
    history = fa.train(
        net, few, 5, 16, 3e-3, 2, record=("accuracy",), record_at=(0, 4), progress=False
    )
    fields = {"data": "digits", "images": 40, "steps": 5, "lr": 3e-3, "record": ("accuracy",)}
    again, table = own(x=Condition(change=quieten, **OWN | fields)).train(Small(), "x")
    assert torch.equal(weights(net), weights(again))
    pd.testing.assert_frame_equal(table.drop(columns="condition"), history.table())


def test_without_data_steps_the_record_goes_along_the_noise():
    fields = {"data": "digits", "record": ("accuracy", "alignment_angle")}
    along = Condition(**OWN | fields | {"record_at": (0, 2, 4)})
    after = Condition(**OWN | fields | {"steps": 1, "record_at": (0,)})
    table = own(along=along, after=after).run(Small(), progress=False)
    for metric in ("accuracy", "alignment_angle_2"):
        noise, data = (curve(table, name, metric) for name in ("along", "after"))
        assert noise.index.tolist() == [0, 2, 4]
        assert noise.loc[4].tolist() == data.loc[0].tolist() != noise.loc[2].tolist()


def test_one_noise_training_serves_all_conditions_that_start_alike(monkeypatch):
    starts._states.cache_clear()
    made = []

    def counted(net, steps, *arguments, **options):
        made.append((net.layers[0].rule, steps))
        return fa.train_on_noise(net, steps, *arguments, **options)

    monkeypatch.setattr(starts, "train_on_noise", counted)
    fields = OWN | {"data": "digits", "steps": 1, "record_at": (0,)}
    conditions = {f"{n} steps": Condition(**fields | {"noise_steps": n}) for n in (0, 3, 9)}
    conditions["bp"] = Condition(rule="bp", **fields)
    own(**conditions).run(Small(), progress=False)
    assert sorted(made) == [("bp", 4), ("fa", 9)]


def test_noise_after_the_data_goes_on_from_there():
    few = tasks.load("digits", 40)
    net = fa.MLP([64, 8, 10], "fa", networks=3, seed=2)
    options = {"record": ("accuracy",), "progress": False}
    on_data = fa.train(net, few, 5, 16, 3e-3, 2, record_at=(0, 5), **options)
    fa.train_on_noise(net, 4, 16, 1e-2, 2, record=(), progress=False)
    fields = {"data": "digits", "images": 40, "steps": 5, "lr": 3e-3, "record": ("accuracy",)}
    after = {"noise_steps": 0, "noise_after": 4, "record_at": (0, 5, 7, 9)}
    again, table = own(x=Condition(**OWN | fields | after)).train(Small(), "x")
    assert torch.equal(weights(net), weights(again))
    accuracy = curve(table, "x", "accuracy")
    assert accuracy.index.tolist() == [0, 5, 7, 9]
    assert (accuracy.loc[[0, 5]].to_numpy() == on_data["accuracy"]).all()
    with torch.no_grad():
        at_the_end = fa.metrics.accuracy(net(few.test_x), few.test_y)
    assert accuracy.loc[9].tolist() == pytest.approx(at_the_end.tolist())


@pytest.mark.parametrize("fields", [{}, {"steps": 3, "inputs": 6}])
def test_a_condition_with_nothing_to_train_on_is_refused(fields):
    with pytest.raises(ValueError, match="data must name a task"):
        Condition(hidden=(8,), **fields)


def test_a_wrong_config_or_name_is_named_before_any_work():
    found = own(x=Condition(inputs=6, hidden=(8,)))
    with pytest.raises(TypeError, match="config must be a Config of own, got 3"):
        found.run(3)
    with pytest.raises(ValueError, match="name must be one of x; got 'y'"):
        found.train(Small(), "y")
    with pytest.raises(KeyError, match="alignment, conservation, contest_tuning, contest"):
        experiments.get("nothing")


def test_keys_name_roles():
    assert slug("Upper half of digits") == "upper-half-of-digits"
    assert roles(10, (3, 100, 30, 1)) == {3: "below", 1: "below-2", 30: "above", 100: "above-2"}
