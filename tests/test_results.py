"""The stored tables at paper scale: all there, small, current, and what the code computes again."""

import dataclasses
import re
from functools import partial

import pandas as pd
import pytest
import torch
from doubles import Config, Double, table

from fa_core import data, experiments
from fa_core.data import DataNotFoundError
from fa_core.results import verify
from fa_core.results.store import Store, published

TABLES = sorted(path for path in published().folder.iterdir() if path.suffix != ".md")
LIMIT = 300_000  # bytes of a file

pytestmark = pytest.mark.book

EVERY = [experiment.name for experiment in experiments.every()]


def current(name):
    experiment = experiments.get(name)
    return published().load(experiment, experiment.Config.paper())


@pytest.mark.parametrize("name", EVERY)
def test_every_experiment_has_a_table_of_this_version_and_configuration(name):
    stored = current(name)
    assert stored, f"{name} has no current table; make results computes it"
    assert stored.record["networks"] == experiments.get(name).Config.paper().networks
    # Only there a network can be computed again alone: on a GPU one stream serves all.
    assert stored.record["device"].startswith("cpu")


@pytest.mark.parametrize("name", EVERY)
def test_the_minutes_that_a_configuration_names_are_those_of_its_table(name):
    (minutes,) = re.findall(r"(\d+) minutes", experiments.get(name).Config.paper.__doc__)
    took = current(name).record["seconds"] / 60
    assert int(minutes) == pytest.approx(took, rel=1 / 3), f"the stored table took {took:.0f}"


def test_no_other_file_lies_there():
    tunings = [experiment.tuning for experiment in experiments.every() if experiment.tuning]
    quick = {published().load(tuning, tuning.Config.quick()).path for tuning in tunings}
    stale = set(TABLES) - quick - {current(name).path for name in EVERY}
    assert not stale, "of another version or configuration; make results replaces them"


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_table_is_small(path):
    assert path.stat().st_size < LIMIT


def test_one_network_of_three_parts_comes_out_again(monkeypatch, capsys):
    """Drawn anew each time among the parts whose data are at hand; the seed is always shown."""
    monkeypatch.setattr(data, "load", partial(data.load, download=False))
    lines = []
    fits = verify.verify(published(), sample=3, report=lines.append)
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert fits


@pytest.fixture(scope="module")
def small():
    """A population of chapter 1, cut down, and one of its networks computed in a pair."""
    experiment = experiments.get("alignment")
    sizes = {"steps": 200, "long_steps": 200, "records": 10}
    config = dataclasses.replace(experiment.Config.quick(), **sizes)
    pair = dataclasses.replace(config, networks=2, seed=config.seed + 5)
    again = experiment.parts(pair)["FA"]()
    return experiment.parts(config)["FA"](), again[again["network"] == 0]


def off(stored, network, again, twin=None):
    twin = again if twin is None else twin
    return verify.compare("alignment", "FA", stored, network, again, lambda: twin).off


def test_the_comparison_knows_a_network_from_its_neighbours(small):
    stored, again = small
    assert off(stored, 5, again) == ()
    for other in set(range(8)) - {5}:
        assert off(stored, other, again)


def test_the_comparison_sees_what_is_missing_or_too_much(small):
    stored, again = small
    metric = stored["metric"] == "alignment_angle"
    assert off(stored[~metric], 5, again) == ("alignment_angle: off by inf SD",)
    assert off(stored, 5, again[again["metric"] != "loss"]) == ("loss: off by inf SD",)
    assert len(off(stored.drop(stored.index[0]), stored["network"].iloc[0], again)) > 0


def test_any_single_number_that_changed_by_3_percent_is_seen(small):
    stored, again = small
    own = stored.index[(stored["network"] == 5) & (stored["value"].abs() > 1e-9)]
    assert len(own) > 100
    for row in own[::7]:
        for factor in (0.97, 1.03):
            changed = stored.copy()
            changed.loc[row, "value"] *= factor
            (message,) = off(changed, 5, again)
            assert f"{stored['metric'][row]} at step {stored['step'][row]}: " in message


def test_where_rounding_grows_a_network_is_judged_before_that_alone(small):
    stored, again = small
    late = again["step"] > 60

    def changed(early, after):
        factor = late.map({False: early, True: after})
        return again.assign(value=again["value"] * factor)

    assert off(stored, 5, changed(1, 1.01))  # its twin is equal: rounding did not do that
    result = verify.compare(
        "alignment", "FA", stored, 5, changed(1, 1.01), lambda: changed(1, 0.99)
    )
    assert result.off == () and "judged before step 60 alone" in str(result)
    assert off(stored, 5, changed(1.05, 1.01), changed(1.05, 0.99))
    gone = changed(1, 1.01)[~(late & (again["metric"] == "loss"))]
    assert "loss" in off(stored, 5, gone, changed(1, 0.99))[0]  # no rounding loses a number
    grown = verify.compare(
        "alignment", "FA", stored, 5, changed(1.05, 1.01), lambda: changed(0.9, 1)
    )
    assert grown.off == () and str(grown).startswith("? ") and "at no step" in str(grown)


def test_of_several_twins_the_farthest_counts(small):
    stored, again = small
    moved = [again.assign(value=again["value"] * factor) for factor in (1, 1.01, 0.98)]
    far, both = (
        verify.between_twins(verify.deviations(stored, 5, again), pd.concat(twins))
        for twins in ([moved[2]], moved)
    )
    assert far["twins"].max() > 0
    pd.testing.assert_frame_equal(far, both)


def test_a_pair_is_one_product_and_twins_round_otherwise(monkeypatch):
    asked = []

    def part():
        asked.append((torch.get_num_threads(), networks.pop(0)))
        return pd.DataFrame({"network": [0, 1], "value": [1.0, 2.0]})

    def parts(config, device):
        networks.append(config.networks)
        return {"FA": part}

    networks, experiment, before = [], Double(), torch.get_num_threads()
    object.__setattr__(experiment, "parts", parts)
    assert verify.recompute(experiment, "FA", 3)["value"].tolist() == [1.0]
    assert asked == [(1, 2)] and torch.get_num_threads() == before
    assert len(verify._twins(experiment, "FA", 3)) == 2
    assert asked[1:] == [(1, 1), (2, 1)] and torch.get_num_threads() == before


def no_data():
    raise DataNotFoundError("no such set\nget it there")


@pytest.fixture
def known(monkeypatch, tmp_path):
    """A store with the table of an experiment of three parts, each a function of the seed."""

    def part(name, config):
        alone = table(name)
        return alone[alone["network"] == config.seed].assign(network=0)

    names = ("FA", "BP", "mean 1")
    experiment = Double()
    parts = {name: lambda config, name=name: part(name, config) for name in names}
    computed = lambda config, device="cpu": {n: partial(f, config) for n, f in parts.items()}  # noqa: E731
    object.__setattr__(experiment, "parts", computed)
    monkeypatch.setattr(experiments, "every", lambda: [experiment])
    store = Store(tmp_path)
    whole = pd.concat([table(name) for name in names])
    store.save(experiment, Config.paper(), whole, device="cpu", seconds=1)
    return store, parts


def verified(store, **options):
    lines = []
    return verify.verify(store, report=lines.append, **options), lines


def test_every_part_is_verified_and_said_how(known):
    fits, lines = verified(known[0], seed=7)
    assert fits
    assert lines[0] == "seed 7" and lines[-1] == "3 of 3 parts verified"
    assert lines[1].startswith("✓ test: FA: network ")
    assert lines[3].startswith("✓ test: mean 1: network ")
    assert verified(known[0], seed=7)[1] == lines


def test_a_stored_number_that_changed_by_3_percent_fails_the_command(known):
    store, _ = known
    experiment, config = experiments.get("test"), Config.paper()
    stored = store.load(experiment, config).table.copy()
    rows = (stored["condition"] == "BP") & (stored["metric"] == "loss") & (stored["step"] == 20)
    stored.loc[rows, "value"] *= 1.03
    store.save(experiment, config, stored, device="cpu", seconds=1)
    fits, lines = verified(store)
    assert not fits
    (line,) = [line for line in lines if line.startswith("✗")]
    assert line.startswith("✗ test: BP: ") and "loss at step 20: " in line
    drawn = [verified(store, sample=1, seed=seed) for seed in range(12)]
    assert {("BP" in lines[1]) == fits for fits, lines in drawn} == {False}
    assert len({fits for fits, _ in drawn}) == 2


def test_a_part_without_data_is_named_and_fails_all_but_a_sample(known):
    store, parts = known
    parts["BP"] = lambda config: no_data()
    fits, lines = verified(store)
    assert not fits and lines[-1] == "2 of 3 parts verified"
    assert "? test: BP: not verified: no such set" in lines
    assert verified(store, sample=2)[0]
    parts |= dict.fromkeys(("FA", "mean 1"), parts["BP"])
    assert not verified(store, sample=2)[0]


def test_a_table_that_is_not_there_fails(known, tmp_path):
    fits, lines = verified(Store(tmp_path / "empty"))
    assert not fits
    assert lines[1] == "✗ test: no table of this version and configuration is stored"


@pytest.mark.parametrize("wrong", [{"sample": 0}, {"sample": "3"}, {"seed": -1}, {"seed": 0.5}])
def test_a_sample_or_a_seed_that_is_none_is_refused(known, wrong):
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(wrong))} must be"):
        verified(known[0], **wrong)
