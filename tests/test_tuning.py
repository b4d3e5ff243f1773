"""Settings are chosen on networks and images that nobody reports, by the largest mean area."""

import dataclasses
from dataclasses import dataclass

import pandas as pd
import pytest
import torch

import fa_core as fa
from fa_core import experiments
from fa_core.experiments.shared import tasks, tuning
from fa_core.experiments.shared.experiment import Condition, Experiment
from fa_core.results.files import StoreError
from fa_core.results.store import Store
from fa_core.results.tables import last

TUNED = [found for found in experiments.every() if found.tuning]
PROFILES = ("quick", "paper")
every_tuned = pytest.mark.parametrize("experiment", TUNED, ids=lambda found: found.name)
every_profile = pytest.mark.parametrize("profile", PROFILES)


def seeds(config):
    return set(range(config.seed, config.seed + config.networks))


@every_profile
@every_tuned
def test_no_network_that_chooses_is_reported(experiment, profile):
    reported = getattr(experiment.Config, profile)()
    choosing = getattr(experiment.tuning.Config, profile)()
    assert not seeds(reported) & seeds(choosing)
    # All else that both name is the same: what is chosen is chosen for what is reported.
    shared = {field.name for field in dataclasses.fields(choosing)} - {"networks", "seed"}
    assert all(getattr(reported, name) == getattr(choosing, name) for name in shared)


@every_profile
@every_tuned
def test_every_choice_is_that_of_the_published_table(experiment, profile):
    config = getattr(experiment.Config, profile)()
    choosing = getattr(experiment.tuning.Config, profile)()
    published = tuning.published().load(experiment.tuning, choosing)
    known = experiment.conditions(config)
    assert set(known) == set(config.chosen)
    areas = published.table.groupby("condition")["value"].mean()
    for name, setting in config.chosen.items():
        trials = areas[areas.index.str.startswith(f"{name}; ")]
        assert len(trials) >= len(config.rates)
        assert trials[tuning.trial(name, setting)] == pytest.approx(trials.max(), abs=1e-6)
        assert f"lr {known[name].lr:g}" in setting


@every_tuned
def test_candidates_are_measured_on_images_held_out_and_trained_without_them(experiment):
    config = experiment.tuning.Config.quick()
    for condition in experiment.tuning.conditions(config).values():
        assert (condition.held_out, condition.tested) == (config.held_out, None)
    for condition in experiment.conditions(experiment.Config.quick()).values():
        assert (condition.held_out, condition.tested) == (0, config.tested)


def test_held_out_images_are_the_last_of_the_train_set():
    whole, part = tasks.load("digits"), tasks.load("digits", 50, held_out=7, tested=5)
    assert torch.equal(part.train_x, whole.train_x[:50])
    assert torch.equal(part.test_x, whole.train_x[-7:][:5])
    assert torch.equal(part.test_y, whole.train_y[-7:][:5])
    assert len(tasks.load("digits", held_out=7).train_x) == len(whole.train_x) - 7


@dataclass(frozen=True)
class Choosing:
    networks: int = 3
    batch_size: int = 16
    seed: int = 1000
    held_out: int = 40


def candidates(config):
    fields = {"hidden": (8,), "data": "digits", "steps": 60, "record_at": (0, 60)}
    return {
        "a": {f"lr {lr:g}": Condition(lr=lr, at_end=("loss",), **fields) for lr in (1e-5, 1e-2)},
        "a, b": {"lr 0.01": Condition(lr=1e-2, **fields)},
    }


@pytest.fixture(scope="module")
def choice():
    return tuning.tuning("own", 1, Choosing, candidates)


def test_a_trial_is_that_training_without_the_images_held_out(choice):
    table = choice.run(Choosing(), progress=False)
    assert set(table["metric"]) == {"area"} and len(table) == 9
    net = fa.MLP([64, 8, 10], networks=3, seed=1000)
    data = tasks.load("digits", held_out=40)
    options = {"record": ("accuracy",), "record_at": (0, 60), "progress": False}
    accuracy = fa.train(net, data, 60, 16, 1e-2, 1000, **options)["accuracy"]
    assert last(table, "a; lr 0.01", "area").tolist() == pytest.approx(accuracy.mean(axis=0))


def test_the_largest_mean_area_is_chosen(choice, tmp_path, monkeypatch):
    store = Store(tmp_path)
    monkeypatch.setattr(tuning, "published", lambda: store)
    with pytest.raises(StoreError, match="fa-core run own_tuning --store"):
        tuning.chosen(choice, Choosing(), candidates(Choosing()))
    store.compute(choice, Choosing())
    found = tuning.chosen(choice, Choosing(), candidates(Choosing()))
    assert found == {"a": "lr 0.01", "a, b": "lr 0.01"}
    rows = [(f"x; {s}", 1, n, "area", v) for s, vs in RATES.items() for n, v in enumerate(vs)]
    table = pd.DataFrame(rows, columns=["condition", "step", "network", "metric", "value"])
    assert tuning.best(table, "x", RATES) == "second"


RATES = {"first": (0.9, 0.1), "second": (0.6, 0.6), "third": (0.7, 0.5)}


def test_those_that_choose_come_before_those_they_choose_for():
    names = [experiment.name for experiment in experiments.every()]
    for experiment in TUNED:
        assert names.index(experiment.tuning.name) == names.index(experiment.name) - 1
        assert experiments.get(experiment.tuning.name) is experiment.tuning
    assert set(experiments.names()) == {n for n in names if not n.endswith("_tuning")}


def test_measures_at_the_end_are_taken_once_after_all_training():
    fields = {"hidden": (8,), "data": "digits", "steps": 4, "record_at": (0, 4)}
    calls = []

    def count(net, x, y):
        calls.append(x.shape)
        return {"count": torch.full((3,), float(len(calls)))}

    condition = Condition(record=("accuracy",), at_end=(count, "loss"), tested=30, **fields)
    found = Experiment("own", 1, Choosing, lambda _: {"x": condition}, lambda *_: None)
    net, table = found.train(Choosing(), "x")
    assert calls == [(30, 64)]
    late = table[table["metric"] == "loss"]
    assert set(late["step"]) == {4}
    digits = tasks.load("digits", tested=30)
    expected = fa.metrics.cross_entropy(net(digits.test_x), digits.test_y)
    assert late["value"].tolist() == pytest.approx(expected.tolist())
